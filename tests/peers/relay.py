"""A relay between an HTTP client and a server on this machine that keeps what passes, so that bytes can be shown.

Bytes go through as they are, with one exception: where the client names the relay's port, the server hears its own (a server may
look at Host and Origin). Standard library only; one thread a direction, all ended when the relay is closed.
"""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from peerlist import free_port

_CHUNK = 65536
_LINGER_S = 0.5
_LENGTH = re.compile(rb"(?im)^content-length:[ \t]*(\d+)")
_CHUNKED = re.compile(rb"(?im)^transfer-encoding:[^\r\n]*chunked")
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One HTTP message: the first line and the headers, the body without chunk sizes, and where it began."""

    offset: int
    head: bytes
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """A request, when it began (seconds of the Unix clock), and its response, None when there was none."""

    at: float
    request: Part
    response: Part | None


@dataclass(slots=True)
class _Wire:
    """The bytes of one connection, both ways; `marks` are (offset, time) of each piece of the client's."""

    sent: bytearray = field(default_factory=bytearray)
    came: bytearray = field(default_factory=bytearray)
    marks: list[tuple[int, float]] = field(default_factory=list)

    def exchanges(self) -> Iterator[Passed]:
        responses = [part for part in parts(bytes(self.came), response=True) if not part.head.startswith(b"HTTP/1.1 1")]
        for index, request in enumerate(parts(bytes(self.sent), response=False)):
            begun = max((at for offset, at in self.marks if offset <= request.offset), default=0.0)
            yield Passed(at=begun, request=request, response=responses[index] if index < len(responses) else None)


class Relay:
    """Listens on `port` and passes everything to `upstream` (a port of this machine)."""

    def __init__(self, upstream: int) -> None:
        self.port = free_port()
        while len(str(self.port)) != len(str(upstream)):
            self.port = free_port()
        self._upstream = upstream
        self._names = (b":%d" % self.port, b":%d" % upstream)
        self._wires: list[_Wire] = []
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._start(self._accept)

    def exchanges(self) -> list[Passed]:
        """Everything so far, in the order of the requests."""
        return sorted((one for wire in list(self._wires) for one in wire.exchanges()), key=lambda one: one.at)

    def close(self) -> None:
        """Stops listening, cuts what is open, and waits for the threads."""
        for one in (self._listener, *self._sockets):
            _cut(one)
        for thread in self._threads:
            thread.join(5)

    def _start(self, work: Callable[..., None], *words: object) -> None:
        thread = threading.Thread(target=work, args=words, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self._upstream))
            except OSError:
                near.close()
                continue
            wire = _Wire()
            self._wires.append(wire)
            self._sockets += [near, far]
            self._start(self._outward, near, far, wire)
            self._start(self._homeward, far, near, wire)

    def _outward(self, near: socket.socket, far: socket.socket, wire: _Wire) -> None:
        for piece in _pieces(near):
            told = piece.replace(*self._names)
            wire.marks.append((len(wire.sent), time.time()))
            wire.sent += told
            if not _send(far, told):
                break
        # A client that has seen the status may leave before the body came; the body is worth keeping all the same.
        time.sleep(_LINGER_S)
        _cut(far)

    def _homeward(self, far: socket.socket, near: socket.socket, wire: _Wire) -> None:
        heard = True
        for piece in _pieces(far):
            wire.came += piece
            heard = heard and _send(near, piece)
        _cut(near)


@contextmanager
def relaying(upstream: int) -> Iterator[Relay]:
    """A relay that is closed at the end."""
    relay = Relay(upstream)
    try:
        yield relay
    finally:
        relay.close()


def parts(data: bytes, *, response: bool) -> Iterator[Part]:
    """The HTTP messages in the bytes of one direction; the last one may be incomplete."""
    at = 0
    while (end := data.find(b"\r\n\r\n", at)) >= 0:
        head, body_at = data[at:end], end + 4
        status = _STATUS.match(head)
        empty = status is not None and (status[1][:1] == b"1" or status[1] in (b"204", b"304"))
        if _CHUNKED.search(head):
            body, after = _unchunked(data, body_at)
        elif (length := _LENGTH.search(head)) is not None:
            after = body_at + int(length[1])
            body = data[body_at:after]
        elif response and not empty:
            body, after = data[body_at:], len(data)
        else:
            body, after = b"", body_at
        yield Part(offset=at, head=head, body=body)
        at = after


def _unchunked(data: bytes, at: int) -> tuple[bytes, int]:
    body = bytearray()
    while (line_end := data.find(b"\r\n", at)) >= 0:
        size = int(data[at:line_end].split(b";")[0] or b"0", 16)
        at = line_end + 2 + size + 2
        if not size:
            return bytes(body), at
        body += data[line_end + 2 : line_end + 2 + size]
    return bytes(body), len(data)


def _pieces(source: socket.socket) -> Iterator[bytes]:
    while True:
        try:
            piece = source.recv(_CHUNK)
        except OSError:
            return
        if not piece:
            return
        yield piece


def _send(target: socket.socket, piece: bytes) -> bool:
    try:
        target.sendall(piece)
    except OSError:
        return False
    return True


def _cut(one: socket.socket) -> None:
    with suppress(OSError):  # it may not be connected any more, which is what we want
        one.shutdown(socket.SHUT_RDWR)
    one.close()
