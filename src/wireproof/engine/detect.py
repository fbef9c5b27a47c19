"""Which protocol does a target speak? Asked of a URL before a run, by fetching what a protocol says its servers publish."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any, Final

import anyio

from wireproof.judge.pack import Pack
from wireproof.model.jsontext import ABSENT, JSON, parse
from wireproof.model.target import Target
from wireproof.model.wire import Arrival, Frame, Kind, header
from wireproof.transports.dial import dial
from wireproof.transports.link import Link, LinkClosed
from wireproof.transports.served import ServedTarget

USUAL: Final = "mcp"
"""What a target is taken for that shows nothing."""
PATIENCE: Final = 3.0
"""Seconds that all the looking may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detected:
    """What a target was taken for, and why, in words for the user. `shown`: it said so itself."""

    protocol: str
    why: str
    shown: bool


async def detect(target: Target) -> Detected:
    """The protocol of what is behind the target's URL; of a command USUAL. Nothing that the target does is an error here.

    One that is to be started (`starts`) is started for it, and stopped again; TargetUnreachable when it does not come up.
    """
    if not target.url:
        return Detected(protocol=USUAL, why="commands are MCP servers on stdio", shown=False)
    if not target.starts:
        return await _look(target)
    server = ServedTarget(target)
    try:
        await server.open()
        return await _look(target)
    finally:
        with anyio.CancelScope(shield=True):
            await server.aclose()


async def _look(target: Target) -> Detected:
    looked: list[str] = []
    with anyio.move_on_after(min(target.timeout or PATIENCE, PATIENCE)):
        async with await dial(target) as link:
            for pack in _packs():
                for index, place in enumerate(pack.beacons(target.url) if pack.beacons else ()):
                    looked.append(place)
                    value = await _fetched(link, target, place, f"look-{pack.name}-{index}")
                    if value is None:
                        break  # nobody is there
                    if value is not ABSENT and (sign := pack.recognised(value)):
                        return Detected(protocol=pack.name, why=f"{place} is {sign}", shown=True)
    tried = f"nothing is published at {looked[0]}" if looked else "it is a URL"
    return Detected(protocol=USUAL, why=tried, shown=False)


def _packs() -> list[Pack]:
    """Those that are installed and say where to look."""
    packs: list[Pack] = [one.load() for one in entry_points(group="wireproof.protocols")]
    return [one for one in packs if one.beacons is not None]


async def _fetched(link: Link, target: Target, url: str, channel: str) -> JSON:
    """The JSON document at that URL; ABSENT where there is none, None where the server cannot be reached."""
    headers = [["Accept", "application/json"], *([name, value] for name, value in target.headers)]
    await link.send(Frame(data=b"", channel=channel, meta={"method": "GET", "target": url, "headers": headers}))
    document: Any = ABSENT
    while (arrival := await _next(link, channel)) is not None:
        match arrival.kind:
            case Kind.FAULT:
                return None
            case Kind.HEAD if arrival.meta.get("status") != 200 or not _json(arrival):
                await link.close_channel(channel)
                return ABSENT
            case Kind.MESSAGE:
                document, _ = parse(arrival.data)
            case Kind.END:
                return document
    return document


async def _next(link: Link, channel: str) -> Arrival | None:
    try:
        while (arrival := await link.receive()).channel != channel:
            pass
    except LinkClosed:
        return None
    return arrival


def _json(head: Arrival) -> bool:
    """Is the body said to be JSON, or said to be nothing? What begins a stream is not waited for."""
    named = header(head.meta.get("headers"), "content-type") or "json"
    return "json" in named.lower() or "text/plain" in named.lower()
