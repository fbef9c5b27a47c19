"""Text for people: what comes from a target is made harmless first."""

from __future__ import annotations


def printable(text: str) -> str:
    """On one line, harmless in a terminal: control and invisible characters, newlines and lone surrogates become visible."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)


def plural(count: int, noun: str) -> str:
    """`1 topic`, `2 topics`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
