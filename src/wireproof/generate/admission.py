"""Which schemas we generate from: caps on what a target hands us, its dialect, and the canonical form that everything is built on.

jsonschema-rs does the algebra (merging, negation, dialects, unevaluated members); nothing here ever fetches a reference.
"""

from __future__ import annotations

import json
from typing import Any, Final
from urllib.parse import unquote

import jsonschema_rs
from jsonschema_rs import CanonicalSchema, canonical

from wireproof.model.jsontext import JSON, deeper_than, resolve_pointer

MAX_BYTES: Final = 400_000
"""Size of a schema, as JSON text, that we still generate from."""
MAX_DEPTH: Final = 100
"""Levels of nesting of a schema that we still generate from."""
MAX_ENUM: Final = 2_000
"""Values of one `enum` that we still generate from."""

ASSERTED_FORMATS: Final = frozenset(
    (
        *("date", "time", "date-time", "duration", "email", "idn-email", "hostname", "idn-hostname", "ipv4", "ipv6"),
        *("uri", "uri-reference", "iri", "iri-reference", "uri-template", "uuid", "json-pointer"),
        *("relative-json-pointer", "regex"),
    )
)
"""Formats that a validator may assert."""

_DIALECTS: Final = {
    "json-schema.org/draft/2020-12/schema": "https://json-schema.org/draft/2020-12/schema",
    "json-schema.org/draft/2019-09/schema": "https://json-schema.org/draft/2019-09/schema",
    "json-schema.org/draft-07/schema": "http://json-schema.org/draft-07/schema#",
    "json-schema.org/draft-06/schema": "http://json-schema.org/draft-06/schema#",
    "json-schema.org/draft-04/schema": "http://json-schema.org/draft-04/schema#",
}
_ANCHORS: Final = ("$anchor", "$dynamicAnchor")
_REFERENCES: Final = ("$ref", "$dynamicRef", "$recursiveRef")
_IN_PLACE: Final = ("not", "if", "then", "else")
_IN_PLACE_LISTS: Final = ("allOf", "anyOf", "oneOf")
_IN_PLACE_MAPS: Final = ("dependentSchemas", "dependencies")
_DRAFTS: Final = {
    4: "http://json-schema.org/draft-04/schema#",
    6: "http://json-schema.org/draft-06/schema#",
    7: "http://json-schema.org/draft-07/schema#",
    19: "https://json-schema.org/draft/2019-09/schema",
}


MAX_STEPS: Final = 20_000
"""Schemas that one value may be held against in one place."""


class GenerateError(ValueError):
    """Nothing can be generated from this schema."""


class UnsatisfiableError(GenerateError):
    """No value conforms to the schema (or, asked for invalid ones, every value does)."""


class UnsupportedSchemaError(GenerateError):
    """The schema is not valid, points elsewhere, names a dialect that we do not know, or is over our caps."""


class UnmergeableError(Exception):
    """The canonical form does not support a merge or a negation. Never leaves this room."""


def refuse(uri: str) -> Any:
    """The retriever of every validator here."""
    raise LookupError(f"references are never fetched: {uri}")


def pattern_options() -> jsonschema_rs.FancyRegexOptions:
    """Caps on matching a target's pattern."""
    return jsonschema_rs.FancyRegexOptions(backtrack_limit=100_000)


def text_of(schema: JSON) -> str:
    """The schema as JSON text. UnsupportedSchemaError when it is none, or over the caps."""
    try:
        text = json.dumps(schema, ensure_ascii=False, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise UnsupportedSchemaError(f"not a JSON document: {error}") from None
    if len(text) > MAX_BYTES:
        raise UnsupportedSchemaError(f"the schema is larger than {MAX_BYTES} characters")
    if deeper_than(text, MAX_DEPTH):
        raise UnsupportedSchemaError(f"the schema nests deeper than {MAX_DEPTH} levels")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UnsupportedSchemaError("the schema holds half a surrogate pair") from None
    return text


def admitted(text: str) -> JSON:
    """The schema of a text under the official name of its dialect. UnsupportedSchemaError for dialects that we do not know."""
    schema = json.loads(text)
    if isinstance(schema, dict) and "$schema" in schema:
        named = schema["$schema"]
        official = _DIALECTS.get(named.removesuffix("#").split("://", 1)[-1]) if isinstance(named, str) else None
        if official is None:
            raise UnsupportedSchemaError(f"the dialect {str(named)[:80]!r} is not one that wireproof knows")
        schema["$schema"] = official
    if _longest_enum(schema) > MAX_ENUM:
        raise UnsupportedSchemaError(f"an enum has more than {MAX_ENUM} values")
    if _steps(schema) > MAX_STEPS:
        raise UnsupportedSchemaError(f"one value takes more than {MAX_STEPS} steps to judge")
    return schema


def _steps(schema: JSON) -> int:
    """How many schemas one value may be held against in one place: references that double at each level make it explode."""
    known: dict[int, int] = {}
    anchors: dict[str, JSON] = {}
    pending = [schema]
    while pending:
        part = pending.pop()
        if isinstance(part, dict):
            anchors.update({f"#{part[name]}": part for name in _ANCHORS if isinstance(part.get(name), str)})
            anchors.update({part[name]: part for name in ("$id", "id") if isinstance(part.get(name), str)})
        pending += part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()

    def found(reference: str) -> JSON:
        if reference in anchors:
            return anchors[reference]
        return resolve_pointer(schema, unquote(reference[1:])) if reference.startswith("#") else None

    def count(part: JSON) -> int:
        if not isinstance(part, dict):
            return 1
        if id(part) not in known:
            known[id(part)] = 1  # what a circle adds is bounded by the value
            inner: list[JSON] = [part[name] for name in _IN_PLACE if name in part]
            inner += [one for name in _IN_PLACE_LISTS if isinstance(part.get(name), list) for one in part[name]]
            inner += [one for name in _IN_PLACE_MAPS if isinstance(part.get(name), dict) for one in part[name].values()]
            inner += [found(part[name]) for name in _REFERENCES if isinstance(part.get(name), str)]
            known[id(part)] = min(MAX_STEPS + 1, 1 + sum(map(count, inner)))
        return known[id(part)]

    try:
        worst = count(schema)
        pending = [schema]
        while pending:
            part = pending.pop()
            worst = max(worst, count(part))
            pending += part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    except RecursionError:
        raise UnsupportedSchemaError("references lead too deep") from None
    return worst


def _longest_enum(schema: JSON) -> int:
    if isinstance(schema, dict):
        own = len(schema["enum"]) if isinstance(schema.get("enum"), list) else 0
        return max([own, *map(_longest_enum, schema.values())])
    return max(map(_longest_enum, schema), default=0) if isinstance(schema, list) else 0


def canonicalized(schema: JSON, *, formats: bool = True) -> CanonicalSchema:
    """The canonical form, formats asserted or passed over. UnsupportedSchemaError where the schema has none."""
    if not isinstance(schema, dict | bool):
        raise UnsupportedSchemaError("a schema is an object or a boolean")
    try:
        return jsonschema_rs.canonicalize(
            schema, validate_formats=formats, retriever=refuse, pattern_options=pattern_options()
        )
    except (ValueError, jsonschema_rs.ReferencingError, canonical.CanonicalizationError) as error:
        raise UnsupportedSchemaError(str(error).split("\n", 1)[0][:200]) from None


def without_idle_formats(schema: JSON) -> JSON:
    """The schema less the formats that validators pass over: a complement would take them for something that can be broken."""
    if isinstance(schema, list):
        return [without_idle_formats(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: part if key in ("const", "enum", "default", "examples") else without_idle_formats(part)
        for key, part in schema.items()
        if not (key == "format" and isinstance(part, str) and part not in ASSERTED_FORMATS)
    }


def validator(schema: JSON, *, formats: bool = True) -> jsonschema_rs.Validator:
    """A validator of the same dialect under the same caps. UnsupportedSchemaError where it does not compile."""
    try:
        return jsonschema_rs.validator_for(
            schema, validate_formats=formats, retriever=refuse, pattern_options=pattern_options()
        )
    except (ValueError, jsonschema_rs.ReferencingError) as error:
        raise UnsupportedSchemaError(str(error).split("\n", 1)[0][:200]) from None


def in_dialect_of(node: CanonicalSchema, schema: dict[str, Any]) -> CanonicalSchema:
    """The canonical form of a schema of ours that is to be merged with this node."""
    named = _DRAFTS.get(node.draft)
    return canonicalized({"$schema": named, **schema} if named else schema)
