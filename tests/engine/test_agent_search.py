"""Search at an A2A agent: what it finds and makes small, and that nothing is sent to an agent that nobody declared cooperative."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import wireproof
from wireproof.engine.effort import Effort
from wireproof.engine.plan import Selection
from wireproof.engine.run import Options
from wireproof.library.exchanges import read_exchanges
from wireproof.library.shelf import load_fixtures
from wireproof.model.events import Told
from wireproof.model.exchange import Request
from wireproof.model.target import CallPolicy, Target
from wireproof.report.matrix import Report

ODD = ("request", "bad-request", "message", "envelope", "text", "conversation")


def agent_module(name: str) -> Any:
    return importlib.import_module(f"{load_fixtures().__name__}.a2a{name}")


def variant(**hooks: Any) -> Any:
    return agent_module(".variant").AgentVariant(name="tried", about="", statement="", **hooks)


@contextmanager
def serving(made: Any) -> Iterator[str]:
    agent = agent_module("").serve_agent(made)
    try:
        yield agent.url
    finally:
        agent.close()


def search(
    url: str, *families: str, transport: str = "jsonrpc", profile: str = "fixture", examples: int = 200, **effort: Any
) -> tuple[Report, list[Any]]:
    events: list[Any] = []
    options = Options(
        protocol="a2a",
        selection=Selection(revisions=("1.0",), transports=(transport,), deciding=("-",)),
        effort=Effort(examples=examples, families=families, **effort),
    )
    target = Target(name="tried", url=url, timeout=1.0, calls=CallPolicy(profile=profile))
    return wireproof.run(target, options=options, listen=events.append), events


def broken(report: Report) -> list[str]:
    return sorted(row.requirement.id for _, row in report.failures)


def generous(*wanted: str) -> Any:
    """An agent that has a task for everybody who asks right after these two."""
    trail: list[str] = []
    answer = importlib.import_module(f"{load_fixtures().__name__}.mcp.httpwire").HttpResponse

    def listen(request: Any, _server: Any) -> Any:
        if request.method != "POST":
            return None
        asked = json.loads(request.body)
        trail.append(asked["method"])
        if tuple(trail[-3:-1]) != wanted or asked["method"] != "GetTask":
            return None
        task = {"id": asked["params"]["id"], "contextId": "c", "status": {"state": "TASK_STATE_COMPLETED"}}
        body = json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": task}).encode()
        return answer(status=200, headers=[("Content-Type", "application/json")], body=body)

    return variant(http_in=listen)


def test_an_order_of_operations_that_no_script_has_is_found_and_made_small(tmp_path: Path) -> None:
    with serving(generous("CancelTask", "ListTasks")) as url:
        report, _ = search(url, "walk", profile="none", failures=tmp_path)
    assert broken(report) == ["robust.order.reordered"]
    (exchange,) = read_exchanges(next(tmp_path.iterdir()), protocol="a2a")
    asked = [one.method for one in exchange.steps if isinstance(one, Request)]
    assert asked[:3] == ["CancelTask", "ListTasks", "GetTask"]
    assert len(asked) <= 4  # and one to see that it lives


def test_a_rare_text_of_a_message_is_found_and_made_small(tmp_path: Path) -> None:
    """An agent whose tasks have a number for an id when there is a null character in what it was told."""

    def told(call: Any, made: Any) -> Any:
        parts = call.params.get("message", {}).get("parts", [])
        spoiled = any("\0" in str(one.get("text", "")) for one in parts)
        return {**made, "task": {**made["task"], "id": 7}} if spoiled and "task" in made else made

    with serving(variant(result=told)) as url:
        report, _ = search(url, "message", examples=1500, failures=tmp_path)
    assert broken(report) != []
    (exchange, *_) = read_exchanges(next(tmp_path.iterdir()), protocol="a2a")
    (sent,) = [one.params for one in exchange.steps if isinstance(one, Request) and one.method == "SendMessage"]
    assert isinstance(sent, dict)
    assert sent["message"]["parts"] == [{"text": "\0"}]


def test_the_reference_agent_is_not_blamed() -> None:
    for transport in ("jsonrpc", "rest"):
        with serving(variant()) as url:
            report, events = search(url, *ODD, transport=transport, examples=8)
        assert broken(report) == []
        assert any(isinstance(one, Told) and "nothing broken" in one.text for one in events)


def test_an_agent_that_nobody_declared_cooperative_is_sent_no_message() -> None:
    asked: list[str] = []

    def listen(request: Any, _server: Any) -> None:
        asked.append(request.body.decode("utf-8", "replace"))

    with serving(variant(http_in=listen)) as url:
        report, events = search(url, profile="none", examples=6)
    assert len(asked) > 30
    assert not any("SendMessage" in one or "SendStreamingMessage" in one for one in asked)
    assert not any("calls of" in one.text for one in events if isinstance(one, Told))
    assert report.finished is not None


def test_messages_are_counted_beforehand() -> None:
    with serving(variant()) as url:
        _, events = search(url, "message", examples=10)
    (said,) = [one.text for one in events if isinstance(one, Told) and "at most 10 of 1 families" in one.text]
    assert "calls of SendMessage" in said
