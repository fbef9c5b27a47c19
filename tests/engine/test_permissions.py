"""fixtures/permissions.yaml: every MAY row of servers and every numbered trap is used by a lawful peer, or the file says why none can."""

from collections import Counter

import pytest

from wireproof.engine.selftest import fixtures, shapes
from wireproof.library.catalogue import load_catalogue
from wireproof.library.shelf import shelf
from wireproof.library.source import read_yaml
from wireproof.model.catalogue import Level

TRAPS = {f"trap-{number}" for number in range(1, 40)}
"""Places where a harness gives false verdicts, by the number under which habits name them."""


@pytest.fixture(scope="module")
def listed() -> list[dict[str, object]]:
    rows, _ = read_yaml(shelf("fixtures") / "permissions.yaml")
    assert isinstance(rows, list)
    return rows


def permitted() -> set[str]:
    rows = load_catalogue().requirements.values()
    return {row.id for row in rows if row.level is Level.MAY and row.role in ("server", "both")}


def test_every_permission_and_trap_is_used_or_argued(listed: list[dict[str, object]]) -> None:
    _, _, habits = fixtures()
    named = {habit.about for habit in habits}
    assert (permitted() | TRAPS) - named - {row["uses"] for row in listed} == set()


def test_nothing_is_listed_twice_or_for_nothing(listed: list[dict[str, object]]) -> None:
    uses = Counter(str(row["uses"]) for row in listed)
    assert [name for name, count in uses.items() if count > 1] == []
    assert set(uses) - permitted() - TRAPS == set()


def test_who_is_named_is_there(listed: list[dict[str, object]]) -> None:
    reference, _, habits = fixtures()
    peers = {reference.name, *(one.name for one in habits), *(one.variant.name for one in shapes())}
    for row in listed:
        assert set(row) in ({"uses", "by"}, {"uses", "why"}), row
        by = row.get("by", [])
        assert isinstance(by, list)
        assert set(by) <= peers, row
        assert by or len(str(row["why"])) >= 40, row


def test_a_habit_is_about_a_row_or_a_trap() -> None:
    _, _, habits = fixtures()
    assert {habit.about for habit in habits} - set(load_catalogue().requirements) - TRAPS == set()
