"""The schemas of the JSON-Schema-Test-Suite, drafts 7 and 2020-12. Needs ../shared/data/json-schema-test-suite."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.generate.drawing import draws
from wireproof.generate.admission import UnsatisfiableError, UnsupportedSchemaError
from wireproof.generate.values import compiled, invalid

pytestmark = pytest.mark.oracle

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "json-schema-test-suite" / "tests"
DIALECTS = {
    "draft7": "http://json-schema.org/draft-07/schema#",
    "draft2020-12": "https://json-schema.org/draft/2020-12/schema",
}
REJECTING = frozenset(
    (
        "draft7/optional/content.json: validation of binary-encoded media type documents",
        "draft2020-12/unevaluatedItems.json: unevaluatedItems with $dynamicRef",
        "draft2020-12/unevaluatedItems.json: unevaluatedItems depends on multiple nested contains",
        "draft2020-12/unevaluatedItems.json: unevaluatedItems and contains interact to control item dependency relationship",
        "draft2020-12/unevaluatedProperties.json: unevaluatedProperties with $dynamicRef",
        "draft2020-12/unevaluatedProperties.json: unevaluatedProperties + ref inside allOf / oneOf",
        "draft2020-12/unevaluatedProperties.json: dynamic evalation inside nested refs",
    )
)
"""Schemas whose values are drawn by rejection: at most 10 in 100."""
ELSEWHERE = ("http://localhost:1234", "not one that wireproof knows")
"""What the reason says where a schema needs another document, which is never fetched."""


def schemas() -> Iterator[tuple[str, Any, list[Any]]]:
    """(name, schema with its dialect, instances that conform)."""
    assert DATA.is_dir(), "the oracle is absent: ../shared/data/json-schema-test-suite/tests"
    for draft, dialect in DIALECTS.items():
        for path in sorted((DATA / draft).rglob("*.json")):
            for group in json.loads(path.read_text(encoding="utf-8")):
                schema = group["schema"]
                if isinstance(schema, dict) and "$schema" not in schema:
                    schema = {"$schema": dialect, **schema}
                lawful = [test["data"] for test in group["tests"] if test["valid"]]
                yield f"{path.relative_to(DATA).as_posix()}: {group['description']}", schema, lawful


def test_suite() -> None:
    rejecting, elsewhere, nothing, everything, count = set(), 0, 0, 0, 0
    for name, schema, lawful in schemas():
        try:
            found = compiled(schema)
        except UnsupportedSchemaError as error:
            if not any(sign in str(error) for sign in ELSEWHERE):
                raise
            elsewhere += 1
            continue
        except UnsatisfiableError:
            assert not lawful or "format" in name, name
            nothing += 1
            assert draws(invalid(schema), 10), name
            continue
        count += 1
        made = draws(found.bare, 30)
        assert made, name
        assert [value for value in made if not found.conforms(value)] == [], name
        if found.fallbacks:
            rejecting.add(name)
        try:
            broken = draws(invalid(schema, formats=True), 15)
        except UnsatisfiableError:
            everything += 1
            continue
        assert broken, name
        assert [one for one in broken if found.conforms(one.value)] == [], name
    assert rejecting == REJECTING
    assert len(rejecting) <= count / 10
    assert (count > 700, elsewhere < 45, nothing < 25, everything < 60) == (True,) * 4, (
        count,
        elsewhere,
        nothing,
        everything,
    )
