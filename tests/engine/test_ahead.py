"""Exchanges that are played ahead of Hypothesis: which are clean, when drawing ends, what a lost tryout costs."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from wireproof.engine.ahead import Ahead
from wireproof.engine.crew import Crew
from wireproof.engine.tryout import Lost
from wireproof.model.exchange import Exchange


def exchange(name: str) -> Exchange:
    return Exchange(id=name, title=name, protocol="mcp", topic="search", steps=())


class Played:
    """Answers each batch at once; `wrong` are the ids that may have failed."""

    def __init__(self, *wrong: str) -> None:
        self.wrong = wrong
        self.batches: list[list[str]] = []

    def __call__(self, exchanges: Sequence[Exchange]) -> Future[set[int]]:
        names = [one.id for one in exchanges]
        self.batches.append(names)
        future: Future[set[int]] = Future()
        future.set_result({place for place, name in enumerate(names) if name in self.wrong})
        return future


def offered(ahead: Ahead, count: int) -> int:
    """How many were offered until no more was wanted."""
    for number in range(count):
        if not ahead.offer(str(number), exchange(str(number))):
            return number + 1
    return count


def test_all_that_is_offered_is_played_once_and_clean() -> None:
    played = Played()
    ahead = Ahead(played)
    assert offered(ahead, 100) == 100
    ahead.finish()
    assert [name for batch in played.batches for name in batch] == [str(number) for number in range(100)]
    assert ahead.clean == {str(number) for number in range(100)}
    assert not ahead.doubtful


def test_batches_grow_while_they_are_quick_but_not_without_end() -> None:
    played = Played()
    ahead = Ahead(played)
    offered(ahead, 400)
    sizes = [len(batch) for batch in played.batches]
    assert sizes[0] < max(sizes) <= 32


def test_a_doubt_ends_the_drawing_and_names_nothing_of_it_clean() -> None:
    played = Played("6")
    ahead = Ahead(played)
    assert offered(ahead, 500) < 500
    ahead.finish()
    assert ahead.doubtful
    assert "6" not in ahead.clean
    assert ahead.clean == {name for batch in played.batches for name in batch} - {"6"}


def test_what_waits_in_a_batch_is_known() -> None:
    ahead = Ahead(Played())
    ahead.offer("one", exchange("one"))
    assert ahead.knows("one")
    assert not ahead.knows("two")


def test_what_playing_raises_is_raised() -> None:
    def lost(_: Sequence[Exchange]) -> Future[set[int]]:
        future: Future[set[int]] = Future()
        future.set_exception(Lost())
        return future

    ahead = Ahead(lost)
    with pytest.raises(Lost):
        offered(ahead, 100)


class Member:
    """A tryout of which only the batches matter. `lost`: it can have no session."""

    def __init__(self, *, lost: bool = False) -> None:
        self.lost, self.played, self.left = lost, 0, False

    async def together(self, exchanges: Sequence[Exchange], _: Any) -> set[int]:
        await anyio.lowlevel.checkpoint()
        if self.lost:
            raise Lost
        self.played += len(exchanges)
        return {0}

    async def leave(self) -> None:
        self.left = True


def crew(*members: Any) -> Crew:
    return Crew(members)


def test_another_takes_the_batch_of_one_that_is_lost() -> None:
    first, second = Member(), Member(lost=True)

    async def main() -> None:
        both = crew(first, second)
        async with anyio.create_task_group() as group:
            for _ in range(4):
                group.start_soon(both.together, (exchange("a"),), list)
        assert both.played == 4
        both.close()

    anyio.run(main)


def test_without_the_first_nothing_is_played() -> None:
    async def main() -> None:
        both = crew(Member(lost=True), Member())
        with pytest.raises(Lost):
            await both.together((exchange("a"),), list)
        both.close()

    anyio.run(main)


def test_the_others_rest_while_one_looks_closely() -> None:
    first, second = Member(), Member()

    async def main() -> None:
        both = crew(first, second)
        await both.rest()
        both.close()

    anyio.run(main)
    assert (first.left, second.left) == (False, True)
