"""A schema that the canonical form does not model, less the keywords in its way: wider, never narrower."""

from __future__ import annotations

from typing import Final

from jsonschema_rs import CanonicalSchema
from jsonschema_rs.canonical import CanonicalKind as Kind

from wireproof.generate.admission import UnsupportedSchemaError, canonicalized
from wireproof.model.jsontext import JSON

_IN_THE_WAY: Final = (
    ("unevaluatedItems", "unevaluatedProperties"),
    ("$dynamicRef", "$recursiveRef", "$vocabulary"),
    ("contentMediaType", "contentEncoding", "contentSchema"),
    ("dependentSchemas", "dependencies", "if", "then", "else"),
    ("not", "oneOf"),
    ("anyOf", "allOf"),
)
_UNDER_NEGATION: Final = ("not", "if", "oneOf", "contains")
_MAPS: Final = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies")
_LITERAL: Final = ("const", "enum", "default", "examples")


def loosened(schema: JSON, node: CanonicalSchema) -> CanonicalSchema:
    """A canonical schema that admits at least what this one admits. UnsupportedSchemaError where none is found."""
    gone: set[str] = set()
    for names in _IN_THE_WAY:
        gone.update(names)
        try:
            found = canonicalized(_without(schema, gone))
        except UnsupportedSchemaError:
            continue
        if found.kind is not Kind.RAW:
            return found
    raise UnsupportedSchemaError(f"nothing is known of it: {node.kind.value}")


def _without(schema: JSON, gone: set[str]) -> JSON:
    """The schema less some keywords. A schema under a negation may not be widened: it goes with what negates it."""
    if isinstance(schema, list):
        return [_without(part, gone) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {}
    for key, part in schema.items():
        if key in gone or (key in _UNDER_NEGATION and _holds(part, gone)):
            continue
        if key in _MAPS and isinstance(part, dict):
            made[key] = {name: _without(inner, gone) for name, inner in part.items()}
        else:
            made[key] = part if key in _LITERAL else _without(part, gone)
    return made


def _holds(schema: JSON, gone: set[str]) -> bool:
    if isinstance(schema, dict):
        return bool(gone & schema.keys()) or any(_holds(part, gone) for part in schema.values())
    return isinstance(schema, list) and any(_holds(part, gone) for part in schema)
