"""Sets of Unicode code points as sorted, disjoint ranges; what the classes of ECMA 262 patterns mean. Surrogates are in no set."""

from __future__ import annotations

import sys
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable
from functools import cache
from typing import Final

Ranges = tuple[tuple[int, int], ...]
"""Inclusive ranges of code points, sorted and disjoint."""

_LAST: Final = sys.maxunicode
ALL: Final[Ranges] = ((0, 0xD7FF), (0xE000, _LAST))


def ranges(parts: Iterable[tuple[int, int]]) -> Ranges:
    """The union of inclusive ranges, less the surrogates."""
    merged: list[tuple[int, int]] = []
    for low, high in sorted(parts):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return _meet(tuple(merged), ALL)


def invert(one: Ranges) -> Ranges:
    """Every code point that is not in the set."""
    made, start = [], 0
    for low, high in one:
        if start < low:
            made.append((start, low - 1))
        start = high + 1
    if start <= _LAST:
        made.append((start, _LAST))
    return _meet(tuple(made), ALL)


def _meet(one: Ranges, other: Ranges) -> Ranges:
    made, i, j = [], 0, 0
    while i < len(one) and j < len(other):
        low, high = max(one[i][0], other[j][0]), min(one[i][1], other[j][1])
        if low <= high:
            made.append((low, high))
        if one[i][1] < other[j][1]:
            i += 1
        else:
            j += 1
    return tuple(made)


def holds(one: Ranges, point: int) -> bool:
    """Whether the code point is in the set."""
    at = bisect_right(one, (point, _LAST + 1)) - 1
    return at >= 0 and one[at][0] <= point <= one[at][1]


def of(text: str) -> Ranges:
    """The set of the characters of a text."""
    return ranges((ord(char), ord(char)) for char in text)


DIGIT: Final = ranges([(48, 57)])
WORD: Final = ranges([(48, 57), (65, 90), (95, 95), (97, 122)])
SPACE: Final = of(
    "\t\n\v\f\r \xa0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(map(chr, range(0x2000, 0x200B)))
)
LINE_END: Final = of("\n\r\u2028\u2029")


@cache
def _categories() -> dict[str, Ranges]:
    """General category, and its first letter, to its code points."""
    spans: dict[str, list[tuple[int, int]]] = {}
    start, last = 0, unicodedata.category("\0")
    for point in range(1, _LAST + 2):
        here = unicodedata.category(chr(point)) if point <= _LAST else ""
        if here != last:
            for name in (last, last[0]):
                spans.setdefault(name, []).append((start, point - 1))
            start, last = point, here
    return {name: ranges(found) for name, found in spans.items()}


_LONG: Final = {
    "Letter": "L",
    "Lowercase_Letter": "Ll",
    "Uppercase_Letter": "Lu",
    "Number": "N",
    "Decimal_Number": "Nd",
    "digit": "Nd",
    "Punctuation": "P",
    "punct": "P",
    "Symbol": "S",
    "Separator": "Z",
    "Space_Separator": "Zs",
    "Mark": "M",
    "Other": "C",
    "Control": "Cc",
}


def category(name: str) -> Ranges | None:
    """The set of `\\p{name}` where it is a general category; None for other properties."""
    name = name.removeprefix("General_Category=").removeprefix("gc=")
    if name == "Any":
        return ALL
    if name == "ASCII":
        return ranges([(0, 127)])
    return _categories().get(_LONG.get(name, name))


_PLAIN: Final = (
    [ord(char) for char in "0a1b2cAxzZ9"]
    + [ord(char) for char in "defghijklmnopqrstuvwyBCDEFGHIJKLMNOPQRSTUVWXY345678"]
    + list(range(32, 127))
    + [ord(char) for char in "é\u00dfñ中\u0905\u0301\u200d\u202e\ufeff\U0001f600\U0010fffd\x00\n\t\x7f"]
)


_DISPUTED: Final = "\r\u2028\u2029"  # line ends to ECMA 262's dot, ordinary characters to other engines


def pool(one: Ranges, most: int = 120) -> str:
    """Some characters of the set, plain ones first: ASCII, a few of each Unicode plane, the ends of its ranges.

    Characters that engines dispute are left out where there are others.
    """
    found = dict.fromkeys(point for point in _PLAIN if holds(one, point))
    for low, high in one[:40]:
        found.setdefault(low)
        found.setdefault(high)
    made = "".join(chr(point) for point in list(found)[:most])
    return "".join(char for char in made if char not in _DISPUTED) or made
