"""What a baseline makes of a report, for people: known failures, stale and expired entries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from rich.console import Console
from rich.text import Text

from wireproof.model.baseline import Entry, Standing, Weighed
from wireproof.model.verdict import Verdict
from wireproof.report.diagnosis import Case
from wireproof.report.lines import wrapped
from wireproof.report.matrix import Report
from wireproof.report.words import printable


def listed_cases(report: Report) -> Iterator[tuple[Case, Standing, Entry]]:
    """Every failed finding that a baseline lists, with what it makes of it."""
    if report.weighed is None:
        return
    for lane, row in report.failures:
        for one in row.findings:
            standing, entry = report.weighed.standing(one), report.weighed.entry(one)
            if one.verdict is Verdict.FAILED and standing is not None and entry is not None:
                yield Case(lane=lane, row=row, finding=one), standing, entry


def counted(weighed: Weighed) -> str:
    """One line: `baseline FILE: 3 known, 1 new, 2 stale`."""
    found = Counter(weighed.standings.values())
    parts = [f"{found[one]} {one.value.replace('-', ' ')}" for one in _ORDER if found[one]]
    parts += [f"{len(weighed.stale)} stale"] if weighed.stale else []
    parts += [f"{len(weighed.unseen)} not looked at"] if weighed.unseen else []
    return f"baseline {printable(weighed.path)}: {', '.join(parts) or 'nothing in this run concerns it'}"


_ORDER: Final = (Standing.NEW, Standing.EXPIRED, Standing.KNOWN, Standing.FLAKY)


def print_baseline(report: Report, console: Console) -> None:
    """Known and flaky failures, one line a reason; then what has to be done about the file itself."""
    weighed = report.weighed
    if weighed is None:
        return
    every = list(listed_cases(report))
    _print_known(console, "Known failures", [one for one in every if one[1] is Standing.KNOWN])
    _print_known(console, "Known to be flaky, and seen", [one for one in every if one[1] is Standing.FLAKY])
    _print_entries(console, "Known to be flaky, not seen this time", weighed.path, weighed.flaky, "dim")
    expired = dict.fromkeys(entry for _, standing, entry in every if standing is Standing.EXPIRED)
    _print_entries(console, "Expired, so these failures count again", weighed.path, expired, "bold red")
    stale = [one.entry for one in weighed.stale]
    _print_entries(
        console, "Stale: mended, so delete these lines, or run `wireproof bless`", weighed.path, stale, "bold red"
    )


def _print_known(console: Console, title: str, found: list[tuple[Case, Standing, Entry]]) -> None:
    if not found:
        return
    console.print()
    wrapped(console, Text.assemble((title, "bold"), (" (they count against nobody)", "dim")))
    grouped: dict[tuple[str, str, str], list[Case]] = {}
    for case, _, entry in found:
        since = f"since {entry.since}" + (f", until {entry.expires}" if entry.expires else "")
        reason = f"{printable(entry.reason)} ({since})" + (f" {printable(entry.link)}" if entry.link else "")
        grouped.setdefault((case.row.requirement.id, case.row.requirement.level.value, reason), []).append(case)
    for (name, level, reason), group in grouped.items():
        subjects = [printable(one) for one in dict.fromkeys(case.finding.subject for case in group) if one]
        more = f" and {len(subjects) - 3} more" if len(subjects) > 3 else ""
        what = f"  {', '.join(subjects[:3])}{more}" if subjects else ""
        where = "; ".join(dict.fromkeys(f"{case.lane.revision} {case.lane.transport}" for case in group))
        wrapped(console, Text.assemble("  ~ ", (name, "bold"), f"  {level}{what}  ", (where, "dim")), indent=4)
        wrapped(console, Text(f"    {reason}"), indent=4)


def _print_entries(console: Console, title: str, path: str, entries: Iterable[Entry], style: str) -> None:
    entries = list(entries)
    if not entries:
        return
    console.print()
    wrapped(console, Text(title, style=style))
    for one in entries:
        until = f", expired on {one.expires}" if one.expires and "Expired" in title else ""
        what = f"  {printable(one.subject)}" if one.subject else ""
        text = f"  {printable(path)}, {one.lines}: {one.requirement}{what}  {one.revision} {one.transport}{until}"
        wrapped(console, Text(text), indent=4)
