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
from wireproof.model.jsontext import ABSENT, JSON

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


def coded(**names: str | None) -> dict[str, dict[str, str]]:
    """How each name (of a tool, a resource, a prompt; None where there is none) is tried in Mcp-Name: `right`, encoded though it need not be;
    `shouted`, the same with markers in capitals, which is no encoding; `longer`, another name that begins alike."""
    return {
        kind: {
            "right": encoded(name),
            "shouted": encoded(name).replace("base64", "BASE64", 1),
            "longer": header_text(f"{name}-wireproof"),
        }
        for kind, name in names.items()
        if name is not None
    }


def trials(tools: Iterable[Mapping[str, Any]], lens: Lens) -> dict[str, dict[str, Any]]:
    """What to try on the first callable tool that gives occasion, by kind of trial; a kind without occasion is left out.

    Each has `name`, `header`, `arguments`. `some`: `wrong` (another value's header), `with_null` (the argument is null);
    `text`: `wrong`, `encoded`, and `recased` where letters have a case; `optional`: `without` (arguments that lack it);
    `number`: `wrong`, `fraction` (the integer written with .0), `between` (with .5), `trailing` (with a letter behind it);
    `flag`: `wrong`, `recased`; `free`: arguments whose value is not ASCII, as `strange`.
    """
    found: dict[str, dict[str, Any]] = {}
    for tool in tools:
        schema, given = tool.get("inputSchema"), tool.get("arguments")
        for mark in mirrored(schema):
            if not isinstance(given, dict):
                continue
            known = mark.value(given)
            value = smallest(mark.schema) if known is None else known
            arguments, text = _put(given, mark.path, value), plain_text(value)
            if not text or arguments is None or lens.schemas.target_problems(schema, arguments):
                continue
            base = {"name": tool["name"], "header": mark.header, "arguments": arguments, "wrong": _other(value)}
            found.setdefault("some", {**base, "with_null": _put(given, mark.path, None)})
            if isinstance(value, str):
                recased = {"recased": text.swapcase()} if text.isascii() and text.swapcase() != text else {}
                found.setdefault("text", {**base, "encoded": encoded(text), **recased})
                strange = _put(given, mark.path, _STRANGE)
                if not _NARROW & mark.schema.keys() and not lens.schemas.target_problems(schema, strange):
                    found.setdefault("free", {**base, "arguments": strange, "strange": _STRANGE})
            elif isinstance(value, bool):
                found.setdefault("flag", {**base, "recased": text.capitalize()})
            else:
                near = {"fraction": f"{text}.0", "between": f"{text}.5", "trailing": f"{text}x"}
                found.setdefault("number", {**base, **near})
            without = _put(given, mark.path, ABSENT)
            if without is not None and not lens.schemas.target_problems(schema, without):
                found.setdefault("optional", {**base, "without": without})
    return found


def _put(arguments: Mapping[str, Any], path: tuple[str, ...], value: JSON) -> dict[str, Any] | None:
    """The arguments with this value at the path, ABSENT takes it away; None where something else than objects lies on the way."""
    own, rest = path[0], path[1:]
    if rest:
        inner = arguments.get(own, {})
        value = _put(inner, rest, value) if isinstance(inner, dict) else None
        if value is None:
            return None
    elif value is ABSENT:
        return {key: one for key, one in arguments.items() if key != own}
    return {**arguments, own: value}


def _other(value: JSON) -> str:
    """The header of a value that this one is not."""
    if isinstance(value, bool):
        return "false" if value else "true"
    return str(int(value) + 1) if isinstance(value, int | float) else "wireproof-another-value"
