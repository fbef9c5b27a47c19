"""x-mcp-header: which tool parameters are mirrored into headers, and how they may be named (streamable-http, Schema Extension, 2026-07-28)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from wireproof.judge.matching import brief
from wireproof.judge.pack import Note, broken, check, ok
from wireproof.model.jsontext import JSON
from wireproof.protocols.mcp.conversation import Talk

KEY: Final = "x-mcp-header"
_ROW: Final = "mcp.http.xmcp."
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_LARGEST: Final = 2**53 - 1

_MAPS: Final = frozenset({"$defs", "definitions", "patternProperties", "dependentSchemas"})
_LISTS: Final = frozenset({"oneOf", "anyOf", "allOf", "prefixItems", "items"})
_SINGLE: Final = frozenset(
    {"items", "additionalItems", "unevaluatedItems", "contains", "not", "if", "then", "else"}
    | {"additionalProperties", "unevaluatedProperties", "propertyNames"}
)
_NAMED_IN_RULE: Final = frozenset(
    {"items", "prefixItems", "additionalItems", "unevaluatedItems", "contains", "oneOf", "anyOf", "allOf", "not"}
    | {"if", "then", "else", "$defs", "definitions"}
)
"""Keywords that the second reachability rule names; what lies under $defs can only be reached by $ref."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One x-mcp-header. `via` is the keyword on the way from the root that is not `properties`; None: statically reachable."""

    value: JSON
    schema: Mapping[str, Any]
    pointer: str
    via: str | None


def marks(schema: JSON, pointer: str = "", via: str | None = "the root", depth: int = 0) -> Iterator[Mark]:
    """Every mark in a schema; data (const, enum, default, examples) is not searched."""
    if not isinstance(schema, dict) or depth > 64:
        return
    if KEY in schema:
        yield Mark(value=schema[KEY], schema=schema, pointer=f"{pointer}/{KEY}", via=via)
    inner = None if via == "the root" else via
    properties = schema.get("properties")
    if isinstance(properties, dict):
        for name, part in properties.items():
            yield from marks(part, f"{pointer}/properties/{_escaped(name)}", inner, depth + 1)
    for word, part in schema.items():
        if word in _MAPS and isinstance(part, dict):
            for name, one in part.items():
                yield from marks(one, f"{pointer}/{word}/{_escaped(name)}", inner or word, depth + 1)
        elif word in _LISTS and isinstance(part, list):
            for index, one in enumerate(part):
                yield from marks(one, f"{pointer}/{word}/{index}", inner or word, depth + 1)
        elif word in _SINGLE:
            yield from marks(part, f"{pointer}/{word}", inner or word, depth + 1)


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


@check(
    *(
        _ROW + name
        for name in (
            "not-empty",
            "token",
            "no-control",
            "unique",
            "primitive",
            "safe-integer",
            "static-path",
            "no-array-or-combinator",
        )
    )
)
def header_marks(talk: Talk) -> Iterator[Note]:
    """The constraints on x-mcp-header, for each tool that is listed over HTTP."""
    if not talk.modern or talk.transport != "http":
        return
    for call, result in talk.results("tools/list"):
        tools = result.get("tools")
        for index, tool in enumerate(tools if isinstance(tools, list) else []):
            if isinstance(tool, dict) and call.answer is not None:
                for row, why, pointer in _judge(list(marks(tool.get("inputSchema")))):
                    seqs = (call.seq, call.answer.seq)
                    subject = str(tool.get("name", ""))
                    if why is None:
                        yield ok(*seqs, requirement=_ROW + row, subject=subject)
                    else:
                        where = f"/result/tools/{index}/inputSchema{pointer}"
                        text = f"tool {brief(subject)}: {why}"
                        yield broken(*seqs, why=text, pointer=where, requirement=_ROW + row, subject=subject)


def _judge(found: list[Mark]) -> Iterator[tuple[str, str | None, str]]:
    """(row, why it is broken or None, pointer) for each mark; a value breaks the most specific of the naming rules only."""
    seen: set[str] = set()
    for mark in found:
        for row, why in (*_naming(mark.value), *_typing(mark.schema), *_placing(mark)):
            yield row, why, mark.pointer
        if isinstance(mark.value, str):
            lowered = mark.value.lower()
            yield "unique", f"{mark.value!r} stands twice" if lowered in seen else None, mark.pointer
            seen.add(lowered)


def _naming(value: JSON) -> Iterator[tuple[str, str | None]]:
    if value == "":
        yield "not-empty", "x-mcp-header is empty"
        return
    if not isinstance(value, str):
        yield "token", f"x-mcp-header is {brief(value)}, no string"
        return
    yield "not-empty", None
    control = _CONTROL.search(value)
    yield "no-control", f"x-mcp-header {value!r} contains a control character" if control else None
    rest = _CONTROL.sub("", value)
    if rest and _TOKEN.fullmatch(rest) is None:
        yield "token", f"x-mcp-header {value!r} is no HTTP token"
    elif not control:
        yield "token", None


def _typing(schema: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    kinds = schema.get("type")
    named = [kinds] if isinstance(kinds, str) else kinds if isinstance(kinds, list) else []
    real = [one for one in named if one != "null"]  # a null argument has no header, so it may be allowed
    if real:
        odd = [one for one in real if one not in ("integer", "string", "boolean")]
        yield "primitive", f"x-mcp-header on a parameter of type {brief(odd[0])}" if odd else None
    if "integer" in real:
        bounds = [schema.get(word) for word in ("minimum", "maximum", "const", "default")]
        enum = schema.get("enum")
        bounds += enum if isinstance(enum, list) else []
        large = [one for one in bounds if isinstance(one, int | float) and abs(one) > _LARGEST]
        yield "safe-integer", f"a mirrored integer may be {brief(large[0])}" if large else None


def _placing(mark: Mark) -> Iterator[tuple[str, str | None]]:
    if mark.via is None:
        yield "static-path", None
        yield "no-array-or-combinator", None
        return
    yield "static-path", f"x-mcp-header is not reached from the root by `properties` alone, but through {mark.via}"
    if mark.via in _NAMED_IN_RULE:
        yield "no-array-or-combinator", f"x-mcp-header lies under {mark.via}"


CHECKS = (header_marks,)
