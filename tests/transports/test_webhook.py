"""The webhook, called over real sockets."""

from __future__ import annotations

import asyncio
import gc
import json
import socket
from collections.abc import Callable

import anyio
import httpx
import pytest
from anyio.to_thread import run_sync

from wireproof.model.wire import Arrival, Kind
from wireproof.transports.webhook import MOST, Webhook

pytestmark = pytest.mark.anyio


async def told(talk: Callable[[str], object]) -> tuple[list[Arrival], object]:
    """(what arrived, what `talk` gave back) while the webhook was open at a place named `here`."""
    came: list[Arrival] = []
    hook = Webhook(came.append)
    await hook.open()
    try:
        with anyio.fail_after(5):
            return came, await run_sync(talk, hook.place("one/here"))
    finally:
        hook.close()


async def test_a_request_is_an_arrival_with_all_that_it_says() -> None:
    def post(url: str) -> list[int]:
        with httpx.Client(trust_env=False) as client:
            headers = {"Authorization": "Bearer x", "Content-Type": "application/a2a+json"}
            return [client.post(url, json={"number": number}, headers=headers).status_code for number in (1, 2)]

    came, statuses = await told(post)
    assert statuses == [204, 204]
    assert [json.loads(one.data) for one in came] == [{"number": 1}, {"number": 2}]
    assert {one.kind for one in came} == {Kind.DELIVERY}
    meta = came[0].meta
    assert (meta["method"], meta["target"], meta["status"]) == ("POST", "/one/here", 204)
    assert str(meta["url"]).endswith("/one/here")
    assert ["Authorization", "Bearer x"] in meta["headers"]


async def test_elsewhere_is_nothing_and_told_to_nobody() -> None:
    came, status = await told(lambda url: httpx.post(url + "-not", trust_env=False).status_code)
    assert (came, status) == ([], 404)


async def test_a_challenge_is_answered() -> None:
    came, said = await told(lambda url: httpx.get(f"{url}?validationToken=abc", trust_env=False).text)
    assert said == "abc"
    assert came[0].meta["method"] == "GET"


async def test_a_place_that_fails_fails_once() -> None:
    came: list[Arrival] = []
    hook = Webhook(came.append)
    await hook.open()
    url = hook.place("fails-once")
    try:
        statuses = [(await run_sync(lambda: httpx.post(url, trust_env=False))).status_code for _ in range(2)]
    finally:
        hook.close()
    assert statuses == [503, 204] == [one.meta["status"] for one in came]


@pytest.mark.parametrize(
    "words",
    [b"what is this\r\n\r\n", b"POST //[x HTTP/1.1\r\nHost: a\r\n\r\n", b"POST /one/here HTTP/1.1\r\nHost: a\r\n"],
    ids=["no-http", "no-url", "cut"],
)
async def test_who_speaks_no_http_is_hung_up_on(words: bytes) -> None:
    def send(url: str) -> bytes:
        with socket.create_connection(("127.0.0.1", httpx.URL(url).port or 0), timeout=2) as made:
            made.sendall(words)
            made.shutdown(socket.SHUT_WR)
            try:
                return made.recv(100)
            except ConnectionResetError:
                return b""

    came, said = await told(send)
    assert (came, said) == ([], b"")


async def test_a_body_without_end_is_refused() -> None:
    def flood(url: str) -> int:
        try:
            return httpx.post(url, content=b"x" * (2 * MOST), trust_env=False).status_code
        except httpx.TransportError:  # it hangs up while we still write
            return 413

    came, status = await told(flood)
    assert (came, status) == ([], 413)


async def test_who_is_accepted_while_it_closes_is_hung_up_on() -> None:
    hook = Webhook(lambda _: None)
    await hook.open()
    loop = asyncio.get_running_loop()
    ended = loop.create_future()

    def close() -> None:
        hook.close()
        ended.set_result(None)

    with socket.create_connection(("127.0.0.1", hook.port), timeout=2) as made:
        # The loop accepts and calls its timers in one round, and only then makes the transport.
        loop.call_later(0, close)
        await ended
        assert await run_sync(made.recv, 1) == b""
    gc.collect()  # what is unclosed is told now
