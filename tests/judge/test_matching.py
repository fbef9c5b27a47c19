"""Patterns against observations."""

from __future__ import annotations

from typing import Any

import pytest

from wireproof.judge.matching import Observation, astray, first_fit, fits, subset, under_another_id
from wireproof.model.exchange import Pattern
from wireproof.model.jsontext import ABSENT
from wireproof.model.wire import Kind, Record, Way


def validate(schema: Any, instance: Any) -> list[tuple[str, str]]:
    kinds = {"string": str, "null": type(None)}
    return [] if isinstance(instance, kinds[schema["type"]]) else [("", f"no {schema['type']}")]


@pytest.mark.parametrize(
    ("pattern", "value", "pointer"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, None),
        ({"a": {"b": []}}, {"a": {"b": []}}, None),
        ({"a": 1}, {"a": True}, "/a"),
        ({"a": 1}, {}, "/a"),
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}, "/a/1/b"),
        ([1], [1, 2], ""),
        ({"a": None}, {"a": None}, None),
        ({"a": None}, {}, "/a"),
    ],
)
def test_subset(pattern: Any, value: Any, pointer: str | None) -> None:
    miss = subset(pattern, value)
    assert (miss[0] if miss else None) == pointer


def test_an_expected_answer_is_not_met_by_silence() -> None:
    miss = fits(Pattern(match={}), Observation(outcome="timeout"), validate)
    assert miss is not None
    assert "no answer came" in miss[1]


def test_a_status_alone_is_met_by_an_answer_without_a_message() -> None:
    seen = Observation(outcome="end", status=202, has_status=True)
    assert fits(Pattern(status=(202,)), seen, validate) is None
    assert fits(Pattern(status=(200,)), seen, validate) is not None
    assert fits(Pattern(status=(202,), match={}), seen, validate) is not None


def test_status_says_nothing_where_there_is_none() -> None:
    seen = Observation(outcome="answered", message={"error": {}})
    assert fits(Pattern(status=(400,), match={"error": {}}), seen, validate) is None


def test_absent_headers_are_null() -> None:
    seen = Observation(outcome="end", status=200, headers=(("X-One", "1"),), has_status=True)
    assert fits(Pattern(headers={"x-one": {"type": "string"}}), seen, validate) is None
    assert fits(Pattern(headers={"x-two": {"type": "null"}}), seen, validate) is None
    assert fits(Pattern(headers={"x-two": {"type": "string"}}), seen, validate) is not None


def test_the_deepest_miss_explains() -> None:
    seen = Observation(outcome="answered", message={"error": {"code": -1}})
    found, (pointer, why) = first_fit(
        (Pattern(match={"result": {}}), Pattern(match={"error": {"code": -32602}})), seen, validate
    )
    assert found is None
    assert pointer == "/error/code"
    assert "-32602" in why


def records(*messages: tuple[Way, Any]) -> list[Record]:
    return [
        Record(seq=seq, at_ns=seq, way=way, kind=Kind.MESSAGE, raw=b"{}", message=message)
        for seq, (way, message) in enumerate(messages)
    ]


@pytest.mark.parametrize(
    ("came", "words"),
    [
        ({"id": 1001, "result": {}}, "; a response came with the id 1001, which no request has"),
        ({"id": "1", "error": {}}, '; a response came with the id "1", which no request has'),
        ({"id": 0, "result": {}}, ""),
        ({"id": "0", "result": {}}, ""),
        ({"id": None, "error": {}}, ""),
        ({"id": 7, "method": "ping"}, ""),
        ([], ""),
    ],
)
def test_a_response_under_another_id_is_told(came: Any, words: str) -> None:
    seen = records(
        (Way.OUT, {"id": 0, "method": "a"}), (Way.OUT, {"id": 1, "method": "ping"}), (Way.IN, came), (Way.NOTE, ABSENT)
    )
    stray = astray(seen, 1, 3)
    assert under_another_id(stray) == words
    assert (stray is not None) == bool(words)
