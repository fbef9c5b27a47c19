"""A strategy out of a function that draws. Hypothesis reads the source of every composite that it is given; this one it reads once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn


@st.composite
def drawn(draw: DrawFn, body: Callable[[DrawFn], Any]) -> Any:
    """What the function makes of its draws."""
    return body(draw)
