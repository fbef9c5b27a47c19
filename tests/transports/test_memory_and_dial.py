"""In-process peers, and the way from a target to its link."""

from __future__ import annotations

import sys
import threading
import time

import anyio
import pytest

from tests.transports.servers import Server, echo
from wireproof.model.errors import UsageError
from wireproof.model.target import Target
from wireproof.model.wire import Arrival, Frame, Kind
from wireproof.transports.dial import dial
from wireproof.transports.http import HttpLink
from wireproof.transports.link import Link, LinkClosed
from wireproof.transports.memory import MemoryLink, ReadLine, WriteBytes
from wireproof.transports.proxied import HttpxLink
from wireproof.transports.stdio import StdioLink

pytestmark = pytest.mark.anyio


async def rest(link: Link) -> list[Arrival]:
    found: list[Arrival] = []
    with anyio.fail_after(10):
        while True:
            try:
                found.append(await link.receive())
            except LinkClosed:
                return found


async def test_a_peer_that_raises() -> None:
    def serve(read_line: ReadLine, write_line: WriteBytes, write_err: WriteBytes) -> None:
        write_err(b"half a line")
        write_line(b"half ")
        raise KeyError("oh")

    async with MemoryLink(serve) as link:
        got = await rest(link)
    assert [one.data for one in got if one.kind is Kind.MESSAGE] == [b"half "]
    noise = [one.data for one in got if one.kind is Kind.STDERR]
    assert noise[0] == b"half a line"
    assert noise[-1] == b"KeyError: 'oh'"
    assert [(one.kind, dict(one.meta)) for one in got[-2:]] == [
        (Kind.EOF, {}),
        (Kind.EXIT, {"code": 1, "signal": None}),
    ]


@pytest.mark.parametrize(("argument", "code"), [(None, 0), (0, 0), (7, 7), ("text", 1)])
async def test_a_peer_that_exits(argument: object, code: int) -> None:
    async with MemoryLink(lambda read, write, note: sys.exit(argument)) as link:  # type: ignore[arg-type]
        assert (await rest(link))[-1].meta["code"] == code


async def test_a_peer_that_never_returns_is_left_behind_and_silenced() -> None:
    go, told = threading.Event(), threading.Event()

    def serve(read_line: ReadLine, write_line: WriteBytes, write_err: WriteBytes) -> None:
        go.wait(10)
        try:
            write_line(b"too late\n")
        except BrokenPipeError:
            told.set()

    begun = time.monotonic()
    async with MemoryLink(serve, grace=0.1) as link:
        pass
    assert time.monotonic() - begun < 20
    assert [dict(one.meta) for one in await rest(link)] == [{}, {"code": None, "signal": None, "abandoned": True}]
    go.set()
    assert told.wait(5)


async def test_a_flood_is_held_back() -> None:
    count = [0]

    def serve(read_line: ReadLine, write_line: WriteBytes, write_err: WriteBytes) -> None:
        while read_line() is None or True:
            write_line(b"x\n")
            count[0] += 1

    async with MemoryLink(serve, grace=0.2) as link:
        await link.send(Frame(data=b""))
        await link.finish()
        await anyio.sleep(0.5)
        assert count[0] <= 10_001
        for _ in range(20_000):
            assert (await link.receive()).data == b"x"


async def test_a_peer_that_does_not_read_holds_back_the_sender(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wireproof.transports.memory._SEND_DEADLINE", 0.1)
    gate = threading.Event()
    async with MemoryLink(lambda read, write, note: gate.wait(10)) as link:
        await link.send(Frame(data=b"x" * 2_000_000))
        with pytest.raises(LinkClosed):
            await link.send(Frame(data=b"y"))
        gate.set()


async def test_dial() -> None:
    link = await dial(Target(command=(sys.executable, "-c", "pass")))
    async with link:
        assert isinstance(link, StdioLink)
    assert isinstance(await dial(Target(serve=lambda read, write, note: None)), MemoryLink)
    assert isinstance(await dial(Target(url="http://localhost/")), HttpLink)
    assert isinstance(await dial(Target(url="HTTPS://localhost/")), HttpLink)
    proxied = await dial(Target(url="https://localhost/", proxy="http://localhost:1"))
    async with proxied:
        assert isinstance(proxied, HttpxLink)


@pytest.mark.parametrize("target", [Target(), Target(url="ws://localhost/"), Target(url="localhost:80")])
async def test_what_cannot_be_dialled(target: Target) -> None:
    with pytest.raises(UsageError):
        await dial(target)


async def test_through_a_proxy() -> None:
    """A plain proxy sees the absolute request target; what it answers is the answer."""
    with Server(echo) as proxy:
        async with await dial(
            Target(url="http://wireproof.invalid/mcp", proxy=f"http://127.0.0.1:{proxy.port}")
        ) as link:
            await link.send(Frame(data=b"hello", channel="c1", meta={"method": "POST"}))
            with anyio.fail_after(10):
                got = [await link.receive() for _ in range(3)]
    assert [one.kind for one in got] == [Kind.HEAD, Kind.MESSAGE, Kind.END]
    assert got[1].data == b"hello"
