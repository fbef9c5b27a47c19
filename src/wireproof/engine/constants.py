"""Hypothesis mixes constants that stand in the source of imported local modules into what it draws. Search wants none of them: what else the
process has imported (tests of the user, wireproof itself where it is installed for editing) would then change what a seed draws."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any, Final

_ASKED: Final = "_get_local_constants"
"""Of `hypothesis.internal.conjecture.providers`: what every test case asks for them."""
_WITHOUT: ContextVar[bool] = ContextVar("without local constants", default=False)


@contextmanager
def without_local_constants() -> Iterator[None]:
    """What Hypothesis draws in this context, in this thread, has no constants of local modules. Tests of the user that run elsewhere in
    the process keep theirs. Does nothing in versions of Hypothesis that have no such constants."""
    cleared = _prepared()
    token = _WITHOUT.set(True)
    try:
        _clear(cleared)
        yield
    finally:
        _WITHOUT.reset(token)
        _clear(cleared)


def _clear(caches: tuple[Any, ...]) -> None:
    """What Hypothesis keeps of constants that fit, for each thread apart, was made with those of the other kind of context."""
    for one in caches:
        one.cache.clear()


@cache
def _prepared() -> tuple[Any, ...]:
    """Makes Hypothesis ask this module which local constants there are, once a process. The caches to be cleared in a change."""
    try:
        from hypothesis.internal.conjecture import providers
        from hypothesis.internal.constants_ast import Constants

        names, none = vars(providers), Constants()
        local, caches = names[_ASKED], (providers.CONSTANTS_CACHE,)
    except (ImportError, AttributeError, KeyError):  # versions that draw no constants, or know them by another name
        return ()

    def constants() -> Any:
        return none if _WITHOUT.get() else local()

    names[_ASKED] = constants
    return caches
