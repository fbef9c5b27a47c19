"""What is said while a run goes on."""

from __future__ import annotations

import os

import pytest

from wireproof.cli.progress import Progress
from wireproof.model.events import ExchangePlayed, Planned, Told, TranscriptOpened

PLACE = {"protocol": "mcp", "revision": "2025-11-25", "transport": "stdio"}
EVIL = "\x1b]0;owned\x07\r\nname"


def planned(revision: str, *exchanges: str, calls: tuple[str, ...]) -> Planned:
    place = {**PLACE, "revision": revision}
    return Planned(exchanges=exchanges, omitted={}, judged=(), selection={}, calls=calls, **place)


def events(progress: Progress) -> None:
    with progress:
        progress(TranscriptOpened(transcript="t1", purpose="main", **PLACE))
        progress(Told(text="2025-11-25 over stdio: offered", level="offer"))
        for revision in ("2025-11-25", "2025-06-18"):
            progress(planned(revision, "a", "b", calls=(EVIL, "add")))
        progress(planned("2025-03-26", calls=("add", "old")))
        progress(ExchangePlayed(transcript="t1", exchange="a", span=f"a[{EVIL}]" + "x" * 200, literal={}))
        progress(Told(text=f"could not {EVIL}", level="warning"))


def test_without_a_terminal_only_what_must_be_said_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    events(Progress(enabled=False))
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "wireproof: 2 tools will be called, in one revision or more: \\x1b]0;owned\\x07\\r\\nname, add",
        "wireproof: to be called besides, in 2025-03-26: old",
        "wireproof: could not \\x1b]0;owned\\x07\\r\\nname",
    ]


def test_on_a_terminal_one_line_is_rewritten(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.get_terminal_size", lambda *_: os.terminal_size((60, 24)))
    events(Progress(enabled=True))
    err = capsys.readouterr().err
    drawn = err.replace("\r\x1b[2K", "\v").split("\v")
    assert "\x1b" not in "".join(drawn)
    assert "2025-11-25 over stdio: offered" in drawn
    assert any(one.startswith("1/4 2025-11-25 stdio a[") and len(one) == 59 for one in drawn)
    assert drawn[-1] == ""  # nothing of it stays
