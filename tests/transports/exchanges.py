"""Plays one HTTP exchange with a server that the test scripts."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio

from tests.transports.servers import Conversation, Server, Talk
from wireproof.model.wire import Arrival, Frame, Kind
from wireproof.transports.channels import ExchangeLink
from wireproof.transports.link import LinkClosed

Make = Callable[..., ExchangeLink]


@asynccontextmanager
async def linked(make: Make, talk: Talk, **options: Any) -> AsyncIterator[tuple[ExchangeLink, Server]]:
    with Server(talk) as server:
        async with make(server.url, **options) as link:
            yield link, server


def frame(data: bytes = b"{}", channel: str = "c1", **meta: Any) -> Frame:
    return Frame(data=data, channel=channel, meta={"method": "POST", **meta})


async def until_end(link: ExchangeLink, channel: str = "c1", seconds: float = 10.0) -> list[Arrival]:
    found: list[Arrival] = []
    with anyio.fail_after(seconds):
        while not found or found[-1].kind is not Kind.END:
            arrival = await link.receive()
            assert arrival.channel == channel
            found.append(arrival)
    return found


async def rest(link: ExchangeLink) -> list[Arrival]:
    found: list[Arrival] = []
    with anyio.fail_after(10):
        while True:
            try:
                found.append(await link.receive())
            except LinkClosed:
                return found


async def play(make: Make, talk: Talk, sent: Frame | None = None, **options: Any) -> list[Arrival]:
    async with linked(make, talk, **options) as (link, _):
        await link.send(sent or frame())
        return await until_end(link)


def says(*parts: bytes, pause: float = 0.0, end: Callable[[Conversation], None] | None = None) -> Talk:
    """A server that reads a request, writes these bytes and closes."""

    def talk(conversation: Conversation) -> None:
        conversation.read_request()
        for part in parts:
            conversation.send(part)
            time.sleep(pause)
        if end is not None:
            end(conversation)

    return talk


def kinds(arrivals: list[Arrival]) -> list[str]:
    return [one.kind.value for one in arrivals]


SSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
