"""From a configured target to the options of its run, checked: a name that nothing bears is an error at its line of the file."""

from __future__ import annotations

from typing import Final

from wireproof.engine.choice import check_choice, check_words
from wireproof.engine.plan import Selection
from wireproof.engine.run import Options
from wireproof.engine.suite import Suite
from wireproof.library.baseline import load_baseline
from wireproof.library.catalogue import Catalogue, load_catalogue, protocols
from wireproof.model.baseline import Baseline
from wireproof.model.configuration import ConfiguredTarget
from wireproof.model.errors import UsageError

_KEYS: Final = {
    "revisions": "revisions",
    "select": "select",
    "ignore": "ignore",
    "levels": "level",
    "transports": "transports",
}
"""Member of a Selection to the key in the file."""


def options_of(one: ConfiguredTarget) -> Options:
    """How its run is done."""
    return Options(
        protocol=one.protocol,
        selection=Selection(**{member: getattr(one, key) for member, key in _KEYS.items()}),
        exchanges=one.exchanges,
    )


def check_configured(one: ConfiguredTarget, suite: Suite) -> None:
    """UsageError with file:line for the first revision, requirement, transport or goal that is chosen but does not exist."""
    try:
        check_words(one.target, suite)
    except UsageError as error:
        raise UsageError(error.message, hint=error.hint, where=one.places.get("prompts", one.where)) from None
    for member, key in _KEYS.items():
        for name in getattr(one, key):
            try:
                check_choice(Selection(**{member: (name,)}), suite, one.target)
            except UsageError as error:
                if member == "transports" and len(one.transports) > 1:
                    continue  # it is shared with targets of another kind; that some transport is left is checked at the run
                hint = _of_another(name, one) if member == "revisions" else ""
                where = one.places.get(key, one.where)
                raise UsageError(error.message, hint=hint or error.hint, where=where) from None


def _of_another(revision: str, one: ConfiguredTarget) -> str:
    """Said of a revision that another protocol has: it was probably meant for the other targets."""
    for name in protocols():
        if name != one.protocol and any(each.id == revision for each in load_catalogue(name).revisions):
            return f"it is one of {name.upper()}: give the target {one.name}, which speaks {one.protocol.upper()}, revisions of its own"
    return ""


def baseline_of(one: ConfiguredTarget, catalogue: Catalogue) -> Baseline | None:
    """Its baseline; None when it has none. UsageError when the file that it names is not there, or says something wrong."""
    if one.baseline is None or (one.usual_baseline and not one.baseline.is_file()):
        return None
    if not one.baseline.is_file():
        raise UsageError(
            f"there is no baseline {one.baseline.name}",
            where=one.places.get("baseline", one.where),
            hint="wireproof bless writes it after a run",
        )
    return load_baseline(one.baseline, catalogue)


def usual_of(one: ConfiguredTarget) -> dict[str, tuple[str, ...]]:
    """The selection that is usual for it, as `weigh` wants it."""
    return {"select": one.select, "ignore": one.ignore, "levels": one.level}
