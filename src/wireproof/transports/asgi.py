"""ASGI applications of this process as targets: the bytes of the HTTP link meet a small server instead of a socket.

ASGI 3.0, HTTP and lifespan message formats. What an application server would refuse by itself, such as a malformed request, is
refused here too, with 400; an application that raises is answered for with 500, and its traceback goes to the log `wireproof.asgi`.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import unquote

import anyio
import h11
from anyio.abc import TaskGroup

from wireproof.model.errors import TargetUnreachable
from wireproof.model.target import AsgiApp
from wireproof.transports.connection import Connection, Pool
from wireproof.transports.duplex import End
from wireproof.transports.http import HttpLink
from wireproof.transports.request import Origin

Message = MutableMapping[str, Any]

_LOG: Final = logging.getLogger("wireproof.asgi")
_VERSIONS: Final = {"version": "3.0", "spec_version": "2.4"}
_GRACE: Final = 1.0
"""Seconds that an application has to end after its client has gone, or after its lifespan was told to."""
_STARTUP: Final = 30.0
_GONE = (anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream)


class AsgiLink(HttpLink):
    """An HTTP link to an application of this process. A new connection for each exchange, as they cost nothing."""

    def __init__(self, app: AsgiApp, url: str, *, headers: Iterable[tuple[str, str]] = ()) -> None:
        super().__init__(url, headers=headers)
        self._app = app
        self._serving: TaskGroup | None = None
        self._pool = _Bridge(self._origin, self._connect)

    async def __aenter__(self) -> Self:
        self._serving = anyio.create_task_group()
        await self._serving.__aenter__()
        return await super().__aenter__()

    async def _connect(self) -> Connection:
        assert self._serving is not None
        ours, theirs = End.pair()
        self._serving.start_soon(_Served(self._app, theirs, self._origin.authority, self._origin.scheme).run)
        return Connection(ours)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await super().__aexit__(kind, error, trace)
        finally:
            serving, self._serving = self._serving, None
            if serving is not None:
                serving.cancel_scope.deadline = anyio.current_time() + _GRACE
                await serving.__aexit__(None, None, None)


class _Bridge(Pool):
    """Stands where the HTTP link keeps its sockets."""

    def __init__(self, origin: Origin, connect: Callable[[], Awaitable[Connection]]) -> None:
        super().__init__(origin, None, 0.0)
        self._connect = connect

    async def open(self) -> Connection:
        return await self._connect()

    async def give_back(self, connection: Connection) -> None:
        await connection.drop()


class _Served:
    """The server's side of one connection: one request, one response."""

    _ports = itertools.count(40000)

    def __init__(self, app: AsgiApp, stream: End, authority: str, scheme: str) -> None:
        self._app = app
        self._stream = stream
        self._authority = authority
        self._scheme = scheme
        self._machine = h11.Connection(h11.SERVER)
        self._gone = anyio.Event()
        self._read = False
        self._answered = False
        self._over = anyio.Event()

    async def run(self) -> None:
        try:
            request = await self._next()
            if isinstance(request, h11.Request):
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(self._serve, self._scope(request), tasks)
        except h11.RemoteProtocolError as error:
            await self._refuse(error.error_status_hint, str(error))
        except _GONE:
            pass  # the client went before it had asked for anything
        finally:
            await self._stream.aclose()

    async def _next(self) -> Any:
        while (event := self._machine.next_event()) is h11.NEED_DATA:
            if self._machine.they_are_waiting_for_100_continue:
                go_on = h11.InformationalResponse(status_code=100, headers=[])
                await self._stream.send(self._machine.send(go_on) or b"")
            try:
                data = await self._stream.receive()
            except anyio.EndOfStream:
                data = b""
            self._machine.receive_data(data)
        return event

    def _scope(self, request: h11.Request) -> dict[str, Any]:
        path, _, query = request.target.partition(b"?")
        host, _, port = self._authority.rpartition(":")
        default = 443 if self._scheme == "https" else 80
        return {
            "type": "http",
            "asgi": dict(_VERSIONS),
            "http_version": request.http_version.decode("ascii"),
            "method": request.method.decode("ascii"),
            "scheme": self._scheme,
            "path": unquote(path.decode("latin-1")),
            "raw_path": path,
            "query_string": query,
            "root_path": "",
            "headers": [(name.lower(), value) for name, value in request.headers],
            "client": ("127.0.0.1", next(self._ports)),
            "server": (host, int(port)) if port.isdecimal() and host else (self._authority, default),
            "state": dict(self._app.state),
        }

    async def _serve(self, scope: dict[str, Any], tasks: TaskGroup) -> None:
        try:
            await self._app.app(scope, self._receive, self._send)
        except _GONE:
            pass  # it wrote to a client that had gone
        except Exception:
            _LOG.exception("the application raised while it served %s %s", scope["method"], scope["path"])
            if not self._answered:
                await self._refuse(500, "Internal Server Error")
        else:
            if not self._answered and not self._gone.is_set():
                _LOG.error("the application ended without a response to %s %s", scope["method"], scope["path"])
                await self._refuse(500, "Internal Server Error")
        tasks.cancel_scope.cancel()

    async def _receive(self) -> Message:
        """The next part of the request's body; once it is whole, waits until the client goes or the response is over."""
        if not self._read:
            try:
                event = await self._next()
            except (h11.RemoteProtocolError, *_GONE):
                self._gone.set()
                return {"type": "http.disconnect"}
            if isinstance(event, h11.Data):
                return {"type": "http.request", "body": bytes(event.data), "more_body": True}
            if isinstance(event, h11.EndOfMessage):
                self._read = True
                return {"type": "http.request", "body": b"", "more_body": False}
            self._gone.set()
        if not self._gone.is_set() and not self._over.is_set():
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._until_gone, tasks)
                await self._over.wait()
                tasks.cancel_scope.cancel()
        return {"type": "http.disconnect"}

    async def _until_gone(self, tasks: TaskGroup) -> None:
        try:
            while True:
                await self._stream.receive()
        except _GONE:
            self._gone.set()
            tasks.cancel_scope.cancel()

    async def _send(self, message: Message) -> None:
        """Takes one message of the application. Raises OSError when the client has gone, as the specification asks since 2.4."""
        try:
            if message["type"] == "http.response.start":
                self._answered = True
                await self._head(message["status"], message.get("headers", ()))
            elif message["type"] == "http.response.body":
                data = self._machine.send(h11.Data(data=message.get("body", b"")))
                if not message.get("more_body", False):
                    data = (data or b"") + (self._machine.send(h11.EndOfMessage()) or b"")
                    self._over.set()
                await self._stream.send(data or b"")
        except _GONE as error:
            self._gone.set()
            raise OSError("the client has gone") from error

    async def _head(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> None:
        response = h11.Response(status_code=status, headers=list(headers))
        await self._stream.send(self._machine.send(response) or b"")

    async def _refuse(self, status: int, why: str) -> None:
        text = why.encode("utf-8")
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(text))]
        try:
            await self._head(status, headers)
            await self._stream.send(
                (self._machine.send(h11.Data(data=text)) or b"") + (self._machine.send(h11.EndOfMessage()) or b"")
            )
        except (h11.LocalProtocolError, *_GONE):
            return  # there is nobody left to tell


class Lifespan:
    """The application's start and end, around a whole run. Use: `await open()`, then in any case `await aclose()`.

    An application that raises at the scope `lifespan` knows none, and is served without.
    """

    def __init__(self, app: AsgiApp) -> None:
        self._app = app
        self._told = anyio.create_memory_object_stream[Message](2)
        self._started = anyio.Event()
        self._ended = anyio.Event()
        self._failed = ""
        self._tasks: TaskGroup | None = None

    async def open(self) -> None:
        """Raises TargetUnreachable when the application says that it cannot start, or says nothing in time."""
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        self._tasks.start_soon(self._live)
        await self._told[0].send({"type": "lifespan.startup"})
        with anyio.move_on_after(_STARTUP) as waiting:
            await self._started.wait()
        if waiting.cancelled_caught:
            raise TargetUnreachable(
                f"the application did not start within {_STARTUP:g} s",
                hint="its lifespan got lifespan.startup and answered neither lifespan.startup.complete nor .failed",
            )
        if self._failed:
            raise TargetUnreachable(f"the application could not start: {self._failed}", hint="see its lifespan")

    async def aclose(self) -> None:
        """Tells it to end, and cancels what has not ended a second later."""
        tasks, self._tasks = self._tasks, None
        if tasks is None:
            return
        with anyio.move_on_after(_GRACE, shield=True):
            if not self._ended.is_set():
                await self._told[0].send({"type": "lifespan.shutdown"})
                await self._ended.wait()
        tasks.cancel_scope.cancel()
        await tasks.__aexit__(None, None, None)
        for stream in self._told:
            stream.close()

    async def _live(self) -> None:
        scope = {"type": "lifespan", "asgi": dict(_VERSIONS), "state": self._app.state}
        try:
            await self._app.app(scope, self._told[1].receive, self._take)
        except Exception:
            if self._started.is_set():
                _LOG.exception("the lifespan of the application raised")
        finally:
            self._started.set()
            self._ended.set()

    async def _take(self, message: Message) -> None:
        if message["type"] == "lifespan.startup.failed":
            self._failed = str(message.get("message") or "it does not say why")
        if message["type"] in ("lifespan.startup.complete", "lifespan.startup.failed"):
            self._started.set()
        if message["type"] in ("lifespan.shutdown.complete", "lifespan.shutdown.failed"):
            self._ended.set()
