"""What a protected server says with its 401 and 403 and publishes about authorization (basic/authorization; RFC 9728, 6750, 8414).

Authorization is optional, and where there is some, following MCP's is a SHOULD. A static token behind a plain 401 or a plain Bearer
challenge is a scheme of the server's own. Only a server that shows that it follows MCP's (resource_metadata in a challenge, or metadata
that it serves) is held to its details; for another one that departure is all there is to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from wireproof.judge.matching import brief
from wireproof.judge.pack import Note, broken, check, ok
from wireproof.model.wire import header
from wireproof.protocols.mcp.conversation import Talk
from wireproof.protocols.mcp.trips import Trip, trips

_CLAIMS: Final = "eyJzdWIiOiJ3aXJlcHJvb2YiLCJpYXQiOjE3MDAwMDAwMDAsImV4cCI6NDEwMjQ0NDgwMH0"
INVENTED: Final = (
    "Bearer wireproof-invented-token",
    f"Bearer eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{_CLAIMS}.",
    f"Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.{_CLAIMS}.d2lyZXByb29mLWZvcmdlZC1zaWduYXR1cmUtb2YtMzI",
)
MALFORMED: Final = "Bearer two words"
"""What the exchanges send in the Authorization field that nobody issued (a word, a JWT without signature, a JWT with a made-up one), and
that nobody can read."""
BUSY: Final = (429, 502, 503, 504)
"""Statuses of a server that has no time, or of a gateway that found none; they say nothing of tokens."""
RESOURCE: Final = "/.well-known/oauth-protected-resource"
SERVER: Final = "/.well-known/oauth-authorization-server"
USUAL: Final = ("/authorize", "/token", "/register")
_PARAMETER: Final = r'(?i)(?:^|[\s,]){}\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))'


class _Shown:
    """What one conversation shows of authorization."""

    def __init__(self, talk: Talk) -> None:
        every = trips(talk) if talk.transport == "http" else []
        self.asked = [one for one in every if one.method == "GET" and one.head is not None]
        spans = {one.out.span for one in self._at(RESOURCE)}
        # Only exchanges that look for metadata: alone and repeated, an exchange must show the same.
        posts = (one for one in every if one.method == "POST" and one.out.span in spans)
        self.posts = [one for one in posts if one.status is not None and one.status not in BUSY]
        self.refused = [one for one in self.posts if one.status == 401]
        self.resources = [(one, found) for one in self._at(RESOURCE) if (found := _document(one, "resource"))]
        self.servers = [(one, found) for one in self._at(SERVER) if (found := _document(one, "issuer"))]
        below = [one for one in self.asked if one.path.endswith(SERVER) and one.path != SERVER]
        self.below = [one for one in below if _document(one, "issuer")]
        documents = bool(self.resources or self.servers or self.below)
        self.follows = documents or any(_parameter(_bearer(one) or "", "resource_metadata") for one in self.refused)

    def _at(self, path: str) -> list[Trip]:
        return [one for one in self.asked if one.path == path or one.path.startswith(path + "/")]

    def tried(self, path: str) -> list[Trip]:
        """Who was asked for this well-known document and did not have it."""
        return [one for one in self._at(path) if one.status != 200]


def _challenges(trip: Trip) -> list[str]:
    return [value for name, value in trip.headers if name.lower() == "www-authenticate"]


def _bearer(trip: Trip) -> str | None:
    """The challenge of the Bearer scheme."""
    return next((one for one in _challenges(trip) if re.search(r"(?i)(?:^|,)\s*bearer(?:\s|$)", one)), None)


def _parameter(challenge: str, name: str) -> str | None:
    found = re.search(_PARAMETER.format(name), challenge)
    return None if found is None else found.group(1) if found.group(1) is not None else found.group(2)


def _document(trip: Trip, member: str) -> dict[str, Any] | None:
    """The JSON object of a successful response, if it has the member that makes it what it should be."""
    for one in trip.bodies:
        if trip.status == 200 and isinstance(one.message, dict) and (member in one.message or _lists(one.message)):
            return one.message
    return None


def _lists(document: dict[str, Any]) -> bool:
    return "authorization_servers" in document


@check(
    "mcp.auth.http-conform",
    "mcp.auth.token.failure-response",
    "mcp.auth.prm.www-authenticate",
    "mcp.auth.scope.challenge",
)
def challenge(talk: Talk) -> Iterator[Note]:
    """A 401 carries a Bearer challenge, which names the metadata and the scopes."""
    shown = _Shown(talk)
    for trip in shown.refused:
        told = _bearer(trip)
        if not shown.follows:
            why = "401 without resource_metadata in a Bearer challenge, and no metadata: a scheme of the server's own"
            yield broken(*trip.seqs, why=why)
            continue
        yield ok(*trip.seqs)
        if told is None:
            why = "401 without a Bearer challenge in WWW-Authenticate"
            yield broken(*trip.seqs, why=why, requirement="mcp.auth.token.failure-response")
        else:
            yield ok(*trip.seqs, requirement="mcp.auth.token.failure-response")
        for row, name in (
            ("mcp.auth.prm.www-authenticate", "resource_metadata"),
            ("mcp.auth.scope.challenge", "scope"),
        ):
            if told is not None and _parameter(told, name):
                yield ok(*trip.seqs, requirement=row)
            else:
                yield broken(*trip.seqs, why=f"the challenge has no {name}", requirement=row)


@check("mcp.auth.refresh.server-scope")
def no_offline_access(talk: Talk) -> Iterator[Note]:
    """Neither the challenge nor the metadata of the resource asks for offline_access."""
    shown = _Shown(talk)
    for trip in shown.refused:
        scope = _parameter(_bearer(trip) or "", "scope")
        if scope is not None and "offline_access" in scope.split():
            yield broken(*trip.seqs, why="the challenge asks for offline_access")
        elif scope is not None:
            yield ok(*trip.seqs)
    for trip, document in shown.resources:
        scopes = document.get("scopes_supported")
        if isinstance(scopes, list) and "offline_access" in scopes:
            yield broken(*trip.seqs, why="scopes_supported lists offline_access")
        elif isinstance(scopes, list):
            yield ok(*trip.seqs)


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


@check("mcp.auth.prm.server", "mcp.auth.prm.discovery-one-of", "mcp.auth.prm.authorization-servers")
def resource_metadata(talk: Talk) -> Iterator[Note]:
    """The metadata of the protected resource can be found, and it names an authorization server."""
    shown = _Shown(talk)
    named = [(one, url) for one in shown.refused if (url := _parameter(_bearer(one) or "", "resource_metadata"))]
    for trip, _ in named:
        yield ok(*trip.seqs, requirement="mcp.auth.prm.discovery-one-of")
    for trip, document in shown.resources:
        yield ok(*trip.seqs, requirement="mcp.auth.prm.discovery-one-of")
        if isinstance(document.get("resource"), str):
            yield ok(*trip.seqs, requirement="mcp.auth.prm.server")
        else:
            why = f"the metadata does not say of which resource it is: resource is {brief(document.get('resource'))}"
            yield broken(*trip.seqs, why=why, requirement="mcp.auth.prm.server")
        servers = document.get("authorization_servers")
        row = "mcp.auth.prm.authorization-servers"
        if isinstance(servers, list) and servers and all(isinstance(one, str) and _is_url(one) for one in servers):
            yield ok(*trip.seqs, requirement=row)
        else:
            yield broken(*trip.seqs, why=f"authorization_servers is {brief(servers)}", requirement=row)
    tried = shown.tried(RESOURCE)
    if shown.resources or not shown.follows or len(tried) < 2:
        return
    seqs = tuple(seq for one in tried for seq in one.seqs)
    here = talk.facts.get("target", {}).get("authority", "").lower()
    places = {urlsplit(url).path for _, url in named}
    if not named:
        why = "no resource_metadata in the challenge and no metadata at the well-known URIs"
        yield broken(*seqs, why=why, requirement="mcp.auth.prm.discovery-one-of")
        yield broken(*seqs, why=why, requirement="mcp.auth.prm.server")
    elif places <= {one.path for one in tried} and all(urlsplit(url).netloc.lower() == here for _, url in named):
        why = "the metadata is not where the challenge says, nor at the other well-known URI"
        yield broken(*seqs, why=why, requirement="mcp.auth.prm.discovery-one-of")
        yield broken(*seqs, why=why, requirement="mcp.auth.prm.server")


@check(
    "mcp.auth.v1.asm-server",
    "mcp.auth.v1.metadata-at-root",
    "mcp.auth.v1.base-url",
    "mcp.auth.v1.default-uris",
    "mcp.auth.v1.dcr",
    "mcp.auth.dcr-should",
)
def server_metadata(talk: Talk) -> Iterator[Note]:
    """2025-03-26: the server is its own authorization server, with metadata at its root or the usual paths."""
    shown = _Shown(talk)
    for trip, document in shown.servers:
        for row in ("asm-server", "metadata-at-root", "base-url"):
            yield ok(*trip.seqs, requirement=f"mcp.auth.v1.{row}")
        for row in ("mcp.auth.v1.dcr", "mcp.auth.dcr-should"):
            if isinstance(document.get("registration_endpoint"), str):
                yield ok(*trip.seqs, requirement=row)
            else:
                yield broken(*trip.seqs, why="the metadata names no registration_endpoint", requirement=row)
    tried = shown.tried(SERVER)
    usual = [one for one in shown.asked if one.path in USUAL]
    if shown.servers and usual and all(one.status in (200, 302, 303, 400) for one in usual):
        yield ok(*usual[0].seqs, requirement="mcp.auth.v1.default-uris")  # not owed beside metadata, but there
    newer = shown.resources or any(_parameter(_bearer(one) or "", "resource_metadata") for one in shown.refused)
    if not tried or shown.servers or newer:
        return  # with metadata of the resource, as later revisions have it, the authorization server may be any other
    if not shown.below and not any(one.status not in (401, 403, 404, tried[0].status) for one in usual):
        return  # nothing shows that tokens are to be had here
    yield broken(*tried[0].seqs, why=f"{SERVER} got {tried[0].status}")
    for trip in shown.below:
        for row in ("metadata-at-root", "base-url"):
            why = f"the metadata is at {trip.path}, not at the root"
            yield broken(*trip.seqs, why=why, requirement=f"mcp.auth.v1.{row}")
    for trip in usual:
        if trip.status == 404:
            why = f"without metadata {trip.path} is due, but it got 404"
            yield broken(*trip.seqs, why=why, requirement="mcp.auth.v1.default-uris")
        else:
            yield ok(*trip.seqs, requirement="mcp.auth.v1.default-uris")


_UNAUTHORIZED: Final = ("mcp.auth.error.401", "mcp.auth.v1.unauthorized-401")
_INVALID: Final = ("mcp.auth.token.invalid-401", "mcp.auth.error.401")
_VALIDATED: Final = ("mcp.auth.token.validate", "mcp.auth.token.guidelines")


@check(*_UNAUTHORIZED, *_VALIDATED, _INVALID[0], "mcp.auth.token.before-processing", "mcp.auth.error.400")
def refusals(talk: Talk) -> Iterator[Note]:
    """No token, an invented one, an unreadable one. What is served without a token at all is open to all, and shows nothing."""
    shown = _Shown(talk)
    closed = {one.out.span for one in shown.refused if _opens(one) and _given(one) is None}
    endpoint = {one.path for one in shown.posts}
    for trip in shown.asked if shown.follows else []:
        if trip.out.span in closed and trip.path in endpoint and _given(trip) is None and trip.streams:
            why = "without a token a conversation cannot begin, but a GET opens a stream"
            yield broken(*trip.seqs, why=why, requirement="mcp.auth.token.before-processing")
    for trip in shown.posts if shown.follows else []:
        given = _given(trip)
        if given is None:
            yield from _without_token(talk, trip, closed=trip.out.span in closed)
        elif trip.out.span in closed and given in INVENTED:
            yield from _with_invented(trip)
        elif trip.out.span in closed and given == MALFORMED and trip.status == 400:
            yield ok(*trip.seqs, requirement="mcp.auth.error.400")
        elif trip.out.span in closed and given == MALFORMED and trip.status != 401:
            why = f"an unreadable Authorization field gets {trip.status}"
            yield broken(*trip.seqs, why=why, requirement="mcp.auth.error.400")


def _given(trip: Trip) -> str | None:
    return header(trip.sent, "authorization")


def _opens(trip: Trip) -> bool:
    return trip.call is not None and trip.call.method in ("initialize", "server/discover")


def _without_token(talk: Talk, trip: Trip, *, closed: bool) -> Iterator[Note]:
    if trip.status == 401:
        rows = _UNAUTHORIZED if _opens(trip) else (*_UNAUTHORIZED, "mcp.auth.token.before-processing")
        for row in rows:
            yield ok(*trip.seqs, requirement=row)
    elif trip.status == 403 or (trip.status == 400 and _opens(trip)):
        for row in _UNAUTHORIZED:
            yield broken(*trip.seqs, why=f"a request without a token gets {trip.status}", requirement=row)
    elif closed and not _opens(trip) and _processed(talk, trip):
        why = f"without a token a conversation cannot begin, but a later request gets {trip.status}"
        yield broken(*trip.seqs, why=why, requirement="mcp.auth.token.before-processing")


def _processed(talk: Talk, trip: Trip) -> bool:
    """The server looked at the method; 400 and 404 may be about the session, which may be looked up first."""
    error = trip.call.error if trip.call is not None else None
    unknown = isinstance(error, dict) and error.get("code") == -32601
    return trip.status in range(200, 300) or (unknown and talk.modern)


def _with_invented(trip: Trip) -> Iterator[Note]:
    served = trip.status in range(200, 300)
    for row in _VALIDATED:
        if served:
            yield broken(*trip.seqs, why="a token that nobody issued is let in", requirement=row)
        elif trip.status in (400, 401, 403):
            yield ok(*trip.seqs, requirement=row)
    for row in _INVALID:
        if trip.status == 401:
            yield ok(*trip.seqs, requirement=row)
        else:
            why = f"a token that nobody issued gets {trip.status}"
            yield broken(*trip.seqs, why=why, requirement=row)


_STEP_UP: Final = "mcp.auth.stepup.server-403"


@check("mcp.auth.error.403", _STEP_UP, "mcp.auth.stepup.server-scopes")
def insufficient_scope(talk: Talk) -> Iterator[Note]:
    """A token without the scopes gets 403, and a challenge that names them and the metadata.

    A bare 403 in a session that another token opened may be about the session.
    """
    shown = _Shown(talk)
    for trip in shown.posts if shown.follows else []:
        told = _bearer(trip) or ""
        exchange = talk.exchanges.get(trip.out.span or "")
        narrow = exchange is not None and "token:narrow" in exchange.needs and _given(trip) is not None
        if _parameter(told, "error") == "insufficient_scope":
            yield from _stepped_up(trip, told)
        elif narrow and trip.status == 403:
            yield ok(*trip.seqs, requirement="mcp.auth.error.403")
            if talk.modern or _opens(trip):
                why = "403 without a Bearer challenge that says insufficient_scope"
                yield broken(*trip.seqs, why=why, requirement=_STEP_UP)


def _stepped_up(trip: Trip, told: str) -> Iterator[Note]:
    if trip.status != 403:
        for row in ("mcp.auth.error.403", _STEP_UP):
            yield broken(*trip.seqs, why=f"insufficient_scope with {trip.status}", requirement=row)
        return
    yield ok(*trip.seqs, requirement="mcp.auth.error.403")
    missing = [name for name in ("scope", "resource_metadata") if not _parameter(told, name)]
    if missing:
        yield broken(*trip.seqs, why=f"insufficient_scope without {' and '.join(missing)}", requirement=_STEP_UP)
    else:
        yield ok(*trip.seqs, requirement=_STEP_UP)
    if "scope" in missing:
        why = "the challenge does not name the scopes that are needed"
        yield broken(*trip.seqs, why=why, requirement="mcp.auth.stepup.server-scopes")
    else:
        yield ok(*trip.seqs, requirement="mcp.auth.stepup.server-scopes")


CHECKS = (challenge, no_offline_access, resource_metadata, server_metadata, refusals, insufficient_scope)
