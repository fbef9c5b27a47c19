"""TCP and TLS connections to one origin, and the few that wait for their next request."""

from __future__ import annotations

import contextlib
import errno
import select
import socket
import ssl
from functools import lru_cache
from typing import Any, Final

import anyio
from anyio.abc import ByteStream, SocketAttribute

from wireproof.model.errors import UsageError
from wireproof.transports.link import now_ns
from wireproof.transports.request import Origin

MAX_IDLE: Final = 4
IDLE_NS: Final = 4 * 10**9  # below the five seconds after which common servers close an idle connection


class CannotConnect(Exception):
    """No connection came about; the text begins with the word that a FAULT uses."""


class Connection:
    """A stream to the origin. `used` says that an earlier exchange was played on it."""

    def __init__(self, stream: ByteStream) -> None:
        self.stream = stream
        self.used = False
        self.idle_since = 0

    @property
    def fresh_enough(self) -> bool:
        """Young, and silent: one that has something to read was closed by the server, or holds what nobody asked for."""
        if now_ns() - self.idle_since > IDLE_NS:
            return False
        try:
            return not _readable(self.stream.extra(SocketAttribute.raw_socket))  # noqa: S610 - anyio's, not Django's
        except (OSError, ValueError):
            return False

    async def drop(self) -> None:
        """Closes it at once, whatever is under way."""
        with anyio.CancelScope(shield=True), contextlib.suppress(OSError, anyio.BrokenResourceError):
            await anyio.aclose_forcefully(self.stream)


class Pool:
    """Opens connections and keeps those that may be used again."""

    def __init__(self, origin: Origin, context: ssl.SSLContext | None, connect_timeout: float) -> None:
        self._origin = origin
        self._context = context
        self._timeout = connect_timeout
        self._idle: list[Connection] = []

    async def take(self) -> Connection | None:
        """An idle connection that still seems to be alive."""
        while self._idle:
            connection = self._idle.pop()
            if connection.fresh_enough:
                return connection
            await connection.drop()
        return None

    async def open(self) -> Connection:
        """A new connection. Raises CannotConnect."""
        origin = self._origin
        try:
            with anyio.fail_after(self._timeout):
                if self._context is None:
                    return Connection(await anyio.connect_tcp(origin.host, origin.port))
                return Connection(
                    await anyio.connect_tcp(
                        origin.host,
                        origin.port,
                        tls=True,
                        ssl_context=self._context,
                        tls_standard_compatible=False,  # a missing close_notify is the habit of many; bodies are framed anyway
                    )
                )
        except (OSError, TimeoutError, UnicodeError, anyio.EndOfStream, anyio.BrokenResourceError) as error:
            raise CannotConnect(self._explain(error)) from error

    def _explain(self, error: BaseException) -> str:
        where = self._origin.authority
        causes = _causes(error)
        tls = next((one for one in causes if isinstance(one, ssl.SSLError)), None)
        if tls is not None:
            return f"tls: {getattr(tls, 'verify_message', '') or tls.reason or tls}"
        if any(isinstance(one, socket.gaierror | UnicodeError) for one in causes):
            return f"dns: no address for {self._origin.host}"
        if any(isinstance(one, ConnectionRefusedError) for one in causes):
            return f"refused: nothing listens on {where}"
        if any(isinstance(one, TimeoutError) for one in causes):
            return f"timeout: no connection to {where} within {self._timeout:g} s"
        if self._context is not None and any(isinstance(one, _CUT) for one in causes):
            return f"tls: {where} closed the connection during the handshake"
        if any(isinstance(one, _CUT) for one in causes):
            return f"reset: {where} closed the connection"
        number = next((one.errno for one in causes if isinstance(one, OSError) and one.errno), None)
        return f"unreachable: {where}" + (f" ({errno.errorcode.get(number, number)})" if number else f" ({error})")

    async def give_back(self, connection: Connection) -> None:
        """Keeps it for the next request, or closes it when enough are kept."""
        if len(self._idle) >= MAX_IDLE:
            await connection.drop()
            return
        connection.used = True
        connection.idle_since = now_ns()
        self._idle.append(connection)

    async def close(self) -> None:
        while self._idle:
            await self._idle.pop().drop()


_CUT = (anyio.EndOfStream, anyio.BrokenResourceError, ConnectionResetError, BrokenPipeError)


def _causes(error: BaseException) -> list[BaseException]:
    """The error and everything that led to it, groups taken apart."""
    found: list[BaseException] = []
    rest: list[BaseException | None] = [error]
    while rest:
        one = rest.pop()
        if one is None or one in found:
            continue
        found.append(one)
        rest.append(one.__cause__)
        if isinstance(one, BaseExceptionGroup):
            rest.extend(one.exceptions)
    return found


def _readable(raw: Any) -> bool:
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(raw.fileno(), select.POLLIN)
        return bool(poll.poll(0))
    return bool(select.select([raw], [], [], 0)[0])


@lru_cache(maxsize=8)
def tls_context(ca_file: str | None, cert: tuple[str, str] | None, insecure: bool) -> ssl.SSLContext:
    """How TLS is checked. `cert`: files with our certificate and its key. Raises UsageError when a file is of no use."""
    try:
        context = ssl.create_default_context(cafile=ca_file)
        if cert is not None:
            context.load_cert_chain(*cert)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(
            f"the CA file or client certificate cannot be used: {error}", hint="both must be readable PEM files"
        ) from error
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
