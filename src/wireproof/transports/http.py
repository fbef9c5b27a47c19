"""HTTP/1.1 written by hand: the request goes out as the frame says, faults included; h11 only reads the response."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import anyio
import h11

from wireproof.model.errors import UsageError
from wireproof.model.wire import Frame
from wireproof.transports.channels import ExchangeLink, backoff
from wireproof.transports.connection import CannotConnect, Connection, Pool, tls_context
from wireproof.transports.lines import cut
from wireproof.transports.reply import RAW_KEPT, Reply, ReplyTooLong
from wireproof.transports.request import Origin, Request, compose

CONNECT_TIMEOUT: Final = 10.0
PIECE_PAUSE: Final = 0.02
_MAX_HEAD: Final = 256 * 1024
_CHUNK: Final = 64 * 1024
_INLINE: Final = (
    32 * 1024
)  # a request up to this size fits the socket's buffer, so writing it cannot block on a server that answers first
_WRITE_ERRORS = (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError)


@dataclass(slots=True, kw_only=True)
class _Outcome:
    """How reading a response went."""

    reusable: bool = False
    wait: float | None = None
    unanswered: str | None = None
    """Why there is no response at all: not one byte came."""


class HttpLink(ExchangeLink):
    """One origin over HTTP/1.1, with or without TLS. Each frame is one exchange on its own channel.

    Frame meta: `method` (POST), `target` (the URL's path; an absolute URL only on the same origin), `headers` (pairs, sent in that
    order and spelling), `without` (names of fields that must not be added), `verbatim` (data is the whole request), `pieces` (offsets
    into the whole request at which the write is split, with pauses), `retry_429` (wait for a busy server as it asks).

    HEAD meta: status, reason, headers, http_version; `attempt` with retry_429; `retried` when a kept connection turned out to be dead and the
    request was sent again on a new one; `informational` (status and headers of 1xx answers). END meta: complete, why, and `framing`:
    what told the end of the body. A partial body goes before END as BYTES.
    """

    def __init__(
        self,
        url: str,
        *,
        headers: Iterable[tuple[str, str]] = (),
        ca_file: str | None = None,
        cert: tuple[str, str] | None = None,
        insecure: bool = False,
        max_rps: float | None = None,
        connect_timeout: float = CONNECT_TIMEOUT,
        roams: bool = False,
    ) -> None:
        """`headers` are added to requests that do not name them. `roams`: frames may name absolute URLs on other origins too, to which
        these headers do not go. Raises UsageError for a URL or a certificate of no use."""
        self._origin = Origin.of(url)
        super().__init__((self._origin.host, self._origin.port), max_rps=max_rps)
        self._defaults = tuple(headers)
        context = tls_context(ca_file, cert, insecure) if self._origin.tls else None
        self._pool = Pool(self._origin, context, connect_timeout)
        self._trust = (ca_file, cert, insecure)
        self._connect_timeout = connect_timeout
        self._roams = roams
        self._others: dict[tuple[str, str], Pool] = {}

    async def _dispose(self) -> None:
        for pool in (self._pool, *self._others.values()):
            await pool.close()

    def _where(self, wanted: str | None) -> tuple[Origin, str | None, Pool]:
        """(origin, target there, its connections); no target where it may not be asked for."""
        target = self._origin.target(wanted)
        if target is not None or not self._roams or wanted is None:
            return self._origin, target, self._pool
        try:
            origin = Origin.of(wanted)
        except UsageError:
            return self._origin, None, self._pool
        key = (origin.scheme, origin.authority)
        if key not in self._others:
            context = tls_context(*self._trust) if origin.tls else None
            self._others[key] = Pool(origin, context, self._connect_timeout)
        return origin, origin.path, self._others[key]

    async def _attempt(self, frame: Frame, reply: Reply, last: bool, meta: dict[str, Any]) -> float | None:
        origin, target, pool = self._where(frame.meta.get("target"))
        if target is None:
            why = f"foreign: {frame.meta['target']} is not on {self._origin.scheme}://{self._origin.authority}"
            _give_up(reply, why)
            return None
        request = compose(frame, origin, target, self._defaults if origin is self._origin else ())
        pieces = cut(request.data, frame.meta.get("pieces"))
        connection = await pool.take() if request.reusable else None
        if connection is not None:
            outcome = await self._exchange(pool, connection, request, pieces, reply, last, meta)
            if outcome.unanswered is None:
                return outcome.wait
            meta = {**meta, "retried": True}  # the server had closed it; nothing of the answer had come
        try:
            connection = await pool.open()
        except CannotConnect as error:
            _give_up(reply, str(error))
            return None
        outcome = await self._exchange(pool, connection, request, pieces, reply, last, meta)
        if outcome.unanswered is not None:
            _give_up(reply, outcome.unanswered)
        return outcome.wait

    async def _exchange(
        self,
        pool: Pool,
        connection: Connection,
        request: Request,
        pieces: list[bytes],
        reply: Reply,
        last: bool,
        meta: dict[str, Any],
    ) -> _Outcome:
        kept = False
        reader = _ResponseReader(connection, request, reply, last, meta)
        try:
            if len(pieces) == 1 and len(request.data) <= _INLINE:
                await _write(connection, pieces)
                outcome = await reader.read()
            else:
                outcome = await _write_and_read(connection, pieces, reader)
            kept = outcome.reusable and request.reusable
            if kept:
                await pool.give_back(connection)
        finally:
            if not kept:
                await connection.drop()
            reader.report_end()
        return outcome


async def _write(connection: Connection, pieces: list[bytes]) -> bool:
    """Did all of it go out? A server may refuse the rest of a request and still answer, so reading decides what that means."""
    try:
        for index, piece in enumerate(pieces):
            if index:
                await anyio.sleep(PIECE_PAUSE)
            await connection.stream.send(piece)
    except _WRITE_ERRORS:
        return False
    return True


async def _write_and_read(connection: Connection, pieces: list[bytes], reader: _ResponseReader) -> _Outcome:
    """Reads while it writes: a server may answer before it has read everything."""
    written = False

    async def write() -> None:
        nonlocal written
        written = await _write(connection, pieces)

    async with anyio.create_task_group() as both:
        both.start_soon(write)
        outcome = await reader.read()
        both.cancel_scope.cancel()
    outcome.reusable = outcome.reusable and written
    return outcome


class _ResponseReader:
    """Reads one response and reports it."""

    def __init__(
        self, connection: Connection, request: Request, reply: Reply, last: bool, meta: dict[str, Any]
    ) -> None:
        self._connection = connection
        self._reply = reply
        self._last = last
        self._meta = meta
        self._machine = _expecting_response(request.method)
        self._informational: list[list[Any]] = []
        self._received = 0
        self._chunk = b""
        self._eof = False
        self._framing = ""
        self._swallow = False
        self._end: dict[str, Any] | None = None

    def report_end(self) -> None:
        """After the connection was given back or closed, so that who sees END may rely on it."""
        if self._end is not None:
            self._reply.end(**self._end)

    async def read(self) -> _Outcome:
        """Until the response is complete or cut. Raises nothing that a server could cause."""
        outcome = _Outcome()
        try:
            while True:
                event = await self._next()
                if isinstance(event, h11.InformationalResponse):
                    self._informational.append([event.status_code, _pairs(event)])
                elif isinstance(event, h11.Response):
                    self._head(event, outcome)
                elif isinstance(event, h11.Data):
                    if not self._swallow:
                        await self._reply.data(bytes(event.data))
                elif isinstance(event, h11.EndOfMessage):
                    self._complete(outcome)
                    return outcome
                else:  # paused or closed: the protocol was switched, nothing of HTTP follows
                    self._end = {"complete": True, "why": "switched to another protocol", "framing": "none"}
                    return outcome
        except ReplyTooLong:
            self._end = {"complete": False, "why": "frame-too-long"}
        except h11.RemoteProtocolError as error:
            self._broken(error, outcome)
        except _WRITE_ERRORS as error:
            self._reset(error, outcome)
        return outcome

    async def _next(self) -> Any:
        while (event := self._machine.next_event()) is h11.NEED_DATA:
            try:
                self._chunk = await self._connection.stream.receive(_CHUNK)
            except anyio.EndOfStream:
                self._chunk = b""
            self._eof = not self._chunk
            self._received += len(self._chunk)
            self._machine.receive_data(self._chunk)
        return event

    def _head(self, event: h11.Response, outcome: _Outcome) -> None:
        pairs = _pairs(event)
        seconds = None if self._last else backoff(event.status_code, [(name, value) for name, value in pairs])
        self._swallow = seconds is not None
        outcome.wait = seconds
        meta = dict(self._meta)
        if self._informational:
            meta["informational"] = self._informational
        version = event.http_version.decode("ascii")
        reason = event.reason.decode("latin-1")
        self._framing = _framing(pairs)
        self._reply.head(event.status_code, reason, event.headers.raw_items(), version, **meta)

    def _complete(self, outcome: _Outcome) -> None:
        surplus, _ = self._machine.trailing_data
        if surplus:
            self._reply.fault(f"surplus: {len(surplus)} bytes or more after the end of the response", surplus)
        finished = self._machine.our_state is h11.DONE and self._machine.their_state is h11.DONE
        outcome.reusable = finished and not surplus
        if not self._swallow:
            framing = self._framing if not self._eof else "close"
            self._end = {"complete": True, "framing": framing}

    def _broken(self, error: h11.RemoteProtocolError, outcome: _Outcome) -> None:
        if self._eof and not self._received:
            outcome.unanswered = "reset: the server closed the connection without a response"
            return
        outcome.wait = None
        if not self._eof:
            self._reply.fault(f"http: {error}", self._chunk[:RAW_KEPT])
        elif not self._reply.started:
            raw, _ = self._machine.trailing_data
            self._reply.fault("cut: the connection closed inside the head of the response", raw)
        why = f"cut: {error}" if self._eof else f"http: {error}"
        self._end = {"complete": False, "why": why, "framing": self._framing}

    def _reset(self, error: Exception, outcome: _Outcome) -> None:
        cause = error.__cause__ or error
        why = f"reset: {type(cause).__name__}"
        if not self._received:
            outcome.unanswered = why
            return
        outcome.wait = None
        self._reply.fault(why)
        self._end = {"complete": False, "why": why, "framing": self._framing}


def _give_up(reply: Reply, why: str) -> None:
    reply.fault(why)
    reply.end(complete=False, why=why)


def _expecting_response(method: str) -> h11.Connection:
    """A reader in the state after a request. h11 sees a blameless stand-in: of ours, only the method changes what follows."""
    machine = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_HEAD)
    stand_in = method if method in ("HEAD", "CONNECT") else "POST"
    fields = [("Host", "stand-in"), ("Content-Length", "0")]
    machine.send(h11.Request(method=stand_in, target="/", headers=fields))
    machine.send(h11.EndOfMessage())
    return machine


def _pairs(event: h11.Response | h11.InformationalResponse) -> list[list[str]]:
    return [[name.decode("latin-1"), value.decode("latin-1")] for name, value in event.headers.raw_items()]


def _framing(pairs: list[list[str]]) -> str:
    names = {name.lower() for name, _ in pairs}
    if "transfer-encoding" in names:
        return "chunked"
    return "length" if "content-length" in names else "none"
