"""`wireproof selftest`: what its summary and its JSON say."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.calling import wireproof


def test_a_few_peers_by_name(tmp_path: Path) -> None:
    path = tmp_path / "selftest.json"
    called = wireproof(
        "selftest", "ping-never-answered", "tool-name-twice", "lower-case-headers", "--json", str(path), "-v"
    )
    assert called.code == 0
    assert "caught    ping-never-answered (2025-11-25 memory): mcp.ping.respond" in called.out
    assert "fine      lower-case-headers" in called.out
    assert "2/2 sins caught" in called.out
    assert "1 lawful peer, 0 trials of the reference peer: 0 false alarms" in called.out
    made = {one["name"]: one for one in json.loads(path.read_text(encoding="utf-8"))}
    assert made["ping-never-answered"]["hardness"] == "hard"
    assert made["ping-never-answered"]["killed"] is True
    assert made["ping-never-answered"]["first"] in ("mcp.ping.respond", "jsonrpc.request.answered")


def test_a_name_that_nobody_bears() -> None:
    called = wireproof("selftest", "no-such-peer")
    assert called.code == 2
    assert "no-such-peer" in called.err
