"""Mcp-Param headers: which arguments go into them, and how they are written there."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from wireproof.judge.pack import Lens
from wireproof.protocols.mcp.mirror import coded, encoded, header_text, marks_of, mirrored, param_headers, trials

_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "region": {"type": "string", "x-mcp-header": "Region"},
        "limit": {"type": "integer", "x-mcp-header": "Limit"},
        "urgent": {"type": "boolean", "x-mcp-header": "Urgent"},
        "deep": {"type": "object", "properties": {"er": {"type": "string", "x-mcp-header": "Deeper"}}},
        "bad": {"type": "string", "x-mcp-header": "no token"},
        "list": {"type": "array", "items": {"type": "string", "x-mcp-header": "Item"}},
    },
}


@pytest.mark.parametrize(
    ("arguments", "headers"),
    [
        ({"region": "us-west1", "limit": -7, "urgent": True}, {"Region": "us-west1", "Limit": "-7", "Urgent": "true"}),
        ({"limit": 42.0, "urgent": False}, {"Limit": "42", "Urgent": "false"}),
        ({"region": None, "limit": None}, {}),
        ({"region": {"a": 1}, "limit": 1.5}, {}),
        ({"deep": {"er": "x"}, "bad": "x", "list": ["x"]}, {"Deeper": "x"}),
        ({"deep": "x"}, {}),
        ({"region": " padded "}, {"Region": "=?base64?IHBhZGRlZCA=?="}),
        ({"region": "line1\nline2"}, {"Region": "=?base64?bGluZTEKbGluZTI=?="}),
        ({"region": "=?base64?literal?="}, {"Region": "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="}),
        ([], {}),
        (None, {}),
    ],
)
def test_param_headers(arguments: Any, headers: dict[str, str]) -> None:
    expected = [(f"Mcp-Param-{name}", value) for name, value in headers.items()]
    assert param_headers(mirrored(_SCHEMA), arguments) == expected


def test_header_text() -> None:
    assert header_text("plain text") == "plain text"
    assert header_text("Hello, 世界") == encoded("Hello, 世界") == "=?base64?SGVsbG8sIOS4lueVjA==?="


def test_marks_of_what_is_listed() -> None:
    listed = [{"name": "a", "inputSchema": _SCHEMA}, {"name": "b"}, {"name": 5}, "c"]
    assert {name: len(marks) for name, marks in marks_of(listed).items()} == {"a": 4, "b": 0}
    assert marks_of(None) == {}


def _lens(problems: list[str]) -> Lens:
    return cast(Lens, SimpleNamespace(schemas=SimpleNamespace(target_problems=lambda schema, instance: problems)))


def test_trials() -> None:
    tool = {"name": "t", "inputSchema": _SCHEMA, "arguments": {"limit": 3}}
    found = trials([{"name": "none", "inputSchema": {}, "arguments": {}}, tool], _lens([]))
    assert set(found) == {"some", "text", "free", "number", "flag", "optional"}
    assert found["number"]["header"] == "Mcp-Param-Limit"
    assert [found["number"][kind] for kind in ("wrong", "fraction", "between", "trailing")] == ["4", "3.0", "3.5", "3x"]
    assert found["flag"]["recased"].lower() == str(found["flag"]["arguments"]["urgent"]).lower()
    assert found["some"]["with_null"] == {"limit": 3, "region": None}
    assert found["optional"]["without"] == {"limit": 3}
    assert trials([tool], _lens(["no"])) == {}


def test_trials_below_the_top() -> None:
    deep = {"type": "object", "properties": {"er": {"type": "integer", "x-mcp-header": "Deeper"}}}
    tool = {"name": "t", "inputSchema": {"type": "object", "properties": {"deep": deep}}, "arguments": {"a": 1}}
    found = trials([{**tool, "arguments": {"deep": 5}}, {**tool, "arguments": {"a": 1, "deep": {"er": 7}}}], _lens([]))
    assert found["number"]["arguments"] == {"a": 1, "deep": {"er": 7}}
    assert found["some"]["with_null"] == {"a": 1, "deep": {"er": None}}
    assert found["optional"]["without"] == {"a": 1, "deep": {}}


def test_coded_names() -> None:
    made = coded(tool="plain", resource=None)
    assert made == {
        "tool": {"right": "=?base64?cGxhaW4=?=", "shouted": "=?BASE64?cGxhaW4=?=", "longer": "plain-wireproof"}
    }
