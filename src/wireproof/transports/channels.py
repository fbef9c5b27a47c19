"""Many HTTP exchanges at once behind one link: a task each, one inbox, each to be closed on its own."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from functools import cache
from types import TracebackType
from typing import Any, Final, Self

import anyio
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint_if_cancelled

from wireproof.model.wire import Arrival, Frame, header
from wireproof.transports.grpc import SCHEMES, Calls
from wireproof.transports.inbox import Inbox
from wireproof.transports.link import LinkClosed
from wireproof.transports.reply import Reply

TRIES: Final = 3
LONGEST_BACKOFF: Final = 10.0
_BUSY = (429, 503)


class Throttle:
    """Lets at most `rate` requests a second pass, evenly spaced."""

    def __init__(self, rate: float) -> None:
        self._gap = 1.0 / rate
        self._next = 0.0

    async def wait(self) -> None:
        now = time.monotonic()
        turn = max(now, self._next)
        self._next = turn + self._gap
        await anyio.sleep(turn - now)


@cache
def throttle(origin: tuple[str, int], rate: float) -> Throttle:  # noqa: ARG001 - the key of the cache
    """The one throttle of a server: links to it share its limit."""
    return Throttle(rate)


class _Live:
    """An exchange under way."""

    def __init__(self) -> None:
        self.scope = anyio.CancelScope()
        self.done = anyio.Event()


class ExchangeLink(ABC):
    """What the HTTP links have in common. Use it with `async with`: its tasks live as long as the block.

    Arrivals of a channel: HEAD, then MESSAGE or EVENT ..., then END; FAULT before END when something broke. Nothing that a server
    or a network does is raised.
    """

    name = "http"

    def __init__(self, origin: tuple[str, int], *, max_rps: float | None) -> None:
        self._throttle = throttle(origin, max_rps) if max_rps else None
        self._live: dict[str, _Live] = {}
        self._inbox: Inbox | None = None
        self._tasks: TaskGroup | None = None
        self._finished = False
        self._trust: tuple[str | None, tuple[str, str] | None, bool] = (None, None, False)
        self._calls: Calls | None = None

    @abstractmethod
    async def _attempt(self, frame: Frame, reply: Reply, last: bool, meta: dict[str, Any]) -> float | None:
        """Plays one request to its end. Unless it is the `last` try, a response for which `backoff` gives seconds is reported by
        its HEAD alone and those seconds are returned; in all other cases END has been reported. `meta` goes into the HEAD."""

    @abstractmethod
    async def _dispose(self) -> None:
        """Closes what outlives exchanges."""

    # -- the link -----------------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        self._inbox = Inbox()
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        return self

    async def send(self, frame: Frame) -> None:
        """Starts the exchange `frame.channel`. Raises LinkClosed after `finish`, ValueError for a channel that is under way."""
        await checkpoint_if_cancelled()
        if self._inbox is None or self._tasks is None or self._finished:
            raise LinkClosed
        if frame.channel in self._live:
            raise ValueError(f"channel {frame.channel} is under way")
        live = self._live[frame.channel] = _Live()
        self._tasks.start_soon(self._run, frame, live, Reply(self._inbox, frame.channel, **self._marks()))

    def _marks(self) -> dict[str, Any]:
        """What every arrival of this link carries in its meta."""
        return {}

    async def _run(self, frame: Frame, live: _Live, reply: Reply) -> None:
        try:
            with live.scope:
                await self._perform(frame, reply)
        finally:
            reply.end(complete=False, why="closed by us")
            self._live.pop(frame.channel, None)
            live.done.set()
            self._close_inbox_when_idle()

    async def _perform(self, frame: Frame, reply: Reply) -> None:
        if str(frame.meta.get("target", "")).startswith(SCHEMES):
            await self._call(frame, reply)
            return
        patient = bool(frame.meta.get("retry_429"))
        for attempt in range(1, TRIES + 1):
            if self._throttle is not None:
                await self._throttle.wait()
            seconds = await self._attempt(
                frame, reply, not patient or attempt == TRIES, {"attempt": attempt} if patient else {}
            )
            if seconds is None:
                return
            await anyio.sleep(seconds)

    async def _call(self, frame: Frame, reply: Reply) -> None:
        """A gRPC call instead of an HTTP request: its target says so."""
        if self._throttle is not None:
            await self._throttle.wait()
        if self._calls is None:
            self._calls = Calls(*self._trust)
        await self._calls.perform(frame, reply)

    async def receive(self) -> Arrival:
        """The next arrival of any channel; raises LinkClosed once the link is finished and its last exchange has ended."""
        if self._inbox is None:
            raise LinkClosed
        return await self._inbox.get()

    async def close_channel(self, channel: str) -> None:
        """Drops the exchange's connection; returns when that is done. An unknown or ended channel is left alone."""
        live = self._live.get(channel)
        if live is not None:
            live.scope.cancel()
            with anyio.CancelScope(shield=True):
                await live.done.wait()

    async def finish(self) -> None:
        """No new exchanges; those under way go on."""
        self._finished = True
        self._close_inbox_when_idle()

    def _close_inbox_when_idle(self) -> None:
        if self._finished and not self._live and self._inbox is not None:
            self._inbox.close()

    async def aclose(self) -> None:
        """Drops everything under way. What arrived can still be received."""
        self._finished = True
        if self._inbox is None:
            return
        with anyio.CancelScope(shield=True):
            self._inbox.drop_from_now()
            for live in list(self._live.values()):
                live.scope.cancel()
            for live in list(self._live.values()):
                await live.done.wait()
            if self._calls is not None:
                await self._calls.close()
            await self._dispose()
        self._inbox.close()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self.aclose()
        finally:
            tasks, self._tasks = self._tasks, None
            if tasks is not None:
                # Without the error of the block: the group would wrap it, and no task is left that could be told.
                await tasks.__aexit__(None, None, None)


def backoff(status: int, headers: list[tuple[str, str]]) -> float | None:
    """Seconds that a busy server asks us to wait, at most LONGEST_BACKOFF; None when it does not ask."""
    wanted = header(tuple(headers), "retry-after")
    if status not in _BUSY or wanted is None:
        return None
    # A date instead of a number would need the server's clock; the longest wait serves both.
    return min(LONGEST_BACKOFF, float(wanted)) if wanted.strip().isdecimal() else LONGEST_BACKOFF
