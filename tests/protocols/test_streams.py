"""One message on one stream, and streams that end: conversations made by hand in which a server broadcasts, or breaks off, and others in which
it only seems to. Ids of sessions."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from typing import Any

import pytest

from wireproof.engine.run import load_suite
from wireproof.judge.pack import Check, Lens
from wireproof.model.catalogue import Revision
from wireproof.model.wire import Kind, Record, Transcript, Way
from wireproof.protocols.mcp.checks import cancellation, http, sse, subscriptions
from wireproof.protocols.mcp.checks.streams import each_once
from wireproof.protocols.mcp.conversation import Talk

LEGACY, MODERN = "2025-11-25", "2026-07-28"
ONCE = ("mcp.http.multi.one-stream", "mcp.http.multi.no-broadcast")
STREAM = [("Content-Type", "text/event-stream")]


@cache
def _revision(name: str) -> Revision:
    return next(one for one in load_suite().catalogue.revisions if one.id == name)


def _sent(channel: str, message: dict[str, Any] | None = None, **headers: str) -> dict[str, Any]:
    fields = [(name.replace("_", "-"), value) for name, value in headers.items()]
    meta = {"method": "POST" if message else "GET", "headers": fields}
    kind = Kind.MESSAGE if message else Kind.REQUEST
    return {"way": Way.OUT, "kind": kind, "channel": channel, "meta": meta, **({"message": message} if message else {})}


def _head(channel: str, *more: tuple[str, str]) -> dict[str, Any]:
    return {"way": Way.IN, "kind": Kind.HEAD, "channel": channel, "meta": {"status": 200, "headers": [*STREAM, *more]}}


def _came(channel: str, message: dict[str, Any]) -> dict[str, Any]:
    return {"way": Way.IN, "kind": Kind.MESSAGE, "channel": channel, "message": message, "meta": {"sse": True}}


def _end(channel: str) -> dict[str, Any]:
    return {"way": Way.NOTE, "kind": Kind.END, "channel": channel, "meta": {"complete": True}}


def _opening(session: str | None) -> list[dict[str, Any]]:
    asked = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {}}
    given = [("Mcp-Session-Id", session)] if session else []
    return [_sent("o", asked), _head("o", *given), _came("o", {"jsonrpc": "2.0", "id": 0, "result": {}}), _end("o")]


def _call(channel: str, identity: int, token: str | None = None) -> list[dict[str, Any]]:
    params: dict[str, Any] = {"name": "ask"}
    if token is not None:
        params["_meta"] = {"progressToken": token}
    message = {"jsonrpc": "2.0", "id": identity, "method": "tools/call", "params": params}
    return [_sent(channel, message), _head(channel)]


def _done(channel: str, identity: int) -> list[dict[str, Any]]:
    return [_came(channel, {"jsonrpc": "2.0", "id": identity, "result": {"content": []}}), _end(channel)]


def _listen(channel: str, **headers: str) -> list[dict[str, Any]]:
    return [_sent(channel, None, **headers), _head(channel)]


def _asks(channel: str, identity: Any = 1, words: str = "roots/list") -> dict[str, Any]:
    return _came(channel, {"jsonrpc": "2.0", "id": identity, "method": words})


def _told(channel: str, token: str, value: int) -> dict[str, Any]:
    params = {"progressToken": token, "progress": value}
    return _came(channel, {"jsonrpc": "2.0", "method": "notifications/progress", "params": params})


def _judged(
    *steps: dict[str, Any], revision: str = LEGACY, transport: str = "http", checks: Iterable[Check] = (each_once,)
) -> dict[str, set[bool]]:
    records = tuple(Record(seq=seq, **{"at_ns": seq, **step}) for seq, step in enumerate(steps))
    lens = Lens(revision=_revision(revision), transport=transport, schemas=None, facts={"tags": []})  # type: ignore[arg-type]
    transcript = Transcript(id="t", protocol="mcp", revision=revision, transport=transport, records=records)
    found: dict[str, set[bool]] = {}
    for check in checks:
        for note in check.body(Talk(transcript, lens, {})):
            found.setdefault(note.requirement or check.rows[0], set()).add(note.ok)
    return found


SESSION = _opening("session-1")
BROADCAST = {row: {False} for row in ONCE}


def test_a_request_that_is_broadcast() -> None:
    steps = [*_listen("g"), *_call("p", 1), _asks("p"), _asks("g"), *_done("p", 1)]
    assert {row: False in seen for row, seen in _judged(*SESSION, *steps).items()} == dict.fromkeys(ONCE, True)


def test_a_request_on_two_streams_of_calls() -> None:
    steps = [*_call("p", 1), *_call("q", 2), _asks("p"), _asks("q"), *_done("p", 1), *_done("q", 2)]
    assert _judged(*SESSION, *steps) == BROADCAST


def test_the_order_of_the_streams_is_no_matter() -> None:
    steps = [*_call("p", 1), *_listen("g"), _asks("g"), _asks("p"), *_done("p", 1)]
    assert False in _judged(*SESSION, *steps)[ONCE[0]]


def test_a_request_on_one_of_two_streams() -> None:
    steps = [*_listen("g"), *_call("p", 1), _asks("p"), *_done("p", 1)]
    assert _judged(*SESSION, *steps) == {row: {True} for row in ONCE}


def test_a_single_stream_shows_nothing() -> None:
    assert _judged(*SESSION, *_call("p", 1), _asks("p"), *_done("p", 1)) == {}


def test_without_sessions_requests_are_numbered_anew_for_each_post() -> None:
    steps = [*_call("p", 1), *_call("q", 2), _asks("p"), _asks("q"), *_done("p", 1), *_done("q", 2)]
    assert _judged(*_opening(None), *steps) == {}


def test_an_id_may_be_used_again_on_a_later_stream() -> None:
    steps = [*_call("p", 1), _asks("p"), *_done("p", 1), *_call("q", 2), _asks("q"), *_done("q", 2)]
    assert _judged(*SESSION, *steps) == {}


@pytest.mark.parametrize("other", [_asks("q", 2), _asks("q", "1"), _asks("q", 1, "ping")])
def test_requests_that_differ_are_two(other: dict[str, Any]) -> None:
    steps = [*_call("p", 1), *_call("q", 2), _asks("p"), other, *_done("p", 1), *_done("q", 2)]
    assert _judged(*SESSION, *steps) == {}


def test_what_is_redelivered_is_no_second_message() -> None:
    steps = [*_call("p", 1), _asks("p"), *_listen("g", Last_Event_ID="1-1"), _asks("g"), *_done("g", 1)]
    assert _judged(*SESSION, *steps) == {}


@pytest.mark.parametrize("session", ["session-1", None])
def test_progress_that_is_broadcast(session: str | None) -> None:
    steps = [*_listen("g"), *_call("p", 1, "a"), _told("p", "a", 1), _told("g", "a", 1), *_done("p", 1)]
    assert {row: False in seen for row, seen in _judged(*_opening(session), *steps).items()} == dict.fromkeys(
        ONCE, True
    )


def test_steps_of_progress_are_each_a_message() -> None:
    steps = [*_listen("g"), *_call("p", 1, "a"), _told("p", "a", 1), _told("g", "a", 2), *_done("p", 1)]
    assert False not in _judged(*SESSION, *steps)[ONCE[0]]


def test_the_token_of_a_call_that_is_over_may_be_used_again() -> None:
    one = [*_call("p", 1, "a"), _told("p", "a", 1), *_done("p", 1)]
    two = [*_call("q", 2, "a"), _told("q", "a", 1), *_done("q", 2)]
    assert _judged(*SESSION, *one, *two) == {}


@pytest.mark.parametrize(("revision", "transport"), [(MODERN, "http"), ("2024-11-05", "sse")])
def test_other_transports_have_no_such_rule(revision: str, transport: str) -> None:
    steps = [*_listen("g"), *_call("p", 1), _asks("p"), _asks("g"), *_done("p", 1)]
    assert _judged(*SESSION, *steps, revision=revision, transport=transport) == {}


@pytest.mark.parametrize(("seconds", "broken"), [(0.1, True), (30, False)])
def test_a_subscription_that_breaks_off_soon_was_torn_down(seconds: float, broken: bool) -> None:
    """What ends much later may be a timeout, which the page lists beside what the server decides."""
    asked = {"jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen", "params": {"notifications": {}}}
    about = {"_meta": {"io.modelcontextprotocol/subscriptionId": 1}, "notifications": {}}
    told = _came("p", {"jsonrpc": "2.0", "method": "notifications/subscriptions/acknowledged", "params": about})
    end = {**_end("p"), "at_ns": int(seconds * 1e9)}
    checks = (cancellation.teardown, subscriptions.ended_gracefully)
    found = _judged(_sent("p", asked), _head("p"), told, end, revision=MODERN, checks=checks)
    rows = ("mcp.cancel.server-teardown", "mcp.subscriptions.graceful-result")
    assert found == ({row: {False} for row in rows} if broken else {})


def _event(channel: str, identity: str, message: dict[str, Any] | None = None) -> dict[str, Any]:
    body = json.dumps(message).encode() if message else b""
    made = {
        "way": Way.IN,
        "channel": channel,
        "raw": body,
        "meta": {"sse": True, "id": identity, "data": body.decode()},
    }
    return {**made, "kind": Kind.MESSAGE, "message": message} if message else {**made, "kind": Kind.EVENT}


RESULT = {"jsonrpc": "2.0", "id": 1, "result": {"content": []}}
NOTICE = {"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": "x"}}


def _replayed(*steps: dict[str, Any]) -> set[bool]:
    return _judged(*steps, checks=(sse.no_cross_stream,)).get("mcp.http.resume.no-cross-stream", set())


def test_a_stream_may_be_taken_up_again_and_again() -> None:
    begun = [*_call("p", 1), _event("p", "1-1"), _end("p")]
    once = [*_listen("g", Last_Event_ID="1-1"), _event("g", "1-2", NOTICE), _end("g")]
    twice = [*_listen("h", Last_Event_ID="1-2"), _event("h", "1-3", RESULT), _end("h")]
    anew = [*_listen("i", Last_Event_ID="1-1"), _event("i", "1-2", NOTICE), _event("i", "1-3", RESULT), _end("i")]
    assert _replayed(*begun, *once, *twice, *anew) == {True}


def test_event_ids_may_come_again_in_another_session() -> None:
    ours = {"Mcp_Session_Id": "one"}
    theirs = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "ask"}}
    before = [_sent("o", theirs, Mcp_Session_Id="two"), _head("o"), _event("o", "1-1"), _end("o")]
    begun = [_sent("p", {**theirs, "id": 1}, **ours), _head("p"), _event("p", "1-1"), _end("p")]
    again = [*_listen("g", Last_Event_ID="1-1", **ours), _event("g", "1-2", RESULT), _end("g")]
    assert _replayed(*before, *begun, *again) == {True}


@pytest.mark.parametrize("message", [NOTICE, RESULT])
def test_what_another_stream_delivered_is_not_replayed(message: dict[str, Any]) -> None:
    other = [*_call("p", 1), _event("p", "1-1", message), _end("p")]
    begun = [*_call("q", 2), _event("q", "2-1"), _end("q")]
    again = [*_listen("g", Last_Event_ID="2-1"), _event("g", "1-1", message), _end("g")]
    assert _replayed(*other, *begun, *again) == {False}


@pytest.mark.parametrize(
    ("ids", "strong"),
    [
        (("3f2504e04f8911d3", "9a0c0305e82c3301", "0e4ac9f6d1b74c55", "c1d2e3f405162738"), True),
        (("a-1f0c77d2e9", "a-90b1c2d3e4", "a-77aa88bb99", "a-0011223344"), True),
        (("1000000000", "5234567890", "9876543210", "3141592653"), True),
        (("session-1", "session-2", "session-4", "session-3"), False),
        (("1795419701148", "1795419701173", "1795419701178", "1795419701183"), False),
        (("n00000007-x", "n00000008-x", "n00000009-x", "n00000010-x"), False),
        (("abc123", "9f03be", "77aa01", "c0ffee"), False),
        (("3f2504e04f8911d3", "3f2504e04f8911d3"), False),
    ],
)
def test_session_ids(ids: tuple[str, ...], strong: bool) -> None:
    steps: list[dict[str, Any]] = []
    for number, one in enumerate(ids):
        asked = {"jsonrpc": "2.0", "id": number, "method": "initialize", "params": {}}
        steps += [_sent(f"c{number}", asked), _head(f"c{number}", ("Mcp-Session-Id", one))]
    found = _judged(*steps, checks=(http.session_id_strong,))["mcp.http.session.id-strong"]
    assert (False not in found) is strong
