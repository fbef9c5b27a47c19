"""Live progress on stderr, one line that is rewritten; nothing at all when stderr is no terminal, except what must be said."""

from __future__ import annotations

import shutil
import sys
import textwrap
from typing import Final, Self

from wireproof.cli.main import harmless
from wireproof.model.events import Event, ExchangePlayed, Planned, Told, TranscriptOpened
from wireproof.report.words import plural

_CLEAR: Final = "\r\x1b[2K"
_MOST_NAMES: Final = 30
_CALLED: Final = {"mcp": ("tool", "called"), "a2a": ("text", "said to the agent")}
"""What of a target's is set to work, by protocol, and how."""


class Progress:
    """Listens to a run's events. `enabled`: stderr is a terminal, so the line may be drawn."""

    def __init__(self, *, enabled: bool) -> None:
        self._enabled = enabled
        self._played = 0
        self._planned = 0
        self._places: dict[str, str] = {}
        self._named: set[str] = set()

    def __call__(self, event: Event) -> None:
        match event:
            case Planned():
                self._calls(event)
                self._planned += len(event.exchanges)
            case Told(level="detected" | "warning" | "stopped" | "gone" | "drawing" | "found"):
                self._say(event.text)
            case Told(level="offer"):
                self._line(event.text)
            case TranscriptOpened():
                self._places[event.transcript] = f"{event.revision} {event.transport}"
            case ExchangePlayed():
                self._played += 1
                total = f"/{self._planned}" if self._planned >= self._played else ""
                self._line(f"{self._played}{total} {self._places.get(event.transcript, '')} {event.span}")

    def _calls(self, event: Planned) -> None:
        """Which tools are about to be called is said before the first call, each name once a run, whichever revisions list it."""
        fresh = [one for one in event.calls if one not in self._named]
        if not fresh:
            return
        first = not self._named
        self._named.update(fresh)
        listed = ", ".join(fresh[:_MOST_NAMES]) + (
            f" and {len(fresh) - _MOST_NAMES} more" if len(fresh) > _MOST_NAMES else ""
        )
        noun, verb = _CALLED[event.protocol]
        what = (
            f"{plural(len(fresh), noun)} will be {verb}, in one revision or more"
            if first
            else f"to be {verb} besides, in {event.revision}"
        )
        self._say(f"{what}: {listed}")

    def _say(self, text: str) -> None:
        width = _width() if self._enabled else 100
        wrapped = textwrap.wrap(
            f"wireproof: {harmless(text)}", width=width, subsequent_indent="  ", break_on_hyphens=False
        )
        sys.stderr.write((_CLEAR if self._enabled else "") + "\n".join(wrapped) + "\n")
        sys.stderr.flush()

    def _line(self, text: str) -> None:
        if self._enabled:
            sys.stderr.write(_CLEAR + harmless(text)[: _width()])
            sys.stderr.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._enabled:
            sys.stderr.write(_CLEAR)
            sys.stderr.flush()


def _width() -> int:
    return max(20, shutil.get_terminal_size((80, 24)).columns - 1)
