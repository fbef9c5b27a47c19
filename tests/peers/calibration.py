"""docs/calibration.yaml against what was seen: which disagreements with the official suite there are, and whether each is argued.

The YAML is written by people (scenarios with our rows, arguments), the results by `calibrate.py`; nothing here runs anything.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wireproof.library.catalogue import load_catalogue
from wireproof.library.source import read_yaml, validate

ROOT = Path(__file__).resolve().parent.parent.parent
FILE = ROOT / "docs" / "calibration.yaml"
RESULTS = ROOT / "docs" / "calibration-results.json"
PAGE = ROOT / "docs" / "calibration.md"

REFERENCE = "reference"
"""The target that must pass: our own reference peer."""

AGREE = {("pass", "pass"), ("fail", "fail"), ("warn", "warn"), ("skip", "abstain")}
"""(their verdict, our verdict) that say the same; everything else is a disagreement."""

Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """The committed file: scenarios and arguments, each by its id, in the order of the file."""

    scenarios: Mapping[str, Entry]
    arguments: Mapping[str, Entry]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One scenario on one target in one revision: `seen` is its entry in the results."""

    target: str
    revision: str
    scenario: str
    seen: Entry

    @property
    def agreed(self) -> bool:
        return (self.seen["theirs"], self.seen["ours"]) in AGREE

    @property
    def where(self) -> str:
        return f"{self.scenario} on {self.target} in {self.revision}"


def load(path: Path = FILE) -> Calibration:
    """The file; UsageError where it breaks its schema, and AssertionError where an id stands twice."""
    read, lines = read_yaml(path)
    validate(read, lines, "calibration", path)
    value: Any = read  # the schema has just said what it is
    scenarios = {one["id"]: one for one in value["scenarios"]}
    arguments = {one["id"]: one for one in value["arguments"]}
    assert len(scenarios) == len(value["scenarios"]), f"{path.name}: an id stands twice in scenarios"
    assert len(arguments) == len(value["arguments"]), f"{path.name}: an id stands twice in arguments"
    return Calibration(scenarios=scenarios, arguments=arguments)


def results(path: Path = RESULTS) -> dict[str, Any]:
    """What the last `make calibrate` saw."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def cells(seen: Entry) -> Iterator[Cell]:
    """Every scenario on every target in every revision."""
    for lane in seen["lanes"]:
        for name, entry in lane["scenarios"].items():
            yield Cell(target=lane["target"], revision=lane["revision"], scenario=name, seen=entry)


def fits(argument: Entry, cell: Cell) -> bool:
    """Whether the argument is about this disagreement, the suite's complaints included."""
    complaints = {one["check"] for one in cell.seen["complaints"]}
    return (
        cell.scenario in argument["scenarios"]
        and cell.target in argument.get("targets", (cell.target,))
        and cell.revision in argument.get("revisions", (cell.revision,))
        and cell.seen["theirs"] in argument["theirs"]
        and cell.seen["ours"] in argument["ours"]
        and complaints <= set(argument.get("checks", complaints))
    )


def rests(argument: Entry, shown: Mapping[str, str] | None) -> bool:
    """Whether the bytes shown are those that the argument rests on."""
    return shown is not None and any(text in shown["response"] for text in argument.get("says", ("",)))


def arguments_of(known: Calibration, cell: Cell) -> list[str]:
    """Ids of the arguments for a disagreement whose bytes are known; it is argued when there is exactly one."""
    return [name for name, one in known.arguments.items() if fits(one, cell) and rests(one, cell.seen["bytes"])]


def problems(known: Calibration, seen: Entry) -> list[str]:
    """Sentences on what stands in the way of a true page; empty when every scenario is known and every disagreement argued."""
    said = [f"not a requirement of ours: {name}" for name in unknown_rows(known)]
    listed, used = set(seen["listed"]), set()
    said += [f"scenario without an entry: {name}" for name in sorted(listed - set(known.scenarios))]
    said += [
        f"entry for a scenario that the suite does not have: {name}" for name in sorted(set(known.scenarios) - listed)
    ]
    for cell in cells(seen):
        if cell.scenario not in known.scenarios:
            continue
        if cell.agreed:
            if cell.target == REFERENCE and cell.seen["theirs"] in ("fail", "warn"):
                said.append(f"the reference peer breaks something, both say: {cell.where}")
            continue
        found = arguments_of(known, cell)
        used |= set(found)
        if len(found) != 1:
            how = "has no argument" if not found else f"has more than one argument ({', '.join(found)})"
            said.append(
                f"{cell.where}: they say {cell.seen['theirs']}, we say {cell.seen['ours']}; it {how}{_asked(cell)}"
            )
    said += [f"argument that no disagreement needs: {name}" for name in known.arguments if name not in used]
    return said


def unknown_rows(known: Calibration) -> list[str]:
    """Rows named in the file that the catalogue does not have."""
    catalogue = load_catalogue()
    named = {row for one in known.scenarios.values() for row in one.get("rows", ())}
    return sorted(named - set(catalogue.requirements))


def _asked(cell: Cell) -> str:
    complaints = "; ".join(f"{one['check']}: {one['says']}" for one in cell.seen["complaints"])
    broken = "; ".join(f"{one['row']}: {one['why']}" for one in cell.seen.get("broken", ()))
    answer = cell.seen["bytes"]["response"] if cell.seen["bytes"] else ""
    return "".join(f"\n    {part}" for part in (complaints, broken, answer.replace("\n", "\n    ")) if part)
