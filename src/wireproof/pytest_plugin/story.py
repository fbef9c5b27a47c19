"""A broken requirement as text: what a failed test shows instead of a traceback of ours."""

from __future__ import annotations

import io
import shutil
from typing import TYPE_CHECKING, Final

from rich.console import Console

from wireproof.model.verdict import Finding, Verdict
from wireproof.report.diagnosis import Case, fingerprints, found, kept_file, replay_command
from wireproof.report.known import print_baseline
from wireproof.report.ladder import ladder
from wireproof.report.lines import MARKED_LINES, field, print_rung, rung_room
from wireproof.report.matrix import LaneReport, Report, Row
from wireproof.report.words import printable

if TYPE_CHECKING:
    from wireproof.pytest_plugin.playing import Playing

_MOST: Final = 3
"""Findings of one requirement that are shown with their exchange."""
_WIDEST: Final = 120


def story(playing: Playing, lane: LaneReport, row: Row, *, again: str = "") -> str:
    """Requirement, sentence, source, what was found, the exchange with the offending message marked, and how to play it again.

    `again` is what pytest is given to run this test alone.
    """
    console = _console()
    one, report = row.requirement, playing.report
    field(console, "level", f"{one.level.value}  {one.id}  ({lane.revision} over {lane.transport})")
    field(console, "asks", one.title)
    field(console, "source", one.source)
    broken = [each for each in row.findings if each.verdict is row.verdict]
    for finding in broken[:_MOST]:
        field(console, "found", found([Case(lane=lane, row=row, finding=finding)]))
        _exchange(console, report, finding)
        if finding.exchange and row.verdict is Verdict.FAILED:
            if (kept := kept_file(report, finding)) is not None:
                field(console, "file", printable(kept))
            field(console, "replay", replay_command(report, lane, finding))
    if len(broken) > _MOST:
        field(console, "more", f"{len(broken) - _MOST} further findings are in the journal")
    if one.fix and row.verdict is Verdict.FAILED:
        field(console, "fix", one.fix)
    known = fingerprints([Case(lane=lane, row=row, finding=each) for each in broken])
    field(console, "known", f"as {known}; wireproof explain says more")
    if again:
        field(console, "rerun", f"pytest {again}")
    if playing.journal is not None:
        field(console, "log", str(playing.journal))
    return _text(console)


def baseline_story(report: Report) -> str:
    """What has to be done about a baseline file."""
    console = _console()
    print_baseline(report, console)
    return _text(console)


def _console() -> Console:
    width = min(_WIDEST, shutil.get_terminal_size().columns)
    return Console(file=io.StringIO(), width=width, color_system=None, force_terminal=False, highlight=False)


def _text(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().strip("\n")


def _exchange(console: Console, report: Report, finding: Finding) -> None:
    room = rung_room(console)
    rungs = ladder(
        report.records.get(finding.transcript, []),
        finding.evidence,
        pointer=finding.pointer,
        width=room,
        marked_width=room * MARKED_LINES,
    )
    for rung in rungs:
        print_rung(console, rung, "")
