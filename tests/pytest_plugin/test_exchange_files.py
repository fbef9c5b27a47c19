"""Exchanges of the user's own in a test tree: `*.exchange.yaml`."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.pytest_plugin.test_plugin import PEER, SINFUL

pytest_plugins = ["pytester"]
MINE = """
topic: tools
protocol: mcp
exchanges:
- id: mine.listed
  title: tools are listed
  since: "2025-06-18"
  steps:
  - request: tools/list
  - expect: {match: {"result": {"tools": []}}}
    or_lawful: {schema: {"type": "object", "required": ["error"]}}
    why: there are tools
    about: [mcp.tools.list]
- id: mine.echoed
  title: ids come back
  since: "2025-06-18"
  steps:
  - request: ping
    id: "42"
  - expect: {match: {"id": "42", "result": {}}}
    about: [mcp.base.response.id-echo]
"""


def play(pytester: pytest.Pytester, text: str, command: tuple[str, ...], *more: str) -> pytest.RunResult:
    Path(pytester.path / "mine.exchange.yaml").write_text(text, encoding="utf-8")
    words = ("--wireproof-revision", "2025-06-18", "--wireproof-revision", "2024-11-05", "-p", "no:cacheprovider")
    return pytester.runpytest_subprocess("mine.exchange.yaml", "--wireproof-stdio", shlex.join(command), *words, *more)


def test_a_file_is_an_item_for_each_revision_that_it_fits(pytester: pytest.Pytester) -> None:
    fine = MINE.replace('"result": {"tools": []}', '"jsonrpc": "2.0"')
    done = play(pytester, fine, PEER, "-k", "mine", "-rA")
    done.assert_outcomes(passed=1, deselected=done.parseoutcomes().get("deselected", 0))
    done.stdout.fnmatch_lines(["PASSED mine.exchange.yaml::stdio::2025-06-18::stdio"])


def test_what_it_decides_against_the_target_fails_with_the_exchange(pytester: pytest.Pytester) -> None:
    done = play(pytester, MINE, SINFUL, "-k", "mine")
    assert done.parseoutcomes()["failed"] == 1
    text = done.stdout.str()
    assert "Traceback" not in text
    assert "replay" in text


def test_what_is_wrong_in_it_is_told_with_its_line(pytester: pytest.Pytester) -> None:
    done = play(pytester, MINE.replace("request: ping", "reqest: ping"), PEER, "-k", "mine")
    assert done.ret == pytest.ExitCode.INTERRUPTED
    done.stdout.fnmatch_lines(["*mine.exchange.yaml:1*reqest*"])
