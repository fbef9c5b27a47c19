"""What the command line prints fits where it goes: commands that work from there, and no escape sequences where none are wanted."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from wireproof.cli.outputs import program, terminal_console


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def _script(folder: Path) -> Path:
    folder.mkdir(parents=True)
    made = folder / "wireproof"
    made.write_text("#!/bin/sh\n", encoding="utf-8")
    made.chmod(0o755)
    return made


@pytest.mark.skipif(sys.platform == "win32", reason="a script that a shell starts")
def test_printed_commands_start_the_wireproof_that_was_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine, other = _script(tmp_path / "my own" / "bin"), _script(tmp_path / "elsewhere")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(sys, "argv", ["my own/bin/wireproof", "run"])
    assert program() == "'my own/bin/wireproof'"
    monkeypatch.setenv("PATH", str(mine.parent))
    assert program() == "wireproof"
    monkeypatch.setenv("PATH", str(other.parent))  # another one of that name comes first
    assert program() == "'my own/bin/wireproof'"
    monkeypatch.setattr(sys, "argv", [str(tmp_path / "wireproof" / "__main__.py"), "run"])
    assert program().endswith(" -m wireproof")
    monkeypatch.setattr(sys, "argv", ["pytest"])
    assert program() == "wireproof"


def test_escape_sequences_are_for_terminals_that_want_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")

    def shown(out: io.StringIO) -> str:
        monkeypatch.setattr(sys, "stdout", out)
        terminal_console().print("text", style="bold red")
        return out.getvalue()

    assert "\x1b[" in shown(Terminal())
    assert shown(io.StringIO()) == "text\n"
    monkeypatch.setenv("NO_COLOR", "1")
    assert shown(Terminal()) == "text\n"
