"""Lists that change, subscriptions that end, errors that call themselves internal: what conversations made by hand show, and what not."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

import pytest

from wireproof.engine.run import load_suite
from wireproof.judge.pack import Check, Lens
from wireproof.model.catalogue import Revision
from wireproof.model.exchange import Exchange, Expect, Pattern
from wireproof.model.wire import Kind, Record, Transcript, Way
from wireproof.protocols.mcp.checks import changes, internal, subscriptions
from wireproof.protocols.mcp.checks.dialects import older
from wireproof.protocols.mcp.conversation import Talk

LEGACY, MODERN = "2025-11-25", "2026-07-28"
KEY = "io.modelcontextprotocol/subscriptionId"
NOTICE = "notifications/tools/list_changed"
TAGS = ["tools", "tools.listChanged", "resources", "resources.listChanged"]
WAITS = Exchange(
    id="wait",
    title="waits",
    protocol="mcp",
    topic="t",
    steps=(Expect(any_of=(Pattern(outcome="timeout"),), message=NOTICE),),
    where="here:1",
)


@cache
def _revision(name: str) -> Revision:
    return next(one for one in load_suite().catalogue.revisions if one.id == name)


def _us(identity: Any, method: str, **params: Any) -> dict[str, Any]:
    return {"from": "us", "message": {"jsonrpc": "2.0", "id": identity, "method": method, "params": params}}


def _it(identity: Any, **result: Any) -> dict[str, Any]:
    return {"message": {"jsonrpc": "2.0", "id": identity, "result": result}}


def _tells(method: str, **params: Any) -> dict[str, Any]:
    return {"message": {"jsonrpc": "2.0", "method": method, "params": params}}


def _list(identity: Any, *names: str, method: str = "tools/list", **more: Any) -> list[dict[str, Any]]:
    member, key = ("tools", "name") if method == "tools/list" else ("resourceTemplates", "uriTemplate")
    answer = _it(identity, **{member: [{key: name} for name in names]})
    return [{**_us(identity, method), **more}, {**answer, **more}]


IN_VAIN = {"kind": Kind.AWAIT, "span": "wait", "meta": {"step": 0, "outcome": "timeout", "seq": None}}


def _judged(
    checks: Iterable[Check], *steps: dict[str, Any], revision: str = LEGACY, transport: str = "stdio"
) -> dict[str, set[bool]]:
    """Row to what the checks say of it."""
    records = []
    for seq, step in enumerate(steps):
        kind = step.get("kind", Kind.MESSAGE)
        way = Way.OUT if step.get("from") == "us" else Way.IN if kind in (Kind.MESSAGE, Kind.HEAD) else Way.NOTE
        parts = {key: step[key] for key in ("message", "channel", "span", "meta") if key in step}
        records.append(Record(seq=seq, at_ns=seq, way=way, kind=kind, **parts))
    facts = {"tags": TAGS, "tools": []}
    lens = Lens(revision=_revision(revision), transport=transport, schemas=None, facts=facts)  # type: ignore[arg-type]
    transcript = Transcript(id="t", protocol="mcp", revision=revision, transport=transport, records=tuple(records))
    found: dict[str, set[bool]] = {}
    for check in checks:
        for note in check.body(Talk(transcript, lens, {"wait": WAITS})):
            found.setdefault(note.requirement or check.rows[0], set()).add(note.ok)
    return found


def test_a_change_that_is_told_late_is_told() -> None:
    steps = [*_list(1, "a"), *_list(2, "a", "b"), _tells(NOTICE)]
    assert _judged(changes.CHECKS, *steps) == {"mcp.tools.list-changed": {True}}


def test_without_a_wait_silence_shows_nothing() -> None:
    assert _judged(changes.CHECKS, *_list(1, "a"), *_list(2, "a", "b")) == {}
    assert _judged(changes.CHECKS, *_list(1, "a"), IN_VAIN, *_list(2, "a", "b")) == {}
    assert _judged(changes.CHECKS, *_list(1, "a"), *_list(2, "a", "b"), IN_VAIN) == {"mcp.tools.list-changed": {False}}


def test_another_order_is_no_change() -> None:
    assert _judged(changes.CHECKS, *_list(1, "a", "b"), *_list(2, "b", "a"), IN_VAIN) == {}


def test_templates_are_another_list() -> None:
    method = "resources/templates/list"
    steps = [*_list(1, "a:{b}", method=method), *_list(2, "c:{d}", method=method), IN_VAIN]
    assert _judged(changes.CHECKS, *steps) == {}


@pytest.mark.parametrize(
    ("get", "found"),
    [
        ([], {}),
        ([("head", 405)], {}),
        ([("head", 200)], {"mcp.tools.list-changed": {False}}),
        ([("head", 200), ("end", 0)], {}),
    ],
)
def test_over_http_there_must_be_a_stream_to_tell_it_on(
    get: list[tuple[str, int]], found: dict[str, set[bool]]
) -> None:
    stream: list[dict[str, Any]] = [
        {"from": "us", "kind": Kind.REQUEST, "channel": "g", "meta": {"method": "GET"}},
        *(
            {"kind": Kind.HEAD, "channel": "g", "meta": {"status": status, "headers": []}}
            if kind == "head"
            else {"kind": Kind.END, "channel": "g", "meta": {"complete": True}}
            for kind, status in get
        ),
    ]
    steps = [*stream, *_list(1, "a", channel="1"), *_list(2, "b", channel="2"), IN_VAIN]
    assert _judged(changes.CHECKS, *steps, transport="http") == found


def _subscription(**honoured: Any) -> list[dict[str, Any]]:
    told = _tells(subscriptions.ACKNOWLEDGED, _meta={KEY: 7}, notifications=honoured)
    return [_us(7, "subscriptions/listen", notifications={"toolsListChanged": True}), told]


def test_only_a_subscriber_is_told() -> None:
    change = [*_list(1, "a"), *_list(2, "b"), IN_VAIN]
    broken = {"mcp.tools.list-changed": {False}}
    assert _judged(changes.CHECKS, *change, revision=MODERN) == {}
    assert _judged(changes.CHECKS, *_subscription(), *change, revision=MODERN) == {}
    assert _judged(changes.CHECKS, *_subscription(toolsListChanged=True), *change, revision=MODERN) == broken
    ended = [*_subscription(toolsListChanged=True), _it(7, _meta={KEY: 7})]
    assert _judged(changes.CHECKS, *ended, *change, revision=MODERN) == {}
    cancel = {"from": "us", **_tells("notifications/cancelled", requestId=7)}
    assert _judged(changes.CHECKS, *_subscription(toolsListChanged=True), cancel, *change, revision=MODERN) == {}


@pytest.mark.parametrize(
    ("after", "found"),
    [
        ([], None),
        ([{"kind": Kind.END, "channel": "s", "meta": {"complete": True}}], False),
        ([{"kind": Kind.END, "channel": "s", "meta": {"complete": False, "why": "cut"}}], None),
        ([{"kind": Kind.CLOSED}, {"kind": Kind.END, "channel": "s", "meta": {"complete": True}}], None),
        (
            [
                {**_it(7, _meta={KEY: 7}), "channel": "s"},
                {"kind": Kind.END, "channel": "s", "meta": {"complete": True}},
            ],
            True,
        ),
    ],
)
def test_how_a_stream_ends(after: list[dict[str, Any]], found: bool | None) -> None:
    steps = [{**one, "channel": "s"} for one in _subscription(toolsListChanged=True)]
    row = "mcp.subscriptions.graceful-result"
    judged = _judged(subscriptions.CHECKS, *steps, *after, revision=MODERN, transport="http")
    assert judged.get(row) == (None if found is None else {found})


def test_what_was_cancelled_over_http_may_just_end() -> None:
    cancel = {"from": "us", "channel": "c", **_tells("notifications/cancelled", requestId=7)}
    end = {"kind": Kind.END, "channel": "s", "meta": {"complete": True}}
    steps = [{**one, "channel": "s"} for one in _subscription(toolsListChanged=True)]
    assert "mcp.subscriptions.graceful-result" not in _judged(
        subscriptions.CHECKS, *steps, cancel, end, revision=MODERN, transport="http"
    )


def test_progress_of_the_subscription_itself() -> None:
    listen, told = ({**one, "channel": "s"} for one in _subscription(toolsListChanged=True))
    progress = {**_tells("notifications/progress", progressToken="p", progress=1), "channel": "s"}
    row = "mcp.subscriptions.request-scoped-elsewhere"
    judged = _judged(subscriptions.CHECKS, listen, told, progress, revision=MODERN, transport="http")
    assert judged[row] == {False}
    listen["message"]["params"]["_meta"] = {"progressToken": "p"}
    judged = _judged(subscriptions.CHECKS, listen, told, progress, revision=MODERN, transport="http")
    assert row not in judged


@pytest.mark.parametrize(
    ("message", "code", "found"),
    [
        ("Internal error", -32603, (True, True)),
        ("An internal server error occurred", -32000, (True, False)),
        ("internal error: no database", 500, (False, False)),
        ("Unknown prompt, see the internal error log", -32602, (None, None)),
        ("Internally inconsistent arguments", -32602, (None, None)),
        ("Prompt failed", -32603, (None, None)),
    ],
)
def test_what_calls_itself_internal(message: str, code: int, found: tuple[bool | None, bool | None]) -> None:
    error = {"message": {"jsonrpc": "2.0", "id": 1, "error": {"code": code, "message": message}}}
    judged = _judged(internal.CHECKS, _us(1, "prompts/get", name="a"), error)
    rows = ("jsonrpc.error.internal-error", "mcp.prompts.internal-32603")
    assert tuple(judged.get(row) for row in rows) == tuple(None if one is None else {one} for one in found)


def test_what_an_older_reader_passes_over() -> None:
    schema = {
        "type": "object",
        "properties": {
            "if": {"type": "integer", "exclusiveMinimum": 0},
            "pair": {"prefixItems": [{"type": "string"}], "items": False},
            "word": {"enum": [{"const": 1}], "const": 1},
        },
        "if": {"required": ["if"]},
        "then": {"required": ["pair"]},
        "allOf": [{"propertyNames": {"maxLength": 4}, "minProperties": 1}],
    }
    assert older(schema) == {
        "type": "object",
        "properties": {"if": {"type": "integer"}, "pair": {}, "word": {"enum": [{"const": 1}]}},
        "allOf": [{"minProperties": 1}],
    }
