"""Lint of exchange files beyond their grammar: known requirements, levels that may fail, definitions that exist, facts that a survey knows."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from wireproof.engine.suite import Suite
from wireproof.judge.pack import Lens
from wireproof.library.catalogue import Catalogue
from wireproof.library.exchanges import literal, read_exchanges
from wireproof.library.schemas import schemas_of
from wireproof.model.catalogue import Level
from wireproof.model.errors import UsageError
from wireproof.model.exchange import Exchange, Expect
from wireproof.model.jsontext import JSON

OWN_FACTS: Final = ("revision", "client_capabilities", "liveness", "version", "target")
"""Facts that a lane knows without asking the target."""
_KINDS: Final = ("tool", "callable", "job", "resource", "template", "prompt")
_FACT: Final = re.compile(r"\$\{([^{}]*)\}")
_WHOLE: Final = re.compile(r"[A-Za-z0-9_.-]+")


def lint(places: Iterable[Path], suite: Suite) -> tuple[list[UsageError], int]:
    """(problems with file:line, each once; number of exchanges read). The exchanges of the suite play no part."""
    problems: dict[tuple[str, str], UsageError] = {}
    seen: dict[str, str] = {}

    def tell(error: UsageError) -> None:
        problems.setdefault((error.where, error.message), error)

    for path in sorted(file for place in places for file in _files(place)):
        try:
            made = read_exchanges(path, protocol=suite.pack.name)
        except UsageError as error:
            tell(error)
            continue
        for one in made:
            if one.id in seen:
                tell(UsageError(f"the id {one.id} stands twice", where=one.where, hint=f"first at {seen[one.id]}"))
            seen[one.id] = one.where
            for fault in faults(one, suite):
                tell(fault)
    return list(problems.values()), len(seen)


def _files(place: Path) -> list[Path]:
    return sorted((*place.rglob("*.yaml"), *place.rglob("*.yml"))) if place.is_dir() else [place]


def faults(one: Exchange, suite: Suite) -> Iterator[UsageError]:
    """What of one exchange can never come true."""
    catalogue = suite.catalogue
    known = {revision.id: revision for revision in catalogue.revisions}
    for name in (one.since, one.until):
        if name is not None and name not in known:
            yield UsageError(
                f"{one.id}: no revision is called {name!r}", where=one.where, hint=f"known: {', '.join(known)}"
            )
            return
    for row in one.about:
        yield from _row(one, row, catalogue)
    yield from _definitions(one, catalogue)
    yield from _needs(one, suite)
    yield from _facts(one, suite)


def _row(one: Exchange, row: str, catalogue: Catalogue) -> Iterator[UsageError]:
    requirement = catalogue.requirements.get(row)
    if requirement is None:
        near = catalogue.nearest(row)
        hint = f"did you mean {', '.join(near)}?" if near else "wireproof list requirements names them all"
        yield UsageError(f"{one.id}: no requirement is called {row!r}", where=one.where, hint=hint)
        return
    if requirement.level is Level.MAY:
        yield UsageError(f"{one.id}: {row} is a MAY, which nothing can fail", where=one.where)
    orders = {revision.id: revision.order for revision in catalogue.revisions}
    first = orders[one.since] if one.since else 0
    last = orders[one.until] if one.until else max(orders.values())
    if orders[requirement.since] > last or orders[requirement.until] < first:
        yield UsageError(
            f"{one.id}: {row} is not in force in any revision of the exchange",
            where=one.where,
            hint=f"the row holds from {requirement.since} to {requirement.until}",
        )


def _definitions(one: Exchange, catalogue: Catalogue) -> Iterator[UsageError]:
    expects = [step for step in one.steps if isinstance(step, Expect)]
    patterns = [pattern for step in expects for pattern in (*step.any_of, *step.or_lawful)]
    orders = {revision.id: revision.order for revision in catalogue.revisions}
    played = [
        revision
        for revision in catalogue.revisions
        if (not one.since or revision.order >= orders[one.since])
        and (not one.until or revision.order <= orders[one.until])
    ]
    schemas = {revision.id: schemas_of(one.protocol, revision.id) for revision in played}
    for name in dict.fromkeys(pattern.schema for pattern in patterns if isinstance(pattern.schema, str)):
        lacking = [revision for revision, known in schemas.items() if not known.has(name)]
        if lacking:
            known = {definition for revision in lacking for definition in schemas[revision].document["$defs"]}
            message = f"{one.id}: nothing is defined as {name!r} in {', '.join(lacking)}"
            yield UsageError(message, where=one.where, hint=_near(name, known))


def _needs(one: Exchange, suite: Suite) -> Iterator[UsageError]:
    known = suite.pack.needs(suite.tables)
    beginnings = tuple(name for name in known if name.endswith(":"))
    for name in one.needs if known else ():
        if name not in known and not (beginnings and name.startswith(beginnings)):
            yield UsageError(
                f"{one.id}: `needs` names {name!r}, which no survey finds",
                where=one.where,
                hint=_near(name, known) or "conformance/README.md lists the survey facts",
            )


def _facts(one: Exchange, suite: Suite) -> Iterator[UsageError]:
    """Of `${a.b}`, `a` must be a fact of the survey, or of the kind that `for_each` ranges over."""
    newest = suite.catalogue.newest
    empty = Lens(
        revision=newest,
        transport="stdio",
        schemas=schemas_of(suite.pack.name, newest.id),
        facts={},
        tables=suite.tables,
    )
    known = {*suite.pack.survey((), empty), *OWN_FACTS} | ({one.for_each} if one.for_each else set())
    for name in dict.fromkeys(_named(literal(one)["steps"])):
        root = name.partition(".")[0]
        hint = _near(root, known)
        if not _WHOLE.fullmatch(name):
            message, hint = f"${{{name}}} is no name of a survey fact", "letters, digits and _ . - only"
        elif root in known:
            continue
        elif root in _KINDS:
            message, hint = f"${{{name}}} has no meaning here", f"it wants `for_each: {root}`"
        else:
            message = f"${{{name}}}: no survey fact is called {root!r}"
        yield UsageError(f"{one.id}: {message}", where=one.where, hint=hint)


def _named(value: JSON) -> Iterator[str]:
    if isinstance(value, str):
        yield from _FACT.findall(value)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _named(key)
            yield from _named(item)
    elif isinstance(value, list):
        for item in value:
            yield from _named(item)


def _near(name: str, known: Iterable[Any]) -> str:
    near = difflib.get_close_matches(name, sorted(map(str, known)), n=2)
    return f"did you mean {' or '.join(near)}?" if near else ""
