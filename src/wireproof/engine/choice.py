"""What the user chose, checked before anything is started: a name that nothing bears is an error, with the names that are near."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Final

from wireproof.engine.plan import Selection
from wireproof.engine.suite import Suite
from wireproof.model.errors import UsageError
from wireproof.model.target import Target

_FEW: Final = 8
"""Names that are all listed."""


def check_choice(selection: Selection, suite: Suite, target: Target) -> None:
    """Raises UsageError for the first revision, id, exchange or transport of the selection that can choose nothing."""
    revisions = [one.id for one in suite.catalogue.revisions]
    for one in selection.revisions:
        if one not in revisions:
            raise _unknown("revision", one, revisions)
    for one in (*selection.select, *selection.ignore):
        if not any(identity.startswith(one) for identity in suite.catalogue.requirements):
            parts = [name.split(".") for name in suite.catalogue.requirements]
            raise _unknown(
                "requirement", one, {".".join(words[: size + 1]) for words in parts for size in range(len(words))}
            )
    exchanges = {one.id for one in suite.exchanges}
    for one in selection.exchanges:
        if one.partition("[")[0] not in exchanges:
            raise _unknown("exchange", one, exchanges)
    _transports(selection, target, suite)
    check_words(target, suite)


def check_words(target: Target, suite: Suite) -> None:
    """Raises UsageError for words that the user has for a goal which the protocol does not know, and for arguments of prompts where
    prompts are words."""
    known, name = suite.pack.goals, suite.pack.name.upper()
    for goal in target.goals:
        if not known:
            raise UsageError(
                f"the prompt {goal!r} is a text, but prompts of {name} take arguments",
                hint='an object, {"argument": "text"}',
            )
        if goal not in known:
            near = difflib.get_close_matches(goal, known, n=2)
            said = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(known)}"
            raise UsageError(f"no prompt of {name} is for {goal!r}", hint=said)
    for prompt in target.prompt_arguments if known else ():
        raise UsageError(f"the prompt {prompt!r} has arguments, but what is said to a target of {name} is a text")


def _transports(selection: Selection, target: Target, suite: Suite) -> None:
    groups = suite.pack.transports(target)
    possible = [one for group in groups for one in group] + (["stdio"] if target.serve is not None else [])
    if selection.transports and not set(selection.transports).intersection(possible):
        what = "a URL" if target.url else "a command"
        said = " or ".join(selection.transports)
        raise UsageError(f"{what} cannot be played over {said}", hint=f"{what} is played over {' or '.join(possible)}")


def _unknown(kind: str, name: str, known: Iterable[str]) -> UsageError:
    """The error for a name that nobody bears: the nearest ones, or all when they are few."""
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=3) or [one for one in known if name and name in one][:3]
    parts = [f"did you mean {' or '.join(near)}?"] if near else []
    if len(known) <= _FEW:
        parts.append(f"known: {', '.join(known)}")
    elif not near:
        parts.append(f"nothing comes near it; see wireproof list {kind}s")
    return UsageError(f"no {kind} is called {name!r}", hint=" ".join(parts))
