"""Values that break a schema by one step: from a value that conforms, one member, item, bound or type is changed.

What is drawn here is meant to be wrong; whether it is, and which keyword says so, a validator decides afterwards (`invalid`).
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from jsonschema_rs import CanonicalSchema, canonical
from jsonschema_rs.canonical import ArrayView, Distinctness, IntegerView, NumberView, ObjectView, StringView

from wireproof.generate.admission import UnmergeableError
from wireproof.generate.anything import TYPES, anything
from wireproof.generate.arrays import position
from wireproof.generate.builder import Builder
from wireproof.generate.formats import FORMATS
from wireproof.generate.objects import Members
from wireproof.generate.patterns import UnsupportedPattern
from wireproof.generate.strings import media_texts, of_words
from wireproof.generate.words import words
from wireproof.model.jsontext import JSON

_LONGEST: Final = 2_000
_STRAYS: Final[dict[str, tuple[JSON, ...]]] = {
    "null": (None,),
    "boolean": (True, False),
    "integer": (7, 0, -1),
    "number": (7, 0, 1.5, -0.5),
    "string": ("text", "", "7", "true", "null"),
    "array": ([], ["text"], [7], [None], [{}]),
    "object": ({}, {"wireproof": True}),
}
"""Values of each type, for places where another type belongs; some look like what belongs there."""
_OWN_TYPE: Final = {
    canonical.CanonicalKind.STRING: ("string",),
    canonical.CanonicalKind.INTEGER: ("integer",),
    canonical.CanonicalKind.NUMBER: ("number",),
    canonical.CanonicalKind.ARRAY: ("array",),
    canonical.CanonicalKind.OBJECT: ("object",),
    canonical.CanonicalKind.FALSE: (),
}
_STRANGE: Final = ("x-wireproof", "unexpected", "__proto__", " ", "\U0001f600")


@dataclass(slots=True, eq=False)
class Breaker:
    """Breaks what a builder builds."""

    builder: Builder
    _known: dict[tuple[CanonicalSchema, int, bool], SearchStrategy[JSON] | None] = field(default_factory=dict)

    def strategy(self, node: CanonicalSchema | None, fuel: int, typed: bool = True) -> SearchStrategy[JSON] | None:
        """Values that are meant to break the node; None where nothing can. `typed`: also values of a wrong type."""
        if node is None or fuel <= 0:
            return None
        key = (node, fuel, typed)
        if key not in self._known:
            ways = list(self._ways(node, fuel, typed))
            self._known[key] = st.one_of(ways) if ways else None
        return self._known[key]

    def _ways(self, node: CanonicalSchema, fuel: int, typed: bool) -> Iterator[SearchStrategy[JSON]]:
        view = node.view()
        if isinstance(view, canonical.ReferenceView):
            target = self.builder.target(view.uri, node)
            inner = self.strategy(target, fuel - self.builder.cost(view.uri, node), typed)
            yield from [inner] if inner is not None else []
            return
        if typed and (strays := self._strays(node)):
            yield st.sampled_from(strays).map(copy.deepcopy)
        match view:
            case canonical.FalseView():
                yield anything()
            case canonical.AnyOfView():
                yield from self._each(view.branches, fuel)
            case canonical.ConstView():
                yield from self._listed(node, [view.value])
            case canonical.EnumView():
                yield from self._listed(node, view.values)
            case canonical.IntegerView() | canonical.NumberView():
                yield from self._numbers(node, view)
            case canonical.StringView():
                yield from self._strings(view)
            case canonical.ArrayView():
                yield from self._arrays(node, view, fuel)
            case canonical.ObjectView():
                yield from self._objects(node, view, fuel)
            case canonical.RawView():
                yield from (anything(), st.tuples(self.builder.build(node, fuel), anything()).map(_extended))
            case canonical.TrueView() | canonical.MultiTypeView():
                return
            case _:
                try:
                    yield from self._each(self.builder.untangled(node), fuel - 2)
                except UnmergeableError:
                    return

    def _each(self, branches: list[CanonicalSchema], fuel: int) -> Iterator[SearchStrategy[JSON]]:
        for branch in branches:
            inner = self.strategy(branch, fuel, typed=False)
            if inner is not None:
                yield inner

    def _strays(self, node: CanonicalSchema) -> list[JSON]:
        """Values of types that the node does not take."""
        admitted = self.types(node)
        found = [value for name in TYPES if name not in admitted for value in _STRAYS[name]]
        if "integer" in admitted and "number" not in admitted:
            found = [value for value in found if not isinstance(value, int) or isinstance(value, bool)]
        return found

    def types(self, node: CanonicalSchema | None, depth: int = 12) -> set[str]:
        """The types that the node may take, as far as its structure tells."""
        if node is None or depth <= 0:
            return set(TYPES)
        match view := node.view():
            case canonical.MultiTypeView():
                return set(view.types)
            case canonical.ConstView():
                return {_type_of(view.value)}
            case canonical.EnumView():
                return {_type_of(value) for value in view.values}
            case canonical.ReferenceView():
                return self.types(self.builder.target(view.uri, node), depth - 1)
            case canonical.AnyOfView() | canonical.OneOfView():
                return set().union(*(self.types(branch, depth - 1) for branch in view.branches))
            case canonical.AllOfView():
                return set.intersection(*(self.types(branch, depth - 1) for branch in view.branches))
            case _:
                return set(_OWN_TYPE.get(node.kind, TYPES))

    def _listed(self, node: CanonicalSchema, values: list[JSON]) -> Iterator[SearchStrategy[JSON]]:
        """Values near to those that are listed."""
        near: list[JSON] = []
        for value in values[:20]:
            match value:
                case bool() | None:
                    near.append(not value)
                case str():
                    near += [value + "x", value + " ", value.swapcase(), value[:-1]]
                case int() | float():
                    near += [value + 1, value - 1]
                case list():
                    near += [[*value, None], value[:-1]]
                case _:
                    near += [{**value, "x-wireproof": True}, {}]
        kept = [value for value in near if not self.builder.admits(node, value)]
        if kept:
            yield st.sampled_from(kept).map(copy.deepcopy)

    def _numbers(self, node: CanonicalSchema, view: IntegerView | NumberView) -> Iterator[SearchStrategy[JSON]]:
        ends: list[tuple[int | float | Decimal | None, int]] = [(view.minimum, -1), (view.maximum, 1)]
        candidates: list[JSON] = [0, 1, 0.5, 1.5, 7, -3]
        for end, out in ends:
            if end is not None:
                whole = int(end)
                candidates += [whole, whole + out, whole + 2 * out, whole + out * 2**31]
                if isinstance(view, NumberView) and whole.bit_length() < 50:
                    candidates += [float(end), math.nextafter(float(end), math.inf * out), float(end) + out / 2]
        for step in (*view.multiple_of, *view.not_multiple_of):
            candidates += [float(step) * 1.5, float(step) * 3, int(step) + 1, int(step) * 2]
        kept = [value for value in candidates if not self.builder.admits(node, value)]
        if kept:
            yield st.sampled_from(kept)

    def _strings(self, view: StringView) -> Iterator[SearchStrategy[JSON]]:
        least, most = view.min_length or 0, view.max_length
        facets: dict[str, Any] = {
            "patterns": tuple(view.patterns),
            "excluded_patterns": tuple(view.excluded_patterns),
            "formats": tuple(name for name in view.formats if name in FORMATS),
            "excluded_formats": tuple(view.excluded_formats),
            "excluded": tuple(view.excluded),
            "literals": media_texts(view),
        }
        if least > 0:
            yield from _words({**facets, "least": 0, "most": min(least, _LONGEST) - 1})
        if most is not None and most < _LONGEST:
            yield from _words({**facets, "least": most + 1, "most": most + 1})
        window = {"least": least, "most": most}
        for one, other in (("patterns", "excluded_patterns"), ("formats", "excluded_formats")):
            for at, name in enumerate(facets[one]):
                kept = facets[one][:at] + facets[one][at + 1 :]
                yield from _words({**facets, **window, one: kept, other: (*facets[other], name)})
                yield from _words({**facets, **window, other: facets[other][:at] + facets[other][at + 1 :]})
        for at, name in enumerate(view.excluded_patterns):
            kept = tuple(view.excluded_patterns[:at]) + tuple(view.excluded_patterns[at + 1 :])
            yield from _words({**facets, **window, "excluded_patterns": kept, "patterns": (*facets["patterns"], name)})
        if view.excluded:
            yield st.sampled_from(list(view.excluded))
        if view.content_media_types or view.content_encodings:
            yield st.sampled_from(["{", "!", "{]"])

    def _arrays(self, node: CanonicalSchema, view: ArrayView, fuel: int) -> Iterator[SearchStrategy[JSON]]:
        whole = self.builder.build(node, fuel)
        if view.min_items:
            yield whole.map(partial(_cut, count=view.min_items - 1))
            yield st.just([])
        for at in range(min(len(view.prefix_items) + 1, 8)):
            part = position(view, at)
            if view.max_items is not None and at >= view.max_items:
                break
            inner = self.strategy(part, fuel - 1)
            if inner is not None:
                yield st.tuples(whole, inner, st.integers(0, 3)).map(partial(_placed, at=at))
        if view.max_items is not None and view.max_items < _LONGEST:
            past = self.builder.build(position(view, view.max_items), fuel - 1)
            filler = past if not past.is_empty else anything()
            yield st.tuples(whole, st.lists(filler, min_size=1, max_size=1)).map(
                partial(_overfull, most=view.max_items)
            )
        if view.distinctness == Distinctness.ALL_DISTINCT:
            yield whole.map(_repeated)
        if view.contains:
            yield from (st.just([]), whole.map(_halved), whole.map(_doubled))
            for kind in view.contains:
                if kind.max_contains is not None and kind.max_contains < _LONGEST:
                    many = max(kind.max_contains + 1, view.min_items or 0)
                    yield st.lists(self.builder.build(kind.schema, fuel - 1), min_size=many, max_size=many)
                inner = self.strategy(kind.schema, fuel - 1)
                if inner is not None:
                    yield st.lists(inner, min_size=view.min_items or 0, max_size=(view.min_items or 0) + 2)

    def _objects(self, node: CanonicalSchema, view: ObjectView, fuel: int) -> Iterator[SearchStrategy[JSON]]:
        whole = self.builder.build(node, fuel)
        if whole.is_empty:
            return
        members = Members(self.builder, view, fuel - 1)
        if view.required:
            yield st.tuples(whole, st.sampled_from(view.required)).map(_dropped)
        for name, part in members.known.items():
            inner = self.strategy(part, fuel - 1)
            if inner is not None:
                yield st.tuples(whole, inner).map(partial(_replaced, name=name))
        if members.barred:
            yield st.tuples(whole, st.sampled_from(sorted(members.barred)), anything()).map(_added)
        if not any(cell.names is None for cell in members.cells):
            strange = [name for name in _STRANGE if name not in members.known]
            yield st.tuples(whole, st.sampled_from(strange), anything()).map(_added)
        for cell in members.cells:
            inner = self.strategy(cell.value, fuel - 1)
            if inner is not None and not (names := members.names(cell)).is_empty:
                yield st.tuples(whole, names, inner).map(_added)
        if view.min_properties:
            yield whole.map(partial(_shrunk, count=view.min_properties - 1))
        if view.max_properties is not None and view.max_properties < _LONGEST:
            yield whole.map(partial(_grown, count=view.max_properties + 1))


def _words(facets: dict[str, Any]) -> Iterator[SearchStrategy[JSON]]:
    try:
        found = words(**facets)
    except UnsupportedPattern:
        return
    if found.lengths:
        yield of_words(found)


def _type_of(value: JSON) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "integer" if value.is_integer() else "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


def _cut(made: list[JSON], count: int) -> list[JSON]:
    return made[:count]


def _halved(made: list[JSON]) -> list[JSON]:
    return made[: len(made) // 2]


def _doubled(made: list[JSON]) -> list[JSON]:
    return made + copy.deepcopy(made)


def _repeated(made: list[JSON]) -> list[JSON]:
    return [*made, copy.deepcopy(made[-1])] if made else [0, 0]


def _placed(parts: tuple[list[JSON], JSON, int], at: int) -> list[JSON]:
    made, value, further = parts
    where = min(at + further, len(made) - 1) if len(made) > at else len(made)
    return [*made[:where], value, *made[where + 1 :]]


def _overfull(parts: tuple[list[JSON], list[JSON]], most: int) -> list[JSON]:
    made, filler = parts
    return made + [copy.deepcopy(filler[0]) for _ in range(most + 1 - len(made))]


def _shrunk(made: dict[str, JSON], count: int) -> dict[str, JSON]:
    return dict(list(made.items())[:count])


def _grown(made: dict[str, JSON], count: int) -> dict[str, JSON]:
    return {**made, **{f"x{at}": None for at in range(count - len(made))}}


def _extended(parts: tuple[JSON, JSON]) -> JSON:
    """A container with one more part; another value as it is."""
    made, value = parts
    if isinstance(made, list):
        return [*made, value]
    return {**made, _STRANGE[0]: value} if isinstance(made, dict) else made


def _dropped(parts: tuple[dict[str, JSON], str]) -> dict[str, JSON]:
    made, name = parts
    return {key: value for key, value in made.items() if key != name}


def _replaced(parts: tuple[dict[str, JSON], JSON], name: str) -> dict[str, JSON]:
    made, value = parts
    return {**made, name: value}


def _added(parts: tuple[dict[str, JSON], str, JSON]) -> dict[str, JSON]:
    made, name, value = parts
    return {**made, name: value}
