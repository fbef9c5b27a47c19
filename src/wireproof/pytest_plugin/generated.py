"""Generated exchanges as items: one for each target, revision and transport, where a depth is asked for.

The search comes after the scripts of its revision, so those are played whenever it is chosen. What it found is told here alone: the items of
the requirements tell what scripts show, so each says the same whether there was a search or not.
"""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import Any, Final

import pytest

from wireproof.judge.judge import verdict_of
from wireproof.model.verdict import Finding, Verdict
from wireproof.pytest_plugin.items import NOT_OFFERED, SEARCH, Broken, Errored, LaneItem
from wireproof.pytest_plugin.playing import Unplayable
from wireproof.pytest_plugin.story import story
from wireproof.report.matrix import LaneReport, Row

NAME: Final = "generated"
_PART: Final = ".generated."


def of_scripts(row: Row) -> Row:
    """The row as it is without what search added."""
    left = tuple(one for one in row.findings if not _drawn(one))
    if len(left) == len(row.findings):
        return row
    return replace(row, findings=left, verdict=verdict_of(left) if left else Verdict.UNOBSERVED)


def of_search(row: Row) -> Row | None:
    """What search alone has shown of the row; None where that is nothing, or what scripts show as well."""
    drawn = tuple(one for one in row.findings if _drawn(one))
    if not drawn or of_scripts(row).verdict is Verdict.FAILED:
        return None
    return replace(row, findings=drawn, verdict=verdict_of(drawn))


def _drawn(one: Finding) -> bool:
    return _PART in one.exchange


class GeneratedItem(LaneItem):
    """The search in one revision over one transport. It fails when something was found, with what was found made small."""

    def __init__(self, *, revision: str, transport: str, **kwargs: Any) -> None:
        super().__init__(revision=revision, transport=transport, alias=f"{NAME}:{revision}:{transport}", **kwargs)
        self.add_marker(pytest.mark.wireproof_generated)

    def runtest(self) -> None:
        try:
            lane = self.playing.lane(self.revision, self.transport)
        except Unplayable as error:
            self.tell("blocked")
            raise Errored(f"{self.playing.subject.name} cannot be tested: {error}") from None
        if lane is None:
            self.tell(NOT_OFFERED)
            pytest.skip(self.playing.why_not(self.revision, self.transport))
        where = f"{lane.revision} over {lane.transport}: "
        told = [one.text for one in self.playing.report.told if one.level == "search" and one.text.startswith(where)]
        rows = [made for row in lane.rows if (made := of_search(row)) is not None]
        for one in told[-1:]:
            self.tell(one, SEARCH)
        self._judge(lane, [one for one in rows if one.verdict in (Verdict.FAILED, Verdict.ERRORED)])
        if not told:
            pytest.skip(f"{where}nothing was generated: no session was left for it")

    def _judge(self, lane: LaneReport, rows: list[Row]) -> None:
        """Raises what a broken row calls for, the gravest first."""
        report, strict = self.playing.report, self.playing.subject.strict
        counted = [one for one in rows if report.fails(one, strict=strict)]
        if counted:
            subject = self.playing.subject
            named = ["-k", self.alias] if subject.asked else [self.nodeid]
            again = shlex.join([*subject.asked, "--wireproof-depth", subject.depth, *named])
            told = [story(self.playing, lane, one) for one in counted[:-1]]
            raise Broken("\n\n".join([*told, story(self.playing, lane, counted[-1], again=again)]))
        errored = next((one for one in rows if one.verdict is Verdict.ERRORED), None)
        if errored is not None:
            raise Errored(story(self.playing, lane, errored))
        if rows:
            why = rows[0].requirement.level.value if report.counts(rows[0]) else "known"
            pytest.xfail(f"{why}: {rows[0].requirement.id}: {rows[0].why}")
