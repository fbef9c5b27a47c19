"""The walking skeleton on its three kinds of peer: reference, faulty, lawful."""

from __future__ import annotations

import pytest

from tests.conftest import RunPeer
from wireproof.engine.selftest import Outcome, attempt, excused, selftest, trials
from wireproof.engine.suite import Suite
from wireproof.model.verdict import Verdict


def test_the_reference_peer_fails_nothing(run_peer: RunPeer) -> None:
    report = run_peer()
    assert [lane.revision for lane in report.lanes] == [
        "2026-07-28",
        "2025-11-25",
        "2025-06-18",
        "2025-03-26",
        "2024-11-05",
    ]
    assert [(row.requirement.id, row.why) for _, row in report.failures] == []
    assert report.exit_code() == 0


def test_a_sin_fails_its_row_and_says_where(run_peer: RunPeer) -> None:
    report = run_peer("--sin", "response-id-retyped", revisions=("2025-11-25",), select=("mcp.base.response",))
    failed = {row.requirement.id: row for _, row in report.failures}
    row = failed["mcp.base.response.id-echo"]
    finding = next(one for one in row.findings if one.verdict is Verdict.FAILED)
    assert finding.pointer == "/id"
    assert finding.evidence
    assert finding.transcript in report.records
    assert report.exit_code() == 1


@pytest.fixture(scope="module")
def outcomes(suite: Suite) -> list[Outcome]:
    return selftest(suite)


def test_every_sin_is_caught(outcomes: list[Outcome]) -> None:
    survivors = {one.trial.name for one in outcomes if one.trial.kind == "sin" and not one.killed}
    assert survivors - set(excused()) == set()


def test_every_excuse_is_still_needed(outcomes: list[Outcome]) -> None:
    caught = {one.trial.name for one in outcomes if one.trial.kind == "sin" and one.killed}
    assert caught & set(excused()) == set()


def test_nobody_lawful_is_blamed(outcomes: list[Outcome]) -> None:
    alarms = [
        (
            one.trial.name,
            one.trial.revision,
            one.trial.transport,
            [(row, one.whys.get(row)) for row in one.blamed],
            one.note,
        )
        for one in outcomes
        if one.trial.kind != "sin" and (one.blamed or one.note)
    ]
    assert alarms == []


def test_trials_can_be_named(suite: Suite) -> None:
    made = trials(suite, names=["ping-never-answered"])
    assert [one.name for one in made] == ["ping-never-answered"]
    outcome = attempt(made[0], suite, everything=False)
    assert outcome.killed
