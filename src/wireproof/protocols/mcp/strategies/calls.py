"""Calls of tools with generated arguments: what the tool's own schema admits, and what breaks it by one step.

Only tools that the calling policy permits, and not with arguments of ours where the user gave arguments of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from functools import partial
from typing import Any, Final

from hypothesis import strategies as st

from wireproof.generate.admission import GenerateError
from wireproof.generate.values import Broken, compiled, invalid, values
from wireproof.judge.pack import Family, Lens
from wireproof.model.exchange import Exchange, Request
from wireproof.model.jsontext import JSON
from wireproof.protocols.mcp.strategies.building import any_answer, generated, literal_value, liveness_of, still_alive

_OBLIGING: Final = frozenset(
    {
        *("required", "type", "enum", "const", "anyOf", "minItems", "maxItems", "minLength", "maxLength"),
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    }
)
"""Keywords whose breach a server that validates its inputs must see. Left out is what lawful validators read in several ways: members
that nobody knows (often dropped), formats, patterns (dialects differ), and lists with equal items (sets)."""
_EXACT: Final = 2**53
_PATIENCE: Final = 0.4
"""The part of the deadline for which a call is waited for, where the server answers others meanwhile."""
_LITTLE: Final = 0.02
"""The same for tools that are known to take long: what they do at once shows by then."""


def permitted(facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Listed tools that may be called with arguments of ours, in listed order."""
    ours = {one["name"] for one in facts.get("callable", ()) if one.get("invented")}
    return [one for one in facts.get("tools", ()) if one["name"] in ours]


def calls(facts: Mapping[str, Any], lens: Lens, slow: AbstractSet[str]) -> Iterator[Family]:
    """For each tool with parameters two families; one for all that have none. `slow`: keys of acts that take long."""
    liveness = liveness_of(facts, lens)
    plain: list[dict[str, Any]] = []
    for tool in permitted(facts):
        schema = tool.get("inputSchema")
        if not isinstance(schema, dict) or not schema.get("properties"):
            plain.append(tool)
            continue
        patience = _LITTLE if f"call-{tool['name']}" in slow else _PATIENCE
        yield from _of_tool(tool["name"], schema, liveness, patience)
    if plain:
        names = st.sampled_from([one["name"] for one in plain])
        draws = names.map(lambda name: _call("call-plain", name, {}, liveness, _PATIENCE))
        yield Family(name="call-plain", draws=draws, calls=tuple(one["name"] for one in plain), weight=0.3)


def _of_tool(name: str, schema: dict[str, Any], liveness: str, patience: float) -> Iterator[Family]:
    try:
        compiled(schema)
        admitted = values(schema).filter(literal_value)
    except GenerateError:
        return
    draws = admitted.map(lambda value: _call("call", name, value, liveness, patience))
    yield Family(name="call", subject=name, draws=draws, calls=(name,), weight=1.5)
    try:
        broken = invalid(schema).filter(_plainly)
    except GenerateError:
        return
    wrong = broken.map(partial(_bad_call, name=name, liveness=liveness))
    yield Family(name="bad-call", subject=name, draws=wrong, calls=(name,), weight=0.5)


def _plainly(broken: Broken) -> bool:
    """Is it plain that the arguments must be refused, in whatever language the server is written?"""
    value = broken.value
    if not isinstance(value, dict) or broken.coercible or broken.keyword not in _OBLIGING or not literal_value(value):
        return False
    return _portable(value)


def _portable(value: JSON) -> bool:
    """No null (many read it as absent), no number beyond doubles, no text whose length depends on the unit."""
    match value:
        case None:
            return False
        case bool():
            return True
        case int() | float():
            return -_EXACT < value < _EXACT
        case str():
            return all(ord(char) < 0x10000 for char in value)
        case list():
            return all(_portable(one) for one in value)
        case _:
            return all(_portable(key) and _portable(one) for key, one in value.items())


def _call(family: str, name: str, arguments: JSON, liveness: str, patience: float) -> Exchange:
    request = Request(method="tools/call", params={"name": name, "arguments": arguments}, name="call")
    return generated(family, (request, any_answer("call", patience), *still_alive(liveness)), name)


def _bad_call(broken: Broken, name: str, liveness: str) -> Exchange:
    request = Request(method="tools/call", params={"name": name, "arguments": broken.value}, name="call")
    after = still_alive(liveness, "robust.message.wrong-params")
    return generated("bad-call", (request, any_answer("call", _PATIENCE), *after), name)
