"""A server on HTTP that is started for a run and stopped after it, with its whole process group."""

from __future__ import annotations

import os
from typing import Final

import anyio
from anyio.abc import ByteStream

from wireproof.model.errors import TargetUnreachable
from wireproof.model.target import Target
from wireproof.transports.child import Child
from wireproof.transports.pipes import Reader, read_pipe
from wireproof.transports.request import Origin

GRACE: Final = 3.0
"""Seconds between asking it to end and ending it."""
_KEPT: Final = 8192
_LINES: Final = 8
_PAUSE: Final = 0.1
_PATIENCE: Final = 2.0  # seconds for a first byte; a server that holds the connection for so long is there, only slow


class ServedTarget:
    """The process behind `target.starts`. Use: `await open()`, then in any case `await aclose()`.

    What it writes is read and thrown away but for its end, so that it never waits for a full pipe.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._origin = Origin.of(target.url)
        self._child: Child | None = None
        self._gone = anyio.Event()
        self._asked = False
        self._stdin = -1
        self._readers: list[Reader] = []
        self._wrote = {"stdout": bytearray(), "stderr": bytearray()}

    async def open(self) -> None:
        """Starts the command and waits until something answers at the URL.

        TargetUnreachable when somebody else answers there already, the command cannot be started, ends, or nothing answers within
        `startup_wait`; its hint has the last lines that it wrote.
        """
        if await self._answers():
            raise TargetUnreachable(
                f"something listens on {self._origin.authority} already, so {self._target.label!r} was not started",
                hint="stop it, give the target another port, or leave its command out to play what runs there",
            )
        self._child = Child(self._target.starts, self._target.env, self._target.cwd)
        self._stdin, stdout, stderr = self._child.pipes
        self._readers = [self._reader(stdout, "stdout"), self._reader(stderr, "stderr")]
        self._child.watch(self._gone.set)
        with anyio.move_on_after(self._target.startup_wait):
            while not self._gone.is_set():
                if await self._answers():
                    return
                with anyio.move_on_after(_PAUSE):
                    await self._gone.wait()
        if self._gone.is_set():
            raise TargetUnreachable(
                f"{self._target.label!r} exited ({self._end()}) before it answered",
                hint=self.tail() or "it wrote nothing",
            )
        raise TargetUnreachable(
            f"{self._target.label!r} was started, but nothing answered at {self._target.url} within {self._target.startup_wait:g} s",
            hint="\n".join(
                filter(None, ("is the port right? If it only starts slowly, raise startup-wait", self.tail()))
            ),
        )

    @property
    def ended(self) -> str:
        """How it ended by itself; empty while it runs, or when we stopped it."""
        return self._end() if self._gone.is_set() and not self._asked else ""

    def tail(self) -> str:
        """The last lines that it wrote, for a hint; of stderr, or where that is empty of stdout."""
        for name, wrote in self._wrote.items():
            lines = [one for one in wrote.decode("utf-8", "backslashreplace").splitlines() if one.strip()]
            if lines and (name == "stderr" or not self._wrote["stderr"].strip()):
                return f"its {name} ends with:\n" + "\n".join(f"    {one[:160]}" for one in lines[-_LINES:])
        return ""

    def _end(self) -> str:
        if self._child is None:
            return ""
        return f"killed by {self._child.signal}" if self._child.signal else f"code {self._child.code}"

    def _reader(self, descriptor: int, name: str) -> Reader:
        kept = self._wrote[name]

        def take(chunk: bytes) -> None:
            kept.extend(chunk)
            del kept[:-_KEPT]

        return read_pipe(descriptor, take, lambda: None)

    async def _answers(self) -> bool:
        """Does anybody answer there? A connection that is closed at once is no answer: a port may be forwarded to nobody."""
        origin = self._origin
        try:
            with anyio.fail_after(_PATIENCE):
                stream = await anyio.connect_tcp(origin.host, origin.port)
        except (OSError, TimeoutError):
            return False
        async with stream:
            return origin.tls or await self._replies(stream)

    async def _replies(self, stream: ByteStream) -> bool:
        origin = self._origin
        ask = f"OPTIONS {origin.path} HTTP/1.1\r\nHost: {origin.authority}\r\nConnection: close\r\n\r\n"
        try:
            await stream.send(ask.encode("ascii", "replace"))
            with anyio.move_on_after(_PATIENCE):
                return bool(await stream.receive())
        except (anyio.EndOfStream, anyio.BrokenResourceError, OSError):
            return False
        return True

    async def aclose(self) -> None:
        """Closes its stdin, SIGTERM to the group, waits, SIGKILL to the group."""
        if self._child is None:
            return
        with anyio.CancelScope(shield=True):
            self._asked = self._asked or not self._gone.is_set()
            os.close(self._stdin)
            self._child.ask()
            with anyio.move_on_after(GRACE):
                await self._gone.wait()
            self._child.kill()  # also whoever of the group outlived its leader
            with anyio.move_on_after(GRACE):
                await self._gone.wait()
            for reader in self._readers:
                reader.stop()
            if self._gone.is_set():
                self._child.reap()
            self._child = None
