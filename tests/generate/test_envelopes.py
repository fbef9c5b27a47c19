"""Messages broken by one step: each really breaks what its label says, and nothing beside it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.generate.drawing import draws
from wireproof.generate.envelopes import Fault, Rule, envelopes, headers, texts

REQUEST: dict[str, Any] = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "é"}}
NOTIFICATION: dict[str, Any] = {"jsonrpc": "2.0", "method": "notifications/initialized"}


def test_envelopes_differ_in_the_one_member_that_is_named() -> None:
    made: list[Fault] = draws(envelopes(REQUEST), 300)
    for fault in made:
        if fault.rule is Rule.MESSAGE_OBJECT:
            assert not isinstance(fault.message, dict)
            continue
        names = REQUEST.keys() | fault.message.keys()
        changed = [
            name
            for name in names
            if json.dumps(REQUEST.get(name, ...), default=str) != json.dumps(fault.message.get(name, ...), default=str)
        ]
        assert [f"/{name}" for name in changed] == [fault.pointer]
        assert fault.id_kept == (fault.rule not in (Rule.ID_NULL, Rule.ID_TYPE))
    assert {fault.rule for fault in made} == {
        Rule.MESSAGE_OBJECT,
        Rule.VERSION_PRESENT,
        Rule.VERSION_VALUE,
        Rule.METHOD_PRESENT,
        Rule.METHOD_STRING,
        Rule.METHOD_KNOWN,
        Rule.PARAMS_STRUCTURED,
        Rule.ID_NULL,
        Rule.ID_TYPE,
        Rule.ID_FRACTION,
        Rule.ONE_KIND,
    }


def test_a_notification_has_no_id_to_break() -> None:
    rules = {fault.rule for fault in draws(envelopes(NOTIFICATION), 200)}
    assert not rules & {Rule.ID_NULL, Rule.ID_TYPE, Rule.ID_FRACTION}


def test_texts_are_refused_by_a_strict_parser_and_stay_on_one_line() -> None:
    made: list[Fault] = draws(texts(REQUEST), 200)

    def constant(name: str) -> None:
        raise ValueError(name)

    for fault in made:
        assert b"\n" not in fault.text
        if fault.rule is Rule.SURROGATE_PAIRED:
            assert json.loads(fault.text) == {**REQUEST, "x": "\ud800"}
            continue
        if fault.rule is Rule.KEYS_UNIQUE:
            assert json.loads(fault.text) == REQUEST
            continue
        with pytest.raises((ValueError, RecursionError)):
            json.loads(fault.text.decode("utf-8"), parse_constant=constant)
    assert {fault.rule for fault in made} == {Rule.JSON_TEXT, Rule.TEXT_UTF8, Rule.KEYS_UNIQUE, Rule.SURROGATE_PAIRED}


def test_headers_differ_in_one() -> None:
    given = {"Mcp-Method": "tools/call", "Mcp-Name": "echo"}
    for fault in draws(headers(given), 60):
        before, after = set(given.items()), set(fault.headers)
        assert {name for name, _ in before ^ after} == {fault.pointer}
        assert (fault.rule is Rule.HEADER_PRESENT) == (len(fault.headers) == 1)
