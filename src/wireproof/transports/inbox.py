"""The bounded queue between whatever reads a peer and the one who calls `receive`.

A flooding peer must not eat memory, so the reading side has to ask whether there is room and stop reading when there is none.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterable

import anyio
from anyio.lowlevel import cancel_shielded_checkpoint

from wireproof.model.wire import Arrival
from wireproof.transports.link import LinkClosed

MAX_ARRIVALS = 10_000
MAX_BYTES = 64 * 1024 * 1024
_FAIR = 64  # arrivals handed out in a row before other tasks get a turn


class Inbox:
    """Arrivals in order. Made inside a running event loop; `get` belongs to that loop, `put` to any thread.

    `on_room` is called, in the loop, when an inbox that was full has been half emptied.
    """

    def __init__(
        self, *, max_arrivals: int = MAX_ARRIVALS, max_bytes: int = MAX_BYTES, on_room: Callable[[], None] | None = None
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._items: deque[Arrival] = deque()
        self._bytes = 0
        self._max_arrivals = max_arrivals
        self._max_bytes = max_bytes
        self._on_room = on_room
        self._was_full = False
        self._closed = False
        self._lock = threading.Lock()
        self._room = threading.Condition(self._lock)
        self._waiter: anyio.Event | None = None
        self._room_event: anyio.Event | None = None
        self._streak = 0
        self.dropping = False
        """Set while a link closes: what does not fit is then thrown away instead of stopping the reader."""
        self.dropped = 0

    @property
    def full(self) -> bool:
        """No more should be read from the peer for now. What was read already may still be put."""
        return len(self._items) >= self._max_arrivals or self._bytes >= self._max_bytes

    @property
    def closed(self) -> bool:
        return self._closed

    def put(self, *arrivals: Arrival, always: bool = False) -> None:
        """Adds arrivals; after `close` nothing. `always` keeps facts about the channel also while dropping."""
        with self._lock:
            if self._closed:
                return
            for arrival in arrivals:
                if self.dropping and not always and self.full:
                    self.dropped += 1
                    continue
                self._items.append(arrival)
                self._bytes += len(arrival.data)
            self._was_full = self._was_full or self.full
            self._wake()

    def put_waiting(self, arrivals: Iterable[Arrival]) -> None:
        """Like `put` for a thread that is not the loop's: blocks first while the inbox is full."""
        with self._room:
            while self.full and not self.dropping and not self._closed:
                self._room.wait()
        self.put(*arrivals)

    def drop_from_now(self) -> None:
        """Never again stop a reader (threads that wait for room go on)."""
        with self._room:
            self.dropping = True
            self._room.notify_all()
        self._announce_room()

    def close(self) -> None:
        """Nothing follows: `get` gives what is there and then raises LinkClosed."""
        with self._room:
            self._closed = True
            self._wake()
            self._room.notify_all()

    async def get(self) -> Arrival:
        """The next arrival. Cancelling it loses nothing. Raises LinkClosed after the last one."""
        while True:
            with self._lock:
                arrival = self._items.popleft() if self._items else None
                if arrival is None:
                    if self._closed:
                        raise LinkClosed
                    if self._waiter is None:
                        self._waiter = anyio.Event()
                    waiter = self._waiter
                else:
                    self._bytes -= len(arrival.data)
            if arrival is None:
                await waiter.wait()
                self._streak = 0
                continue
            if self._was_full:
                self._relax()
            self._streak += 1
            if self._streak >= _FAIR:
                self._streak = 0
                await cancel_shielded_checkpoint()
            return arrival

    async def room(self) -> None:
        """Waits, in the loop, until there is room (or the inbox was closed or drops what does not fit)."""
        while self.full and not self.dropping and not self._closed:
            self._was_full = True
            if self._room_event is None:
                self._room_event = anyio.Event()
            await self._room_event.wait()

    def _relax(self) -> None:
        if len(self._items) > self._max_arrivals // 2 or self._bytes > self._max_bytes // 2:
            return
        with self._room:
            self._was_full = False
            self._room.notify_all()
        self._announce_room()

    def _announce_room(self) -> None:
        event, self._room_event = self._room_event, None
        if event is not None:
            event.set()
        if self._on_room is not None:
            self._on_room()

    def _wake(self) -> None:
        """With the lock held: wakes `get`, from whatever thread this is."""
        waiter, self._waiter = self._waiter, None
        if waiter is None:
            return
        if threading.get_ident() == self._thread:
            waiter.set()
            return
        try:
            self._loop.call_soon_threadsafe(waiter.set)
        except RuntimeError:  # the loop is over, so nobody waits any more
            return
