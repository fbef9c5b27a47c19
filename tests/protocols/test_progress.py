"""Progress, cancellation and streams: what conversations made by hand show, and what not."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

import pytest

from wireproof.engine.run import load_suite
from wireproof.judge.pack import Check, Lens
from wireproof.model.catalogue import Revision
from wireproof.model.wire import Kind, Record, Transcript, Way
from wireproof.protocols.jsonrpc import Tracker
from wireproof.protocols.mcp.checks import cancellation, progress, streams
from wireproof.protocols.mcp.conversation import Talk

LEGACY, MODERN = "2025-11-25", "2026-07-28"
INCREASES, ACTIVE, STOP, TEXT = (f"mcp.progress.{name}" for name in ("increases", "active-token", "stop", "message"))
NO_RESPONSE, STOPS, CEASES = (
    f"mcp.cancel.{name}" for name in ("receiver-no-response", "receiver-stops", "processing-ceases")
)
SSE = {"status": 200, "headers": [("Content-Type", "text/event-stream")]}


@cache
def _revision(name: str) -> Revision:
    return next(one for one in load_suite().catalogue.revisions if one.id == name)


def _call(identity: Any, token: Any = None, tool: str = "slow", channel: str = "main") -> dict[str, Any]:
    params: dict[str, Any] = {"name": tool}
    if token is not None:
        params["_meta"] = {"progressToken": token}
    message = {"jsonrpc": "2.0", "id": identity, "method": "tools/call", "params": params}
    meta = {"method": "POST", "headers": []} if channel != "main" else {}
    return {"from": "us", "message": message, "channel": channel, "meta": meta}


def _cancel(identity: Any) -> dict[str, Any]:
    params = {"requestId": identity}
    return {"from": "us", "message": {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params}}


def _done(identity: Any, channel: str = "main", **result: Any) -> dict[str, Any]:
    return {"message": {"jsonrpc": "2.0", "id": identity, "result": result or {"content": []}}, "channel": channel}


def _error(identity: Any, words: str) -> dict[str, Any]:
    return {"message": {"jsonrpc": "2.0", "id": identity, "error": {"code": 0, "message": words}}}


def _told(token: Any, value: Any, channel: str = "main", **more: Any) -> dict[str, Any]:
    params = {"progressToken": token, "progress": value, **more}
    message = {"jsonrpc": "2.0", "method": "notifications/progress", "params": params}
    return {"message": message, "channel": channel, "meta": {"sse": channel != "main"}}


def _ping(identity: Any) -> list[dict[str, Any]]:
    return [{"from": "us", "message": {"jsonrpc": "2.0", "id": identity, "method": "ping"}}, _done(identity, ok=True)]


def _get(channel: str, last: str | None = None) -> list[dict[str, Any]]:
    headers = [("Last-Event-ID", last)] if last else []
    sent = {"from": "us", "kind": Kind.REQUEST, "channel": channel, "meta": {"method": "GET", "headers": headers}}
    return [sent, _head(channel)]


def _head(channel: str) -> dict[str, Any]:
    return {"kind": Kind.HEAD, "channel": channel, "meta": SSE}


def _end(channel: str, *, ours: bool = False) -> dict[str, Any]:
    meta = {"complete": False, "why": "closed by us"} if ours else {"complete": True}
    return {"kind": Kind.END, "channel": channel, "meta": meta}


def _event(channel: str, identity: str, **meta: Any) -> dict[str, Any]:
    return {"kind": Kind.EVENT, "channel": channel, "meta": {"sse": True, "id": identity, "data": "", **meta}}


def _judged(
    checks: Iterable[Check], *steps: dict[str, Any], revision: str = LEGACY, transport: str = "stdio"
) -> dict[str, set[bool]]:
    """Row to what the checks say of it."""
    records = []
    for seq, step in enumerate(steps):
        kind = step.get("kind", Kind.MESSAGE)
        heard = kind in (Kind.MESSAGE, Kind.HEAD, Kind.EVENT)
        way = Way.OUT if step.get("from") == "us" else Way.IN if heard else Way.NOTE
        parts = {key: step[key] for key in ("message", "channel", "meta") if key in step}
        records.append(Record(seq=seq, at_ns=seq, way=way, kind=kind, **parts))
    lens = Lens(revision=_revision(revision), transport=transport, schemas=None, facts={"tags": []})  # type: ignore[arg-type]
    transcript = Transcript(id="t", protocol="mcp", revision=revision, transport=transport, records=tuple(records))
    found: dict[str, set[bool]] = {}
    for check in checks:
        for note in check.body(Talk(transcript, lens, {})):
            found.setdefault(note.requirement or check.rows[0], set()).add(note.ok)
    return found


def _progress(*steps: dict[str, Any], **more: Any) -> dict[str, set[bool]]:
    return _judged(progress.CHECKS, *steps, **more)


def _cancelled(*steps: dict[str, Any], **more: Any) -> dict[str, set[bool]]:
    return _judged(cancellation.CHECKS, *steps, **more)


def _streams(*steps: dict[str, Any], revision: str = LEGACY) -> dict[str, set[bool]]:
    return _judged(streams.CHECKS, *steps, revision=revision, transport="http")


def test_progress_grows_and_ends_with_the_answer() -> None:
    steps = [_call(1, "a"), _told("a", -0.5), _told("a", 0), _told("a", 2.5, message="half"), _done(1), *_ping(2)]
    assert _progress(*steps) == {INCREASES: {True}, ACTIVE: {True}, STOP: {True}, TEXT: {True}}


def test_without_progress_nothing_is_shown() -> None:
    assert _progress(_call(1, "a"), _done(1), *_ping(2)) == {}


@pytest.mark.parametrize("value", [5, 4.9])
def test_progress_that_does_not_grow(value: float) -> None:
    assert _progress(_call(1, "a"), _told("a", 5), _told("a", value), _done(1))[INCREASES] == {False}


def test_two_that_share_a_token_are_not_mixed_up() -> None:
    steps = [_call(1, "a"), _call(2, "a"), _told("a", 5), _told("a", 1), _done(1), _done(2)]
    assert INCREASES not in _progress(*steps)


def test_a_token_may_be_used_again() -> None:
    steps = [_call(1, "a"), _told("a", 5), _done(1), _call(2, "a"), _told("a", 1), _told("a", 2), _done(2), *_ping(3)]
    assert _progress(*steps) == {INCREASES: {True}, ACTIVE: {True}, STOP: {True}}


@pytest.mark.parametrize(("given", "told"), [("a", "b"), (5, "5")])
def test_a_token_that_nobody_gave(given: Any, told: Any) -> None:
    assert _progress(_call(1, given), _told(told, 1), _done(1)) == {ACTIVE: {False}}


def test_progress_after_the_answer() -> None:
    assert _progress(_call(1, "a"), _told("a", 1), _done(1), _told("a", 2))[STOP] == {False}


@pytest.mark.parametrize(
    "result", [{"task": {"taskId": "x"}}, {"resultType": "input_required"}, {"resultType": "task"}]
)
def test_progress_may_go_on_where_the_answer_is_not_the_end(result: dict[str, Any]) -> None:
    assert STOP not in _progress(_call(1, "a"), _told("a", 1), _done(1, **result), _told("a", 2))


def test_streams_have_no_common_order() -> None:
    steps = [*_get("g"), _call(1, "a", channel="p"), _head("p"), _done(1, "p"), _told("a", 1, "g"), _end("p")]
    assert STOP not in _progress(*steps, transport="http")


def test_what_is_redelivered_was_told_before() -> None:
    steps = [_call(1, "a", channel="p"), _head("p"), _told("a", 1, "p"), _told("a", 2, "p"), _done(1, "p"), _end("p")]
    again = [*_get("g", "1"), _told("a", 1, "g"), _told("a", 2, "g")]
    assert _progress(*steps, *again, transport="http") == {INCREASES: {True}, ACTIVE: {True}, STOP: {True}}


@pytest.mark.parametrize(
    ("words", "found"),
    [("", None), ("  ", None), ("\u9032\u6357", True), ("\u2713", True), ("\x00\x07", False), ("undefined", False)],
)
def test_messages(words: str, found: bool | None) -> None:
    judged = _progress(_call(1, "a"), _told("a", 1, message=words))
    assert judged.get(TEXT) == (None if found is None else {found})


CLOCK = [_call(9, "clock"), _told("clock", 1), _told("clock", 2), _told("clock", 3), _done(9), *_ping(10)]


def test_cancelled_and_silent() -> None:
    steps = [_call(1, "a"), _told("a", 1), _cancel(1), *_ping(2), *CLOCK]
    assert _cancelled(*steps) == {NO_RESPONSE: {True}, STOPS: {True}, CEASES: {True}}


def test_cancelled_and_answered_with_an_error() -> None:
    steps = [_call(1, "a"), _cancel(1), _error(1, "cancelled"), *_ping(2), *CLOCK]
    assert _cancelled(*steps) == {NO_RESPONSE: {False}}
    without_control = [_call(1, "a"), _cancel(1), _error(1, "cancelled"), *_ping(2)]
    assert _cancelled(*without_control) == {}


@pytest.mark.parametrize(
    ("words", "found"), [("Request CANCELLED", {False}), ("aborted", {False}), ("done before", None)]
)
def test_what_worked_once_may_fail_when_called_again(words: str, found: set[bool] | None) -> None:
    assert _cancelled(*CLOCK, _call(1), _cancel(1), _error(1, words), *_ping(2)).get(NO_RESPONSE) == found
    assert _cancelled(_call(1), _cancel(1), _error(1, words), *_ping(2), *CLOCK) == {NO_RESPONSE: {False}}


def test_what_cannot_be_cancelled_is_answered() -> None:
    steps = [_call(1, "a"), _cancel(1), *_ping(2), _told("a", 1), _told("a", 2), _told("a", 3), _done(1), *CLOCK]
    assert _cancelled(*steps) == {}


def test_the_answer_may_win() -> None:
    assert _cancelled(_call(1, "a"), _done(1), _cancel(1), *_ping(2), *CLOCK) == {}


def test_work_that_goes_on_without_an_answer() -> None:
    steps = [_call(1, "a"), _cancel(1), *_ping(2), _told("a", 1), _told("a", 2), _told("a", 3), *CLOCK]
    assert _cancelled(*steps) == {NO_RESPONSE: {True}, STOPS: {False}, CEASES: {False}}
    assert _cancelled(*steps, revision=MODERN)["mcp.stdio.cancel-silent"] == {True, False}


def test_it_may_take_a_while_until_a_cancellation_is_noticed() -> None:
    steps = [_call(1, "a"), _cancel(1), *_ping(2), _told("a", 1), _told("a", 2), *CLOCK]
    assert _cancelled(*steps) == {NO_RESPONSE: {True}}


def test_one_progress_may_have_been_on_its_way() -> None:
    steps = [_call(1, "a"), _cancel(1), *_ping(2), _told("a", 1), *CLOCK]
    assert _cancelled(*steps) == {NO_RESPONSE: {True}, STOPS: {True}, CEASES: {True}}


def test_without_a_clock_silence_shows_nothing() -> None:
    assert _cancelled(_call(1, "a"), _cancel(1), *_ping(2)) == {}


def test_progress_stays_with_its_request() -> None:
    both = [_call(1, "a", channel="p"), _head("p"), _call(2, "b", channel="q"), _head("q")]
    row = "mcp.http.sse.messages-related"
    assert _streams(*both, _told("a", 1, "p"), _told("b", 1, "q"))[row] == {True}
    assert _streams(*both, _told("a", 1, "p"), _told("b", 1, "p"))[row] == {True, False}


def test_the_get_stream_is_for_the_rest() -> None:
    row, once = "mcp.http.get.unrelated", "mcp.http.multi.one-stream"
    steps = [*_get("g"), _call(1, "a", channel="p"), _head("p")]
    assert _streams(*steps, _told("a", 1, "p"))[row] == {True}
    assert _streams(*steps, _told("a", 1, "g"))[row] == {False}
    assert _streams(*steps, _told("a", 1, "p"), _told("a", 1, "g"))[once] == {True, False}
    assert row not in _streams(_call(1, "a", channel="p"), _head("p"), _told("a", 1, "p"))


BROKEN = [_call(1, "a", channel="p"), _head("p"), _event("p", "1-1"), _end("p", ours=True)]


def test_a_broken_connection_cancels_nothing() -> None:
    row = "mcp.http.sse.disconnect-not-cancel"
    clock = [_call(2, "b", channel="q"), _head("q"), _done(2, "q"), _end("q")]
    assert _streams(*BROKEN, *clock, *_get("g", "1-1"), _done(1, "g"))[row] == {True}
    assert _streams(*BROKEN, *clock, *_get("g", "1-1"), _end("g"))[row] == {False}
    assert row not in _streams(*BROKEN, *_get("g", "1-1"), _end("g"))
    assert row not in _streams(*BROKEN, *clock, *_get("g", "1-1"))


def test_the_time_to_come_again() -> None:
    row = "mcp.http.sse.retry-before-close"
    begun = [_call(1, "a", channel="p"), _head("p"), _event("p", "1-1")]
    again = [*_get("g", "1-1"), _done(1, "g"), _end("g")]
    assert _streams(*begun, _event("p", "1-2", retry=100), _end("p"), *again)[row] == {True}
    assert _streams(*begun, _end("p"), *again)[row] == {False}
    assert row not in _streams(*begun, _end("p"))


def test_a_batch_of_the_server_is_no_answer() -> None:
    tracker = Tracker()
    sent = Record(seq=0, at_ns=0, way=Way.OUT, kind=Kind.MESSAGE, message=_call(1)["message"])
    batch = Record(seq=1, at_ns=1, way=Way.IN, kind=Kind.MESSAGE, message=[_told("a", 1)["message"]])
    for one in (sent, batch):
        tracker.feed(one)
    assert tracker.answer_to(0) is None
    assert [one.message["method"] for one in tracker.inbound] == ["notifications/progress"]
