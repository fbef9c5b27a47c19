"""The pytest plugin as its user meets it: a pytest of its own in a scratch project, over the reference peer."""

from __future__ import annotations

import importlib
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from wireproof.library.shelf import load_fixtures, shelf

PEER = (sys.executable, str(shelf("fixtures")), "mcp", "stdio")
SINFUL = (*PEER, "--sin", "response-id-retyped")
ROW = "mcp.base.response.id-echo"
HEAVY = ("hypothesis", "filelock", "httpx", "jsonschema", "jsonschema_rs", "rich", "yaml", "wireproof.api")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    code: int
    out: str

    @property
    def counts(self) -> Mapping[str, int]:
        """What pytest's last line says."""
        return {
            name: int(number)
            for number, name in re.findall(r"(\d+) (passed|failed|skipped|xfailed|error)", self.out.splitlines()[-1])
        }


def run(folder: Path, *words: str) -> Ran:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Ran(code=done.returncode, out=done.stdout + done.stderr)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "test_own.py").write_text("def test_own():\n    pass\n", encoding="utf-8")
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nfilterwarnings = error\naddopts = --strict-markers\n", encoding="utf-8"
    )
    return tmp_path


def configure(folder: Path, command: tuple[str, ...] = SINFUL, more: str = "") -> None:
    text = f'{more}[targets.mine]\ncommand = {json.dumps(command)}\nrevisions = ["2025-11-25"]\n'
    (folder / "wireproof.toml").write_text(text, encoding="utf-8")


def test_an_idle_plugin_loads_nothing(project: Path) -> None:
    names = ", ".join(map(repr, HEAVY))
    code = f"import sys\ndef test_idle():\n    assert 'wireproof.pytest_plugin' in sys.modules\n    assert not {{{names}}} & set(sys.modules)\n"
    (project / "test_idle.py").write_text(code, encoding="utf-8")
    configure(project)
    ran = run(project)
    assert (ran.code, ran.counts) == (0, {"passed": 2})


def test_zero_code(project: Path) -> None:
    ran = run(project, "--wireproof-stdio", shlex.join(SINFUL), "-k", f"{ROW} or test_own")
    assert ran.code == 1
    assert ran.counts == {"failed": 5, "passed": 1}
    assert "Traceback" not in ran.out
    assert "replay wireproof run --exchange" in ran.out
    assert "5 requirements: 5 failed" in ran.out
    again = re.search(r"rerun +pytest (.*(?:\n {9}.*)*)", ran.out)
    assert again is not None
    words = shlex.split(" ".join(line.strip() for line in again[1].splitlines()))
    once = run(project, *words)
    assert (once.code, once.counts) == (1, {"failed": 1})


def test_collection_starts_nothing(project: Path) -> None:
    ran = run(project, "--co", "--wireproof-stdio", "this-command-does-not-exist")
    assert ran.code == 0
    assert f"wireproof::stdio::mcp::2026-07-28::stdio::{ROW}" in ran.out
    assert not (project / ".wireproof").exists()


def test_configured_items_are_accepted_back(project: Path) -> None:
    configure(project)
    every = run(project, "--wireproof", "-k", ROW)
    name = f"wireproof.toml::mine::mcp::2025-11-25::stdio::{ROW}"
    assert (every.code, every.counts) == (1, {"failed": 1})
    assert f"FAILED {name}" in every.out
    alone = run(project, name)
    assert (alone.code, alone.counts) == (1, {"failed": 1})
    assert "wireproof run --exchange" in alone.out
    by_marker = run(
        project,
        "--wireproof",
        "-m",
        "wireproof_topic(name='ping') and wireproof_must and wireproof_transport(name='stdio')",
    )
    assert by_marker.counts == {"passed": 1}


def test_workers_share_one_run(project: Path) -> None:
    configure(project, (*PEER, "--sin", "error-without-message"))
    alone = run(project, "--wireproof", "-m", "wireproof_topic(name='base') or wireproof_topic(name='ping')")
    spread = run(
        project, "-n", "2", "--wireproof", "-m", "wireproof_topic(name='base') or wireproof_topic(name='ping')"
    )
    assert spread.counts == alone.counts
    assert len(list((project / ".wireproof" / "runs").iterdir())) == 2
    told = re.findall(r"^\d+ requirements: .*$", alone.out + "\n" + spread.out, re.MULTILINE)
    assert len(told) == 2
    assert told[0] == told[1]


def test_a_broken_should_is_an_expected_failure(project: Path) -> None:
    configure(project, (*PEER, "--sin", "unknown-tool-fails-softly"))
    row = "mcp.tools.unknown-tool-error"
    usual = run(project, "--wireproof", "-k", row, "-rx")
    assert (usual.code, usual.counts) == (0, {"xfailed": 1})
    assert "SHOULD: " in usual.out
    strict = run(project, "--wireproof", "--wireproof-strict", "-k", row)
    assert (strict.code, strict.counts) == (1, {"failed": 1})


def test_a_revision_that_is_not_offered_is_one_skipped_item(project: Path) -> None:
    words = shlex.join((*PEER, "--revisions", "2025-11-25"))
    ran = run(
        project,
        "--wireproof-stdio",
        words,
        "-k",
        f"{ROW} or mcp.ping",
        "--wireproof-revision",
        "2025-06-18",
        "--wireproof-revision",
        "2025-11-25",
        "-rs",
    )
    assert (ran.code, ran.counts["skipped"]) == (0, 1)
    assert "SKIPPED [1] wireproof::stdio: mcp." in ran.out
    assert "2025-06-18 over stdio: not offered" in ran.out


def test_an_agent_is_known_by_its_card(project: Path) -> None:
    agent = importlib.import_module(f"{load_fixtures().__name__}.a2a").serve_agent()
    try:
        alone = run(project, "--wireproof-url", agent.url, "-k", "a2a.card or a2a.versioning")
        spread = run(project, "-n", "2", "--wireproof-url", agent.url, "-k", "a2a.card or a2a.versioning")
        other = run(project, "--co", "--wireproof-url", agent.url, "--wireproof-protocol", "mcp")
    finally:
        agent.close()
    assert (alone.code, spread.code, spread.counts) == (0, 0, alone.counts), alone.out + spread.out
    assert alone.counts["passed"] > 10
    assert "taken for an A2A agent" in alone.out
    assert "wireproof::http::mcp::2025-11-25::http::" in other.out


def test_a_target_that_does_not_start_is_one_error(project: Path) -> None:
    code = "import sys; sys.exit('the database is missing')"
    ran = run(project, "--wireproof-stdio", shlex.join((sys.executable, "-c", code)), "-k", "mcp.base or test_own")
    assert ran.code == 1
    assert ran.counts == {"error": 1, "passed": 1}
    assert "the database is missing" in ran.out
    assert "Traceback" not in ran.out
    configure(project, (sys.executable, "-c", code))
    named = run(project, "--wireproof", "-k", "mcp.base or test_own")
    assert (named.code, named.counts) == (1, {"error": 1, "passed": 1})
    assert "wireproof.toml:1: " in named.out


def test_known_failures_and_stale_entries(project: Path) -> None:
    configure(project, more="")
    words = ("run", "mine", "--select", ROW, "--journal", "first.jsonl")
    subprocess.run(
        [sys.executable, "-m", "wireproof", *words], cwd=project, capture_output=True, check=False, timeout=60
    )
    done = subprocess.run(
        [sys.executable, "-m", "wireproof", "bless", "first.jsonl"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    known = run(project, "--wireproof", "-k", f"{ROW}", "-rx")
    assert (known.code, known.counts) == (0, {"xfailed": 1})
    assert "known: " in known.out


@pytest.mark.parametrize(
    ("text", "words", "told"),
    [
        ('[targets.mine]\ncomand = ["x"]\n', ("--wireproof",), "wireproof.toml:2"),
        ('[targets.mine]\ncommand = ["x"]\n', ("--wireproof-target", "mime"), "did you mean mine?"),
        (None, ("--wireproof",), "wireproof init"),
        (None, ("--wireproof-url", "localhost:3"), "is no http:// or https:// address"),
        (None, ("--wireproof-url", "http://127.0.0.1:1", "--wireproof-protocol", "a3a"), "installed: mcp, a2a"),
        (None, ("-n", "1", "--wireproof-stdio", "x", "--wireproof-revision", "2025"), "2025-11-25"),
        (None, ("--wireproof-stdio", "'"), "No closing quotation"),
        (None, ("--wireproof-stdio", "x", "--wireproof-revision", "2025-11-26"), "2025-11-25"),
    ],
)
def test_what_cannot_be_meant(project: Path, text: str | None, words: tuple[str, ...], told: str) -> None:
    if text is not None:
        (project / "wireproof.toml").write_text(text, encoding="utf-8")
    ran = run(project, *words)
    assert ran.code == pytest.ExitCode.USAGE_ERROR
    assert told in ran.out
    assert "Traceback" not in ran.out


def test_a_report_in_a_test(project: Path) -> None:
    code = f"""
import wireproof

def test_mine(wireproof_report):
    selection = wireproof.Selection(revisions=("2025-11-25",), select=({ROW!r},))
    report = wireproof_report({list(SINFUL)!r}, options=wireproof.Options(selection=selection))
    assert [row.requirement.id for _, row in report.failures] == [{ROW!r}]
"""
    (project / "test_report.py").write_text(code, encoding="utf-8")
    ran = run(project, "test_report.py")
    assert (ran.code, ran.counts) == (0, {"passed": 1}), ran.out


def test_two_files_may_have_targets_of_one_name(project: Path) -> None:
    for name, command in (("good", PEER), ("bad", SINFUL)):
        (project / name).mkdir()
        configure(project / name, command)
    ran = run(project, "good/wireproof.toml", "bad/wireproof.toml", "-k", ROW)
    assert (ran.code, ran.counts) == (1, {"failed": 1, "passed": 1}), ran.out
    assert f"FAILED bad/wireproof.toml::mine::mcp::2025-11-25::stdio::{ROW}" in ran.out
