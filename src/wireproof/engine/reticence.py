"""What a target leaves without an answer: once that is certain, nobody waits for it long again."""

from __future__ import annotations

from collections import Counter
from typing import Final

from wireproof.model.wire import Record

CERTAIN: Final = 2
"""Whole deadlines that passed without an answer to requests of one kind, of which none was ever answered."""
SHORT: Final = 1.0
"""Seconds that are waited from then on."""


class Reticence:
    """Which kinds of well-formed requests one target has answered, on whatever connection, and how often it let a deadline pass."""

    def __init__(self) -> None:
        self._answered: set[str] = set()
        self._missed: Counter[str] = Counter()

    def limit(self, request: Record, seconds: float) -> float:
        """How long to wait, at most `seconds`."""
        kind = _kind(request)
        doubtful = kind is None or kind in self._answered or self._missed[kind] < CERTAIN
        return seconds if doubtful else min(seconds, SHORT)

    def tell(self, request: Record, *, answered: bool) -> None:
        kind = _kind(request)
        if kind is not None and answered:
            self._answered.add(kind)
        elif kind is not None:
            self._missed[kind] += 1


def _kind(request: Record) -> str | None:
    """The method, and which tool is called; None for what is no well-formed request."""
    message = request.message
    if request.meta.get("deliberate") or not isinstance(message, dict) or "id" not in message:
        return None
    method, params = message.get("method"), message.get("params")
    name = params.get("name") if isinstance(params, dict) else None
    return f"{method} {name}" if isinstance(method, str) else None
