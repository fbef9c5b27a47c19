"""Tool arguments that are repeated in Mcp-Param-* headers: which they are, and with what a harness tries them.

Page: basic/transports/streamable-http (2026-07-28), Custom Headers from Tool Parameters.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from wireproof.generate.smallest import smallest
from wireproof.judge.pack import Lens
from wireproof.model.jsontext import JSON

KEY: Final = "x-mcp-header"
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_DEEPEST: Final = 16
_NARROW: Final = frozenset(
    {"enum", "const", "pattern", "format", "maxLength", "$ref", "allOf", "anyOf", "oneOf", "not", "if"}
)
"""Keywords beside which a string of ours may not be among the values that the tool takes."""
_STRANGE: Final = "wireproof-\u00e4"
"""A value that only the Base64 form may carry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirrored:
    """One marked parameter: the path of property names that leads to it, the header's name, its schema."""

    path: tuple[str, ...]
    header: str
    schema: Mapping[str, Any]

    def value(self, arguments: JSON) -> JSON:
        """The argument at the path; None where there is none, which a null is too."""
        for name in self.path:
            arguments = arguments.get(name) if isinstance(arguments, dict) else None
        return arguments


def mirrored(schema: JSON, path: tuple[str, ...] = ()) -> Iterator[Mirrored]:
    """The marks of an input schema that a client can follow: reached by `properties` alone, and fit to be a header's name."""
    properties = schema.get("properties") if isinstance(schema, dict) and len(path) < _DEEPEST else None
    for name, part in properties.items() if isinstance(properties, dict) else ():
        if not isinstance(part, dict):
            continue
        mark = part.get(KEY)
        if isinstance(mark, str) and _TOKEN.fullmatch(mark):
            yield Mirrored(path=(*path, name), header=f"Mcp-Param-{mark}", schema=part)
        yield from mirrored(part, (*path, name))


def marks_of(tools: JSON) -> dict[str, tuple[Mirrored, ...]]:
    """The marks of each listed tool by its name, also of tools without any: a later list may take marks away."""
    found = tools if isinstance(tools, list) else []
    return {
        one["name"]: tuple(mirrored(one.get("inputSchema")))
        for one in found
        if isinstance(one, dict) and isinstance(one.get("name"), str)
    }


def param_headers(marks: Iterable[Mirrored], arguments: JSON) -> list[tuple[str, str]]:
    """The headers that a client sends with these arguments; none for what is absent or null, nor for what has no text form."""
    made = []
    for mark in marks:
        text = plain_text(mark.value(arguments))
        if text is not None:
            made.append((mark.header, header_text(text)))
    return made


def plain_text(value: JSON) -> str | None:
    """The text of a value before it is encoded; None for what cannot be mirrored (null, numbers with a fraction, objects, arrays)."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float() if value.is_integer():
            return str(int(value))
        case str():
            return value
    return None


def header_text(value: str) -> str:
    """A value as Mcp-Name and Mcp-Param-* may carry it: plain visible ASCII as it is, anything else encoded."""
    plain = all(0x20 <= ord(char) <= 0x7E for char in value) and value == value.strip()
    if plain and not value.startswith("=?base64?"):
        return value
    return encoded(value)


def encoded(value: str) -> str:
    """The Base64 form, which any value may take."""
    return "=?base64?" + base64.b64encode(value.encode("utf-8", "surrogatepass")).decode("ascii") + "?="


def trials(tools: Iterable[Mapping[str, Any]], lens: Lens) -> dict[str, dict[str, Any]]:
    """What to try on the first callable tool that gives occasion, by kind of trial; a kind without occasion is left out.

    Each has `name`, `header`, `arguments`. `some`: `wrong` (another value's header), `with_null` (the argument is null);
    `text`: `encoded`; `optional`: `without` (arguments that lack it); `number`: `fraction` (the integer written with .0);
    `free`: arguments whose value is not ASCII, as `strange`.
    """
    found: dict[str, dict[str, Any]] = {}
    for tool in tools:
        schema, given = tool.get("inputSchema"), tool.get("arguments")
        for mark in mirrored(schema):
            if len(mark.path) != 1 or not isinstance(given, dict):
                continue
            (own,) = mark.path
            value = given.get(own, smallest(mark.schema))
            text = plain_text(value)
            if not text or lens.schemas.target_problems(schema, {**given, own: value}):
                continue
            base = {"name": tool["name"], "header": mark.header, "arguments": {**given, own: value}}
            wrong = _other(value)
            found.setdefault("some", {**base, "wrong": wrong, "with_null": {**given, own: None}})
            if isinstance(value, str):
                found.setdefault("text", {**base, "encoded": encoded(text)})
                strange = {**given, own: _STRANGE}
                if not _NARROW & mark.schema.keys() and not lens.schemas.target_problems(schema, strange):
                    found.setdefault("free", {**base, "arguments": strange, "strange": _STRANGE})
            elif not isinstance(value, bool):
                found.setdefault("number", {**base, "fraction": f"{text}.0"})
            without = {key: one for key, one in given.items() if key != own}
            if not lens.schemas.target_problems(schema, without):
                found.setdefault("optional", {**base, "without": without})
    return found


def _other(value: JSON) -> str:
    """The header of a value that this one is not."""
    if isinstance(value, bool):
        return "false" if value else "true"
    return str(int(value) + 1) if isinstance(value, int | float) else "wireproof-another-value"
