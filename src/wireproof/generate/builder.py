"""Canonical schemas to strategies. One `Builder` per schema; strategies are kept per (node, fuel).

Fuel bounds depth: every step into a member, an item or a reference costs some, and where little is left only those alternatives are
drawn that still come to an end. So the graph of strategies is finite and no schema, however recursive, draws without end.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from jsonschema_rs import CanonicalSchema, canonical
from jsonschema_rs.canonical import CanonicalKind as Kind

from wireproof.generate.admission import (
    GenerateError,
    UnmergeableError,
    UnsatisfiableError,
    UnsupportedSchemaError,
    canonicalized,
    in_dialect_of,
    validator,
)
from wireproof.generate.anything import anything, of_type
from wireproof.generate.arrays import array_least, arrays
from wireproof.generate.loosened import loosened
from wireproof.generate.numbers import integers, numbers
from wireproof.generate.objects import object_least, objects
from wireproof.generate.patterns import UnsupportedPattern
from wireproof.generate.strings import approximate, strings
from wireproof.model.jsontext import JSON

FUELS: Final = (18, 36, 72)
"""What a schema is tried with, in this order."""
MAX_SIZE: Final = 600
"""Size of the smallest instance that is still worth drawing: its values, and one for every 64 characters that must be there."""

_FLAT: Final = frozenset(
    (Kind.TRUE, Kind.FALSE, Kind.MULTI_TYPE, Kind.STRING, Kind.INTEGER, Kind.NUMBER, Kind.CONST, Kind.ENUM)
)
_BRANCHES: Final = 60
_REFERENCE: Final = 1
_RECURSION: Final = 5
_COMBINED: Final = 2


@dataclass(slots=True, eq=False)
class Builder:
    """Builds the strategies of one canonical schema. `fallbacks` names what had to be drawn by rejection, and why."""

    root: CanonicalSchema
    fallbacks: dict[str, None] = field(default_factory=dict)
    _least: dict[tuple[CanonicalSchema, int], float] = field(default_factory=dict)
    _built: dict[tuple[CanonicalSchema, int], SearchStrategy[JSON]] = field(default_factory=dict)
    _resolved: dict[CanonicalSchema, CanonicalSchema | None] = field(default_factory=dict)
    _met: dict[frozenset[CanonicalSchema], CanonicalSchema | None] = field(default_factory=dict)
    _checks: dict[CanonicalSchema, Callable[[JSON], bool]] = field(default_factory=dict)
    _circular: dict[str, bool] = field(default_factory=dict)

    def strategy(self) -> tuple[SearchStrategy[JSON], int]:
        """The strategy of the whole schema and its fuel. UnsatisfiableError; UnsupportedSchemaError over the caps."""
        if self.root.satisfiability() is canonical.Satisfiability.NO:
            raise UnsatisfiableError("no value conforms to the schema")
        for fuel in FUELS:
            if (size := self.least(self.root, fuel)) < math.inf:
                if size > MAX_SIZE:
                    raise UnsupportedSchemaError(f"its smallest instance is too large ({size:.0f})")
                return self.build(self.root, fuel), fuel
        raise UnsatisfiableError(f"no value conforms to the schema within {FUELS[-1]} levels")

    # Algebra

    def meet(self, *nodes: CanonicalSchema | None) -> CanonicalSchema | None:
        """What all of them admit; None stands for anything. Unmergeable where the canonical form cannot say."""
        parts = frozenset(node for node in nodes if node is not None and node.kind is not Kind.TRUE)
        if len(parts) <= 1:
            return next(iter(parts), None)
        if parts not in self._met:
            kept = [node for node in nodes if node in parts]
            made = kept[0]
            for node in kept[1:]:
                made = self.merged(made, node)
            self._met[parts] = made
        return self._met[parts]

    def merged(self, one: CanonicalSchema, other: CanonicalSchema) -> CanonicalSchema:
        """What both admit, references followed so far that both show their structure."""
        try:
            return self.shown(one).intersect(self.shown(other))
        except canonical.CanonicalizationError as error:
            raise UnmergeableError(str(error)) from None

    def negated(self, node: CanonicalSchema) -> CanonicalSchema:
        """What the node refuses."""
        try:
            made = self.shown(node).negate()
        except canonical.CanonicalizationError as error:
            raise UnmergeableError(str(error)) from None
        if made.kind is Kind.NOT:
            raise UnmergeableError("no structure under the negation")
        return made

    def shown(self, node: CanonicalSchema) -> CanonicalSchema:
        """The node with references followed."""
        for _ in range(40):
            view = node.view()
            if not isinstance(view, canonical.ReferenceView):
                return node
            node = self.target(view.uri, node)
        raise UnmergeableError("references that lead to references")

    def target(self, uri: str, holder: CanonicalSchema) -> CanonicalSchema:
        """What a reference names."""
        found = holder.definition(uri) or self.root.definition(uri)
        if found is None:
            raise UnsupportedSchemaError(f"a reference leads nowhere: {uri[:100]}")
        return found

    def circular(self, uri: str, holder: CanonicalSchema) -> bool:
        """Whether a reference can lead back to itself."""
        if uri not in self._circular:
            seen: set[str] = set()
            pending = _references(self.target(uri, holder).to_json_schema(), own=True)
            while pending:
                name = pending.pop()
                if name not in seen:
                    seen.add(name)
                    found = holder.definition(name) or self.root.definition(name)
                    pending |= _references(found.to_json_schema(), own=True) if found else set()
            self._circular[uri] = uri in seen
        return self._circular[uri]

    def alike(self, node: CanonicalSchema, schema: dict[str, Any]) -> CanonicalSchema:
        """The canonical form of a schema of ours, in the node's dialect."""
        return in_dialect_of(node, schema)

    def admits(self, node: CanonicalSchema | None, value: JSON) -> bool:
        """Whether a value conforms to the node."""
        return node is None or self.check(node)(value)

    def check(self, node: CanonicalSchema) -> Callable[[JSON], bool]:
        """The test of a node."""
        known = self._checks.get(node)
        if known is None:
            known = self._checks[node] = validator(node.to_json_schema()).is_valid
        return known

    # Structure of what combines

    def untangled(self, node: CanonicalSchema) -> list[CanonicalSchema]:
        """Alternatives that together admit what a combination admits. UnmergeableError where it stays tangled."""
        if node in self._resolved:
            found = self._resolved[node]
            return [] if found is None else list(_branches(found))
        match view := node.view():
            case canonical.AllOfView():
                made = view.branches[0]
                for branch in view.branches[1:]:
                    made = self.merged(made, branch)
            case canonical.NotView():
                made = self.negated(view.schema)
            case canonical.TypedGroupView():
                made = self.merged(self.alike(node, {"type": view.type_name}), view.body)
            case canonical.OneOfView():
                return self._exclusive(view.branches)
            case _:
                raise UnmergeableError(node.kind.value)
        if made == node or (made.kind is node.kind and made.kind is not Kind.ANY_OF):
            raise UnmergeableError(f"{node.kind.value} stays as it is")
        self._resolved[node] = made
        return list(_branches(made))

    def _exclusive(self, branches: list[CanonicalSchema]) -> list[CanonicalSchema]:
        """Each branch less all others."""
        made = []
        for at, branch in enumerate(branches):
            kept = self.shown(branch)
            for other in branches[:at] + branches[at + 1 :]:
                kept = self.merged(kept, self.negated(other))
            made.append(kept)
        return made

    # Size

    def least(self, node: CanonicalSchema | None, fuel: int) -> float:
        """Size of the smallest instance within the fuel (see `MAX_SIZE`); infinite where there is none."""
        if node is None:
            return 1
        if fuel <= 0:
            return math.inf
        key = (node, fuel)
        known = self._least.get(key)
        if known is None:
            known = self._least[key] = self._measure(node, fuel)
        return known

    def _measure(self, node: CanonicalSchema, fuel: int) -> float:
        match view := node.view():
            case canonical.FalseView():
                return math.inf
            case canonical.StringView():
                return 1 + (view.min_length or 0) // 64
            case canonical.ArrayView():
                return array_least(self, view, fuel)
            case canonical.ObjectView():
                return object_least(self, view, fuel)
            case canonical.ReferenceView():
                return self.least(self.target(view.uri, node), fuel - self.cost(view.uri, node))
            case canonical.AnyOfView():
                return min(self.least(branch, fuel) for branch in view.branches)
            case canonical.OneOfView() | canonical.AllOfView() | canonical.NotView() | canonical.TypedGroupView():
                try:
                    return min((self.least(part, fuel - _COMBINED) for part in self.untangled(node)), default=math.inf)
                except UnmergeableError:
                    return 1
            case _:
                return 1

    def cost(self, uri: str, holder: CanonicalSchema) -> int:
        """Fuel for following a reference."""
        return _RECURSION if self.circular(uri, holder) else _REFERENCE

    def possible(self, node: CanonicalSchema | None, fuel: int) -> bool:
        """Whether an instance of a size that is worth drawing fits."""
        return self.least(node, fuel) <= MAX_SIZE

    def bulky(self, node: CanonicalSchema | None) -> bool:
        """Whether instances have parts of their own that a schema describes."""
        if node is None:
            return False
        return self.shown(node).kind not in _FLAT

    # Strategies

    def build(self, node: CanonicalSchema | None, fuel: int) -> SearchStrategy[JSON]:
        """The strategy of a node; `nothing()` where no instance fits into the fuel."""
        if node is None:
            return anything()
        if not self.possible(node, fuel):
            return st.nothing()
        key = (node, fuel)
        known = self._built.get(key)
        if known is None:
            known = self._built[key] = self._build(node, fuel)
        return known

    def _build(self, node: CanonicalSchema, fuel: int) -> SearchStrategy[JSON]:
        match view := node.view():
            case canonical.TrueView():
                return anything()
            case canonical.FalseView():
                return st.nothing()
            case canonical.MultiTypeView():
                return st.one_of([of_type(name) for name in view.types])
            case canonical.ConstView():
                return literals([view.value])
            case canonical.EnumView():
                return literals(view.values)
            case canonical.IntegerView():
                return integers(view)
            case canonical.NumberView():
                return numbers(view)
            case canonical.StringView():
                try:
                    return strings(view)
                except UnsupportedPattern as error:
                    return self.filtered(node, approximate(view), f"pattern: {error}")
            case canonical.ReferenceView():
                return self.build(self.target(view.uri, node), fuel - self.cost(view.uri, node))
            case canonical.AnyOfView():
                return st.one_of([self.build(part, fuel) for part in view.branches if self.possible(part, fuel)])
            case _:
                return self._composed(node, view, fuel)

    def _composed(self, node: CanonicalSchema, view: object, fuel: int) -> SearchStrategy[JSON]:
        try:
            match view:
                case canonical.ArrayView():
                    return arrays(self, view, fuel)
                case canonical.ObjectView():
                    return objects(self, view, fuel)
                case canonical.RawView():
                    return self._raw(node, view)
                case _:
                    left = fuel - _COMBINED
                    parts = [part for part in self.untangled(node) if self.possible(part, left)]
                    return st.one_of([self.build(part, left) for part in parts])
        except UnmergeableError as error:
            return self.filtered(node, self._around(node, fuel), str(error))

    def _around(self, node: CanonicalSchema, fuel: int) -> SearchStrategy[JSON]:
        """Something that holds the instances of a combination."""
        match view := node.view():
            case canonical.AllOfView():
                return self.build(view.branches[0], fuel - _COMBINED)
            case canonical.OneOfView():
                parts = [self.build(branch, fuel - _COMBINED) for branch in view.branches]
                return st.one_of(parts)
            case canonical.TypedGroupView():
                return of_type(view.type_name)
            case canonical.ArrayView():
                items = self.build(view.items, fuel - 1)
                least = view.min_items or 0
                return st.lists(items, min_size=least, max_size=view.max_items or least + 6)
            case canonical.ObjectView():
                return of_type("object")
            case _:
                return anything()

    def _raw(self, node: CanonicalSchema, view: canonical.RawView) -> SearchStrategy[JSON]:
        """What the canonical form does not model: its alternatives one by one, or else a wider schema that it does model, filtered."""
        if parts := self._alternatives(view.schema):
            return st.one_of(parts).filter(self.check(node))
        wider = loosened(view.schema, node)
        inner = Builder(wider)
        base, _ = inner.strategy()
        self.fallbacks.update(inner.fallbacks)
        return self.filtered(node, base, f"not modelled: {view.reason.value}")

    def _alternatives(self, schema: JSON) -> list[SearchStrategy[JSON]]:
        """A long `anyOf` that outgrew the canonical form, branch by branch; empty where that does not help."""
        branches = schema.get("anyOf") if isinstance(schema, dict) else None
        if not isinstance(branches, list):
            return []
        rest = {key: part for key, part in schema.items() if key != "anyOf"}
        others = rest.get("allOf", [])
        made = []
        for branch in branches[:_BRANCHES]:
            try:
                inner = Builder(canonicalized({**rest, "allOf": [*others, branch]}))
                if inner.root.kind is not Kind.RAW:
                    made.append(inner.strategy()[0])
                    self.fallbacks.update(inner.fallbacks)
            except GenerateError:
                continue
        return made

    def filtered(self, node: CanonicalSchema, base: SearchStrategy[JSON], why: str) -> SearchStrategy[JSON]:
        """Rejection, the last resort: named in `fallbacks`."""
        self.fallbacks.setdefault(why)
        return base.filter(self.check(node))


def literals(values: list[JSON]) -> SearchStrategy[JSON]:
    """One of some values; containers are copied, so that nobody changes ours."""
    drawn = st.sampled_from(values)
    return drawn.map(copy.deepcopy) if any(isinstance(value, dict | list) for value in values) else drawn


def _branches(node: CanonicalSchema) -> list[CanonicalSchema]:
    view = node.view()
    return view.branches if isinstance(view, canonical.AnyOfView) else [node]


def _references(schema: JSON, *, own: bool = False) -> set[str]:
    """What a schema refers to, its definitions left out."""
    if isinstance(schema, dict):
        found = {schema["$ref"]} if isinstance(schema.get("$ref"), str) else set()
        for key, part in schema.items():
            if not (own and key in ("$defs", "definitions")):
                found |= _references(part)
        return found
    if isinstance(schema, list):
        return set().union(*map(_references, schema)) if schema else set()
    return set()
