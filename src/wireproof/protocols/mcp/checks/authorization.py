"""What a protected server says with its 401 and publishes about authorization (basic/authorization; RFC 9728, RFC 6750, RFC 8414).

Authorization is optional, and peers may agree on a scheme of their own. Only a server that shows that it follows MCP's (a Bearer
challenge, or metadata) is held to its details; for another one that departure is all there is to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from wireproof.judge.matching import brief
from wireproof.judge.pack import Note, broken, check, ok
from wireproof.protocols.mcp.conversation import Talk
from wireproof.protocols.mcp.trips import Trip, trips

RESOURCE: Final = "/.well-known/oauth-protected-resource"
SERVER: Final = "/.well-known/oauth-authorization-server"
USUAL: Final = ("/authorize", "/token", "/register")
_PARAMETER: Final = r'(?i)(?:^|[\s,]){}\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))'


class _Shown:
    """What one conversation shows of authorization."""

    def __init__(self, talk: Talk) -> None:
        every = trips(talk) if talk.transport == "http" else []
        self.asked = [one for one in every if one.method == "GET" and one.head is not None]
        begun = min((one.out.seq for one in self._at(RESOURCE)), default=None)
        # Only what follows the look for metadata: alone and repeated, an exchange must show the same.
        self.refused = [
            one
            for one in every
            if one.status == 401 and one.method == "POST" and begun is not None and begun < one.out.seq
        ]
        self.resources = [(one, found) for one in self._at(RESOURCE) if (found := _document(one, "resource"))]
        self.servers = [(one, found) for one in self._at(SERVER) if (found := _document(one, "issuer"))]
        below = [one for one in self.asked if one.path.endswith(SERVER) and one.path != SERVER]
        self.below = [one for one in below if _document(one, "issuer")]
        self.follows = any(_bearer(one) for one in self.refused) or bool(self.resources) or bool(self.servers)

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
            why = "401 without a Bearer challenge, and no metadata: a scheme of the server's own"
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


@check("mcp.auth.prm.server", "mcp.auth.prm.discovery-one-of", "mcp.auth.prm.authorization-servers")
def resource_metadata(talk: Talk) -> Iterator[Note]:
    """The metadata of the protected resource can be found, and it names an authorization server."""
    shown = _Shown(talk)
    named = [(one, url) for one in shown.refused if (url := _parameter(_bearer(one) or "", "resource_metadata"))]
    for trip, _ in named:
        yield ok(*trip.seqs, requirement="mcp.auth.prm.discovery-one-of")
    for trip, document in shown.resources:
        yield ok(*trip.seqs, requirement="mcp.auth.prm.discovery-one-of")
        yield ok(*trip.seqs, requirement="mcp.auth.prm.server")
        servers = document.get("authorization_servers")
        row = "mcp.auth.prm.authorization-servers"
        if isinstance(servers, list) and servers and all(isinstance(one, str) and one for one in servers):
            yield ok(*trip.seqs, requirement=row)
        else:
            yield broken(*trip.seqs, why=f"authorization_servers is {brief(servers)}", requirement=row)
    tried = shown.tried(RESOURCE)
    if shown.resources or not shown.follows or len(tried) < 2:
        return
    seqs = tuple(seq for one in tried for seq in one.seqs)
    places = {urlsplit(url).path for _, url in named}
    if not named:
        why = "no resource_metadata in the challenge and no metadata at the well-known URIs"
        yield broken(*seqs, why=why, requirement="mcp.auth.prm.discovery-one-of")
        yield broken(*seqs, why=why, requirement="mcp.auth.prm.server")
    elif places <= {one.path for one in tried}:
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
    newer = shown.resources or any(_parameter(_bearer(one) or "", "resource_metadata") for one in shown.refused)
    if not tried or shown.servers or newer or not shown.follows:
        return  # with metadata of the resource, as later revisions have it, the authorization server may be any other
    yield broken(*tried[0].seqs, why=f"{SERVER} got {tried[0].status}")
    for trip in shown.below:
        for row in ("metadata-at-root", "base-url"):
            why = f"the metadata is at {trip.path}, not at the root"
            yield broken(*trip.seqs, why=why, requirement=f"mcp.auth.v1.{row}")
    for trip in shown.asked:
        if trip.path in USUAL and trip.status == 404:
            why = f"without metadata {trip.path} is due, but it got 404"
            yield broken(*trip.seqs, why=why, requirement="mcp.auth.v1.default-uris")
        elif trip.path in USUAL:
            yield ok(*trip.seqs, requirement="mcp.auth.v1.default-uris")


CHECKS = (challenge, no_offline_access, resource_metadata, server_metadata)
