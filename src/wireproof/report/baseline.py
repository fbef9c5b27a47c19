"""A baseline beside a report: which failures are known, new or expired, and which entries are stale."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Final

from wireproof.model.baseline import Baseline, Entry, Stale, Standing, Weighed
from wireproof.model.catalogue import Requirement
from wireproof.model.verdict import Verdict
from wireproof.report.matrix import LaneReport, Report

_JUDGED: Final = (Verdict.PASSED, Verdict.FAILED)
_LEVELS: Final = ("MUST", "SHOULD")
"""What can fail a run; other levels need no record."""
_CUT: Final = ("stopped", "gone")
"""Levels of what is told of a run that did not come to its end."""


def weigh(
    report: Report,
    baseline: Baseline | None,
    *,
    usual: Mapping[str, tuple[str, ...]] | None = None,
    today: date | None = None,
) -> Report:
    """Holds a finished report against a baseline: sets `report.weighed`, from which exit codes and renderers read. None changes nothing.

    An entry is stale when its row was really judged in its revision and transport and its failure is not among the findings: it is not in
    a run that was interrupted, stopped early, lost its target or did not play the entry's exchange, nor in a lane of which a selection
    left something out, unless that is the `usual` selection of the target (`select`, `ignore`, `levels`, as configured). Gives the same
    report back.
    """
    if baseline is None:
        return report
    today = today or datetime.now(UTC).date()
    entries = baseline.of(named(report))
    # the target's own entry goes before one of any target
    known = {(one.fingerprint, one.requirement): one for one in sorted(entries, key=lambda one: bool(one.target))}
    standings: dict[tuple[str, str], Standing] = {}
    light: set[tuple[str, str]] = set()
    for _, row in report.failures:
        for finding in row.findings:
            if finding.verdict is Verdict.FAILED:
                key = (finding.fingerprint, row.requirement.id)
                if row.requirement.level.group in _LEVELS:
                    standings[key] = _standing(known.get(key), today)
                else:
                    light.add(key)
    flaky = {
        (one.fingerprint, one.requirement)
        for lane in report.lanes
        for row in lane.rows
        for one in row.findings
        if one.flaky
    }
    stale, unseen, calm = [], [], []
    for entry in entries:
        if (entry.fingerprint, entry.requirement) in standings.keys() | flaky | light:
            continue
        judged = _judged(entry, report, usual or {})
        if judged is None:
            unseen.append(entry)
        elif entry.flaky:
            calm.append(entry)
        else:
            stale.append(Stale(entry=entry, level=judged.level.group))
    report.weighed = Weighed(
        path=baseline.path,
        standings=standings,
        entries={key: known[key] for key in standings if key in known},
        stale=tuple(stale),
        unseen=tuple(unseen),
        flaky=tuple(calm),
    )
    return report


def named(report: Report) -> str:
    """The name of the target, as a configuration gives it; empty where only its address or command is known."""
    return name_of(report.started.target if report.started else {})


def name_of(target: Mapping[str, object]) -> str:
    """The same of a report's or journal's `target`."""
    name, command = str(target.get("name", "")), target.get("command", ())
    words = " ".join(map(str, command)) if isinstance(command, Iterable) else ""
    return "" if name in (target.get("url"), words, "in-process peer") else name


def _standing(entry: Entry | None, today: date) -> Standing:
    if entry is None:
        return Standing.NEW
    if entry.expired(today):
        return Standing.EXPIRED
    return Standing.FLAKY if entry.flaky else Standing.KNOWN


def played_in(report: Report, lane: LaneReport) -> set[str]:
    """The exchanges that were played in a lane, by id and by span; of a JSON report, which does not have them, those that it names."""
    place = (lane.revision, lane.transport)
    opened = {name for name, one in report.transcripts.items() if (one.revision, one.transport) == place}
    played = {name for one in report.played if one.transcript in opened for name in (one.exchange, one.span)}
    return played or {one.exchange for row in lane.rows for one in row.findings}


def _judged(entry: Entry, report: Report, usual: Mapping[str, tuple[str, ...]]) -> Requirement | None:
    """The requirement of an entry whose row was judged with all that could have shown the failure; None when it was not."""
    if report.finished is None or report.finished.interrupted or any(one.level in _CUT for one in report.told):
        return None
    wanted = {key: tuple(names) for key, names in usual.items() if names}
    for lane in report.lanes:
        if (lane.revision, lane.transport) != (entry.revision, entry.transport) or dict(lane.left_out) not in (
            {},
            wanted,
        ):
            continue
        if entry.exchange and entry.exchange not in played_in(report, lane):
            continue
        for row in lane.rows:
            if row.requirement.id == entry.requirement and row.verdict in _JUDGED and not row.flaky:
                return row.requirement
    return None
