"""Every link keeps the same contract."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from tests.transports.servers import Server, echo
from wireproof.model.target import AsgiApp
from wireproof.model.wire import Frame
from wireproof.transports.asgi import AsgiLink
from wireproof.transports.contract import CHECKS, Subject
from wireproof.transports.http import HttpLink
from wireproof.transports.link import Link
from wireproof.transports.memory import MemoryLink, ReadLine, WriteBytes
from wireproof.transports.proxied import HttpxLink
from wireproof.transports.stdio import StdioLink

ECHO = (
    sys.executable,
    "-c",
    "import sys\nfor line in sys.stdin.buffer: sys.stdout.buffer.write(line), sys.stdout.flush()",
)


def echo_lines(read_line: ReadLine, write_line: WriteBytes, write_err: WriteBytes) -> None:
    while (line := read_line()) is not None:
        write_line(line)


async def _memory() -> Link:
    return MemoryLink(echo_lines)


async def _stdio() -> Link:
    return await StdioLink.open(ECHO)


def _line(number: int, data: bytes) -> Frame:
    return Frame(data=data)


def _post(number: int, data: bytes) -> Frame:
    return Frame(data=data, channel=f"http-{number}", meta={"method": "POST", "headers": [["Accept", "*/*"]]})


async def _echo_app(scope: Any, receive: Any, send: Any) -> None:
    body = b""
    while (part := await receive())["type"] == "http.request":
        body += part["body"]
        if not part["more_body"]:
            break
    headers = [(b"content-length", b"%d" % len(body)), (b"content-type", b"application/octet-stream")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _asgi() -> Link:
    return AsgiLink(AsgiApp(app=_echo_app), "http://127.0.0.1:8000/")


@pytest.fixture(params=["memory", "stdio", "http", "httpx", "asgi"])
def subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    if request.param == "memory":
        yield Subject(open=_memory, frame=_line, lines=True)
        return
    if request.param == "stdio":
        yield Subject(open=_stdio, frame=_line, lines=True)
        return
    if request.param == "asgi":
        yield Subject(open=_asgi, frame=_post, lines=False)
        return
    with Server(echo) as server:

        async def http() -> Link:
            return HttpLink(server.url) if request.param == "http" else HttpxLink(server.url)

        yield Subject(open=http, frame=_post, lines=False)


@pytest.mark.anyio
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_contract(subject: Subject, check: Callable[[Subject], Awaitable[None]]) -> None:
    await check(subject)
