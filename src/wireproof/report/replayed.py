"""The terminal's view of exchanges that were played again: each with its rows, then all of its records as a ladder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rich.console import Console
from rich.text import Text

from wireproof.model.catalogue import Requirement
from wireproof.model.verdict import Finding, Verdict
from wireproof.model.wire import Record
from wireproof.report.ladder import ladder
from wireproof.report.lines import MARKED_LINES, NAMES, SIGNS, field, print_rung, rung_room
from wireproof.report.words import plural, printable

_MOST_RUNGS: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One exchange on one connection: what it is called, where it was played, `rows` with their verdict and the findings that speak for
    it, and the records of the connection."""

    span: str
    title: str
    place: str
    rows: Sequence[tuple[Requirement, Verdict, Sequence[Finding]]]
    records: Sequence[Record]


def render(scenes: Sequence[Scene], console: Console) -> None:
    """Each scene, then one line with the counts."""
    for scene in scenes:
        _scene(scene, console)
        console.print()
    verdicts = [verdict for scene in scenes for _, verdict, _ in scene.rows]
    counts = [f"{verdicts.count(one)} {NAMES.get(one, one.value)}" for one in SIGNS if one in verdicts]
    console.print(Text(f"{plural(len(scenes), 'exchange')}: {', '.join(counts) or 'nothing was judged'}", style="bold"))


def _scene(scene: Scene, console: Console) -> None:
    head = Text.assemble((printable(scene.span), "bold"), f"  {scene.place}")
    console.print(head, soft_wrap=True)
    field(console, "", scene.title)
    evidence: list[int] = []
    for requirement, verdict, findings in scene.rows:
        sign, style = SIGNS[verdict]
        level = requirement.level.value
        console.print(Text.assemble((f"{sign} ", style), requirement.id, f"  {level}"), soft_wrap=True)
        speaking = [one for one in findings if one.verdict is verdict]
        if verdict is Verdict.PASSED:
            speaking = [one for one in speaking if one.remark]
        elif verdict in (Verdict.FAILED, Verdict.ERRORED):
            field(console, "", requirement.title)
            evidence += [seq for one in speaking for seq in one.evidence]
        for one in dict.fromkeys(_said(one) for one in speaking):
            field(console, "found" if verdict in (Verdict.FAILED, Verdict.ERRORED) else "", one)
    room = rung_room(console)
    for rung in ladder(
        scene.records, evidence, span=scene.span, most=_MOST_RUNGS, width=room, marked_width=room * MARKED_LINES
    ):
        print_rung(console, rung, "bold red")


def _said(one: Finding) -> str:
    at = f" (at {one.pointer})" if one.pointer else ""
    return f"{one.why or one.remark or 'nothing here shows it'}{at}"
