"""A peer in this process: a blocking function in a thread that believes it has standard streams."""

from __future__ import annotations

import asyncio
import threading
import traceback
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

import anyio
from anyio.lowlevel import checkpoint_if_cancelled

from wireproof.model.wire import Arrival, Frame, Kind
from wireproof.transports.inbox import Inbox
from wireproof.transports.lines import LineSplitter, StderrSplitter, outgoing
from wireproof.transports.link import LinkClosed, now_ns

ReadLine = Callable[[], bytes | None]
WriteBytes = Callable[[bytes], None]
Serve = Callable[[ReadLine, WriteBytes, WriteBytes], object]
"""serve(read_line, write_line, write_err): `read_line` gives a line with its newline (the last may lack it) and None at the
end; `write_line` and `write_err` take bytes as a stream, and raise BrokenPipeError once the link is closed."""

GRACE: Final = 2.0
_CAPACITY = 1024 * 1024  # bytes that wait unread before `send` waits too, like a pipe
_SEND_DEADLINE = 10.0


class _Input:
    """The peer's stdin: bytes in from the loop, lines out to the thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._lines: deque[bytes] = deque()
        self._rest = b""
        self._size = 0
        self._ended = False

    @property
    def full(self) -> bool:
        return self._size >= _CAPACITY

    @property
    def ended(self) -> bool:
        return self._ended

    def write(self, data: bytes) -> None:
        with self._changed:
            lines = (self._rest + data).split(b"\n")
            self._rest = lines.pop()
            self._lines.extend(line + b"\n" for line in lines)
            self._size += len(data)
            self._changed.notify()

    def end(self) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def read_line(self) -> bytes | None:
        with self._changed:
            while not self._lines and not self._ended:
                self._changed.wait()
            if self._lines:
                line = self._lines.popleft()
            else:
                line, self._rest = self._rest, b""
            self._size -= len(line)
            return line or None


class MemoryLink:
    """The arrivals are those of stdio: MESSAGE, STDERR, EOF, EXIT (code 0, or 1 when `serve` raised: its traceback is on stderr).

    A thread cannot be killed: a `serve` that does not return within the grace after its input ended is left behind, unable to
    write; EXIT then has code None and says `abandoned`.
    """

    name = "memory"

    def __init__(self, serve: Serve, *, grace: float = GRACE) -> None:
        self._serve = serve
        self._grace = grace
        self._input = _Input()
        self._lines, self._notes = LineSplitter(), StderrSplitter()
        self._writing = threading.Lock()
        self._over = False
        self._done: anyio.Event | None = None
        self._inbox: Inbox | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __aenter__(self) -> Self:
        """Starts the peer."""
        self._loop = asyncio.get_running_loop()
        self._done = anyio.Event()
        self._inbox = Inbox()
        threading.Thread(target=self._run, args=(self._loop, self._inbox), name="in-process peer", daemon=True).start()
        return self

    def _run(self, loop: asyncio.AbstractEventLoop, inbox: Inbox) -> None:
        code = 0
        try:
            self._serve(self._input.read_line, self._write_line, self._write_err)
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else int(error.code is not None)
        except BaseException:  # whatever else ends the peer is a fact about it
            code = 1
            inbox.put_waiting([*self._notes.finish(), *self._notes.feed(traceback.format_exc().encode())])
        inbox.put_waiting([*self._lines.finish(), *self._notes.finish()])
        self._conclude(inbox, code)
        try:
            loop.call_soon_threadsafe(self._finished)
        except RuntimeError:  # the loop is over, so nobody waits for us
            return

    def _conclude(self, inbox: Inbox, code: int | None) -> None:
        self._over = True
        self._input.end()
        meta = {"code": code, "signal": None} if code is not None else {"code": None, "signal": None, "abandoned": True}
        inbox.put(
            Arrival(kind=Kind.EOF, at_ns=now_ns()), Arrival(kind=Kind.EXIT, at_ns=now_ns(), meta=meta), always=True
        )
        inbox.close()

    def _finished(self) -> None:
        if self._done is not None:
            self._done.set()

    def _write_line(self, data: bytes) -> None:
        self._write(data, self._lines)

    def _write_err(self, data: bytes) -> None:
        self._write(data, self._notes)

    def _write(self, data: bytes, splitter: LineSplitter | StderrSplitter) -> None:
        if self._over or self._inbox is None:
            raise BrokenPipeError("the link is closed")
        with self._writing:  # a peer may write from several threads
            self._inbox.put_waiting(splitter.feed(bytes(data)))

    async def send(self, frame: Frame) -> None:
        """Gives one line to the peer; meta as on stdio. Raises LinkClosed when it no longer reads."""
        await checkpoint_if_cancelled()
        deadline = anyio.current_time() + _SEND_DEADLINE
        while self._input.full and not self._over:
            if anyio.current_time() > deadline:
                raise LinkClosed
            await anyio.sleep(0.01)
        if self._over or self._input.ended:
            raise LinkClosed
        for piece in outgoing(frame):
            self._input.write(piece)

    async def receive(self) -> Arrival:
        if self._inbox is None:
            raise LinkClosed
        return await self._inbox.get()

    async def close_channel(self, channel: str) -> None:  # noqa: ARG002 - a line link has one channel
        await self.finish()

    async def finish(self) -> None:
        """Ends the peer's input."""
        self._input.end()

    async def aclose(self) -> None:
        """Ends the peer's input and waits until the function has returned, at most the grace."""
        inbox, done = self._inbox, self._done
        if inbox is None or done is None:
            return
        with anyio.CancelScope(shield=True):
            inbox.drop_from_now()
            self._input.end()
            with anyio.move_on_after(self._grace):
                await done.wait()
            if not inbox.closed:
                self._conclude(inbox, None)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
