"""Every link keeps the same contract."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Iterator

import pytest

from tests.transports.servers import Server, echo
from wireproof.model.wire import Frame
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


@pytest.fixture(params=["memory", "stdio", "http", "httpx"])
def subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    if request.param == "memory":
        yield Subject(open=_memory, frame=_line, lines=True)
        return
    if request.param == "stdio":
        yield Subject(open=_stdio, frame=_line, lines=True)
        return
    with Server(echo) as server:

        async def http() -> Link:
            return HttpLink(server.url) if request.param == "http" else HttpxLink(server.url)

        yield Subject(open=http, frame=_post, lines=False)


@pytest.mark.anyio
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_contract(subject: Subject, check: Callable[[Subject], Awaitable[None]]) -> None:
    await check(subject)
