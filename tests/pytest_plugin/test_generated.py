"""Generated exchanges as test items, under the user's own Hypothesis profile."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.pytest_plugin.test_plugin import run

SERVER = """
import json, sys

TOOL = {
    "name": "half",
    "inputSchema": {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]},
    "annotations": {"readOnlyHint": True, "openWorldHint": False},
}
START = {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": {"name": "half", "version": "1"}}
for line in sys.stdin:
    try:
        said = json.loads(line)
    except ValueError:
        continue
    if not isinstance(said, dict) or "id" not in said:
        continue
    method, params, answer = said.get("method"), said.get("params") or {}, {"jsonrpc": "2.0", "id": said["id"]}
    if method == "initialize":
        answer["result"] = START
    elif method == "tools/list":
        answer["result"] = {"tools": [TOOL]}
    elif method == "tools/call" and params.get("name") == "half":
        number = (params.get("arguments") or {}).get("n")
        least = isinstance(number, int) and number < 0
        answer["result"] = {"content": "negative" if least else [{"type": "text", "text": str(number)}]}
    elif method == "ping":
        answer["result"] = {}
    else:
        answer["error"] = {"code": -32602 if method == "tools/call" else -32601, "message": "unknown"}
    print(json.dumps(answer), flush=True)
"""
PROFILE = """
from hypothesis import settings

settings.register_profile("few", max_examples=3, derandomize=True, database=None)
settings.load_profile("few")
"""
ROW = "mcp.schema.server.tools-call-result"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "server.py").write_text(SERVER, encoding="utf-8")
    (tmp_path / "conftest.py").write_text(PROFILE, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nfilterwarnings = error\naddopts = --strict-markers\n", encoding="utf-8"
    )
    lines = (
        f"[targets.half]\ncommand = {json.dumps([sys.executable, 'server.py'])}\n"
        f'revisions = ["2025-11-25"]\nselect = ["{ROW}"]\ndepth = "quick"\n'
    )
    (tmp_path / "wireproof.toml").write_text(lines, encoding="utf-8")
    return tmp_path


def test_what_search_found_is_told_by_an_item_of_its_own(project: Path) -> None:
    ran = run(project, "--wireproof", "-rA")
    assert (ran.code, ran.counts) == (1, {"failed": 1, "passed": 1}), ran.out
    assert f"PASSED wireproof.toml::half::mcp::2025-11-25::stdio::{ROW}" in ran.out
    assert "FAILED wireproof.toml::half::mcp::2025-11-25::stdio::generated" in ran.out
    assert '"arguments":{"n":-1}' in "".join(line.strip() for line in ran.out.splitlines())
    assert "Traceback" not in ran.out
    assert "examples drawn" in ran.out
    (kept,) = (project / "wireproof-failures").iterdir()
    assert f"file   wireproof-failures/{kept.name}" in ran.out
    assert "replay wireproof run --exchange mcp.generated." in ran.out
    journal = next((project / ".wireproof" / "runs").iterdir()) / "journal.jsonl"
    said = {"depth": "quick", "examples": 3, "failures": "wireproof-failures"}
    assert json.dumps(said, separators=(",", ":")) in journal.read_text(encoding="utf-8")


def test_without_its_item_nothing_is_generated(project: Path) -> None:
    ran = run(project, "--wireproof", "-m", "not wireproof_generated")
    assert (ran.code, ran.counts) == (0, {"passed": 1}), ran.out
    assert not (project / "wireproof-failures").exists()


def test_a_depth_that_there_is_not(project: Path) -> None:
    ran = run(project, "--wireproof", "--wireproof-depth", "deep")
    assert ran.code == pytest.ExitCode.USAGE_ERROR
    assert "there are quick, standard, thorough" in ran.out
