"""Verdicts and explanations by JSON Schema; schemas that come from a target; and that nothing is ever fetched."""

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from wireproof.library import schemas as module
from wireproof.library.schemas import (
    DIALECT,
    MAX_TARGET_DEPTH,
    MAX_TARGET_SCHEMA,
    Schemas,
    check_target_schema,
    target_problems,
    target_valid,
    unjudgeable,
)
from wireproof.model.errors import InternalError, UsageError

DOCUMENT: dict[str, Any] = {
    "$schema": DIALECT,
    "$id": "urn:wireproof:toy:1",
    "x-methods": {"toys/list": {"by": "client", "request": "Toy", "result": "Toys"}},
    "x-envelopes": {"request": "Request"},
    "$defs": {
        "Toys": {
            "type": "object",
            "required": ["toys"],
            "properties": {"toys": {"type": "array", "items": {"$ref": "#/$defs/Toy"}}, "next": {"type": "string"}},
        },
        "Toy": {
            "type": "object",
            "required": ["name"],
            "properties": {
                "name": {"type": "string"},
                "parts": {"type": "array", "items": {"anyOf": [{"$ref": "#/$defs/Text"}, {"$ref": "#/$defs/Link"}]}},
            },
        },
        "Text": {
            "type": "object",
            "required": ["type", "text"],
            "properties": {"type": {"const": "text"}, "text": {"type": "string"}},
        },
        "Link": {
            "type": "object",
            "required": ["type", "uri"],
            "properties": {"type": {"const": "link"}, "uri": {"type": "string", "format": "uri"}},
        },
        "Id": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
    },
}


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Schemas:
    folder = tmp_path / "toy"
    folder.mkdir()
    (folder / "1.schema.json").write_text(json.dumps(DOCUMENT))
    (folder / "broken.schema.json").write_text("{")
    monkeypatch.setattr(module, "shelf", lambda kind: tmp_path)
    return Schemas("toy", "1")


def test_tables_and_verdicts(toy: Schemas) -> None:
    assert toy.methods["toys/list"]["result"] == "Toys"
    assert toy.envelopes == {"request": "Request"}
    assert toy.has("Toy")
    assert not toy.has("Ball")
    assert toy.valid("Toys", {"toys": [{"name": "x", "more": 1}]})
    assert not toy.valid("Toys", {"toys": [{"name": 1}]})
    assert toy.valid("Id", 10**30)
    assert not toy.valid("Id", None)
    assert toy.valid("Toy", {"name": "\ud800"})
    assert toy.valid("Link", {"type": "link", "uri": "not a uri at all"})


def test_faults_of_ours_are_told(toy: Schemas) -> None:
    with pytest.raises(InternalError) as caught:
        toy.valid("Toyz", {})
    assert "Toys" in caught.value.hint or "Toy" in caught.value.hint
    with pytest.raises(UsageError, match="cannot be read"):
        Schemas("toy", "2")
    with pytest.raises(UsageError, match="not JSON"):
        Schemas("toy", "broken")
    with pytest.raises(UsageError, match="does not compile"):
        toy.inline({"type": "strin"}, 1)


@pytest.mark.parametrize(
    ("definition", "instance", "expected"),
    [
        ("Toys", {"toys": []}, []),
        ("Toys", {}, [("", "member 'toys' missing")]),
        ("Toys", {"toys": [{"name": 5}]}, [("/toys/0/name", "should be string, is integer 5")]),
        ("Toys", {"toys": [{}], "next": 1},
         [("/toys/0", "member 'name' missing"), ("/next", "should be string, is integer 1")]),
        ("Toy", {"name": "x", "parts": [{"type": "text"}]}, [("/parts/0", "member 'text' missing")]),
        ("Toy", {"name": "x", "parts": [{"type": "link", "uri": None}]},
         [("/parts/0/uri", "should be string, is null")]),
        ("Toy", {"name": "x", "parts": [{"type": "txt", "text": "x"}]},
         [("/parts/0/type", 'should be "text" or "link", is "txt"')]),
        ("Id", None, [("", "should be string or integer, is null")]),
        ("Id", True, [("", "should be string or integer, is boolean true")]),
    ],
)  # fmt: skip
def test_explanations_name_the_place(
    toy: Schemas, definition: str, instance: Any, expected: list[tuple[str, str]]
) -> None:
    assert toy.valid(definition, instance) is not bool(expected)
    assert toy.explain(definition, instance) == expected


def test_inline_schemas_may_use_the_definitions(toy: Schemas) -> None:
    schema = {"type": "array", "items": {"$ref": "#/$defs/Toy"}}
    assert toy.inline(schema, [{"name": "x"}]) == []
    assert toy.inline(schema, [{"name": 1}]) == [("/0/name", "should be string, is integer 1")]
    assert toy.inline({"const": 3}, 4) == [("", "should be 3, is 4")]
    assert toy.inline({"$defs": {"Toy": {"type": "null"}}, "$ref": "#/$defs/Toy"}, None) == []


@pytest.mark.parametrize(
    "schema",
    [
        {},
        True,
        {"type": "object", "properties": {"a": {"type": "string"}}},
        {"$schema": "http://json-schema.org/draft-07/schema#", "items": [{"type": "string"}]},
        {"$schema": "https://json-schema.org/draft-07/schema", "definitions": {"x": {}}},
        {"$schema": "https://json-schema.org/draft/2019-09/schema", "$recursiveRef": "#"},
        {"$schema": "https://json-schema.org/draft/2020-12/schema#", "prefixItems": [{}]},
        {"$ref": "#"},
        {"x-of-ours": 1},
        {"title": "\ud800"},
    ],
)
def test_valid_schemas_of_targets(schema: Any) -> None:
    assert check_target_schema(schema) == []
    assert unjudgeable(schema) is None
    assert target_valid(schema, {"a": "x"}) or isinstance(schema, dict)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "strin"},
        {"type": "object", "properties": {"a": {"type": 5}}},
        {"properties": []},
        {"required": "a"},
        {"$schema": 5},
        {"$schema": "http://json-schema.org/draft-07/schema#", "minLength": -1},
        None,
        [],
        "object",
    ],
)
def test_invalid_schemas_of_targets_are_named(schema: Any) -> None:
    assert check_target_schema(schema)


def test_the_dialect_decides() -> None:
    tuple_form = {"items": [{"type": "string"}]}
    assert check_target_schema({"$schema": "http://json-schema.org/draft-07/schema#", **tuple_form}) == []
    assert check_target_schema(tuple_form)


@pytest.mark.parametrize(
    "schema",
    [
        {"$schema": "urn:example:own-dialect", "type": 5},
        {"description": "x" * MAX_TARGET_SCHEMA},
        json.loads('{"not":' * (MAX_TARGET_DEPTH + 1) + "{}" + "}" * (MAX_TARGET_DEPTH + 1)),
        {"$ref": "#/definitions/absent"},
        {"$ref": "https://example.invalid/schema.json"},
        {"$ref": "file:///etc/hostname"},
        {"$ref": "other.json"},
    ],
)
def test_what_we_cannot_judge_is_no_fault_of_theirs(schema: Any) -> None:
    assert check_target_schema(schema) == []
    assert unjudgeable(schema)
    assert target_problems(schema, {}) == []


def test_instances_against_a_target_schema() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    assert target_valid(schema, {"n": 1})
    assert target_valid(schema, {"n": 1.0})
    (problem,) = target_problems(schema, {"n": "x"})
    assert problem.startswith("/n: ")
    assert target_problems(schema, {})
    assert target_valid({"format": "email"}, "not an address")


def test_a_pattern_that_explodes_says_nothing() -> None:
    assert target_problems({"pattern": "^(a|a?)+(?<!c)$"}, "a" * 40 + "b") == []


def test_no_reference_is_ever_fetched(toy: Schemas) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/schema.json"
        for schema in ({"$ref": address}, {"$schema": address}, {"$id": address, "$ref": "other.json"}):
            check_target_schema(schema)
            target_problems(schema, {})
            with pytest.raises(UsageError):
                toy.inline(schema, {})
        with pytest.raises(BlockingIOError):
            listener.accept()
