"""The Agent Card: how it is served, whether what it says of interfaces holds, and what should not be on it (specification 8; 0.3: 5)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from wireproof.judge.pack import Check, Note, broken, check, ok
from wireproof.model.jsontext import ABSENT, JSON
from wireproof.model.wire import header
from wireproof.protocols.a2a.card import BINDINGS, EARLIER, WELL_KNOWN
from wireproof.protocols.a2a.conversation import Talk
from wireproof.protocols.a2a.tracker import Call

_SECRET_NAME: Final = re.compile(
    r"(^|[-_])(password|passwd|secret|private[-_]?key|access[-_]?token|client[-_]?secret)$", re.I
)
_SECRET_VALUE: Final = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----|^(Bearer|Basic) [\w.~+/=-]{16,}$|^(sk|ghp|xox[bp])[-_]\w{16,}"
)
_URLS: Final = {"authorizationUrl", "tokenUrl", "refreshUrl", "deviceAuthorizationUrl"}
_TLS: Final = {"clientCredentials", "authorizationCode"}
_MAIN: Final = (
    "a2a.card.url-serves-preferred.v03",
    "a2a.card.preferred-transport-at-url.v03",
    "a2a.card.url-primary.v03",
    "a2a.card.urls-and-transports.v03",
    "a2a.card.validation-rules.v03",
)
"""What the interface at the main URL of 0.3 shows."""
ENOUGH: Final = 3
"""Calls that must all be answered in no form of a binding before its declaration counts as untrue."""


@check("a2a.discovery.card-available")
def card_available(talk: Talk) -> Iterator[Note]:
    """There is an Agent Card."""
    for call in talk.cards:
        yield ok(call.seq, call.messages[0].seq)


@check("a2a.discovery.well-known", "a2a.discovery.well-known.v03")
def card_at_well_known(talk: Talk) -> Iterator[Note]:
    """What lies at the well-known path is the card; said only where no other address was given for it."""
    row = "a2a.discovery.well-known" if talk.current else "a2a.discovery.well-known.v03"
    if talk.has("given-card"):
        return
    for call in talk.cards:
        place = urlsplit(str(call.record.meta.get("target", ""))).path
        if place.endswith(WELL_KNOWN):
            yield ok(call.seq, call.messages[0].seq, requirement=row)
        elif place == EARLIER:
            yield from _in_its_place(talk, row)


def _in_its_place(talk: Talk, row: str) -> Iterator[Note]:
    """Of an agent whose card lies elsewhere: what the origin's well-known path holds, if anything, is no card."""
    for call in talk.calls:
        place = urlsplit(str(call.record.meta.get("target", ""))).path
        if call.operation or place != WELL_KNOWN or call.status != 200 or call.head is None or call in talk.cards:
            continue
        why = f"{WELL_KNOWN} holds something that is no Agent Card; the card is at {EARLIER}"
        yield broken(call.seq, call.head.seq, why=why, requirement=row)


@check("a2a.caching.cache-control", "a2a.caching.etag")
def card_caching(talk: Talk) -> Iterator[Note]:
    """The card is served with Cache-Control, of which max-age is a part, and with an ETag."""
    for call in talk.cards if talk.current else ():
        if call.head is None:
            continue
        seqs = (call.seq, call.head.seq)
        control = header(call.headers, "cache-control")
        if "max-age" in (control or ""):
            yield ok(*seqs)
        else:
            yield broken(
                *seqs,
                why=f"the card comes {'without Cache-Control' if control is None else f'with Cache-Control {control!r}'}",
            )
        tag = header(call.headers, "etag")
        row = "a2a.caching.etag"
        yield (
            ok(*seqs, requirement=row) if tag else broken(*seqs, why="the card comes without an ETag", requirement=row)
        )


@check("a2a.card.transport-core-values.v03")
def transport_values(talk: Talk) -> Iterator[Note]:
    """Core transports bear their core names; other transports may be called anything."""
    for call, card in _cards_of_0_3(talk):
        seqs = (call.seq, call.messages[0].seq)
        named = [("/preferredTransport", card.get("preferredTransport"))]
        named += [
            (f"/additionalInterfaces/{index}/transport", one.get("transport")) for index, one in _additional(card)
        ]
        for place, name in named:
            if not isinstance(name, str):
                continue
            likely = next((core for core in BINDINGS if _plain(core) == _plain(name)), None)
            if likely is not None and likely != name:
                yield broken(*seqs, why=f"the transport is called {name!r} and not {likely!r}", pointer=place)
            elif likely is not None:
                yield ok(*seqs)


@check("a2a.card.interfaces-complete.v03")
def declared_together(talk: Talk) -> Iterator[Note]:
    """Where a card of 0.3 lists additional interfaces, the main one is among them."""
    for call, card in _cards_of_0_3(talk):
        seqs = (call.seq, call.messages[0].seq)
        named = [(one.get("url"), one.get("transport")) for _, one in _additional(card)]
        if (card.get("url"), card.get("preferredTransport", "JSONRPC")) in named:
            yield ok(*seqs)
        elif named:
            why = "additionalInterfaces has no entry for url with preferredTransport"
            yield broken(*seqs, why=why, pointer="/additionalInterfaces")


@check("a2a.card.deprecated-flow-urls", "a2a.card.flow-urls.v03")
def flow_urls(talk: Talk) -> Iterator[Note]:
    """The URLs of OAuth flows are absolute, and in 0.3 those of two flows use TLS."""
    for call in talk.cards:
        card = call.messages[0].message
        seqs = (call.seq, call.messages[0].seq)
        for place, flow, name, value in _flow_urls(card, talk.current):
            row = "a2a.card.deprecated-flow-urls" if talk.current else "a2a.card.flow-urls.v03"
            if talk.current and flow not in ("implicit", "password"):
                continue
            scheme = _scheme(value)
            if scheme not in ("http", "https"):
                yield broken(*seqs, why=f"{name} is no absolute URL: {value!r}", pointer=place, requirement=row)
            elif scheme == "http" and not talk.current and flow in _TLS:
                yield broken(*seqs, why=f"{name} does not use TLS: {value!r}", pointer=place, requirement=row)
            else:
                yield ok(*seqs, requirement=row)


@check("a2a.discovery.no-credentials", "a2a.discovery.no-secrets.v03")
def no_secrets(talk: Talk) -> Iterator[Note]:
    """No member of the public card is named as a secret and holds a text, and no text looks like a key or a token."""
    row = "a2a.discovery.no-credentials" if talk.current else "a2a.discovery.no-secrets.v03"
    for call in talk.cards:
        seqs = (call.seq, call.messages[0].seq)
        found = next(_secrets(call.messages[0].message, ""), None)
        if found is not None:
            yield broken(*seqs, why="the public card holds what looks like a secret", pointer=found, requirement=row)
        else:
            yield ok(*seqs, requirement=row)


@check(
    "a2a.card.interfaces-truthful",
    "a2a.card.protocols-declared",
    "a2a.card.interfaces-truthful.v03",
    *_MAIN,
    "a2a.card.no-conflicting-transports.v03",
)
def interfaces_truthful(talk: Talk) -> Iterator[Note]:
    """What answers at the URL of an interface speaks the binding that the card says of it."""
    if not talk.has("interface"):
        return
    asked = [
        one for one in talk.operations if one.lawful and one.head is not None and one.status not in (401, 403, 429)
    ]
    rows = _truthful_rows(talk)
    spoken = [one for one in asked if _speaks(one, talk.transport)]
    if spoken:
        for row in rows:
            yield ok(spoken[0].seq, spoken[0].messages[0].seq, requirement=row)
    elif len(asked) >= ENOUGH and all((one.status or 500) < 500 for one in asked):
        shown = "JSON-RPC" if talk.transport == "jsonrpc" else "HTTP+JSON"
        first = f"the first with status {asked[0].status}"
        why = (
            f"none of {len(asked)} calls to the URL that the card names for {shown} was answered in that form ({first})"
        )
        for row in rows:
            yield broken(*(one.seq for one in asked[:ENOUGH]), why=why, requirement=row)


def _truthful_rows(talk: Talk) -> tuple[str, ...]:
    if talk.current:
        return ("a2a.card.interfaces-truthful", "a2a.card.protocols-declared")
    card, url = talk.facts.get("document"), talk.facts.get("interface", {}).get("url")
    if not isinstance(card, dict):
        return ()
    main = BINDINGS.get(str(card.get("preferredTransport", "JSONRPC")))
    rows = ["a2a.card.interfaces-truthful.v03"]
    if card.get("url") == url and main == talk.transport:
        rows += _MAIN
    named = {BINDINGS.get(str(one.get("transport"))) for _, one in _additional(card) if one.get("url") == url}
    if len(named | ({main} if card.get("url") == url else set())) > 1:
        rows.append("a2a.card.no-conflicting-transports.v03")
    return tuple(rows)


def _speaks(call: Call, transport: str) -> bool:
    """Is that an answer of the binding? An error of HTTP+JSON may have any form, so that only a JSON object is asked for."""
    message = call.messages[0].message if call.messages else ABSENT
    if not isinstance(message, dict):
        return False
    if transport == "jsonrpc":
        return "jsonrpc" in message or "result" in message or {"id", "error"} <= set(message)
    return "jsonrpc" not in message


def _cards_of_0_3(talk: Talk) -> Iterator[tuple[Call, Mapping[str, Any]]]:
    for call in () if talk.current else talk.cards:
        card = call.messages[0].message
        if isinstance(card, dict) and isinstance(card.get("url"), str):
            yield call, card


def _additional(card: Mapping[str, Any]) -> list[tuple[int, Mapping[str, Any]]]:
    held = card.get("additionalInterfaces")
    return [(index, one) for index, one in enumerate(held if isinstance(held, list) else ()) if isinstance(one, dict)]


def _plain(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())


def _flow_urls(card: JSON, current: bool) -> Iterator[tuple[str, str, str, JSON]]:
    """(pointer, flow, member, value) of every URL of an OAuth flow on the card."""
    schemes = card.get("securitySchemes") if isinstance(card, dict) else None
    for key, scheme in schemes.items() if isinstance(schemes, dict) else ():
        inner = scheme.get("oauth2SecurityScheme") if current and isinstance(scheme, dict) else scheme
        flows = inner.get("flows") if isinstance(inner, dict) else None
        for flow, held in flows.items() if isinstance(flows, dict) else ():
            for name in sorted(_URLS & set(held)) if isinstance(held, dict) else ():
                if isinstance(held[name], str) and held[name]:
                    yield f"/securitySchemes/{key}", flow, name, held[name]


def _scheme(url: JSON) -> str:
    try:
        parts = urlsplit(str(url))
    except ValueError:
        return ""
    return parts.scheme.lower() if parts.netloc else ""


def _secrets(value: JSON, place: str) -> Iterator[str]:
    """Pointers of what looks like a secret."""
    if isinstance(value, dict):
        for key, one in value.items():
            below = f"{place}/{key.replace('~', '~0').replace('/', '~1')}"
            if isinstance(one, str) and one and _SECRET_NAME.search(key):
                yield below
            yield from _secrets(one, below)
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _secrets(one, f"{place}/{index}")
    elif isinstance(value, str) and _SECRET_VALUE.search(value):
        yield place


@check("a2a.custom-binding.on-card", "a2a.custom-binding.uri-on-card")
def custom_bindings(talk: Talk) -> Iterator[Note]:
    """A binding that is none of the core ones has a full URL, and a URI for a name."""
    for call in talk.cards if talk.current else ():
        card = call.messages[0].message
        held = card.get("supportedInterfaces") if isinstance(card, dict) else None
        for place, one in enumerate(held if isinstance(held, list) else ()):
            name, url = (one.get("protocolBinding"), one.get("url")) if isinstance(one, dict) else (None, None)
            if not isinstance(name, str) or not isinstance(url, str) or _core_name(name):
                continue
            seqs, at = (call.seq, call.messages[0].seq), f"/supportedInterfaces/{place}"
            for row, told, pointer, why in (
                ("on-card", ":" in url, f"{at}/url", f"the URL of the binding {name!r} is not a full one: {url!r}"),
                (
                    "uri-on-card",
                    ":" in name,
                    f"{at}/protocolBinding",
                    f"the name of a custom binding is no URI: {name!r}",
                ),
            ):
                row = f"a2a.custom-binding.{row}"
                yield ok(*seqs, requirement=row) if told else broken(*seqs, why=why, pointer=pointer, requirement=row)


def _core_name(name: str) -> bool:
    return _plain(name) in {_plain(core) for core in BINDINGS}


@check("a2a.extensions.uri-versioned")
def extensions_versioned(talk: Talk) -> Iterator[Note]:
    """The URI of an extension has a number in it, which may be its version."""
    for call in talk.cards if talk.current else ():
        card = call.messages[0].message
        held = card.get("capabilities") if isinstance(card, dict) else None
        listed = held.get("extensions") if isinstance(held, dict) else None
        for place, one in enumerate(listed if isinstance(listed, list) else ()):
            uri = one.get("uri") if isinstance(one, dict) else None
            if not isinstance(uri, str):
                continue
            seqs = (call.seq, call.messages[0].seq)
            if re.search(r"\d", uri):
                yield ok(*seqs)
            else:
                pointer = f"/capabilities/extensions/{place}/uri"
                yield broken(*seqs, why=f"the URI of an extension has no version: {uri!r}", pointer=pointer)


CHECKS: tuple[Check, ...] = (
    custom_bindings,
    extensions_versioned,
    card_available,
    card_at_well_known,
    card_caching,
    transport_values,
    declared_together,
    flow_urls,
    no_secrets,
    interfaces_truthful,
)
