"""x-mcp-header in tool schemas: where it may stand and how it may be called."""

from __future__ import annotations

from typing import Any

import pytest

from wireproof.protocols.mcp.checks.xmcp import _judge, marks


def _broken(schema: dict[str, Any]) -> set[str]:
    return {row for row, why, _ in _judge(list(marks(schema))) if why is not None}


def _with(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def _marked(name: Any = "Region", **more: Any) -> dict[str, Any]:
    return {"type": "string", "x-mcp-header": name, **more}


@pytest.mark.parametrize(
    "schema",
    [
        _with(a=_marked()),
        _with(a=_with(b=_marked())),
        _with(a=_marked(type=["string", "null"])),
        _with(a=_marked(type="integer", maximum=2**53 - 1)),
        _with(**{"x-mcp-header": {"type": "number"}}),
        _with(a={"type": "object", "default": {"x-mcp-header": ""}}),
    ],
)
def test_what_is_allowed(schema: dict[str, Any]) -> None:
    assert _broken(schema) == set()


@pytest.mark.parametrize(
    ("schema", "rows"),
    [
        (_with(a=_marked("")), {"not-empty"}),
        (_with(a=_marked("two words")), {"token"}),
        (_with(a=_marked(7)), {"token"}),
        (_with(a=_marked("line\n")), {"no-control"}),
        (_with(a=_marked("One"), b=_marked("oNE")), {"unique"}),
        (_with(a=_marked(type="number")), {"primitive"}),
        (_with(a=_marked(type=["object", "null"])), {"primitive"}),
        (_with(a=_marked(type="integer", maximum=2**60)), {"safe-integer"}),
        ({**_with(), "x-mcp-header": "Root", "type": "string"}, {"static-path"}),
        ({"patternProperties": {"^a": _marked()}}, {"static-path"}),
        (_with(a={"items": _marked()}), {"static-path", "no-array-or-combinator"}),
        ({"anyOf": [_with(a=_marked())]}, {"static-path", "no-array-or-combinator"}),
        ({"$defs": {"a": _marked()}}, {"static-path", "no-array-or-combinator"}),
    ],
)
def test_what_breaks_which_row(schema: dict[str, Any], rows: set[str]) -> None:
    assert _broken(schema) == rows
