"""What a continuous-integration service makes of a report: one case for each requirement in each lane, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from wireproof.model.baseline import Weighed
from wireproof.model.verdict import Finding, Verdict
from wireproof.report.matrix import LaneReport, Report, Row
from wireproof.report.words import printable


class Outcome(StrEnum):
    """`tolerated`: broken, but policy or a baseline does not count it."""

    PASSED = "passed"
    FAILED = "failed"
    TOLERATED = "tolerated"
    SKIPPED = "skipped"
    ERRORED = "errored"


@dataclass(frozen=True, slots=True, kw_only=True)
class CiCase:
    """`reason` is one harmless line. `row` and `lane` are None for what is about the run as a whole (lost targets, stale entries)."""

    suite: str
    name: str
    outcome: Outcome
    reason: str
    row: Row | None = None
    lane: LaneReport | None = None


def ci_cases(report: Report, *, strict: bool = False) -> Iterator[CiCase]:
    """Every case, lane by lane; one failed case at least whenever the run's exit code is 1."""
    for lane in report.lanes:
        suite = f"{lane.protocol} {lane.revision} {lane.transport}"
        for row in lane.rows:
            outcome, reason = _judged(report, row, strict=strict)
            yield CiCase(
                suite=suite, name=row.requirement.id, outcome=outcome, reason=printable(reason), row=row, lane=lane
            )
    for told in report.told:
        if told.level == "gone":
            yield CiCase(suite="run", name="target", outcome=Outcome.FAILED, reason=printable(told.text))
    if report.weighed is not None:
        yield from _stale(report.weighed, strict=strict)


def _stale(weighed: Weighed, *, strict: bool) -> Iterator[CiCase]:
    for one in weighed.stale:
        counts = one.level == "MUST" or strict
        lines = f"lines {one.entry.line} to {one.entry.end}"
        yield CiCase(
            suite="baseline",
            name=printable(f"{one.entry.requirement} {one.entry.fingerprint}"),
            outcome=Outcome.FAILED if counts else Outcome.TOLERATED,
            reason=printable(f"mended, but still listed: delete {weighed.path}, {lines}"),
        )


def spoken(report: Report, row: Row) -> Finding:
    """The finding that speaks for a row: the first of its verdict, one that no baseline excuses where there is one."""
    same = [one for one in row.findings if one.verdict is row.verdict] or list(row.findings)
    weighed = report.weighed
    return next((one for one in same if weighed is None or not weighed.excuses(one)), same[0])


def _judged(report: Report, row: Row, *, strict: bool) -> tuple[Outcome, str]:
    why = spoken(report, row).why if row.findings else ""
    level = row.requirement.level
    match row.verdict:
        case Verdict.PASSED:
            return Outcome.PASSED, ""
        case Verdict.ERRORED:
            return Outcome.ERRORED, f"wireproof's own error: {why}"
        case Verdict.FAILED if not report.counts(row):
            return Outcome.TOLERATED, f"known failure: {why}"
        case Verdict.FAILED if level.group == "MUST" or (strict and level.group == "SHOULD"):
            return Outcome.FAILED, why
        case Verdict.FAILED:
            return Outcome.TOLERATED, f"broken {level.value}: {why}"
        case _:
            word = {Verdict.UNOBSERVED: "not observed", Verdict.NOT_APPLICABLE: "not applicable"}
            told = word.get(row.verdict, row.verdict.value)
            return Outcome.SKIPPED, f"{told}: {why}" if why else told
