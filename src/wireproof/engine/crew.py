"""Several tryouts that play batches of exchanges side by side, where a target can be started more than once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final, Self

import anyio

from wireproof.engine.lane import LaneRunner
from wireproof.engine.tryout import Counting, Lost, Tryout
from wireproof.model.exchange import Exchange

_PROCESSES: Final = 2
"""Batches that are played at once where each has a process to itself. What is behind a URL is one thing, in which one could disturb the other."""


class Crew:
    """Whoever of the tryouts is free takes the next batch. The first of them also plays what is looked at by itself."""

    def __init__(self, members: Sequence[Tryout]) -> None:
        self._members = members
        self._back, self._free = anyio.create_memory_object_stream[Tryout](len(members))
        for one in members:
            self._back.send_nowait(one)

    @classmethod
    @asynccontextmanager
    async def of(cls, first: Tryout, lane: LaneRunner) -> AsyncIterator[Self]:
        """A crew around that tryout; the sessions of the others are all closed at the end."""
        further = _PROCESSES - 1 if lane.target.command and not lane.target.url else 0
        async with AsyncExitStack() as others:
            made = cls([first, *[await others.enter_async_context(Tryout.of(lane)) for _ in range(further)]])
            try:
                yield made
            finally:
                made.close()

    @property
    def played(self) -> int:
        """Exchanges that were played, by all of them."""
        return sum(one.played for one in self._members)

    async def together(self, exchanges: Sequence[Exchange], counting: Counting) -> set[int]:
        """As `Tryout.together`. Raises Lost when the first of them can have no session any more; another that cannot is done without."""
        while True:
            member = await self._free.receive()
            try:
                found = await member.together(exchanges, counting)
            except Lost:
                if member is self._members[0]:
                    raise
                continue
            self._back.send_nowait(member)
            return found

    def close(self) -> None:
        """Nobody waits for a free one any more."""
        self._back.close()
        self._free.close()

    async def rest(self) -> None:
        """Closes the sessions of all but the first, so that nothing is played beside what is looked at by itself."""
        for one in self._members[1:]:
            await one.leave()
