"""`wireproof matrix`: many reports side by side, in the terminal, as Markdown and JSON, and as pages."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest

import wireproof as package
from tests.cli.calling import wireproof
from wireproof.engine.plan import Selection
from wireproof.engine.run import Options
from wireproof.engine.selftest import fixtures
from wireproof.library.schemas import own_problem
from wireproof.model.events import Judged, RunStarted
from wireproof.model.target import Target
from wireproof.model.verdict import Finding, Verdict
from wireproof.report.journal import JournalWriter
from wireproof.report.json import report_value

Save = Callable[..., Path]
HOSTILE: Final = (
    """</script><script>alert(1)</script><img src=x onerror=alert(2)>|`\x1b[31m"'[a](javascript:alert(3))"""
)


@pytest.fixture(scope="module")
def value() -> dict[str, Any]:
    """A report of a server that breaks one row, as if all had been played."""
    _, sins, _ = fixtures()
    from wireproof_fixtures.mcp import serve_lines

    sin = next(one for one in sins if one.name == "ping-answered-with-content")
    target = Target(name="first", serve=partial(serve_lines, sin), timeout=1.0, startup_wait=1.0)
    selection = Selection(
        revisions=("2025-11-25",), select=("mcp.ping", "mcp.base.response"), deciding=("mcp.ping.respond",)
    )
    made = json.loads(json.dumps(report_value(package.run(target, options=Options(selection=selection)))))
    for run in made["runs"]:
        del run["partial"]
    found: dict[str, Any] = made
    return found


@pytest.fixture
def save(value: dict[str, Any], tmp_path: Path) -> Save:
    """save(name, day=1, kept=False, **members) writes a report; `kept`: the row was kept."""

    def write(name: str, *, day: int = 1, kept: bool = False, file: str = "", **members: Any) -> Path:
        made = copy.deepcopy(value) | {"started_at": f"2026-01-{day:02}T00:00:00+00:00"} | members
        made["target"]["name"] = name
        for run in made["runs"] if kept else ():
            for row in run["requirements"]:
                row["findings"] = [one for one in row["findings"] if one["verdict"] != "failed"]
                row["verdict"] = "passed" if row["verdict"] == "failed" else row["verdict"]
        path = tmp_path / "reports" / f"{file or name}-{day}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(made), encoding="utf-8")
        return path

    return write


def unwrapped(text: str) -> str:
    """What a narrow terminal has broken into lines."""
    return " ".join(text.split())


def test_side_by_side(save: Save, tmp_path: Path) -> None:
    save("first")
    save("second", kept=True)
    called = wireproof(
        "matrix", str(tmp_path / "reports"), "-o", f"json:{tmp_path}/m.json", "-o", f"markdown:{tmp_path}/m.md"
    )
    assert called.code == 0, called.err
    assert re.search(r"mcp\.ping\.respond +MUST +✗1 +✓1", called.out)
    made = json.loads((tmp_path / "m.json").read_text())
    assert own_problem("matrix", made) is None
    row = next(one for one in made["requirements"] if one["id"] == "mcp.ping.respond")
    assert (row["broken"], row["kept"]) == (1, 1)
    assert row["verdicts"] == {"first": {"2025-11-25/memory": "failed"}, "second": {"2025-11-25/memory": "passed"}}
    assert "| mcp.ping.respond | MUST | ✗1 | ✓1 |" in (tmp_path / "m.md").read_text()


def test_what_is_too_wide_for_a_terminal_comes_in_parts(
    save: Save, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for number in range(16):
        save(f"server-{number:02}", kept=number in (0, 3, 4, 5))
    called = wireproof("matrix", str(tmp_path / "reports"))
    assert re.search(r"mcp\.ping\.respond +MUST +✗ 2-3 7-16 +✓ 1 4-6", called.out)
    assert max(map(len, called.out.splitlines())) <= 80


def test_agents_stand_beside_servers(save: Save, tmp_path: Path) -> None:
    journal = tmp_path / "agent.jsonl"
    row = "a2a.caching.cache-control"
    finding = Finding(requirement=row, verdict=Verdict.FAILED, why="no header", check="c", fingerprint="0" * 12)
    begun = RunStarted(
        versions={}, suite={"protocol": "a2a"}, target={"name": "agent"}, seed=1, started_at="2026-01-01T00:00:00+00:00"
    )
    with JournalWriter(journal) as write:
        write(begun)
        write(Judged(protocol="a2a", revision="1.0", transport="jsonrpc", findings=(finding,)))
    words = ("--mixed", str(save("first")), str(journal), "-o", f"html:{tmp_path}/site")
    called = wireproof("matrix", *words)
    assert (called.code, "A2A 1.0" in called.out, "MCP 2025-11-25" in called.out) == (0, True, True), called.err
    assert "or of a run that was interrupted or cut short" in unwrapped(called.out)
    page = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert [found in page for found in ('class="kind">MCP', 'class="kind">A2A', f"requirements/{row}.html")] == [
        True
    ] * 3
    of_row = (tmp_path / "site" / "requirements" / f"{row}.html").read_text(encoding="utf-8")
    assert ("<bdi>agent</bdi>" in of_row, "<bdi>first</bdi>" in of_row) == (
        True,
        False,
    )  # the row means nothing to a server
    assert "cut off" in wireproof("report", str(journal)).out
    same = wireproof("compare", str(journal), str(journal))
    assert (same.code, "interrupted" in same.out) == (0, True)


def test_the_newest_whole_run_speaks(save: Save, tmp_path: Path) -> None:
    save("first", day=1)
    save("first", day=2, kept=True)
    save("first", day=3, interrupted=True)
    called = wireproof("matrix", str(tmp_path / "reports"), "-o", f"html:{tmp_path}/site")
    assert called.code == 0, called.err
    assert "0 broken by somebody" in called.out
    assert "first-3.json is of a part of the suite" in unwrapped(called.out)
    page = (tmp_path / "site" / "implementations" / "first.html").read_text()
    assert page.index("2026-01-03T") < page.index("2026-01-02T") < page.index("2026-01-01T")
    assert "fixed" in page


def test_pages_of_who_breaks_it(save: Save, tmp_path: Path) -> None:
    save("first")
    save("second", kept=True)
    assert wireproof("matrix", str(tmp_path / "reports"), "-o", f"html:{tmp_path}/site").code == 0
    page = (tmp_path / "site" / "requirements" / "mcp.ping.respond.html").read_text()
    assert 'href="../implementations/first.html"' in page
    assert "wireproof run --exchange" in page
    assert own_problem("matrix", json.loads((tmp_path / "site" / "matrix.json").read_text())) is None
    for one in (tmp_path / "site").rglob("*.html"):
        links = re.findall(r'href="([^":]+)"', one.read_text())
        assert [link for link in links if not link.startswith("#") and not (one.parent / link).exists()] == []
    assert wireproof("matrix", str(tmp_path / "reports"), "-o", f"html:{tmp_path}/site").code == 0


def test_hostile_names_are_text(save: Save, tmp_path: Path) -> None:
    path = save(HOSTILE, file="hostile")
    called = wireproof("matrix", str(path), "-o", f"html:{tmp_path}/site", "-o", f"markdown:{tmp_path}/m.md")
    assert called.code == 0, called.err
    assert "\x1b[31m" not in called.out
    for one in (tmp_path / "site").rglob("*.html"):
        text = one.read_text()
        assert len(re.findall("<script", text)) == 1
        assert "<img" not in text
    assert re.search(r"(?<!\\)[<\[`]", (tmp_path / "m.md").read_text()) is None


def test_reports_that_cannot_stand_side_by_side(save: Save, tmp_path: Path) -> None:
    first = save("first")
    twice = save("first", file="copy")
    called = wireproof("matrix", str(first), str(twice))
    assert (called.code, "of the same target and run" in called.err) == (2, True)
    other = save("second", suite={"version": "1", "digest": "0" * 64, "protocol": "mcp", "set": "set-1"})
    called = wireproof("matrix", str(first), str(other))
    assert (called.code, "2 different suites" in called.err, "--mixed" in called.err) == (2, True, True)
    called = wireproof("matrix", str(first), str(other), "--mixed")
    assert (called.code, "2 different suites" in called.out) == (0, True)
    ahead = save("third", started_at="2999-01-01T00:00:00+00:00")
    assert "dated in the future" in unwrapped(wireproof("matrix", str(first), str(ahead)).out)
    (tmp_path / "empty").mkdir()
    assert wireproof("matrix", str(tmp_path / "empty")).code == 2
    assert wireproof("matrix", str(first), "-o", "pdf:x").code == 2
    assert wireproof("matrix", str(first), "-o", f"html:{tmp_path / 'reports'}").code == 2


def test_journals_that_are_torn(tmp_path: Path) -> None:
    """Before it says what was played nothing can be told; a later one has judged nothing, which is said."""
    from wireproof.model.events import RunStarted
    from wireproof.report.journal import event_line

    path = tmp_path / "torn.jsonl"
    started = RunStarted(
        versions={}, suite={"digest": "ab"}, target={"name": "torn"}, seed=0, started_at="2026-01-01T00:00:00+00:00"
    )
    line = json.dumps(event_line(started))
    path.write_text('{"journal":1}\n' + line[:40], encoding="utf-8")
    called = wireproof("matrix", str(path))
    assert (called.code, "ends before it says what was played" in called.err) == (2, True)
    path.write_text('{"journal":1}\n' + line + '\n{"event":"rec', encoding="utf-8")
    called = wireproof("matrix", str(path))
    assert (called.code, "judged nothing" in called.out) == (0, True)
