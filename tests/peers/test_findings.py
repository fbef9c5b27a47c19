"""Real servers: every failing finding is argued in docs/peers.yaml, and nothing argued is gone."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
import findings


def test_the_page_is_rendered_from_the_data() -> None:
    assert findings.PAGE.read_text(encoding="utf-8") == findings.render()


def test_each_finding_has_its_argument() -> None:
    arguments, known = findings.argued()
    for key, one in known.items():
        assert one.get("argument") in arguments, f"{' '.join(key)} has no argument"
        assert arguments[one["argument"]]["requirement"] == one["requirement"]
    used = {one.get("argument") for one in known.values()}
    assert set(arguments) - used == set(), "arguments that no finding needs"


@pytest.mark.peers
def test_what_is_found_is_what_is_argued() -> None:
    _, known = findings.argued()
    assert findings.differences(findings.collect(), known) == []
