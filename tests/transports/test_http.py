"""HTTP exchanges: what is sent, what is made of the answer."""

from __future__ import annotations

import queue
import threading
import time
from typing import Any

import anyio
import anyio.to_thread
import pytest

from tests.transports.exchanges import SSE, Make, frame, kinds, linked, play, rest, says, until_end
from tests.transports.servers import Conversation, Server, echo
from wireproof.model.errors import UsageError
from wireproof.model.wire import Frame, Kind
from wireproof.transports.http import HttpLink

pytestmark = pytest.mark.anyio


async def test_an_answer_and_its_head(make: Make) -> None:
    answer = (
        b"HTTP/1.1 201 Made It\r\nX-One: a\r\nx-one: b\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    )
    got = await play(make, says(answer))
    assert kinds(got) == ["head", "message", "end"]
    assert got[0].meta["status"] == 201
    assert got[0].meta["reason"] == "Made It"
    assert got[0].meta["http_version"] == "1.1"
    assert got[0].meta["headers"] == [
        ["X-One", "a"],
        ["x-one", "b"],
        ["Content-Type", "application/json"],
        ["Content-Length", "2"],
    ]
    assert got[1].data == b"{}"
    assert got[1].meta["content_type"] == "application/json"
    assert got[2].meta["complete"] is True


async def test_no_body_means_no_message(make: Make) -> None:
    assert kinds(await play(make, says(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"))) == ["head", "end"]
    assert kinds(await play(make, says(b"HTTP/1.1 204 No Content\r\n\r\n"))) == ["head", "end"]


async def test_head_requests(make: Make) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"
    assert kinds(await play(make, says(answer), frame(b"", method="HEAD"))) == ["head", "end"]


async def test_redirects_are_not_followed(make: Make) -> None:
    got = await play(make, says(b"HTTP/1.1 307 Go\r\nLocation: http://192.0.2.1/\r\nContent-Length: 0\r\n\r\n"))
    assert [one.meta.get("status") for one in got] == [307, None]


async def test_events_come_one_by_one(make: Make) -> None:
    def talk(conversation: Conversation) -> None:
        conversation.read_request()
        conversation.send(SSE + b"\r\n: hello\n\nid: 1\nretry: 50\ndata:\n\n")
        conversation.send(b"event: message\r\nid: 2\r\ndata: {\r\ndata: }\r\n\r\n")
        gate.wait(10)
        conversation.send(b"data: 3\n\ndata: cut o")

    gate = threading.Event()
    async with linked(make, talk) as (link, _):
        await link.send(frame())
        got = []
        with anyio.fail_after(5):
            for _ in range(4):
                got.append(await link.receive())
        assert kinds(got) == ["head", "event", "event", "message"]
        assert got[1].meta["comment"] == "hello"
        assert (got[2].meta["id"], got[2].meta["retry"], got[2].meta["data"]) == ("1", 50, "")
        assert got[3].data == b"{\n}"
        assert (got[3].meta["event"], got[3].meta["id"], got[3].meta["sse"]) == ("message", "2", True)
        assert got[3].meta["raw"] == "event: message\r\nid: 2\r\ndata: {\r\ndata: }\r\n\r\n"
        gate.set()
        got = await until_end(link)
        assert kinds(got) == ["message", "bytes", "end"]
        assert got[1].data == b"data: cut o"


async def test_a_packed_answer_is_left_as_it_is(make: Make) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\nContent-Length: 6\r\n\r\n"
    got = await play(make, says(head + b"\x1f\x8bxxxx"))
    assert got[1].data == b"\x1f\x8bxxxx"
    assert got[1].meta["content_encoding"] == "gzip"


async def test_several_exchanges_at_once(make: Make) -> None:
    def talk(conversation: Conversation) -> None:
        while (request := conversation.read_request()) is not None:
            time.sleep(0.2 if request[1] == b"slow" else 0)
            conversation.answer(request[1])

    async with linked(make, talk) as (link, _):
        await link.send(frame(b"slow", "a"))
        await link.send(frame(b"quick", "b"))
        order = []
        with anyio.fail_after(5):
            while len(order) < 2:
                arrival = await link.receive()
                order += [arrival.data] * (arrival.kind is Kind.MESSAGE)
        assert order == [b"quick", b"slow"]


async def test_a_channel_under_way_cannot_be_opened_again(make: Make) -> None:
    async with linked(make, lambda conversation: conversation.wait_gone() and None) as (link, _):
        await link.send(frame())
        with pytest.raises(ValueError, match="c1"):
            await link.send(frame())


async def test_closing_a_channel_drops_its_connection(make: Make) -> None:
    gone: queue.Queue[bool] = queue.Queue()

    def talk(conversation: Conversation) -> None:
        conversation.read_request()
        conversation.send(SSE + b"\r\n: here\n\n")
        gone.put(conversation.wait_gone())

    async with linked(make, talk) as (link, _):
        await link.send(frame())
        assert [(await link.receive()).kind, (await link.receive()).kind] == [Kind.HEAD, Kind.EVENT]
        await link.close_channel("c1")
        got = await until_end(link, seconds=2)
        assert kinds(got) == ["end"]
        assert (got[0].meta["complete"], got[0].meta["why"]) == (False, "closed by us")
        assert await anyio.to_thread.run_sync(gone.get, True, 2) is True


async def test_closing_the_link_ends_every_channel(make: Make) -> None:
    async with linked(make, says(SSE + b"\r\n", end=lambda conversation: conversation.wait_gone() and None)) as (
        link,
        _,
    ):
        await link.send(frame(channel="a"))
        await link.send(frame(channel="b"))
        await anyio.sleep(0.2)
        await link.aclose()
        got = await rest(link)
        ends = {(one.channel, one.meta["why"]) for one in got if one.kind is Kind.END}
        assert ends == {("a", "closed by us"), ("b", "closed by us")}


async def test_busy_servers_are_given_time(make: Make) -> None:
    def talk(conversation: Conversation) -> None:
        while conversation.read_request() is not None:
            count.append(1)
            if len(count) < 3:
                conversation.answer(b"busy", "Retry-After: 0", status="429 Slow Down")
            else:
                conversation.answer(b"done")

    count: list[int] = []
    got = await play(make, talk, frame(retry_429=True))
    assert [one.meta.get("status") for one in got] == [429, 429, 200, None, None]
    assert [one.meta.get("attempt") for one in got] == [1, 2, 3, None, None]
    assert got[3].data == b"done"
    count[:] = []
    got = await play(make, talk)
    assert [one.meta.get("status") for one in got] == [429, None, None]
    assert got[1].data == b"busy"


async def test_busy_to_the_end(make: Make) -> None:
    def talk(conversation: Conversation) -> None:
        while conversation.read_request() is not None:
            conversation.answer(b"busy", "Retry-After: 0", status="503 No")

    got = await play(make, talk, frame(retry_429=True))
    assert kinds(got) == ["head", "head", "head", "message", "end"]


async def test_the_rate_is_kept_by_all_links_to_a_server(make: Make) -> None:
    with Server(echo) as server:
        begun = time.monotonic()
        for _ in range(2):
            async with make(server.url, max_rps=10) as link:
                for number in range(2):
                    await link.send(frame(channel=f"c{number}"))
                    await until_end(link, f"c{number}")
        assert time.monotonic() - begun > 0.29


# -- requests -----------------------------------------------------------------------------------------------------------


async def request_of(sent: Frame, make: Make = HttpLink, **options: Any) -> tuple[list[str], bytes]:
    seen: list[tuple[bytes, bytes]] = []

    def talk(conversation: Conversation) -> None:
        request = conversation.read_request()
        assert request is not None
        seen.append(request)
        conversation.answer(b"")

    async with linked(make, talk, **options) as (link, server):
        await link.send(sent)
        await until_end(link)
    head = seen[0][0].decode("latin-1").replace(str(server.port), "PORT")
    return head.split("\r\n"), seen[0][1]


async def test_headers_go_out_as_they_are(make: Make) -> None:
    headers = [["accept", "*/*"], ["X-A", "1"], ["x-a", "2"], ["ACCEPT", "text/plain"]]
    head, body = await request_of(
        frame(b"body", headers=headers), make, headers=[("x-A", "default"), ("X-B", "default")]
    )
    assert head == [
        "POST /mcp HTTP/1.1",
        "Host: 127.0.0.1:PORT",
        "accept: */*",
        "X-A: 1",
        "x-a: 2",
        "ACCEPT: text/plain",
        "X-B: default",
        "Content-Length: 4",
    ]
    assert body == b"body"


async def test_headers_can_be_left_out_or_replaced() -> None:
    head, _ = await request_of(
        frame(b"", method="GET", target="/x?y=1", without=["host", "X-B"]), headers=[("X-B", "default")]
    )
    assert head == ["GET /x?y=1 HTTP/1.1"]
    head, _ = await request_of(frame(b"ab", headers=[["hOST", "evil.example"], ["content-LENGTH", "2"]]))
    assert head == ["POST /mcp HTTP/1.1", "hOST: evil.example", "content-LENGTH: 2"]
    head, _ = await request_of(frame(b"", headers=[["Last-Event-ID", "snow\u2603"]]))
    assert head[2:] == ["Last-Event-ID: snow\u00e2\u0098\u0083", "Content-Length: 0"]


async def test_verbatim_and_pieces() -> None:
    data = b"POST  /odd HTTP/1.1\r\nhost:x\r\nContent-Length: 3\r\n\r\nabc"
    head, body = await request_of(frame(data, verbatim=True, pieces=[3, 10, 50]))
    assert head == ["POST  /odd HTTP/1.1", "host:x", "Content-Length: 3"]
    assert body == b"abc"


async def test_absolute_targets_stay_on_the_origin(make: Make) -> None:
    with Server(echo) as server:
        async with make(server.url) as link:
            await link.send(frame(target=f"http://127.0.0.1:{server.port}/other?q"))
            assert kinds(await until_end(link)) == ["head", "message", "end"]
            for foreign in ("http://127.0.0.1:1/", f"https://127.0.0.1:{server.port}/", "http://[bad/"):
                await link.send(frame(target=foreign))
                got = await until_end(link)
                assert kinds(got) == ["fault", "end"]


@pytest.mark.parametrize("url", ["ftp://host/", "http://", "http://host:port/", "http://user:word@host/", "no url"])
async def test_urls_of_no_use(make: Make, url: str) -> None:
    with pytest.raises(UsageError):
        make(url)
