"""What an agent showed of itself: its card, the interface of this version and binding, whether that answers.

Malformed parts are left out here (they are findings elsewhere); what could be read is used.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from wireproof.judge.pack import Lens
from wireproof.model.catalogue import Requirement
from wireproof.model.jsontext import ABSENT, dump
from wireproof.model.wire import Transcript, header
from wireproof.protocols.a2a import card as cards
from wireproof.protocols.a2a import rpc
from wireproof.protocols.a2a.binding import NOT_READ, SEND_PATH, unknown
from wireproof.protocols.a2a.card import Interface, places
from wireproof.protocols.a2a.prompts import known, prompts
from wireproof.protocols.a2a.signatures import keys_at
from wireproof.protocols.a2a.tracker import Call, Tracker

_CAPABILITIES: Final = ("streaming", "pushNotifications", "extendedAgentCard")
_UNKNOWN: Final = ("task", "context", "config")
_LACKING: Final = "extra not installed: pip install 'wireproof[grpc]'"
_SHOWN: Final = {"jsonrpc": "JSON-RPC", "rest": "HTTP+JSON", "grpc": "gRPC"}


def survey(transcripts: Iterable[Transcript], lens: Lens) -> dict[str, Any]:
    """Facts: places (where a card may lie), document (the card), card (where it lay),
    interface, agent (name, version), supported_versions, goals, unknown, tags."""
    facts: dict[str, Any] = {"document": None, "card": {}, "interface": {}, "agent": {}, "supported_versions": []}
    nonce = str(lens.facts.get("nonce", ""))
    facts["unknown"] = {name: unknown(nonce, name) for name in _UNKNOWN}
    calls = [call for one in transcripts for call in _calls(one)]
    for call in calls:
        if facts["document"] is None and not call.operation and call.messages:
            _read_card(facts, call)
    home = urlsplit(str(lens.facts.get("url", "")))
    facts["places"] = places(home.geturl())
    facts["signing"] = {"keys": keys_at(facts["document"], f"{home.scheme}://{home.netloc}")}
    here = (lens.revision.id, lens.transport)
    found = cards.interface(facts["document"], *here)
    asked = [call for call in calls if call.operation]
    answered = [call for call in asked if call.messages]
    facts["refusing"] = bool(asked) and not any(call.head is not None for call in asked)
    facts["protected"] = any(call.status == 401 for call in calls)
    shut = [call for call in asked if call.status in (401, 403)]
    if found is not None:
        facts["interface"] = {"url": found.url, "path": urlsplit(found.url).path.rstrip("/"), "tenant": found.tenant}
    silent = (
        lens.transport == "grpc" and not answered
    )  # a port that takes no call, or a way to it that is not installed
    if found is not None and not silent and not (shut and len(shut) == len(asked)):
        facts["supported_versions"] = [lens.revision.id]
    facts["extension"] = _extension(facts["document"])
    facts["binding"] = lens.transport
    facts["lacking"] = _LACKING if found is not None and lens.transport == "grpc" and not rpc.available() else ""
    facts["unnamed"] = (
        facts["document"] is not None and found is None and not cards.unreadable(facts["document"], *here)
    )
    fault = next((one.fault for call in asked for one in call.faults if one.fault), "")
    facts["why_not"] = _why_not(facts, found, lens, shut, fault)
    if shut:
        named = ", ".join(cards.schemes(facts["document"])) or "none"
        facts["wants"] = f"the agent wants authorization (its card declares {named})"
    elif facts["protected"] and facts["document"] is None:
        challenge = next((one for one in (header(call.headers, "www-authenticate") for call in calls) if one), "")
        why = f": WWW-Authenticate is {dump(challenge[:120])}" if challenge else ", with no WWW-Authenticate"
        facts["wants"] = f"the agent wants authorization, for its card too{why}"
    facts["dialect"] = _dialect(calls)
    facts["goals"] = prompts(lens.facts.get("policy", {}))
    facts["tags"] = sorted(_tags(facts, found, lens, bool(answered)))
    return facts


def _calls(transcript: Transcript) -> list[Call]:
    tracker = Tracker()
    for record in transcript.records:
        tracker.feed(record)
    return tracker.calls


def _read_card(facts: dict[str, Any], call: Call) -> None:
    value = call.messages[0].message
    if call.status != 200 or not cards.is_card(value):
        return
    facts["document"] = value
    facts["card"] = {"path": call.record.meta.get("target"), "version": value.get("version")}
    if tag := header(call.headers, "etag"):
        facts["card"]["tag"] = tag
    facts["agent"] = {key: value[key] for key in ("name", "version") if isinstance(value.get(key), str)}


def _why_not(facts: Mapping[str, Any], found: Interface | None, lens: Lens, shut: list[Call], fault: str) -> str:
    """Why this version is not offered over this binding; empty where it is."""
    named = f"a {_SHOWN.get(lens.transport, lens.transport)} interface of {lens.revision.id}"
    if facts["document"] is None:
        return "no Agent Card was found"
    if found is None:
        url = cards.unreadable(facts["document"], lens.revision.id, lens.transport)
        return (
            f"its URL {url[:80]!r} on the card leads nowhere"
            if url
            else f"the card names no {named.removeprefix('a ')}"
        )
    if facts["lacking"]:
        return str(facts["lacking"])
    if lens.transport == "grpc" and not facts["supported_versions"] and not shut:
        return f"{found.url} takes no call: {fault}" if fault else f"{found.url} answered no call"
    return f"status {shut[0].status}" if shut and not facts["supported_versions"] else ""


def _extension(document: Any) -> dict[str, str]:
    """The first extension that the card lists: its URI, and the same in another version, which the card does not list."""
    listed = cards.declares(document, "extensions") if isinstance(document, dict) else None
    known = [one.get("uri") for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    uri = next((one for one in known if isinstance(one, str) and one), "")
    if not uri:
        return {}
    numbers = list(re.finditer(r"\d+", uri))
    last = numbers[-1] if numbers else None
    free = (
        f"{uri[: last.start()]}{int(last.group()) + step}{uri[last.end() :]}" if last else f"{uri}/v{step}"
        for step in range(1, 99)
    )
    return {"uri": uri, "other": next((one for one in free if one not in known), "")}


def _dialect(calls: Iterable[Call]) -> str:
    """How messages are written over HTTP+JSON of 0.3: `proto`, the ProtoJSON of its proto, where only that was understood or an answer had
    its form; `open` where core JSON was not understood and nothing else was tried."""
    sent = [one for one in calls if str(one.record.meta.get("target", "")).endswith(SEND_PATH)]
    core = next((one.status for one in sent if one.operation), None)
    proto = next((one.status for one in sent if not one.operation), None)
    if core in NOT_READ:
        return "open" if proto is None else "core" if proto in NOT_READ else "proto"
    texts = [
        dump(one.message) for call in calls if call.operation for one in call.messages if one.message is not ABSENT
    ]
    return "proto" if any('"ROLE_' in text or '"TASK_STATE_' in text for text in texts) else "core"


def _tags(facts: Mapping[str, Any], found: Interface | None, lens: Lens, answered: bool) -> set[str]:
    document = facts["document"]
    tags = {"card"} if document is not None else {"without:card"}
    if document is None:
        return tags
    declared = {name for name in _CAPABILITIES[:2] if cards.declares(document, name) is True}
    declared |= {"extendedAgentCard"} if cards.extended(document) else set()
    tags |= declared | {f"without:{name}" for name in _CAPABILITIES if name not in declared}
    tags |= {"without:capability"} if len(declared) < len(_CAPABILITIES) else set()
    tags |= {"security"} if _asks_for_security(document, lens) else {"without:security"}
    tags |= {"signatures"} if document.get("signatures") else set()
    tags |= {"card-tag"} if facts["card"].get("tag") else set()
    tags |= {"signing-keys"} if facts["signing"].get("keys") else set()
    listed = cards.declares(document, "extensions")
    extensions = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    tags |= {"extensions"} if extensions else set()
    tags |= {"extension-required"} if any(one.get("required") is True for one in extensions) else set()
    mine = {one.binding for one in cards.interfaces(document) if one.version == lens.revision.id}
    tags |= {"several-bindings"} if len(mine) > 1 else set()
    tags |= {f"undeclared:{name}" for name in ("jsonrpc", "rest") if name not in mine}
    tags |= {"other-binding"} if cards.another(document, lens.revision.id, lens.transport) is not None else set()
    if found is not None and not facts["lacking"]:
        tags |= {"interface"} | ({"tenant"} if found.tenant else set())
        tags |= {"https"} if urlsplit(found.url).scheme == "https" else set()
        tags |= _of_main(document, found, lens)
    tags |= {"answers"} if answered else set()
    core = lens.transport == "jsonrpc" or (lens.transport == "rest" and facts["dialect"] == "core")
    tags |= {"dialect:core"} if core else set()
    tags |= {"dialect:open"} if found is not None and facts["dialect"] == "open" else set()
    tags |= {"protected"} if facts["protected"] else set()
    tags |= {f"prompt:{name}" for name in facts["goals"]}
    tags |= {"acts:prefixes"} if lens.facts.get("policy", {}).get("profile") == "fixture" else set()
    tags |= {f"knows:{name}" for name in known(document, lens.facts.get("policy", {}))}
    tags |= {"anonymous"} if {*lens.facts.get("headers", ())} <= {"authorization"} else set()
    tags |= {"credentials"} if "authorization" in lens.facts.get("headers", ()) else set()
    direct = urlsplit(str(lens.facts.get("url", ""))).path.endswith(".json")
    tags |= {"given-card" if direct else "searched-card"}
    return tags | set(lens.facts.get("eras", ()))


def _of_main(document: Mapping[str, Any], found: Interface, lens: Lens) -> set[str]:
    """Of an interface: is it the one at the card's own URL (0.3), and does the card name that URL for several bindings?"""
    main = cards.BINDINGS.get(str(document.get("preferredTransport", "JSONRPC")))
    there = {one.binding for one in cards.interfaces(document) if (one.url, one.version) == (found.url, found.version)}
    tags = {"main-interface"} if document.get("url") == found.url and main == lens.transport else set()
    return tags | ({"shared-url"} if len(there) > 1 else set())


def _asks_for_security(document: Mapping[str, Any], lens: Lens) -> bool:
    held = document.get("securityRequirements" if lens.revision.traits.get("version_header") else "security")
    return isinstance(held, list) and bool(held) and all(isinstance(one, dict) and one for one in held)


def applies(requirement: Requirement, facts: Mapping[str, Any]) -> str | None:
    """None when the row applies, else the declared reason why not."""
    tags = facts.get("tags", ())
    for need in requirement.needs:
        if need not in tags:
            return _REASONS.get(need, f"the card does not declare {need}")
    return None


_REASONS: Final = {
    "without:streaming": "the card declares streaming",
    "without:pushNotifications": "the card declares pushNotifications",
    "without:extendedAgentCard": "the card declares an extended card",
    "security": "the card lists no security requirement",
    "signatures": "the card is not signed",
    "extensions": "the card lists no extension",
    "extension-required": "the card requires no extension",
    "other-binding": "the card names no other binding over HTTP for this version to compare with",
    "several-bindings": "the card names one binding of this version",
    "tenant": "the interface names no tenant",
    "without:capability": "the card declares every capability",
    "main-interface": "the card's own URL is that of another binding",
    "shared-url": "the card names each URL for one binding only",
    "dialect:core": "the form of messages is that of the proto here, of which this row does not speak",
    "https": "the interface is not served over TLS",
    "protected": "no 401 was seen: the agent is not protected",
}
