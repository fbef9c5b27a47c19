"""`wireproof history`: runs are remembered where there is a folder for it, and shown as a trend."""

from __future__ import annotations

import json
import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.calling import wireproof
from wireproof.report.history import NAME, PastLane, PastRun, history, remember
from wireproof.report.trend import sparkline

ROOT = Path(__file__).resolve().parent.parent.parent
PEER = (sys.executable, str(ROOT / "fixtures"), "mcp", "stdio")
LANE = PastLane(
    protocol="mcp",
    revision="2025-11-25",
    transport="stdio",
    name="II Protocol",
    passed=90,
    applicable=92,
    unobserved=3,
    partial=False,
    counts={"MUST": {"passed": 90, "failed": 2}},
)
RUN = PastRun(
    target="mine",
    started_at="2026-01-01T00:00:00+00:00",
    duration_s=1.5,
    suite_version="1",
    suite_digest="ab" * 32,
    seed=0,
    exit_code=1,
    interrupted=False,
    report="",
    lanes=(LANE,),
)


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".wireproof").mkdir()
    return tmp_path / ".wireproof"


def test_a_run_is_remembered_only_where_there_is_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = ("run", "--select", "mcp.ping", "--revision", "2025-11-25", "--journal", "j.jsonl", "--", *PEER)
    assert wireproof(*words).code == 0
    assert not (tmp_path / ".wireproof").exists()
    (tmp_path / ".wireproof").mkdir()
    assert wireproof(*words).code == 0
    (run,) = history(tmp_path / ".wireproof")
    assert (run.exit_code, run.seed, run.interrupted, run.report) == (0, 0, False, str(tmp_path / "j.jsonl"))
    (lane,) = run.lanes
    assert (lane.place, lane.partial, lane.broken("MUST")) == (("mcp", "2025-11-25", "stdio"), True, 0)
    (tmp_path / ".wireproof" / NAME).write_bytes(b"nothing of the kind" * 100)
    called = wireproof(*words)
    assert (called.code, "the history is damaged" in called.err, "passed" in called.out) == (0, True, True)


def test_the_trend(base: Path) -> None:
    for day, broken in enumerate((0, 6, 3, 2), 1):
        lane = replace(LANE, passed=92 - broken, counts={"MUST": {"failed": broken}})
        remember(base, replace(RUN, started_at=f"2026-01-0{day}T00:00:00+00:00", lanes=(lane,)))
    remember(base, replace(RUN, target="other\x1b[31m", started_at="2999-01-01T00:00:00+00:00", suite_digest="cd" * 32))
    called = wireproof("history")
    assert called.code == 0
    line = next(one for one in called.out.splitlines() if one.startswith("mine"))
    assert "█▁▄▅" in line
    assert "-1 broken MUST" in line
    assert "\x1b" not in called.out
    one = wireproof("history", "mine", "-o", "html:out/h.html")
    assert (one.code, one.out.index("2026-01-04 00:00") < one.out.index("2026-01-01 00:00")) == (0, True)
    page = Path("out/h.html").read_text(encoding="utf-8")
    assert page.count("<rect") == 8
    assert "2026-01-02: 86 of 92 passed" in page
    assert "dated in the future" in wireproof("history", "other\x1b[31m").out


def test_several_runs_end_at_once(base: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: remember(base, replace(RUN, target=str(number), seed=1 << 70)), range(40)))
    assert sorted(int(one.target) for one in history(base)) == list(range(40))


def test_what_is_no_history(base: Path) -> None:
    path = base / NAME
    assert (wireproof("history").code, "no history is kept here" in wireproof("history").err) == (2, True)
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE bookmarks (url TEXT)")
    other.close()
    assert "is no history of wireproof" in wireproof("history").err
    path.unlink()
    remember(base, RUN)
    near = wireproof("history", "mien")
    assert (near.code, "no run of 'mien'" in near.err, "it has mine" in near.err) == (2, True, True)
    assert wireproof("history", "-o", "pdf:x").code == 2
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    cut = wireproof("history")
    assert (cut.code, "hint: move it away" in cut.err) == (2, True)
    path.write_bytes(whole)
    database = sqlite3.connect(path)
    database.execute("UPDATE lane SET counts = ?", (json.dumps([1]),))
    database.commit()
    database.execute("PRAGMA user_version = 9")
    database.close()
    assert "format 9" in wireproof("history").err
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version = 1")
    database.close()
    spoilt = wireproof("history")
    assert (spoilt.code, "the history is damaged" in spoilt.err) == (2, True)


def test_bars() -> None:
    assert "".join(sparkline([0, 0])) == "██"
    assert "".join(sparkline([0, 1, 100])) == "█▇▁"
