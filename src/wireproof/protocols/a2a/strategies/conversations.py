"""Conversations with an agent: its operations in any order, about tasks that the conversation opened itself, some of them under way at once.

A draw is a list of acts; what an act needs (a task that has ended, one that waits for input) is opened first where it is not there, so any
part of a conversation is one again and shrinking may take out what it likes. What must hold after each step: a request gets the kind of
answer that it gets alone, and whatever the ambient checks say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, Final

from hypothesis import strategies as st

from wireproof.judge.pack import Family, Lens
from wireproof.library.exchanges import literal
from wireproof.model.exchange import Exchange, Expect, Pattern, Step
from wireproof.model.jsontext import dump
from wireproof.protocols.a2a.operations import SENDS
from wireproof.protocols.a2a.strategies.acts import Act, acts, openers, opening, pattern_of, request_of
from wireproof.protocols.a2a.strategies.building import any_answer, generated, sending, still_alive
from wireproof.protocols.tours import stages

_LENGTH: Final = 12
_WHY: Final = "alone the same request is answered in another way"
_SLOW: Final = Pattern(outcome="timeout", remark="no answer in the time that one waits here")


def conversations(
    facts: Mapping[str, Any], lens: Lens, kinds: Mapping[str, str], slow: AbstractSet[str]
) -> Iterator[Family]:
    """A walk through all ordered threes of acts, and conversations by chance in which requests overlap."""
    every = tuple(one for one in acts(facts, lens) if (one.streams or one.key in kinds) and one.key not in slow)
    scene = _Scene(acts=tuple(one for one in every if not one.task or one.task in openers(every)), kinds=kinds)
    if not scene.acts:
        return
    calls = ("SendMessage",) if any(one.operation in SENDS for one in scene.acts) else ()
    most = 2 * _LENGTH if calls else 0
    more: dict[str, Any] = {"calls": calls, "most_calls": most, "calling": sending}
    walk = [[(at, False) for at in stage] for stage in stages(len(scene.acts), _LENGTH)]
    made: dict[str, list[_Move]] = {}

    def numbered(number: int) -> Exchange:
        exchange = scene.exchange("walk", walk[number])
        made[dump(literal(exchange))] = walk[number]
        return exchange

    def within(failed: Exchange) -> st.SearchStrategy[Exchange]:
        whole = made[dump(literal(failed))]
        stays = st.tuples(*[st.booleans()] * len(whole))
        return stays.map(
            lambda kept: scene.exchange("walk", [one for one, left in zip(whole, kept, strict=True) if left])
        )

    numbers = st.integers(0, len(walk) - 1).map(numbered)
    yield Family(name="walk", draws=numbers, within=within, weight=8.0, most=len(walk), **more)
    moves = st.lists(st.tuples(st.integers(0, len(scene.acts) - 1), st.booleans()), max_size=_LENGTH)
    draws = moves.map(lambda drawn: scene.exchange("conversation", drawn))
    yield Family(name="conversation", draws=draws, weight=2.0, share=6.0, **more)


_Move = tuple[int, bool]
"""Which act; and whether its answer is waited for at the end only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    acts: tuple[Act, ...]
    kinds: Mapping[str, str]

    def exchange(self, family: str, moves: Sequence[_Move]) -> Exchange:
        """The conversation as a literal exchange."""
        talk = _Talk(scene=self)
        for at, under_way in moves:
            talk.make(self.acts[at], wait=not under_way)
        return generated(family, (*talk.steps, *talk.awaited, *still_alive()))


@dataclass(slots=True, kw_only=True)
class _Talk:
    """A conversation while it is put together: which tasks are there, and what is waited for at its end."""

    scene: _Scene
    steps: list[Step] = field(default_factory=list)
    awaited: list[Step] = field(default_factory=list)
    tasks: set[str] = field(default_factory=set)
    count: int = 0

    def make(self, act: Act, *, wait: bool) -> None:
        if act.task and act.task not in self.tasks:
            self.make(openers(self.scene.acts)[act.task], wait=True)
        self.count += 1
        name = f"r{self.count}"
        if act.opens:
            self.steps += opening(act, name)
            self.tasks.add(act.opens)
            return
        request = request_of(act, name)
        self.steps.append(request)
        waiting = self._expect(act, any_answer(request))
        if wait or act.spends:
            self.steps.append(waiting)
        else:
            self.awaited.append(waiting)
        if act.spends:
            self.tasks.discard(act.task)

    def _expect(self, act: Act, usual: Expect) -> Expect:
        kind = self.scene.kinds.get(act.key)
        if kind is None:
            return usual
        row = "robust.order.interleaved" if self.awaited else "robust.order.reordered"
        return Expect(of=usual.of, any_of=(pattern_of(kind), _SLOW), about=(row,), why=_WHY)
