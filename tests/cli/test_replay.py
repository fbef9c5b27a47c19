"""`wireproof replay`: one exchange of a journal, again, where and as it was recorded."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.cli.calling import Called, journal_lines, no_child_is_left, wireproof

ROOT = Path(__file__).resolve().parents[2]
PEER = (sys.executable, str(ROOT / "fixtures"), "mcp", "stdio")
SIN = ("--sin", "response-id-retyped")
TWO = ("--revision", "2025-11-25", "--revision", "2025-06-18")
OWN = """
topic: mine
exchanges:
- id: mine.two-pings
  title: two pings
  steps:
  - request: ping
  - expect: {match: {result: {}}}
    about: [mcp.ping.respond]
  - request: ping
  - expect: {match: {result: {never: 1}}}
    about: [mcp.ping.respond]
    why: the second one
"""


def play(tmp_path: Path, *words: str) -> str:
    """Runs it; the path of its journal."""
    journal = str(tmp_path / "journal.jsonl")
    wireproof("run", "--timeout", "2", "--journal", journal, *words)
    return journal


def heads(called: Called, name: str) -> list[str]:
    return re.findall(rf"(?m)^{re.escape(name)}  (\S+) over stdio$", called.out)


def test_one_exchange_in_the_revisions_that_have_it_and_nothing_else(tmp_path: Path) -> None:
    journal = play(tmp_path, *TWO, "--select", "mcp.ping", "--", *PEER, *SIN)
    both = wireproof("replay", journal, "mcp.ping.answered")
    assert heads(both, "mcp.ping.answered") == ["2025-11-25", "2025-06-18"]
    rows = re.findall(r"(?m)^(.) (\S+)  [A-Z]", both.out)
    assert ("✓", "mcp.ping.respond") in rows
    assert {name for sign, name in rows if sign == "✗"} == {"mcp.base.response.id-echo", "jsonrpc.response.id-echo"}
    assert not [name for _, name in rows if name.startswith(("mcp.tools.", "mcp.lifecycle."))]
    assert re.search(r'(?m)^ > ->.*"method":"ping"', both.out)
    assert re.search(r'(?m)^ > <-.*"result":\{\}', both.out)
    assert "initialize" not in both.out
    assert both.code == 1
    one = wireproof("replay", journal, "mcp.ping.answered", "--revision", "2025-06-18")
    assert heads(one, "mcp.ping.answered") == ["2025-06-18"]
    assert no_child_is_left()


def test_what_holds_is_shown_with_its_messages_too(tmp_path: Path) -> None:
    journal = play(tmp_path, *TWO, "--select", "mcp.ping", "--", *PEER, *SIN)
    other = wireproof("replay", journal, "mcp.ping.answered", "--revision", "2025-06-18", "--", *PEER)
    assert other.code == 0
    assert "✗" not in other.out
    assert re.search(r'(?m)^   <-.*"result":\{\}', other.out)
    assert re.search(r"(?m)^1 exchange: \d+ passed", other.out)


def test_what_was_not_recorded_is_refused(tmp_path: Path) -> None:
    journal = play(tmp_path, *TWO, "--select", "mcp.ping", "--", *PEER)
    called = wireproof("replay", journal, "mcp.ping.answered", "--revision", "2024-11-05")
    assert (called.code, "was not played in 2024-11-05" in called.err) == (2, True)
    assert "2025-11-25, 2025-06-18" in called.err
    called = wireproof("replay", journal, "mcp.ping.answer")
    assert (called.code, "it has mcp.ping.answered" in called.err) == (2, True)


def test_an_exchange_of_ones_own_comes_from_the_journal(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(OWN, encoding="utf-8")
    journal = play(tmp_path, *TWO, "--exchanges", str(file), "--exchange", "mine.two-pings", "--", *PEER)
    shown = wireproof("report", journal)
    assert f"--exchanges {file}" in shown.out  # so that the printed command works
    file.unlink()
    again = wireproof("replay", journal, "mine.two-pings")
    assert heads(again, "mine.two-pings") == ["2025-11-25", "2025-06-18"]
    assert "the second one" in again.out
    assert again.code == 1


def test_a_replay_uses_the_options_of_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIREPROOF_TEST_NEEDED", "1")
    code = (
        "import os, runpy, sys; os.environ['WIREPROOF_TEST_NEEDED'] == '1' or sys.exit(3); sys.argv[1:] = ['mcp', 'stdio']; "
        f"runpy.run_path({str(ROOT / 'fixtures')!r}, run_name='__main__')"
    )
    target = (sys.executable, "-c", code)
    words = ("--revision", "2025-11-25", "--select", "mcp.ping", "--env", "WIREPROOF_TEST_NEEDED", "--call", "add={}")
    journal = play(tmp_path, *words, "--", *target)
    started = next(line for line in journal_lines(Path(journal)) if line.get("event") == "run-started")
    assert started["options"]["words"] == ["--env", "WIREPROOF_TEST_NEEDED", "--timeout", "2", "--call", "add={}"]
    assert wireproof("replay", journal, "mcp.ping.answered", "--revision", "2025-11-25").code == 0
    monkeypatch.delenv("WIREPROOF_TEST_NEEDED")
    again = wireproof("replay", journal, "mcp.ping.answered")
    assert (again.code, "WIREPROOF_TEST_NEEDED" in again.err) == (2, True)
