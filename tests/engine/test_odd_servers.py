"""Servers that are unusual, or that do not outlive a probe: each gives a report from which a reader learns what happened."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cli.calling import Called, journal_lines, no_child_is_left, records, wireproof

SERVER = Path(__file__).with_name("odd_server.py")
REVISION = "2025-11-25"
LIMIT = 120.0
"""Seconds for a whole run of one revision, on a busy machine."""
MANY = 5000


def run(tmp_path: Path, *words: str, revision: str = REVISION, children: bool = False) -> tuple[Called, dict[str, Any]]:
    """The call and its JSON report. `children`: the test has started some itself."""
    out = tmp_path / "report.json"
    options = ("--revision", revision, "--journal", str(tmp_path / "journal.jsonl"), "-o", f"json:{out}")
    called = wireproof("run", *options, *words)
    assert called.seconds < LIMIT
    assert children or no_child_is_left()
    assert journal_lines(tmp_path / "journal.jsonl")[-1]["event"] == "run-finished"
    return called, json.loads(out.read_text(encoding="utf-8")) if out.exists() else {}


def odd(tmp_path: Path, habit: str, *more: str, revision: str = REVISION) -> tuple[Called, dict[str, Any]]:
    return run(tmp_path, *more, "--", sys.executable, str(SERVER), habit, "stdio", revision=revision)


@contextmanager
def served(habit: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The URL of a server in a process of its own."""
    with subprocess.Popen([sys.executable, str(SERVER), habit, "http"], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip(), process
        finally:
            process.kill()


def rows(report: dict[str, Any], verdict: str) -> dict[str, dict[str, Any]]:
    (lane,) = report["runs"]
    return {one["id"]: one for one in lane["requirements"] if one["verdict"] == verdict}


def test_no_tools(tmp_path: Path) -> None:
    called, report = odd(tmp_path, "no-tools")
    assert called.code == 0, called.out
    assert not rows(report, "failed")
    whys = {name: one["findings"][0]["why"] for name, one in rows(report, "not_applicable").items()}
    assert {why for name, why in whys.items() if name.startswith("mcp.tools.")} >= {"the server does not declare tools"}
    assert rows(report, "passed")
    assert "will be called" not in called.err


def test_five_thousand_tools(tmp_path: Path) -> None:
    called, report = odd(tmp_path, "many-tools", "--call", "tool_4321")
    assert called.code == 0, called.out
    assert not rows(report, "failed")
    (lane,) = report["runs"]
    listed = lane["survey"]["counts"]["tools"]
    assert listed > MANY  # every page was read
    sent = [
        one
        for one in records(tmp_path / "journal.jsonl")
        if one["way"] == "out" and "tools/call" in one.get("text", "")
    ]
    called_tools = {json.loads(one["text"]).get("params", {}).get("name") for one in sent if '"tool_' in one["text"]}
    assert "tool_4321" in called_tools  # what the user names is among the few
    assert len(called_tools) <= 20
    (told,) = [one["text"] for one in report["told"] if one["level"] == "remainder"]
    left = int(told.split("left alone were ")[1].split()[0])
    assert 20 <= listed - left <= 26  # a few more are run as tasks
    assert told in " ".join(called.out.split())
    assert "tool_4321" in called.err.partition("will be called")[2]
    assert (tmp_path / "journal.jsonl").stat().st_size < 40_000_000


def test_lists_that_change_while_they_are_read(tmp_path: Path) -> None:
    called, report = odd(tmp_path, "changing")
    assert called.code == 0, called.out
    failed = {name: one["level"] for name, one in rows(report, "failed").items()}
    assert "MUST" not in {level.split()[0] for level in failed.values()}, failed
    assert not {name for name in failed if name.startswith(("mcp.pagination", "mcp.tools", "robust"))}, failed


ASKED = {
    REVISION: ("does not offer 2025-11-25; it answered with 2025-03-26", "say --revision 2025-03-26"),
    "2026-07-28": ("refuses every opening", "it may speak another revision: leave --revision out"),
}


@pytest.mark.parametrize("asked", ASKED)
def test_another_revision_than_asked(asked: str, tmp_path: Path) -> None:
    called, _ = odd(tmp_path, "older", revision=asked)
    assert called.code == 2
    message, hint = ASKED[asked]
    assert message in called.err
    assert hint in called.err.partition("hint: ")[2]


def test_a_process_that_dies_under_a_probe_is_started_again(tmp_path: Path) -> None:
    called, report = odd(tmp_path, "dies")
    failed = rows(report, "failed")
    (finding,) = [one for one in failed["robust.target.survives"]["findings"] if one["verdict"] == "failed"]
    assert "exited with code 70" in finding["why"]
    assert not finding.get("flaky")
    shown = [
        one for one in records(tmp_path / "journal.jsonl") if one["transcript"] == finding["evidence"]["transcript"]
    ]
    (guilty,) = [one for one in shown if one["seq"] in finding["evidence"]["records"] and one["way"] == "out"]
    assert json.dumps(guilty["text"])[:40] in finding["why"]  # the very bytes
    assert not _is_json(guilty["text"])
    assert f"--exchange {finding['exchange']}" in " ".join(called.out.split())
    exits = {one["transcript"] for one in records(tmp_path / "journal.jsonl") if one["kind"] == "exit"}
    assert len(exits) > 5  # it was started again and again
    for row in ("robust.json.malformed", "robust.json.truncated"):
        assert row in failed
    for row in ("robust.message.unknown-method", "mcp.ping.respond", "robust.size.long-string"):
        assert row in rows(report, "passed")  # and the rest was played
    assert "did not come back" not in called.err


def test_a_web_server_that_is_gone_after_a_probe(tmp_path: Path) -> None:
    with served("dies") as (url, process):
        called, report = run(tmp_path, url, children=True)
        assert process.wait(10) == 70
    assert called.code == 1, called.out
    failed = rows(report, "failed")
    assert set(failed) == {"robust.target.survives"}, {name: one["findings"][0]["why"] for name, one in failed.items()}
    findings = [one for one in failed["robust.target.survives"]["findings"] if one["verdict"] == "failed"]
    assert not any(one.get("flaky") for one in findings)
    named = [one for one in findings if "was lost while it was sent" in one["why"]]
    assert named
    by_place = {
        (one["transcript"], one["seq"]): one for one in records(tmp_path / "journal.jsonl") if one["way"] == "out"
    }
    guilty = [
        by_place[one["evidence"]["transcript"], seq]["text"]
        for one in named
        for seq in one["evidence"]["records"]
        if (one["evidence"]["transcript"], seq) in by_place
    ]
    assert any(not _is_json(text) for text in guilty), guilty
    assert rows(report, "passed")  # what was seen before stays
    blocked = rows(report, "blocked")
    assert blocked  # and what was not is no pass
    assert [one["level"] for one in report["told"] if "takes no connection any more" in one["text"]] == ["gone"]
    assert "the target is gone" in " ".join(called.out.split())
    assert "no second session" not in called.err


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):  # as the server's own parser finds it, which the depth alone defeats
        return False
    return True


def test_nothing_is_left(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    command = (sys.executable, str(SERVER), "dies", "stdio", str(pids))
    run(tmp_path, "--exchange", "mcp.robust.malformed", "--", *command)
    time.sleep(0.1)
    for pid in pids.read_text(encoding="ascii").split():
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid), 0)
