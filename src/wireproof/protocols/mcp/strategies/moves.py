"""The moves of a conversation and how they are drawn: one integer for most of them, the simple ones first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from wireproof.model.jsontext import ABSENT, JSON
from wireproof.protocols.mcp.strategies.requests import FREE

MEMBERS: Final = 12
"""How finely a member of a group is chosen: any number of members up to four comes equally often."""

_IDS: Final[tuple[JSON, ...]] = (FREE, str(FREE), -FREE, str(-FREE), 2**40)
"""Ids of a conversation's own, to each of which `apart` adds its number: odder ones have a family of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One move. `verb`: act, echo (the act before the last once more), open (an act whose answer is not waited for), page (the next one of
    the list that was read last), other-page (of the one before it), again (the last page once more), join (wait for all that is under
    way), cancel (what was opened last), reopen. `at` chooses a group of acts and `member` one of it; `id`: an id of the client's
    own; `token`: progress is asked for; `other`: on a second connection."""

    verb: str
    at: int = 0
    member: int = 0
    id: JSON = ABSENT
    token: JSON = ABSENT
    other: bool = False
    exactly: bool = False
    """`at` counts among all groups, not among the few that the conversation keeps to."""


_SEQUENTIAL: Final = (*("act",) * 12, *("echo",) * 2, *("page",) * 2, "again", "other-page")
_OVERLAPPING: Final = (*("act",) * 8, "echo", "page", *("slow",) * 4, *("open",) * 2, "join", *("cancel",) * 2)


def moves(many: int, slow: Sequence[int], *, http: bool) -> SearchStrategy[Move]:
    """The next moves among `many` groups of acts, of which those at `slow` take long."""
    verbs = _OVERLAPPING if slow else _SEQUENTIAL
    cells = many * MEMBERS

    def plain(number: int) -> Move:
        verb, cell = verbs[number // cells], number % cells
        at, member = cell // MEMBERS, cell % MEMBERS
        if verb == "slow":
            return Move(verb="open", at=slow[at % len(slow)], member=member, exactly=True)
        return Move(verb=verb, at=at, member=member)

    numbers = st.integers(0, len(verbs) * cells - 1).map(plain)
    special = st.builds(
        Move,
        verb=st.sampled_from(["act", *(["open", "cancel"] if slow else []), *(["reopen"] if http else [])]),
        at=st.integers(0, many - 1),
        member=st.integers(0, MEMBERS - 1),
        id=st.one_of(st.just(ABSENT), st.sampled_from(_IDS)),
        token=st.one_of(st.just(ABSENT), st.sampled_from(["token", 7])),
        other=st.booleans() if http else st.just(False),
        exactly=st.just(True),
    )
    return st.one_of(*[numbers] * 7, special)


def apart(identity: JSON, number: int) -> JSON:
    """That id in the conversation of this number: further from zero, and a string where it is one."""
    if isinstance(identity, str):
        return str(apart(int(identity), number))
    if isinstance(identity, int):
        return identity + number if identity > 0 else identity - number
    return identity
