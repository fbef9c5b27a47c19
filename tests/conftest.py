"""Shared by all tests: the suite, loaded once, and runs against bundled peers."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from wireproof.api import run
from wireproof.engine.plan import Selection
from wireproof.engine.run import Options, load_suite
from wireproof.engine.suite import Suite
from wireproof.model.target import Target
from wireproof.report.matrix import Report

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def suite() -> Suite:
    return load_suite()


@pytest.fixture(scope="session")
def peer_command() -> tuple[str, ...]:
    """The reference peer on stdio."""
    return (sys.executable, str(ROOT / "fixtures"), "mcp", "stdio")


RunPeer = Callable[..., Report]


@pytest.fixture
def run_peer(suite: Suite, peer_command: tuple[str, ...], tmp_path: Path) -> RunPeer:
    """Runs a bundled peer on stdio: run_peer("--sin", "name", revisions=(...), select=(...)). The journal is tmp_path/journal.jsonl."""

    def play(*arguments: str, **selection: tuple[str, ...]) -> Report:
        target = Target(command=(*peer_command, *arguments), timeout=2.0)
        options = Options(selection=Selection(**selection))
        return run(target, options=options, journal=tmp_path / "journal.jsonl", suite=suite)

    return play
