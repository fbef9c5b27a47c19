"""The link interface: what stands between the player and a target.

A link moves frames and reports arrivals; it knows no protocol, parses no JSON and never raises because of what a peer does:
a refused connection, a broken frame, a cut stream and an exit are arrivals. It raises only on our own misuse.
"""

from __future__ import annotations

import time
from types import TracebackType
from typing import Protocol, Self

from wireproof.model.wire import Arrival, Frame

MAX_FRAME = 16 * 1024 * 1024
"""Bytes of one line, body or event that are kept; what is longer becomes a FAULT arrival."""


class LinkClosed(Exception):
    """`send` or `receive` on a link that is over: the peer went away (its arrivals said so) or we closed it."""


class Link(Protocol):
    """One connection. `name` is stdio, memory or http; arrivals of all channels come through one `receive`."""

    name: str

    async def send(self, frame: Frame) -> None:
        """Sends one frame. Raises LinkClosed when the peer no longer reads; never waits for an answer."""

    async def receive(self) -> Arrival:
        """The next arrival on any channel, in order of arrival. Raises LinkClosed after the last one."""

    async def close_channel(self, channel: str) -> None:
        """Abandons one HTTP exchange (drops its TCP connection); on a line link does what `finish` does."""

    async def finish(self) -> None:
        """Says that no more frames follow (stdio: closes stdin); arrivals go on until the peer is gone."""

    async def aclose(self) -> None:
        """Ends everything within bounded time, kills what does not end; safe to call twice."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def now_ns() -> int:
    """The one clock of the transports: monotonic, nanoseconds."""
    return time.monotonic_ns()
