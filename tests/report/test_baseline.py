"""A baseline beside a report: standings, exit codes, what is stale and what is not; blessing and comparing."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.cli.calling import validator
from tests.report.reports import REVISIONS, failing, lane, report, row
from wireproof.engine.suite import Suite
from wireproof.model.baseline import Baseline, Entry, Standing
from wireproof.model.catalogue import Level
from wireproof.model.errors import UsageError
from wireproof.model.events import ExchangePlayed, Told, TranscriptOpened
from wireproof.model.verdict import Verdict
from wireproof.report import json as json_report
from wireproof.report import markdown as markdown_report
from wireproof.report.baseline import weigh
from wireproof.report.bless import UNARGUED, bless
from wireproof.report.compare import Change, compare, comparison_value
from wireproof.report.matrix import LaneReport, Report
from wireproof.report.reading import read_report

TODAY = date(2026, 3, 1)
NEWEST = REVISIONS[0]
ROW = "mcp.base.id-echo"
REAL = "mcp.base.response.id-echo"


def entry(name: str = "0123456789ab", **parts: Any) -> Entry:
    usual = {"requirement": ROW, "revision": NEWEST, "transport": "stdio", "reason": "known upstream"}
    return Entry(**{**usual, "since": date(2026, 1, 1), "fingerprint": name, "line": 4, "end": 9, **parts})


def weighed(made: Report, *entries: Entry, **usual: tuple[str, ...]) -> Report:
    return weigh(made, Baseline(path="b.yaml", entries=entries), usual=usual, today=TODAY)


def broken(name: str = ROW, **parts: Any) -> Report:
    return report(lane(NEWEST, failing(name, **parts), row("mcp.tools.shape", Verdict.PASSED)))


def passing(**parts: Any) -> Report:
    return report(lane(NEWEST, row(ROW, Verdict.PASSED)), **parts)


def standing(made: Report) -> list[Standing]:
    assert made.weighed is not None
    return list(made.weighed.standings.values())


def stale(made: Report) -> list[str]:
    assert made.weighed is not None
    return [one.entry.fingerprint for one in made.weighed.stale]


def test_known_is_fine_and_new_is_red() -> None:
    assert (broken().exit_code(), weighed(broken()).exit_code(), weighed(broken(), entry()).exit_code()) == (1, 1, 0)
    assert standing(weighed(broken())) == [Standing.NEW]
    assert standing(weighed(broken(), entry())) == [Standing.KNOWN]
    assert standing(weighed(broken(), entry(requirement="mcp.tools.shape"))) == [Standing.NEW]


def test_what_is_known_of_one_tool_hides_no_other() -> None:
    one, other = failing(subject="a"), failing(subject="b", fingerprint="b" * 12)
    both = replace(one, findings=(*one.findings, *other.findings))
    made = weighed(report(lane(NEWEST, both)), entry())
    assert (sorted(standing(made)), made.exit_code()) == ([Standing.KNOWN, Standing.NEW], 1)
    assert weighed(report(lane(NEWEST, both)), entry(), entry("b" * 12)).exit_code() == 0


def test_expiry_begins_the_day_after() -> None:
    last = weighed(broken(), entry(expires=TODAY))
    late = weighed(broken(), entry(expires=date(2026, 2, 28)))
    assert (standing(last), last.exit_code()) == ([Standing.KNOWN], 0)
    assert (standing(late), late.exit_code()) == ([Standing.EXPIRED], 1)
    assert weighed(passing(), entry(expires=date(2026, 2, 28))).exit_code() == 1  # mended besides: stale


def test_levels_count_as_they_do_without_a_baseline() -> None:
    should = broken(level=Level.SHOULD)
    assert (weighed(should).exit_code(), should.exit_code(strict=True)) == (0, 1)
    assert weighed(should, entry()).exit_code(strict=True) == 0
    mended = weighed(report(lane(NEWEST, row(ROW, Verdict.PASSED, level=Level.SHOULD))), entry())
    assert (stale(mended), mended.exit_code(), mended.exit_code(strict=True)) == ([entry().fingerprint], 0, 1)
    assert standing(weighed(broken(level=Level.ADVICE))) == []


def test_mended_but_listed_is_red() -> None:
    made = weighed(passing(), entry())
    assert (stale(made), made.exit_code()) == (["0123456789ab"], 1)
    another = weighed(
        broken(fingerprint="c" * 12), entry(), entry("c" * 12)
    )  # the row fails, but not for this any more
    assert stale(another) == ["0123456789ab"]


def partial(**left_out: tuple[str, ...]) -> LaneReport:
    return replace(lane(NEWEST, row(ROW, Verdict.PASSED)), partial=True, left_out=left_out)


UNJUDGED = {
    "a filtered run": report(partial(select=("mcp.base",))),
    "an interrupted run": passing(interrupted=True),
    "a run that was stopped": passing(told=(Told(level="stopped", text="x"),)),
    "a target that was lost": passing(told=(Told(level="gone", text="x"),)),
    "another revision": report(lane(REVISIONS[1], row(ROW, Verdict.PASSED))),
    "another transport": report(lane(NEWEST, row(ROW, Verdict.PASSED), transport="http")),
    "an unobserved row": report(lane(NEWEST, row(ROW, Verdict.UNOBSERVED))),
    "a blocked row": report(lane(NEWEST, row(ROW, Verdict.BLOCKED))),
    "a flaky row": report(lane(NEWEST, row(ROW, Verdict.UNOBSERVED, flaky=True))),
}


@pytest.mark.parametrize("case", UNJUDGED)
def test_nothing_is_stale_that_was_not_judged(case: str) -> None:
    made = weighed(UNJUDGED[case], entry())
    assert stale(made) == []
    assert made.weighed is not None
    assert [one.fingerprint for one in made.weighed.unseen] == ["0123456789ab"]


def test_nothing_is_stale_whose_exchange_was_not_played() -> None:
    made = passing()
    shown = "mcp.tools.called[search]"
    place = {"protocol": "mcp", "revision": NEWEST, "transport": "stdio"}
    made.transcripts["t1"] = TranscriptOpened(transcript="t1", purpose="main", **place)
    made.played.append(
        ExchangePlayed(transcript="t1", exchange="mcp.tools.called", span="mcp.tools.called[add]", literal={})
    )
    assert stale(weighed(made, entry(exchange=shown), entry("b" * 12, exchange="mcp.tools.called[add]"))) == ["b" * 12]
    assert kinds(broken(exchange=shown), made)[0][0] is Change.GONE
    assert kinds(broken(exchange="mcp.tools.called[add]"), made)[0][0] is Change.FIXED
    made.played.append(ExchangePlayed(transcript="t1", exchange="mcp.tools.called", span=shown, literal={}))
    assert stale(weighed(made, entry(exchange=shown))) == ["0123456789ab"]


def test_the_usual_selection_is_no_filter() -> None:
    made = report(partial(select=("mcp.base",)))
    assert stale(weighed(made, entry(), select=("mcp.base",), ignore=())) == ["0123456789ab"]
    assert stale(weighed(made, entry(), select=("mcp",))) == []


def test_flaky_ones_are_shown_and_never_stale() -> None:
    seen, calm = weighed(broken(), entry(flaky=True)), weighed(passing(), entry(flaky=True))
    assert (standing(seen), seen.exit_code()) == ([Standing.FLAKY], 0)
    assert calm.weighed is not None
    assert (stale(calm), calm.weighed.flaky, calm.exit_code()) == ([], (entry(flaky=True),), 0)


def test_entries_of_other_targets_are_left_alone() -> None:
    named = replace(broken(), started=replace(broken().started, target={"name": "mine", "command": ["x"]}))
    assert standing(weighed(replace(named), entry(target="yours"))) == [Standing.NEW]
    assert standing(weighed(replace(named), entry(target="mine"))) == [Standing.KNOWN]
    assert standing(weighed(replace(named), entry(target="mine"), entry(expires=date(2020, 1, 1)))) == [Standing.KNOWN]


def test_the_json_report_says_it_and_is_read_again(tmp_path: Path, suite: Suite) -> None:
    made = weighed(broken(REAL), entry(requirement=REAL, link="https://x.example/1"), entry("c" * 12, requirement=REAL))
    value = json_report.report_value(made)
    assert validator("report").is_valid(value), list(validator("report").iter_errors(value))
    assert value["runs"][0]["requirements"][0]["findings"][0]["baseline"]["state"] == "known"
    assert [one["line"] for one in value["baseline"]["stale"]] == [4]
    path = tmp_path / "report.json"
    path.write_text(json.dumps(value), encoding="utf-8")
    back = read_report(path)
    (finding,) = back.failures[0][1].findings
    assert back.weighed is not None
    assert back.weighed.excuses(finding)
    assert finding == made.failures[0][1].findings[0]


def test_markdown_tells_known_stale_and_expired() -> None:
    text = markdown_report.render(weighed(broken(), entry(reason="*evil* <b>"), entry("c" * 12)))
    assert "## Stale in the baseline (1)" in text
    assert "lines 4 to 9" in text
    assert "\\*evil\\* &#60;b&#62;" in text
    assert "All that is broken is known." in text
    assert "## Expired in the baseline (1)" in markdown_report.render(
        weighed(broken(), entry(expires=date(2026, 2, 1)))
    )


def test_bless_keeps_adds_drops_and_renews() -> None:
    argued = entry(reason="argued", link="https://x.example/1")
    late, gone = entry("d" * 12, expires=date(2026, 2, 1)), entry("e" * 12)
    elsewhere, others = entry("f" * 12, revision=REVISIONS[1]), entry("1" * 12, target="another")
    one = failing()
    more = (failing(fingerprint="d" * 12).findings[0], failing(fingerprint="a" * 12).findings[0])
    made = report(lane(NEWEST, replace(one, findings=(*one.findings, *more))))
    made.started = replace(made.started, target={"name": "mine", "command": ["x"]})  # type: ignore[type-var]
    old = (argued, late, gone, elsewhere, others)
    kept = bless(weighed(made, *old), old, today=TODAY)
    assert {one.fingerprint for one in kept.entries} == {argued.fingerprint, "d" * 12, "f" * 12, "1" * 12, "a" * 12}
    assert argued in kept.entries
    assert [(one.reason, one.since, one.target) for one in kept.added] == [(UNARGUED, TODAY, "mine")]
    assert (kept.dropped, kept.expired) == ((gone,), (late,))
    renewed = bless(weighed(made, *old), old, today=TODAY, expires=date(2027, 1, 1))
    assert replace(late, expires=date(2027, 1, 1)) in renewed.entries
    assert (renewed.expired, argued in renewed.entries) == ((), True)
    with pytest.raises(UsageError, match="judged nothing"):
        bless(weighed(report()), (), today=TODAY)


def kinds(before: Report, after: Report) -> list[tuple[Change, str]]:
    return [(one.change, one.fingerprint) for one in compare(before, after).differences]


def test_compare_tells_new_fixed_changed_and_gone() -> None:
    first = "0123456789ab"
    assert kinds(passing(), broken())[:1] == [(Change.NEW, first)]
    assert kinds(broken(), passing())[0] == (Change.FIXED, first)
    assert kinds(broken(), report(lane(NEWEST, row(ROW, Verdict.UNOBSERVED)))) == [(Change.GONE, first)]
    assert kinds(broken(), report(partial(select=("mcp.base",)))) == [(Change.GONE, first)]
    assert kinds(broken(), report(lane(REVISIONS[1], row(ROW, Verdict.PASSED)))) == [(Change.GONE, first)]
    assert kinds(passing(), report(lane(NEWEST, row(ROW, Verdict.BLOCKED)))) == [(Change.CHANGED, "")]
    assert kinds(broken(), broken()) == []


def test_compare_is_a_gate_and_its_json_conforms() -> None:
    made = compare(passing(), broken())
    assert (made.exit_code(), compare(broken(), passing()).exit_code()) == (1, 0)
    should = compare(passing(), broken(level=Level.SHOULD))
    assert (should.exit_code(), should.exit_code(strict=True)) == (0, 1)
    known = compare(passing(), weighed(broken(), entry()))
    assert (known.exit_code(), known.of(Change.NEW)[0].excused) == (0, True)
    for one, before, after in ((made, passing(), broken()), (known, passing(), weighed(broken(), entry()))):
        value = comparison_value(one, before, after)
        assert validator("compare").is_valid(value), list(validator("compare").iter_errors(value))
    with pytest.raises(UsageError, match="second report judged nothing"):
        compare(passing(), report())
    notes = compare(passing(interrupted=True), report(lane(REVISIONS[1], row(ROW, Verdict.PASSED)), name="other")).notes
    assert len(notes) == 4
