"""HTTP connections that are kept, lost or refused, and servers that mean no good."""

from __future__ import annotations

import socket
import time

import anyio
import anyio.to_thread
import pytest

from tests.transports.exchanges import SSE, Make, frame, kinds, linked, play, says, until_end
from tests.transports.servers import Conversation, echo
from wireproof.model.wire import Kind
from wireproof.transports import reply
from wireproof.transports.http import HttpLink
from wireproof.transports.proxied import HttpxLink

pytestmark = pytest.mark.anyio


# -- connections --------------------------------------------------------------------------------------------------------


async def test_connections_are_kept(make: Make) -> None:
    async with linked(make, echo) as (link, server):
        for number in range(5):
            await link.send(frame(channel=f"c{number}"))
            await until_end(link, f"c{number}")
        assert server.connections == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    ],
)
async def test_connections_that_must_not_be_kept(answer: bytes) -> None:
    async with linked(HttpLink, says(answer, end=lambda conversation: conversation.wait_gone() and None)) as (
        link,
        server,
    ):
        for number in range(2):
            await link.send(frame(channel=f"c{number}"))
            await until_end(link, f"c{number}")
        assert server.connections == 2


async def test_own_framing_spoils_a_connection() -> None:
    async with linked(HttpLink, echo) as (link, server):
        for number in range(2):
            await link.send(frame(b"ab", f"c{number}", headers=[["Content-Length", "2"]]))
            await until_end(link, f"c{number}")
        assert server.connections == 2


async def test_a_kept_connection_that_died_is_replaced_once() -> None:
    def talk(conversation: Conversation) -> None:
        conversation.read_request()
        conversation.answer(b"first of %d" % conversation.number)
        conversation.read_request()  # then hangs up without a word

    async with linked(HttpLink, talk) as (link, server):
        await link.send(frame())
        assert "retried" not in (await until_end(link))[0].meta
        await link.send(frame())
        got = await until_end(link)
        assert got[0].meta["retried"] is True
        assert got[1].data == b"first of 2"
        assert server.connections == 2


async def test_a_new_connection_that_dies_is_not_tried_again(make: Make) -> None:
    async with linked(make, says()) as (link, server):
        await link.send(frame())
        got = await until_end(link)
        assert kinds(got) == ["fault", "end"]
        assert server.connections == 1


async def test_a_kept_connection_that_the_server_closed_is_not_used() -> None:
    def talk(conversation: Conversation) -> None:
        conversation.read_request()
        conversation.answer(b"")

    async with linked(HttpLink, talk) as (link, server):
        for _ in range(3):
            await link.send(frame())
            assert "retried" not in (await until_end(link))[0].meta
            await anyio.sleep(0.1)
        assert server.connections == 3


async def test_nobody_listens(make: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with make(f"http://127.0.0.1:{port}/") as link:
        await link.send(frame())
        got = await until_end(link)
    assert kinds(got) == ["fault", "end"]
    assert got[0].meta["why"].startswith("refused: ")
    assert got[1].meta["complete"] is False


async def test_no_such_host(make: Make) -> None:
    async with make("http://wireproof.invalid/") as link:
        await link.send(frame())
        assert (await until_end(link, seconds=30))[0].meta["why"].startswith("dns: ")


async def test_a_connection_that_never_comes(make: Make) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        fillers = [socket.socket() for _ in range(4)]
        for one in fillers:
            one.setblocking(False)
            one.connect_ex(address)
        async with make(f"http://127.0.0.1:{address[1]}/", connect_timeout=0.2) as link:
            await link.send(frame())
            got = await until_end(link)
        for one in fillers:
            one.close()
    assert got[0].meta["why"].startswith("timeout: ")


# -- hostile ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "expected", "word"),
    [
        (b"SSH-2.0-OpenSSH_9.9\r\n\r\n", ["fault", "end"], "http"),
        (b"\x00\x01\x02\x03\r\n\r\n", ["fault", "end"], "http"),
        (b"HTTP/1.1 200 OK\r\nNo colon here\r\n\r\n", ["fault", "end"], "http"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef", ["fault", "end"], "http"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nabc\r\n", ["head", "fault", "end"], "http"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1_000_000 + b"\r\n\r\n", ["fault", "end"], "http"),
        (b"HTTP/1.1 200 OK\r\nX-Half: he", ["fault", "end"], "cut"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", ["head", "bytes", "end"], "cut"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", ["head", "bytes", "end"], "cut"),
        (SSE + b"Transfer-Encoding: chunked\r\n\r\n9\r\ndata: x\n\n\r\n", ["head", "message", "end"], "cut"),
        (b"", ["fault", "end"], "reset"),
    ],
)
async def test_broken_answers(answer: bytes, expected: list[str], word: str) -> None:
    got = await play(HttpLink, says(answer))
    assert kinds(got) == expected
    assert got[-1].meta["complete"] is False
    assert got[-1].meta["why"].startswith(word + ": ")
    faults = [one for one in got if one.kind is Kind.FAULT]
    assert all(one.meta["why"].startswith(word + ": ") for one in faults)
    assert all(one.data in answer for one in faults)


async def test_broken_answers_through_httpx() -> None:
    assert kinds(await play(HttpxLink, says(b"garbage\r\n\r\n"))) == ["fault", "end"]
    got = await play(HttpxLink, says(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"))
    assert kinds(got) == ["head", "bytes", "end"]
    assert all(one.meta["via"] == "httpx" for one in got)
    got = await play(HttpxLink, says(b""), frame(b"GET / HTTP/1.1\r\n\r\n", verbatim=True))
    assert kinds(got) == ["fault", "end"]


async def test_more_than_the_response() -> None:
    async with linked(HttpLink, says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}{}")) as (link, _):
        await link.send(frame())
        got = await until_end(link)
    assert kinds(got) == ["head", "fault", "message", "end"]
    assert got[1].meta["why"].startswith("surplus: ")
    assert got[1].data == b"{}"


async def test_a_reset_in_the_middle(make: Make) -> None:
    def end(conversation: Conversation) -> None:
        time.sleep(0.1)
        conversation.reset()

    got = await play(make, says(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", end=end))
    assert kinds(got) == ["head", "fault", "bytes", "end"]
    assert got[1].meta["why"].startswith("reset: ")
    assert got[2].data == b"half"


async def test_a_response_before_the_request_was_read() -> None:
    def talk(conversation: Conversation) -> None:
        conversation.socket.recv(100)
        conversation.answer(b"too big", "Connection: close", status="413 No")
        time.sleep(0.3)

    got = await play(HttpLink, talk, frame(b"x" * 8_000_000))
    assert got[0].meta["status"] == 413
    assert got[1].data == b"too big"


async def test_interim_answers_are_kept_with_the_head() -> None:
    answer = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    got = await play(HttpLink, says(answer))
    assert kinds(got) == ["head", "end"]
    assert got[0].meta["informational"] == [[103, [["Link", "x"]]]]


async def test_slow_drip(make: Make) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    got = await play(make, says(*(bytes([byte]) for byte in answer), pause=0.003))
    assert got[1].data == b"{}"


async def test_a_stream_without_end_is_held_back_and_can_be_closed(make: Make) -> None:
    sent = [0]

    def talk(conversation: Conversation) -> None:
        conversation.read_request()
        conversation.send(SSE + b"\r\n")
        while True:
            conversation.send(b"data: x\n\n" * 1000)
            sent[0] += 1000

    async with linked(make, talk) as (link, _):
        await link.send(frame())
        with anyio.fail_after(30):  # by then nothing has moved for a while
            held = -1
            while sent[0] == 0 or sent[0] != held:
                held = sent[0]
                await anyio.sleep(0.3)
        assert link._inbox is not None
        assert len(link._inbox._items) < 30_000
        await link.close_channel("c1")
        assert (await until_end(link))[-1].meta["why"] == "closed by us"


async def test_bodies_and_events_over_the_cap(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reply, "MAX_FRAME", 1000)
    got = await play(make, says(b"HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n" + b"x" * 3000))
    assert kinds(got) == ["head", "fault", "end"]
    assert got[1].meta["why"].startswith("frame-too-long: ")
    assert got[2].meta == {**got[2].meta, "complete": False, "why": "frame-too-long"}
    monkeypatch.setattr("wireproof.transports.sse.SseParser.__init__.__defaults__", (1000,))
    got = await play(make, says(SSE + b"\r\ndata: ok\n\ndata: " + b"x" * 3000))
    assert kinds(got) == ["head", "message", "fault", "end"]
    assert got[2].data.startswith(b"data: xxx")
