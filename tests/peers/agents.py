"""wireproof on agents of the A2A SDKs (installed by install.py): what fails there, held against agents.yaml.

    python tests/peers/agents.py [NAME]...

Exit 0 when exactly the findings that agents.yaml argues are there, 1 otherwise.
"""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import anyio
import yaml
from peerlist import HERE, PEERS, free_port
from smoke import stop

from wireproof.engine.run import Options, Runner, load_suite
from wireproof.judge.judge import by_requirement, verdict_of
from wireproof.model.target import CallPolicy, Target
from wireproof.model.verdict import Verdict

AGENTS: Final = {
    "a2a-sdk": (PEERS / "py-a2a1" / "bin" / "python", HERE / "servers" / "a2a_sdk1_agent.py"),
    "a2a-js": (Path("node"), PEERS / "npm-a2a" / "a2a_js_agent.mjs"),
}
STARTUP: Final = 30.0
"""Seconds that an agent may take until it shows its card."""


@contextmanager
def running(name: str) -> Iterator[str]:
    """The URL of the agent, started and stopped. Raises TimeoutError where no card comes."""
    port = free_port()
    command = [*map(str, AGENTS[name]), str(port)]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + STARTUP
        while not _shows_card(url):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{name} shows no card")
            time.sleep(0.1)
        yield url
    finally:
        stop(child, stdio=False)


def _shows_card(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/.well-known/agent-card.json", timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def failing(name: str) -> dict[str, str]:
    """Row to why, of all that fails on an agent in any version over any binding."""
    with running(name) as url:
        target = Target(name=name, url=url, calls=CallPolicy(profile="fixture"))
        runner = Runner(target, Options(protocol="a2a"), lambda _: None, load_suite("a2a"))
        anyio.run(runner.run)
    found: dict[str, str] = {}
    for lane in runner.lanes:
        for row, group in by_requirement(lane.findings).items():
            if verdict_of(group) in (Verdict.FAILED, Verdict.ERRORED):
                found[row] = next((one.why for one in group if one.verdict is Verdict.FAILED), "")
    return found


def argued() -> dict[str, set[str]]:
    """Agent to the rows whose failing agents.yaml argues."""
    entries: list[Any] = yaml.safe_load((HERE / "agents.yaml").read_text(encoding="utf-8"))
    return {one["agent"]: {each["requirement"] for each in one["findings"]} for one in entries}


def main(names: list[str]) -> int:
    wrong = 0
    for name in names or list(AGENTS):
        found, known = failing(name), argued().get(name, set())
        for row in sorted(set(found) | known):
            word = "as argued" if row in found and row in known else "NOT ARGUED" if row in found else "GONE"
            wrong += word != "as argued"
            print(f"{name}: {row}: {word} {found.get(row, '')}".rstrip())
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
