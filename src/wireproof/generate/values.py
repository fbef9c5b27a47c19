"""JSON Schema to values. Importing this module imports Hypothesis.

    values(schema)      SearchStrategy of values that conform
    invalid(schema)     SearchStrategy of `Broken`: a value that does not conform, and which keyword says so where

    compiled(schema)    what stands behind both, with the reasons for which parts are drawn by rejection

Both take any schema of drafts 4 to 2020-12 (2020-12 where `$schema` names none) as a JSON value; it is compiled once per text and kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import jsonschema_rs
from hypothesis import reject
from hypothesis.strategies import DrawFn, SearchStrategy
from jsonschema_rs import canonical

from wireproof.generate.admission import (
    UnsatisfiableError,
    UnsupportedSchemaError,
    admitted,
    canonicalized,
    text_of,
    validator,
    without_idle_formats,
)
from wireproof.generate.anything import TYPES
from wireproof.generate.breaking import Breaker
from wireproof.generate.builder import Builder
from wireproof.generate.drawing import drawn
from wireproof.model.jsontext import JSON, pointer_of, resolve_pointer

_TRIES: Final = 3
_OF_TYPE: Final = ("type", "anyOf", "oneOf", "enum", "const")
_SAID: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A value that breaks a schema, and how a validator puts it."""

    value: JSON
    keyword: str
    """The keyword that refuses it: `required`, `type`, `maximum`, `anyOf`, ... ; `falseSchema` where nothing at all may stand."""
    pointer: str
    """JSON pointer, into the value, of the part that is refused; empty for the whole."""
    rule: str
    """JSON pointer, into the schema, of that keyword (through references, as the validator walks)."""
    message: str
    """What the validator says, one line; it may quote the value."""
    coercible: bool = False
    """Whether a usual coercion might mend it ("7" for 7, 1 for true): a scalar stands where another type belongs."""
    also: tuple[str, ...] = ()
    """Other keywords that refuse it too, as "keyword at pointer": empty when exactly one is broken."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Compiled:
    """A schema made ready. `fallbacks`: why parts of it are drawn by rejection; empty as a rule."""

    schema: JSON
    bare: SearchStrategy[JSON]
    """Values as they are made, without the last test: for our own tests."""
    conforms: Callable[[JSON], bool]
    """Whether a value conforms, formats asserted. ValueError for half a surrogate pair."""
    fallbacks: tuple[str, ...]
    builder: Builder
    fuel: int


@lru_cache(maxsize=256)
def _compiled(text: str) -> Compiled:
    schema = admitted(text)
    conforms = validator(schema).is_valid
    builder = Builder(canonicalized(schema))
    bare, fuel = builder.strategy()
    return Compiled(
        schema=schema,
        bare=bare,
        conforms=conforms,
        fallbacks=tuple(builder.fallbacks),
        builder=builder,
        fuel=fuel,
    )


def compiled(schema: JSON) -> Compiled:
    """The schema made ready; kept per schema text. Raises what `values` raises."""
    return _compiled(text_of(schema))


def values(schema: JSON) -> SearchStrategy[JSON]:
    """Values that conform to the schema, formats included, rich in edges; every one has passed a validator.

    UnsatisfiableError where none does, UnsupportedSchemaError where the schema is invalid, points outside itself or is over our caps
    (both are `GenerateError`). Objects and arrays are fresh at every draw.
    """
    found = compiled(schema)
    return found.bare.filter(found.conforms)


def invalid(schema: JSON, *, formats: bool = False) -> SearchStrategy[Broken]:
    """Values that break the schema, as a rule by one step away from one that conforms; every one was refused by a validator.

    `formats`: whether breaking a `format` counts. It is an annotation in 2020-12, so by default it does not.
    UnsatisfiableError where every value conforms; UnsupportedSchemaError as in `values`.
    """
    return _invalid(text_of(schema), formats)


@lru_cache(maxsize=256)
def _invalid(text: str, formats: bool) -> SearchStrategy[Broken]:
    schema = admitted(text)
    judge = validator(schema, formats=formats)
    node = canonicalized(without_idle_formats(schema), formats=formats)
    if node.kind is canonical.CanonicalKind.TRUE:
        raise UnsatisfiableError("every value conforms to the schema")
    step = _step(text)
    if (step is None or _takes_all_types(node)) and _outside(text, formats) is None and step is None:
        raise UnsatisfiableError("no way is known to break the schema")

    def draw_broken(draw: DrawFn) -> Broken:
        for _ in range(_TRIES if step is not None else 0):
            value = draw(step)
            if not judge.is_valid(value):
                return _described(judge, value)
        outside = _outside(text, formats)
        if outside is None:
            return reject()
        return _described(judge, draw(outside.filter(lambda value: not judge.is_valid(value))))

    return drawn(draw_broken)


def _step(text: str) -> Any:
    """One step away from what conforms; None where nothing conforms or nothing can be changed."""
    try:
        found = _compiled(text)
    except UnsatisfiableError:
        return None
    return Breaker(found.builder).strategy(found.builder.root, found.fuel)


def _takes_all_types(node: jsonschema_rs.CanonicalSchema) -> bool:
    """Whether no type alone breaks the schema: then perhaps nothing does."""
    return len(Breaker(Builder(node)).types(node)) >= len(TYPES)


@lru_cache(maxsize=64)
def _outside(text: str, formats: bool) -> SearchStrategy[JSON] | None:
    """The schema's complement; None where it is not modelled. UnsatisfiableError where it is empty."""
    node = canonicalized(without_idle_formats(admitted(text)), formats=formats)
    try:
        strategy, _ = Builder(node.negate()).strategy()
    except (UnsupportedSchemaError, canonical.CanonicalizationError):
        return None
    except UnsatisfiableError:
        raise UnsatisfiableError("every value conforms to the schema") from None
    return strategy


def _described(judge: jsonschema_rs.Validator, value: JSON) -> Broken:
    errors = []
    for error in judge.iter_errors(value):
        errors.append(error)
        if len(errors) == 10:
            break
    first = errors[0]
    others = [f"{error.kind.name} at {pointer_of(error.instance_path) or 'the value'}" for error in errors[1:]]
    pointer = pointer_of(first.instance_path)
    scalar = isinstance(resolve_pointer(value, pointer), str | int | float)
    return Broken(
        value=value,
        keyword=first.kind.name,
        pointer=pointer,
        coercible=scalar and first.kind.name in _OF_TYPE,
        rule=pointer_of(first.schema_path),
        message=first.message.split("\n", 1)[0][:_SAID],
        also=tuple(dict.fromkeys(others)),
    )
