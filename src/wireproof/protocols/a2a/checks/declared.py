"""What is served and what is activated against what the card and the client named (specification 4.6.3, 5.2, 8.3; 0.3: 3.1, 3.4.2, 5.6)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from wireproof.judge.pack import Check, Note, broken, check, ok
from wireproof.model.wire import header
from wireproof.protocols.a2a.card import interfaces
from wireproof.protocols.a2a.conversation import Talk
from wireproof.protocols.a2a.tracker import Call, fields

_OVER_HTTP: Final = {"jsonrpc": "JSON-RPC", "rest": "HTTP+JSON"}
_UNKNOWN_TASK: Final = re.compile(r"-32001|task[ _]?not[ _]?found", re.I)
_CORE: Final = ("JSONRPC", "HTTP+JSON")


@check("a2a.card.bindings-declared", "a2a.card.transports-declared.v03")
def bindings_declared(talk: Talk) -> Iterator[Note]:
    """The card names JSON-RPC and HTTP+JSON both, or the one that it leaves out is not served at the URL of the other."""
    row = "a2a.card.bindings-declared" if talk.current else "a2a.card.transports-declared.v03"
    named = _named(talk)
    (other,) = {"jsonrpc", "rest"} - {talk.transport} if talk.transport in _OVER_HTTP else {""}
    if other in named:
        for call in talk.cards:
            yield ok(call.seq, call.messages[0].seq, requirement=row)
        return
    for call in talk.calls:
        if not other or call.operation or call.head is None or not _tries(call, other):
            continue
        if call.messages and _served(call, other):
            why = f"{_OVER_HTTP[other]} of this version is served at the URL of {_OVER_HTTP[talk.transport]}, and the card does not name it"
            yield broken(call.seq, call.head.seq, call.messages[0].seq, why=why, requirement=row)
        else:
            yield ok(call.seq, call.head.seq, requirement=row)


def _named(talk: Talk) -> set[str]:
    document = talk.facts.get("document")
    listed = interfaces(document) if isinstance(document, dict) else ()
    return {one.binding for one in listed if one.version == talk.revision.id}


def _tries(call: Call, binding: str) -> bool:
    """Is that our question for a task that nobody knows, put in another binding than that of the conversation?"""
    if binding == "jsonrpc":
        return call.record.meta.get("method") == "POST" and b'"jsonrpc"' in call.record.raw
    return call.record.meta.get("method") == "GET" and "/tasks/" in str(call.record.meta.get("target", ""))


def _served(call: Call, binding: str) -> bool:
    """Does the answer say, in that binding, that nobody knows the task? No other 404 says that of a task."""
    message = call.messages[0].message
    if not isinstance(message, dict) or not _UNKNOWN_TASK.search(call.messages[0].raw.decode("utf-8", "replace")):
        return False
    return ("jsonrpc" in message) == (binding == "jsonrpc")


@check("a2a.transport.http.v03")
def over_http(talk: Talk) -> Iterator[Note]:
    """Every interface of a core transport that a card of 0.3 names has an http or https URL; gRPC is HTTP/2 whatever its URL looks like."""
    for call, place, url, name in _interfaces_of_0_3(talk):
        seqs = (call.seq, call.messages[0].seq)
        if name not in _CORE:
            if name == "GRPC":
                yield ok(*seqs)
        elif _scheme(url) in ("http", "https"):
            yield ok(*seqs)
        elif "://" in url:
            yield broken(*seqs, why=f"{name} is said to be reached over {_scheme(url)}: {url!r}", pointer=place)


def _interfaces_of_0_3(talk: Talk) -> Iterator[tuple[Call, str, str, str]]:
    """(fetch of the card, pointer, URL, transport) of what the cards of 0.3 name."""
    for call in () if talk.current else talk.cards:
        card = call.messages[0].message
        listed = card.get("additionalInterfaces") if isinstance(card, dict) else None
        named: list[tuple[str, Any, Any]] = []
        if isinstance(card, dict):
            named.append(("/url", card.get("url"), card.get("preferredTransport", "JSONRPC")))
        for index, one in enumerate(listed if isinstance(listed, list) else ()):
            if isinstance(one, dict):
                named.append((f"/additionalInterfaces/{index}/url", one.get("url"), one.get("transport")))
        for place, url, name in named:
            if isinstance(url, str) and isinstance(name, str):
                yield call, place, url, name


def _scheme(url: str) -> str:
    try:
        return urlsplit(url).scheme.lower()
    except ValueError:
        return ""


@check("a2a.card.preferred-transport-present.v03")
def preferred_transport(talk: Talk) -> Iterator[Note]:
    """A card of 0.3 says which transport is at its url. The published schema makes that optional, so leaving it out is no fault; to say
    nothing in it is."""
    for call in () if talk.current else talk.cards:
        card = call.messages[0].message
        if not isinstance(card, dict) or not isinstance(card.get("url"), str):
            continue
        seqs, told = (call.seq, call.messages[0].seq), card.get("preferredTransport")
        if told is None:
            yield ok(*seqs, remark="preferredTransport is left out, which the schema reads as JSONRPC")
        elif isinstance(told, str) and told.strip():
            yield ok(*seqs)
        else:
            why = f"preferredTransport names no transport: {told!r}"
            yield broken(*seqs, why=why, pointer="/preferredTransport")


@check("a2a.extensions.no-fallback", "a2a.extensions.no-fallback.guide", "a2a.extensions.no-fallback.v03")
def no_fallback(talk: Talk) -> Iterator[Note]:
    """Who offers another version of an extension is not told that the agent activated its own."""
    rows = ("a2a.extensions.no-fallback", "a2a.extensions.no-fallback.guide")
    field = "a2a-extensions" if talk.current else "x-a2a-extensions"
    known = talk.facts.get("extension") or {}
    own, other = known.get("uri"), known.get("other")
    for call in talk.operations if own and other else ():
        asked = {one.strip() for one in (header(fields(call.record), field) or "").split(",")}
        if other not in asked or own in asked or call.head is None:
            continue
        activated = {one.strip() for one in (header(call.headers, field) or "").split(",")}
        for row in rows if talk.current else ("a2a.extensions.no-fallback.v03",):
            if own in activated:
                why = f"{other} was offered, and {own} was activated in its place"
                yield broken(call.seq, call.head.seq, why=why, requirement=row)
            elif call.messages:
                yield ok(call.seq, call.head.seq, requirement=row)


CHECKS: tuple[Check, ...] = (bindings_declared, over_http, preferred_transport, no_fallback)
