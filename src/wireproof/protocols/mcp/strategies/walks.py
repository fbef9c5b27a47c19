"""Walks: conversations that leave nothing out. What goes wrong after three particular requests is met by chance too rarely.

A tour goes through all ordered triples of groups of acts, each once; overlaps go through all pairs of moves that come after a slow
request was opened; turns go through all that can stand between two pages. They are cut into conversations, which search draws by
number, so none comes twice. Where one fails, parts of it are taken out until nothing more can be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from wireproof.protocols.mcp.strategies.moves import MEMBERS, Move
from wireproof.protocols.tours import stages

LENGTH = 20
"""Moves of one conversation."""


def tours(many: int) -> list[list[Move]]:
    """All triples of groups, in conversations that overlap by two moves. In each a group is always represented by the same member,
    and groups that are about the same things (subscribe, unsubscribe) by members of the same number."""
    return [
        [Move(verb="act", at=at, member=number % MEMBERS, exactly=True) for at in stage]
        for number, stage in enumerate(stages(many, LENGTH))
    ]


def turns(many: int, lists: Sequence[int]) -> list[list[Move]]:
    """Whatever can stand between two pages of a list, or between a page and the same page again. `lists`: groups that are lists of pages."""
    units = []
    for number, (one, between) in enumerate((one, between) for one in lists for between in range(many)):
        first = Move(verb="act", at=one, exactly=True)
        via = Move(verb="act", at=between, member=number % MEMBERS, exactly=True)
        following = "other-page" if between in lists and between != one else "page"
        units.append([first, via, Move(verb=following)])
        if following == "page":
            units.append([first, Move(verb="page"), via, Move(verb="again")])
    return _cut(units)


def overlaps(many: int, slow: Sequence[int]) -> list[list[Move]]:
    """All pairs of moves after a slow request was opened: requests, another slow one, and its cancellation; in the end it is cancelled."""
    units = []
    for place in slow[:1]:
        opened = Move(verb="open", at=place, exactly=True)
        acts = [Move(verb="act", at=at, exactly=True) for at in range(many) if at not in slow]
        for number, (first, second) in enumerate(
            (first, second) for first in (*acts, opened, Move(verb="cancel")) for second in acts
        ):
            member = number % MEMBERS
            chosen = [replace(one, member=member) for one in (first, second) if one.verb == "act"]
            between = [] if first.verb == "act" else [first]
            units.append([opened, *between, *chosen, Move(verb="cancel"), Move(verb="cancel")])
    return _cut(units)


def _cut(units: Sequence[list[Move]]) -> list[list[Move]]:
    """Conversations of whole units."""
    made: list[list[Move]] = []
    for unit in units:
        if not made or len(made[-1]) + len(unit) > LENGTH:
            made.append([])
        made[-1] += unit
    return made


def parts(moves: Sequence[Move]) -> SearchStrategy[list[Move]]:
    """Parts of a conversation, in order: each move stands or not, and each group keeps its member or gets the first one."""
    groups = list(dict.fromkeys(one.at for one in moves))

    def left(drawn: tuple[tuple[bool, ...], tuple[bool, ...]]) -> list[Move]:
        kept, own = drawn
        same = dict(zip(groups, own, strict=True))
        return [
            one if same[one.at] else replace(one, member=0) for one, stays in zip(moves, kept, strict=True) if stays
        ]

    stays = st.tuples(*[st.booleans()] * len(moves))
    return st.tuples(stays, st.tuples(*[st.booleans()] * len(groups))).map(left)
