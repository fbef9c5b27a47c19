"""The tools of real servers: every value conforms as it is made, every broken one is refused, hardly any needs rejection."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.generate.drawing import draws
from wireproof.generate.admission import UnsatisfiableError
from wireproof.generate.values import compiled, invalid

ROWS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "tool_schemas.json").read_text(encoding="utf-8"))
REJECTING: frozenset[str] = frozenset()
"""Tools whose values are drawn by rejection, as "peer tool member"; at most 2 in 100."""


def name_of(row: dict[str, Any]) -> str:
    return f"{row['peer']} {row['tool']} {row['member']}"


def test_enough_of_them() -> None:
    assert len(ROWS) >= 100
    assert len({row["peer"] for row in ROWS}) >= 10
    assert len(REJECTING) <= len(ROWS) / 50


@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_values(row: dict[str, Any]) -> None:
    found = compiled(row["schema"])
    assert bool(found.fallbacks) == (name_of(row) in REJECTING), found.fallbacks
    assert [value for value in draws(found.bare, 12) if not found.conforms(value)] == []
    try:
        broken = draws(invalid(row["schema"]), 12)
    except UnsatisfiableError:
        assert not found.schema.keys() & {"type", "properties", "required", "$ref"}
        return
    assert len(broken) >= 10
    assert [one for one in broken if found.conforms(one.value)] == []
