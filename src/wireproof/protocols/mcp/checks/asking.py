"""What a server asks of its client, in both eras: whether it may, and whether the question has its form.

Until 2025-11-25 a question is a request of the server; in 2026-07-28 it stands in an input-required result. Pages: client/elicitation,
basic/patterns/mrtr, basic/index (_meta).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from wireproof.judge.matching import brief
from wireproof.judge.pack import Note, broken, check, ok
from wireproof.model.jsontext import JSON, pointer_of
from wireproof.protocols.jsonrpc import Call
from wireproof.protocols.mcp.binding import META
from wireproof.protocols.mcp.checks.errors import MISSING_CAPABILITY, code_of, modern_meta
from wireproof.protocols.mcp.checks.initiative import INPUT, MAY_ASK
from wireproof.protocols.mcp.conversation import Talk

NEEDS: Final = {"sampling/createMessage": "sampling", "elicitation/create": "elicitation", "roots/list": "roots"}
"""The client capability that a kind of question needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question. `pointer` leads to its params in the last record of `seqs`; `capabilities` are what the client had declared
    when it came: in the request that it answers, or at initialize."""

    method: str
    params: Mapping[str, JSON]
    seqs: tuple[int, ...]
    pointer: str
    capabilities: Mapping[str, JSON]


def asked(talk: Talk, *methods: str) -> Iterator[Asked]:
    """The questions of these methods whose client is known, in order."""
    if talk.modern:
        for call, key, request in _input_requests(talk):
            declared = declared_by(call)
            if declared is not None and isinstance(request, dict) and request.get("method") in methods:
                yield Asked(
                    method=str(request["method"]),
                    params=_object(request.get("params")),
                    seqs=talk.answer_seqs(call),
                    pointer=pointer_of(("result", "inputRequests", key, "params")),
                    capabilities=declared,
                )
        return
    opening = next((call for call in talk.requests if call.method == "initialize"), None)
    if opening is None or not isinstance(opening.result, dict) or not isinstance(opening.params, dict):
        return
    if opening.result.get("protocolVersion") != talk.revision.id:
        return
    for one in talk.requests_in:
        if one.method in methods:
            yield Asked(
                method=one.method,
                params=_object(one.params),
                seqs=(one.call.seq, one.seq) if one.call is not None else (one.seq,),
                pointer="/params",
                capabilities=_object(opening.params.get("capabilities")),
            )


def declared_by(call: Call) -> Mapping[str, JSON] | None:
    """The client capabilities of a request of the modern era; None where it has none, which is a fault of its own."""
    declared = modern_meta(call).get(f"{META}clientCapabilities")
    return declared if isinstance(declared, dict) else None


def _object(value: JSON) -> Mapping[str, JSON]:
    return value if isinstance(value, dict) else {}


def _input_required(talk: Talk) -> Iterator[tuple[Call, dict[str, JSON]]]:
    for call, result in talk.results():
        if talk.modern and result.get("resultType") == "input_required":
            yield call, result


def _input_requests(talk: Talk) -> Iterator[tuple[Call, str, JSON]]:
    """(our request, key, input request) of each input-required result."""
    for call, result in _input_required(talk):
        for key, request in _object(result.get("inputRequests")).items():
            yield call, key, request


# -- input-required results (2026-07-28)


@check("mcp.mrtr.nonempty", "mcp.mrtr.kinds", "mcp.mrtr.keys-unique", "mcp.caching.input-required-no-hints")
def input_required_form(talk: Talk) -> Iterator[Note]:
    """An input-required result asks for something or carries state; its requests are of the three kinds and have a key each; nothing says
    that it may be cached."""
    for call, result in _input_required(talk):
        seqs = talk.answer_seqs(call)
        row = "mcp.mrtr.nonempty"
        if result.get("inputRequests") is None and result.get("requestState") is None:
            why = "an input-required result has neither inputRequests nor requestState"
            yield broken(*seqs, why=why, pointer="/result", requirement=row)
        else:
            yield ok(*seqs, requirement=row)
        row = "mcp.caching.input-required-no-hints"
        hints = [name for name in ("ttlMs", "cacheScope") if name in result]
        if hints:
            why = f"an input-required result has {hints[0]}"
            yield broken(*seqs, why=why, pointer=f"/result/{hints[0]}", requirement=row)
        else:
            yield ok(*seqs, requirement=row)
        doubles = _doubles(talk.records[seqs[-1]].raw) if "inputRequests" in result else None
        row = "mcp.mrtr.keys-unique"
        if doubles:
            why = f"the key {doubles[0]!r} stands twice in inputRequests"
            yield broken(*seqs, why=why, pointer="/result/inputRequests", requirement=row)
        elif doubles is not None:
            yield ok(*seqs, requirement=row)
    for call, key, request in _input_requests(talk):
        row, at = "mcp.mrtr.kinds", pointer_of(("result", "inputRequests", key))
        method = request.get("method") if isinstance(request, dict) else None
        if method in INPUT:
            yield ok(*talk.answer_seqs(call), requirement=row)
        else:
            why = f"the input request {key!r} is {brief(request)}, none of elicitation, sampling and roots"
            yield broken(*talk.answer_seqs(call), why=why, pointer=at, requirement=row)


class _Members(dict[str, Any]):
    """An object of a JSON text that remembers which names came twice."""

    doubles: tuple[str, ...] = ()


def _doubles(raw: bytes) -> tuple[str, ...] | None:
    """Names that come twice in result.inputRequests; None when the text cannot be read again."""

    def members(pairs: list[tuple[str, Any]]) -> _Members:
        made = _Members(pairs)
        names = [name for name, _ in pairs]
        made.doubles = tuple(name for name in made if names.count(name) > 1)
        return made

    try:
        value = json.loads(raw, object_pairs_hook=members)
        return tuple(value["result"]["inputRequests"].doubles)
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return None


@check("mcp.mrtr.capability-gated", "mcp.meta.capability.undeclared")
def asks_what_was_declared(talk: Talk) -> Iterator[Note]:
    """A kind of input is asked for only if the request itself declared that its client can give it."""
    rows = ("mcp.mrtr.capability-gated", "mcp.meta.capability.undeclared")
    for call, key, request in _input_requests(talk):
        need = NEEDS.get(str(request.get("method"))) if isinstance(request, dict) else None
        declared = declared_by(call)
        if need is None or declared is None:
            continue
        for row in rows:
            if isinstance(declared.get(need), dict):
                yield ok(*talk.answer_seqs(call), requirement=row)
            else:
                why = f"{request['method']} is asked for, and the request does not declare {need}"
                at = pointer_of(("result", "inputRequests", key, "method"))
                yield broken(*talk.answer_seqs(call), why=why, pointer=at, requirement=row)


@check("mcp.meta.capability.missing-error", "mcp.meta.capability.missing-http-400")
def missing_capability_named(talk: Talk) -> Iterator[Note]:
    """An error about a missing client capability names one that is missing, and has the status 400 over HTTP."""
    for call, error in talk.errors():
        declared = declared_by(call)
        if not talk.modern or declared is None or code_of(error) != MISSING_CAPABILITY:
            continue
        seqs = talk.answer_seqs(call)
        data = error.get("data")
        required = data.get("requiredCapabilities") if isinstance(data, dict) else None
        row = "mcp.meta.capability.missing-error"
        if not isinstance(required, dict) or not required:
            why = "the error does not list the missing capabilities"
            yield broken(*seqs, why=why, pointer="/error/data", requirement=row)
        elif _holds(declared, required):
            why = f"the request declares all that is said to be missing: {brief(required)}"
            yield broken(*seqs, why=why, pointer="/error/data/requiredCapabilities", requirement=row)
        else:
            yield ok(*seqs, requirement=row)
        if talk.transport != "http" or call.status is None:
            continue
        row = "mcp.meta.capability.missing-http-400"
        if call.status == 400:
            yield ok(*seqs, requirement=row)
        else:
            yield broken(*seqs, why=f"the error came with the HTTP status {call.status}", requirement=row)


def _holds(declared: JSON, required: JSON) -> bool:
    """Is everything declared that is required? An empty elicitation capability means forms."""
    if not isinstance(required, dict):
        return True
    if not isinstance(declared, dict):
        return False
    return all(
        (name in declared or (name == "form" and not declared)) and _holds(declared.get(name, {}), part)
        for name, part in required.items()
    )


@check("mcp.base.error.no-32042")
def retired_elicitation_code(talk: Talk) -> Iterator[Note]:
    """-32042 is not sent any more: what needs input is answered with an input-required result."""
    for call, error in talk.errors():
        if not talk.modern or not modern_meta(call):
            continue
        if code_of(error) == -32042:
            yield broken(*talk.answer_seqs(call), why="-32042 is retired in this revision", pointer="/error/code")
        elif call.method in MAY_ASK:
            yield ok(*talk.answer_seqs(call))
    for call, _ in _input_required(talk):
        yield ok(*talk.answer_seqs(call))


@check("mcp.extensions.fallback")
def core_for_others(talk: Talk) -> Iterator[Note]:
    """A server with extensions keeps to the core protocol, or refuses, where the request declares none of them."""
    capabilities = talk.facts.get("capabilities", {})
    own = capabilities.get("extensions") if isinstance(capabilities, dict) else None
    if not talk.modern or not isinstance(own, dict) or not own:
        return
    for call in talk.requests:
        declared = declared_by(call)
        if declared is None or declared.get("extensions") or call.answer is None or not call.lawful:
            continue
        kind = call.result.get("resultType", "complete") if isinstance(call.result, dict) else "complete"
        if kind in ("complete", "input_required"):
            yield ok(*talk.answer_seqs(call))
        else:
            why = f"resultType is {brief(kind)}, and the request declares no extension"
            yield broken(*talk.answer_seqs(call), why=why, pointer="/result/resultType")


CHECKS = (
    input_required_form,
    asks_what_was_declared,
    missing_capability_named,
    retired_elicitation_code,
    core_for_others,
)
