"""The table that ends a run over several targets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from wireproof.model.verdict import Verdict
from wireproof.report.matrix import Report
from wireproof.report.words import plural, printable

CODES: Final = (130, 4, 2, 1, 3, 0)
"""Exit codes, the worst first: what was not run says less than what was found."""
_WORDS: Final = {
    0: ("✓ ok", "green"),
    1: ("✗ findings", "bold red"),
    2: ("✗ cannot run", "bold red"),
    3: ("· nothing graded", "yellow"),
    4: ("! our own error", "bold magenta"),
    130: ("■ interrupted", "yellow"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How the run of one target ended; `report` and `journal` where there are any."""

    name: str
    code: int
    journal: Path | None = None
    report: Report | None = None


def worst(codes: Iterable[int]) -> int:
    """The exit code of several runs."""
    return min(codes, key=CODES.index, default=0)


def overview(outcomes: Sequence[Outcome], console: Console, *, planned: int) -> None:
    """One line a target: how it ended, the class of its newest revision, broken rows by level, where the journal lies."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for head in ("target", "result", "newest revision", "broken", "journal"):
        table.add_column(head, no_wrap=head != "journal", overflow="fold")
    for one in outcomes:
        word, style = _WORDS[one.code]
        table.add_row(
            printable(one.name),
            Text(word, style=style),
            _newest(one.report),
            _broken(one.report),
            printable(str(one.journal or "")),
        )
    console.print()
    console.print(table)
    if len(outcomes) < planned:
        console.print(f"\n{plural(planned - len(outcomes), 'target')} not played", style="bold yellow")


def _newest(report: Report | None) -> str:
    if report is None or not report.lanes:
        return "-"
    lane = report.lanes[0]
    return f"{lane.revision} {lane.standing}"


def _broken(report: Report | None) -> str:
    """Requirements, not findings; known ones are counted apart."""
    if report is None or not report.lanes:
        return "-"
    levels: dict[str, set[str]] = {}
    for _, row in report.failures:
        group = row.requirement.level.group if report.counts(row) else "known"
        levels.setdefault(group, set()).add(row.requirement.id)
    ours = sum(row.verdict is Verdict.ERRORED for lane in report.lanes for row in lane.rows)
    parts = [f"{len(levels[name])} {name}" for name in ("MUST", "SHOULD", "MAY", "ADVICE", "known") if name in levels]
    if report.weighed is not None and report.weighed.stale:
        parts.append(f"{len(report.weighed.stale)} stale")
    return ", ".join([*parts, *([f"{ours} errored"] if ours else [])]) or "nothing"
