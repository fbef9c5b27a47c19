"""The third depth of checking: a bundle beside a new run of what it is about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from wireproof.engine.effort import EXAMPLES, SECONDS, Depth, Effort
from wireproof.engine.plan import Selection
from wireproof.model.events import Event, Planned, RunStarted

_SEEN: Final = ("passed", "failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row that two runs judged differently; `after` is empty where the second does not have it."""

    requirement: str
    place: str
    before: str
    after: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduction:
    """`agreed` counts verdicts that came out the same; `contradicted` passed here and failed there; `unseen` were seen in the bundle's run only;
    `more` counts what only the new one saw. `classes` are (place, before, after) of classes that differ, `missing` places that were not
    played again."""

    agreed: int
    contradicted: tuple[Row, ...]
    unseen: tuple[Row, ...]
    more: int
    classes: tuple[tuple[str, str, str], ...]
    missing: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Nothing is contradicted, and every class is reached again. What had no occasion this time contradicts nothing."""
        return not (self.contradicted or self.classes or self.missing)


def selection_of(events: Sequence[Event]) -> Selection:
    """What was chosen in a run, in the revisions that it really played; the transport is that of the new target."""
    planned = [one for one in events if isinstance(one, Planned)]
    known = {one.name for one in fields(Selection)} - {"revisions", "transports"}
    chosen = {name: tuple(values) for one in planned[:1] for name, values in one.selection.items() if name in known}
    return Selection(revisions=tuple(dict.fromkeys(one.revision for one in planned)), **chosen)


def effort_of(events: Sequence[Event]) -> Effort | None:
    """How hard the run searched, None where it did not; never harder than the deepest depth, whatever somebody wrote there."""
    started = next(one for one in events if isinstance(one, RunStarted))
    said = started.options.get("search")
    if not isinstance(said, Mapping) or said.get("depth") not in tuple(Depth):
        return None
    examples, budget = said.get("examples"), said.get("budget_s")
    return Effort(
        depth=Depth(said["depth"]),
        examples=min(max(1, examples), EXAMPLES[Depth.THOROUGH]) if isinstance(examples, int) else None,
        budget=min(max(0.1, float(budget)), SECONDS[Depth.THOROUGH]) if isinstance(budget, int | float) else None,
    )


def reproduction(before: Mapping[str, Any], after: Mapping[str, Any]) -> Reproduction:
    """Two JSON reports, row by row in each revision and transport of the first."""
    agreed = more = 0
    contradicted, unseen, classes, missing = [], [], [], []
    second = {(run["revision"], run["transport"]): run for run in after["runs"]}
    for run in before["runs"]:
        place = f"{run['revision']} over {run['transport']}"
        other = second.get((run["revision"], run["transport"]))
        if other is None:
            missing.append(place)
            continue
        if run["class"]["name"] != other["class"]["name"]:
            classes.append((place, run["class"]["name"] or "no class", other["class"]["name"] or "no class"))
        for one in _pairs(run, other, place):
            if one.before not in _SEEN:
                more += one.after in _SEEN
            elif one.before == one.after:
                agreed += 1
            elif one.after in _SEEN:
                contradicted.append(one)
            else:
                unseen.append(one)
    return Reproduction(
        agreed=agreed,
        contradicted=tuple(contradicted),
        unseen=tuple(unseen),
        more=more,
        classes=tuple(classes),
        missing=tuple(missing),
    )


def _pairs(run: Mapping[str, Any], other: Mapping[str, Any], place: str) -> Iterator[Row]:
    rows = {row["id"]: row for row in other["requirements"]}
    for row in run["requirements"]:
        new = rows.get(row["id"])
        failed = next((each for each in (new, row) if each is not None and each["verdict"] == "failed"), None)
        why = next((one["why"] for one in failed["findings"] if one["verdict"] == "failed"), "") if failed else ""
        yield Row(
            requirement=row["id"], place=place, before=row["verdict"], after=new["verdict"] if new else "", why=why
        )
