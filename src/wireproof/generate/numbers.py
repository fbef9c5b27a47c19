"""Numbers: intervals with steps, drawn exactly, and the values at which implementations differ."""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from jsonschema_rs.canonical import IntegerView, NumberView

Number = int | float

_SAFE: Final = 2**53
INTEGER_EDGES: Final = (
    *(0, 1, -1, 2, 10, 127, 128, 255, 256, 32767, 65536),
    *(2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 2**32, _SAFE - 1, _SAFE, _SAFE + 1, -_SAFE, -_SAFE - 1),
    *(2**63 - 1, 2**63, -(2**63), 2**64),
)
"""Where the integers of common languages end; 2^53 + 1 is the first that a double cannot hold."""
FLOAT_EDGES: Final = (0.0, -0.0, 0.5, -0.5, 0.1, 1.5, 1e-7, 5e-324, 1e21, 1e22, 1.7976931348623157e308, -1e308, 1 / 3)
_FAR: Final = INTEGER_EDGES.index(2**31 - 1)
_ODD: Final = ("-0.0", "5e-324", "1.7976931348623157e+308")
"""Edges that come more often than the others: most programs get the near ones right."""
_WIDEST: Final = 10_000
_DIGITS: Final = 10**15


def _exact(value: float | Decimal) -> Fraction:
    """The number that the JSON text says, not its nearest double."""
    return Fraction(repr(value)) if isinstance(value, float) else Fraction(value)


def _lcm(parts: Iterable[Fraction]) -> Fraction:
    made = Fraction(0)
    for part in parts:
        part = abs(part)
        made = (
            part
            if not made
            else Fraction(math.lcm(made.numerator, part.numerator), math.gcd(made.denominator, part.denominator))
        )
    return made


def _gcd(parts: Iterable[Fraction]) -> Fraction:
    made = Fraction(0)
    for part in parts:
        made = Fraction(math.gcd(made.numerator, part.numerator), math.lcm(made.denominator, part.denominator))
    return made


def integers(view: IntegerView) -> SearchStrategy[Number]:
    """Integers of the view, written without a fraction."""
    low = None if view.minimum is None else math.ceil(_exact(view.minimum))
    high = None if view.maximum is None else math.floor(_exact(view.maximum))
    steps = [_exact(step) for step in view.multiple_of]
    barred = [_exact(step) for step in view.not_multiple_of]
    if steps or barred:
        step = _lcm([Fraction(1), *steps])
        return _stepped(step, barred, None if low is None else Fraction(low), None if high is None else Fraction(high))
    return plain_integers(low, high)


def plain_integers(low: int | None, high: int | None) -> SearchStrategy[Number]:
    """Integers from `low` to `high`, either of which may be absent; those at the ends and at known edges come often.

    The edges come last, because shrinking prefers what comes first.
    """
    if low is not None and high is not None:
        if low > high:
            return st.nothing()
        if high - low <= 20:
            return st.integers(low, high)
    if low is None and high is None:
        return st.one_of(
            st.integers(-_SAFE, _SAFE), st.sampled_from(INTEGER_EDGES), st.sampled_from(INTEGER_EDGES[_FAR:])
        )
    ends = {end + by for end in (low, high) if end is not None for by in (0, 1, -1)}
    edges = sorted({*ends, *INTEGER_EDGES}, key=lambda one: (abs(one), one < 0))
    kept = [one for one in edges if (low is None or one >= low) and (high is None or one <= high)]
    first = low if low is not None else min(-_SAFE, high or 0) - 1000
    last = high if high is not None else max(_SAFE, low or 0) + 1000
    return st.one_of(st.integers(first, last), st.sampled_from(kept))


def _stepped(
    step: Fraction, barred: list[Fraction], low: Fraction | None, high: Fraction | None
) -> SearchStrategy[Number]:
    """Multiples of `step` that are no multiple of a barred number."""
    period = _lcm([step, *barred]) / step if barred else Fraction(1)
    first = None if low is None else math.ceil(low / step)
    last = None if high is None else math.floor(high / step)
    if step.denominator != 1:  # a double holds some 15 digits: beyond, it would be no multiple any more
        reach = math.floor(Fraction(_DIGITS, step.denominator) / step)
        first = -reach if first is None or (first < -reach and (last is None or last >= -reach)) else first
        last = reach if last is None or (last > reach >= first) else last
    if period == 1 or period > _WIDEST:
        if barred and period == 1:
            return st.nothing()
        return plain_integers(first, last).map(lambda k: _number(Fraction(k) * step))
    turns = int(period)
    residues = [one for one in range(turns) if all((one * step) % bar != 0 for bar in barred)]
    if not residues:
        return st.nothing()
    if first is not None and last is not None and last - first < 2 * turns:
        kept = [k for k in range(first, last + 1) if k % turns in set(residues)]
        return st.sampled_from([_number(k * step) for k in kept]) if kept else st.nothing()
    start = None if first is None else first // turns + 1
    end = None if last is None else last // turns - 1
    rounds = plain_integers(start, end)
    return st.tuples(rounds, st.sampled_from(residues)).map(lambda got: _number((int(got[0]) * turns + got[1]) * step))


def _number(value: Fraction) -> Number:
    """The JSON number: an integer where it is one."""
    if value.denominator == 1:
        return value.numerator
    return float(Decimal(value.numerator) / Decimal(value.denominator))


def numbers(view: NumberView) -> SearchStrategy[Number]:
    """Numbers of the view: integers among them where it admits them."""
    low = None if view.minimum is None else _exact(view.minimum)
    high = None if view.maximum is None else _exact(view.maximum)
    barred = [_exact(step) for step in view.not_multiple_of] + ([Fraction(1)] if view.excludes_integers else [])
    steps = [_exact(step) for step in view.multiple_of]
    if steps or barred:
        step = _lcm(steps) if steps else _between(_gcd(barred), low, high)
        tiny = step / 1000
        return _stepped(
            step,
            barred,
            low + tiny if low is not None and view.exclusive_minimum else low,
            high - tiny if high is not None and view.exclusive_maximum else high,
        )
    return plain_numbers(low, high, view.exclusive_minimum, view.exclusive_maximum)


def _between(unit: Fraction, low: Fraction | None, high: Fraction | None) -> Fraction:
    """Half a unit, or a decimal part of it that is small beside a narrow window."""
    step = unit / 2
    if low is not None and high is not None and high > low:
        while step * 4 > high - low and step > Fraction(1, 10**12):
            step /= 10
    return step


def plain_numbers(
    low: Fraction | None, high: Fraction | None, over: bool = False, under: bool = False
) -> SearchStrategy[Number]:
    """Numbers between two bounds, either of which may be absent or excluded."""

    def inside(value: Number) -> bool:
        here = _exact(value)
        return (low is None or here > low or (here == low and not over)) and (
            high is None or here < high or (here == high and not under)
        )

    first = None if low is None else _double(low, up=True)
    last = None if high is None else _double(high, up=False)
    if first is not None and not inside(first):
        first = math.nextafter(first, math.inf)
    if last is not None and not inside(last):
        last = math.nextafter(last, -math.inf)
    whole_first = None if low is None else math.ceil(low) + (1 if over and low.denominator == 1 else 0)
    whole_last = None if high is None else math.floor(high) - (1 if under and high.denominator == 1 else 0)
    ends = [end for end in (first, last) if end is not None]
    edges = [one for one in (*ends, *FLOAT_EDGES) if inside(one) and abs(one) < math.inf]
    parts: list[SearchStrategy[Number]] = []
    if whole_first is None or whole_last is None or whole_first <= whole_last:
        parts.append(plain_integers(whole_first, whole_last))
    if edges:
        parts.append(st.sampled_from(edges))
        if odd := [one for one in edges if repr(one) in _ODD]:
            parts.append(st.sampled_from(odd))
    if first is None or last is None or first <= last:
        parts.append(st.floats(first, last, allow_nan=False, allow_infinity=False))
    return st.one_of(parts)


def _double(value: Fraction, *, up: bool) -> float:
    """The nearest double on the inner side of a bound."""
    if abs(value) > Fraction(10**308):
        return math.copysign(1.7976931348623157e308, value)
    near = float(value)
    if up and _exact(near) < value:
        return math.nextafter(near, math.inf)
    if not up and _exact(near) > value:
        return math.nextafter(near, -math.inf)
    return near
