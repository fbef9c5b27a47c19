"""A target that is a child process and speaks in lines over its standard streams."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Self

import anyio
from anyio.lowlevel import checkpoint_if_cancelled

from wireproof.model.wire import Arrival, Frame, Kind
from wireproof.transports.child import Child
from wireproof.transports.inbox import Inbox
from wireproof.transports.lines import LineSplitter, StderrSplitter, outgoing
from wireproof.transports.link import LinkClosed, now_ns
from wireproof.transports.pipes import PipeClosed, PipeWriter, read_pipe

SEND_DEADLINE: Final = 10.0
PIECE_PAUSE: Final = 0.02
GRACE: Final = 2.0
_HELD = 0.5  # seconds of silence after an exit before a stream that a descendant holds open counts as over
_KILL_WAIT = 5.0


class StdioLink:
    """One child process. Arrivals: MESSAGE a line of stdout, STDERR a line of stderr, FAULT, then EOF, then EXIT.

    EXIT meta: `code` (None when unknown), `signal` (name or None), `asked` (the strongest thing we had done by then: "" nothing,
    "stdin" closed it, "term", "kill"). EOF meta has `held` when the process ended but a descendant keeps its stdout, and `dropped`
    when so much came while closing that arrivals were thrown away.

    A descendant that leaves the process group (setsid) is out of reach; it loses its pipes and nothing more.
    """

    name = "stdio"

    def __init__(self, child: Child, *, grace: float = GRACE, send_deadline: float = SEND_DEADLINE) -> None:
        """Of a child just started, inside a running event loop; use `open`."""
        stdin, stdout, stderr = child.pipes
        self._child = child
        self._loop = asyncio.get_running_loop()
        self._grace = grace
        self._send_deadline = send_deadline
        self._inbox = Inbox(on_room=self._resume)
        self._lines, self._notes = LineSplitter(), StderrSplitter()
        self._stdin = PipeWriter(stdin)
        self._sending = anyio.Lock()
        self._torn = False
        self._readers = {
            "stdout": read_pipe(stdout, self._take_stdout, self._end_stdout),
            "stderr": read_pipe(stderr, self._take_stderr, self._end_stderr),
        }
        self._paused = False
        self._read_at = now_ns()
        self._asked = ""
        self._gone = anyio.Event()  # the process has ended
        self._over = anyio.Event()  # and all that it wrote was read
        self._closed: anyio.Event | None = None
        child.watch(self._exited)

    @classmethod
    async def open(
        cls,
        command: tuple[str, ...],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
        grace: float = GRACE,
        send_deadline: float = SEND_DEADLINE,
    ) -> Self:
        """Starts the command; `env` is added to our own environment. `grace`: seconds that each stage of the shutdown waits.

        Raises TargetUnreachable when it cannot be started.
        """
        return cls(Child(command, env or {}, cwd), grace=grace, send_deadline=send_deadline)

    @property
    def pid(self) -> int:
        """The process id, which is also the id of its group."""
        return self._child.pid

    # -- what comes ---------------------------------------------------------------------------------------------------

    def _take_stdout(self, chunk: bytes) -> None:
        self._put(self._lines.feed(chunk))

    def _take_stderr(self, chunk: bytes) -> None:
        self._put(self._notes.feed(chunk))

    def _put(self, arrivals: list[Arrival]) -> None:
        self._read_at = now_ns()
        self._inbox.put(*arrivals)
        if self._inbox.full and not self._inbox.dropping and not self._paused:
            self._paused = True
            for reader in self._readers.values():
                reader.pause()

    def _resume(self) -> None:
        self._read_at = now_ns()
        if self._paused:
            self._paused = False
            for reader in self._readers.values():
                reader.resume()

    def _end_stdout(self, **meta: Any) -> None:
        del self._readers["stdout"]
        self._inbox.put(*self._lines.finish())
        if self._inbox.dropped:
            meta["dropped"] = self._inbox.dropped
        self._inbox.put(Arrival(kind=Kind.EOF, at_ns=now_ns(), meta=meta), always=True)
        self._conclude()

    def _end_stderr(self) -> None:
        del self._readers["stderr"]
        self._inbox.put(*self._notes.finish())
        self._conclude()

    def _exited(self) -> None:
        self._gone.set()
        self._conclude()
        if not self._over.is_set():
            self._wait_for_streams()

    def _wait_for_streams(self) -> None:
        """A descendant may hold the streams of a process that ended: when it writes nothing any more, they count as over."""
        if self._over.is_set():
            return
        if not self._paused and now_ns() - self._read_at > _HELD * 1e9:
            self._let_go()
        else:
            self._later(_HELD / 2)

    def _later(self, seconds: float) -> None:
        self._loop.call_later(seconds, self._wait_for_streams)

    def _let_go(self) -> None:
        for reader in self._readers.values():
            reader.stop()
        if "stderr" in self._readers:
            self._end_stderr()
        if "stdout" in self._readers:
            self._end_stdout(held=True)

    def _conclude(self) -> None:
        if self._readers or not self._gone.is_set() or self._over.is_set():
            return
        meta = {"code": self._child.code, "signal": self._child.signal, "asked": self._asked}
        self._inbox.put(Arrival(kind=Kind.EXIT, at_ns=now_ns(), meta=meta), always=True)
        self._inbox.close()
        self._over.set()

    # -- the link -----------------------------------------------------------------------------------------------------

    async def send(self, frame: Frame) -> None:
        """Writes one line. meta.end (bytes) replaces the newline; meta.pieces (offsets) splits the write, with a pause between.

        Raises LinkClosed when the peer no longer reads, or has read nothing for the deadline.
        """
        await checkpoint_if_cancelled()
        try:
            self._sending.acquire_nowait()
        except anyio.WouldBlock:
            await self._sending.acquire()
        try:
            await self._send(outgoing(frame))
        except PipeClosed:
            raise LinkClosed from None
        finally:
            self._sending.release()

    async def _send(self, pieces: list[bytes]) -> None:
        if self._torn or self._gone.is_set():
            raise LinkClosed
        pieces[0] = self._stdin.write_now(pieces[0])
        if len(pieces) == 1 and not pieces[0]:
            return
        # What follows half a line would be read as the rest of it, and the peer be blamed for that.
        self._torn = True
        try:
            with anyio.fail_after(self._send_deadline):
                for index, piece in enumerate(pieces):
                    if index:
                        await anyio.sleep(PIECE_PAUSE)
                    await self._stdin.write(piece)
        except TimeoutError:
            if not self._inbox.full:  # else it may be our own not reading that blocks the peer
                why = f"timeout: stdin was not read for {self._send_deadline:g} s"
                self._inbox.put(Arrival(kind=Kind.FAULT, at_ns=now_ns(), meta={"why": why}))
            raise LinkClosed from None
        self._torn = False

    async def receive(self) -> Arrival:
        """The next arrival; raises LinkClosed after EXIT."""
        return await self._inbox.get()

    async def close_channel(self, channel: str) -> None:  # noqa: ARG002 - a line link has one channel
        await self.finish()

    async def finish(self) -> None:
        """Closes stdin."""
        self._ask("stdin")
        self._stdin.close()

    async def aclose(self) -> None:
        """Closes stdin, waits, SIGTERM to the group, waits, SIGKILL to the group. What arrived can still be received."""
        with anyio.CancelScope(shield=True):
            if self._closed is not None:
                await self._closed.wait()
                return
            self._closed = anyio.Event()
            try:
                await self._shut_down()
            finally:
                self._closed.set()

    async def _shut_down(self) -> None:
        self._inbox.drop_from_now()
        await self.finish()
        if not await self._is_gone(self._grace):
            self._ask("term")
            self._child.ask()
            if not await self._is_gone(self._grace):
                self._ask("kill")
                self._child.kill()
                await self._is_gone(_KILL_WAIT)
        self._child.kill()  # whoever of the group outlived its leader
        with anyio.move_on_after(_HELD):
            await self._over.wait()
        self._let_go()
        self._inbox.close()
        if self._gone.is_set():
            self._child.reap()

    async def _is_gone(self, seconds: float) -> bool:
        with anyio.move_on_after(seconds):
            await self._gone.wait()
        return self._gone.is_set()

    def _ask(self, how: str) -> None:
        if not self._gone.is_set():
            self._asked = how

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
