"""The fold over many reports: which implementation keeps what, in every protocol revision and transport that it was played on.

Numbers of the matrix over several targets are made here and nowhere else; the terminal, Markdown, JSON and the pages only show them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from wireproof.library.validity import in_future
from wireproof.model.catalogue import Requirement
from wireproof.model.errors import UsageError
from wireproof.report.matrix import LaneReport
from wireproof.report.soundness import cut_short, started_at
from wireproof.report.states import State, state_of

Place = tuple[str, str, str]
"""(protocol, revision, transport)."""

LEVELS: Final = ("MUST", "SHOULD", "MAY", "ADVICE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One report. `source` is where it was read; `ahead` says that it is dated in the future; `whole` that nothing was left out of it."""

    source: str
    value: Mapping[str, Any]
    lanes: tuple[LaneReport, ...]
    started: datetime | None
    ahead: bool

    @property
    def whole(self) -> bool:
        """Nothing was left out, and it was played to its end."""
        cut = cut_short(self.value) or self.value["interrupted"]
        return not cut and not any(lane.partial for lane in self.lanes)

    @property
    def day(self) -> str:
        return self.started.date().isoformat() if self.started is not None else "no date"

    def count(self, level: str, *states: State) -> int:
        """How many requirements of a level group have one of these states anywhere."""
        return len(
            {
                row.requirement.id
                for lane in self.lanes
                for row in lane.rows
                if row.requirement.level.group == level and state_of(lane, row) in states
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Implementation:
    """What was played under one name. `runs` are the newest first; `shown` says for each place which run speaks for it: the newest
    whole one, else the newest."""

    name: str
    runs: tuple[Run, ...]
    shown: Mapping[Place, tuple[Run, LaneReport]]

    @property
    def protocol(self) -> str:
        """The one that it was played in; of several, that of its newest run."""
        return str(self.runs[0].value["suite"].get("protocol", "mcp"))

    @property
    def server(self) -> str:
        """What it calls itself, in the newest run that was told."""
        for run in self.runs:
            for lane in run.lanes:
                server = lane.survey.get("server") or {}
                if server.get("name"):
                    return " ".join(str(server[key]) for key in ("name", "version") if server.get(key))
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InteropRow:
    """One requirement over all implementations, whose cells stand in their order."""

    requirement: Requirement
    cells: tuple[Counter[State], ...]

    @property
    def broken(self) -> int:
        """Implementations that break it somewhere."""
        return sum(bool(one[State.FAILED]) for one in self.cells)

    @property
    def kept(self) -> int:
        """Implementations that were seen to keep it and break it nowhere."""
        return sum(bool(one[State.PASSED]) and not one[State.FAILED] for one in self.cells)

    @property
    def disagreement(self) -> int:
        """How far implementations are from doing the same: the smaller of the two parties."""
        return min(self.broken, self.kept)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interop:
    """The whole: implementations by protocol (that of most of them first) and name; places likewise, the newest revision first; rows in the
    order of the catalogue."""

    implementations: tuple[Implementation, ...]
    places: tuple[Place, ...]
    rows: tuple[InteropRow, ...]
    suites: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def broken(self) -> tuple[InteropRow, ...]:
        """Rows that somebody breaks: those first on which implementations disagree most, then by level."""
        found = [one for one in self.rows if one.broken]
        return tuple(
            sorted(found, key=lambda one: (-one.disagreement, LEVELS.index(one.requirement.level.group), -one.broken))
        )


def interop(
    reports: Iterable[tuple[str, Mapping[str, Any]]],
    lanes_of: Callable[[Mapping[str, Any]], Sequence[LaneReport]],
    order: Callable[[str, str], int],
    *,
    mixed: bool,
    now: datetime,
) -> Interop:
    """`reports`: (where it was read, JSON report); `lanes_of` reads one; `order` of a (protocol, revision), the larger the newer.

    UsageError for two reports of the same target and run, and for reports of different suites unless `mixed`.
    """
    runs = [_run(source, value, tuple(lanes_of(value)), now) for source, value in reports]
    _distinct(runs)
    suites = tuple(dict.fromkeys(str(one.value["suite"].get("digest")) for one in runs))
    if len(suites) > 1 and not mixed:
        said = "; ".join(f"{one.source}: {str(one.value['suite'].get('digest'))[:12]}" for one in _first_of_each(runs))
        raise UsageError(
            f"the reports were made with {len(suites)} different suites ({said})",
            hint="run them again, or say --mixed to show them side by side all the same",
        )
    names = sorted({str(one.value["target"]["name"]) for one in runs}, key=str.casefold)
    found = [_implementation(name, [one for one in runs if one.value["target"]["name"] == name]) for name in names]
    many = Counter(one.protocol for one in found)
    made = tuple(sorted(found, key=lambda one: (-many[one.protocol], one.protocol)))
    places = {place for one in made for place in one.shown}
    return Interop(
        implementations=made,
        places=tuple(sorted(places, key=lambda one: (-many[one[0]], one[0], -order(one[0], one[1]), one[2]))),
        rows=tuple(_rows(made)),
        suites=suites,
        notes=tuple(_notes(runs, suites)),
    )


def _run(source: str, value: Mapping[str, Any], lanes: tuple[LaneReport, ...], now: datetime) -> Run:
    started = started_at(value)
    return Run(
        source=source, value=value, lanes=lanes, started=started, ahead=started is not None and in_future(started, now)
    )


def _distinct(runs: Sequence[Run]) -> None:
    seen: dict[tuple[str, str], Run] = {}
    for one in runs:
        key = (str(one.value["target"]["name"]), str(one.value["started_at"]))
        if key in seen:
            raise UsageError(
                f"is of the same target and run as {seen[key].source}", where=one.source, hint="give each report once"
            )
        seen[key] = one


def _first_of_each(runs: Sequence[Run]) -> list[Run]:
    return list({str(one.value["suite"].get("digest")): one for one in reversed(runs)}.values())[::-1]


def _implementation(name: str, runs: Sequence[Run]) -> Implementation:
    """A run that is dated in the future speaks for nothing while there is another."""
    newest = sorted(runs, key=lambda one: str(one.value["started_at"]), reverse=True)
    shown: dict[Place, tuple[Run, LaneReport]] = {}
    for run in sorted(newest, key=lambda one: (one.ahead, not one.whole)):
        for lane in run.lanes:
            shown.setdefault((lane.protocol, lane.revision, lane.transport), (run, lane))
    return Implementation(name=name, runs=tuple(newest), shown=shown)


def _rows(implementations: Sequence[Implementation]) -> Iterable[InteropRow]:
    requirements: dict[str, Requirement] = {}
    cells: dict[str, list[Counter[State]]] = {}
    for index, one in enumerate(implementations):
        for _, lane in one.shown.values():
            for row in lane.rows:
                requirements.setdefault(row.requirement.id, row.requirement)
                found = cells.setdefault(row.requirement.id, [Counter() for _ in implementations])
                found[index][state_of(lane, row)] += 1
    for name, requirement in requirements.items():
        yield InteropRow(requirement=requirement, cells=tuple(cells[name]))


def _notes(runs: Sequence[Run], suites: Sequence[str]) -> Iterable[str]:
    if len(suites) > 1:
        yield f"made with {len(suites)} different suites: a row may have been judged in different ways, and rows that this suite lacks are left out"
    for one in runs:
        if one.ahead:
            yield f"{one.source} is dated in the future ({one.value['started_at']})"
        if not one.whole:
            yield f"{one.source} is of a part of the suite, or of a run that was interrupted or cut short"
        if not one.lanes:
            yield f"{one.source} judged nothing"


def slug(name: str) -> str:
    """A file name of a target's name: small letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60] or "target"
