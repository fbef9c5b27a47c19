"""Playing ahead of Hypothesis: what it would draw if nothing failed is drawn at one go, and played in batches meanwhile.

Most of what search draws breaks nothing, and Hypothesis only has to know so. Batches overlap with drawing and are judged whole, which costs a
fraction of judging each by itself. Where a batch raises a doubt, drawing ends there; Hypothesis then draws the same sequence again, is told
at once of what showed nothing, and plays the rest by itself as if nobody had gone ahead of it.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Final

from wireproof.model.exchange import Exchange

_LARGEST: Final = 32
_BATCH: Final = 0.25
"""Seconds that a batch should take, so that time that is over is noticed."""
_WAITING: Final = 2
"""Batches that are played, or wait for it, while further ones are drawn."""

Play = Callable[[Sequence[Exchange]], "Future[set[int]]"]
"""Plays exchanges somewhere else; the result is the places of those that may have failed."""


class Ahead:
    """Takes exchanges under keys, in the order in which they are drawn. `clean` are the keys of those that showed nothing, `doubtful`: may
    any other have failed? Whatever `play` raises is raised by `offer` or `finish`."""

    def __init__(self, play: Play) -> None:
        self._play = play
        self._batch: dict[str, Exchange] = {}
        self._under_way: deque[tuple[Future[set[int]], tuple[str, ...]]] = deque()
        self._seconds = _BATCH / 4  # of one exchange; nothing is known at first
        self._ended = time.monotonic()
        self.clean: set[str] = set()
        self.doubtful = False

    def offer(self, key: str, exchange: Exchange) -> bool:
        """Puts one into the next batch. False when some earlier one may have failed, so that no more is wanted."""
        self._batch[key] = exchange
        if len(self._batch) >= max(1, min(_LARGEST, int(_BATCH / self._seconds))):
            self._begin()
            while len(self._under_way) > _WAITING or (self._under_way and self._under_way[0][0].done()):
                self._end()
        return not self.doubtful

    def knows(self, key: str) -> bool:
        """Was this one offered before?"""
        return key in self.clean or key in self._batch or any(key in keys for _, keys in self._under_way)

    def finish(self) -> None:
        """Waits for all that was offered; what stands in a batch that was not begun is played as well, unless there is a doubt already."""
        if not self.doubtful:
            self._begin()
        while self._under_way:
            self._end()

    def _begin(self) -> None:
        if self._batch:
            self._under_way.append((self._play(tuple(self._batch.values())), tuple(self._batch)))
            self._batch = {}

    def _end(self) -> None:
        future, keys = self._under_way.popleft()
        places = future.result()
        now = time.monotonic()
        self._seconds, self._ended = max(1e-6, (now - self._ended) / len(keys)), now
        self.clean |= {key for place, key in enumerate(keys) if place not in places}
        self.doubtful = self.doubtful or bool(places)
