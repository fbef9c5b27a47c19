"""JSON text keeps its faults visible and never raises."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wireproof.model.jsontext import ABSENT, dump, parse, pointer_of, resolve_pointer, same


@pytest.mark.parametrize(
    ("raw", "word"),
    [
        (b'{"a":1,"a":2}', "duplicate-key"),
        (b'{"a":NaN}', "non-json-number"),
        (b'{"a":-Infinity}', "non-json-number"),
        (b'"\\ud800"', "lone-surrogate"),
        (b"\xef\xbb\xbf{}", "bom"),
        (b'{"a":"\xff"}', "not-utf8"),
        (b"{", "not-json"),
        (b"", "not-json"),
        (b"[" * 300 + b"]" * 300, "too-deep"),
        (b"1" * 2000, "huge-integer"),
    ],
)
def test_faults_are_named(raw: bytes, word: str) -> None:
    _, fault = parse(raw)
    assert fault is not None
    assert fault.startswith(word)


def test_brackets_inside_strings_are_no_nesting() -> None:
    value, fault = parse(b'"' + b"[" * 500 + b'"')
    assert fault is None
    assert len(value) == 500


@given(st.binary(max_size=200))
def test_parse_never_raises(raw: bytes) -> None:
    value, fault = parse(raw)
    assert value is not ABSENT or fault is not None


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=10,
    )
)
def test_dump_and_parse_agree(value: object) -> None:
    again, fault = parse(dump(value).encode("utf-8", "surrogatepass"))
    assert fault is None
    assert same(value, again)


def test_same_is_strict_about_types() -> None:
    assert same(1, 1.0)
    assert not same(1, True)
    assert not same("1", 1)
    assert not same([1], [True])
    assert same({"a": [1, {"b": None}]}, {"a": [1, {"b": None}]})


def test_pointers() -> None:
    value = {"a/b": [{"~": 1}]}
    pointer = pointer_of(["a/b", 0, "~"])
    assert resolve_pointer(value, pointer) == 1
    assert resolve_pointer(value, "/a~1b/7") is ABSENT
    assert resolve_pointer(value, "") == value
