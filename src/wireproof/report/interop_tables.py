"""The matrix over several targets for a terminal, for Markdown, and as JSON (`schemas/wireproof/matrix.schema.json`)."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from wireproof.report.interop import Implementation, Interop, Place
from wireproof.report.states import LOOKS, State
from wireproof.report.words import plural, printable

FORMAT: Final = 1
MOST_ROWS: Final = 40
"""Broken requirements that a terminal and Markdown show."""
_STYLES: Final = {
    State.FAILED: "bold red",
    State.PASSED: "green",
    State.ERRORED: "bold magenta",
    State.BLOCKED: "yellow",
}
_TOLD: Final = (State.FAILED, State.ERRORED, State.BLOCKED, State.PASSED)
_BRIEF: Final = 34
_ENDLESS: Final = 10_000


def render(made: Interop, console: Console) -> None:
    """Two tables: classes by implementation, and the requirements that somebody breaks, by implementation.

    What is wider than the console comes in parts: classes by protocol and some places at once, and of a requirement the numbers of
    those that break it and of those that keep it.
    """
    places = list(made.places)
    while places:
        some = [one for one in places if one[0] == places[0][0]] if len({one[0] for one in places}) > 1 else places
        while len(some) > 1 and not _fits(_classes(made, some), console):
            some = some[:-1]
        console.print(_classes(made, some))
        places = [one for one in places if one not in some]
        if places:
            console.print()
    if made.broken:
        console.print()
        rows = _broken(made)
        console.print(rows if _fits(rows, console) else _parties(made))
        if len(made.broken) > MOST_ROWS:
            console.print(f"and {len(made.broken) - MOST_ROWS} more: -o html:DIR/ and -o json:FILE have them all")
    console.print(
        f"\n{plural(len(made.rows), 'requirement')}, {len(made.broken)} broken by somebody; numbers count revisions and transports"
    )
    for note in made.notes:
        console.print(printable(note), style="yellow")


def _fits(table: Table, console: Console) -> bool:
    return Measurement.get(console, console.options.update(max_width=_ENDLESS), table).maximum <= console.width


def _classes(made: Interop, places: Sequence[Place]) -> Table:
    """Those that were played in one of these places; their numbers are those of the whole."""
    table = _table("", "implementation", *(_head(one) for one in places))
    for number, one in enumerate(made.implementations, 1):
        if any(place in one.shown for place in places):
            standings = (
                _standing(one, place).replace(" (", "\n(") for place in places
            )  # narrow enough for five revisions
            table.add_row(str(number), printable(brief(one.name)), *standings)
    return table


def _broken(made: Interop) -> Table:
    table = _table("broken somewhere", "level", *map(str, range(1, len(made.implementations) + 1)))
    for row in made.broken[:MOST_ROWS]:
        table.add_row(row.requirement.id, row.requirement.level.value, *(_cell(one) for one in row.cells))
    return table


def _parties(made: Interop) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for head in ("broken somewhere", "level", "by", "kept by"):
        table.add_column(head, no_wrap="by" not in head, overflow="fold")
    for row in made.broken[:MOST_ROWS]:
        broken = [number for number, one in enumerate(row.cells, 1) if one[State.FAILED]]
        kept = [number for number, one in enumerate(row.cells, 1) if one[State.PASSED] and number not in broken]
        table.add_row(
            row.requirement.id,
            row.requirement.level.value,
            Text(f"{LOOKS[State.FAILED].sign} {_ranges(broken)}", style=_STYLES[State.FAILED]),
            Text(f"{LOOKS[State.PASSED].sign} {_ranges(kept)}", style=_STYLES[State.PASSED]) if kept else Text("·"),
        )
    return table


def _ranges(numbers: Sequence[int]) -> str:
    """Rising numbers, such as `1 3-5 9`."""
    made: list[list[int]] = []
    for one in numbers:
        if made and made[-1][-1] == one - 1:
            made[-1].append(one)
        else:
            made.append([one])
    return " ".join(str(one[0]) if len(one) == 1 else f"{one[0]}-{one[-1]}" for one in made)


def markdown(made: Interop) -> str:
    """The same two tables."""
    heads = [_head(one).replace("\n", " ") for one in made.places]
    lines = ["| implementation | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]
    lines += [
        f"| {_escaped(brief(one.name))} | " + " | ".join(_standing(one, place) for place in made.places) + " |"
        for one in made.implementations
    ]
    if made.broken:
        names = [_escaped(brief(one.name)) for one in made.implementations]
        lines += ["", "| broken somewhere | level | " + " | ".join(names) + " |", "|---" * (len(names) + 2) + "|"]
        lines += [
            f"| {row.requirement.id} | {row.requirement.level.value} | "
            + " | ".join(_cell(one).plain for one in row.cells)
            + " |"
            for row in made.broken[:MOST_ROWS]
        ]
        if len(made.broken) > MOST_ROWS:
            lines += ["", f"and {len(made.broken) - MOST_ROWS} more"]
    lines += ["", f"{plural(len(made.rows), 'requirement')}, {len(made.broken)} broken by somebody."]
    lines += [f"- {_escaped(one)}" for one in made.notes]
    return "\n".join(lines) + "\n"


def matrix_value(made: Interop) -> dict[str, Any]:
    """As plain data. Cells of a requirement: by implementation, then `revision/transport`, the state."""
    states: dict[str, dict[str, dict[str, str]]] = {}
    for one in made.implementations:
        for place, (_, lane) in one.shown.items():
            for row in lane.rows:
                cell = states.setdefault(row.requirement.id, {}).setdefault(one.name, {})
                cell[f"{place[1]}/{place[2]}"] = row.verdict.value
    return {
        "format": FORMAT,
        "suites": list(made.suites),
        "notes": list(made.notes),
        "implementations": [_implementation(one) for one in made.implementations],
        "requirements": [
            {
                "id": row.requirement.id,
                "level": row.requirement.level.value,
                "topic": row.requirement.topic,
                "title": row.requirement.title,
                "broken": row.broken,
                "kept": row.kept,
                "verdicts": states[row.requirement.id],
            }
            for row in made.rows
        ],
    }


def matrix_text(made: Interop) -> str:
    return json.dumps(matrix_value(made), ensure_ascii=False, separators=(",", ":")) + "\n"


def _implementation(one: Implementation) -> dict[str, Any]:
    return {
        "name": one.name,
        "server": one.server,
        "runs": [
            {
                "source": run.source,
                "started_at": run.value["started_at"],
                "whole": run.whole,
                "exit_code": run.value["exit_code"],
            }
            for run in one.runs
        ],
        "lanes": [
            {
                "protocol": place[0],
                "revision": place[1],
                "transport": place[2],
                "started_at": run.value["started_at"],
                "class": lane.standing,
                "passed": lane.reached.passed,
                "applicable": lane.reached.applicable,
                "counts": lane.counts(),
            }
            for place, (run, lane) in one.shown.items()
        ],
    }


def _table(*heads: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for index, head in enumerate(heads):
        table.add_column(head, no_wrap=index > 0, overflow="fold")
    return table


def _head(place: Place) -> str:
    return f"{place[0].upper()} {place[1]}\n{place[2]}"


def _standing(one: Implementation, place: Place) -> str:
    """Class and MUST rows, such as `II Protocol 92/92`; a dash for what was not played or is not offered."""
    if place not in one.shown:
        return "-"
    run, lane = one.shown[place]
    old = "" if run.whole or lane.partial else " (part)"
    return f"{lane.standing} {lane.reached.passed}/{lane.reached.applicable}{old}"


def _cell(counts: Counter[State]) -> Text:
    """Signs with numbers; what was neither broken nor kept is a dash."""
    made = Text()
    for state in _TOLD:
        if counts[state]:
            made.append(" " if made else "").append(f"{LOOKS[state].sign}{counts[state]}", style=_STYLES[state])
    return made or Text("·", style="dim")


def brief(name: str) -> str:
    """The end of a long name, where commands differ."""
    return name if len(name) <= _BRIEF else "…" + name[1 - _BRIEF :]


def _escaped(text: str) -> str:
    """As text in a cell of Markdown, whatever it holds."""
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~&$:@-])", r"\\\1", printable(text))
