"""What goes to which stream over Streamable HTTP (basic/transports, streamable-http): related messages with their request, each message once;
and what becomes of a stream whose connection ends before the response."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from wireproof.judge.matching import brief
from wireproof.judge.pack import Note, broken, check, ok
from wireproof.model.jsontext import ABSENT, JSON, dump, same
from wireproof.model.wire import header
from wireproof.protocols.jsonrpc import Call, Shape
from wireproof.protocols.mcp.checks.progress import PROGRESS, Tracked, owners, told, tracked
from wireproof.protocols.mcp.conversation import Inbound, Talk
from wireproof.protocols.mcp.taskbook import progress_token
from wireproof.protocols.mcp.trips import Trip, cancelled, posts, resumptions, trips

_ONCE: Final = ("mcp.http.multi.one-stream", "mcp.http.multi.no-broadcast")


def _all_tokens(talk: Talk) -> list[Tracked]:
    return [Tracked(call=one, token=progress_token(one)) for one in talk.requests if progress_token(one) is not ABSENT]


@check("mcp.http.sse.messages-related", "mcp.http.sse.notifications-related")
def related(talk: Talk) -> Iterator[Note]:
    """Progress on the response stream of a request is that request's own, not another's. Of other messages nobody can tell."""
    if talk.transport != "http":
        return
    row = "mcp.http.sse.notifications-related" if talk.modern else "mcp.http.sse.messages-related"
    every = _all_tokens(talk)
    for one in told(talk):
        if one.call is None or not one.call.method or one.call.id is ABSENT:
            continue
        mine = owners(every, one)
        if any(each.call is one.call for each in mine):
            yield ok(one.call.seq, one.seq, requirement=row)
        elif mine:
            why = f"progress of {mine[-1].call.method} (request {brief(mine[-1].call.id)}) came on the stream of request {brief(one.call.id)}"
            yield broken(one.call.seq, mine[-1].call.seq, one.seq, why=why, requirement=row)


def _listening(talk: Talk) -> list[Trip]:
    """GETs that opened a stream of their own."""
    return [one for one in trips(talk) if one.method == "GET" and one.streams and one.last_event_id is None]


def _open(trip: Trip, seq: int) -> bool:
    return trip.head is not None and trip.head.seq < seq and (trip.end is None or trip.end.seq > seq)


@check("mcp.http.get.unrelated")
def unrelated(talk: Talk) -> Iterator[Note]:
    """The GET stream does not carry the progress of requests that run."""
    if talk.transport != "http" or talk.modern:
        return
    listening = _listening(talk)
    channels = {one.out.channel for one in listening}
    every = _all_tokens(talk)
    for one in told(talk):
        running = [each for each in owners(every, one) if each.open_at(one.seq)]
        if not running:
            continue
        if one.record.channel in channels:
            why = f"progress of request {brief(running[-1].call.id)}, which was running, came on the GET stream"
            yield broken(running[-1].call.seq, one.seq, why=why)
        elif any(_open(trip, one.seq) for trip in listening):
            yield ok(running[-1].call.seq, one.seq)


@check(*_ONCE)
def each_once(talk: Talk) -> Iterator[Note]:
    """No request of the server and no step of progress comes on two streams that are open side by side, unless one of them is taken up again.

    A server without sessions numbers its requests anew for each POST, so that equal ones need not be one.
    """
    if talk.transport != "http" or talk.modern:
        return
    again = resumptions(talk)
    asked = {one.out.channel: one.out.seq for one in trips(talk)}
    first: dict[str, Inbound] = {}
    for key, one in _named(talk):
        if one.record.channel in again:
            continue
        before = first.setdefault(key, one)
        if before.record.channel != one.record.channel:
            if max(asked.get(each.record.channel, 0) for each in (before, one)) > before.seq:
                continue  # the second stream was not there yet: the id of a request that is over is used again
            for row in _ONCE:
                yield broken(before.seq, one.seq, why=f"{one.method} came on two streams", requirement=row)
        elif any(_open(trip, one.seq) and trip.out.channel != one.record.channel for trip in _listening(talk)):
            for row in _ONCE:
                yield ok(one.seq, requirement=row)


@check(*_ONCE)
def told_once(talk: Talk) -> Iterator[Note]:
    """What a server tells comes on the GET stream or on that of a request, not on both.

    One message that comes twice may be two; of several different ones, each of which came as often on either stream, nobody would say so.
    """
    if talk.transport != "http" or talk.modern:
        return
    again = resumptions(talk)
    listening = {one.out.channel for one in _listening(talk)}
    heard: dict[str, list[Inbound]] = {}
    for one in talk.notifications_in:
        speaks = isinstance(one.params, dict) and any(key != "_meta" for key in one.params)
        if speaks and one.method != PROGRESS and one.record.channel not in again:
            heard.setdefault(dump(one.record.message), []).append(one)
    twice: list[tuple[Inbound, Inbound]] = []
    for each in heard.values():
        there = [one for one in each if one.record.channel in listening]
        here = [one for one in each if one.record.channel not in listening]
        if there and len(there) == len(here):
            twice.append((there[0], here[0]))
    for one, other in twice if len(twice) > 1 else ():
        for row in _ONCE:
            yield broken(*sorted((one.seq, other.seq)), why=f"{one.method} came on two streams", requirement=row)


def _sessions(talk: Talk) -> bool:
    """Did the server give out a session id?"""
    return any(
        one.call is not None and one.call.method == "initialize" and header(one.headers, "mcp-session-id")
        for one in trips(talk)
    )


def _named(talk: Talk) -> Iterator[tuple[str, Inbound]]:
    """Messages that are the same only if they are one message: requests as they stand, progress by its request and its value."""
    for one in talk.requests_in if _sessions(talk) else ():
        yield dump(one.record.message), one
    for each in tracked(talk):
        for one in each.told:
            value = one.params.get("progress") if isinstance(one.params, dict) else None
            yield f"{each.call.seq} {dump(value)}", one


@check("mcp.http.sse.retry-before-close")
def retry_told(talk: Talk) -> Iterator[Note]:
    """A server that ends the connection of a response stream early, to be polled, says before when to come again (2025-11-25)."""
    if talk.transport != "http" or talk.modern:
        return
    given_up = cancelled(talk)
    for trip in posts(talk, Shape.REQUEST):
        if not trip.streams or not trip.over or not trip.event_ids or trip.end is None or not trip.lawful:
            continue
        if trip.call is None or trip.call.id in given_up or _answered_on(trip):
            continue
        resumed = next((one for one in trips(talk) if one.last_event_id in trip.event_ids and one.streams), None)
        if resumed is None or trip.answer is None:
            continue  # what cannot be taken up again was not left to be polled, which is told elsewhere
        if any(one.meta.get("retry") is not None for one in trip.parts):
            yield ok(*trip.seqs, trip.end.seq)
        else:
            why = "the server closed the connection of a stream that went on, and no event had told when to come again"
            yield broken(*trip.seqs, trip.end.seq, *resumed.seqs, why=why)


def _answered_on(trip: Trip) -> bool:
    return trip.answer is not None and trip.answer.channel == trip.out.channel


@check("mcp.http.sse.disconnect-not-cancel")
def disconnected(talk: Talk) -> Iterator[Note]:
    """A request whose connection broke is worked on, so that its stream, where it can be taken up again, brings the response."""
    if talk.transport != "http" or talk.modern:
        return
    given_up = cancelled(talk)
    for trip in posts(talk, Shape.REQUEST):
        call, end = trip.call, trip.end
        if call is None or end is None or not trip.dropped or not trip.lawful or call.id in given_up:
            continue
        if call.answer is not None and call.answer.seq < end.seq:
            continue
        if isinstance(call.result, dict) and call.answer is not None:
            yield ok(*trip.seqs, end.seq, call.answer.seq)
            continue
        done = _twin_done(talk, call)
        resumed = [one for one in trips(talk) if one.last_event_id in trip.event_ids and one.streams and one.over]
        if call.answer is None and done is not None and resumed and resumed[-1].out.seq > done:
            why = "the connection broke, and the stream, taken up again, ended without the response"
            yield broken(*trip.seqs, end.seq, *resumed[-1].seqs, why=why)


def _twin_done(talk: Talk, call: Call) -> int | None:
    """seq of the result of the same request, sent later: by then this one should be done too."""
    for one in talk.requests:
        alike = one.seq > call.seq and one.method == call.method and same(_asked(one), _asked(call))
        if alike and isinstance(one.result, dict) and one.answer is not None:
            return one.answer.seq
    return None


def _asked(call: Call) -> JSON:
    return {key: value for key, value in call.params.items() if key != "_meta"} if isinstance(call.params, dict) else {}


CHECKS = (related, unrelated, each_once, told_once, retry_told, disconnected)
