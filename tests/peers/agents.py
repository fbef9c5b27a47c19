"""wireproof on real A2A agents (installed by install.py): what fails there, held against docs/agents.yaml.

python tests/peers/agents.py [NAME]...     plays them; exit 0 when exactly the findings that are argued are there, 1 otherwise
python tests/peers/agents.py --render      writes docs/agents.md
"""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import anyio
import yaml
from peerlist import HERE, PEERS, ROOT, free_port
from smoke import stop

from wireproof.engine.run import Options, Runner, load_suite
from wireproof.judge.judge import by_requirement, verdict_of
from wireproof.library.catalogue import load_catalogue
from wireproof.model.target import CallPolicy, Target
from wireproof.model.verdict import Verdict

FILE: Final = ROOT / "docs" / "agents.yaml"
PAGE: Final = ROOT / "docs" / "agents.md"
STARTUP: Final = 30.0
"""Seconds that an agent may take until it shows its card."""
WORDS: Final = {
    "completes": "What is 2 + 2?",
    "needs_input": "Book me a flight",
    "runs_long": "Write a long report",
    "artifact_text": "Write a poem",
}
"""What is said to agents that know no prefixes. Whatever they are told, they say one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """`command` is completed by a port; `calls` says how it may be talked to."""

    command: tuple[Path, ...]
    calls: CallPolicy = field(default_factory=lambda: CallPolicy(profile="fixture"))
    goals: Mapping[str, str] = field(default_factory=dict)


def _framework(environment: str, script: str) -> Agent:
    python = PEERS / environment / "bin" / "python"
    return Agent(command=(python, HERE / "servers" / script), calls=CallPolicy(), goals=WORDS)


AGENTS: Final[Mapping[str, Agent]] = {
    "a2a-sdk": Agent(command=(PEERS / "py-a2a1" / "bin" / "python", HERE / "servers" / "a2a_sdk1_agent.py")),
    "a2a-js": Agent(command=(Path("node"), PEERS / "npm-a2a" / "a2a_js_agent.mjs")),
    "google-adk": _framework("py-adk", "adk_agent.py"),
    "strands": _framework("py-strands", "strands_agent.py"),
    "fasta2a": _framework("py-fasta2a", "fasta2a_agent.py"),
}


@contextmanager
def running(name: str, *words: str) -> Iterator[str]:
    """The URL of the agent, started with these further words and stopped. Raises TimeoutError where no card comes."""
    port = free_port()
    command = [*map(str, AGENTS[name].command), str(port), *words]
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
    agent = AGENTS[name]
    with running(name) as url:
        target = Target(name=name, url=url, calls=agent.calls, goals=agent.goals)
        runner = Runner(target, Options(protocol="a2a"), lambda _: None, load_suite("a2a"))
        anyio.run(runner.run)
    found: dict[str, str] = {}
    for lane in runner.lanes:
        for row, group in by_requirement(lane.findings).items():
            if verdict_of(group) in (Verdict.FAILED, Verdict.ERRORED):
                found[row] = next((one.why for one in group if one.verdict is Verdict.FAILED), "")
    return found


def entries() -> Sequence[Mapping[str, Any]]:
    """What docs/agents.yaml says of each agent."""
    read: list[Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return read


def argued() -> dict[str, set[str]]:
    """Agent to the rows whose failing is argued."""
    return {one["agent"]: {row for each in one["findings"] for row in each["requirements"]} for one in entries()}


_HEAD: Final = """\
# Findings on real agents

Everything that wireproof finds broken on {count} A2A agents, on the two SDKs and on frameworks, from the package registries. Where an agent
wants a model, one stands in that says the same sentence to everything. Each finding has an argument: what came over the wire, and which
sentence of the specification obliges the agent. `make peers-check` plays them all again, in each version and over each binding that their
cards offer, and fails on a finding that is not argued here ([agents.yaml](agents.yaml)) and on one that no longer occurs.

This page is made by `python tests/peers/agents.py --render`. [Findings on real servers](peers.md) is its sister for MCP.
"""


def render() -> str:
    """docs/agents.md."""
    rows = load_catalogue("a2a").requirements
    lines = [_HEAD.format(count=len(entries()))]
    for one in entries():
        lines += [f"## {one['agent']}: {one['package']}", "", f"{one['about'][0].upper()}{one['about'][1:]}.", ""]
        lines += ["| requirement | level | what came, and what is due |", "|---|---|---|"]
        for each in one["findings"]:
            names = "<br>".join(f"`{row}`" for row in each["requirements"])
            levels = "<br>".join(rows[row].level.value for row in each["requirements"])
            lines.append(f"| {names} | {levels} | {' '.join(each['why'].split()).replace('|', '&#124;')} |")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def main(names: list[str]) -> int:
    if names == ["--render"]:
        PAGE.write_text(render(), encoding="utf-8")
        return 0
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
