"""Our schemas against the published ones, all five revisions, and the published examples. Needs ../shared/data/mcp."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.schemas.comparison import (
    ENOUGH,
    ROOT,
    Comparison,
    Difference,
    gone,
    judges,
    known,
    member_names,
    our_judges,
    report,
    revisions,
)

pytestmark = pytest.mark.oracle

DATA = ROOT.parent / "shared" / "data" / "mcp"


def published(revision: str) -> tuple[dict[str, Any], str]:
    path = DATA / revision / "schema.json"
    assert path.is_file(), f"the oracle is absent: ../shared/data/mcp/{revision}/schema.json"
    schemas: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return schemas, "$defs" if "$defs" in schemas else "definitions"


def examples() -> list[Path]:
    return sorted(DATA.glob("*/examples/*/*.json"))


@pytest.mark.parametrize("revision", revisions())
def test_same_definitions(revision: str) -> None:
    schemas, container = published(revision)
    assert set(our_judges(revision)) == set(schemas[container])


@pytest.mark.parametrize("revision", revisions())
def test_same_verdicts(revision: str) -> None:
    schemas, container = published(revision)
    theirs = judges(schemas, container)
    comparison = Comparison(revision, theirs, names=member_names(schemas[container]))
    is_known = known("official")
    found: dict[Difference, Any] = {}
    for name in comparison.shared:
        tally = comparison.compare(name)
        found |= {one: value for one, value in tally.differences.items() if not is_known(one)}
        assert tally.valid >= ENOUGH, name
        assert tally.invalid >= ENOUGH or name == "JSONValue", name
    assert not found, f"differences that no row lists:\n{report(found)}"
    assert gone("official", revision, theirs) == []


def test_same_formats() -> None:
    """`format` does not assert, so verdicts cannot show whether we keep it."""
    for revision in revisions():
        schemas, container = published(revision)
        ours = json.loads((ROOT / "schemas" / "mcp" / f"{revision}.schema.json").read_text(encoding="utf-8"))
        for name, theirs in schemas[container].items():
            here, there = _formats(ours["$defs"][name]), _formats(theirs)
            assert here == there, f"{revision} {name}"


def _formats(schema: dict[str, Any]) -> dict[str, str]:
    members = schema.get("properties", {})
    return {name: one["format"] for name, one in members.items() if isinstance(one.get("format"), str)}


def test_examples_conform() -> None:
    found = examples()
    assert len(found) > 100, "the published examples are absent: ../shared/data/mcp/2026-07-28/examples"
    for path in found:
        revision, definition = path.parts[-4], path.parts[-2]
        judge = our_judges(revision)[definition]
        instance = json.loads(path.read_text(encoding="utf-8"))
        assert judge.valid(instance), f"{definition}/{path.name}: {list(judge.places(instance))}"
