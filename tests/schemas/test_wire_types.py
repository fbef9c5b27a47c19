"""Our schemas against the wire types of the mcp-types package, which were made apart from them, in strict mode."""

from __future__ import annotations

import importlib
import json
from functools import cache
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from tests.schemas.comparison import ENOUGH, Comparison, Difference, Judge, document, gone, known, listed, report
from tests.schemas.instances import Path

MODULES = {"2025-11-25": "mcp_types._v2025_11_25", "2026-07-28": "mcp_types._v2026_07_28"}
FEWEST = {"2025-11-25": 140, "2026-07-28": 150}


def places(adapter: TypeAdapter[Any], instance: Any) -> list[Path]:
    """Where strict mode refuses the instance; what a location says of Python types is left out."""
    try:
        adapter.validate_json(json.dumps(instance), strict=True)
    except ValidationError as error:
        return [_within(instance, one["loc"]) for one in error.errors(include_url=False)]
    return []


def _within(instance: Any, location: tuple[str | int, ...]) -> Path:
    path: list[str | int] = []
    for step in location:
        member = isinstance(instance, dict) and step in instance
        index = isinstance(instance, list) and isinstance(step, int) and step < len(instance)
        if member or index:
            path.append(step)
            instance = instance[step]
    return tuple(path)


def judge_of(kind: Any) -> Judge:
    adapter = TypeAdapter(kind)

    def valid(instance: Any) -> bool:
        try:
            adapter.validate_json(json.dumps(instance), strict=True)
        except ValidationError:
            return False
        return True

    return Judge(valid=valid, places=lambda instance: places(adapter, instance))


@cache
def theirs_of(revision: str) -> dict[str, Judge]:
    module = importlib.import_module(MODULES[revision])
    return {name: judge_of(vars(module)[name]) for name in document(revision)["$defs"] if name in vars(module)}


def names_of(revision: str) -> set[str]:
    """The members that their models know, as they are written on the wire."""
    module = importlib.import_module(MODULES[revision])
    models = [kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, BaseModel)]
    return {one.alias or name for model in models for name, one in model.model_fields.items()}


@pytest.mark.parametrize("revision", MODULES)
def test_same_verdicts(revision: str) -> None:
    comparison = Comparison(revision, theirs_of(revision), null_is_absent=True, names=names_of(revision))
    assert len(comparison.shared) >= FEWEST[revision]
    found: dict[Difference, Any] = {}
    few, nulls = [], 0
    is_known = known("mcp-types")
    for name in comparison.shared:
        tally = comparison.compare(name)
        nulls += tally.nulls
        found |= {one: value for one, value in tally.differences.items() if not is_known(one)}
        if tally.valid < ENOUGH or (tally.invalid < ENOUGH and name != "JSONValue"):  # every JSON value is a JSONValue
            few.append(name)
    assert few == []
    assert not found, f"differences that no row lists:\n{report(found)}"
    assert nulls > 0, "the row of nulls for absent members speaks of nothing any more"


@pytest.mark.parametrize("revision", MODULES)
def test_listed_differences_still_occur(revision: str) -> None:
    assert gone("mcp-types", revision, theirs_of(revision)) == []


def test_every_row_names_a_revision_that_is_compared() -> None:
    assert {revision for row in listed("mcp-types") for revision in row["revisions"]} <= set(MODULES)
