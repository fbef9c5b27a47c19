"""What failed in a shared session is played again: alone in a fresh one, and if it does not fail there, after what came before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import anyio
from anyio.abc import TaskGroup

from wireproof.engine.session import Session
from wireproof.judge.judge import (
    Played,
    heard,
    judge_played,
    likeness,
    needing_confirmation,
    scripted,
    settle,
    shown_elsewhere,
    unrepeated,
    worth_repeating,
)
from wireproof.model.events import Told
from wireproof.model.exchange import Exchange
from wireproof.model.verdict import Finding, Verdict

Likeness = tuple[str, str, str, str]

if TYPE_CHECKING:
    from wireproof.engine.lane import LaneRunner

MOST_PREFIXES: Final = 3
"""Exchanges that failed once but not alone and are tried again after their predecessors, at most."""
MOST_CONFIRMED: Final = 40
"""Failing exchanges that are played again alone, at most; the others stay as they were seen."""
MOST_ELSEWHERE: Final = 3
"""Exchanges that are played again because another one showed the same and did not repeat it, at most."""
_LOOK_SHARE: Final = 20
"""A look for the first broken MUST is not repeated before this many times its own duration has passed."""


class Again:
    """What one exchange showed when it was played again alone: the likenesses of what failed, once that is `known`."""

    def __init__(self) -> None:
        self.known = anyio.Event()
        self.failed: set[Likeness] = set()


class Repetitions:
    """What the lanes of one transport play again: the same failure in several revisions is worth one process, not four.

    What failed in a shared session of one revision, and alone in a fresh one of another, was neither chance nor the doing of
    what came before it. Eras have little in common, so they stay apart.
    """

    def __init__(self) -> None:
        self._plays: dict[tuple[str, str], Again] = {}

    def claim(self, era: str, span: str) -> Again | None:
        """For the first that asks, who has to play it and tell; None for the others."""
        if (era, span) in self._plays:
            return None
        return self._plays.setdefault((era, span), Again())

    def of(self, era: str, span: str) -> Again | None:
        return self._plays.get((era, span))


class Repetition:
    """The doubts of one lane: which exchanges were played again, and which still have to be."""

    def __init__(self, lane: LaneRunner, others: Repetitions) -> None:
        self._lane = lane
        self._others = others
        self._era = lane.revision.era
        self._begun = 0
        self._looked: set[str] = set()
        self._next_look = 0.0

    def suspect(self, tasks: TaskGroup, session: Session, exchange: Exchange) -> None:
        """When a step of the exchange just played failed, it is played alone at once, beside the rest."""
        lane = self._lane.judgeable(())
        found = scripted(exchange, session.transcript, lane)
        if any(one.requirement in lane.requirements and worth_repeating(lane, one) for one in found):
            claimed = self._claim(exchange.span)
            if claimed is not None:
                tasks.start_soon(self._play, exchange, claimed)

    def _claim(self, span: str) -> Again | None:
        return self._others.claim(self._era, span) if self._begun < MOST_CONFIRMED else None

    async def _play(self, exchange: Exchange | None, again: Again) -> None:
        """Plays it alone and tells what failed; where no session could be had, nothing did."""
        self._begun += 1
        lane = self._lane
        try:
            for session in await lane.play_alone(exchange, "confirm"):
                transcript, played = session.transcript, tuple(lane.played_in(session))
                found = judge_played(
                    lane.judgeable(()), Played(transcript=transcript, purpose="confirm", exchanges=played)
                )
                again.failed |= {likeness(one) for one in found if one.verdict is Verdict.FAILED}
        finally:
            again.known.set()

    def wants_control(self) -> bool:
        """Did a session with an opening of its own show something broken, while no other was opened beside the first as usual?"""
        lane = self._lane.judgeable()
        opened = [lane.pack.opened(one.transcript) for one in lane.played]
        if True not in opened or any(was is not None for was in opened[opened.index(True) + 1 :]):
            return False
        own = [one for one, was in zip(lane.played, opened, strict=True) if one.purpose == "fresh" and was is None]
        return any(one.verdict is Verdict.FAILED for played in own for one in judge_played(lane, played))

    async def rest(self) -> None:
        """Everything that failed and was not played again yet.

        Where that does not repeat it, other exchanges that showed the same are tried, and then ever longer parts of what came before.
        """
        wanted: dict[str, tuple[Exchange | None, set[Likeness]]] = {}
        for found, exchange in needing_confirmation(self._lane.judgeable()):
            wanted.setdefault(exchange.span if exchange else "", (exchange, set()))[1].add(likeness(found))
        again = [one for one in heard(self._lane.judgeable()) if one.purpose == "confirm"]
        done = {exchange.span for played in again for exchange in played.exchanges}
        left = {span: what for span, what in wanted.items() if span not in done}
        if self._lane.crowded:
            self._lane.crowded = False  # nothing else is open now
            for exchange, _ in left.values():
                await self._play(exchange, Again())
        else:
            async with anyio.create_task_group() as tasks:
                for span, (exchange, likenesses) in left.items():
                    tasks.start_soon(self._settle, span, exchange, likenesses)
        for exchange in shown_elsewhere(self._lane.judgeable())[:MOST_ELSEWHERE]:
            await self._play(exchange, Again())
        rows = [played for _, purpose, played in self._lane.sessions if purpose == "main"]
        longest = max((len(played) for played in rows), default=0)
        before = 1
        while before < longest and (rest := unrepeated(self._lane.judgeable())):
            for name in rest[:MOST_PREFIXES]:
                for played in rows:
                    place = next((index for index, one in enumerate(played) if one.span == name), None)
                    if place is not None and place > before // 2:
                        await self._lane.play_row(played[max(0, place - before) : place + 1])
            before = before * 2 + 1

    async def _settle(self, span: str, exchange: Exchange | None, likenesses: set[Likeness]) -> None:
        """Plays it alone, unless another revision did and saw the same."""
        claimed = self._claim(span)
        other = self._others.of(self._era, span) if claimed is None else None
        if other is not None:
            await other.known.wait()
            if likenesses <= other.failed:
                return
        if self._begun < MOST_CONFIRMED:
            await self._play(exchange, claimed or Again())

    async def look(self, session: Session, purpose: str) -> None:
        """Where a run stops at the first broken MUST: is one broken in this session, and again when it is played alone?"""
        lane, begun = self._lane, anyio.current_time()
        if lane.stop is None or lane.halted or (purpose == "main" and begun < self._next_look):
            return
        played = Played(transcript=session.transcript, purpose=purpose, exchanges=tuple(lane.played_in(session)))
        alone = lane.judgeable((played,))
        musts = [one for one in judge_played(alone, played) if self._broken_must(one)]
        self._next_look = begun + _LOOK_SHARE * (anyio.current_time() - begun)
        if not any(one.fingerprint not in self._looked for one in musts):
            return
        if lane.confirm and purpose == "main":
            again = {
                one.span if one else "": one
                for found, one in needing_confirmation(alone)
                if self._broken_must(found) and found.fingerprint not in self._looked
            }
            for exchange in again.values():
                await lane.play_alone(exchange, "confirm")
        self._looked |= {one.fingerprint for one in musts}
        broken = next((one for one in settle(lane.judgeable()) if self._broken_must(one)), None)
        if broken is not None and not lane.halted:
            lane.stop.set()
            where = f"{lane.revision.id} over {lane.transport}"
            lane.emit(Told(text=f"stopped at the first broken MUST: {broken.requirement} in {where}", level="stopped"))

    def _broken_must(self, one: Finding) -> bool:
        rows = self._lane.rows
        return one.verdict is Verdict.FAILED and one.requirement in rows and rows[one.requirement].level.group == "MUST"
