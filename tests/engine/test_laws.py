"""The laws of the house, tried on real runs."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import RunPeer
from wireproof.engine.rejudge import changes, gather, rejudge
from wireproof.engine.suite import Suite
from wireproof.library.exchanges import exchange, literal
from wireproof.model.verdict import Verdict
from wireproof.report.journal import read_journal
from wireproof.report.matrix import fold

SIN = ("--sin", "error-without-message")
PART = {"revisions": ("2026-07-28", "2025-06-18"), "select": ("mcp.base", "mcp.tools")}


def test_judging_a_journal_again_gives_identical_findings(run_peer: RunPeer, suite: Suite, tmp_path: Path) -> None:
    run_peer(*SIN, **PART)
    seen = gather(read_journal(tmp_path / "journal.jsonl"))
    anew = rejudge(seen, suite)
    assert anew
    for judged in anew:
        before = seen.judged[judged.revision, judged.transport]
        assert sorted(map(str, judged.findings)) == sorted(map(str, before.findings))
    assert changes(seen, anew) == []


def test_a_report_made_from_the_journal_is_the_report_of_the_run(
    run_peer: RunPeer, suite: Suite, tmp_path: Path
) -> None:
    live = run_peer(*SIN, **PART)
    again = fold(read_journal(tmp_path / "journal.jsonl"), suite.catalogue)
    assert [lane.rows for lane in again.lanes] == [lane.rows for lane in live.lanes]
    assert again.exit_code() == live.exit_code() == 1


def test_an_exchange_survives_its_literal(suite: Suite) -> None:
    for one in suite.exchanges:
        assert exchange(literal(one), protocol=one.protocol, topic=one.topic, where=one.where) == one


def test_fingerprints_are_the_same_in_the_next_run(run_peer: RunPeer) -> None:
    def prints() -> set[str]:
        report = run_peer(*SIN, revisions=("2025-11-25",), select=("mcp.base",))
        return {one.fingerprint for _, row in report.failures for one in row.findings if one.verdict is Verdict.FAILED}

    first = prints()
    assert first
    assert prints() == first


def test_a_torn_last_line_is_tolerated(run_peer: RunPeer, tmp_path: Path, suite: Suite) -> None:
    run_peer(revisions=("2025-11-25",), select=("mcp.ping",))
    path = tmp_path / "journal.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[:-40])
    assert fold(read_journal(path), suite.catalogue).lanes
