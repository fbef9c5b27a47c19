"""The fold: events of a run become a Report, the one value that every output reads.

Counts, classes and exit codes are computed here and nowhere else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from wireproof.judge.judge import by_requirement, verdict_of
from wireproof.library.catalogue import Catalogue
from wireproof.model.baseline import Weighed
from wireproof.model.catalogue import Grade, Requirement, Testable
from wireproof.model.events import (
    Event,
    ExchangePlayed,
    Judged,
    Planned,
    Recorded,
    RunFinished,
    RunStarted,
    Surveyed,
    Told,
    TranscriptOpened,
)
from wireproof.model.verdict import Finding, Verdict
from wireproof.model.wire import Record

EXIT_OK: Final = 0
EXIT_FINDINGS: Final = 1
EXIT_NOTHING: Final = 3
EXIT_OURS: Final = 4


def counted_levels(*, strict: bool = False) -> tuple[str, ...]:
    """The groups of levels that can fail a run; every report and every exit code asks here."""
    return ("MUST", "SHOULD") if strict else ("MUST",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One requirement in one lane."""

    requirement: Requirement
    verdict: Verdict
    findings: tuple[Finding, ...]

    @property
    def flaky(self) -> bool:
        return any(one.flaky for one in self.findings)

    @property
    def why(self) -> str:
        """The sentence of the finding that speaks for the row."""
        return next((one.why for one in self.findings if one.verdict is self.verdict and one.why), "")

    @property
    def remarks(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one.remark for one in self.findings if one.remark))


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassReached:
    """III Wire, II Protocol, I Robust; `name` is empty when none is reached. Over the rows of the grades that the class asks for (those of the
    highest class where none is reached): passed, seen, and testable but not seen."""

    name: str
    passed: int
    applicable: int
    unobserved: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassStep:
    """How far one class is reached: rows that it asks for, passed of those that were seen."""

    name: str
    passed: int
    applicable: int
    reached: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneReport:
    """One revision on one transport."""

    protocol: str
    revision: str
    transport: str
    role: str
    survey: Mapping[str, Any]
    rows: tuple[Row, ...]
    judged: frozenset[str] = frozenset()
    partial: bool = False
    """Only a selection was played, which earns no class."""
    left_out: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The members of that selection which leave something out (`select`, `ignore`, `levels`, `exchanges`, `deciding`)."""

    def counts(self) -> dict[str, dict[str, int]]:
        """Level group -> verdict -> number of rows."""
        made: dict[str, Counter[str]] = {}
        for row in self.rows:
            made.setdefault(row.requirement.level.group, Counter())[row.verdict.value] += 1
        return {level: dict(count) for level, count in made.items()}

    @property
    def reached(self) -> ClassReached:
        made = class_of(row for row in self.rows if row.requirement.id in self.judged)
        return replace(made, name="") if self.partial else made

    @property
    def steps(self) -> tuple[ClassStep, ...]:
        """Progress towards each class, the lowest first; none where nothing passed or only a selection was played."""
        return () if self.partial else _steps(_counted(row for row in self.rows if row.requirement.id in self.judged))

    @property
    def standing(self) -> str:
        """The class in a word or two; `part` where only a selection was played."""
        return "part" if self.partial else self.reached.name or "none"


@dataclass(slots=True, kw_only=True)
class Report:
    """A finished (or interrupted) run. `records` maps transcript id to its records; `spans` the exchanges played in it.

    `weighed` is there when a baseline was held against it: then failures on record are no longer counted, and stale entries are.
    """

    started: RunStarted | None = None
    lanes: list[LaneReport] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    records: dict[str, list[Record]] = field(default_factory=dict)
    transcripts: dict[str, TranscriptOpened] = field(default_factory=dict)
    played: list[ExchangePlayed] = field(default_factory=list)
    finished: RunFinished | None = None
    weighed: Weighed | None = None

    @property
    def failures(self) -> list[tuple[LaneReport, Row]]:
        return [(lane, row) for lane in self.lanes for row in lane.rows if row.verdict is Verdict.FAILED]

    def counts(self, row: Row) -> bool:
        """Does a row count against the target, as far as a baseline has a say? Its level is another matter."""
        if row.verdict is not Verdict.FAILED:
            return False
        broken = [one for one in row.findings if one.verdict is Verdict.FAILED]
        return self.weighed is None or not all(self.weighed.excuses(one) for one in broken)

    def fails(self, row: Row, *, strict: bool = False) -> bool:
        """Does a row fail the run: it counts, and its level does?"""
        return row.requirement.level.group in counted_levels(strict=strict) and self.counts(row)

    def exit_code(self, *, strict: bool = False) -> int:
        """0 nothing that policy counts, 1 findings or a target that was lost on the way, 2 the target was unreachable, 3 nothing could be
        graded, 4 our own error (wins over 1)."""
        if self.finished is not None and self.finished.exit_code:
            return self.finished.exit_code
        if any(row.verdict is Verdict.ERRORED for lane in self.lanes for row in lane.rows):
            return EXIT_OURS
        if any(self.fails(row, strict=strict) for _, row in self.failures):
            return EXIT_FINDINGS
        counted = counted_levels(strict=strict)
        if self.weighed is not None and any(one.level in counted for one in self.weighed.stale):
            return EXIT_FINDINGS
        if any(one.level == "gone" for one in self.told):
            return EXIT_FINDINGS
        verdicts = {row.verdict for lane in self.lanes for row in lane.rows}
        if Verdict.PASSED not in verdicts and (Verdict.FAILED not in verdicts or Verdict.BLOCKED in verdicts):
            return EXIT_NOTHING
        return EXIT_OK


_PARTS: Final = ("select", "ignore", "levels", "exchanges", "deciding")
"""Members of a selection that leave something out within a revision and transport."""


class Fold:
    """Feeds on events, holds the report. Use one per run; `report` is valid at any moment."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.report = Report()
        self._catalogue = catalogue
        self._facts: dict[tuple[str, str], Mapping[str, Any]] = {}
        self._planned: dict[tuple[str, str], Planned] = {}

    def __call__(self, event: Event) -> None:
        match event:
            case RunStarted():
                self.report.started = event
            case TranscriptOpened():
                self.report.transcripts[event.transcript] = event
            case Recorded():
                self.report.records.setdefault(event.transcript, []).append(event.record)
            case ExchangePlayed():
                self.report.played.append(event)
            case Surveyed():
                self._facts[event.revision, event.transport] = event.facts
            case Planned():
                self._planned[event.revision, event.transport] = event
            case Judged():
                self._judged(event)
            case Told():
                self.report.told.append(event)
            case RunFinished():
                self.report.finished = event

    def _judged(self, event: Judged) -> None:
        rows = [
            Row(
                requirement=self._catalogue.requirements[name],
                verdict=verdict_of(findings),
                findings=tuple(findings),
            )
            for name, findings in by_requirement(event.findings).items()
            if name in self._catalogue.requirements
        ]
        planned = self._planned.get((event.revision, event.transport))
        left_out = (
            {name: tuple(planned.selection[name]) for name in _PARTS if planned.selection.get(name)} if planned else {}
        )
        order = {name: index for index, name in enumerate(self._catalogue.requirements)}
        rows.sort(key=lambda row: order[row.requirement.id])
        lane = LaneReport(
            protocol=event.protocol,
            revision=event.revision,
            transport=event.transport,
            role="server",
            survey=self._facts.get((event.revision, event.transport), {}),
            rows=tuple(rows),
            judged=frozenset(planned.judged if planned else ()),
            partial=bool(left_out),
            left_out=left_out,
        )
        same = [one for one in self.report.lanes if (one.revision, one.transport) == (lane.revision, lane.transport)]
        for one in same:
            self.report.lanes.remove(one)
        self.report.lanes.append(lane)
        ranks = {one.id: one.order for one in self._catalogue.revisions}
        self.report.lanes.sort(key=lambda one: (-ranks[one.revision], one.transport))


def fold(events: Iterable[Event], catalogue: Catalogue) -> Report:
    """The report of a stream of events."""
    made = Fold(catalogue)
    for event in events:
        made(event)
    return made.report


def class_of(rows: Iterable[Row]) -> ClassReached:
    """The highest class whose conditions hold, over the rows that the suite can judge (architecture: Verdicts).

    III Wire: no applicable MUST row of that grade is failed, blocked, errored or flaky, and every `wire` row is passed. II Protocol:
    the same with the protocol grade besides; MUST rows of the grade that lies above count for neither. A `discover` row is
    unobserved where the target showed no such fact (no image in any prompt, no tool that may be called): that bars no class, but is
    counted beside it. An empty plan has no class.
    """
    must = _counted(rows)
    name = next((one.name for one in reversed(_steps(must)) if one.reached), "")
    asked = asked_by(name, must)
    seen = sum(row.verdict is not Verdict.UNOBSERVED for row in asked)
    passed = sum(row.verdict is Verdict.PASSED for row in asked)
    return ClassReached(name=name, passed=passed, applicable=seen, unobserved=len(asked) - seen)


def asked_by(name: str, rows: Iterable[Row]) -> list[Row]:
    """The rows of the grades that a class asks for; where none is reached, those of the highest class."""
    grades = dict(_CLASSES).get(name, _CLASSES[-1][1])
    return [row for row in rows if row.requirement.grade in grades]


def _counted(rows: Iterable[Row]) -> list[Row]:
    return [
        row
        for row in rows
        if row.requirement.level.group == "MUST"
        and row.verdict is not Verdict.NOT_APPLICABLE
        and not row.requirement.reason
    ]


def _steps(must: Sequence[Row]) -> tuple[ClassStep, ...]:
    """Each class asks for what those below it ask for, and more."""
    if not any(row.verdict is Verdict.PASSED for row in must):
        return ()
    made = []
    for name, grades in _CLASSES:
        asked = [row for row in must if row.requirement.grade in grades]
        made.append(
            ClassStep(
                name=name,
                passed=sum(row.verdict is Verdict.PASSED for row in asked),
                applicable=sum(row.verdict is not Verdict.UNOBSERVED for row in asked),
                reached=all(_kept(row) for row in asked),
            )
        )
    return tuple(made)


_CLASSES: Final = (("III Wire", (Grade.WIRE,)), ("II Protocol", (Grade.WIRE, Grade.PROTOCOL)))


def _kept(row: Row) -> bool:
    if row.verdict is not Verdict.UNOBSERVED:
        return row.verdict is Verdict.PASSED
    return row.requirement.testable is not Testable.WIRE and not any(one.flaky for one in row.findings)


def cells(lane: LaneReport) -> dict[str, Counter[Verdict]]:
    """Topic -> verdict counts, in catalogue order; advice rows count under their own topic."""
    made: dict[str, Counter[Verdict]] = {}
    for row in lane.rows:
        made.setdefault(row.requirement.topic, Counter())[row.verdict] += 1
    return made
