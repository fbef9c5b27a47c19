"""Byte streams cut into lines, as arrivals. Shared by the links whose frames are lines."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from wireproof.model.wire import Arrival, Frame, Kind
from wireproof.transports.link import MAX_FRAME, now_ns

KEPT_OF_LONG = 4096
MAX_STDERR = 1024 * 1024
MAX_STDERR_LINES = 10_000
_LONGEST_STDERR_LINE = 64 * 1024

_NEWLINE: Mapping[bytes, Mapping[str, Any]] = {
    end: MappingProxyType({"newline": end.decode()}) for end in (b"\n", b"\r\n", b"")
}


class LineSplitter:
    """Bytes in, MESSAGE arrivals out: `data` is a line without its newline, meta.newline says which one it had.

    A line of more than `limit` bytes becomes one FAULT (meta.why, the first 4 KiB in `data`); the rest of it is dropped.
    """

    def __init__(self, limit: int = MAX_FRAME) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0
        self._skipping = False

    def feed(self, chunk: bytes) -> list[Arrival]:
        """What the chunk completes; all of it gets the time of this call."""
        at_ns = now_ns()
        lines = chunk.split(b"\n")
        rest = lines.pop()
        made: list[Arrival] = []
        for line in lines:
            whole = self._join(line)
            if self._skipping:
                self._skipping = False
                continue
            end = b"\n"
            if whole.endswith(b"\r"):
                whole, end = whole[:-1], b"\r\n"
            if len(whole) > self._limit:
                made.append(_too_long(whole, self._limit, at_ns))
            else:
                made.append(Arrival(kind=Kind.MESSAGE, at_ns=at_ns, data=whole, meta=_NEWLINE[end]))
        if rest and not self._skipping:
            self._parts.append(rest)
            self._size += len(rest)
            if self._size > self._limit + 1:  # the one more may be a carriage return of the newline
                made.append(_too_long(self._join(b""), self._limit, at_ns))
                self._skipping = True
        return made

    def finish(self) -> list[Arrival]:
        """The stream is over: a last line without a newline, if there is one."""
        whole = self._join(b"")
        if not whole or self._skipping:
            return []
        if len(whole) > self._limit:
            return [_too_long(whole, self._limit, now_ns())]
        return [Arrival(kind=Kind.MESSAGE, at_ns=now_ns(), data=whole, meta=_NEWLINE[b""])]

    def _join(self, line: bytes) -> bytes:
        if not self._parts:
            return line
        whole = b"".join([*self._parts, line])
        self._parts.clear()
        self._size = 0
        return whole


class StderrSplitter:
    """Bytes in, STDERR arrivals out, a line each; after `limit` bytes or MAX_STDERR_LINES one last arrival says that no more is kept."""

    def __init__(self, limit: int = MAX_STDERR) -> None:
        self._left = limit
        self._limit = limit
        self._rest = b""
        self._lines = 0
        self._told = False

    def feed(self, chunk: bytes) -> list[Arrival]:
        if self._told:
            return []
        at_ns = now_ns()
        kept = chunk[: self._left]
        self._left -= len(kept)
        lines = (self._rest + kept).split(b"\n")
        self._rest = lines.pop()
        over = len(kept) < len(chunk) or self._lines + len(lines) > MAX_STDERR_LINES
        made = [_stderr(line, at_ns) for line in lines[: MAX_STDERR_LINES - self._lines]]
        self._lines += len(made)
        if self._rest and (over or len(self._rest) > _LONGEST_STDERR_LINE):
            made.append(_stderr(self._rest, at_ns))
            self._rest = b""
        if over:
            self._told = True
            why = f"stderr is over {self._limit} bytes or {MAX_STDERR_LINES} lines; the rest is not kept"
            made.append(Arrival(kind=Kind.STDERR, at_ns=at_ns, meta={"truncated": True, "why": why}))
        return made

    def finish(self) -> list[Arrival]:
        rest, self._rest = self._rest, b""
        return [_stderr(rest, now_ns())] if rest else []


def outgoing(frame: Frame) -> list[bytes]:
    """The bytes of a frame on a line link, in the pieces that meta.pieces (offsets) asks for; meta.end replaces the newline."""
    end = frame.meta.get("end", b"\n")
    return cut(frame.data + end, frame.meta.get("pieces", ()))


def cut(data: bytes, offsets: Any) -> list[bytes]:
    """`data` cut at those offsets; offsets outside of it do nothing."""
    inner = sorted({int(one) for one in offsets or () if 0 < int(one) < len(data)})
    return [data[a:b] for a, b in zip([0, *inner], [*inner, len(data)], strict=True)]


def _stderr(line: bytes, at_ns: int) -> Arrival:
    return Arrival(kind=Kind.STDERR, at_ns=at_ns, data=line.removesuffix(b"\r"))


def _too_long(whole: bytes, limit: int, at_ns: int) -> Arrival:
    why = f"frame-too-long: a line of more than {limit} bytes"
    return Arrival(kind=Kind.FAULT, at_ns=at_ns, data=whole[:KEPT_OF_LONG], meta={"why": why, "kept": KEPT_OF_LONG})
