"""How long a result is valid: the rule at its edges, on dates of the revisions that we know."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from wireproof.library import catalogue as module
from wireproof.library.catalogue import load_catalogue
from wireproof.library.validity import in_future, months_after, validity
from wireproof.model.errors import UsageError

CATALOGUE = load_catalogue()


def test_a_result_of_the_newest_revision_counts_from_its_run() -> None:
    found = validity(CATALOGUE, CATALOGUE.newest.id, date(2027, 2, 3))
    assert (found.until, found.superseded_by) == (date(2028, 2, 3), "")
    assert found.holds(date(2028, 2, 3))
    assert not found.holds(date(2028, 2, 4))


def test_a_superseded_revision_counts_from_revisions_whenever_it_was_run() -> None:
    assert validity(CATALOGUE, "2025-11-25", date(2025, 12, 1)) == validity(CATALOGUE, "2025-11-25", date(2026, 11, 1))
    found = validity(CATALOGUE, "2025-11-25", date(2025, 12, 1))
    assert (found.until, found.superseded_by) == (date(2027, 4, 28), "2026-07-28")  # 9 months after the next
    found = validity(CATALOGUE, "2025-03-26", date(2025, 4, 1))
    assert (found.until, found.superseded_by) == (
        date(2026, 3, 26),
        "2025-06-18",
    )  # 12 months after its own, the later here


def test_months_end_where_they_end() -> None:
    assert months_after(date(2024, 2, 29), 12) == date(2025, 2, 28)
    assert months_after(date(2025, 5, 31), 9) == date(2026, 2, 28)
    assert months_after(date(2025, 12, 31), 12) == date(2026, 12, 31)


def test_a_clock_may_be_a_little_off() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert not in_future(now + timedelta(minutes=5), now)
    assert in_future(now + timedelta(hours=1), now)


def test_every_revision_has_its_day() -> None:
    days = [one.date for one in CATALOGUE.revisions]
    assert days == sorted(days)
    with pytest.raises(UsageError, match="no revision"):
        validity(CATALOGUE, "2020-01-01", date(2026, 1, 1))


@pytest.mark.parametrize(("day", "words"), [("2025-02-30", "is no day"), ("soon", "pattern")])
def test_a_day_that_is_none_is_blamed_at_its_line(tmp_path: Path, day: str, words: str) -> None:
    path = tmp_path / "revisions.yaml"
    row = f"- id: '1'\n  order: 1\n  date: {day}\n  era: legacy\n  schema: 1.schema.json\n  page: p\n"
    path.write_text("protocol: mcp\nrevisions:\n" + row, encoding="utf-8")
    with pytest.raises(UsageError, match=words) as caught:
        module._revisions(path, "mcp")
    assert caught.value.where.endswith(":5")
