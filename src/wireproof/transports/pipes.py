"""Reading and writing the pipes of a child from an event loop.

Where the loop can watch descriptors it does so itself: no thread, no task, one system call a chunk. Elsewhere (Windows) a
thread a pipe does blocking reads.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import Callable
from typing import Protocol

import anyio
from anyio import to_thread

CHUNK = 64 * 1024
POLLS = sys.platform != "win32"


class Reader(Protocol):
    """Gives chunks to `on_data` and once, at the end of the stream, calls `on_eof`; both in the event loop. Owns the descriptor."""

    def pause(self) -> None: ...

    def resume(self) -> None: ...

    def stop(self) -> None:
        """Reads no more and gives the descriptor back; calls nothing any more."""


class PollReader:
    """A reader on `loop.add_reader`."""

    def __init__(self, descriptor: int, on_data: Callable[[bytes], None], on_eof: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._descriptor = descriptor
        self._on_data, self._on_eof = on_data, on_eof
        self._open = True
        os.set_blocking(descriptor, False)
        self._loop.add_reader(descriptor, self._readable)

    def _readable(self) -> None:
        try:
            chunk = os.read(self._descriptor, CHUNK)
        except BlockingIOError:
            return
        except OSError:  # a pipe in whatever odd state gives nothing any more
            chunk = b""
        if chunk:
            self._on_data(chunk)
        elif self._open:
            self.stop()
            self._on_eof()

    def pause(self) -> None:
        if self._open:
            self._loop.remove_reader(self._descriptor)

    def resume(self) -> None:
        if self._open:
            self._loop.add_reader(self._descriptor, self._readable)

    def stop(self) -> None:
        if self._open:
            self._open = False
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)


class ThreadReader:
    """A reader on a daemon thread. After `stop` the thread ends with the next byte or the end of the stream."""

    def __init__(self, descriptor: int, on_data: Callable[[bytes], None], on_eof: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._descriptor = descriptor
        self._on_data, self._on_eof = on_data, on_eof
        self._stopped = False
        self._may_read = threading.Event()
        self._may_read.set()
        self._taken = threading.Semaphore(1)  # one chunk at most is on its way to the loop
        threading.Thread(target=self._run, name=f"reader of {descriptor}", daemon=True).start()

    def _run(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is over
            while not self._stopped:
                self._may_read.wait()
                try:
                    chunk = os.read(self._descriptor, CHUNK)
                except OSError:
                    chunk = b""
                self._taken.acquire()
                self._loop.call_soon_threadsafe(self._deliver, chunk)
                if not chunk:
                    break
        os.close(self._descriptor)

    def _deliver(self, chunk: bytes) -> None:
        self._taken.release()
        if self._stopped:
            return
        if chunk:
            self._on_data(chunk)
        else:
            self._stopped = True
            self._on_eof()

    def pause(self) -> None:
        self._may_read.clear()

    def resume(self) -> None:
        self._may_read.set()

    def stop(self) -> None:
        self._stopped = True
        self._may_read.set()


def read_pipe(descriptor: int, on_data: Callable[[bytes], None], on_eof: Callable[[], None]) -> Reader:
    """The reader that this platform has."""
    return (PollReader if POLLS else ThreadReader)(descriptor, on_data, on_eof)


class PipeClosed(Exception):
    """Nobody reads the pipe any more, or we closed it."""


class PipeWriter:
    """Writes all of a buffer, waiting while the pipe is full. Not for two tasks at once. Owns the descriptor."""

    def __init__(self, descriptor: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._descriptor = descriptor
        self._open = True
        self._waiting: anyio.Event | None = None
        if POLLS:
            os.set_blocking(descriptor, False)

    @property
    def open(self) -> bool:
        return self._open

    def write_now(self, data: bytes) -> bytes:
        """Writes what the pipe takes without waiting and gives back the rest. Raises PipeClosed."""
        if not self._open:
            raise PipeClosed
        if not POLLS:
            return data
        try:
            return data[os.write(self._descriptor, data) :]
        except BlockingIOError:
            return data
        except OSError as error:
            raise PipeClosed from error

    async def write(self, data: bytes) -> None:
        """Raises PipeClosed. A cancelled write may have written a part."""
        if not POLLS:
            await self._write_in_thread(data)
            return
        rest = memoryview(data)
        while rest:
            if not self._open:
                raise PipeClosed
            try:
                rest = rest[os.write(self._descriptor, rest) :]
            except BlockingIOError:
                await self._writable()
            except OSError as error:
                raise PipeClosed from error

    async def _writable(self) -> None:
        self._waiting = anyio.Event()
        self._loop.add_writer(self._descriptor, self._waiting.set)
        try:
            await self._waiting.wait()
        finally:
            self._waiting = None
            if self._open:
                self._loop.remove_writer(self._descriptor)

    async def _write_in_thread(self, data: bytes) -> None:
        def write_all() -> None:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]

        if not self._open:
            raise PipeClosed
        try:
            await to_thread.run_sync(write_all, abandon_on_cancel=True)
        except OSError as error:
            raise PipeClosed from error

    def close(self) -> None:
        """Closes the pipe; a writer that waits gets PipeClosed. Safe to call twice."""
        if not self._open:
            return
        self._open = False
        if self._waiting is not None:
            self._loop.remove_writer(self._descriptor)
            self._waiting.set()
        os.close(self._descriptor)
