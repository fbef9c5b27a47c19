"""What a report comes to: one case for each requirement in each lane, and what became of it under a policy and a baseline.

Every format that says what is red reads it here; `Report.exit_code` agrees with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from wireproof.model.baseline import Stale, Weighed
from wireproof.model.verdict import Finding, Verdict
from wireproof.report.matrix import EXIT_NOTHING, LaneReport, Report, Row, counted_levels
from wireproof.report.words import printable


class Outcome(StrEnum):
    """`known`: broken, and a baseline has it on record. `tolerated`: broken, but of a level that does not fail the run."""

    PASSED = "passed"
    FAILED = "failed"
    KNOWN = "known"
    TOLERATED = "tolerated"
    SKIPPED = "skipped"
    ERRORED = "errored"


RED: Final = (Outcome.FAILED, Outcome.ERRORED)
"""What makes a run fail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CiCase:
    """`reason` is one harmless line. `row` and `lane` are None for what is about the run as a whole; `stale` is the entry that is meant."""

    suite: str
    name: str
    outcome: Outcome
    reason: str
    row: Row | None = None
    lane: LaneReport | None = None
    stale: Stale | None = None


def ci_cases(report: Report, *, strict: bool = False) -> Iterator[CiCase]:
    """Every case, lane by lane, then what is about the run as a whole. One at least is red (`RED`) unless the exit code is 0."""
    for lane in report.lanes:
        suite = f"{lane.protocol} {lane.revision} {lane.transport}"
        for row in lane.rows:
            outcome = outcome_of(report, row, strict=strict)
            reason = printable(_reason(report, row, outcome))
            yield CiCase(suite=suite, name=row.requirement.id, outcome=outcome, reason=reason, row=row, lane=lane)
    yield from run_cases(report, strict=strict)


def run_cases(report: Report, *, strict: bool = False) -> Iterator[CiCase]:
    """The cases of no requirement: a target that was lost or never answered, a run without a result, entries that are stale."""
    for told in report.told:
        if told.level in ("gone", "unreachable"):
            outcome = Outcome.FAILED if told.level == "gone" else Outcome.ERRORED
            yield CiCase(suite="run", name="target", outcome=outcome, reason=printable(told.text))
    if report.finished is not None and report.finished.interrupted:
        reason = "interrupted: this is what was seen so far"
        yield CiCase(suite="run", name="end", outcome=Outcome.ERRORED, reason=reason)
    if report.exit_code(strict=strict) == EXIT_NOTHING:
        yield CiCase(suite="run", name="result", outcome=Outcome.ERRORED, reason="nothing could be graded")
    if report.weighed is not None:
        yield from _stale(report.weighed, strict=strict)


def _stale(weighed: Weighed, *, strict: bool) -> Iterator[CiCase]:
    for one in weighed.stale:
        yield CiCase(
            suite="baseline",
            name=printable(f"{one.entry.requirement} {one.entry.fingerprint}"),
            outcome=Outcome.FAILED if one.level in counted_levels(strict=strict) else Outcome.TOLERATED,
            reason=printable(f"mended, but still listed: delete {weighed.path}, {one.entry.lines}"),
            stale=one,
        )


def outcome_of(report: Report, row: Row, *, strict: bool = False) -> Outcome:
    """What became of a row."""
    match row.verdict:
        case Verdict.PASSED:
            return Outcome.PASSED
        case Verdict.ERRORED:
            return Outcome.ERRORED
        case Verdict.FAILED if report.fails(row, strict=strict):
            return Outcome.FAILED
        case Verdict.FAILED:
            return Outcome.TOLERATED if report.counts(row) else Outcome.KNOWN
        case _:
            return Outcome.SKIPPED


def outcome_of_finding(report: Report, row: Row, finding: Finding, *, strict: bool = False) -> Outcome:
    """What becomes of one failed finding: of two of a row one may be known and the other not."""
    if report.weighed is not None and report.weighed.excuses(finding):
        return Outcome.KNOWN
    return Outcome.FAILED if row.requirement.level.group in counted_levels(strict=strict) else Outcome.TOLERATED


def spoken(report: Report, row: Row) -> Finding:
    """The finding that speaks for a row: the first of its verdict, one that no baseline excuses where there is one."""
    same = [one for one in row.findings if one.verdict is row.verdict] or list(row.findings)
    weighed = report.weighed
    return next((one for one in same if weighed is None or not weighed.excuses(one)), same[0])


def _reason(report: Report, row: Row, outcome: Outcome) -> str:
    one = spoken(report, row) if row.findings else None
    why = one.why if one is not None else ""
    match outcome:
        case Outcome.PASSED:
            return ""
        case Outcome.ERRORED:
            return f"wireproof's own error: {why}"
        case Outcome.KNOWN:
            return f"known failure: {why}"
        case Outcome.SKIPPED:
            word = {Verdict.UNOBSERVED: "not observed", Verdict.NOT_APPLICABLE: "not applicable"}
            told = word.get(row.verdict, row.verdict.value)
            return f"{told}: {why}" if why else told
    entry = report.weighed.entry(one) if report.weighed is not None and one is not None else None
    late = f" (the baseline excused it until {entry.expires})" if entry is not None and entry.expires else ""
    return f"{why}{late}" if outcome is Outcome.FAILED else f"broken {row.requirement.level.value}: {why}{late}"
