"""The trend of targets over their runs: a line of bars in a terminal, a chart in a page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from rich.console import Console
from rich.table import Table

from wireproof.library.validity import in_future
from wireproof.report.history import PastLane, PastRun
from wireproof.report.html import environment
from wireproof.report.words import plural, printable

BARS: Final = "▁▂▃▄▅▆▇█"
MOST_BARS: Final = 30
"""Runs that a line of bars, a table and a chart show: the newest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One run in a trend; `ahead` says that it is dated in the future, `resuited` that its suite is not that of the step before."""

    run: PastRun
    lane: PastLane
    ahead: bool
    resuited: bool

    @property
    def marks(self) -> tuple[str, ...]:
        """What makes it less comparable."""
        found = {
            "part": self.lane.partial,
            "interrupted": self.run.interrupted,
            "another suite": self.resuited,
            "dated in the future": self.ahead,
        }
        return tuple(word for word, holds in found.items() if holds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """The runs of one target in one revision and transport, the oldest first, MOST_BARS at most of the `total`."""

    target: str
    protocol: str
    revision: str
    transport: str
    steps: tuple[Step, ...]
    total: int

    @property
    def bars(self) -> str:
        """A bar a run: how much of the MUST rows that were seen is kept. Differences are small where nearly all is kept, so the lowest
        bar is the worst of these runs, and a full one means that all was kept."""
        return "".join(sparkline([_missing(one.lane) for one in self.steps]))

    @property
    def change(self) -> str:
        """How the newest run differs from the one before, in broken MUST rows."""
        if len(self.steps) < 2:
            return "first run"
        before, after = (one.lane.broken("MUST") for one in self.steps[-2:])
        return "as before" if before == after else f"{after - before:+d} broken MUST"


def trends(runs: Iterable[PastRun], now: datetime) -> list[Trend]:
    """Of each target, newest revision first."""
    found: dict[tuple[str, str, str, str], list[tuple[PastRun, PastLane]]] = {}
    for run in runs:
        for lane in run.lanes:
            found.setdefault((run.target, *lane.place), []).append((run, lane))
    made = [
        Trend(
            target=key[0],
            protocol=key[1],
            revision=key[2],
            transport=key[3],
            steps=tuple(_steps(pairs, now))[-MOST_BARS:],
            total=len(pairs),
        )
        for key, pairs in found.items()
    ]
    made.sort(key=lambda one: one.transport)
    made.sort(key=lambda one: one.revision, reverse=True)
    return sorted(made, key=lambda one: (one.target.casefold(), one.target, one.protocol))


def sparkline(missing: Sequence[int]) -> list[str]:
    """A bar each: full where nothing is missing, the lowest for the most that is."""
    most = max(missing, default=0)
    top = len(BARS) - 1
    return [BARS[top if not one else min(top - 1, round((top - 1) * (1 - one / most)))] for one in missing]


def render(found: Sequence[Trend], console: Console) -> None:
    """A line a trend; where there is only one target, the runs of its newest revision besides."""
    table = _table("target", "revision", "over", "runs", "trend", "newest", "")
    for one in found:
        newest = one.steps[-1].lane
        table.add_row(
            printable(one.target),
            printable(one.revision),
            printable(one.transport),
            str(one.total),
            one.bars,
            f"{printable(newest.standing)} {newest.passed}/{newest.applicable}",
            one.change,
        )
    console.print(table)
    if len({one.target for one in found}) == 1:
        _runs(found[0], console)
    console.print(
        "\nA full bar: every MUST row that was seen is kept. The lowest: the run that kept fewest.", style="dim"
    )


def _runs(one: Trend, console: Console) -> None:
    console.print(f"\n{printable(one.revision)} over {printable(one.transport)}, the newest run first", style="bold")
    if one.total > len(one.steps):
        console.print(f"{plural(one.total - len(one.steps), 'older run')} not shown", style="dim")
    table = _table("started", "class", "MUST", "SHOULD", "suite", "")
    for step in reversed(one.steps):
        lane = step.lane
        table.add_row(
            printable(step.run.started_at[:19].replace("T", " ")),
            f"{printable(lane.standing)} {lane.passed}/{lane.applicable}",
            f"{lane.broken('MUST')} broken",
            f"{lane.broken('SHOULD')} broken",
            printable(step.run.suite_digest[:12]),
            ", ".join(step.marks),
        )
    console.print(table)


def page(found: Sequence[Trend]) -> str:
    """A page with a chart of each trend, which needs neither network nor server."""
    groups: dict[str, list[Trend]] = {}
    for one in found:
        groups.setdefault(one.target, []).append(one)
    return environment().get_template("history.html").render(groups=groups, most=_most) + "\n"


def _steps(pairs: Sequence[tuple[PastRun, PastLane]], now: datetime) -> Iterable[Step]:
    digest = pairs[0][0].suite_digest
    for run, lane in pairs:
        ahead = run.started is not None and in_future(run.started, now)
        yield Step(run=run, lane=lane, ahead=ahead, resuited=run.suite_digest != digest)
        digest = run.suite_digest


def _missing(lane: PastLane) -> int:
    return max(0, lane.applicable - lane.passed)


def _most(one: Trend) -> int:
    """The height of the tallest bar of a chart."""
    return max((step.lane.applicable for step in one.steps), default=1) or 1


def _table(*heads: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for index, head in enumerate(heads):
        table.add_column(head, no_wrap=index > 0, overflow="fold")
    return table
