"""Arrays: every position gets the schema that all keywords together make for it."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from jsonschema_rs import CanonicalSchema, canonical
from jsonschema_rs.canonical import ArrayView, ContainsView, Distinctness

from wireproof.generate.admission import UnmergeableError
from wireproof.generate.drawing import drawn
from wireproof.model.jsontext import JSON

if TYPE_CHECKING:
    from wireproof.generate.builder import Builder

_WIDE: Final = 8
_TRIES: Final = 20


def position(view: ArrayView, at: int) -> CanonicalSchema | None:
    """The schema of an item by its place; None admits anything."""
    prefix = view.prefix_items
    return prefix[at] if at < len(prefix) else view.items


def array_least(builder: Builder, view: ArrayView, fuel: int) -> float:
    """Size of the smallest array of the view."""
    repeated = 2 if view.distinctness == Distinctness.SOME_REPEATED else 0
    wanted = [one.min_contains if one.min_contains is not None else 1 for one in view.contains]
    count = max(view.min_items or 0, repeated, *wanted, 0)
    if view.max_items is not None and count > view.max_items:
        return math.inf
    for kind, least in zip(view.contains, wanted, strict=True):
        if least and builder.least(kind.schema, fuel - 1) == math.inf:
            return math.inf
    own = len(view.prefix_items)
    size = 1 + sum(builder.least(position(view, at), fuel - 1) for at in range(min(count, own)))
    if count > own:
        size += (count - own) * builder.least(view.items, fuel - 1)
    return size


def arrays(builder: Builder, view: ArrayView, fuel: int) -> SearchStrategy[JSON]:
    """Arrays of the view."""
    least = view.min_items or 0
    most = view.max_items if view.max_items is not None else max(least, len(view.prefix_items)) + _width(fuel)
    for at in range(min(most, len(view.prefix_items) + 1)):
        if not builder.possible(position(view, at), fuel - 1):
            most = at
            break
    most = min(most, least + 2 * _WIDE)
    if view.contains:
        return _Containing(builder, view, fuel, least, most).strategy()
    if view.distinctness == Distinctness.SOME_REPEATED:
        return _repeating(builder, view, fuel, max(least, 2), most)
    prefix = [builder.build(part, fuel - 1) for part in view.prefix_items[:most]]
    rest = builder.build(view.items, fuel - 1) if most > len(prefix) else st.nothing()
    distinct = view.distinctness == Distinctness.ALL_DISTINCT
    if not prefix:
        return _listed(builder, view.items, rest, least, most, distinct)
    return _fixed(prefix, rest, least, most, distinct)


def _width(fuel: int) -> int:
    """Items drawn where the schema sets no end: fewer the deeper we are."""
    return _WIDE if fuel > 12 else 3 if fuel > 6 else 2


def _listed(
    builder: Builder, node: CanonicalSchema | None, items: SearchStrategy[JSON], least: int, most: int, distinct: bool
) -> SearchStrategy[JSON]:
    if not distinct:
        return st.lists(items, min_size=least, max_size=most)
    values = finite(builder, node)
    if values is not None:
        return st.lists(
            st.sampled_from(values), min_size=least, max_size=min(most, len(values)), unique_by=identity
        ).map(copy.deepcopy)
    return st.lists(items, min_size=least, max_size=most, unique_by=identity)


def finite(builder: Builder, node: CanonicalSchema | None) -> list[JSON] | None:
    """All values of a node that has few of them, each once; None otherwise."""
    if node is None:
        return None
    match view := builder.shown(node).view():
        case canonical.ConstView():
            return [view.value]
        case canonical.EnumView():
            return view.values
        case canonical.MultiTypeView() if set(view.types) <= {"null", "boolean"}:
            return [value for value in (None, False, True) if ("null" if value is None else "boolean") in view.types]
        case canonical.IntegerView() if view.minimum is not None and view.maximum is not None:
            if view.maximum - view.minimum <= 4 * _WIDE and not (view.multiple_of or view.not_multiple_of):
                return list(range(math.ceil(view.minimum), math.floor(view.maximum) + 1))
            return None
        case canonical.AnyOfView():
            parts = [finite(builder, branch) for branch in view.branches]
            if any(part is None for part in parts):
                return None
            return list({identity(value): value for part in parts for value in part or ()}.values())
        case _:
            return None


def identity(value: JSON) -> object:
    """Equal for equal JSON values: 1 is 1.0, and true is neither."""
    if isinstance(value, dict):
        return ("object", frozenset((key, identity(part)) for key, part in value.items()))
    if isinstance(value, list):
        return ("array", tuple(identity(part) for part in value))
    return (isinstance(value, bool), value)


def _fixed(
    prefix: list[SearchStrategy[JSON]], rest: SearchStrategy[JSON], least: int, most: int, distinct: bool
) -> SearchStrategy[JSON]:
    """Arrays with places of their own at the start."""
    counts = st.integers(least, most)

    def draw_array(draw: DrawFn) -> list[JSON]:
        made: list[JSON] = []
        seen: set[object] = set()
        for at in range(draw(counts)):
            strategy = prefix[at] if at < len(prefix) else rest
            value = draw_new(draw, strategy, seen) if distinct else draw(strategy)
            made.append(value)
        return made

    return drawn(draw_array)


def draw_new(draw: DrawFn, strategy: SearchStrategy[JSON], seen: set[object]) -> JSON:
    """A value unlike those seen. The last resort is to give the example up."""
    for _ in range(_TRIES):
        value = draw(strategy)
        if (key := identity(value)) not in seen:
            seen.add(key)
            return value
    value = draw(strategy.filter(lambda one: identity(one) not in seen))
    seen.add(identity(value))
    return value


def _repeating(builder: Builder, view: ArrayView, fuel: int, least: int, most: int) -> SearchStrategy[JSON]:
    """Arrays with some value twice: two places that may hold the same, filled once."""
    places = max(len(view.prefix_items) + 2, 2)
    pairs = []
    for high in range(1, min(places, most)):
        for low in range(high):
            both = builder.meet(position(view, low), position(view, high))
            if builder.possible(both, fuel - 1):
                pairs.append((low, high, builder.build(both, fuel - 1)))
    if not pairs:
        return st.nothing()
    parts = [builder.build(position(view, at), fuel - 1) for at in range(len(view.prefix_items) + 1)]
    chosen = st.integers(0, len(pairs) - 1)

    def draw_array(draw: DrawFn) -> list[JSON]:
        low, high, strategy = pairs[draw(chosen)]
        count = draw(st.integers(max(least, high + 1), max(most, high + 1)))
        same = draw(strategy)
        return [
            copy.deepcopy(same) if at in (low, high) else draw(parts[min(at, len(parts) - 1)]) for at in range(count)
        ]

    return drawn(draw_array)


@dataclass(slots=True)
class _Containing:
    """Arrays that must hold some items of a kind, and perhaps no more than so many."""

    builder: Builder
    view: ArrayView
    fuel: int
    least: int
    most: int

    def strategy(self) -> SearchStrategy[JSON]:
        wants = [one.min_contains if one.min_contains is not None else 1 for one in self.view.contains]
        caps = [one.max_contains for one in self.view.contains]
        places = self._places(sum(wants))
        free, held = self._cells(places)
        distinct = self.view.distinctness == Distinctness.ALL_DISTINCT
        if self.view.distinctness == Distinctness.SOME_REPEATED:
            raise UnmergeableError("contains in an array that must repeat itself")
        plan = _plan(held, wants, places)
        if plan is None:
            raise UnmergeableError("one item must stand for several contains")
        needed = max([at + 1 for at in plan], default=0)
        least, most = max(self.least, needed), max(min(self.most, places), needed)
        while most > least and free[most - 1] is None:
            most -= 1
        gaps = [at for at in range(least) if free[at] is None and at not in plan]
        if gaps or (self.view.max_items is not None and least > self.view.max_items):
            raise UnmergeableError("a place that only contains can fill")
        return _drawn(plan, held, free, caps, (least, most), distinct)

    def _places(self, wanted: int) -> int:
        wide = max(self.least, len(self.view.prefix_items)) + wanted + _width(self.fuel)
        return wide if self.view.max_items is None else min(self.view.max_items, wide)

    def _cells(self, places: int) -> tuple[list[SearchStrategy[JSON] | None], list[list[SearchStrategy[JSON] | None]]]:
        """For each place: what counts for no capped kind; for each kind and place: what counts for it and no other capped one."""
        build, meet, left = self.builder.build, self.builder.meet, self.fuel - 1
        kinds = self.view.contains
        outside = {at: self.builder.negated(kind.schema) for at, kind in enumerate(kinds) if _capped(kind)}

        def cell(at: int, kind: int | None) -> SearchStrategy[JSON] | None:
            parts = [self.position(at), *(other for number, other in outside.items() if number != kind)]
            node = meet(*parts, *([kinds[kind].schema] if kind is not None else []))
            return build(node, left) if self.builder.possible(node, left) else None

        own = len(self.view.prefix_items) + 1
        free = [cell(at, None) for at in range(min(places, own))]
        held = [[cell(at, kind) for at in range(min(places, own))] for kind in range(len(kinds))]
        return _stretched(free, places), [_stretched(one, places) for one in held]

    def position(self, at: int) -> CanonicalSchema | None:
        return position(self.view, at)


def _capped(kind: ContainsView) -> bool:
    return kind.max_contains is not None


def _stretched(parts: list[SearchStrategy[JSON] | None], places: int) -> list[SearchStrategy[JSON] | None]:
    return parts + parts[-1:] * (places - len(parts))


def _plan(held: list[list[SearchStrategy[JSON] | None]], wants: list[int], places: int) -> dict[int, int] | None:
    """Which place serves which kind, the earliest first; None where there is no room."""
    plan: dict[int, int] = {}
    for kind, wanted in enumerate(wants):
        room = [at for at in range(places) if held[kind][at] is not None and at not in plan]
        if len(room) < wanted:
            return None
        plan.update(dict.fromkeys(room[:wanted], kind))
    return plan


def _drawn(
    plan: dict[int, int],
    held: list[list[SearchStrategy[JSON] | None]],
    free: list[SearchStrategy[JSON] | None],
    caps: list[int | None],
    window: tuple[int, int],
    distinct: bool,
) -> SearchStrategy[JSON]:
    counts = st.integers(*window)
    kinds = st.integers(-3, len(held) - 1)  # below 0: none of them

    def draw_array(draw: DrawFn) -> list[JSON]:
        made: list[JSON] = []
        seen: set[object] = set()
        used = [sum(1 for kind in plan.values() if kind == at) for at in range(len(held))]
        for at in range(draw(counts)):
            kind = plan.get(at, -1)
            if kind < 0:
                kind = draw(kinds)
                cap = caps[kind] if kind >= 0 else None
                if kind >= 0 and (held[kind][at] is None or cap is None or used[kind] >= cap):
                    kind = -1
                elif kind >= 0:
                    used[kind] += 1
            strategy = held[kind][at] if kind >= 0 else free[at]
            if strategy is None:
                break
            made.append(draw_new(draw, strategy, seen) if distinct else draw(strategy))
        return made

    return drawn(draw_array)
