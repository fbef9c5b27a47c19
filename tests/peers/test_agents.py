"""What wireproof finds on real A2A agents is what docs/agents.yaml argues (`make peers-check`)."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
import agents
from peerlist import HERE


@pytest.mark.peers
@pytest.mark.parametrize("name", agents.AGENTS)
def test_findings_are_those_that_are_argued(name: str) -> None:
    assert set(agents.failing(name)) == agents.argued()[name]


def test_each_agent_has_its_arguments() -> None:
    assert [one["agent"] for one in agents.entries()] == list(agents.AGENTS)
    for one in agents.entries():
        rows = [row for each in one["findings"] for row in each["requirements"]]
        assert len(rows) == len(set(rows)), one["agent"]


def test_the_versions_are_those_that_are_pinned() -> None:
    locks = [one.read_text(encoding="utf-8") for one in HERE.glob("requirements-*.txt")]
    locks.append((HERE / "npm-a2a" / "package.json").read_text(encoding="utf-8"))
    for one in agents.entries():
        name, version = one["package"].split()
        pinned = (f"{name}=={version}\n", f'"{name}": "{version}"')
        assert any(each in lock for lock in locks for each in pinned), one["package"]


def test_the_page_is_rendered_from_the_data() -> None:
    assert agents.PAGE.read_text(encoding="utf-8") == agents.render()
