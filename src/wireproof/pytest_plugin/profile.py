"""Hypothesis as the user has set it up for his tests: its profile and its seed hold for generated exchanges too."""

from __future__ import annotations

import hashlib
import os
from typing import Final

import pytest

from wireproof.engine.effort import EARLIER, FAILURES, Depth, Effort
from wireproof.model.errors import UsageError

_UNSAID: Final = 100
"""Hypothesis's own number of examples: a profile that has it has not chosen one."""


def effort_of(config: pytest.Config, depth: str) -> tuple[Effort, int]:
    """How hard is searched, and the seed.

    Of the profile that is loaded when the target is played: `max_examples` takes the place of the depth's number where it is another than
    Hypothesis's own, and with `derandomize` or without a `database` nothing of earlier searches is tried. `--hypothesis-seed` is the seed.
    """
    from hypothesis import settings

    profile, said = settings.default, config.getoption("--hypothesis-seed", None)
    assert profile is not None  # there is one from the import of Hypothesis on
    fixed = said is not None or profile.derandomize or profile.database is None or bool(os.environ.get("CI"))
    root, here = config.rootpath, config.invocation_params.dir
    effort = Effort(
        depth=Depth(depth),
        examples=profile.max_examples if profile.max_examples != _UNSAID else None,
        failures=FAILURES if root == here else root / FAILURES,
        earlier=None if fixed else root / EARLIER,
    )
    return effort, _number(str(said)) if said is not None else 0


def checked_depth(said: str | None) -> str:
    """UsageError for a depth that there is not."""
    names = [one.value for one in Depth]
    if said and said not in names:
        raise UsageError(f"--wireproof-depth: no depth is called {said!r}", hint=f"there are {', '.join(names)}")
    return said or ""


def _number(said: str) -> int:
    """Hypothesis takes any word for a seed."""
    try:
        return int(said)
    except ValueError:
        return int.from_bytes(hashlib.sha256(said.encode("utf-8", "surrogatepass")).digest()[:4], "big")
