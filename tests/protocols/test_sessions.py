"""When an HTTP session is over (basic/transports, Session Management): because we end it, or because the server no longer knows it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from wireproof.library.catalogue import load_catalogue
from wireproof.model.exchange import Http, Request
from wireproof.model.wire import Kind, Record, Way
from wireproof.protocols.mcp.binding import McpBinding, State

BINDING = McpBinding()


def opened(revision: str = "2025-11-25", session: str | None = "s-1") -> State:
    made = BINDING.start(load_catalogue().revision(revision), "http", {"url": "http://127.0.0.1:1/mcp"})
    return replace(made, session=session)


def answered(state: State, status: int, method: str = "ping", **more: Any) -> State:
    """The state after a request and the status that it got."""
    state, frame, _ = BINDING.dress(state, Request(method=method, name="asked", **more))
    head = Record(
        seq=1, at_ns=0, way=Way.IN, kind=Kind.HEAD, channel=frame.channel, meta={"status": status, "headers": []}
    )
    return BINDING.observe(state, head)


def test_a_session_that_is_not_known_any_more_is_over() -> None:
    state = answered(opened(), 404)
    assert BINDING.ended(state)
    assert BINDING.farewell(state) is None


@pytest.mark.parametrize(
    ("status", "more"),
    [
        (200, {}),
        (400, {}),
        (404, {"method": "resources/read", "params": {"uri": "test://none"}}),
        (404, {"method": "wireproof/unknown"}),
        (404, {"headers": {"Mcp-Session-Id": "another"}}),
        (404, {"headers": {"Mcp-Session-Id": None}}),
    ],
)
def test_other_answers_end_no_session(status: int, more: dict[str, Any]) -> None:
    assert not BINDING.ended(answered(opened(), status, **more))


def test_without_a_session_there_is_none_to_end() -> None:
    assert not BINDING.ended(answered(opened(session=None), 404))
    assert not BINDING.ended(answered(opened("2026-07-28"), 404, method="tools/list"))


def test_our_own_delete_ends_it() -> None:
    state, _, _ = BINDING.dress(opened(), Http(method="DELETE", name="leave"))
    assert BINDING.ended(state)
