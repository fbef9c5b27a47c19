"""For how long a result speaks for its target. The rule is that of the Kubernetes conformance programme, with days counted whole.

A result of the newest revision is valid for 12 months after the run. Once a newer revision is out, it is valid until the later of
12 months after its own revision and 9 months after the next one, whenever it was run.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from wireproof.library.catalogue import Catalogue

AFTER_RUN: Final = 12
AFTER_REVISION: Final = 12
AFTER_NEXT: Final = 9
"""Months."""
SLACK: Final = timedelta(minutes=10)
"""Clocks of two machines may differ by so much; what was run later than that was run in the future."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity:
    """`until` is the last day; `superseded_by` the next revision, empty for the newest; `why` says how the day was found."""

    until: date
    superseded_by: str
    why: str

    def holds(self, day: date) -> bool:
        """Is a result still valid on that day?"""
        return day <= self.until


def validity(catalogue: Catalogue, revision: str, run: date) -> Validity:
    """How long a result of that revision is valid which was run on that day. UsageError for a revision that there is not."""
    mine = catalogue.revision(revision)
    later = [one for one in catalogue.revisions if one.order > mine.order]
    if not later:
        return Validity(
            until=months_after(run, AFTER_RUN),
            superseded_by="",
            why=f"{AFTER_RUN} months after the run, for {revision} is the newest revision",
        )
    own, other = months_after(mine.date, AFTER_REVISION), months_after(later[0].date, AFTER_NEXT)
    if own >= other:
        why = f"{AFTER_REVISION} months after {revision}, which {later[0].id} has superseded"
    else:
        why = f"{AFTER_NEXT} months after {later[0].id}, which has superseded {revision}"
    return Validity(until=max(own, other), superseded_by=later[0].id, why=why)


def months_after(day: date, months: int) -> date:
    """The same day of a later month, or the last one of a month that is too short for it."""
    year, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + year, month + 1
    return day.replace(year=year, month=month, day=min(day.day, calendar.monthrange(year, month)[1]))


def in_future(started: datetime, now: datetime) -> bool:
    """Was a run begun later than now? Both with their time zones."""
    return started > now + SLACK
