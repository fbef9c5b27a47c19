"""Lines of a report on the terminal: fields with a label, wrapped text, rungs of a ladder, and the signs of the verdicts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from wireproof.model.verdict import Verdict
from wireproof.report.ladder import Rung
from wireproof.report.words import printable

SIGNS: Final = {
    Verdict.PASSED: ("✓", "green"),
    Verdict.FAILED: ("✗", "bold red"),
    Verdict.ERRORED: ("!", "bold magenta"),
    Verdict.BLOCKED: ("■", "yellow"),
    Verdict.UNOBSERVED: ("·", "dim"),
    Verdict.NOT_APPLICABLE: ("-", "dim"),
}
NAMES: Final = {
    Verdict.UNOBSERVED: "not observed",
    Verdict.ERRORED: "our own error",
    Verdict.NOT_APPLICABLE: "do not apply",
}
MARKED_LINES: Final = 4
"""Lines that the text of a marked rung may take."""
_LABEL: Final = 9
_RUNG: Final = 20
"""Cells before the text of a rung: mark, arrow, milliseconds."""


def rung_room(console: Console) -> int:
    """Characters of a rung's text on one line."""
    return max(20, console.width - _RUNG)


def print_rung(console: Console, rung: Rung, style: str) -> None:
    """One line; a marked one may take some more, because it is what the reader looks for."""
    head = Text.assemble(
        (" > " if rung.mark else "   ", style if rung.mark else ""),
        (f"{rung.arrow} ", "cyan"),
        (f"{rung.at_ms:9.1f} ms ", "dim"),
    )
    body = Text(rung.text)
    room = rung_room(console)
    body.truncate(room * (MARKED_LINES if rung.mark else 1), overflow="ellipsis")
    for index, line in enumerate(_cut(body, room)):
        console.print((head if index == 0 else Text(" " * head.cell_len)) + line, soft_wrap=True)


def _cut(text: Text, room: int) -> Iterable[Text]:
    """Pieces of at most `room` cells; JSON has no spaces at which it could be wrapped."""
    rest = text
    while rest.cell_len > room:
        size = room
        while rest[:size].cell_len > room:
            size -= 1
        yield rest[:size]
        rest = rest[size:]
    yield rest


def label(name: str) -> tuple[str, str]:
    """What stands before a field, with its style."""
    return f"  {name:<{_LABEL - 2}}", "dim"


def field(console: Console, name: str, text: str | Text) -> None:
    """A labelled text, wrapped under itself; a str is made harmless first."""
    body = text if isinstance(text, Text) else Text(printable(text))
    room = max(20, console.width - _LABEL)
    for index, line in enumerate(body.wrap(console, room)):
        line.rstrip()
        console.print(Text.assemble(label("" if index else name), line), soft_wrap=True)


def wrapped(console: Console, text: Text, indent: int = 0) -> None:
    """A text without a label; further lines are indented."""
    for index, line in enumerate(text.wrap(console, max(20, console.width - indent))):
        line.rstrip()
        console.print(Padding(line, (0, 0, 0, indent if index else 0), expand=False), soft_wrap=True)
