"""Agents that cannot be tested, or hardly: what is said of them, the exit code, and that the journal has it all."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cli.calling import Called, wireproof
from tests.engine.test_agent_search import agent_module, variant
from wireproof.library.shelf import load_fixtures


def response(status: int, body: bytes = b"", **fields: str) -> Any:
    kind = __import__(f"{load_fixtures().__name__}.mcp.httpwire", fromlist=["HttpResponse"]).HttpResponse
    return kind(status=status, headers=[(name.replace("_", "-"), value) for name, value in fields.items()], body=body)


@contextmanager
def played(tmp_path: Path, *words: str, settings: dict[str, Any] | None = None, **hooks: Any) -> Iterator[Called]:
    """The outcome of a run at such an agent, whose journal must be whole."""
    agent = agent_module("").serve_agent(variant(**hooks), **(settings or {}))
    journal = tmp_path / "journal.jsonl"
    try:
        yield wireproof("run", "--protocol", "a2a", "--journal", str(journal), *words, agent.url)
    finally:
        agent.close()
    lines = journal.read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[-1])["event"] == "run-finished"


def on_get(made: Any) -> Callable[[Any, Any], Any]:
    return lambda request, _: made if request.method == "GET" else None


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (response(404), "no Agent Card is there"),
        (response(200, b"<!doctype html><html><body>Log in", Content_Type="text/html"), "looks like a web page"),
        (response(302, Location="http://127.0.0.1:1/card.json"), "redirects to http://127.0.0.1:1/card.json"),
        (response(200, b"[]", Content_Type="application/json"), "no Agent Card was found"),
        (response(200, b'{"name": ', Content_Type="application/json"), "no Agent Card was found"),
    ],
)
def test_no_card(tmp_path: Path, made: Any, said: str) -> None:
    with played(tmp_path, http_in=on_get(made)) as called:
        assert called.code == 2
        assert said in " ".join(called.err.split())


def test_a_card_that_leads_nowhere(tmp_path: Path) -> None:
    """It is not the agent that is gone: where its card sends us nobody ever was."""

    def elsewhere(card: dict[str, Any]) -> dict[str, Any]:
        every = [{**one, "url": "http://127.0.0.1:1/rpc"} for one in card["supportedInterfaces"]]
        return {**card, "supportedInterfaces": every}

    with played(tmp_path, "--revision", "1.0", "--transport", "jsonrpc", card=elsewhere) as called:
        assert "where the target sends us, nothing listens on 127.0.0.1:1" in " ".join(called.err.split())
        assert "robust.target.survives" not in called.out
        assert "blocked" in called.out


def test_authorization_for_everything(tmp_path: Path) -> None:
    def declared(card: dict[str, Any]) -> dict[str, Any]:
        scheme = {"httpAuthSecurityScheme": {"scheme": "Bearer"}}
        return {**card, "securitySchemes": {"corp": scheme}, "securityRequirements": [{"schemes": {"corp": {}}}]}

    def refused(request: Any, _: Any) -> Any:
        return response(401, WWW_Authenticate='Bearer realm="corp"') if request.method == "POST" else None

    with played(tmp_path, "--revision", "1.0", "--transport", "jsonrpc", card=declared, http_in=refused) as called:
        said = " ".join(called.err.split())
        assert "wants authorization (its card declares corp" in said
        assert "--header-env Authorization=" in said
        assert called.code in (1, 3)  # 3: nothing that binds was graded
        assert "blocked" in called.out


def test_authorization_for_one_binding_only(tmp_path: Path) -> None:
    """The other is judged, and what is missing is said."""

    def refused(request: Any, _: Any) -> Any:
        shut = request.method == "POST" and b'"jsonrpc"' in request.body
        return response(401, WWW_Authenticate='Bearer realm="corp"') if shut else None

    words = ("--revision", "1.0", "--select", "a2a.get")
    with played(tmp_path, *words, http_in=refused) as called:
        assert called.code == 0
        assert "A2A 1.0 over rest" in called.out
        said = " ".join(called.err.split())
        assert "not judged: 1.0 over jsonrpc: the agent wants authorization" in said
        assert "--header-env Authorization=" in said


def test_authorization_for_the_card_too(tmp_path: Path) -> None:
    def refused(request: Any, _: Any) -> Any:
        return response(401, WWW_Authenticate='Basic realm="agents"')

    with played(
        tmp_path, "--protocol", "a2a", "--revision", "1.0", "--transport", "jsonrpc", http_in=refused
    ) as called:
        said = " ".join(called.err.split())
        assert "wants authorization, for its card too: WWW-Authenticate is" in said
        assert "Basic realm" in said
        assert "--header-env Authorization=" in said


def test_an_agent_that_takes_minutes(tmp_path: Path) -> None:
    """A message that is not answered in time shows nothing; the deadline is the user's."""
    send = agent_module(".agent").reference

    def slow(call: Any) -> Any:
        time.sleep(0.7)
        return send(call)

    words = ("--timeout", "0.2", "--revision", "1.0", "--transport", "jsonrpc", "--select", "a2a.send")
    with played(tmp_path, *words, operations={"SendMessage": slow}) as called:
        assert called.code == 0, called.out
        assert "5 not observed" in called.out


def test_a_stream_that_never_ends(tmp_path: Path) -> None:
    def endless(_call: Any, events: Iterator[Any]) -> Iterator[Any]:
        last = None
        for one in events:
            last = one
            yield one
            if one is not None and "statusUpdate" in one:
                break
        while True:
            time.sleep(0.02)
            yield last

    words = ("--timeout", "0.5", "--revision", "1.0", "--transport", "jsonrpc", "--select", "a2a.stream")
    with played(tmp_path, *words, stream=endless) as called:
        assert called.code == 0, called.out
        assert "8 not observed" in called.out
