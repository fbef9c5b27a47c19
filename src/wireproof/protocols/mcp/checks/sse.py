"""Event streams: of Streamable HTTP, their ends, ids and resumption, and of HTTP+SSE (basic/transports, streamable-http).

A stream that the server cut without ending it shows nothing here: connections may break at any time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from wireproof.judge.matching import brief
from wireproof.judge.pack import Note, broken, check, ok
from wireproof.model.jsontext import ABSENT
from wireproof.model.wire import Kind, Record, Way, header
from wireproof.protocols.jsonrpc import Shape, shape
from wireproof.protocols.mcp.conversation import Talk
from wireproof.protocols.mcp.trips import Trip, cancelled, posts, trips

_TERMINATES = "mcp.http.sse.response-terminates"
_EVENTUALLY = "mcp.http.sse.response-eventually"
_EARLY = "mcp.http.sse.no-early-close"
_PATIENCE = 2.0
"""Seconds of resumptions after which a stream that still ends without the response will not bring it."""
_URI = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+")
"""The characters of a URI or relative reference (RFC 3986 section 2)."""


@check(_TERMINATES, _EVENTUALLY, _EARLY)
def stream_brings_answer(talk: Talk) -> Iterator[Note]:
    """A stream brings the response to its request, not later than a resumption of it, and then ends."""
    if talk.transport != "http":
        return
    given_up = cancelled(talk)
    resumed = {one.out.channel: one for one in trips(talk) if one.method == "GET" and _last_event_id(one) is not None}
    for trip in posts(talk, Shape.REQUEST):
        if not trip.streams or not trip.over or trip.call is None or trip.end is None or not trip.lawful:
            continue
        if trip.call.id in given_up or _session_ended(talk, trip.end):
            continue
        own = next((one for one in trip.events if shape(one.message) in (Shape.RESPONSE, Shape.BATCH)), None)
        answer = own or trip.answer
        seqs = (*trip.seqs, *((answer.seq,) if answer else ()), trip.end.seq)
        if own is not None:
            for row in (_TERMINATES, _EVENTUALLY, _EARLY):
                yield ok(*seqs, requirement=row)
            continue
        why = "the server ended the stream before the response"
        yield broken(*seqs, why=why, requirement=_EARLY)
        if answer is not None and answer.channel in resumed:
            yield ok(*seqs, requirement=_EVENTUALLY)
        elif answer is not None:
            why = "the response did not come on the stream of its request"
            yield broken(*seqs, why=why, requirement=_EVENTUALLY)
        elif not _ids(trip) or _polled_in_vain(talk, trip, list(resumed.values())):
            yield broken(*seqs, why="the stream ended and never brought the response", requirement=_EVENTUALLY)


def _polled_in_vain(talk: Talk, trip: Trip, resumed: list[Trip]) -> bool:
    """Was the stream taken up again for so long that an answer was due? A tool may take any time, and let go of each of our connections."""
    if trip.call is None or trip.call.method == "tools/call" or trip.end is None:
        return False
    ends = [one.end.at_ns for one in resumed if one.end and _resumes(one, trip) and _ended_itself(talk, one)]
    return bool(ends) and max(ends) - trip.end.at_ns >= _PATIENCE * 1_000_000_000


def _ended_itself(talk: Talk, trip: Trip) -> bool:
    """Did the server end it, and not because we ended the session?"""
    return trip.over and trip.end is not None and not _session_ended(talk, trip.end)


def _session_ended(talk: Talk, end: Record) -> bool:
    """Had we asked to end the session by then?"""
    return talk.once(_first_farewell) < end.seq


def _first_farewell(talk: Talk) -> int:
    """seq of the first request to end a session; after all records if there was none."""
    asked = (one.seq for one in talk.records if one.way is Way.OUT and one.meta.get("method") == "DELETE")
    return next(asked, len(talk.records))


def _last_event_id(trip: Trip) -> str | None:
    return header(trip.sent, "last-event-id")


def _ids(trip: Trip) -> list[str]:
    return [str(one.meta["id"]) for one in trip.parts if one.meta.get("id")]


def _session(trip: Trip) -> str:
    return header(trip.sent, "mcp-session-id") or header(trip.headers, "mcp-session-id") or ""


def _resumes(later: Trip, trip: Trip) -> bool:
    """Event ids name events of one session; another's may be the same."""
    return _last_event_id(later) in _ids(trip) and _session(later) == _session(trip)


@check("mcp.http.sse.prime-event")
def priming(talk: Talk) -> Iterator[Note]:
    """A stream begins with an id and empty data. Only servers that give ids at all are held to it: the others cannot be resumed."""
    if talk.transport != "http" or not any(one.meta.get("sse") and one.meta.get("id") for one in talk.records):
        return
    for trip in posts(talk, Shape.REQUEST):
        if not trip.streams or not trip.events or not trip.lawful or (trip.call and trip.call.method == "initialize"):
            continue  # while it answers initialize a server has no revision yet
        first = trip.events[0]
        if first.kind is Kind.EVENT and first.meta.get("id"):
            yield ok(*trip.seqs, first.seq)
        else:
            shown = brief(first.message) if first.message is not ABSENT else "an event without id"
            yield broken(*trip.seqs, first.seq, why=f"the stream begins with {shown}")


@check("mcp.http.sse.no-buffering")
def no_buffering(talk: Talk) -> Iterator[Note]:
    """A response that is an event stream carries X-Accel-Buffering: no (2026-07-28)."""
    if talk.transport != "http":
        return
    for trip in posts(talk, Shape.REQUEST):
        if not trip.streams:
            continue
        value = header(trip.headers, "x-accel-buffering")
        if value is not None and value.strip().lower() == "no":
            yield ok(*trip.seqs)
        else:
            said = "is absent" if value is None else f"is {value!r}"
            yield broken(*trip.seqs, why=f"X-Accel-Buffering {said}")


@check("mcp.http.get.no-response")
def no_response_on_get(talk: Talk) -> Iterator[Note]:
    """A stream that a GET opened, not to resume another, carries no response."""
    if talk.transport != "http" or talk.modern:
        return
    for trip in trips(talk):
        if trip.method != "GET" or not trip.streams or trip.head is None or _last_event_id(trip) is not None:
            continue
        answers = [one for one in trip.parts if shape(one.message) is Shape.RESPONSE]
        for one in answers:
            yield broken(*trip.seqs, one.seq, why=f"a response came on the GET stream: {brief(one.message)}")
        end = trip.end.seq if trip.end else len(talk.records)
        meanwhile = [one for one in talk.requests if trip.head.seq < one.seq and one.answer and one.answer.seq < end]
        if meanwhile and not answers:
            yield ok(*trip.seqs, meanwhile[0].seq)


@check("mcp.http.resume.ids-unique")
def ids_unique(talk: Talk) -> Iterator[Note]:
    """No two events of a session have the same id, unless one is the other's redelivery."""
    if talk.transport != "http":
        return
    first: dict[tuple[str, str], Record] = {}
    last: Record | None = None
    for trip in trips(talk):
        if _last_event_id(trip) is not None:
            continue
        session = _session(trip)
        for one in trip.parts:
            identity = one.meta.get("id")
            if not one.meta.get("sse") or not identity:
                continue
            before = first.setdefault((session, str(identity)), one)
            if before is not one:
                yield broken(before.seq, one.seq, why=f"two events have the id {brief(identity)}")
            last = one
    if last is not None and len(first) > 1:
        yield ok(next(iter(first.values())).seq, last.seq)


@check("mcp.http.resume.no-cross-stream")
def no_cross_stream(talk: Talk) -> Iterator[Note]:
    """What is redelivered after an event comes from that event's stream alone."""
    if talk.transport != "http":
        return
    every = trips(talk)
    for trip in every:
        wanted = _last_event_id(trip)
        if trip.method != "GET" or wanted is None or not trip.streams:
            continue
        source = _begun(every, trip)
        if source is trip:
            continue
        family = _family(every, source)
        strange = [one for one in trip.parts if _belongs_elsewhere(talk, one, family)]
        for one in strange:
            why = f"after event {wanted!r} a message of another stream was redelivered: {brief(one.message)}"
            yield broken(*trip.seqs, one.seq, why=why)
        if not strange:
            yield ok(*trip.seqs)


def _begun(every: list[Trip], trip: Trip) -> Trip:
    """The exchange with which the stream began that this one takes up, perhaps after others that did."""
    met = [trip]
    while True:
        before = next((one for one in every if one not in met and _resumes(met[-1], one)), None)
        if before is None:
            return met[-1]
        met.append(before)


def _family(every: list[Trip], source: Trip) -> set[str]:
    """The channels on which one stream was delivered: its own, and those of GETs that took it up, or took up what those brought."""
    met = [source]
    while more := [one for one in every if one not in met and any(_resumes(one, before) for before in met)]:
        met.extend(more)
    return {one.out.channel for one in met}


def _belongs_elsewhere(talk: Talk, record: Record, family: set[str]) -> bool:
    """Does it answer a request whose own stream is another one, or repeat an event that another stream had delivered?"""
    if shape(record.message) is Shape.RESPONSE:
        owner = next((call for call in talk.calls if record in call.answers), None)
        return owner is not None and owner.lawful and owner.channel not in family
    if not isinstance(record.message, dict) or not record.meta.get("id"):
        return False
    earlier = (one for one in talk.records[: record.seq] if one.channel not in family and one.way is Way.IN)
    return any(one.meta.get("id") == record.meta["id"] and one.raw == record.raw for one in earlier)


@check("mcp.httpsse.message-event", "mcp.httpsse.endpoint-event", "mcp.httpsse.two-endpoints")
def legacy_events(talk: Talk) -> Iterator[Note]:
    """HTTP+SSE: the endpoint event names a URI, messages are events called message, and POSTs to that URI are taken."""
    if talk.transport != "sse":
        return
    for trip in trips(talk):
        if trip.method == "GET":
            yield from _legacy_stream(trip)
        elif trip.method == "POST" and trip.lawful and trip.status is not None and trip.path != _stream_path(talk):
            if 200 <= trip.status < 300:
                yield ok(*trip.seqs, requirement="mcp.httpsse.two-endpoints")
            elif trip.status in (404, 405, 501):
                why = f"the POST endpoint answered {trip.status}"
                yield broken(*trip.seqs, why=why, requirement="mcp.httpsse.two-endpoints")


def _stream_path(talk: Talk) -> str:
    return next((one.path for one in trips(talk) if one.method == "GET"), "")


def _legacy_stream(trip: Trip) -> Iterator[Note]:
    announced = False
    for one in trip.events:
        name = one.meta.get("event")
        if name == "endpoint":
            announced = True
            told = one.raw.decode("utf-8", "replace").strip()
            if _URI.fullmatch(told) is None:
                why = f"the endpoint event names no URI, but {brief(told)}"
                yield broken(*trip.seqs, one.seq, why=why, requirement="mcp.httpsse.endpoint-event")
        elif one.kind is Kind.MESSAGE and one.message is not ABSENT:
            if name == "message":
                yield ok(one.seq)
            else:
                yield broken(one.seq, why=f"a message came as an event called {name!r}")
        elif one.kind is Kind.MESSAGE and name == "message" and announced:
            yield broken(one.seq, why="the data of a message event is no JSON")


CHECKS = (
    stream_brings_answer,
    priming,
    no_buffering,
    no_response_on_get,
    ids_unique,
    no_cross_stream,
    legacy_events,
)
