"""Baseline files: written and read again, and what is refused at which line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from wireproof.engine.suite import Suite
from wireproof.library.baseline import baseline_text, load_baseline
from wireproof.model.baseline import Entry
from wireproof.model.errors import UsageError

ROW = "mcp.base.response.id-echo"
HOSTILE = 'a "b"\n- fingerprint: x #\x1b[31m \u202e: {'
HEAD = 'format: 1\nknown:\n- fingerprint: "0123456789ab"\n  requirement: mcp.base.response.id-echo\n  revision: 2025-11-25\n'
TAIL = "  transport: stdio\n  reason: x\n  since: 2026-01-01\n"


def entry(name: str = "0123456789ab", **parts: object) -> Entry:
    usual = {
        "requirement": ROW,
        "revision": "2025-11-25",
        "transport": "stdio",
        "reason": "r",
        "since": date(2026, 1, 1),
    }
    return Entry(**{**usual, "fingerprint": name, **parts})  # type: ignore[arg-type]


def test_what_is_written_is_read_again(tmp_path: Path, suite: Suite) -> None:
    every = [
        entry("1e5000000000", subject=HOSTILE, reason=HOSTILE, expires=date(2027, 2, 3), link="https://x.example/#1"),
        entry("000000000012", exchange="a.b[c: d]", target="null", reason="true"),
        entry("abcdefabcdef", flaky=True),
    ]
    path = tmp_path / "wireproof-baseline.yaml"
    path.write_text(baseline_text(every, {"1e5000000000": HOSTILE, "abcdefabcdef": "found\x00"}), encoding="utf-8")
    read = load_baseline(path, suite.catalogue).entries
    told = {one.fingerprint: one for one in read}
    for one in every:
        back = told[one.fingerprint]
        for name in ("requirement", "subject", "exchange", "target", "reason", "since", "expires", "link", "flaky"):
            assert getattr(back, name) == getattr(one, name)
    lines = path.read_text(encoding="utf-8").splitlines()
    for one in read:
        assert one.fingerprint in lines[one.line - 1]
        assert one.line <= one.end <= len(lines)


REFUSED = {
    "unknown requirement": (HEAD.replace("id-echo", "id-ecoh") + TAIL, 4, "mcp.base.response.id-ecoh", ROW),
    "unknown revision": (HEAD.replace("2025-11-25", "2025-11-52") + TAIL, 5, "2025-11-52", "2025-11-25"),
    "unknown member": (HEAD + TAIL + "  expiers: 2027-01-01\n", 9, "expiers", "'expires'"),
    "no fingerprint": (HEAD.replace("0123456789ab", "0123") + TAIL, 3, "0123", ""),
    "no day": (HEAD + TAIL + "  expires: 2027-02-30\n", 9, "2027-02-30 is no day", ""),
    "no reason": (HEAD + TAIL.replace("  reason: x\n", ""), 3, "reason", ""),
    "twice": (HEAD + TAIL + HEAD.partition("known:\n")[2] + TAIL, 9, "a second time", "first in line 3"),
    "another format": ("format: 2\n", 1, "format", ""),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_wrong_is_told_with_its_line(case: str, tmp_path: Path, suite: Suite) -> None:
    text, line, message, hint = REFUSED[case]
    path = tmp_path / "b.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        load_baseline(path, suite.catalogue)
    assert caught.value.where.endswith(f"b.yaml:{line}")
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_one_file_serves_targets_of_several_protocols(tmp_path: Path, suite: Suite) -> None:
    path = tmp_path / "b.yaml"
    entry = (
        '- {{fingerprint: "{}", requirement: {}, revision: "{}", transport: {}, reason: "x", since: "2026-03-01"}}\n'
    )
    entries = (
        entry.format("0" * 12, "mcp.ping.respond", "2025-11-25", "stdio"),
        entry.format("1" * 12, "a2a.send.terminal-task", "1.0", "jsonrpc"),
        entry.format("2" * 12, "jsonrpc.error.object", "1.0", "rest"),
    )
    path.write_text("format: 1\nknown:\n" + "".join(entries), encoding="utf-8")
    assert len(load_baseline(path, suite.catalogue).entries) == 3
    path.write_text(path.read_text(encoding="utf-8").replace('"1.0", transport: jsonrpc', '"1.1", transport: jsonrpc'))
    with pytest.raises(UsageError, match=r"no revision is called '1\.1'") as caught:
        load_baseline(path, suite.catalogue)
    assert (caught.value.where.endswith("b.yaml:4"), caught.value.hint) == (True, "did you mean 1.0?")
