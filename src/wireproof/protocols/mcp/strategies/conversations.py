"""Whole conversations: the legal next moves of a client, in any order, with requests under way at once and more than one connection.

A draw is a list of moves; what is not possible where it stands (a further page of a list that was not read, cancelling when nothing is
under way) is passed over, so that any part of a conversation is one again and shrinking may take out what it likes. What must hold
after each step: the same request gets the same kind of answer as alone (`robust.order.*`), a cursor that was given leads somewhere
(`mcp.pagination.server-stable`), and whatever the ambient checks say. Once something was called that may change the server, kinds of
answers are no longer held against it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Any, Final
from zlib import crc32

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from wireproof.judge.pack import Family, Lens
from wireproof.library.exchanges import literal
from wireproof.model.exchange import Close, Exchange, Expect, Notify, Pattern, Reopen, Request, Step
from wireproof.model.jsontext import ABSENT, JSON, dump
from wireproof.protocols.mcp.strategies import walks
from wireproof.protocols.mcp.strategies.acts import Act, acts, groups, pattern_of, request_of
from wireproof.protocols.mcp.strategies.building import RESULT, any_answer, calling, generated, liveness_of, still_alive
from wireproof.protocols.mcp.strategies.moves import Move, apart, moves

_MOVES: Final = 8
"""Moves of one part of a conversation, at most."""
_FEW: Final = 6
_STABLE: Final = "mcp.pagination.server-stable"
_HTTP: Final = ("http", "sse")
_LISTENING: Final = "notifications/subscriptions/acknowledged"
_ENDED: Final = Pattern(status=(404,), remark="the server ended the session, as it may when another one is opened")


def conversations(
    facts: Mapping[str, Any], lens: Lens, kinds: Mapping[str, str], slow: AbstractSet[str]
) -> tuple[list[Family], list[Family]]:
    """Walks, which leave out nothing of what they are about; and conversations by chance. Slow requests are under way while others come in
    families of their own: a conversation in which one is waited for costs more than a hundred others."""
    known = [one for one in acts(facts, lens) if one.changes or one.stays or one.key in kinds]
    lists = tuple(dict.fromkeys(facts.get("paged", ())))
    scene = _Scene(
        groups=groups(known),
        kinds=kinds,
        paged=lists,
        http=lens.transport in _HTTP,
        modern=lens.revision.era == "modern",
        leaves=lens.transport != "stdio",
        liveness=liveness_of(facts, lens),
    )
    return list(_walks(scene, slow)), list(_by_chance(replace(scene, leaves=False), slow))


def _walks(scene: _Scene, slow: AbstractSet[str]) -> Iterator[Family]:
    still = scene.only(lambda one: not one.changes)
    quick = still.only(lambda one: one.key not in slow)
    turns = [place for place, group in enumerate(quick.groups) if group[0].method in scene.paged]
    yield from _walk("walk-pages", quick, walks.turns(len(quick.groups), turns), weight=1.5)
    if still.slow(slow):
        yield from _walk("walk-overlap", still, walks.overlaps(len(still.groups), still.slow(slow)), weight=2.5)
    yield from _walk("walk", quick, walks.tours(len(quick.groups)), weight=8.0)


def _by_chance(scene: _Scene, slow: AbstractSet[str]) -> Iterator[Family]:
    quick = scene.only(lambda one: one.key not in slow)
    if quick.groups:
        yield _family("conversation", quick, [], 5, weight=2.0, share=6.0)
    if scene.slow(slow):
        yield _family("overlap", scene, scene.slow(slow), 1, weight=1.0)


def _family(
    name: str, scene: _Scene, slow: Sequence[int], parts: int, *, weight: float, share: float | None = None
) -> Family:
    """Conversations in so many parts, which are only a way to draw longer ones. Each keeps to a few groups of its own, or to none in
    particular: what comes of two requests after each other shows sooner where there are not many others."""
    few = st.lists(st.integers(0, len(scene.groups) - 1), max_size=_FEW, unique=True)
    part = st.lists(moves(len(scene.groups), slow, http=scene.http), max_size=_MOVES)
    drawn = st.tuples(few, *[part] * parts)
    draws = drawn.map(lambda made: scene.exchange(name, [move for part in made[1:] for move in part], made[0]))
    most = _MOVES * parts if scene.tools else 0
    return Family(
        name=name,
        draws=draws,
        calls=scene.tools,
        most_calls=most,
        calling=calling,
        weight=weight,
        share=share,
        alone=True,
    )


def _walk(name: str, scene: _Scene, every: list[list[Move]], weight: float) -> Iterator[Family]:
    """The conversations of a walk by their numbers, in an order that the seed decides; and parts of the one that failed."""
    if not every:
        return
    made: dict[str, list[Move]] = {}

    def numbered(number: int) -> Exchange:
        exchange = scene.exchange(name, every[number])
        made[dump(literal(exchange))] = every[number]
        return exchange

    def within(failed: Exchange) -> SearchStrategy[Exchange]:
        return walks.parts(made[dump(literal(failed))]).map(lambda left: scene.exchange(name, left))

    yield Family(
        name=name,
        draws=st.integers(0, len(every) - 1).map(numbered),
        within=within,
        calls=scene.tools,
        most_calls=walks.LENGTH if scene.tools else 0,
        calling=calling,
        weight=weight,
        most=len(every),
        alone=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    """What conversations of one lane are made of. `leaves`: the session ends with the conversation, so nobody need wait for what is under way."""

    groups: tuple[tuple[Act, ...], ...]
    kinds: Mapping[str, str]
    paged: tuple[str, ...]
    http: bool
    modern: bool
    leaves: bool
    liveness: str

    def only(self, wanted: Callable[[Act], bool]) -> _Scene:
        """The scene with these acts alone."""
        left = [tuple(one for one in group if wanted(one)) for group in self.groups]
        return replace(self, groups=tuple(one for one in left if one))

    def slow(self, keys: AbstractSet[str]) -> list[int]:
        """Places of the groups whose acts take long."""
        return [place for place, group in enumerate(self.groups) if group[0].key in keys]

    @property
    def tools(self) -> tuple[str, ...]:
        """The tools that are called."""
        called = [one for group in self.groups for one in group if one.key.startswith(("call-", "bad-"))]
        return tuple(dict.fromkeys(one.params["name"] for one in called if isinstance(one.params, dict)))

    def exchange(self, family: str, moves: Sequence[Move], few: Sequence[int] = ()) -> Exchange:
        """The conversation as a literal exchange. `few`: the groups that it keeps to, where a move does not name one itself."""
        talk = _Talk(scene=self, few=few or range(len(self.groups)), number=crc32(repr((family, few, moves)).encode()))
        for move in moves:
            talk.make(move)
        if not self.leaves:
            talk.join()
        steps = [*talk.steps, *still_alive(self.liveness)]
        if talk.several is not None and not self.modern:
            steps[talk.several :] = [
                replace(one, or_lawful=(_ENDED,)) if isinstance(one, Expect) else one for one in steps[talk.several :]
            ]
        return generated(family, steps)


@dataclass(slots=True, kw_only=True)
class _Open:
    """A request under way: its name, its act, and where its step stands."""

    name: str
    act: Act
    place: int


@dataclass(slots=True, kw_only=True)
class _Talk:
    """A conversation while it is put together: what is under way, which acts and cursors were used on the first connection."""

    scene: _Scene
    few: Sequence[int]
    number: int
    """Sets its ids apart from those of other conversations in the session that they share. It is made of what was drawn, because
    Hypothesis likes to draw a number once more."""
    steps: list[Step] = field(default_factory=list)
    under_way: list[_Open] = field(default_factory=list)
    listening: Request | None = None
    """The subscription that is open on the first connection."""
    done: set[str] = field(default_factory=set)
    cursors: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    """List to (capture of the next cursor, capture of the one used last); the list that was read last comes last."""
    acts: list[Act] = field(default_factory=list)
    ids: set[tuple[type, JSON]] = field(default_factory=set)
    several: int | None = None
    """Step from which on there is, or was, more than one connection."""
    count: int = 0
    changed: bool = False

    def make(self, move: Move) -> None:
        match move.verb:
            case "act" | "open":
                group = self.scene.groups[move.at if move.exactly else self.few[move.at % len(self.few)]]
                self._act(move, group[move.member % len(group)])
            case "echo":
                if len(self.acts) > 1:
                    self._act(move, self.acts[-2])
            case "page" | "again" | "other-page":
                begun = [*self.cursors] or self.scene.paged[move.at % max(1, len(self.scene.paged)) :]
                if begun:
                    self._page(
                        begun[-2 if move.verb == "other-page" and len(begun) > 1 else -1], again=move.verb == "again"
                    )
            case "join":
                self.join()
            case "cancel":
                self._cancel()
            case "reopen":
                self._reopen()

    def _name(self) -> str:
        self.count += 1
        return f"r{self.count}"

    def _act(self, move: Move, act: Act) -> None:
        self.acts.append(act)
        if act.stays:
            self._listen(act)
            return
        if act.method in self.scene.paged and move.verb != "open" and not move.other:
            self._first_page(act.method)
            return
        if not self._possible(act):
            return
        more: dict[str, Any] = {}
        own = apart(move.id, self.number)
        if own is not ABSENT and (type(own), own) not in self.ids and not act.deliberate:
            self.ids.add((type(own), own))
            more["id"] = own
        if move.token is not ABSENT and act.method == "tools/call":
            more["meta"] = {
                "progressToken": f"{move.token}-{self.count}" if isinstance(move.token, str) else self.count
            }
        connection = "other" if move.other else "main"
        if move.other:
            self._other()
        request = request_of(act, self._name(), connection=connection, **more)
        self.steps.append(request)
        row = self._row(other=move.other)
        self.changed = self.changed or act.changes
        if move.verb == "open":
            self.under_way.append(_Open(name=request.name, act=act, place=len(self.steps) - 1))
        else:
            self.steps.append(self._expect(request.name, act, row, connection))
        if not move.other:
            self.done.add(act.key)

    def _possible(self, act: Act) -> bool:
        """Is what must come before it done, and by now answered?"""
        if not act.before:
            return True
        first = act.key.replace("unsubscribe", "subscribe")
        return first in self.done and not any(one.act.key == first for one in self.under_way)

    def _row(self, *, other: bool) -> str:
        if other:
            return "robust.order.other-connection"
        return "robust.order.interleaved" if self.under_way or self.listening else "robust.order.reordered"

    def _expect(self, name: str, act: Act, row: str, connection: str = "main") -> Expect:
        kind = self.scene.kinds.get(act.key)
        if kind is None or self.changed:
            return replace(any_answer(name), connection=connection)
        slow = Pattern(outcome="timeout", remark="no answer in the time that one waits here")
        why = "alone the same request is answered in another way"
        return Expect(
            of=name, any_of=(pattern_of(kind, act.method), slow), about=(row,), why=why, connection=connection
        )

    def _first_page(self, method: str) -> None:
        name = self._name()
        capture = f"c{self.count}"
        self.steps += [
            Request(method=method, name=name),
            Expect(
                of=name,
                any_of=(Pattern(schema=RESULT),),
                about=(self._row(other=False),),
                capture={f"{capture}?": "/result/nextCursor"},
            ),
        ]
        self.cursors.pop(method, None)
        self.cursors[method] = (capture, None)
        self.done.add(method)

    def _page(self, method: str, *, again: bool) -> None:
        if method not in self.cursors:
            self._first_page(method)
        following, used = self.cursors.pop(method)
        take = used if again and used is not None else following
        name = self._name()
        capture = f"c{self.count}"
        self.steps += [
            Request(method=method, params={"cursor": f"{{{{{take}}}}}"}, name=name),
            Expect(
                of=name,
                any_of=(Pattern(schema=RESULT),),
                about=(_STABLE,),
                why="a cursor that the server gave leads nowhere",
                capture={f"{capture}?": "/result/nextCursor"},
            ),
        ]
        self.cursors[method] = (capture, take)

    def _listen(self, act: Act) -> None:
        """Opens a subscription, one at a time; whoever offers none answers with an error."""
        if self.listening is None:
            name = self._name()
            self.listening = request_of(act, name, id=f"listening-{name}-{self.number}")
            told = Pattern(match={"method": _LISTENING})
            patterns = (told, *any_answer(name).any_of)
            self.steps += [self.listening, Expect(message=_LISTENING, of=name, any_of=patterns)]

    def _listen_no_more(self) -> None:
        if self.listening is not None:
            self._call_off(self.listening)
            self.listening = None

    def join(self) -> None:
        """Waits for everything under way, oldest first, and ends what stays open."""
        self._listen_no_more()
        waiting, self.under_way = self.under_way, []
        for one in waiting:
            self.steps.append(self._expect(one.name, one.act, "robust.order.interleaved"))

    def _cancel(self) -> None:
        """Cancels what was opened last, or the subscription; over HTTP in the newest revisions that is closing its stream."""
        if not self.under_way:
            self._listen_no_more()
            return
        last = self.under_way.pop()
        request = self.steps[last.place]
        if isinstance(request, Request):
            if request.id is ABSENT and not (self.scene.modern and self.scene.http):
                request = replace(request, id=f"cancelled-{last.name}-{self.number}")
                self.steps[last.place] = request
            self._call_off(request)

    def _call_off(self, request: Request) -> None:
        if self.scene.modern and self.scene.http:
            self.steps.append(Close(of=request.name))
            return
        params = {"requestId": request.id, "reason": "not wanted any more"}
        self.steps.append(Notify(method="notifications/cancelled", params=params, name=self._name()))

    def _other(self) -> None:
        self.several = len(self.steps) if self.several is None else self.several

    def _reopen(self) -> None:
        self.join()
        self._other()
        self.steps.append(Reopen())
        self.cursors.clear()
        self.ids.clear()
        self.done.clear()
