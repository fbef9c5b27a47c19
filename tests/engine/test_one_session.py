"""Targets that serve one client at a time: nothing obliges them to more, so nobody may be blamed for it."""

from __future__ import annotations

import importlib
import socket
import sys
from pathlib import Path

import pytest

import wireproof
from wireproof.engine.plan import Selection
from wireproof.engine.rejudge import gather, rejudge
from wireproof.engine.run import Options
from wireproof.engine.selftest import fixtures
from wireproof.engine.suite import Suite
from wireproof.model.events import Event, Told
from wireproof.model.target import Target
from wireproof.model.verdict import Verdict
from wireproof.report.journal import read_journal

ROOT = Path(__file__).resolve().parent.parent.parent
PART = ("mcp.base", "mcp.lifecycle", "mcp.ping", "mcp.tools", "jsonrpc")
LOCKED = """
import runpy, socket, sys
lock = socket.socket()
lock.bind(("127.0.0.1", int(sys.argv[1])))
sys.argv = ["fixtures", *sys.argv[2:]]
runpy.run_path({fixtures!r}, run_name="__main__")
"""


def test_the_newest_session_over_http(suite: Suite, tmp_path: Path) -> None:
    """Each session that wireproof opens ends the others, which the target may do at any time."""
    _, _, habits = fixtures()
    peer = importlib.import_module("wireproof_fixtures.mcp").serve_http(
        next(one for one in habits if one.name == "newest-session-only"), port=0
    )
    try:
        report = wireproof.run(
            Target(url=peer.url, timeout=1.0, startup_wait=2.0),
            options=Options(selection=Selection(select=PART, revisions=("2025-06-18", "2025-11-25"))),
            journal=tmp_path / "journal.jsonl",
            suite=suite,
        )
    finally:
        peer.close()
    assert [f"{lane.revision} {row.requirement.id}" for lane, row in report.failures] == []


@pytest.mark.parametrize(("name", "least"), [("one-session-at-a-time", 2), ("one-session-for-ever", 1)])
def test_one_session_over_http(name: str, least: int, suite: Suite, tmp_path: Path) -> None:
    _, _, habits = fixtures()
    peer = importlib.import_module("wireproof_fixtures.mcp").serve_http(
        next(one for one in habits if one.name == name), port=0
    )
    told: list[Event] = []
    try:
        report = wireproof.run(
            Target(url=peer.url, timeout=1.0, startup_wait=2.0),
            options=Options(selection=Selection(select=PART, revisions=("2025-03-26", "2025-06-18", "2025-11-25"))),
            journal=tmp_path / "journal.jsonl",
            listen=told.append,
            suite=suite,
        )
    finally:
        peer.close()
    assert [f"{lane.revision} {row.requirement.id}" for lane, row in report.failures] == []
    assert len(report.lanes) >= least
    assert report.lanes[0].revision == "2025-11-25"
    assert any(isinstance(one, Told) and "no second session" in one.text for one in told)
    seen = gather(read_journal(tmp_path / "journal.jsonl"))
    for judged in rejudge(seen, suite):
        before = seen.judged[judged.revision, judged.transport]
        assert sorted(map(str, judged.findings)) == sorted(map(str, before.findings))


def test_a_process_that_cannot_run_twice(suite: Suite) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = LOCKED.format(fixtures=str(ROOT / "fixtures" / "__main__.py"))
    report = wireproof.run(
        Target(command=(sys.executable, "-c", script, str(port), "mcp", "stdio"), timeout=2.0, startup_wait=5.0),
        options=Options(selection=Selection(select=PART, revisions=("2025-06-18", "2025-11-25"))),
        suite=suite,
    )
    assert {lane.revision for lane in report.lanes} == {"2025-06-18", "2025-11-25"}
    failed = [
        one for _, row in report.failures for one in row.findings if one.verdict in (Verdict.FAILED, Verdict.ERRORED)
    ]
    assert [(one.transcript, one.requirement, one.exchange, one.check, one.why) for one in failed] == []
