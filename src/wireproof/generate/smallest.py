"""The smallest lawful instance of a tool's input schema: deterministic, examples and defaults first.

A best effort for arguments that nobody gave: what the schema hides in combinators is taken from the first branch. Callers must
not blame a target for refusing arguments that came from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from wireproof.model.jsontext import JSON, resolve_pointer

_FORMATS: Final = {
    "date-time": "2025-01-01T00:00:00Z",
    "date": "2025-01-01",
    "time": "00:00:00Z",
    "email": "someone@example.com",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "hostname": "example.com",
    "ipv4": "127.0.0.1",
    "ipv6": "::1",
}
_DEEPEST: Final = 12
_MOST: Final = 2_000
"""Parts of an instance; a schema that wants more (each member requires four that require four...) gets none at all."""


class _TooMuch(Exception):
    """The instance would have more than `_MOST` parts."""


def smallest(schema: JSON) -> JSON:
    """An instance with required members only; `{}` for a schema that says nothing, or that has no small one."""
    try:
        made = _Maker(schema).make(schema, 0)
    except _TooMuch:
        return {}
    return made


class _Maker:
    """Makes the parts of one instance, and counts them."""

    def __init__(self, root: JSON) -> None:
        self.root = root
        self.left = _MOST

    def make(self, schema: JSON, depth: int) -> JSON:
        self.left -= 1
        if self.left < 0:
            raise _TooMuch
        if not isinstance(schema, dict) or depth > _DEEPEST:
            return {} if depth == 0 else None
        if isinstance(schema.get("$ref"), str) and schema["$ref"].startswith("#"):
            found = resolve_pointer(self.root, schema["$ref"][1:])
            return self.make(found, depth + 1) if isinstance(found, dict) else {}
        examples = schema.get("examples")
        if "const" in schema:
            return schema["const"]
        if isinstance(examples, list) and examples:
            return examples[0]
        if "default" in schema and schema["default"] is not None:
            return schema["default"]
        if isinstance(schema.get("enum"), list) and schema["enum"]:
            return schema["enum"][0]
        for union in ("anyOf", "oneOf"):
            branches = schema.get(union)
            if isinstance(branches, list) and branches and "properties" not in schema:
                return self.make(branches[0], depth + 1)
        return self._by_type(_merged(schema, self.root), depth)

    def _by_type(self, schema: Mapping[str, Any], depth: int) -> JSON:
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = next((one for one in kind if one != "null"), "null")
        if kind is None:
            kind = "object" if "properties" in schema or depth == 0 else "string"
        match kind:
            case "object":
                properties = _object(schema.get("properties"))
                names = [name for name in _list(schema.get("required")) if isinstance(name, str)]
                return {name: self.make(properties.get(name, {}), depth + 1) for name in dict.fromkeys(names)}
            case "array":
                count = min(_integer(schema.get("minItems")), _MOST)
                return [self.make(schema.get("items", {}), depth + 1) for _ in range(count)]
            case "string":
                return str(_FORMATS.get(str(schema.get("format")), "text")).ljust(
                    _integer(schema.get("minLength")), "x"
                )
            case "integer" | "number":
                return _number(schema)
            case "boolean":
                return False
        return None


def _merged(schema: Mapping[str, Any], root: JSON) -> dict[str, Any]:
    """`allOf` folded in, as far as properties and required go."""
    made = dict(schema)
    for part in schema.get("allOf", ()) if isinstance(schema.get("allOf"), list) else ():
        if isinstance(part, dict) and isinstance(part.get("$ref"), str):
            part = resolve_pointer(root, part["$ref"].removeprefix("#"))
        if not isinstance(part, dict):
            continue
        made = {**part, **made}
        made["properties"] = {**_object(part.get("properties")), **_object(made.get("properties"))}
        made["required"] = [*_list(part.get("required")), *_list(made.get("required"))]
    return made


def _object(value: JSON) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: JSON) -> list[Any]:
    return value if isinstance(value, list) else []


def _integer(value: JSON) -> int:
    return value if isinstance(value, int) and value < 10_000 else 0


def _number(schema: Mapping[str, Any]) -> JSON:
    low, over, high = schema.get("minimum"), schema.get("exclusiveMinimum"), schema.get("maximum")
    step = schema.get("multipleOf")
    if isinstance(low, int | float):
        return low
    if isinstance(over, int | float) and not isinstance(over, bool):
        return over + (step if isinstance(step, int | float) else 1)
    if isinstance(high, int | float) and high < 1:
        return high
    return step if isinstance(step, int | float) else 1


def spoiled(schema: JSON, arguments: JSON) -> JSON:
    """The arguments with one required member of a plainly wrong type; None where the schema gives no clear occasion.

    Values are chosen so that no usual coercion mends them: a number is no object, an object no string.
    """
    if not isinstance(schema, dict) or not isinstance(arguments, dict):
        return None
    properties = _object(schema.get("properties"))
    for name in _list(schema.get("required")):
        part = properties.get(name) if isinstance(name, str) else None
        kind = part.get("type") if isinstance(part, dict) else None
        if kind in ("string", "integer", "number", "boolean"):
            return {**arguments, name: {"wireproof": True}}
        if kind == "object":
            return {**arguments, name: 7}
    return None
