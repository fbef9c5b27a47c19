"""Live progress on stderr, one line that is rewritten; nothing at all when stderr is no terminal, except what must be said."""

from __future__ import annotations

import sys
from typing import Self

from wireproof.model.events import Event, ExchangePlayed, Told


class Progress:
    """Listens to a run's events."""

    def __init__(self, *, enabled: bool) -> None:
        self._enabled = enabled
        self._count = 0

    def __call__(self, event: Event) -> None:
        if isinstance(event, Told) and event.level in ("calls", "warning"):
            self._clear()
            sys.stderr.write(f"wireproof: {event.text}\n")
            sys.stderr.flush()
        elif self._enabled and isinstance(event, Told):
            self._line(event.text)
        elif self._enabled and isinstance(event, ExchangePlayed):
            self._count += 1
            self._line(f"{self._count} exchanges; {event.span}")

    def _line(self, text: str) -> None:
        sys.stderr.write("\r\x1b[2K" + "".join(char for char in text if char.isprintable())[:78])
        sys.stderr.flush()

    def _clear(self) -> None:
        if self._enabled:
            sys.stderr.write("\r\x1b[2K")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._clear()
        sys.stderr.flush()
