"""Text for people: what comes from a target is made harmless first."""

from __future__ import annotations

import re
from typing import Final

_STATUSES: Final = re.compile(r"(\d{3}(?: or \d{3}){2})(?: or \d{3}){2,} or (\d{3})")
_RUN: Final = re.compile(r"(.)\1{39,}")


def printable(text: str) -> str:
    """On one line, harmless in a terminal: control and invisible characters, newlines and lone surrogates become visible."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)


def plural(count: int, noun: str) -> str:
    """`1 topic`, `2 topics`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def condensed(text: str) -> str:
    """Without what nobody reads: the middle of a long list of HTTP statuses, and the rest of a character that goes on and on."""
    return _RUN.sub(lambda found: found[1] * 8 + "…", _STATUSES.sub(r"\1 ... or \2", text))
