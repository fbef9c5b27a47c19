"""A webhook on loopback: an HTTP/1.1 server to which a target posts what it has to tell. Every request is an arrival.

It answers 204; a challenge (GET with `validationToken`) is answered with that token, and the first request to a place whose name
begins with `fails` with 503, so that one sees what comes of it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Final
from urllib.parse import parse_qs, urlsplit

import anyio
import h11
from anyio.abc import ByteStream, Listener, SocketAttribute, TaskStatus

from wireproof.model.wire import Arrival, Kind
from wireproof.transports.link import now_ns

HOST: Final = "127.0.0.1"
MOST: Final = 1024 * 1024
"""Bytes of one body that are kept; who sends more is answered 413."""
_CHUNK: Final = 64 * 1024
_CHALLENGE: Final = "validationToken"
_QUIET: Final = 30.0
"""Seconds that a connection may be silent."""
_BROKEN: Final = (OSError, anyio.BrokenResourceError, anyio.ClosedResourceError, h11.ProtocolError, ValueError)
"""What comes of a sender that goes away or does not speak HTTP."""


class Webhook:
    """`bring` is called with each request: kind DELIVERY, the body as data, meta `url` (of the place it came to), method, target,
    headers, status (of our answer). Places are made by `place`; what comes elsewhere is answered 404 and told to nobody."""

    def __init__(self, bring: Callable[[Arrival], None]) -> None:
        self._bring = bring
        self._listener: Listener[ByteStream] | None = None
        self._places: dict[str, str] = {}
        self._failed: set[str] = set()
        self._count = 0
        self.port = 0

    async def live(self, *, task_status: TaskStatus[None]) -> None:
        """Serves until `close`. Raises OSError where no port can be had."""
        listeners = await anyio.create_tcp_listener(local_host=HOST, local_port=0)
        self._listener = listener = listeners.listeners[0]
        self.port = int(listener.extra(SocketAttribute.local_port))  # noqa: S610 - anyio's, not Django's
        async with listeners, anyio.create_task_group() as tasks:
            task_status.started()
            with contextlib.suppress(anyio.ClosedResourceError):
                await listener.serve(self._serve, tasks)
            tasks.cancel_scope.cancel()

    async def close(self) -> None:
        """Ends the server, and with it every connection. A listener is closed, not cancelled: a call may be coming in just then."""
        if self._listener is not None:
            await self._listener.aclose()

    def place(self, path: str) -> str:
        """The URL of a new place. `path`: unreserved characters and slashes, used once."""
        self._places[f"/{path}"] = made = f"http://{HOST}:{self.port}/{path}"
        return made

    async def _serve(self, stream: ByteStream) -> None:
        connection = h11.Connection(h11.SERVER)
        async with stream:
            with contextlib.suppress(*_BROKEN):
                while await self._one(stream, connection):
                    connection.start_next_cycle()

    async def _one(self, stream: ByteStream, connection: h11.Connection) -> bool:
        """Answers one request; tells whether another may follow."""
        request: h11.Request | None = None
        body = bytearray()
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                if connection.they_are_waiting_for_100_continue:
                    go_on = h11.InformationalResponse(status_code=100, headers=[])
                    await stream.send(connection.send(go_on) or b"")
                connection.receive_data(await _more(stream))
            elif isinstance(event, h11.Request):
                request = event
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > MOST:
                    await _answer(stream, connection, 413, b"")
                    return False
            elif isinstance(event, h11.EndOfMessage) and request is not None:
                status, said = self._taken(request, bytes(body))
                await _answer(stream, connection, status, said)
                return connection.our_state is h11.DONE and connection.their_state is h11.DONE
            else:
                return False

    def _taken(self, request: h11.Request, body: bytes) -> tuple[int, bytes]:
        """(status, body) of the answer, once it was told what came."""
        target = request.target.decode("latin-1")
        parts = urlsplit(target)
        url = self._places.get(parts.path)
        if url is None:
            return 404, b""
        asked = parse_qs(parts.query).get(_CHALLENGE)
        method = request.method.decode("latin-1")
        status = 200 if asked else 204
        if parts.path.rpartition("/")[2].startswith("fails") and parts.path not in self._failed:
            self._failed.add(parts.path)
            status = 503
        self._count += 1
        headers = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in request.headers.raw_items()]
        meta = {"url": url, "method": method, "target": target, "headers": headers, "status": status}
        channel = f"webhook-{self._count}"
        self._bring(Arrival(kind=Kind.DELIVERY, at_ns=now_ns(), data=body, channel=channel, meta=meta))
        return status, asked[0].encode() if asked and status == 200 else b""


async def _more(stream: ByteStream) -> bytes:
    try:
        with anyio.fail_after(_QUIET):
            return await stream.receive(_CHUNK)
    except (anyio.EndOfStream, TimeoutError):
        return b""


async def _answer(stream: ByteStream, connection: h11.Connection, status: int, body: bytes) -> None:
    headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))] if status != 204 else []
    data = connection.send(h11.Response(status_code=status, headers=headers)) or b""
    data += (connection.send(h11.Data(data=body)) or b"") if body else b""
    await stream.send(data + (connection.send(h11.EndOfMessage()) or b""))
