"""Known failures: what a baseline file says of findings that are on record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from wireproof.model.verdict import Finding


class Standing(StrEnum):
    """What a baseline makes of one failed finding. Only NEW and EXPIRED count against the target."""

    NEW = "new"
    KNOWN = "known"
    EXPIRED = "expired"
    FLAKY = "known-flaky"

    @property
    def excused(self) -> bool:
        return self in (Standing.KNOWN, Standing.FLAKY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One known failure. `fingerprint` and `requirement` identify the finding; revision, transport and subject are for who reads it.

    `exchange` showed it: a run that did not play it says nothing of the failure's absence. Empty: whatever is played shows it.

    `target` is the name of the target whose failure it is; empty: of any. `flaky`: it comes and goes, so its absence is no news.
    `since` and `expires` are days; from the day after `expires` on it excuses nothing. `line` to `end` are its
    lines in the file, from 1.
    """

    fingerprint: str
    requirement: str
    revision: str
    transport: str
    subject: str = ""
    exchange: str = ""
    target: str = ""
    reason: str = ""
    since: date
    expires: date | None = None
    link: str = ""
    flaky: bool = False
    line: int = 0
    end: int = 0

    @property
    def lines(self) -> str:
        """Where it stands in its file, in words."""
        return f"line {self.line}" if self.line == self.end else f"lines {self.line} to {self.end}"

    def expired(self, today: date) -> bool:
        return self.expires is not None and today > self.expires


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """A baseline file that was read: `path` as messages show it, entries in the order of the file."""

    path: str
    entries: tuple[Entry, ...] = ()

    def of(self, target: str) -> tuple[Entry, ...]:
        """The entries that concern a target of that name; all of them for one without a name."""
        return tuple(one for one in self.entries if not target or one.target in ("", target))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stale:
    """An entry whose failure is gone although its row was judged; `level` (MUST or SHOULD) is that of the row."""

    entry: Entry
    level: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """A baseline as it stands beside one report. `path` is the file as messages show it.

    `standings` are those of the failed findings of level MUST and SHOULD, by (fingerprint, requirement); `entries` the entry that each of
    them has, if any. `unseen`: entries about which this run says nothing. `flaky`: those of `known_flaky` whose failure did not come.
    """

    path: str
    standings: Mapping[tuple[str, str], Standing] = field(default_factory=dict)
    entries: Mapping[tuple[str, str], Entry] = field(default_factory=dict)
    stale: tuple[Stale, ...] = ()
    unseen: tuple[Entry, ...] = ()
    flaky: tuple[Entry, ...] = ()

    def standing(self, finding: Finding) -> Standing | None:
        """Of a failed finding; None for a level that no run fails by."""
        return self.standings.get((finding.fingerprint, finding.requirement))

    def entry(self, finding: Finding) -> Entry | None:
        return self.entries.get((finding.fingerprint, finding.requirement))

    def excuses(self, finding: Finding) -> bool:
        """Is this failure on record, so that it does not count?"""
        standing = self.standing(finding)
        return standing is not None and standing.excused
