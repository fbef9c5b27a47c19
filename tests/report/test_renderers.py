"""Every form of the report, on reports made by hand. WIREPROOF_SNAPSHOTS=write writes the snapshots anew; look at them afterwards."""

from __future__ import annotations

import io
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from tests.cli.calling import validator
from tests.report.reports import EVIL, REVISIONS, failing, lane, report, row, usual
from wireproof.model import catalogue
from wireproof.model.catalogue import Level
from wireproof.model.events import RunFinished, Told
from wireproof.model.jsontext import ABSENT
from wireproof.model.verdict import Verdict
from wireproof.report import console as console_report
from wireproof.report import json as json_report
from wireproof.report import markdown as markdown_report
from wireproof.report.ladder import ladder, shortened
from wireproof.report.markdown import escape
from wireproof.report.matrix import Report
from wireproof.report.words import condensed

SNAPSHOTS = Path(__file__).with_name("snapshots")


def shown(made: Report, width: int = 80, *, colour: bool = False, strict: bool = False) -> str:
    out = io.StringIO()
    console = Console(
        file=out,
        width=width,
        highlight=False,
        markup=False,
        emoji=False,
        force_terminal=colour,
        color_system="standard" if colour else None,
    )
    console_report.render(made, console, journal=Path("journal.jsonl"), strict=strict)
    return out.getvalue()


def same_as_snapshot(name: str, text: str) -> None:
    path = SNAPSHOTS / name
    if os.environ.get("WIREPROOF_SNAPSHOTS") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [80, 120])
def test_the_terminal(width: int) -> None:
    same_as_snapshot(f"console-{width}.txt", shown(usual(), width))


def test_the_terminal_in_colour_says_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured = shown(usual(), colour=True)
    assert "\x1b[" in coloured
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[3" not in shown(usual(), colour=True)  # bold and dim may stay: they are no colours


def test_markdown() -> None:
    same_as_snapshot("summary.md", markdown_report.render(usual()))


def test_json() -> None:
    text = json_report.render(usual())
    same_as_snapshot("report.json", text)
    value = json.loads(text)
    assert [error.message for error in validator("report").iter_errors(value)] == []
    assert value["suite"]["set"] == "set-1"
    assert value["runs"][0]["set"] == f"mcp-{REVISIONS[0]}/set-1"


@pytest.mark.parametrize("made", [report(), Report(), report(lane(REVISIONS[0])), report(interrupted=True)])
def test_json_of_little(made: Report) -> None:
    value = json.loads(json_report.render(made))
    assert [error.message for error in validator("report").iter_errors(value)] == []
    assert shown(made)
    assert markdown_report.render(made)


def test_one_diagnosis_for_a_requirement_broken_everywhere() -> None:
    text = shown(usual(), 120)
    assert text.count("✗ mcp.base.id-echo") == 1
    assert ", ".join(one for one in REVISIONS if one != REVISIONS[2]) + " over stdio" in text
    assert markdown_report.render(usual()).count("**mcp.base.id-echo**") == 1


@pytest.mark.parametrize("width", [60, 80, 100, 120])
def test_nothing_is_wider_than_the_terminal(width: int) -> None:
    lanes = [lane(one, *usual().lanes[0].rows, transport=where) for one in REVISIONS for where in ("http", "stdio")]
    for line in shown(report(*lanes), width).splitlines():
        assert len(line) <= width or line.startswith("  replay"), line  # a command is one line, to be copied


def test_hostile_text_in_the_terminal() -> None:
    made = report(
        lane(REVISIONS[0], failing(why=EVIL, subject=EVIL), server=EVIL),
        name=EVIL,
        told=(Told(text=EVIL, level="stopped"),),
    )
    text = shown(made)
    assert not {char for char in text if not char.isprintable()} - {"\n"}
    assert "[bold]evil[/bold]" in "".join(text.split())
    assert "\n✓ all passed" not in shown(report(lane(REVISIONS[0]), name=EVIL))


def test_hostile_text_in_markdown() -> None:
    text = markdown_report.render(report(lane(REVISIONS[0], failing(why=EVIL)), name=EVIL))
    assert "<img" not in text
    assert "@root" not in text
    assert "\x1b" not in text
    assert "evil | " not in text
    assert escape("- [a](http://b) `c`") == "\\- \\[a\\](http&#58;//b) \\`c\\`"
    assert len(escape("x" * 10_000)) < 400


def test_rows_that_show_the_same_are_one_diagnosis_with_all_fingerprints() -> None:
    made = report(
        lane(
            REVISIONS[0],
            failing("jsonrpc.base.id-echo", fingerprint="a" * 12),
            failing("mcp.base.id-echo", fingerprint="b" * 12),
            failing("mcp.base.other", why="something else", fingerprint="c" * 12),
            failing("mcp.base.should", level=Level.SHOULD, fingerprint="d" * 12),
        ),
        lane(REVISIONS[1], failing("mcp.base.id-echo", fingerprint="e" * 12)),
    )
    text = shown(made, 120)
    assert [line[2:].split()[0] for line in text.splitlines() if line.startswith("✗ mcp")] == [
        "mcp.base.id-echo",
        "mcp.base.other",
        "mcp.base.should",
    ]
    assert "  same   jsonrpc.base.id-echo  MUST: " in text
    assert f"fingerprints {REVISIONS[0]}: {'b' * 12}, {'a' * 12}; {REVISIONS[1]}: {'e' * 12}" in text
    assert f"fingerprint {'c' * 12}" in text
    assert "next: wireproof explain mcp.base.id-echo" in text


def test_how_to_mend_it_stands_with_must_and_should() -> None:
    rows = [
        replace(one, requirement=replace(one.requirement, fix=f"mend {level.value}"))
        for level in (Level.MUST, Level.SHOULD, Level.ADVICE)
        for one in [failing(f"mcp.base.{level.name.lower()}", level=level, why=level.value)]
    ]
    text = shown(report(lane(REVISIONS[0], *rows)))
    assert "mend MUST" in text
    assert "mend SHOULD" in text
    assert "mend ADVICE" not in text


def test_tools_that_were_not_called_are_told_where_that_hides_something() -> None:
    unseen = row("mcp.tools.result", Verdict.UNOBSERVED)
    unseen = replace(unseen, requirement=replace(unseen.requirement, testable=catalogue.Testable.DISCOVER))
    survey = {"tools": [{"name": "read"}, {"name": "write"}], "called": ["read"]}
    made = replace(lane(REVISIONS[0], unseen), survey=survey)
    assert "1 tool of 2 was not called" in " ".join(shown(report(made)).split())
    for quiet in (
        replace(made, partial=True),
        replace(made, survey={**survey, "called": ["read", "write"]}),
        replace(made, survey={**survey, "remainder": {"tools": 1}}),
        lane(REVISIONS[0], row("mcp.tools.result", Verdict.PASSED)),
    ):
        assert "not called" not in shown(report(quiet))


def test_the_grammar_of_what_does_not_apply() -> None:
    rows = [row(f"mcp.a.{name}", Verdict.NOT_APPLICABLE) for name in "bc"]
    assert "1 does not apply" in console_report.counted(report(lane(REVISIONS[0], *rows[:1])))
    assert "2 do not apply" in console_report.counted(report(lane(REVISIONS[0], *rows)))


def test_strict_marks_a_should_as_counted() -> None:
    made = report(lane(REVISIONS[0], failing(level=Level.SHOULD)))
    assert "does not fail the run" in shown(made)
    assert "does not fail the run" not in shown(made, strict=True)


def test_exit_codes() -> None:
    passed, broken = row("mcp.a.b", Verdict.PASSED), failing()
    should, errored = failing(level=Level.SHOULD), row("mcp.a.c", Verdict.ERRORED)
    blocked = row("mcp.a.d", Verdict.BLOCKED)

    def code(*rows: object, strict: bool = False) -> int:
        return report(lane(REVISIONS[0], *rows)).exit_code(strict=strict)  # type: ignore[arg-type]

    assert code(passed) == code(passed, blocked) == code(passed, should) == 0
    assert code(passed, broken) == code(passed, should, strict=True) == 1
    assert code() == code(blocked) == 3
    assert code(broken, errored) == 4
    unreachable = report()
    unreachable.finished = RunFinished(duration_s=0.0, exit_code=2)
    assert unreachable.exit_code() == 2


def test_what_was_unreachable_is_told_again() -> None:
    made = report(told=(Told(text="'x' exited\nits stderr ends with:\n    boom", level="unreachable"),))
    assert "'x' exited\nits stderr ends with:\n    boom\n" in shown(made)


def test_a_replay_names_what_was_played() -> None:
    made = report(lane(REVISIONS[1], failing(exchange="mcp.tools.call[a b]"), transport="http"))
    assert made.started is not None
    made.started = replace(made.started, target={"url": "http://127.0.0.1:1/mcp?a=1&b=2"})
    assert (
        "wireproof run --exchange 'mcp.tools.call[a b]' --revision 2025-11-25 --transport http 'http://127.0.0.1:1/mcp?a=1&b=2'"
        in shown(made, 80)
    )


def test_a_long_ladder_keeps_the_evidence() -> None:
    sample = report().records["t1"][1]
    rungs = ladder([replace(sample, seq=seq) for seq in range(100)], (50,))
    assert len(rungs) <= 10
    assert [one.mark for one in rungs].count(True) == 1


@pytest.mark.parametrize(
    ("message", "pointer", "text"),
    [
        ({"a": {"b": {"c": 1}}}, "", '{"a":{"b":{…}}}'),
        ({"a": {"b": {"c": 1, "d": {"e": [1]}}}}, "/a/b/c", '{"a":{"b":{"c":1,"d":{…}}}}'),
        ({"a": [1, 2, 3, 4, {"x": 5}]}, "/a/4/x", '{"a":[1,2,3,…4: {"x":5},… 5 items]}'),
        ({"a/b": "x" * 100}, "", '{"a/b":"' + "x" * 57 + '…"}'),
        ({"a/b": {"c": {"d": {}}}}, "/a~1b/c/d", '{"a/b":{"c":{"d":{}}}}'),
    ],
)
def test_long_messages_are_shortened_around_the_pointer(message: object, pointer: str, text: str) -> None:
    assert shortened(message, pointer) == text


def test_what_nobody_reads_is_left_out() -> None:
    statuses = "status 200, expected " + " or ".join(map(str, range(400, 410)))
    assert condensed(statuses) == "status 200, expected 400 or 401 or 402 ... or 409"
    assert condensed("expected 400 or 404 or 405 or 406") == "expected 400 or 404 or 405 or 406"
    assert condensed(f"it was sent {'[' * 300}, and ended") == "it was sent [[[[[[[[…, and ended"
    deep = replace(report().records["t1"][1], raw=b"[" * 20_000, message=ABSENT)
    assert ladder([replace(deep, seq=0)], (0,))[0].text == "[[[[[[[[… (20000 bytes)"


def test_a_ladder_over_http_is_in_the_order_of_time_and_leaves_the_usual_out() -> None:
    sample = report().records["t1"][1]
    headers = [["Content-Type", "application/json"], ["Accept", "application/json, text/event-stream"], ["Origin", "x"]]
    meta = {"method": "POST", "target": "/mcp", "headers": headers}
    sent = [replace(sample, seq=seq, at_ns=10 - seq, meta=meta, raw=b"{}") for seq in range(2)]
    assert [(one.seq, one.text) for one in ladder(sent, (0,))] == [(1, "POST /mcp {}"), (0, "POST /mcp Origin: x; {}")]
    assert all(one.at_ms >= 0 for one in ladder(sent, (0,)))


def test_many_lines_of_stderr_are_two() -> None:
    sample = report().records["t1"]
    lines = [replace(sample[0], seq=seq, at_ns=seq, raw=f"line {seq}".encode()) for seq in range(1, 30)]
    rungs = ladder([replace(sample[1], seq=0, at_ns=0), *lines, replace(sample[2], seq=30, at_ns=30)], (0, 30))
    assert [one.seq for one in rungs] == [0, 1, 29, 30]
    assert rungs[2].text == "stderr: line 29 (27 lines before it)"
