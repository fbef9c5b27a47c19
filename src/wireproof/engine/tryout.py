"""Plays exchanges that search draws, and judges each at once. Nothing of it enters the journal: what is found is played again there."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Final, Self

import anyio
from anyio.abc import TaskGroup

from wireproof.engine.lane import LaneRunner
from wireproof.engine.player import Player
from wireproof.engine.session import DEADLINE, Session
from wireproof.judge.judge import Played, judge_played, worth_repeating
from wireproof.judge.pack import Family, Lens
from wireproof.library.schemas import schemas_of
from wireproof.model.errors import TargetUnreachable
from wireproof.model.events import Event
from wireproof.model.exchange import Exchange, Request
from wireproof.model.jsontext import ABSENT, JSON
from wireproof.model.verdict import Finding, Verdict
from wireproof.model.wire import Record, Transcript

HASTE: Final = 0.4
"""Seconds that an answer may take at first. What is missed then is waited for in earnest when it is confirmed."""
_TRIPS: Final = 20
_SHARED: Final = 200
"""Exchanges that one session is used for where opening another costs a process."""


Counting = Callable[[list[Finding]], list[Finding]]
"""Those of some failures that count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Try:
    """An exchange that was played in a shared session from record `start` on; the session's opening ends at `opened`."""

    place: int
    exchange: Exchange
    session: Session
    start: int
    opened: int


class Lost(Exception):
    """No session can be had of the target any more."""


class Tryout:
    """Tries exchanges in sessions of its own, beside the journal. `played` counts them.

    In process each exchange has a fresh session. Elsewhere many share one, and what fails is repeated in a fresh one before it counts;
    over HTTP those that want to be alone are.
    """

    def __init__(self, lane: LaneRunner, leaving: TaskGroup) -> None:
        numbers = itertools.count(1)
        self._lane = lane
        self._scout = LaneRunner(
            target=lane.target,
            suite=lane.suite,
            revision=lane.revision,
            transport=lane.transport,
            selection=lane.selection,
            emit=_unheard,
            tasks=lane.tasks,
            names=lambda: f"g{next(numbers)}",
            redact=lane.redact,
        )
        self._scout.facts, self._scout.main = lane.facts, lane.main
        self._rtt = lane.main.rtt if lane.main is not None else 0.0
        self._shared: Session | None = None
        self._opened = 0
        self._uses = 0
        self._ids: set[tuple[type, JSON]] = set()
        self._leaving = leaving
        self.played = 0

    def shares(self, family: Family) -> bool:
        """Are the exchanges of that family played in a session that they share?"""
        return bool(self._lane.target.command) or (bool(self._lane.target.url) and not family.alone)

    @classmethod
    @asynccontextmanager
    async def of(cls, lane: LaneRunner) -> AsyncIterator[Self]:
        """A tryout whose sessions are all closed at the end."""
        async with anyio.create_task_group() as leaving:
            made = cls(lane, leaving)
            yield made
            await made._leave_all()

    @property
    def lens(self) -> Lens:
        """What the lane is read through."""
        return Lens(
            revision=self._lane.revision,
            transport=self._lane.transport,
            schemas=schemas_of(self._lane.suite.pack.name, self._lane.revision.id),
            facts=self._lane.facts,
            tables=self._lane.suite.tables,
        )

    # -- playing --------------------------------------------------------------------------------------------------

    async def alone(self, exchange: Exchange, *, patient: bool = False) -> list[Finding]:
        """What fails when it is played in a fresh session. `patient`: with the deadlines of a run."""
        session = await self._fresh(exchange)
        if not patient:
            session.fixed_deadline = self._haste(session)
        await self._play(session, exchange)
        found: list[Finding] = []
        for one, purpose, played in self._scout.sessions:
            if self._lane.suite.pack.opened(one.transcript) is not False:
                found += self._failed(one.transcript, purpose, tuple(played))
        await self._leave_all()
        return found

    async def beside(self, exchange: Exchange) -> list[Finding]:
        """What fails when it is played in the session that others share; judged is what it showed itself."""
        session = await self._common(exchange)
        start = len(session.records)
        await self._play(session, exchange)
        played = self._scout.played_in(session)
        found = self._failed(_window(session, self._opened, start), "fresh", tuple(played))
        played.pop()
        if found or session.over or session.mute or len(self._scout.sessions) > 1:
            await self.leave()
        return found

    async def together(self, exchanges: Sequence[Exchange], counting: Counting) -> set[int]:
        """The places of those that may have failed, where many are played one after the other and judged at one go; what is not among them
        showed nothing that it would show by itself in that session. `counting` says which failures count. Nothing is confirmed.
        """
        doubtful: set[int] = set()
        batch: list[_Try] = []
        for place, exchange in enumerate(exchanges):
            mine = replace(exchange, id=f"{exchange.id}~{place}")  # records tell exchanges apart by it
            before = self._shared
            session = await self._common(mine)
            if session is not before and batch:
                doubtful |= self._doubtful(batch, counting)
                batch = []
            start = len(session.records)
            await self._play(session, mine)
            batch.append(_Try(place=place, exchange=mine, session=session, start=start, opened=self._opened))
            self._scout.played_in(session).pop()
            if session.over or session.mute or len(self._scout.sessions) > 1:
                doubtful |= self._doubtful(batch, counting)
                batch = []
                await self.leave()
        return doubtful | self._doubtful(batch, counting)

    def _doubtful(self, batch: Sequence[_Try], counting: Counting) -> set[int]:
        """Of exchanges that followed each other in one session, those whose own records fail; all of them are looked at only where the whole does."""
        if not batch:
            return set()
        session, opened = batch[0].session, batch[0].opened
        whole = _window(session, opened, batch[0].start)
        if not counting(self._failed(whole, "fresh", tuple(one.exchange for one in batch))):
            return set()
        ends = [*(one.start for one in batch[1:]), len(session.records)]
        return {
            one.place
            for one, end in zip(batch, ends, strict=True)
            if counting(self._failed(_window(session, opened, one.start, end), "fresh", (one.exchange,)))
        }

    async def answer(self, exchange: Exchange, name: str) -> tuple[JSON, float]:
        """The answer to the step of that name, as the protocol views it, and its seconds; ABSENT where none came. Alone in a fresh session,
        where those cost no process."""
        shared = bool(self._lane.target.command)
        session = await (self._common(exchange) if shared else self._fresh(exchange))
        start = len(session.records)
        await self._play(session, exchange)
        out = next((one for one in session.records[start:] if one.meta.get("name") == name), None)
        found = session.tracker.answer_to(out.seq) if out is not None else None
        self._scout.played_in(session).pop()
        if not shared or session.over or session.mute:
            await self.leave()
        if out is None or found is None:
            return ABSENT, 0.0
        return session.view(out, found.seq), (found.at_ns - out.at_ns) / 1e9

    async def _play(self, session: Session, exchange: Exchange) -> None:
        async def dial_again(one: Exchange, opening: bool) -> Session | None:
            try:
                made = await self._scout.session("fresh", one, opening=opening)
            except TargetUnreachable:
                return None
            made.fixed_deadline = session.fixed_deadline
            self._scout.played_in(made).append(one)
            return made

        self.played += 1
        self._scout.played_in(session).append(exchange)
        await Player(session, dial_again, self._lane.target.tokens).play(exchange)
        self._rtt = max(self._rtt, session.rtt)

    def _haste(self, session: Session) -> float:
        usual = self._lane.target.timeout or DEADLINE
        return min(usual, max(HASTE, _TRIPS * max(self._rtt, session.rtt)))

    # -- sessions -------------------------------------------------------------------------------------------------

    async def _fresh(self, exchange: Exchange | None) -> Session:
        if self._shared is not None:  # its place among the sessions is wanted
            await self._leave(self._shared)
            await self.leave()
        for _ in range(2):
            try:
                session = await self._scout.session("fresh", exchange)
            except TargetUnreachable:
                continue
            if session.alive and (session.opened or self._lane.revision.era == "modern"):
                session.rtt = self._rtt
                return session
            await self._leave_all()
        raise Lost

    async def _common(self, exchange: Exchange) -> Session:
        own = {
            (type(one.id), one.id)
            for one in exchange.steps
            if isinstance(one, Request) and isinstance(one.id, str | int)
        }
        worn = self._uses >= _SHARED or own & self._ids
        if self._shared is None or worn:
            made = await self._fresh(None)
            self._shared, self._opened, self._uses, self._ids = made, len(made.records), 0, set()
            made.fixed_deadline = self._haste(made)
        self._uses += 1
        self._ids |= own
        return self._shared

    async def leave(self) -> None:
        """Closes its sessions; the next exchange has a new one."""
        self._shared = None
        await self._leave_all()

    async def _leave_all(self) -> None:
        every = [one for one, _, _ in self._scout.sessions]
        self._scout.sessions.clear()
        for one in every:
            await self._leave(one)

    async def _leave(self, session: Session) -> None:
        """A process is waited for by the way, at most as many at once as there are; others end at once."""
        if self._lane.target.command:
            self._leaving.start_soon(session.close)
        else:
            await session.close()

    # -- judging --------------------------------------------------------------------------------------------------

    def _failed(self, transcript: Transcript, purpose: str, exchanges: tuple[Exchange, ...]) -> list[Finding]:
        lane = self._lane.judgeable(())
        played = Played(transcript=transcript, purpose=purpose, exchanges=exchanges)
        found = judge_played(replace(lane, known={}), played)
        return [one for one in found if one.verdict is Verdict.FAILED and worth_repeating(lane, one)]


def _window(session: Session, opened: int, start: int, end: int | None = None) -> Transcript:
    """The transcript as if nothing had been played between its opening and record `start`, or from `end` on."""
    kept = (*session.records[:opened], *session.records[start:end])
    places = {one.seq: place for place, one in enumerate(kept)}

    def moved(one: Record) -> Record:
        meta: Mapping[str, Any] = one.meta
        if any(name in meta for name in ("seq", "since")):
            meta = {
                key: _place(value, places, opened) if key in ("seq", "since") else value for key, value in meta.items()
            }
        return replace(one, seq=places[one.seq], meta=meta)

    return session.excerpt(tuple(moved(one) for one in kept))


def _place(seq: Any, places: Mapping[int, int], otherwise: int) -> Any:
    return places.get(seq, otherwise) if isinstance(seq, int) else seq


def _unheard(_: Event) -> None:
    return None
