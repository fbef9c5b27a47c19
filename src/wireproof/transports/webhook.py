"""A webhook on loopback: an HTTP/1.1 server to which a target posts what it has to tell. Every request is an arrival.

It answers 204; a challenge (GET with `validationToken`) is answered with that token, and the first request to a place whose name
begins with `fails`, or the first three where it begins with `fails-thrice`, with 503, so that one sees what comes of it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Final
from urllib.parse import parse_qs, urlsplit

import h11

from wireproof.model.wire import Arrival, Kind
from wireproof.transports.link import now_ns

HOST: Final = "127.0.0.1"
MOST: Final = 1024 * 1024
"""Bytes of one body that are kept; who sends more is answered 413."""
_CHALLENGE: Final = "validationToken"


class Webhook:
    """`bring` is called with each request: kind DELIVERY, the body as data, meta `url` (of the place it came to), method, target,
    headers, status (of our answer). Places are made by `place`; what comes elsewhere is answered 404 and told to nobody.

    It has no task of its own: the loop calls it, so that it can be closed at any moment.
    """

    def __init__(self, bring: Callable[[Arrival], None]) -> None:
        self._bring = bring
        self._server: asyncio.Server | None = None
        self._places: dict[str, str] = {}
        self._failed: Counter[str] = Counter()
        self._count = 0
        self.port = 0
        self.closed = False
        self.senders: set[asyncio.Transport] = set()

    async def open(self) -> None:
        """Listens from then on. Raises OSError where no port can be had."""
        self._server = await asyncio.get_running_loop().create_server(lambda: _Sender(self), HOST, 0)
        self.port = int(self._server.sockets[0].getsockname()[1])

    def close(self) -> None:
        """Ends the server and every connection to it, also one that was accepted at this very moment."""
        self.closed = True
        if self._server is not None:
            loop = asyncio.get_running_loop()
            # asyncio drops a connection unclosed whose transport it makes after its server was closed: so first it accepts no
            # more, and the server closes once those that were accepted have their transports.
            for one in self._server.sockets:
                with suppress(NotImplementedError):  # where the loop has no readers
                    loop.remove_reader(one.fileno())
            loop.call_soon(self._server.close)
        for sender in list(self.senders):
            sender.abort()

    def place(self, path: str) -> str:
        """The URL of a new place. `path`: unreserved characters and slashes, used once."""
        self._places[f"/{path}"] = made = f"http://{HOST}:{self.port}/{path}"
        return made

    def taken(self, request: h11.Request, body: bytes) -> tuple[int, bytes]:
        """(status, body) of the answer to a request, once it was told what came."""
        target = request.target.decode("latin-1")
        parts = urlsplit(target)
        url = self._places.get(parts.path)
        if url is None:
            return 404, b""
        asked = parse_qs(parts.query).get(_CHALLENGE)
        method = request.method.decode("latin-1")
        status = 200 if asked else 204
        if self._failed[parts.path] < _failures(parts.path.rpartition("/")[2]):
            self._failed[parts.path] += 1
            status = 503
        self._count += 1
        headers = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in request.headers.raw_items()]
        meta = {"url": url, "method": method, "target": target, "headers": headers, "status": status}
        channel = f"webhook-{self._count}"
        self._bring(Arrival(kind=Kind.DELIVERY, at_ns=now_ns(), data=body, channel=channel, meta=meta))
        return status, asked[0].encode() if asked and status == 200 else b""


def _failures(name: str) -> int:
    """How many requests to a place of that name are refused."""
    return 3 if name.startswith("fails-thrice") else 1 if name.startswith("fails") else 0


class _Sender(asyncio.Protocol):
    """One connection to the webhook."""

    def __init__(self, hook: Webhook) -> None:
        self._hook = hook
        self._h11 = h11.Connection(h11.SERVER)
        self._request: h11.Request | None = None
        self._body = bytearray()
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._hook.senders.add(transport)
        if self._hook.closed:
            transport.abort()

    def connection_lost(self, _exc: Exception | None) -> None:
        self._hook.senders.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        try:
            self._h11.receive_data(data)
            while self._goes_on():
                continue
        except (h11.ProtocolError, ValueError):  # that is no HTTP, or no URL
            self._transport.abort()

    def _goes_on(self) -> bool:
        """Takes one event; tells whether there may be another."""
        event = self._h11.next_event()
        if event is h11.NEED_DATA or event is h11.PAUSED:
            if self._h11.they_are_waiting_for_100_continue:
                self._write(h11.InformationalResponse(status_code=100, headers=[]))
            return False
        if isinstance(event, h11.Request):
            self._request, self._body = event, bytearray()
        elif isinstance(event, h11.Data):
            self._body += event.data
            if len(self._body) > MOST:
                self._answer(413, b"")
                self._transport.close()
                return False
        elif isinstance(event, h11.EndOfMessage) and self._request is not None:
            self._answer(*self._hook.taken(self._request, bytes(self._body)))
            if self._h11.our_state is not h11.DONE or self._h11.their_state is not h11.DONE:
                self._transport.close()
                return False
            self._h11.start_next_cycle()
        else:
            self._transport.close()
            return False
        return True

    def _answer(self, status: int, body: bytes) -> None:
        headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))] if status != 204 else []
        self._write(h11.Response(status_code=status, headers=headers))
        if body:
            self._write(h11.Data(data=body))
        self._write(h11.EndOfMessage())

    def _write(self, event: h11.Event) -> None:
        self._transport.write(self._h11.send(event) or b"")
