"""Regular languages as terms with intersection and complement, and their derivatives (Brzozowski 1964).

A term reads one character after the other: `derive(term, char)` is what may follow. Anchors and word boundaries are terms without
width that look at the characters on both sides, so every position is told what stands before it and after it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum

from wireproof.generate.charsets import ALL, WORD, Ranges, holds, invert


class Side(IntEnum):
    """What stands on one side of a position."""

    EDGE = 0
    OTHER = 1
    WORD = 2


class Term:
    """One language; equal terms of one `Terms` are the same object."""

    __slots__ = ("args", "empty_everywhere", "looks", "op")

    looks: bool
    """Whether the term looks at its neighbours."""

    def __init__(self, op: str, args: tuple[object, ...]) -> None:
        self.op = op
        self.args = args
        self.looks = op in _LOOKS or any(part.looks for part in _parts(self))
        self.empty_everywhere: dict[tuple[Side, Side], bool] = {}


_LOOKS = frozenset(("start", "end", "boundary", "inside"))


def _parts(term: Term) -> Iterable[Term]:
    for arg in term.args:
        if isinstance(arg, Term):
            yield arg
        elif isinstance(arg, frozenset):
            yield from arg


def side_of(point: int) -> Side:
    """Which side a character makes for its neighbours."""
    return Side.WORD if holds(WORD, point) else Side.OTHER


@dataclass(slots=True)
class Terms:
    """Makes terms and remembers them. One per compiled pattern: nothing outlives it."""

    _known: dict[tuple[str, tuple[object, ...]], Term] = field(default_factory=dict)
    _derived: dict[tuple[Term, int, Side], Term] = field(default_factory=dict)
    _firsts: dict[Term, frozenset[Ranges]] = field(default_factory=dict)

    def make(self, op: str, *args: object) -> Term:
        """A term as it stands, without simplification."""
        term = self._known.get((op, args))
        if term is None:
            term = self._known[op, args] = Term(op, args)
        return term

    @property
    def size(self) -> int:
        """Terms made so far: the cost of a pattern."""
        return len(self._known)

    @property
    def nothing(self) -> Term:
        """No word at all."""
        return self.make("nothing")

    @property
    def empty(self) -> Term:
        """The empty word."""
        return self.make("empty")

    @property
    def anything(self) -> Term:
        """Every word."""
        return self.repeat(self.chars(ALL), 0, None)

    def chars(self, one: Ranges) -> Term:
        """Words of one character of the set."""
        return self.make("chars", one) if one else self.nothing

    def literal(self, text: str) -> Term:
        """One word."""
        made = self.empty
        for char in reversed(text):
            made = self.cat(self.chars(((ord(char), ord(char)),)), made)
        return made

    def cat(self, one: Term, other: Term) -> Term:
        """A word of one, then a word of the other."""
        if "nothing" in (one.op, other.op):
            return self.nothing
        if one.op == "empty":
            return other
        if other.op == "empty":
            return one
        if one.op == "cat":
            first, rest = one.args
            assert isinstance(first, Term)
            assert isinstance(rest, Term)
            return self.cat(first, self.cat(rest, other))
        return self.make("cat", one, other)

    def either(self, parts: Iterable[Term]) -> Term:
        """Words of any of them."""
        flat: set[Term] = set()
        for part in parts:
            flat.update(_parts(part) if part.op == "either" else (part,))
        flat.discard(self.nothing)
        if self.anything in flat:
            return self.anything
        if len(flat) <= 1:
            return next(iter(flat), self.nothing)
        return self.make("either", frozenset(flat))

    def both(self, parts: Iterable[Term]) -> Term:
        """Words of all of them."""
        flat: set[Term] = set()
        for part in parts:
            flat.update(_parts(part) if part.op == "both" else (part,))
        flat.discard(self.anything)
        if self.nothing in flat:
            return self.nothing
        if len(flat) <= 1:
            return next(iter(flat), self.anything)
        return self.make("both", frozenset(flat))

    def without(self, one: Term) -> Term:
        """Every word that is not of this one."""
        if one.op == "without":
            inner = one.args[0]
            assert isinstance(inner, Term)
            return inner
        if one.op == "nothing":
            return self.anything
        if one is self.anything:
            return self.nothing
        return self.make("without", one)

    def repeat(self, one: Term, least: int, most: int | None) -> Term:
        """`least` to `most` words of it, one after the other; None is without end."""
        if most == 0 or one.op == "empty":
            return self.empty
        if one.op == "nothing":
            return self.empty if least == 0 else self.nothing
        if (least, most) == (1, 1):
            return one
        return self.make("repeat", one, least, most)

    def accepts(self, term: Term, before: Side, after: Side) -> bool:
        """Whether the empty word is of the term between these neighbours."""
        known = term.empty_everywhere.get((before, after))
        if known is None:
            known = term.empty_everywhere[before, after] = self._accepts(term, before, after)
        return known

    def _accepts(self, term: Term, before: Side, after: Side) -> bool:
        match term.op:
            case "empty":
                return True
            case "nothing" | "chars":
                return False
            case "start":
                return before is Side.EDGE
            case "end":
                return after is Side.EDGE
            case "boundary":
                return (before is Side.WORD) != (after is Side.WORD)
            case "inside":
                return (before is Side.WORD) == (after is Side.WORD)
            case "either":
                return any(self.accepts(part, before, after) for part in _parts(term))
            case "without":
                return not any(self.accepts(part, before, after) for part in _parts(term))
            case "repeat":
                return term.args[1] == 0 or all(self.accepts(part, before, after) for part in _parts(term))
            case _:  # cat, both
                return all(self.accepts(part, before, after) for part in _parts(term))

    def derive(self, term: Term, point: int, before: Side) -> Term:
        """What may follow this character in words of the term."""
        key = (term, point, before if term.looks else Side.OTHER)
        known = self._derived.get(key)
        if known is None:
            known = self._derived[key] = self._derive(term, point, before)
        return known

    def _derive(self, term: Term, point: int, before: Side) -> Term:
        match term.op, term.args:
            case "chars", (tuple() as one,):
                return self.empty if holds(one, point) else self.nothing
            case "cat", (Term() as one, Term() as other):
                made = self.cat(self.derive(one, point, before), other)
                if self.accepts(one, before, side_of(point)):
                    return self.either((made, self.derive(other, point, before)))
                return made
            case "repeat", (Term() as one, int() as least, (int() | None) as most):
                rest = self.repeat(one, max(0, least - 1), None if most is None else most - 1)
                return self.cat(self.derive(one, point, before), rest)
            case "either", _:
                return self.either(self.derive(part, point, before) for part in _parts(term))
            case "both", _:
                return self.both(self.derive(part, point, before) for part in _parts(term))
            case "without", (Term() as one,):
                return self.without(self.derive(one, point, before))
            case _:
                return self.nothing

    def firsts(self, term: Term) -> frozenset[Ranges]:
        """The sets that tell characters apart in first position."""
        known = self._firsts.get(term)
        if known is None:
            known = self._firsts[term] = self._first(term)
        return known

    def _first(self, term: Term) -> frozenset[Ranges]:
        match term.op, term.args:
            case "chars", (tuple() as one,):
                return frozenset((one,))
            case "cat", (Term() as one, Term() as other):
                may = any(self.accepts(one, before, after) for before in Side for after in Side)
                return self.firsts(one) | self.firsts(other) if may else self.firsts(one)
            case _:
                found: frozenset[Ranges] = frozenset((WORD,)) if term.looks else frozenset()
                for part in _parts(term):
                    found |= self.firsts(part)
                return found

    def classes(self, term: Term) -> list[Ranges]:
        """A partition of all characters: those of one part lead to the same place."""
        sets = list(self.firsts(term))
        edges = sorted({0} | {edge for one in sets for low, high in one for edge in (low, high + 1)})
        groups: dict[tuple[bool, ...], list[tuple[int, int]]] = {}
        for at, low in enumerate(edges):
            high = edges[at + 1] - 1 if at + 1 < len(edges) else ALL[-1][1]
            if low <= high:
                groups.setdefault(tuple(holds(one, low) for one in sets), []).append((low, high))
        return [kept for parts in groups.values() if (kept := invert(invert(tuple(_joined(parts)))))]


def _joined(parts: list[tuple[int, int]]) -> Iterable[tuple[int, int]]:
    """Neighbouring ranges as one."""
    made: list[tuple[int, int]] = []
    for low, high in parts:
        if made and made[-1][1] + 1 == low:
            made[-1] = (made[-1][0], high)
        else:
            made.append((low, high))
    return made
