"""Elicitation: modes, what a question must say, forms that are flat, URLs (client/elicitation)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from wireproof.judge.matching import brief
from wireproof.judge.pack import Note, broken, check, ok
from wireproof.model.jsontext import JSON
from wireproof.protocols.mcp.checks.asking import Asked, asked
from wireproof.protocols.mcp.checks.errors import code_of
from wireproof.protocols.mcp.checks.initiative import MAY_ASK
from wireproof.protocols.mcp.conversation import Talk

URL_REQUIRED: Final = -32042
_SCALARS: Final = ("string", "number", "integer", "boolean")
_NESTING: Final = ("properties", "items", "prefixItems", "patternProperties", "$ref", "allOf", "not", "if")
_CHARACTERS: Final = re.compile(r"[^\x00-\x20\"<>\\^`{|}\x7f]+")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:.")


def _mode(params: Mapping[str, JSON]) -> JSON:
    """The mode that is meant. Without one it is a form, unless the rest says otherwise."""
    if "mode" in params:
        return params["mode"]
    return "url" if "url" in params and "requestedSchema" not in params else "form"


def _elicitations(talk: Talk) -> Iterator[Asked]:
    """Questions to the user, also those that an error lists as still to be answered."""
    yield from asked(talk, "elicitation/create")
    for call, error in talk.errors():
        for place, one in enumerate(_listed(error) or ()):
            if not talk.modern and code_of(error) == URL_REQUIRED and isinstance(one, dict):
                yield Asked(
                    method="elicitation/create",
                    params=one,
                    seqs=talk.answer_seqs(call),
                    pointer=f"/error/data/elicitations/{place}",
                    capabilities={"elicitation": {"form": {}, "url": {}}},
                )


def _listed(error: Mapping[str, JSON]) -> list[JSON] | None:
    """data.elicitations of an error; None where there is no such list."""
    data = error.get("data")
    found = data.get("elicitations") if isinstance(data, dict) else None
    return found if isinstance(found, list) else None


@check("mcp.elicitation.mode-gated")
def modes_declared(talk: Talk) -> Iterator[Note]:
    """Only modes are used that the client declared; an empty capability means forms."""
    for one in asked(talk, "elicitation/create"):
        declared = one.capabilities.get("elicitation")
        modes = [name for name in ("form", "url") if isinstance(declared, dict) and name in declared]
        if isinstance(declared, dict) and not modes:
            modes = ["form"]
        mode = _mode(one.params)
        if mode in modes:
            yield ok(*one.seqs)
        else:
            why = f"the elicitation has the mode {brief(mode)}, the client declares {' and '.join(modes) or 'none'}"
            yield broken(*one.seqs, why=why, pointer=one.pointer + "/mode")


@check("mcp.elicitation.common-params", "mcp.elicitation.form-params", "mcp.elicitation.url-params")
def elicitation_params(talk: Talk) -> Iterator[Note]:
    """Every elicitation has a message, a form has its schema, a URL its mode and (2025-11-25) an elicitationId."""
    for one in _elicitations(talk):
        mode = _mode(one.params)
        common = [] if isinstance(one.params.get("message"), str) else ["message"]
        if mode not in ("form", "url") or (mode == "url" and "mode" not in one.params):
            common.append("mode")
        yield _lacks(one, common, "mcp.elicitation.common-params")
        if mode == "form":
            lacking = [] if isinstance(one.params.get("requestedSchema"), dict) else ["requestedSchema"]
            yield _lacks(one, lacking, "mcp.elicitation.form-params")
        elif mode == "url":
            needed = ("mode", "message", "url") if talk.modern else ("mode", "message", "url", "elicitationId")
            lacking = [name for name in needed if not isinstance(one.params.get(name), str)]
            yield _lacks(one, lacking, "mcp.elicitation.url-params")


def _lacks(one: Asked, names: list[str], row: str) -> Note:
    if not names:
        return ok(*one.seqs, requirement=row)
    given = brief(one.params[names[0]]) if names[0] in one.params else "absent"
    why = f"{names[0]} of an elicitation is {given}"
    return broken(*one.seqs, why=why, pointer=f"{one.pointer}/{names[0]}", requirement=row)


@check("mcp.elicitation.primitive-schema")
def flat_forms(talk: Talk) -> Iterator[Note]:
    """requestedSchema is an object whose properties are primitive: strings, numbers, booleans, and choices among strings."""
    several = talk.schemas.has("UntitledMultiSelectEnumSchema")
    for one in asked(talk, "elicitation/create"):
        form = one.params.get("requestedSchema")
        if _mode(one.params) != "form" or not isinstance(form, dict):
            continue
        properties = form.get("properties")
        if form.get("type") != "object" or not isinstance(properties, dict):
            why = f"requestedSchema is {brief(form)}, which is no object with properties"
            yield broken(*one.seqs, why=why, pointer=one.pointer + "/requestedSchema")
            continue
        nested = [name for name, part in properties.items() if not _primitive(part, several)]
        if nested:
            why = f"the property {nested[0]!r} of requestedSchema is not primitive: {brief(properties[nested[0]])}"
            yield broken(*one.seqs, why=why, pointer=one.pointer + "/requestedSchema/properties")
        else:
            yield ok(*one.seqs)


def _primitive(part: JSON, several: bool) -> bool:
    """Lenient in what the schema rows judge anyway: keywords of a primitive, a type that an enumeration leaves out."""
    if not isinstance(part, dict):
        return False
    kind = part.get("type", "string" if "enum" in part or "oneOf" in part else None)
    if kind == "array" and several:
        items = part.get("items")
        choices = items if isinstance(items, dict) else {}
        return "enum" in choices or "anyOf" in choices or "oneOf" in choices
    return kind in _SCALARS and not any(name in part for name in _NESTING)


@check("mcp.elicitation.url-valid", "mcp.elicitation.url-https")
def urls(talk: Talk) -> Iterator[Note]:
    """The url is a URL; outside of development its scheme is https. Hosts of this machine and of private networks are development."""
    for one in _elicitations(talk):
        url = one.params.get("url")
        if _mode(one.params) != "url" or not isinstance(url, str):
            continue
        at, row = one.pointer + "/url", "mcp.elicitation.url-valid"
        host = _host(url)
        if host is None:
            yield broken(*one.seqs, why=f"{brief(url)} is no valid URL", pointer=at, requirement=row)
            continue
        yield ok(*one.seqs, requirement=row)
        row = "mcp.elicitation.url-https"
        if not url.lower().startswith("http:"):
            yield ok(*one.seqs, requirement=row)
        elif _public(host):
            yield broken(*one.seqs, why=f"{brief(url)} is plain HTTP", pointer=at, requirement=row)
        else:
            yield ok(*one.seqs, requirement=row, remark="plain HTTP to a host of a development environment")


def _host(url: str) -> str | None:
    """The host of an absolute URL ("" where its scheme has none); None where this is no URL."""
    if not _CHARACTERS.fullmatch(url) or not _SCHEME.match(url):
        return None
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return None
    return None if parts.scheme.lower() in ("http", "https") and not host else host


def _public(host: str) -> bool:
    """A name with a dot that is reserved for no private or test use, or a global address."""
    try:
        return ip_address(host).is_global
    except ValueError:
        last = host.rstrip(".").rpartition(".")
        private = ("local", "localhost", "test", "internal", "invalid", "lan", "home", "corp", "arpa")
        staged = any(word in re.split(r"[.-]", host) for word in ("dev", "staging", "test", "preview", "sandbox", "qa"))
        return bool(last[0]) and last[2] not in private and not staged


# -- 2025-11-25: the error that asks for a visit of a URL, and the notice that it was made


@check(
    "mcp.elicitation.required-error.list",
    "mcp.elicitation.required-error.url-mode",
    "mcp.elicitation.required-error.only",
    "mcp.elicitation.required-error.standard",
)
def url_required_error(talk: Talk) -> Iterator[Note]:
    """-32042 lists the elicitations that are needed, all in URL mode and with an id; nothing else is answered so, and they not otherwise."""
    prefix = "mcp.elicitation.required-error."
    for call, error in talk.errors():
        code, listed, seqs = code_of(error), _listed(error), talk.answer_seqs(call)
        members = [one if isinstance(one, dict) else {} for one in listed or ()]
        by_url = [one for one in members if _mode(one) == "url"]
        at = "/error/data/elicitations"
        if talk.modern or (code != URL_REQUIRED and not by_url):
            continue
        if code != URL_REQUIRED:
            why = f"an error that lists URL elicitations has the code {brief(error.get('code'))}"
            yield broken(*seqs, why=why, pointer="/error/code", requirement=prefix + "standard")
            continue
        if members:
            yield ok(*seqs, requirement=prefix + "list")
            whole = [one for one in by_url if one.get("mode") == "url" and isinstance(one.get("elicitationId"), str)]
            if len(whole) == len(members):
                yield ok(*seqs, requirement=prefix + "url-mode")
            else:
                odd = next(one for one in members if one not in whole)
                why = f"an elicitation of the error is not in URL mode or has no elicitationId: {brief(odd)}"
                yield broken(*seqs, why=why, pointer=at, requirement=prefix + "url-mode")
        else:
            why = "the error lists no elicitation"
            yield broken(*seqs, why=why, pointer=at, requirement=prefix + "list")
        if by_url:
            yield ok(*seqs, requirement=prefix + "only")
            yield ok(*seqs, requirement=prefix + "standard")
        elif members or call.method not in MAY_ASK:
            why = f"{call.method} is answered with -32042, and nothing says that a URL is to be visited"
            yield broken(*seqs, why=why, pointer="/error", requirement=prefix + "only")


@check("mcp.elicitation.complete.id", "mcp.elicitation.complete.only-initiator")
def completions_known(talk: Talk) -> Iterator[Note]:
    """notifications/elicitation/complete names an elicitation of this client. Over HTTP a session that was asked for
    none hears of somebody else's; a server without sessions cannot tell its clients apart, so there it is let pass."""
    visits = [one for one in _elicitations(talk) if _mode(one.params) == "url"]
    for inbound in talk.notifications_in:
        if inbound.method != "notifications/elicitation/complete" or talk.modern:
            continue
        named = inbound.params.get("elicitationId") if isinstance(inbound.params, dict) else None
        known = [
            one.seqs[-1] for one in visits if one.params.get("elicitationId") == named and one.seqs[-1] < inbound.seq
        ]
        row = "mcp.elicitation.complete.id"
        if not isinstance(named, str):
            why = f"elicitationId of a completion is {brief(named)}"
            yield broken(inbound.seq, why=why, pointer="/params/elicitationId", requirement=row)
        elif known:
            yield ok(known[0], inbound.seq, requirement=row)
        elif not talk.http or visits:
            why = f"the completed elicitation {brief(named)} was never asked for"
            yield broken(inbound.seq, why=why, pointer="/params/elicitationId", requirement=row)
        elif talk.has("session"):
            why = f"{brief(named)} was completed, which this session was never asked for"
            yield broken(inbound.seq, why=why, pointer="/params", requirement="mcp.elicitation.complete.only-initiator")


CHECKS = (modes_declared, elicitation_params, flat_forms, urls, url_required_error, completions_known)
