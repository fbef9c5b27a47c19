"""Real servers: every failing finding is argued in docs/peers.yaml, and nothing argued is gone."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
import findings

from wireproof.library.catalogue import load_catalogue


def test_the_page_is_rendered_from_the_data() -> None:
    assert findings.PAGE.read_text(encoding="utf-8") == findings.render()


def test_each_finding_has_its_argument() -> None:
    arguments, known = findings.argued()
    for key, one in known.items():
        assert one.get("argument") in arguments, f"{' '.join(key)} has no argument"
        assert arguments[one["argument"]]["requirement"] == one["requirement"]
        assert one["request"] != findings.NOTHING, f"{' '.join(key)} shows nothing that was sent"
    used = {one.get("argument") for one in known.values()}
    assert set(arguments) - used == set(), "arguments that no finding needs"


def test_levels_are_those_of_the_catalogue() -> None:
    rows = load_catalogue().requirements
    for key, one in findings.argued()[1].items():
        assert one["level"] == rows[one["requirement"]].level.value, " ".join(key)


def test_no_folder_of_a_machine_is_shown() -> None:
    text = findings.FILE.read_text(encoding="utf-8")
    assert str(findings.ROOT) not in text
    assert "/home/" not in text


def test_a_difference_is_said() -> None:
    key = ("peer", "stdio", "row", "check")
    entry = {"version": "1", "seen": {"2025-11-25": "abc"}, "why": "because"}
    assert findings.differences({key: entry}, {key: entry}) == {}
    assert findings.differences({key: entry}, {})[key].startswith("not argued")
    assert findings.differences({}, {key: entry})[key].startswith("argued but gone")
    assert "another version" in findings.differences({key: entry}, {key: {**entry, "version": "2"}})[key]
    assert "2025-11-25" in findings.differences({key: entry}, {key: {**entry, "seen": {"2025-11-25": "abd"}}})[key]
    assert (
        "2024-11-05"
        in findings.differences({key: {**entry, "seen": {**entry["seen"], "2024-11-05": "a"}}}, {key: entry})[key]
    )


@pytest.mark.peers
def test_what_is_found_is_what_is_argued() -> None:
    assert findings.compare() == []
