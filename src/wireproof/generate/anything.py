"""Values of a JSON type about which a schema says no more: small, with edges, now and then deep or wide."""

from __future__ import annotations

import copy
from functools import cache

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from wireproof.generate.numbers import plain_integers, plain_numbers
from wireproof.generate.strings import KEY_EDGES, plain_text
from wireproof.model.jsontext import JSON

TYPES = ("null", "boolean", "number", "string", "array", "object")
"""The types that share no value: an integer is a number."""

_DEEP = 24
_WIDE = 100


def _nest(depth: int, inner: JSON, name: str = "") -> JSON:
    for _ in range(depth):
        inner = {name: inner} if name else [inner]
    return inner


@cache
def keys() -> SearchStrategy[str]:
    """Member names."""
    return st.one_of(st.sampled_from(KEY_EDGES), st.text(max_size=8))


@cache
def scalars() -> SearchStrategy[JSON]:
    """Values without parts."""
    return st.one_of(
        st.none(), st.booleans(), plain_integers(None, None), plain_numbers(None, None), plain_text(0, None)
    )


@cache
def of_type(name: str) -> SearchStrategy[JSON]:
    """Any value of one type of JSON Schema."""
    match name:
        case "null":
            return st.none()
        case "boolean":
            return st.booleans()
        case "integer":
            return plain_integers(None, None)
        case "number":
            return plain_numbers(None, None)
        case "string":
            return plain_text(0, None)
        case "array":
            edges = [[], [[]], [None], _nest(_DEEP, []), list(range(_WIDE))]
            return st.one_of(st.lists(_parts(), max_size=4), st.sampled_from(edges).map(copy.deepcopy))
        case _:
            edges = [{}, {"": None}, {"__proto__": {}}, _nest(_DEEP, {}, "a"), {str(at): at for at in range(_WIDE)}]
            return st.one_of(st.dictionaries(keys(), _parts(), max_size=4), st.sampled_from(edges).map(copy.deepcopy))


@cache
def _parts() -> SearchStrategy[JSON]:
    small = st.one_of(st.lists(scalars(), max_size=2), st.dictionaries(keys(), scalars(), max_size=2))
    return st.one_of(scalars(), small)


@cache
def anything() -> SearchStrategy[JSON]:
    """Any JSON value."""
    return st.one_of(scalars(), of_type("array"), of_type("object"))
