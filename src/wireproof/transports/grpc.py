"""gRPC calls beside HTTP requests: a frame is one call, bytes in and bytes out; what the bytes mean is for others to say.

grpcio comes with the extra `grpc` and is imported where it is used. Unary and server-streaming calls look alike here: on the wire the client
cannot tell them apart either, so an answer of several messages where one is due is seen as what it is.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from wireproof.model.wire import Frame
from wireproof.transports.link import MAX_FRAME
from wireproof.transports.reply import Reply

SCHEMES: Final = ("grpc://", "grpcs://")
"""How the target of a frame says that it is a call: in the clear, or over TLS; then host, port and /service/method."""
_HTTP: Final[Mapping[int, int]] = {
    0: 200, 1: 499, 2: 500, 3: 400, 4: 504, 5: 404, 6: 409, 7: 403, 8: 429, 9: 400, 10: 409, 11: 400, 12: 501, 13: 500, 14: 503, 15: 500,
    16: 401,
}  # fmt: skip
"""The HTTP status that google.rpc.Code maps each gRPC status to."""
_NEVER_THERE: Final = (
    "failed to connect to all addresses",
    "errors resolving",
    "DNS resolution failed",
    "Socket closed",
)
_NO_GRPC: Final = (
    "Received http2 header with status",
    "invalid content-type",
    "Failed parsing HTTP/2",
    "Trying to connect an http1",
)
_OWN_FIELDS: Final = ("content-type", "accept", "te", "user-agent", "host", "connection")


class Calls:
    """The gRPC side of a link: a channel for each origin, made when it is first asked for something."""

    def __init__(self, ca_file: str | None, cert: tuple[str, str] | None, insecure: bool) -> None:
        self._ca_file, self._cert, self._insecure = ca_file, cert, insecure
        self._channels: dict[str, Any] = {}

    async def perform(self, frame: Frame, reply: Reply) -> None:
        """Plays one call to its end: HEAD, MESSAGE ... and, when it was refused, a last MESSAGE whose data are the bytes of
        grpc-status-details-bin; then END. Every arrival but FAULT names the method in `rpc`, the last ones the status in `grpc_status`."""
        parts = urlsplit(str(frame.meta["target"]))
        try:
            channel = self._channel(parts.scheme, parts.netloc)
            call = channel.unary_stream(parts.path)(frame.data, metadata=_metadata(frame.meta.get("headers", ())))
        except (OSError, ValueError, TypeError, ImportError) as error:
            _give_up(reply, f"grpc: {error}")
            return
        try:
            await self._read(call, parts.path, reply)
        finally:
            call.cancel()

    async def _read(self, call: Any, path: str, reply: Reply) -> None:
        import grpc

        initial = await call.initial_metadata()
        code = (await call.code()).value[0] if call.done() else 0
        begun = False
        try:
            if code == 0:
                _head(reply, 0, initial, path)
                begun = True
            async for data in call:
                await reply.message(data, rpc=path)
        except grpc.aio.AioRpcError as error:
            code, text = error.code().value[0], error.details() or ""
            trailing = _pairs(error.trailing_metadata() or ())
            if not begun and (why := _local(code, text)):
                _give_up(reply, why)
                return
            if not begun:
                _head(reply, code, (*initial, *(error.trailing_metadata() or ())), path)
            details = next((value for name, value in trailing if name == b"grpc-status-details-bin"), b"")
            await reply.message(details, rpc=path, grpc_status=code, grpc_message=text)
            reply.end(complete=True, framing="grpc", rpc=path, grpc_status=code)
            return
        reply.end(complete=True, framing="grpc", rpc=path, grpc_status=0)

    def _channel(self, scheme: str, authority: str) -> Any:
        """Raises ValueError for what cannot be done, OSError for a file that cannot be read."""
        os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # what goes wrong is an arrival, not a line on our stderr
        os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
        import grpc

        key = f"{scheme}://{authority}"
        if key not in self._channels:
            options = (("grpc.max_receive_message_length", MAX_FRAME), ("grpc.enable_http_proxy", 0))
            if scheme == "grpcs":
                made = grpc.aio.secure_channel(authority, self._credentials(), options=options)
            else:
                made = grpc.aio.insecure_channel(authority, options=options)
            self._channels[key] = made
        return self._channels[key]

    def _credentials(self) -> Any:
        import grpc

        if self._insecure:
            raise ValueError("gRPC knows no --insecure; trust the certificate with --ca-file FILE")
        roots = Path(self._ca_file).read_bytes() if self._ca_file else None
        chain, key = (Path(one).read_bytes() for one in self._cert) if self._cert else (None, None)
        return grpc.ssl_channel_credentials(roots, key, chain)

    async def close(self) -> None:
        """Ends every channel and what is under way on it."""
        channels, self._channels = list(self._channels.values()), {}
        for one in channels:
            await one.close()


def _metadata(headers: Iterable[Iterable[str]]) -> tuple[tuple[str, str], ...]:
    """Names in lower case, as HTTP/2 has them, and without those that gRPC itself sends."""
    pairs = ((name.lower(), value) for name, value in headers)
    return tuple((name, value) for name, value in pairs if name not in _OWN_FIELDS and not name.startswith("grpc-"))


def _pairs(metadata: Iterable[tuple[str, str | bytes]]) -> list[tuple[bytes, bytes]]:
    return [
        (name.encode(), value if isinstance(value, bytes) else value.encode("latin-1", "replace"))
        for name, value in metadata
    ]


def _head(reply: Reply, code: int, metadata: Iterable[tuple[str, str | bytes]], path: str) -> None:
    pairs = [(name, value) for name, value in _pairs(metadata) if not name.endswith(b"-bin")]
    reply.head(_HTTP.get(code, 500), "", pairs, "2", rpc=path, grpc_status=code)


def _local(code: int, text: str) -> str:
    """Why no server said this status but our side made it up, in words that begin with one of those known; empty where a server did."""
    if any(sign in text for sign in _NO_GRPC):
        return f"http: what answers there speaks no gRPC: {text}"
    if code != 14 or not any(text.startswith(sign) for sign in _NEVER_THERE):
        return ""
    if "andshake" in text:
        return f"tls: {text}"
    if "resolv" in text or "DNS" in text:
        return f"dns: {text}"
    return f"refused: {text}" if "refused" in text else f"unreachable: {text}"


def _give_up(reply: Reply, why: str) -> None:
    reply.fault(why)
    reply.end(complete=False, why=why)
