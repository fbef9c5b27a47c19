"""Tokens that must not be enough: what a guarded server makes of them, and that no journal holds them."""

from __future__ import annotations

from pathlib import Path

import pytest

from wireproof.api import run
from wireproof.engine.plan import Selection
from wireproof.engine.rejudge import changes, gather, rejudge
from wireproof.engine.run import Options
from wireproof.engine.selftest import attempt, fixtures, shapes, trials
from wireproof.engine.suite import Suite
from wireproof.model.target import Target
from wireproof.model.verdict import Verdict
from wireproof.report.journal import read_journal

ROWS = ("mcp.auth.token.audience", "mcp.auth.error.403", "mcp.auth.stepup.server-403", "mcp.auth.stepup.server-scopes")
REVISIONS = ("2026-07-28", "2025-11-25")


@pytest.mark.parametrize(
    ("careless", "failed"),
    [({}, set()), ({"foreign": 200}, {ROWS[0]}), ({"narrow": 401}, {ROWS[1], ROWS[2]})],
    ids=["careful", "takes any audience", "401 for a lack of scopes"],
)
def test_tokens_of_the_user_show_what_is_refused(
    suite: Suite, tmp_path: Path, careless: dict[str, int], failed: set[str]
) -> None:
    fixtures()
    from wireproof_fixtures.guard import CREDENTIALS, TOKENS, Guard
    from wireproof_fixtures.mcp import serve_http
    from wireproof_fixtures.variant import Variant

    guard = Guard(**careless)
    peer = serve_http(Variant(name="guarded", about="", statement="", http_in=guard))
    try:
        target = Target(
            url=peer.url,
            headers=tuple(CREDENTIALS.items()),
            tokens=TOKENS,
            secrets=(*CREDENTIALS.values(), *TOKENS.values()),
            timeout=2.0,
        )
        options = Options(selection=Selection(revisions=REVISIONS, select=ROWS))
        report = run(target, options=options, journal=tmp_path / "journal.jsonl", suite=suite)
    finally:
        peer.close()
    for lane in report.lanes:
        verdicts = {row.requirement.id: row.verdict for row in lane.rows}
        assert {row for row, verdict in verdicts.items() if verdict is Verdict.FAILED} == failed
        assert all(verdicts[row] in (Verdict.PASSED, Verdict.FAILED) for row in (ROWS[0], ROWS[1], ROWS[2]))
    text = (tmp_path / "journal.jsonl").read_text(encoding="utf-8")
    assert not any(token in text for token in TOKENS.values())
    assert "{{token.foreign}}" in text
    seen = gather(read_journal(tmp_path / "journal.jsonl"))
    assert changes(seen, rejudge(seen, suite)) == []


@pytest.mark.parametrize("name", ["protected-own-scheme", "protected-own-bearer-scheme"])
def test_a_scheme_of_its_own_is_all_that_is_said_of_it(suite: Suite, name: str) -> None:
    for trial in trials(suite, names=[name], full=True):
        outcome = attempt(trial, suite, everything=True)
        assert outcome.failed == ("mcp.auth.http-conform",), trial


def test_what_a_shape_shows_is_known(suite: Suite) -> None:
    needed = {need for one in (*suite.exchanges, *suite.catalogue.requirements.values()) for need in one.needs}
    for shape in shapes():
        assert set(shape.shows) <= needed


def test_shapes_fail_nothing_where_only_their_rows_are_played(suite: Suite) -> None:
    made = [one for one in trials(suite, names=["guarded", "bare", "modern-only"]) if one.rows]
    assert {one.name for one in made} == {"guarded", "bare", "modern-only"}
    for trial in made:
        outcome = attempt(trial, suite, everything=False)
        assert (outcome.blamed, outcome.note) == ((), ""), trial
        assert set(outcome.trial.rows) & {row for row, verdict in outcome.verdicts.items() if verdict == "passed"}
