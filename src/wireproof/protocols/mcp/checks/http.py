"""Streamable HTTP, both eras: status, content type and headers of every response (basic/transports, streamable-http).

Only what the transport obliges is judged: any refusal may have any 4xx or 5xx status where the page names none.
"""

from __future__ import annotations

import itertools
import math
import re
import string
from collections.abc import Iterator

from wireproof.judge.matching import brief
from wireproof.judge.pack import Note, broken, check, ok
from wireproof.model.jsontext import ABSENT
from wireproof.model.wire import header
from wireproof.protocols.jsonrpc import Shape, shape
from wireproof.protocols.mcp.conversation import Talk
from wireproof.protocols.mcp.trips import JSON_TYPE, STREAM, Trip, cancelled, posts, trips

_SESSION = "mcp-session-id"
_FEW_BITS = 32
_SERIES = 4
"""Sessions that it takes to see that their ids count."""
_SMALL_STEP = 10_000


def _success(trip: Trip) -> bool:
    return trip.status is not None and 200 <= trip.status < 300


@check("mcp.http.response-content-type")
def response_content_type(talk: Talk) -> Iterator[Note]:
    """A request that is not refused with an HTTP error is answered by one JSON text or by an event stream."""
    if talk.transport != "http":
        return
    given_up = cancelled(talk)
    for trip in posts(talk, Shape.REQUEST):
        if not trip.lawful or not _success(trip) or (trip.call and trip.call.id in given_up):
            continue
        if trip.content_type not in (JSON_TYPE, STREAM):
            said = f"Content-Type {trip.content_type!r}" if trip.content_type else "no Content-Type"
            yield broken(*trip.seqs, why=f"a request was answered by status {trip.status} with {said}")
        elif trip.content_type == JSON_TYPE and trip.over and all(one.message is ABSENT for one in trip.bodies):
            yield broken(*trip.seqs, why="the response is called application/json, but its body is no JSON")
        elif trip.bodies and isinstance(trip.bodies[0].message, list) and not talk.revision.traits.get("batches"):
            yield broken(*trip.seqs, why="the response is an array, not one JSON object")
        else:
            yield ok(*trip.seqs)


def _notice(talk: Talk, trip: Trip) -> bool:
    """Nothing but notifications and responses, so that no answer is due."""
    if trip.shape in (Shape.NOTIFICATION, Shape.RESPONSE):
        return True
    if trip.shape is not Shape.BATCH or not talk.revision.traits.get("batches"):
        return False
    items = trip.out.message
    return bool(items) and all(shape(one) in (Shape.NOTIFICATION, Shape.RESPONSE) for one in items)


@check("mcp.http.notification-202", "mcp.http.notification-rejected")
def notification_status(talk: Talk) -> Iterator[Note]:
    """A notification (before 2026-07-28 also a response) gets 202 without a body, or an HTTP error status."""
    if talk.transport != "http":
        return
    for trip in posts(talk, Shape.NOTIFICATION, Shape.RESPONSE, Shape.BATCH):
        if not _notice(talk, trip) or trip.status is None:
            continue
        refused = next((one for one in trip.parts if isinstance(one.message, dict) and "error" in one.message), None)
        if trip.status >= 400:
            yield ok(*trip.seqs, requirement="mcp.http.notification-rejected")
        elif refused is not None:
            yield broken(
                *trip.seqs,
                refused.seq,
                why=f"refused with an error in the body, but with status {trip.status}",
                requirement="mcp.http.notification-rejected",
            )
        elif _success(trip) and (trip.status != 202 or trip.parts):
            body = f" and a body: {brief(trip.parts[0].raw.decode('utf-8', 'replace'))}" if trip.parts else ""
            yield broken(*trip.seqs, why=f"accepted with status {trip.status}{body}; it is 202 without a body")
        elif trip.status == 202:
            yield ok(*trip.seqs)


@check("mcp.http.endpoint.post")
def one_endpoint(talk: Talk) -> Iterator[Note]:
    """Requests of what the server declares are not sent away from the endpoint as if there were nothing (2026-07-28)."""
    if not talk.modern or talk.transport != "http":
        return
    for trip in posts(talk, Shape.REQUEST):
        feature = trip.call.method.partition("/")[0] if trip.call else ""
        feature = "completions" if feature == "completion" else feature
        if not trip.lawful or not (feature == "server" or talk.has(feature)):
            continue
        told = any(isinstance(one.message, dict) and "jsonrpc" in one.message for one in trip.parts)
        if trip.status in (404, 405) and not told and trip.call:
            yield broken(*trip.seqs, why=f"{trip.call.method} got {trip.status} without a JSON-RPC error")
        elif told:
            yield ok(*trip.seqs)


@check("mcp.http.session.id-ascii")
def session_id_visible(talk: Talk) -> Iterator[Note]:
    """A session id consists of visible ASCII characters."""
    for trip in trips(talk):
        session = header(trip.headers, _SESSION)
        if session is None or trip.call is None or trip.call.method != "initialize":
            continue
        odd = [char for char in session if not 0x21 <= ord(char) <= 0x7E]
        if odd:
            yield broken(*trip.seqs, why=f"the session id {session!r} contains {odd[0]!r}")
        else:
            yield ok(*trip.seqs)


@check("mcp.http.session.id-strong")
def session_id_strong(talk: Talk) -> Iterator[Note]:
    """Session ids are not given twice, do not count, and are long enough that nobody tries them all. Of randomness itself nobody can tell."""
    given: dict[str, Trip] = {}
    for trip in trips(talk):
        session = header(trip.headers, _SESSION)
        if not session or trip.call is None or trip.call.method != "initialize" or header(trip.sent, _SESSION):
            continue
        if session in given:
            yield broken(*given[session].seqs, *trip.seqs, why=f"two sessions have the id {session!r}")
        elif _bits(session) < _FEW_BITS:
            yield broken(*trip.seqs, why=f"the session id {session!r} is so short that it can be found by trying")
        else:
            yield ok(*trip.seqs)
        given.setdefault(session, trip)
    if len(given) >= _SERIES and _counts(list(given)):
        why = f"session ids differ by a small number alone: {', '.join(list(given)[:_SERIES])}"
        yield broken(*(seq for trip in list(given.values())[:_SERIES] for seq in trip.seqs), why=why)


def _bits(text: str) -> float:
    """The most bits that a text of these kinds of characters can hold."""
    kinds = ((r"[0-9]+", 10), (r"[0-9a-fA-F]+", 16), (r"[0-9A-Za-z]+", 62))
    return len(text) * math.log2(next((size for kind, size in kinds if re.fullmatch(kind, text)), 94))


def _counts(ids: list[str]) -> bool:
    """Do they differ by a decimal number alone, and by little each? A clock is such a number too. Their order is that of chance."""
    head = ids[0][: _alike(ids)].rstrip(string.digits)
    tail = ids[0][::-1][: _alike([one[::-1] for one in ids])][::-1].lstrip(string.digits)
    middle = [one[len(head) : len(one) - len(tail)] for one in ids]
    if not all(one.isascii() and one.isdecimal() for one in middle):
        return False
    return all(after - before < _SMALL_STEP for before, after in itertools.pairwise(sorted(map(int, middle))))


def _alike(texts: list[str]) -> int:
    """How many characters they all begin with."""
    return sum(1 for _ in itertools.takewhile(lambda column: len(set(column)) == 1, zip(*texts, strict=False)))


@check("mcp.http.compat.ignore-session")
def no_session_minted(talk: Talk) -> Iterator[Note]:
    """A server of the modern era alone gives out no session id and echoes none."""
    if not talk.modern or not talk.has("modern-only"):
        return
    for trip in trips(talk):
        session = header(trip.headers, _SESSION)
        if session is not None:
            yield broken(*trip.seqs, why=f"the response carries Mcp-Session-Id: {session}")


@check("mcp.http.sse.no-server-requests")
def no_server_requests(talk: Talk) -> Iterator[Note]:
    """No request of the server comes in any response (2026-07-28)."""
    if not talk.modern or talk.transport != "http":
        return
    for trip in posts(talk, Shape.REQUEST):
        asked = [one for one in trip.parts if shape(one.message) is Shape.REQUEST]
        for one in asked:
            yield broken(*trip.seqs, one.seq, why=f"the server sent a request: {brief(one.message)}")
        if not asked and _success(trip):
            yield ok(*trip.seqs)


CHECKS = (
    response_content_type,
    notification_status,
    one_endpoint,
    session_id_visible,
    session_id_strong,
    no_session_minted,
    no_server_requests,
)
