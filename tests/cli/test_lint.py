"""`wireproof lint`, and exchanges of one's own in a run: what can never come true is told."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.cli.calling import wireproof

ROOT = Path(__file__).resolve().parents[2]
PEER = (sys.executable, str(ROOT / "fixtures"), "mcp", "stdio")
HEAD = "topic: mine\nexchanges:\n- id: mine.one\n  title: t\n"
PING = "  steps:\n  - request: ping\n  - expect: {match: {}}\n    about: [mcp.ping.respond]\n"
CASES = {
    "needs": (
        HEAD + "  needs: [tool, calable]\n" + PING,
        ["`needs` names 'calable', which no survey finds", "did you mean callable?"],
    ),
    "fact": (
        HEAD + PING.replace("ping\n", 'ping\n    params: {a: "${liveliness}"}\n', 1),
        ["${liveliness}: no survey fact is called 'liveliness'", "did you mean liveness?"],
    ),
    "fact of another kind": (
        HEAD + "  for_each: tool\n" + PING.replace("ping\n", 'ping\n    params: {a: "${prompt.name}"}\n', 1),
        ["${prompt.name} has no meaning here", "it wants `for_each: prompt`"],
    ),
    "row": (HEAD + PING.replace("mcp.ping.respond", "zzz.qqq"), ["no requirement is called 'zzz.qqq'"]),
    "definition": (
        HEAD + PING.replace("match: {}", "schema: CallToolResponse"),
        ["nothing is defined as 'CallToolResponse' in", "did you mean CallToolRes"],
    ),
    "two verbs": (
        HEAD + PING.replace("- request: ping", "- {request: ping, notify: ping}"),
        ["holds 'request' and 'notify' at once", "exactly one of them may stand here"],
    ),
    "no verb": (HEAD + PING.replace("- request: ping", "- {name: ping}"), ["holds none of request, notify"]),
}


@pytest.mark.parametrize("case", CASES)
def test_what_can_never_come_true_is_told_once_with_its_place(case: str, tmp_path: Path) -> None:
    text, messages = CASES[case]
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    called = wireproof("lint", str(path))
    assert called.code == 1
    assert len(re.findall(rf"(?m)^wireproof: {re.escape(str(path))}:\d+: ", called.err)) == 1
    assert all(message in called.err for message in messages), called.err
    assert "did you mean ?" not in called.err
    assert "1 place, 1 problem" in called.out
    assert wireproof("run", "--exchanges", str(path), "--", "true").err == called.err


def test_what_is_fine_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    known = "  needs: [callable, 'without:resources', 'paged:tools/list', 'fixture:test_simple_text', 'token:narrow']\n"
    path.write_text(HEAD + known + "  for_each: callable\n" + PING, encoding="utf-8")
    called = wireproof("lint", str(path))
    assert (called.code, called.out) == (0, "1 exchange in 1 place, 0 problems\n")


@pytest.mark.parametrize(
    ("more", "row", "why"),
    [
        ("", "mcp.caching.hints-present", "nothing that it decides is in force there, or selected"),
        ('  until: "2025-06-18"\n', "mcp.ping.respond", "it is meant for other revisions or another transport"),
        ("  needs: ['without:tools']\n", "mcp.ping.respond", "it found no occasion, as it needs without:tools"),
    ],
)
def test_an_exchange_of_ones_own_that_is_not_played_is_told(more: str, row: str, why: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(HEAD + more + PING.replace("mcp.ping.respond", row), encoding="utf-8")
    words = ("--revision", "2025-11-25", "--select", "mcp.ping", "--journal", str(tmp_path / "journal.jsonl"))
    called = wireproof("run", *words, "--exchanges", str(path), "--", *PEER)
    assert called.code == 0
    assert f"the exchange mine.one was not played: {why}" in " ".join(called.err.split())
