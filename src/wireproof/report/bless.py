"""From a report to the baseline that puts its failures on record."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from wireproof.model.baseline import Entry, Standing
from wireproof.model.errors import UsageError
from wireproof.model.verdict import Verdict
from wireproof.report.baseline import named
from wireproof.report.known import listed_cases
from wireproof.report.matrix import Report

UNARGUED: Final = "not argued yet"
"""The reason of an entry for which nobody has given one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blessing:
    """The entries of the new file and what became of the old ones. `said`: fingerprint to what was found in this report.

    `expired` are kept as they are, and so still count.
    """

    entries: tuple[Entry, ...]
    added: tuple[Entry, ...]
    dropped: tuple[Entry, ...]
    expired: tuple[Entry, ...]
    said: dict[str, str]


def bless(
    report: Report,
    old: tuple[Entry, ...],
    *,
    today: date,
    reason: str = "",
    expires: date | None = None,
    link: str = "",
) -> Blessing:
    """The blessing of a report that was weighed against `old`. UsageError when it judged nothing.

    New failures of level MUST and SHOULD are added. Entries whose failures are still there, were not looked at or are another target's
    stay as they are, but an expired one whose failure is still there is renewed where `expires` is given. Stale ones are dropped.
    """
    if report.weighed is None or not report.lanes:
        raise UsageError("that run judged nothing", hint="wireproof run first")
    added: dict[tuple[str, str], Entry] = {}
    said: dict[str, str] = {}
    for lane, row in report.failures:
        for one in row.findings:
            if one.verdict is not Verdict.FAILED:
                continue
            said[one.fingerprint] = one.why
            if report.weighed.standing(one) is Standing.NEW:
                added[one.fingerprint, row.requirement.id] = Entry(
                    fingerprint=one.fingerprint,
                    requirement=row.requirement.id,
                    revision=lane.revision,
                    transport=lane.transport,
                    subject=one.subject,
                    exchange=one.exchange,
                    target=named(report),
                    reason=reason or UNARGUED,
                    since=today,
                    expires=expires,
                    link=link,
                )
    dropped = tuple(one.entry for one in report.weighed.stale)
    late = {entry for _, standing, entry in listed_cases(report) if standing is Standing.EXPIRED}
    kept = [
        replace(one, expires=expires, reason=reason or one.reason) if one in late and expires is not None else one
        for one in old
        if one not in dropped
    ]
    return Blessing(
        entries=(*kept, *added.values()),
        added=tuple(added.values()),
        dropped=dropped,
        expired=tuple(late) if expires is None else (),
        said=said,
    )
