"""The command line, called in this process, and what a test asks about a call."""

from __future__ import annotations

import contextlib
import io
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from wireproof.cli.main import main
from wireproof.library.shelf import shelf


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """How a call ended: exit code, both streams, seconds."""

    code: int
    out: str
    err: str
    seconds: float


def wireproof(*words: str) -> Called:
    """Calls `wireproof WORDS`. Streams are no terminals."""
    out, err = io.StringIO(), io.StringIO()
    begun, code = time.monotonic(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(list(words))
        except SystemExit as end:
            code = int(end.code or 0)
    return Called(code=code, out=out.getvalue(), err=err.getvalue(), seconds=time.monotonic() - begun)


@cache
def validator(name: str) -> Any:
    """Of one of our own published schemas."""
    schema = json.loads((shelf("schemas") / "wireproof" / f"{name}.schema.json").read_text(encoding="utf-8"))
    return jsonschema_rs.validator_for(schema)


def journal_lines(path: Path) -> list[dict[str, Any]]:
    """Every line of a journal, each of which the published schema accepts."""
    return _read(path, path.stat().st_size)


@lru_cache(maxsize=4)
def _read(path: Path, size: int) -> list[dict[str, Any]]:  # the size is part of the key: a journal only grows
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    accepted = validator("journal")
    for line in lines:
        assert accepted.is_valid(line), (line, [error.message for error in accepted.iter_errors(line)])
    return lines


def records(path: Path) -> Iterator[dict[str, Any]]:
    return (line for line in journal_lines(path) if line.get("event") == "record")


def no_child_is_left() -> bool:
    """Does this process have no children, alive or unreaped?"""
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return True
    return False
