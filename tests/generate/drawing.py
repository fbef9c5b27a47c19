"""Draws from a strategy as a run would, and lists what came."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy


def draws(strategy: SearchStrategy[Any], count: int = 50, number: int = 1) -> list[Any]:
    """Up to `count` examples, the same ones for the same seed."""
    made: list[Any] = []

    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def draw(value: Any) -> None:
        made.append(value)

    draw()
    return made
