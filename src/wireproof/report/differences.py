"""A comparison of two reports on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.text import Text

from wireproof.report.compare import Change, Comparison, Difference
from wireproof.report.lines import wrapped
from wireproof.report.matrix import counted_levels
from wireproof.report.words import printable

_HEADS: Final = {
    Change.NEW: ("✗", "bold red", "New failures"),
    Change.FIXED: ("✓", "green", "Fixed"),
    Change.GONE: ("·", "yellow", "Gone: failed before, not judged again"),
    Change.CHANGED: ("~", "dim", "Changed verdicts"),
}
_MOST: Final = 40


def render(made: Comparison, console: Console, *, strict: bool = False) -> None:
    """Notes, then each kind of difference, one paragraph a requirement; last one line with the counts."""
    for note in made.notes:
        wrapped(console, Text(f"note: {printable(note)}", style="yellow"), indent=6)
    for change, (sign, style, title) in _HEADS.items():
        found = made.of(change)
        if not found:
            continue
        console.print()
        console.print(Text(f"{title} ({len(found)})", style="bold"))
        grouped: dict[tuple[str, str], list[Difference]] = {}
        for one in found:
            grouped.setdefault((one.requirement, _said(one)), []).append(one)
        for group in list(grouped.values())[:_MOST]:
            _paragraph(console, sign, style, group, strict=strict)
        if len(grouped) > _MOST:
            console.print(f"  ... and {len(grouped) - _MOST} more; -f json has them all")
    counts = ", ".join(f"{len(made.of(change))} {change.value}" for change in Change)
    if any(made.notes) or made.differences:
        console.print()
    wrapped(console, Text(counts if made.differences else "no difference", style="bold"))


def _said(one: Difference) -> str:
    if one.change is Change.CHANGED:
        return f"{_verdict(one.before)} -> {_verdict(one.after)}"
    return printable(f"{one.subject}: {one.why}" if one.subject else one.why)


def _verdict(name: str) -> str:
    return {"unobserved": "not observed", "not_applicable": "does not apply"}.get(name, name)


def _paragraph(console: Console, sign: str, style: str, group: Sequence[Difference], *, strict: bool) -> None:
    first = group[0]
    counted = first.level.split(" ")[0] in counted_levels(strict=strict)
    if first.change is Change.NEW and all(one.excused for one in group):
        mild = "  (known, does not count)"
    else:
        mild = "  (does not count)" if first.change is Change.NEW and not counted else ""
    wrapped(
        console,
        Text.assemble((f"{sign} ", style), (first.requirement, "bold"), f"  {first.level}", (mild, "dim")),
        indent=2,
    )
    wrapped(console, Text(f"    {_said(first)}"), indent=4)
    where = ", ".join(dict.fromkeys(f"{one.revision} {one.transport}" for one in group))
    prints = ", ".join(dict.fromkeys(one.fingerprint for one in group if one.fingerprint))
    wrapped(console, Text(f"    {where}" + (f"  {prints}" if prints else ""), style="dim"), indent=4)
