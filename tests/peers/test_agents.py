"""What wireproof finds on the agents of the A2A SDKs is what agents.yaml argues (`make peers-check`)."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
from agents import AGENTS, argued, failing

pytestmark = pytest.mark.peers


@pytest.mark.parametrize("name", AGENTS)
def test_findings_are_those_that_are_argued(name: str) -> None:
    assert set(failing(name)) == argued()[name]
