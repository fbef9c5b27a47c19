"""A byte stream whose two ends are in one process, with the manners of a socket: bounded, cut into whatever pieces are asked for."""

from __future__ import annotations

from typing import Any, Final, Self

import anyio
from anyio.abc import ByteStream
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

_HELD: Final = 16
"""Pieces that wait to be read; who writes more waits, as one does whose socket buffer is full."""


class End(ByteStream):
    """One end. What is sent after the other end was closed raises BrokenResourceError; what is read then, EndOfStream."""

    def __init__(self, out: MemoryObjectSendStream[bytes], into: MemoryObjectReceiveStream[bytes]) -> None:
        self._out = out
        self._into = into
        self._rest = b""

    @classmethod
    def pair(cls) -> tuple[Self, Self]:
        here, there = anyio.create_memory_object_stream[bytes](_HELD), anyio.create_memory_object_stream[bytes](_HELD)
        return cls(here[0], there[1]), cls(there[0], here[1])

    async def receive(self, max_bytes: int = 65536) -> bytes:
        data = self._rest or await self._into.receive()
        data, self._rest = data[:max_bytes], data[max_bytes:]
        return data

    async def send(self, item: bytes) -> None:
        if item:
            await self._out.send(bytes(item))

    async def send_eof(self) -> None:
        self._out.close()

    async def aclose(self) -> None:
        """At once, so that it is done even in a scope that was cancelled."""
        self._out.close()
        self._into.close()

    @property
    def extra_attributes(self) -> Any:
        return {}
