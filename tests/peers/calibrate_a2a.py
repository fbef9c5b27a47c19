"""The official test kit of A2A (its 1.0 line) beside wireproof on the same agents: docs/calibration-a2a.yaml, and its part of docs/calibration.md.

    python tests/peers/calibrate_a2a.py FOLDER      FOLDER: a checkout of the kit, which no registry has

Writes docs/calibration-a2a-results.json and docs/calibration.md. Exit 1 for what the YAML does not argue, or argues in vain, 2 for wrong words.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import agents
import anyio
import yaml
from peerlist import PEERS, ROOT, free_port
from smoke import stop

from wireproof.engine.run import Options, Runner, load_suite
from wireproof.judge.judge import by_requirement, verdict_of
from wireproof.model.target import CallPolicy, Target
from wireproof.model.verdict import Verdict

FILE: Final = ROOT / "docs" / "calibration-a2a.yaml"
RESULTS: Final = ROOT / "docs" / "calibration-a2a-results.json"
REFERENCE: Final = "reference"
REVISION: Final = "1.0"
BINDINGS: Final = {"grpc": "grpc", "jsonrpc": "jsonrpc", "http_json": "rest"}
"""What the kit calls a binding, and what we call it. Requirements of the card are asked once, as `agent_card`."""
CARD: Final = "agent_card"
DEADLINE: Final = 600.0
"""Seconds that the kit may take on one agent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One requirement of the kit on one agent over one binding: pass, fail, or "" where it (or we) did not judge it."""

    agent: str
    requirement: str
    binding: str
    kit: str
    ours: str

    @property
    def differ(self) -> bool:
        return bool(self.kit and self.ours) and self.kit != self.ours


# -- measuring ------------------------------------------------------------------------------------------------------


@contextmanager
def _reference() -> Iterator[str]:
    """Our reference agent, which offers 1.0 alone: the kit's schema of a card is closed to the members of 0.3."""
    port = free_port()
    words = [sys.executable, str(ROOT / "fixtures"), "a2a", "http", "--port", str(port), "--versions", REVISION]
    child = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        time.sleep(1.0)
        yield f"http://127.0.0.1:{port}"
    finally:
        stop(child, stdio=False)


def kit(folder: Path, url: str) -> dict[str, dict[str, str]]:
    """Requirement to binding to pass, fail or "", as the kit reports it."""
    with tempfile.TemporaryDirectory() as made:
        report = Path(made) / "report"
        words = [str(PEERS / "py-a2a-tck" / "bin" / "python"), "-m", "pytest", "tests/compatibility", "-q"]
        words += ["-p", "no:cacheprovider", f"--sut-host={url}", f"--compatibility-report={report}"]
        subprocess.run(words, cwd=folder, check=False, stdout=subprocess.DEVNULL, timeout=DEADLINE)
        found = json.loads(report.with_suffix(".json").read_text(encoding="utf-8"))["per_requirement"]
    return {name: _judged(one) for name, one in found.items() if one["status"] != "NOT TESTED"}


def _judged(one: Mapping[str, Any]) -> dict[str, str]:
    """Where the kit skips a test because something before it went wrong it says FAIL, and names the skip; that is no verdict."""
    shown = {"PASS": "pass", "FAIL": "fail"}
    bindings = {name: shown.get(status, "") for name, status in one["transports"].items()}
    if one["status"] == "FAIL" and "fail" not in bindings.values() and set(bindings) <= {CARD, "http_json"}:
        bindings = dict.fromkeys(bindings, "fail")  # a later test of the same requirement overwrites what a binding had
    if one["errors"] and all("Skipped: " in text for text in one["errors"]):
        bindings = {name: "" if value == "fail" else value for name, value in bindings.items()}
    return bindings


def ours(url: str, calls: CallPolicy) -> dict[str, dict[str, str]]:
    """Row to binding to pass, fail or ""."""
    target = Target(name="agent", url=url, calls=calls)
    options = Options(protocol="a2a")
    runner = Runner(target, options, lambda _: None, load_suite("a2a"))
    anyio.run(runner.run)
    found: dict[str, dict[str, str]] = {}
    for lane in runner.lanes:
        if lane.revision.id == REVISION:
            for row, group in by_requirement(lane.findings).items():
                verdict = verdict_of(group)
                word = {Verdict.PASSED: "pass", Verdict.FAILED: "fail"}.get(verdict, "")
                found.setdefault(row, {})[lane.transport] = word
    return found


def measured(folder: Path) -> dict[str, Any]:
    """Everything anew: agent to requirement to binding to [the kit's verdict, ours]."""
    rows = known()["requirements"]
    seen: dict[str, Any] = {}
    # What is argued of a2a-sdk is argued over its HTTP bindings.
    for name, started in ((REFERENCE, _reference), ("a2a-sdk", lambda: agents.running("a2a-sdk", "http"))):
        with started() as url:
            mine = ours(url, CallPolicy(profile="fixture"))
            theirs = kit(folder, url)
        seen[name] = {
            requirement: {
                binding: [verdict, _together(rows.get(requirement, ()), mine, binding)]
                for binding, verdict in bindings.items()
            }
            for requirement, bindings in theirs.items()
        }
    commit = subprocess.run(
        ["git", "-C", str(folder), "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    return {"kit": commit.stdout.strip() if commit.returncode == 0 else "", "agents": seen}


def _together(rows: Sequence[str], mine: Mapping[str, Mapping[str, str]], binding: str) -> str:
    where = list(BINDINGS.values()) if binding == CARD else [BINDINGS[binding]]
    words = {mine.get(row, {}).get(one, "") for row in rows for one in where}
    return "fail" if "fail" in words else "pass" if "pass" in words else ""


# -- holding against the arguments ----------------------------------------------------------------------------------


def known() -> dict[str, Any]:
    """What people wrote: `requirements` (the rows of each), `arguments` (requirement, agents, bindings, right, why)."""
    read: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return read


def results() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8"))
    return read


def cells(seen: Mapping[str, Any]) -> Iterator[Cell]:
    for agent, requirements in seen["agents"].items():
        for requirement, bindings in requirements.items():
            for binding, (theirs, mine) in bindings.items():
                yield Cell(agent=agent, requirement=requirement, binding=binding, kit=theirs, ours=mine)


def fits(argument: Mapping[str, Any], cell: Cell) -> bool:
    return (
        cell.requirement in argument["requirements"]
        and cell.agent in argument.get("agents", (cell.agent,))
        and cell.binding in argument.get("bindings", (cell.binding,))
    )


def problems(written: Mapping[str, Any], seen: Mapping[str, Any]) -> list[str]:
    """What is not argued, and what is argued in vain."""
    every = list(cells(seen))
    told = [f"{one.requirement} has no entry" for one in every if one.requirement not in written["requirements"]]
    told += [
        f"{one.agent}, {one.requirement}, {one.binding}: the kit says {one.kit}, we say {one.ours}"
        for one in every
        if one.differ and not any(fits(each, one) for each in written["arguments"])
    ]
    told += [
        f"nothing needs the argument about {', '.join(each['requirements'])}"
        for each in written["arguments"]
        if not any(one.differ and fits(each, one) for one in every)
    ]
    return list(dict.fromkeys(told))


# -- the page -------------------------------------------------------------------------------------------------------

_HEAD: Final = """\
## A2A: the official test kit beside wireproof

Written by `make calibrate-a2a`. The 1.0 line of the kit ({kit}) ran on our reference agent and on an agent of a2a-sdk; both know the
prefixes that the kit asks for. A requirement of the kit corresponds to some of our rows; we say fail when one of them is broken, pass when
any was seen and none is broken. Where one of the two says nothing (the kit skips, wireproof had no occasion) there is nothing to compare.
The arguments are those of [calibration-a2a.yaml](calibration-a2a.yaml), the verdicts those of
[calibration-a2a-results.json](calibration-a2a-results.json). The kit's line of 0.3 is not part of this.

That line was run once by hand (commit eb1f804, JSON-RPC, our reference agent as 0.3 alone, its JSON-RPC URL as the kit's --sut-url): 114
tests passed, 26 failed, 61 were skipped, 4 failed as the kit expects. All of the failures are the kit's: eight go on with a task, or cancel
one, that the agent has already ended; three hold a request without id to an answer, which JSON-RPC 2.0 (4.1) forbids; three take a declared
security scheme for a required one, though the card has no security; three look for the extended card beside the JSON-RPC URL, and one for
the card there by GET; one wants a refusal of push notifications, which the card declares; one asks for a config by an id that it never gave;
one finds a loopback address on the card too telling, one wants http in the URL of gRPC, and one sends a method that is no
string and wants the answer to an unknown one. The rest: a tasks/resubscribe
of a task that nobody knows is answered by -32001, which the kit does not read; a part that has a text and no kind is taken for a text,
which no sentence forbids; and the card as all transports have it is asked for as the extended one, without credentials."""


def part() -> str:
    """What docs/calibration.md says of A2A; `problems` must be empty."""
    written, seen = known(), results()
    every = list(cells(seen))
    lines = ["", _HEAD.format(kit=f"commit {seen['kit']}"), ""]
    lines += [
        "| agent | binding | compared | same verdict | of these a fault | differ | only the kit | only wireproof |"
    ]
    lines += ["|---|---|--:|--:|--:|--:|--:|--:|"]
    for agent in seen["agents"]:
        for binding in (CARD, *BINDINGS):
            if here := [one for one in every if (one.agent, one.binding) == (agent, binding)]:
                count = Counter(_kind(one) for one in here)
                faults = sum(one.kit == one.ours == "fail" for one in here)
                lines.append(
                    f"| {agent} | {binding} | {count['same'] + count['differ']} | {count['same']} | {faults} "
                    f"| {count['differ']} | {count['kit']} | {count['ours']} |"
                )
    lines += [
        "",
        "Where they differ:",
        "",
        "| requirement | agent | binding | the kit | wireproof | who is right, and why |",
    ]
    lines += ["|---|---|---|---|---|---|"]
    for argument in written["arguments"]:
        mine = [one for one in every if one.differ and fits(argument, one)]
        requirements, on, over = (
            ", ".join(dict.fromkeys(getattr(one, name) for one in mine)) for name in ("requirement", "agent", "binding")
        )
        why = " ".join(argument["why"].split())
        lines.append(
            f"| {requirements} | {on} | {over} | {mine[0].kit} | {mine[0].ours} | {argument['right']}: {why} |"
        )
    return "\n".join(lines) + "\n"


def _kind(cell: Cell) -> str:
    if cell.kit and cell.ours:
        return "differ" if cell.differ else "same"
    return "kit" if cell.kit else "ours" if cell.ours else ""


def main(words: list[str]) -> int:
    if len(words) != 1 or not (Path(words[0]) / "tests" / "compatibility").is_dir():
        print("a folder with a checkout of the 1.0 line of a2aproject/a2a-tck is needed", file=sys.stderr)
        return 2
    seen = measured(Path(words[0]).absolute())
    RESULTS.write_text(json.dumps(seen, indent=1) + "\n", encoding="utf-8")
    wrong = problems(known(), seen)
    for one in wrong:
        print(one)
    if not wrong:
        import calibration
        import calibration_page

        calibration.PAGE.write_text(
            calibration_page.render(calibration.load(), calibration.results()), encoding="utf-8"
        )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
