"""HTTP through httpx: for proxies and HTTP/2, where writing the bytes ourselves is not possible."""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncIterator, Iterable
from importlib.util import find_spec
from typing import Any, Final

import anyio
import httpx

from wireproof.model.errors import UsageError
from wireproof.model.wire import Frame
from wireproof.transports.channels import ExchangeLink, backoff
from wireproof.transports.connection import tls_context
from wireproof.transports.lines import cut
from wireproof.transports.reply import Reply, ReplyTooLong
from wireproof.transports.request import Origin, fields, method_of

CONNECT_TIMEOUT: Final = 10.0
PIECE_PAUSE: Final = 0.02


class HttpxLink(ExchangeLink):
    """The link of `HttpLink` with httpx underneath. Every arrival's meta has via "httpx": its bytes are not the wire's own.

    It cannot send verbatim requests, nor leave out Host; such a frame gets a FAULT.
    """

    def __init__(
        self,
        url: str,
        *,
        proxy: str | None = None,
        headers: Iterable[tuple[str, str]] = (),
        ca_file: str | None = None,
        cert: tuple[str, str] | None = None,
        insecure: bool = False,
        max_rps: float | None = None,
        connect_timeout: float = CONNECT_TIMEOUT,
        http2: bool = False,
        roams: bool = False,
    ) -> None:
        """`roams`: see `HttpLink`. Raises UsageError for a URL, proxy or certificate of no use, and for HTTP/2 when the package h2 is missing."""
        self._origin = Origin.of(url)
        super().__init__((self._origin.host, self._origin.port), max_rps=max_rps)
        if http2 and find_spec("h2") is None:
            raise UsageError("HTTP/2 needs the package h2", hint="install httpx[http2]")
        self._defaults = tuple(headers)
        self._roams = roams
        try:
            self._client = httpx.AsyncClient(
                verify=tls_context(ca_file, cert, insecure),
                proxy=proxy,
                http1=not http2,
                http2=http2,
                timeout=httpx.Timeout(None, connect=connect_timeout),
                limits=httpx.Limits(max_connections=None, max_keepalive_connections=4, keepalive_expiry=4.0),
                follow_redirects=False,
                trust_env=False,
            )
        except (ValueError, httpx.InvalidURL, ImportError) as error:
            raise UsageError(f"the proxy cannot be used: {error}", hint="give it as http://host:port") from error

    def _marks(self) -> dict[str, Any]:
        return {"via": "httpx"}

    async def _dispose(self) -> None:
        await self._client.aclose()

    async def _attempt(self, frame: Frame, reply: Reply, last: bool, meta: dict[str, Any]) -> float | None:
        origin, target = self._where(frame.meta.get("target"))
        without = {str(name).lower() for name in frame.meta.get("without", ())}
        if target is None or frame.meta.get("verbatim") or "host" in without:
            what = "a target on another origin" if target is None else "a verbatim request or one without Host"
            why = f"unsupported: {what} cannot be sent through httpx"
            reply.fault(why)
            reply.end(complete=False, why=why)
            return None
        why = ""
        try:
            response = await self._client.send(self._request(frame, origin, target), stream=True)
            try:
                return await _consume(response, reply, last, meta)
            finally:
                with anyio.CancelScope(shield=True):
                    await response.aclose()
        except ReplyTooLong:
            why = "frame-too-long"
        except (httpx.TransportError, httpx.InvalidURL, OSError) as error:
            why = explain(error)
            if not (isinstance(error, httpx.RemoteProtocolError) and reply.started and _cut(error)):
                reply.fault(why)
        reply.end(complete=False, why=why)
        return None

    def _where(self, wanted: str | None) -> tuple[Origin, str | None]:
        """(origin, target there); no target where it may not be asked for."""
        target = self._origin.target(wanted)
        if target is not None or not self._roams or wanted is None:
            return self._origin, target
        try:
            origin = Origin.of(wanted)
        except UsageError:
            return self._origin, None
        return origin, origin.path

    def _request(self, frame: Frame, origin: Origin, target: str) -> httpx.Request:
        made = [
            (name.encode("utf-8", "surrogateescape"), value.encode("utf-8", "surrogateescape"))
            for name, value in fields(frame, origin, self._defaults if origin is self._origin else ())
        ]
        url = httpx.URL(f"{origin.scheme}://{origin.authority}").copy_with(raw_path=target.encode())
        pieces = cut(frame.data, frame.meta.get("pieces"))
        content: Any = frame.data or None
        if len(pieces) > 1:
            content = _slowly(pieces)
        request = httpx.Request(method_of(frame), url, headers=made, content=content)
        kept = {name.lower() for name, _ in made}
        request.headers = httpx.Headers([(name, value) for name, value in request.headers.raw if name.lower() in kept])
        return request


async def _slowly(pieces: list[bytes]) -> AsyncIterator[bytes]:
    for index, piece in enumerate(pieces):
        if index:
            await anyio.sleep(PIECE_PAUSE)
        yield piece


async def _consume(response: httpx.Response, reply: Reply, last: bool, meta: dict[str, Any]) -> float | None:
    seconds = None if last else backoff(response.status_code, list(response.headers.multi_items()))
    version = response.http_version.removeprefix("HTTP/")
    reply.head(response.status_code, response.reason_phrase, response.headers.raw, version, **meta)
    if seconds is not None:
        return seconds
    async for chunk in response.aiter_raw():
        await reply.data(chunk)
    reply.end(complete=True)
    return None


def _cut(error: Exception) -> bool:
    return "closed connection" in str(error)


def explain(error: Exception) -> str:
    """The FAULT text of what httpx raised; it begins with the same words as that of the link that writes its own bytes."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return f"tls: {getattr(cause, 'verify_message', '') or cause.reason or cause}"
        if isinstance(cause, socket.gaierror | UnicodeError):
            return "dns: no address for the server or the proxy"
        if isinstance(cause, ConnectionRefusedError):
            return "refused: nothing listens there"
        cause = cause.__cause__ or cause.__context__
    match error:
        case httpx.ProxyError():
            return f"proxy: {error}"
        case httpx.TimeoutException():
            return "timeout: no connection in time"
        case httpx.ConnectError():
            return f"refused: {error}"
        case httpx.RemoteProtocolError():
            return ("cut: " if _cut(error) else "http: ") + str(error)
    return f"reset: {error or type(error).__name__}"
