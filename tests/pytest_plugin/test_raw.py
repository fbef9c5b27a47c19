"""Raw connections for tests of one's own: the fixtures as their users use them."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

from wireproof import Options, Selection
from wireproof.library.shelf import load_fixtures
from wireproof.model.errors import TargetUnreachable, UsageError
from wireproof.model.target import Target
from wireproof.model.wire import Kind

ROOT = Path(__file__).resolve().parents[2]
PEER = (sys.executable, str(ROOT / "fixtures"), "mcp", "stdio")


def test_anything_can_be_said_and_everything_is_seen(wireproof_mcp: Any) -> None:
    with wireproof_mcp(PEER, revision="2025-11-25") as server:
        assert (server.revision, server.transport) == ("2025-11-25", "stdio")
        assert server.request("tools/list")["result"]["tools"]
        assert server.ask({"jsonrpc": "2.0", "id": "mine", "method": "no/such"})["error"]["code"] == -32601
        sent = server.send(b"not json")
        assert server.message()["error"]["code"] == -32700
        assert server.records[sent.seq].raw == b"not json"
        server.notify("notifications/cancelled", {"requestId": "never"})
        assert server.quiet(0.1)
        assert server.alive
        assert server.findings() == []
    assert any(one.kind is Kind.EXIT for one in server.records)


def test_what_every_conversation_must_keep_is_judged(wireproof_mcp: Any) -> None:
    with wireproof_mcp([*PEER, "--sin", "error-without-message"], revision="2025-06-18") as server:
        assert "message" not in server.ask({"jsonrpc": "2.0", "id": 1, "method": "no/such"})["error"]
        assert "mcp.base.error.shape" in [one.requirement for one in server.findings()]


def test_nothing_is_said_before_one_does(wireproof_mcp: Any) -> None:
    with wireproof_mcp(Target(command=PEER), revision="2025-06-18", opening=False) as server:
        assert server.messages == ()
        assert "error" in server.ask({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})


def test_the_newest_revision_that_is_offered_is_taken(wireproof_mcp: Any) -> None:
    with wireproof_mcp([*PEER, "--revisions", "2025-03-26,2025-06-18"]) as server:
        assert server.revision == "2025-06-18"


def test_what_cannot_be_had_is_told(wireproof_mcp: Any) -> None:
    with (
        pytest.raises(TargetUnreachable, match="none of what is asked for"),
        wireproof_mcp([*PEER, "--revisions", "2025-06-18"], revision="2026-07-28"),
    ):
        pass
    with pytest.raises(UsageError, match="2020-01-01"), wireproof_mcp(PEER, revision="2020-01-01"):
        pass
    with pytest.raises(UsageError, match="over http"), wireproof_mcp(PEER, transport="http"):
        pass


@pytest.mark.anyio
async def test_in_an_event_loop(wireproof_mcp: Any) -> None:
    async with wireproof_mcp(PEER, revision="2025-06-18") as server:
        assert "result" in await server.request("ping")


async def answers(scope: Any, receive: Any, send: Any) -> None:
    """An application that answers 418 to everything."""
    await send({"type": "http.response.start", "status": 418, "headers": []})
    await send({"type": "http.response.body"})


def test_http_as_it_is(wireproof_mcp: Any) -> None:
    target = Target.asgi(answers)
    with wireproof_mcp(target, revision="2025-06-18", opening=False) as server:
        assert server.http("DELETE", headers={"X-Mine": "1"}).meta["status"] == 418
        sent = server.send({"jsonrpc": "2.0", "method": "x"})
        server.quiet(0.05)
        assert server.status(sent) == 418


def test_an_agent(wireproof_a2a: Any) -> None:
    agent = importlib.import_module(f"{load_fixtures().__name__}.a2a").serve_agent()
    try:
        with wireproof_a2a(agent.url, revision="1.0", transport="jsonrpc") as server:
            task = {"jsonrpc": "2.0", "id": 5, "method": "GetTask", "params": {"id": "no-such-task"}}
            assert server.ask(task)["error"]["code"] == -32001
    finally:
        agent.close()


@pytest.mark.anyio
async def test_a_whole_run_in_an_event_loop(wireproof_report: Any) -> None:
    chosen = Options(selection=Selection(revisions=("2025-06-18",), select=("mcp.ping",)))
    assert [one.revision for one in wireproof_report(PEER, options=chosen).lanes] == ["2025-06-18"]
