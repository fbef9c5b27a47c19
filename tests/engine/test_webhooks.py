"""Notifications of agents, from the webhook to the verdict."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from wireproof.api import run
from wireproof.engine.plan import Selection
from wireproof.engine.rejudge import changes, gather, rejudge
from wireproof.engine.run import Options, load_suite
from wireproof.engine.suite import Suite
from wireproof.library.shelf import load_fixtures
from wireproof.model.target import CallPolicy, Target
from wireproof.model.verdict import Verdict
from wireproof.report.journal import read_journal

ROW = "a2a.push-delivery.at-least-once"
Play = Callable[..., dict[str, tuple[Verdict, str]]]


@pytest.fixture(scope="module")
def agents() -> Suite:
    return load_suite("a2a")


@pytest.fixture
def play(agents: Suite, tmp_path: Path) -> Iterator[Play]:
    """play(delivery=hook, profile=...): row to (verdict, why) of the rows on notifications. The journal is tmp_path/journal.jsonl."""
    servers: list[Any] = []

    def played(*, profile: str, **hooks: Any) -> dict[str, tuple[Verdict, str]]:
        known = importlib.import_module(f"{load_fixtures().__name__}.a2a")
        servers.append(known.serve_agent(replace(known.REFERENCE_AGENT, name="tried", **hooks), pace=0.1))
        target = Target(url=servers[-1].url, timeout=0.5, calls=CallPolicy(profile=profile))
        selection = Selection(revisions=("1.0",), transports=("jsonrpc",), deciding=(ROW,))
        options = Options(protocol="a2a", selection=selection)
        report = run(target, options=options, journal=tmp_path / "journal.jsonl", suite=agents)
        (lane,) = report.lanes
        return {one.requirement.id: (one.verdict, one.why) for one in lane.rows}

    yield played
    for one in servers:
        one.close()


def test_a_journal_with_notifications_is_judged_again_alike(play: Play, agents: Suite, tmp_path: Path) -> None:
    told = play(profile="fixture", delivery=lambda delivery: {**delivery, "headers": {"Content-Type": "text/plain"}})
    assert told["a2a.push-delivery.payload"][0] is Verdict.FAILED
    assert told["a2a.push-delivery.credentials"][0] is Verdict.FAILED
    assert told[ROW][0] is Verdict.PASSED
    seen = gather(read_journal(tmp_path / "journal.jsonl"))
    anew = rejudge(seen, agents)
    assert anew
    for judged in anew:
        before = seen.judged[judged.revision, judged.transport]
        assert sorted(map(str, judged.findings)) == sorted(map(str, before.findings))
    assert changes(seen, anew) == []


def test_who_may_not_reach_us_is_not_blamed_for_silence(play: Play) -> None:
    verdict, why = play(profile="none", delivery=lambda _: None)[ROW]
    assert verdict is Verdict.UNOBSERVED
    assert "may not reach it" in why


def test_who_is_made_for_harnesses_is(play: Play) -> None:
    assert play(profile="fixture", delivery=lambda _: None)[ROW][0] is Verdict.FAILED


def test_who_refuses_webhooks_on_its_own_network_is_right(play: Play) -> None:
    told = play(profile="fixture", settings={"loopback_webhooks": False})
    assert told[ROW][0] is Verdict.UNOBSERVED
    assert told["a2a.push-delivery.ssrf-screened"][0] is Verdict.PASSED
    assert not [row for row, (verdict, _) in told.items() if verdict is Verdict.FAILED]
