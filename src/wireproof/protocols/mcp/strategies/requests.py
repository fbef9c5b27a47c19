"""Single protocol requests: with rich texts and ids, with parameters that break their definition, and with a broken envelope."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from wireproof.generate.anything import anything
from wireproof.generate.envelopes import Fault, Rule, envelopes, texts
from wireproof.generate.strings import plain_text
from wireproof.judge.pack import Family, Lens
from wireproof.model.exchange import Exchange, Expect, Pattern, Request, Send, SendBytes
from wireproof.model.jsontext import JSON
from wireproof.protocols.mcp.binding import META
from wireproof.protocols.mcp.strategies.building import (
    ANSWERED,
    RESULT,
    SURVIVES,
    any_answer,
    generated,
    literal_value,
    liveness_of,
    still_alive,
)

_SAFE: Final = 2**53 - 1
"""Integers beyond it are no ids of ours: readers of JSON may take numbers for doubles (RFC 8259 section 6)."""
FREE: Final = 900_000
"""Integers from here on are ids that are never counted up to in a session."""
_ROWS: Final[Mapping[Rule, str]] = {
    Rule.MESSAGE_OBJECT: "robust.json.scalar",
    Rule.ID_NULL: "robust.message.odd-id",
    Rule.ID_FRACTION: "robust.message.odd-id",
    Rule.ID_TYPE: "robust.message.odd-id",
    Rule.METHOD_KNOWN: "robust.message.unknown-method",
    Rule.PARAMS_STRUCTURED: "robust.message.wrong-params",
    Rule.JSON_TEXT: "robust.json.malformed",
    Rule.TEXT_UTF8: "robust.text.invalid-utf8",
    Rule.SURROGATE_PAIRED: "robust.text.lone-surrogate",
    Rule.KEYS_UNIQUE: "robust.json.duplicate-keys",
}
"""What of a broken message a server should outlive; for other rules it is the row about its survival."""
_Params = dict[str, JSON]


def requests(facts: Mapping[str, Any], lens: Lens) -> Iterator[Family]:
    """The families of single requests that this server's capabilities give occasion for."""
    liveness = liveness_of(facts, lens)
    yield Family(name="id", draws=ids().map(lambda value: _with_id(value, liveness)), weight=0.3)
    bases = list(_bases(facts))
    if bases:
        fine = st.one_of([st.tuples(st.just(method), params) for method, params, _ in bases])
        yield Family(name="request", draws=fine.filter(literal_value).map(lambda pair: _request(*pair, liveness)))
        wrong = st.one_of([_spoiled(method, params, names) for method, params, names in bases])
        yield Family(
            name="bad-request", draws=wrong.filter(literal_value).map(lambda pair: _bad(*pair, liveness)), weight=0.5
        )
    modern = lens.revision.era == "modern"
    meta: JSON = {f"{META}protocolVersion": lens.revision.id, f"{META}clientCapabilities": {}}
    params: JSON = {"_meta": meta} if modern else {}
    message: _Params = {"jsonrpc": "2.0", "id": "wireproof-generated", "method": liveness, "params": params}
    faulty = partial(_faulty, liveness=liveness, modern=modern)
    broken = envelopes(message)
    if lens.transport in (
        "http",
        "sse",
    ):  # what is a request and a response at once may be answered as either, with another status
        broken = broken.filter(lambda fault: fault.rule is not Rule.ONE_KIND)
    yield Family(name="envelope", draws=broken.map(faulty), weight=0.3)
    yield Family(name="text", draws=texts(message).map(faulty), weight=0.3)


def ids() -> SearchStrategy[JSON]:
    """Ids that every revision admits: strings, and integers that a double holds and that no other request of the session bears."""
    edges = st.sampled_from([0, -1, _SAFE, -_SAFE, 2**31, 2**32])
    numbers = st.one_of(edges, st.integers(-_SAFE, 0), st.integers(FREE, _SAFE))
    return st.one_of(plain_text(0, 64).filter(literal_value), numbers)


def _with_id(identity: JSON, liveness: str) -> Exchange:
    request = Request(method=liveness, id=identity, name="call")
    return generated("id", (request, Expect(of="call", any_of=(Pattern(schema=ANSWERED),)), *still_alive(liveness)))


def _bases(facts: Mapping[str, Any]) -> Iterator[tuple[str, SearchStrategy[_Params], tuple[str, ...]]]:
    """(method, strategy of params that its definition admits, members that may be spoiled)."""
    tags = facts.get("tags", ())
    text = plain_text(0, None)
    for kind in ("tools", "resources", "prompts"):
        if kind in tags:
            yield f"{kind}/list", st.fixed_dictionaries({"cursor": text}), ("cursor",)
    if "resources" in tags:
        known = [one["uri"] for one in facts.get("readable", ())]
        uris = st.one_of(*([st.sampled_from(known)] if known else []), text.map(lambda tail: f"wireproof://x/{tail}"))
        yield "resources/read", st.fixed_dictionaries({"uri": uris}), ("uri",)
    prompts = [one for one in facts.get("prompts", ()) if isinstance(one.get("arguments"), list)]
    for prompt in prompts[:3]:
        names = [
            one["name"] for one in prompt["arguments"] if isinstance(one, dict) and isinstance(one.get("name"), str)
        ]
        given = st.fixed_dictionaries(dict.fromkeys(names, text))
        params = st.fixed_dictionaries({"name": st.just(prompt["name"]), "arguments": given})
        yield "prompts/get", params, ("name", "arguments")
    if "completions" in tags and prompts and prompts[0]["arguments"]:
        first = prompts[0]
        argument = st.fixed_dictionaries({"name": st.just(first["arguments"][0]["name"]), "value": text})
        reference = st.just({"type": "ref/prompt", "name": first["name"]})
        yield (
            "completion/complete",
            st.fixed_dictionaries({"ref": reference, "argument": argument}),
            ("ref", "argument"),
        )


def _request(method: str, params: _Params, liveness: str) -> Exchange:
    request = Request(method=method, params=params, name="call")
    return generated("request", (request, any_answer("call"), *still_alive(liveness)), method)


def _spoiled(
    method: str, params: SearchStrategy[_Params], names: tuple[str, ...]
) -> SearchStrategy[tuple[str, _Params]]:
    """One member is left out, or something of any type stands there."""

    def change(parts: tuple[_Params, str, bool, JSON]) -> tuple[str, _Params]:
        made, name, drop, value = parts
        return method, {key: one for key, one in {**made, name: value}.items() if key != name or not drop}

    return st.tuples(params, st.sampled_from(names), st.booleans(), anything()).map(change)


def _bad(method: str, params: _Params, liveness: str) -> Exchange:
    request = Request(method=method, params=params, name="call", deliberate=True)
    after = still_alive(liveness, "robust.message.wrong-params")
    return generated("bad-request", (request, any_answer("call", 0.4), *after), method)


def _faulty(fault: Fault, *, liveness: str, modern: bool) -> Exchange:
    """The broken message, then a plain one: whether and how the first is answered is for the ambient checks. Where no handshake has said so
    before, a plain request comes first: what a server of several eras is sent first decides in which it goes on."""
    before = Request(method=liveness, name="before")
    plain = (before, Expect(of="before", any_of=(Pattern(schema=RESULT),))) if modern else ()
    after = still_alive(liveness, _ROWS.get(fault.rule, SURVIVES))
    if fault.text:
        return generated("text", (*plain, SendBytes(data=fault.text, name="call"), *after), fault.rule.value)
    return generated("envelope", (*plain, Send(message=fault.message, name="call"), *after), fault.rule.value)
