"""However items are chosen and spread, each has the verdict that `wireproof run` gives; and a worker that dies takes nobody with it."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.cli.calling import wireproof
from tests.pytest_plugin.test_plugin import PEER, Ran, run

REVISION = "2025-06-18"
SIN = (*PEER, "--sin", "cancellations-refused")
SHOWN = {"passed": "passed", "failure": "failed", "pytest.xfail": "failed", "pytest.skip": "skipped"}
"""What a test case of pytest's JUnit file is, to what it says of a verdict."""


def graded(folder: Path, *words: str) -> tuple[Ran, dict[str, str]]:
    """Of a pytest run the verdicts of its items, by requirement, from pytest's own JUnit file."""
    file = folder / "junit.xml"
    file.unlink(missing_ok=True)
    asked = ("--wireproof-stdio", shlex.join(SIN), "--wireproof-revision", REVISION, f"--junit-xml={file}")
    ran = run(folder, *asked, *words)
    found = {}
    for case in ET.parse(file).iter("testcase"):
        outcome = next((one for one in case if one.tag in ("failure", "error", "skipped")), None)
        tag = "passed" if outcome is None else outcome.get("type") or outcome.tag
        found[str(case.get("name"))] = SHOWN.get(tag, tag)
    return ran, found


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The verdicts of the command line, as the plugin shows them."""
    report = tmp_path_factory.mktemp("cli") / "report.json"
    called = wireproof("run", "--revision", REVISION, "-o", f"json:{report}", "--", *SIN)
    assert called.code == 1
    (lane,) = json.loads(report.read_text(encoding="utf-8"))["runs"]
    verdicts = {one["id"]: one["verdict"] for one in lane["requirements"]}
    return {row: verdict if verdict in ("passed", "failed") else "skipped" for row, verdict in verdicts.items()}


@pytest.mark.parametrize(
    "words",
    [
        ("-n", "2"),
        ("-k", "mcp.base or mcp.tools"),
        ("-m", "wireproof_must and wireproof_topic(name='base')"),
        ("-k", "mcp.base or mcp.ping", "-n", "2"),
    ],
    ids=" ".join,
)
def test_the_verdicts_are_those_of_the_command_line(
    tmp_path: Path, told: dict[str, str], words: tuple[str, ...]
) -> None:
    ran, found = graded(tmp_path, *words)
    assert ran.code == 1
    assert "failed" in found.values()
    assert found == {row: told[row] for row in found}


def test_the_last_failures_and_the_first(tmp_path: Path, told: dict[str, str]) -> None:
    again = ("-p", "cacheprovider")  # which the helper turns off
    _, first = graded(tmp_path, *again, "-k", "mcp.base or jsonrpc")
    failed = {row for row, verdict in first.items() if verdict == "failed" and told[row] == "failed"}
    ran, last = graded(tmp_path, *again, "-k", "mcp.base or jsonrpc", "--lf")
    assert ran.code == 1
    assert {row for row, verdict in last.items() if verdict == "failed"} <= failed
    assert last
    ran, stopped = graded(tmp_path, "-k", "mcp.base or jsonrpc", "-x")
    assert ran.code == 1
    assert sum(verdict == "failed" and row in failed for row, verdict in stopped.items()) <= 1
    assert stopped == {row: told[row] for row in stopped}


def test_a_worker_that_is_killed_while_it_plays_is_followed_by_another(tmp_path: Path) -> None:
    """The first server that starts kills who started it; the lock ends with that worker, and the next one plays."""
    (tmp_path / "server.py").write_text(
        f"""import os, pathlib, signal, sys
try:
    pathlib.Path(__file__).with_name("begun").touch(exist_ok=False)
except FileExistsError:
    os.execv(sys.executable, {[sys.executable, *PEER[1:]]!r})
os.kill(os.getppid(), signal.SIGKILL)
""",
        encoding="utf-8",
    )
    asked = ("--wireproof-stdio", shlex.join((sys.executable, str(tmp_path / "server.py"))))
    ran = run(tmp_path, *asked, "--wireproof-revision", REVISION, "-k", "mcp.ping or mcp.base", "-n", "2")
    assert ran.code == 1
    assert "crashed" in ran.out
    assert ran.counts["failed"] == 1  # the item that the killed worker was at
    assert ran.counts["passed"] > 10
