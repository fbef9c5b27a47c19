"""Objects: every member name gets the schema that all keywords together make for it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from jsonschema_rs import CanonicalSchema, canonical
from jsonschema_rs.canonical import NameFailsView, ObjectView, PatternValueFailsView, UndeclaredValueFailsView

from wireproof.generate.admission import UnmergeableError
from wireproof.generate.anything import keys, scalars
from wireproof.generate.arrays import draw_new, finite
from wireproof.generate.drawing import drawn
from wireproof.model.jsontext import JSON

if TYPE_CHECKING:
    from wireproof.generate.builder import Builder

_EXTRAS: Final = 3
_SELDOM: Final = 7
"""One in so many objects gets members that no keyword asks for, beside one in which it does not."""
_MANY: Final = 12
_NAME: Final = 8  # what a name that must be made up weighs
_CROWD: Final = 30
_DEEP: Final = 13
_DEEPER: Final = 9


@dataclass(frozen=True, slots=True)
class Cell:
    """Names that are not known beforehand, and the schema of their values; `names` None is any name but the known."""

    names: CanonicalSchema | None
    value: CanonicalSchema | None


@dataclass(slots=True)
class Members:
    """What an object view says about each name."""

    builder: Builder
    view: ObjectView
    fuel: int
    known: dict[str, CanonicalSchema | None] = field(default_factory=dict)
    """Names that the view mentions and that may be there, to what all keywords together ask of their values."""
    barred: set[str] = field(default_factory=set)
    """Names that the view mentions and that may not be there."""
    cells: list[Cell] = field(default_factory=list)

    def __post_init__(self) -> None:
        names = self.view.property_names
        listed = finite(self.builder, names) if names is not None else None
        mentioned = [*self.view.required, *self.view.properties, *(listed or ())]
        for name in dict.fromkeys(one for one in mentioned if isinstance(one, str)):
            node = self.value(name)
            if self.builder.admits(names, name) and self.builder.possible(node, self.fuel):
                self.known[name] = node
            else:
                self.barred.add(name)
        if listed is None:
            self.cells = list(self._cells())

    def value(self, name: str) -> CanonicalSchema | None:
        """The schema of a member by its name."""
        parts = [self.view.properties[name]] if name in self.view.properties else []
        matching = [part for pattern, part in self.view.pattern_properties.items() if self.matches(pattern, name)]
        if not parts and not matching and self.view.additional_properties is not None:
            parts = [self.view.additional_properties]
        return self.builder.meet(*parts, *matching)

    def matches(self, pattern: str, name: str) -> bool:
        """Whether the pattern finds a match in the name."""
        return self.builder.admits(self.language({"pattern": pattern}), name)

    def language(self, schema: dict[str, Any]) -> CanonicalSchema:
        """A schema of names in the dialect at hand."""
        return self.builder.alike(self.builder.root, {"type": "string", **schema})

    def _cells(self) -> Iterator[Cell]:
        patterns = self.view.pattern_properties
        names = self.view.property_names
        mentioned = sorted({*self.view.properties, *self.view.required})
        apart: dict[str, Any] = {"not": {"enum": mentioned}} if mentioned else {}
        for pattern, value in patterns.items():
            if not self.builder.possible(value, self.fuel):
                continue
            others = [{"not": {"pattern": other}} for other in patterns if other != pattern]
            node = self.language({"pattern": pattern, "allOf": [apart, *others]})
            yield from self._cell(Cell(self.builder.meet(node, names), value))
        additional = self.view.additional_properties
        if self.builder.possible(additional, self.fuel):
            if not patterns and names is None:
                yield Cell(None, additional)
            else:
                node = self.language({"allOf": [apart, *({"not": {"pattern": other}} for other in patterns)]})
                yield from self._cell(Cell(self.builder.meet(node, names), additional))

    def _cell(self, cell: Cell) -> Iterator[Cell]:
        """The cell, if any name is in it."""
        if self.builder.possible(cell.names, self.fuel) and not self.names(cell).is_empty:
            yield cell

    def names(self, cell: Cell) -> SearchStrategy[Any]:
        """Names of a cell."""
        return self.builder.build(cell.names, self.fuel) if cell.names is not None else keys()

    def extra(self) -> SearchStrategy[tuple[str, JSON]]:
        """A member that the view does not mention."""
        pairs = [st.tuples(self.names(cell), self.builder.build(cell.value, self.fuel)) for cell in self.cells]
        return st.one_of(pairs)


def object_least(builder: Builder, view: ObjectView, fuel: int) -> float:
    """Size of the smallest object of the view."""
    required = view.required
    if view.max_properties is not None and len(required) > view.max_properties:
        return math.inf
    plain = not view.pattern_properties
    size: float = 1
    for name in required:
        node = view.properties.get(name)
        if node is None and plain:
            node = view.additional_properties
        size += builder.least(node, fuel - 1)
    if any(not _can_fail(builder, violation, fuel - 1) for violation in view.violations):
        return math.inf
    missing = max(view.min_properties or 0, len(view.violations)) - len(required)
    if missing <= 0 or size == math.inf:
        return size
    if plain and view.property_names is None and builder.least(view.additional_properties, fuel - 1) < math.inf:
        return size + missing * _NAME * builder.least(view.additional_properties, fuel - 1)
    if missing > _MANY * 100:
        return size + missing
    members = Members(builder, view, fuel - 1)
    sizes = sorted(builder.least(node, fuel - 1) for name, node in members.known.items() if name not in set(required))
    if len(sizes) < missing and not members.cells:
        return math.inf
    more = [builder.least(cell.value, fuel - 1) for cell in members.cells]
    sizes += [min(more)] * missing if more else []
    return size + sum(sizes[:missing])


def _can_fail(
    builder: Builder, violation: NameFailsView | UndeclaredValueFailsView | PatternValueFailsView, fuel: int
) -> bool:
    """Whether some value makes the violation true within the fuel."""
    failed = violation.additional if isinstance(violation, UndeclaredValueFailsView) else violation.schema
    try:
        return builder.least(builder.negated(failed), fuel) < math.inf
    except UnmergeableError:
        return True


def objects(builder: Builder, view: ObjectView, fuel: int) -> SearchStrategy[JSON]:
    """Objects of the view."""
    left = fuel - 1
    members = Members(builder, view, left)
    required = view.required
    if any(name not in members.known for name in required):
        return st.nothing()
    crowded = len(required) > _CROWD
    fixed = {
        name: scalars() if crowded and members.known[name] is None else builder.build(members.known[name], left)
        for name in required
    }
    optional = {name: builder.build(node, left) for name, node in members.known.items() if name not in fixed}
    least, most = view.min_properties or 0, view.max_properties
    if view.violations:
        return _violating(members, fixed, optional, least, most)
    bulky = [name for name in optional if not crowded and builder.bulky(members.known[name])]
    plain = _spread(fixed, optional, bulky, left)
    counted = least > len(fixed) or (most is not None and most < len(fixed) + len(optional))
    if not counted and not members.cells:
        return plain
    extra = members.extra() if members.cells else None
    if counted:
        return counted_object(fixed, optional, extra, least, most)
    assert extra is not None
    often = bool(view.pattern_properties) or view.property_names is not None or not members.known
    if not often and view.additional_properties is None:
        return seldom_more(plain, members, most)
    room = None if most is None else most - len(fixed) - len(optional)
    return more(
        plain, extra, frozenset(members.known) | members.barred, _EXTRAS if room is None else min(_EXTRAS, room)
    )


def seldom_more(
    plain: SearchStrategy[dict[str, JSON]], members: Members, most: int | None
) -> SearchStrategy[dict[str, JSON]]:
    """Objects of which few have a member that the schema does not know."""
    mentioned = frozenset(members.known) | members.barred
    dice = st.integers(0, _SELDOM)
    name = keys()
    value = members.builder.build(None, members.fuel)

    def draw_object(draw: DrawFn) -> dict[str, JSON]:
        made = draw(plain)
        if draw(dice) == _SELDOM and (most is None or len(made) < most):
            key = draw(name)
            if key not in mentioned:
                made[key] = draw(value)
        return made

    return drawn(draw_object)


def more(
    plain: SearchStrategy[dict[str, JSON]],
    extra: SearchStrategy[tuple[str, JSON]],
    mentioned: frozenset[str],
    most: int,
) -> SearchStrategy[dict[str, JSON]]:
    """Objects with some further members."""
    if most <= 0:
        return plain
    extras = st.lists(extra, max_size=most)

    def joined(parts: tuple[dict[str, JSON], list[tuple[str, JSON]]]) -> dict[str, JSON]:
        made, added = parts
        made.update((key, value) for key, value in added if key not in mentioned)
        return made

    return st.tuples(plain, extras).map(joined)


def counted_object(
    fixed: dict[str, SearchStrategy[JSON]],
    optional: dict[str, SearchStrategy[JSON]],
    extra: SearchStrategy[tuple[str, JSON]] | None,
    least: int,
    most: int | None,
) -> SearchStrategy[dict[str, JSON]]:
    """Objects with a number of members."""
    must = len(fixed)
    needed = max(0, least - must)
    room = (len(optional) + _EXTRAS if most is None else most - must) if extra is not None else len(optional)
    if most is not None:
        room = min(room, most - must)
    if room < needed and extra is not None:
        room = needed
    if room < needed:
        return st.nothing()
    counts = st.integers(needed, min(room, needed + _MANY))
    order = st.permutations(sorted(optional)) if optional else st.just([])
    shares = st.integers(0, 3)

    def draw_object(draw: DrawFn) -> dict[str, JSON]:
        made = {name: draw(value) for name, value in fixed.items()}
        count = must + draw(counts)
        spare = list(draw(order))
        if extra is None or draw(shares):
            for name in spare[: count - must]:
                made[name] = draw(optional[name])
        else:
            for name in spare[: max(0, (count - must) // 2)]:
                made[name] = draw(optional[name])
        if extra is not None:
            seen: set[object] = {(False, name) for name in (*fixed, *optional)}
            while len(made) < count:
                key, value = draw(extra)
                if (False, key) in seen:
                    key, value = draw(extra.filter(lambda pair: (False, pair[0]) not in seen))
                seen.add((False, key))
                made[key] = value
        return made

    return drawn(draw_object)


def _spread(
    fixed: dict[str, SearchStrategy[JSON]], optional: dict[str, SearchStrategy[JSON]], bulky: list[str], fuel: int
) -> SearchStrategy[dict[str, JSON]]:
    """Objects of which each optional member is there or not; where many or deep ones would make them huge, only some."""
    most = _MANY if fuel > _DEEP else 2 if fuel > _DEEPER else 1
    limited = sorted(optional) if len(optional) > 2 * _MANY else bulky
    if len(limited) <= most:
        return st.fixed_dictionaries(fixed, optional=optional)
    kept = {name: value for name, value in optional.items() if name not in limited}
    plain = st.fixed_dictionaries(fixed, optional=kept)
    names = st.lists(st.sampled_from(limited), max_size=most, unique=True)

    def draw_object(draw: DrawFn) -> dict[str, JSON]:
        made = draw(plain)
        for name in draw(names):
            made[name] = draw(optional[name])
        return made

    return drawn(draw_object)


def _violating(
    members: Members,
    fixed: dict[str, SearchStrategy[JSON]],
    optional: dict[str, SearchStrategy[JSON]],
    least: int,
    most: int | None,
) -> SearchStrategy[JSON]:
    """Objects in which some member breaks what a negated schema asks of all members."""
    forced = [_culprits(members, violation) for violation in members.view.violations]
    if not all(forced):
        return st.nothing()
    choices = [st.one_of(parts) for parts in forced]
    room = None if most is None else max(0, most - len(choices))
    extra = members.extra() if members.cells else None
    rest = counted_object(fixed, optional, extra, max(0, least - len(choices)), room)
    if not fixed and room is None and not least:
        rest = st.one_of(st.just({}), rest)

    def draw_object(draw: DrawFn) -> dict[str, JSON]:
        culprits = {}
        seen: set[object] = set()
        for choice in choices:
            name, value = draw(choice)
            if name not in culprits:
                culprits[name] = value
        made = {**dict(draw(rest)), **culprits}
        while len(made) < least and extra is not None:
            name, value = draw_new(draw, extra, seen)
            made.setdefault(name, value)
        return made

    return drawn(draw_object)


def _culprits(
    members: Members, violation: NameFailsView | UndeclaredValueFailsView | PatternValueFailsView
) -> list[SearchStrategy[tuple[str, JSON]]]:
    """Members that make the violation true."""
    builder, fuel = members.builder, members.fuel
    refused: CanonicalSchema | None = None
    match violation:
        case canonical.NameFailsView():
            apart = builder.negated(violation.schema)
            names: CanonicalSchema | None = builder.meet(members.language({}), apart)
        case canonical.PatternValueFailsView():
            names = members.language({"pattern": violation.pattern})
            refused = builder.negated(violation.schema)
        case _:
            parts: list[dict[str, Any]] = [{"not": {"pattern": pattern}} for pattern in violation.patterns]
            parts += [{"not": {"enum": list(violation.names)}}] if violation.names else []
            names = members.language({"allOf": parts} if parts else {})
            refused = builder.negated(violation.additional)
    made = []
    for name, node in members.known.items():
        value = builder.meet(node, refused)
        if builder.admits(names, name) and builder.possible(value, fuel):
            made.append(st.tuples(st.just(name), builder.build(value, fuel)))
    mentioned = sorted(members.known.keys() | members.barred)
    for cell in members.cells:
        value = builder.meet(cell.value, refused)
        apart_names = builder.meet(
            members.language({"not": {"enum": mentioned}} if mentioned else {}), names, cell.names
        )
        drawn = builder.build(apart_names, fuel)
        if builder.possible(value, fuel) and not drawn.is_empty:
            made.append(st.tuples(drawn, builder.build(value, fuel)))
    return made
