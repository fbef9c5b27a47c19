"""Values of schemas: what is valid passes without a last test, what is invalid fails and is labelled."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import find

from tests.generate.drawing import draws
from wireproof.generate.admission import UnsatisfiableError, UnsupportedSchemaError
from wireproof.generate.values import Broken, compiled, invalid, values
from wireproof.model.jsontext import resolve_pointer

TREE = {
    "$defs": {
        "node": {
            "type": "object",
            "properties": {
                "left": {"$ref": "#/$defs/node"},
                "right": {"$ref": "#/$defs/node"},
                "v": {"type": "integer"},
            },
            "required": ["v"],
            "additionalProperties": False,
        }
    },
    "$ref": "#/$defs/node",
}
SCHEMAS: dict[str, Any] = {
    "tree": TREE,
    "bounded": {"type": "integer", "minimum": 4, "multipleOf": 3, "not": {"multipleOf": 5}},
    "cents": {"type": "number", "multipleOf": 0.01, "exclusiveMinimum": 0, "maximum": 3},
    "password": {"type": "string", "pattern": "^(?=.*\\d)(?=.*[a-z]).{8,20}$", "not": {"pattern": "[<>]"}},
    "two patterns": {"type": "string", "allOf": [{"pattern": "^a"}, {"pattern": "z$"}], "minLength": 5, "maxLength": 9},
    "format and pattern": {"type": "string", "format": "date-time", "pattern": "Z$"},
    "exclusive": {"oneOf": [{"type": "string", "minLength": 2}, {"type": "string", "maxLength": 3}]},
    "conditional": {
        "type": "object",
        "properties": {"kind": {"enum": ["a", "b"]}},
        "required": ["kind"],
        "if": {"properties": {"kind": {"const": "a"}}},
        "then": {"required": ["alpha"]},
        "else": {"maxProperties": 1},
    },
    "dependent": {
        "type": "object",
        "properties": {"a": {}, "b": {"type": "integer"}},
        "dependentRequired": {"a": ["b"]},
        "dependentSchemas": {"b": {"properties": {"b": {"minimum": 3}}}},
        "minProperties": 1,
    },
    "unevaluated": {
        "type": "object",
        "anyOf": [{"properties": {"a": {"const": 1}}}, {"properties": {"b": {"const": 2}}, "required": ["b"]}],
        "unevaluatedProperties": False,
    },
    "named": {
        "type": "object",
        "patternProperties": {"^x-": {"type": "integer"}, "y$": {"minimum": 3}},
        "propertyNames": {"maxLength": 6},
        "additionalProperties": {"type": "boolean"},
        "minProperties": 2,
        "maxProperties": 4,
    },
    "contains": {
        "type": "array",
        "prefixItems": [{"type": "string"}],
        "items": {"type": ["integer", "string"]},
        "contains": {"type": "integer", "minimum": 5},
        "minContains": 2,
        "maxContains": 3,
        "uniqueItems": True,
    },
    "few": {"type": "array", "items": {"enum": [1, 2, 3]}, "uniqueItems": True, "minItems": 3},
    "no members like it": {"type": "object", "not": {"propertyNames": {"pattern": "^a"}}},
    "repeats": {"type": "array", "items": {"type": "integer"}, "not": {"uniqueItems": True}},
    "draft 7": {
        "$schema": "http://json-schema.org/draft-07/schema",
        "definitions": {"n": {"type": "number"}},
        "type": "array",
        "items": [{"$ref": "#/definitions/n"}, {"type": "null"}],
        "additionalItems": {"type": "string"},
        "minItems": 3,
    },
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_value_conforms_without_rejection(name: str) -> None:
    found = compiled(SCHEMAS[name])
    assert found.fallbacks == ()
    made = draws(found.bare)
    assert made
    assert [value for value in made if not found.conforms(value)] == []


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_broken_value_is_refused_and_labelled(name: str) -> None:
    found = compiled(SCHEMAS[name])
    made: list[Broken] = draws(invalid(SCHEMAS[name], formats=True))
    assert made
    for broken in made:
        assert not found.conforms(broken.value)
        assert broken.keyword
        assert broken.rule.startswith("/") or broken.keyword == "falseSchema"


def test_one_step_breaks_each_keyword_in_turn() -> None:
    schema = {
        "type": "object",
        "properties": {
            "path": {"type": "string", "minLength": 1, "maxLength": 5, "pattern": "^[a-z]*$"},
            "count": {"type": "integer", "minimum": 1, "maximum": 10},
            "mode": {"enum": ["a", "b"]},
            "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 2, "uniqueItems": True},
        },
        "required": ["path", "count"],
        "additionalProperties": False,
    }
    made: list[Broken] = draws(invalid(schema), 600)
    seen = {(broken.keyword, broken.pointer) for broken in made}
    assert {
        ("required", ""),
        ("additionalProperties", ""),
        ("type", ""),
        ("type", "/path"),
        ("minLength", "/path"),
        ("maxLength", "/path"),
        ("pattern", "/path"),
        ("type", "/count"),
        ("minimum", "/count"),
        ("maximum", "/count"),
        ("enum", "/mode"),
        ("type", "/tags/0"),
        ("maxItems", "/tags"),
        ("uniqueItems", "/tags"),
    } <= seen
    assert sum(1 for broken in made if broken.also) < len(made) / 5
    for broken in made:
        if broken.keyword == "type":
            wrong = resolve_pointer(broken.value, broken.pointer)
            assert broken.coercible == (wrong is not None and not isinstance(wrong, list | dict))
        elif broken.keyword != "enum":
            assert not broken.coercible


@pytest.mark.parametrize(
    "schema",
    [
        False,
        {"type": "string", "minLength": 3, "maxLength": 2},
        {"enum": ["a"], "pattern": "b"},
        {"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#"}}},
        {"type": "array", "minItems": 3, "uniqueItems": True, "items": {"type": "boolean"}},
    ],
)
def test_what_nothing_satisfies_is_said(schema: Any) -> None:
    with pytest.raises(UnsatisfiableError):
        values(schema)


@pytest.mark.parametrize("schema", [True, {}, {"title": "says nothing"}])
def test_what_everything_satisfies_cannot_be_broken(schema: Any) -> None:
    assert draws(values(schema))
    with pytest.raises(UnsatisfiableError):
        invalid(schema)


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "https://example.com/schema.json"},
        {"$ref": "#/$defs/absent"},
        {"type": "strong"},
        {"$schema": "https://example.com/dialect", "type": "string"},
        {"type": "array", "minItems": 10**9},
        {"type": "string", "minLength": 10**9},
        {"enum": list(range(5000))},
        {"description": "x" * 500_000},
        {"type": "object", "minProperties": 5000},
        {
            "$defs": {
                **{f"d{at}": {"allOf": [{"$ref": f"#/$defs/d{at + 1}"}] * 2} for at in range(40)},
                "d40": {"type": "string"},
            },
            "$ref": "#/$defs/d0",
        },
        {"description": "\ud800"},
        json.loads('{"items":' * 120 + "{}" + "}" * 120),
        "a string",
    ],
)
def test_what_a_hostile_target_hands_us_is_refused(schema: Any) -> None:
    with pytest.raises(UnsupportedSchemaError):
        values(schema)


def test_compiled_once() -> None:
    assert compiled(dict(TREE)) is compiled(json.loads(json.dumps(TREE)))


def test_values_are_fresh() -> None:
    schema = {"enum": [{"a": []}, {"b": []}]}
    for value in draws(values(schema)):
        value["spoiled"] = True
    assert all("spoiled" not in value for value in draws(values(schema)))


@pytest.mark.parametrize(
    ("schema", "rejecting"),
    [
        ({"type": "string", "pattern": "^(a+)+$"}, False),
        ({"type": "string", "pattern": r"^(a+)-\1$"}, True),
        ({"type": "string", "pattern": "(?<=a)b"}, True),
        (
            {"anyOf": [{"type": "object", "properties": {"k": {"const": at}}, "required": ["k"]} for at in range(90)]},
            False,
        ),
        (
            {
                "type": "object",
                "properties": {"kids": {"type": "array", "items": {"$ref": "#"}}, "v": {"$ref": "#"}},
                "required": ["kids"],
            },
            False,
        ),
    ],
)
def test_hard_schemas_still_give_values(schema: Any, rejecting: bool) -> None:
    found = compiled(schema)
    assert bool(found.fallbacks) == rejecting
    made = draws(values(schema), 15)
    assert len(made) == 15
    assert max(len(json.dumps(value)) for value in made) < 50_000


def test_edges_come_up() -> None:
    made = set(map(repr, draws(values({"type": ["string", "integer", "number"]}), 400)))
    assert {repr(2**53 + 1), repr(2**53 - 1), "-0.0", "''", "'__proto__'"} <= made
    dates = draws(values({"type": "string", "format": "date-time"}), 200)
    assert {"2016-12-31T23:59:60Z", "2024-01-01T00:00:00-00:00"} <= set(dates)
    keys = {key for value in draws(values({"type": "object"}), 400) for key in value}
    assert {"__proto__", ""} <= keys


def test_shrinks_to_what_matters() -> None:
    schema = {
        "type": "object",
        "properties": {"text": {"type": "string", "pattern": "^[a-z0-9 ]*$"}, "n": {"type": "integer", "minimum": 3}},
        "required": ["text", "n"],
    }
    found = find(values(schema), lambda value: len(value["text"]) > 2 and value["n"] > 100)
    assert found == {"text": "000", "n": 101}
