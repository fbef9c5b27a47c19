"""Words of a regular language, drawn without rejection: the states that derivatives lead to, and a walk through them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from wireproof.generate.charsets import pool
from wireproof.generate.formats import FORMATS, NOT_OF
from wireproof.generate.patterns import UnsupportedPattern, language
from wireproof.generate.terms import Side, Term, Terms, side_of

MAX_STATES: Final = 1_500
MAX_TERMS: Final = 30_000
LONGEST: Final = 400
"""Characters of the longest word that is drawn where a language has longer ones, unless its shortest word is longer."""
_MARGIN: Final = 48

State = tuple[Term, Side]


@dataclass(slots=True, eq=False)
class Words:
    """The words of one language within a window of lengths. Empty `lengths`: there is none."""

    _start: State
    _terms: Terms
    lengths: tuple[int, ...] = ()
    """Lengths that are drawn, rising: a run from the shortest one, and the longest where the window has an end."""
    _steps: dict[State, tuple[tuple[str, State], ...]] = field(default_factory=dict)
    _reach: list[set[State]] = field(default_factory=list)
    _choices: dict[tuple[State, int], tuple[tuple[str, State], ...]] = field(default_factory=dict)

    def explore(self) -> None:
        """Finds all states. UnsupportedPattern when there are too many."""
        pending = [self._start]
        while pending:
            state = pending.pop()
            if state in self._steps:
                continue
            if len(self._steps) >= MAX_STATES or self._terms.size > MAX_TERMS:
                raise UnsupportedPattern("the patterns have too many states")
            self._steps[state] = steps = self._follow(state)
            pending.extend(reached for _, reached in steps)

    def _follow(self, state: State) -> tuple[tuple[str, State], ...]:
        term, before = state
        found: dict[State, str] = {}
        for one in self._terms.classes(term):
            point = one[0][0]
            after = self._terms.derive(term, point, before)
            if after.op != "nothing":
                reached = (after, side_of(point) if after.looks else Side.OTHER)
                found[reached] = found.get(reached, "") + pool(one)
        return tuple((chars, reached) for reached, chars in found.items())

    def measure(self, least: int, most: int | None) -> None:
        """Finds the lengths of words from `least` to `most` characters."""
        ends = {state for state in self._steps if self._terms.accepts(state[0], state[1], Side.EDGE)}
        before: dict[State, list[State]] = {}
        for state, steps in self._steps.items():
            for _, reached in steps:
                before.setdefault(reached, []).append(state)
        found: list[int] = []
        here, stop = ends, max(LONGEST, least + _MARGIN) if most is None else min(most, max(LONGEST, least + _MARGIN))
        while True:
            length = len(self._reach)
            self._reach.append(here)
            if length >= least and self._start in here:
                found.append(length)
            if length >= stop or not here or (most is None and found and length > found[0] + _MARGIN):
                break
            here = {state for reached in here for state in before.get(reached, ())}
        self.lengths = tuple(found)

    def word(self, seed: bytes) -> str:
        """The word that the bytes choose: about as long as they are, zeros give the plainest characters."""
        length = min(self.lengths, key=lambda one: (abs(one - len(seed)), one))
        state, made = self._start, []
        for left in range(length, 0, -1):
            choices = self._choices.get((state, left))
            if choices is None:
                choices = self._choices[state, left] = self._choose(state, left)
            at = length - left
            char, state = choices[seed[at] % len(choices) if at < len(seed) else 0]
            made.append(char)
        return "".join(made)

    def _choose(self, state: State, left: int) -> tuple[tuple[str, State], ...]:
        reach = self._reach[left - 1]
        groups = [[(char, reached) for char in chars] for chars, reached in self._steps[state] if reached in reach]
        groups.sort(key=lambda group: _plainness(group[0][0]))
        most = 250 // len(groups) if groups else 0
        return tuple(choice for group in groups for choice in group[: max(most, 1)])

    def holds(self, text: str) -> bool:
        """Whether the text is a word of the language, whatever its length."""
        term, before = self._start
        for char in text:
            if 0xD800 <= ord(char) < 0xE000:
                return False
            term, before = self._terms.derive(term, ord(char), before), side_of(ord(char))
        return self._terms.accepts(term, before, Side.EDGE)


def _plainness(char: str) -> tuple[bool, bool, str]:
    return not char.isascii(), not char.isalnum(), char


@lru_cache(maxsize=512)
def words(
    *,
    patterns: tuple[str, ...] = (),
    excluded_patterns: tuple[str, ...] = (),
    formats: tuple[str, ...] = (),
    excluded_formats: tuple[str, ...] = (),
    excluded: tuple[str, ...] = (),
    literals: tuple[str, ...] = (),
    least: int = 0,
    most: int | None = None,
) -> Words:
    """Strings of `least` to `most` characters that match all of the first, none of the excluded ones, and are a literal if there are any.

    Unknown formats say nothing. UnsupportedPattern where a pattern cannot be read as a regular language within the caps.
    """
    terms = Terms()
    parts = [language(pattern, terms) for pattern in patterns]
    parts += [terms.without(language(pattern, terms)) for pattern in excluded_patterns]
    parts += [language(f"^(?:{FORMATS[name].language})$", terms) for name in formats if name in FORMATS]
    parts += [language(NOT_OF.get(name, " "), terms) for name in excluded_formats if name in FORMATS]
    parts += [terms.without(terms.either(terms.literal(word) for word in excluded))] if excluded else []
    parts += [terms.either(terms.literal(word) for word in literals)] if literals else []
    made = Words((terms.both(parts), Side.EDGE), terms)
    made.explore()
    made.measure(least, most)
    return made
