"""Whole conversations: the legal next moves of a client, in any order, with requests under way at once and more than one connection.

A draw is a list of moves; what is not possible where it stands (a further page of a list that was not read, cancelling when nothing is
under way) is passed over, so that any part of a conversation is one again and shrinking may take out what it likes. What must hold
after each step: the same request gets the same kind of answer as alone (`robust.order.*`), a cursor that was given leads somewhere
(`mcp.pagination.server-stable`), and whatever the ambient checks say. Once something was called that may change the server, kinds of
answers are no longer held against it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from wireproof.judge.pack import Family, Lens
from wireproof.model.exchange import Close, Exchange, Expect, Notify, Pattern, Reopen, Request, Step
from wireproof.model.jsontext import ABSENT, JSON
from wireproof.protocols.mcp.strategies.acts import Act, acts, pattern_of, request_of
from wireproof.protocols.mcp.strategies.building import RESULT, any_answer, generated, still_alive
from wireproof.protocols.mcp.strategies.requests import FREE, ids

_MOVES: Final = 8
"""Moves of one part of a conversation, at most."""
_FEW: Final = 6
_STABLE: Final = "mcp.pagination.server-stable"
_HTTP: Final = ("http", "sse")


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One move. `verb`: act, open (an act whose answer is not waited for), page, again (the last page once more), join (wait for all
    that is under way), cancel (what was opened last), reopen. `at` chooses among what there is; `id`: an id of the client's own;
    `token`: progress is asked for; `other`: on a second connection."""

    verb: str
    at: int = 0
    id: JSON = ABSENT
    token: JSON = ABSENT
    other: bool = False
    exactly: bool = False
    """`at` counts among all acts, not among the few that the conversation keeps to."""


def conversations(
    facts: Mapping[str, Any], lens: Lens, kinds: Mapping[str, str], slow: AbstractSet[str]
) -> Iterator[Family]:
    """Two families: `overlap`, where slow requests are under way while others come, and `conversation` without those that are `slow`."""
    known = [one for one in acts(facts, lens) if one.changes or one.key in kinds]
    scene = _Scene(
        acts=tuple(known),
        kinds=kinds,
        paged=tuple(dict.fromkeys(facts.get("paged", ()))),
        http=lens.transport in _HTTP,
        modern=lens.revision.era == "modern",
        liveness=str(lens.revision.traits.get("liveness", "")),
    )
    if any(one.key in slow for one in known):
        moves = _moves(scene, slow=[place for place, one in enumerate(known) if one.key in slow])
        yield _family("overlap", scene, moves, 1, weight=2.0)
    scene = replace(scene, acts=tuple(one for one in known if one.key not in slow))
    if scene.acts:
        yield _family("conversation", scene, _moves(scene, slow=[]), 3, weight=6.0)


def _family(name: str, scene: _Scene, moves: SearchStrategy[Move], parts: int, weight: float) -> Family:
    """Conversations in so many parts, which are only a way to draw longer ones. Each keeps to a few acts of its own, or to none in
    particular: what comes of two requests after each other shows sooner where there are not many others."""
    few = st.lists(st.integers(0, len(scene.acts) - 1), max_size=_FEW, unique=True)
    drawn = st.tuples(few, *[st.lists(moves, max_size=_MOVES)] * parts)
    draws = drawn.map(lambda made: scene.exchange(name, made[0], [move for part in made[1:] for move in part]))
    tools = tuple(dict.fromkeys(one.params["name"] for one in scene.acts if one.key.startswith(("call-", "bad-"))))
    most = _MOVES * parts if tools else 0
    return Family(name=name, draws=draws, calls=tools, most_calls=most, weight=weight, alone=True)


_SEQUENTIAL: Final = ("act", "act", "act", "act", "act", "act", "page", "again")
_OVERLAPPING: Final = ("act", "act", "act", "act", "page", "slow", "slow", "open", "join", "cancel")


def _moves(scene: _Scene, slow: list[int]) -> SearchStrategy[Move]:
    """The next moves. Most are one integer each, which costs little to draw; simple ones stand first, which shrinking prefers."""
    verbs = _OVERLAPPING if slow else _SEQUENTIAL
    many = len(scene.acts)

    def plain(number: int) -> Move:
        verb, at = verbs[number // many], number % many
        if verb == "slow":
            return Move(verb="open", at=slow[at % len(slow)], exactly=True)
        return Move(verb=verb, at=at)

    numbers = st.integers(0, len(verbs) * many - 1).map(plain)
    own = st.one_of(st.just(ABSENT), st.sampled_from([FREE, str(FREE)]), ids())
    special = st.builds(
        Move,
        verb=st.sampled_from(["act", *(["open", "cancel"] if slow else []), *(["reopen"] if scene.http else [])]),
        at=st.integers(0, many - 1),
        id=own,
        token=st.one_of(st.just(ABSENT), st.sampled_from(["token", 7])),
        other=st.booleans() if scene.http else st.just(False),
        exactly=st.just(True),
    )
    return st.one_of(numbers, numbers, numbers, numbers, numbers, special)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    """What conversations of one lane are made of."""

    acts: tuple[Act, ...]
    kinds: Mapping[str, str]
    paged: tuple[str, ...]
    http: bool
    modern: bool
    liveness: str

    def exchange(self, family: str, few: list[int], moves: list[Move]) -> Exchange:
        """The conversation as a literal exchange. `few`: places of the acts that it keeps to, where it does not name one itself."""
        talk = _Talk(scene=self, few=few or list(range(len(self.acts))))
        for move in moves:
            talk.make(move)
        talk.join()
        return generated(family, (*talk.steps, *still_alive(self.liveness)))


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
    few: list[int]
    steps: list[Step] = field(default_factory=list)
    under_way: list[_Open] = field(default_factory=list)
    done: set[str] = field(default_factory=set)
    cursors: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    """List to (capture of the next cursor, capture of the one used last)."""
    ids: set[tuple[type, JSON]] = field(default_factory=set)
    count: int = 0
    changed: bool = False

    def make(self, move: Move) -> None:
        match move.verb:
            case "act" | "open":
                self._act(move)
            case "page" | "again":
                begun = [method for method in self.scene.paged if method in self.cursors] or self.scene.paged
                if begun:
                    self._page(begun[move.at % len(begun)], again=move.verb == "again")
            case "join":
                self.join()
            case "cancel":
                self._cancel()
            case "reopen":
                self._reopen()

    def _name(self) -> str:
        self.count += 1
        return f"r{self.count}"

    def _act(self, move: Move) -> None:
        act = self.scene.acts[move.at if move.exactly else self.few[move.at % len(self.few)]]
        if act.method in self.scene.paged and move.verb == "act" and not move.other:
            self._first_page(act.method)
            return
        if not self._possible(act):
            return
        more: dict[str, Any] = {}
        if move.id is not ABSENT and (type(move.id), move.id) not in self.ids and not act.deliberate:
            self.ids.add((type(move.id), move.id))
            more["id"] = move.id
        if move.token is not ABSENT and act.method == "tools/call":
            more["meta"] = {
                "progressToken": f"{move.token}-{self.count}" if isinstance(move.token, str) else self.count
            }
        connection = "other" if move.other else "main"
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
        return "robust.order.interleaved" if self.under_way else "robust.order.reordered"

    def _expect(self, name: str, act: Act, row: str, connection: str = "main") -> Expect:
        kind = self.scene.kinds.get(act.key)
        if kind is None or self.changed:
            return replace(any_answer(name), connection=connection)
        slow = Pattern(outcome="timeout", remark="no answer in the time that one waits here")
        why = "alone the same request is answered in another way"
        return Expect(of=name, any_of=(pattern_of(kind), slow), about=(row,), why=why, connection=connection)

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
        self.cursors[method] = (capture, None)
        self.done.add(method)

    def _page(self, method: str, *, again: bool) -> None:
        if method not in self.cursors:
            self._first_page(method)
        following, used = self.cursors[method]
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

    def join(self) -> None:
        """Waits for everything under way, oldest first."""
        waiting, self.under_way = self.under_way, []
        for one in waiting:
            self.steps.append(self._expect(one.name, one.act, "robust.order.interleaved"))

    def _cancel(self) -> None:
        """Cancels what was opened last; over HTTP in the newest revisions that is closing its stream."""
        if not self.under_way:
            return
        last = self.under_way.pop()
        if self.scene.modern and self.scene.http:
            self.steps.append(Close(of=last.name))
            return
        request = self.steps[last.place]
        if isinstance(request, Request):
            if request.id is ABSENT:
                request = replace(request, id=f"cancelled-{last.name}")
                self.steps[last.place] = request
            params = {"requestId": request.id, "reason": "not wanted any more"}
            self.steps.append(Notify(method="notifications/cancelled", params=params, name=self._name()))

    def _reopen(self) -> None:
        self.join()
        self.steps.append(Reopen())
        self.cursors.clear()
        self.ids.clear()
        self.done.clear()
