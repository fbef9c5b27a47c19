"""The instance that is used where nobody gave any: small, deterministic, and bounded whatever a target's schema says."""

from __future__ import annotations

from typing import Any

import pytest

from wireproof.generate.smallest import smallest

NAMES = ("a", "b", "c", "d")
ENDLESS = {"type": "object", "properties": {name: {"$ref": "#"} for name in NAMES}, "required": [*NAMES]}


@pytest.mark.parametrize(
    ("schema", "instance"),
    [
        ({}, {}),
        (True, {}),
        (ENDLESS, {}),
        ({"type": "object", "required": ["x"], "properties": {"x": {"type": "array", "minItems": 10**9}}}, {"x": []}),
        ({"type": "object", "required": ["x"], "properties": {"x": {"type": "array", "minItems": 3000}}}, {}),
        (
            {"type": "object", "required": ["x"], "properties": {"x": {"type": "array", "minItems": 2}}},
            {"x": ["text"] * 2},
        ),
        ({"type": "object", "required": ["x", "x"], "properties": {"x": {"type": "integer", "minimum": 3}}}, {"x": 3}),
        ({"allOf": [{"required": ["x"]}], "properties": {"x": {"enum": ["y"]}}}, {"x": "y"}),
    ],
)
def test_smallest(schema: Any, instance: Any) -> None:
    assert smallest(schema) == instance
