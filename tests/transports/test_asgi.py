"""Applications of this process: streams, what they learn of a client that goes, lifespans, and applications that fail."""

from __future__ import annotations

import logging
from typing import Any

import anyio
import pytest

from tests.transports.exchanges import kinds
from wireproof.model.errors import TargetUnreachable
from wireproof.model.target import AsgiApp
from wireproof.model.wire import Arrival, Frame, Kind
from wireproof.transports.asgi import AsgiLink, Lifespan
from wireproof.transports.link import LinkClosed

pytestmark = pytest.mark.anyio
URL = "http://127.0.0.1:8000/mcp?x=1"


def post(data: bytes = b"{}", **meta: Any) -> Frame:
    return Frame(data=data, channel="c1", meta={"method": "POST", **meta})


async def until_end(link: AsgiLink) -> list[Arrival]:
    found: list[Arrival] = []
    with anyio.fail_after(10):
        while not found or found[-1].kind is not Kind.END:
            found.append(await link.receive())
    return found


async def play(app: Any, frame: Frame) -> list[Arrival]:
    async with AsgiLink(AsgiApp(app=app), URL) as link:
        await link.send(frame)
        return await until_end(link)


async def test_the_application_sees_the_request_as_it_was_sent() -> None:
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope)
        seen.append(await receive())
        await send({"type": "http.response.start", "status": 202, "headers": []})
        await send({"type": "http.response.body"})

    got = await play(app, post(b'{"a":1}', headers=[["X-Twice", "1"], ["x-twice", "2"]]))
    scope, body = seen
    assert (scope["method"], scope["path"], scope["query_string"], scope["server"]) == (
        "POST",
        "/mcp",
        b"x=1",
        ("127.0.0.1", 8000),
    )
    assert [value for name, value in scope["headers"] if name == b"x-twice"] == [b"1", b"2"]
    assert body["body"] == b'{"a":1}'
    assert kinds(got) == ["head", "end"]
    assert got[0].meta["status"] == 202


async def test_an_endless_stream_is_read_event_by_event_and_ends_when_its_client_goes() -> None:
    told: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        number = 0
        try:
            while True:
                number += 1
                await send({"type": "http.response.body", "body": b"data: %d\n\n" % number, "more_body": True})
        except OSError:
            told.append("gone")

    async with AsgiLink(AsgiApp(app=app), URL) as link:
        await link.send(post())
        assert (await link.receive()).kind is Kind.HEAD
        assert [(await link.receive()).data for _ in range(3)] == [b"1", b"2", b"3"]
        await link.close_channel("c1")
        assert (await until_end(link))[-1].meta["why"] == "closed by us"
    assert told == ["gone"]


async def test_a_client_that_goes_is_a_disconnect_for_whoever_waits_for_one() -> None:
    heard: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while (message := await receive())["type"] == "http.request":
            heard.append("more")
        heard.append(message["type"])

    async with AsgiLink(AsgiApp(app=app), URL) as link:
        await link.send(post())
        assert (await link.receive()).kind is Kind.HEAD
    assert heard[-1] == "http.disconnect"


async def test_closing_the_link_ends_an_application_that_waits_for_ever() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await anyio.sleep_forever()

    with anyio.fail_after(8):
        async with AsgiLink(AsgiApp(app=app), URL) as link:
            await link.send(post())


@pytest.mark.parametrize("late", [False, True])
async def test_an_application_that_raises(late: bool, caplog: pytest.LogCaptureFixture) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if late:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"begun", "more_body": True})
        raise KeyError("its own")

    with caplog.at_level(logging.ERROR, "wireproof.asgi"):
        got = await play(app, post())
    assert got[0].meta["status"] == (200 if late else 500)
    assert got[-1].meta["complete"] is not late
    assert "its own" in caplog.text


async def test_what_is_no_http_does_not_reach_the_application() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("reached")

    got = await play(app, post(b"nonsense\r\n\r\n", verbatim=True))
    assert got[0].meta["status"] == 400


async def test_a_lifespan_gives_state_to_requests_and_is_told_to_end() -> None:
    said: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            said.append((await receive())["type"])
            scope["state"]["word"] = b"kept"
            await send({"type": "lifespan.startup.complete"})
            said.append((await receive())["type"])
            await send({"type": "lifespan.shutdown.complete"})
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": scope["state"]["word"]})

    held = AsgiApp(app=app)
    lifespan = Lifespan(held)
    await lifespan.open()
    async with AsgiLink(held, URL) as link:
        await link.send(post())
        assert b"kept" in [one.data for one in await until_end(link)]
        await link.finish()
        with pytest.raises(LinkClosed):
            await link.receive()
    await lifespan.aclose()
    assert said == ["lifespan.startup", "lifespan.shutdown"]


async def test_an_application_without_a_lifespan_is_served_all_the_same() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"

    lifespan = Lifespan(AsgiApp(app=app))
    await lifespan.open()
    await lifespan.aclose()


async def test_an_application_that_cannot_start_says_why() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no database"})

    lifespan = Lifespan(AsgiApp(app=app))
    with pytest.raises(TargetUnreachable, match="no database"):
        await lifespan.open()
    await lifespan.aclose()
