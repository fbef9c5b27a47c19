"""Whole runs over HTTP: sessions are opened and ended, HTTP+SSE is found, a protected server is judged by what it shows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from wireproof.api import run
from wireproof.engine.plan import Selection
from wireproof.engine.run import Options
from wireproof.engine.selftest import fixtures
from wireproof.engine.suite import Suite
from wireproof.model.target import Target
from wireproof.model.verdict import Verdict
from wireproof.report.matrix import Report

RunUrl = Callable[..., Report]


@contextmanager
def serving(**hooks: Any) -> Iterator[Any]:
    """A bundled HTTP peer with these hooks."""
    fixtures()
    from wireproof_fixtures.mcp import serve_http
    from wireproof_fixtures.variant import Variant

    peer = serve_http(Variant(name="tried", about="", statement="", **hooks))
    try:
        yield peer
    finally:
        peer.close()


@pytest.fixture
def run_url(suite: Suite, tmp_path: Path) -> RunUrl:
    def play(url: str, *, headers: tuple[tuple[str, str], ...] = (), **selection: tuple[str, ...]) -> Report:
        target = Target(url=url, headers=headers, timeout=2.0)
        options = Options(selection=Selection(**selection))
        return run(target, options=options, journal=tmp_path / "journal.jsonl", suite=suite)

    return play


def _verdicts(report: Report) -> dict[str, Verdict]:
    return {row.requirement.id: row.verdict for lane in report.lanes for row in lane.rows}


def test_every_session_is_ended(run_url: RunUrl) -> None:
    with serving() as peer:
        # All but the row for which sessions are left behind on purpose.
        rows = tuple(
            f"mcp.http.{name}" for name in ("sse", "get", "version-header", "origin", "session.terminated-404")
        )
        report = run_url(peer.url, revisions=("2025-06-18",), select=rows)
        assert [(row.requirement.id, row.why) for _, row in report.failures] == []
        assert peer.routes.sessions == {}
    assert _verdicts(report)["mcp.http.session.terminated-404"] is Verdict.PASSED


def test_the_older_transport_is_found_at_its_own_address(run_url: RunUrl) -> None:
    with serving() as peer:
        report = run_url(peer.sse_url, select=("mcp.httpsse",))
    assert [(lane.revision, lane.transport) for lane in report.lanes] == [("2024-11-05", "sse")]
    assert _verdicts(report)["mcp.httpsse.endpoint-event"] is Verdict.PASSED


def _guarded(challenge: str, document: dict[str, Any] | None) -> Callable[[Any, Any], Any]:
    """Wants `Bearer good` at the endpoint and serves the metadata of the resource."""
    from wireproof_fixtures.mcp.httpwire import HttpResponse

    def hook(request: Any, peer: Any) -> Any:
        told = challenge.replace("{url}", f"http://127.0.0.1:{peer.port}")
        if request.path == "/.well-known/oauth-protected-resource" and document is not None:
            body = json.dumps(document).encode()
            return HttpResponse(headers=[("Content-Type", "application/json")], body=body)
        if request.path != "/mcp" or request.header("Authorization") == "Bearer good":
            return None
        return HttpResponse(status=401, headers=[("WWW-Authenticate", told)] if told else [])

    return hook


METADATA = {"resource": "http://127.0.0.1/mcp", "authorization_servers": ["https://as.example"]}


@pytest.mark.parametrize(
    ("challenge", "document", "failed"),
    [
        ('Bearer scope="read"', METADATA, set()),
        ("", METADATA, {"mcp.auth.token.failure-response", "mcp.auth.scope.challenge"}),
        ('Bearer scope="read"', {**METADATA, "authorization_servers": []}, {"mcp.auth.prm.authorization-servers"}),
        (
            'Bearer resource_metadata="{url}/.well-known/oauth-protected-resource", scope="read"',
            None,
            {"mcp.auth.prm.server", "mcp.auth.prm.discovery-one-of"},
        ),
        (
            'Bearer resource_metadata="https://gateway.example/.well-known/oauth-protected-resource", scope="x"',
            None,
            set(),
        ),
        ('Bearer realm="x"', None, {"mcp.auth.http-conform"}),
        ('Key realm="x"', None, {"mcp.auth.http-conform"}),
        ("", None, {"mcp.auth.http-conform"}),
    ],
    ids=[
        "good",
        "no challenge",
        "no authorization server",
        "no metadata",
        "metadata elsewhere",
        "a static token",
        "another scheme",
        "a bare 401",
    ],
)
def test_who_has_no_token_sees_what_a_401_shows(
    run_url: RunUrl, challenge: str, document: dict[str, Any] | None, failed: set[str]
) -> None:
    fixtures()
    with serving(http_in=_guarded(challenge, document)) as peer:
        report = run_url(peer.url)
    verdicts = _verdicts(report)
    assert [lane.revision for lane in report.lanes] == ["2026-07-28"]
    assert {row for row, verdict in verdicts.items() if verdict is Verdict.FAILED} == failed
    own = failed == {"mcp.auth.http-conform"}
    assert verdicts["mcp.auth.error.401"] is (Verdict.UNOBSERVED if own else Verdict.PASSED)
    assert verdicts["mcp.tools.list"] is Verdict.BLOCKED


def test_with_a_token_the_rest_is_judged_too(run_url: RunUrl) -> None:
    fixtures()
    with serving(http_in=_guarded('Bearer scope="read"', METADATA)) as peer:
        report = run_url(
            peer.url, headers=(("Authorization", "Bearer good"),), revisions=("2026-07-28",), select=("mcp.auth",)
        )
    assert [(row.requirement.id, row.why) for _, row in report.failures] == []
    assert _verdicts(report)["mcp.auth.token.invalid-401"] is Verdict.PASSED
