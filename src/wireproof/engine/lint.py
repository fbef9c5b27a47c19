"""Lint of exchange files beyond their grammar: known requirements, levels that may fail, definitions that exist."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from wireproof.library.catalogue import Catalogue, load_catalogue
from wireproof.library.exchanges import read_exchanges
from wireproof.library.schemas import schemas_of
from wireproof.model.catalogue import Level
from wireproof.model.errors import UsageError
from wireproof.model.exchange import Exchange, Expect


def lint(places: Iterable[Path], protocol: str = "mcp") -> tuple[list[UsageError], int]:
    """(problems with file:line, number of exchanges read)."""
    catalogue = load_catalogue(protocol)
    problems: list[UsageError] = []
    seen: dict[str, str] = {}
    for path in sorted(file for place in places for file in _files(place)):
        try:
            made = read_exchanges(path, protocol=protocol)
        except UsageError as error:
            problems.append(error)
            continue
        for one in made:
            if one.id in seen:
                problems.append(
                    UsageError(f"the id {one.id} stands twice", where=one.where, hint=f"first at {seen[one.id]}")
                )
            seen[one.id] = one.where
            problems += _exchange(one, catalogue)
    return problems, len(seen)


def _files(place: Path) -> list[Path]:
    return sorted((*place.rglob("*.yaml"), *place.rglob("*.yml"))) if place.is_dir() else [place]


def _exchange(one: Exchange, catalogue: Catalogue) -> Iterator[UsageError]:
    known = {revision.id: revision for revision in catalogue.revisions}
    for name in (one.since, one.until):
        if name is not None and name not in known:
            hint = f"known: {', '.join(known)}"
            yield UsageError(f"{one.id}: no revision is called {name!r}", where=one.where, hint=hint)
            return
    for row in one.about:
        yield from _row(one, row, catalogue)
    for step in one.steps:
        if isinstance(step, Expect):
            yield from _definitions(one, step, catalogue)


def _row(one: Exchange, row: str, catalogue: Catalogue) -> Iterator[UsageError]:
    requirement = catalogue.requirements.get(row)
    if requirement is None:
        hint = f"did you mean {', '.join(catalogue.nearest(row))}?"
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


def _definitions(one: Exchange, step: Expect, catalogue: Catalogue) -> Iterator[UsageError]:
    names = {pattern.schema for pattern in (*step.any_of, *step.or_lawful) if isinstance(pattern.schema, str)}
    orders = {revision.id: revision.order for revision in catalogue.revisions}
    for revision in catalogue.revisions:
        if (one.since and revision.order < orders[one.since]) or (one.until and revision.order > orders[one.until]):
            continue
        schemas = schemas_of(one.protocol, revision.id)
        for name in names:
            if not schemas.has(name):
                yield UsageError(f"{one.id}: {revision.id} defines no {name!r}", where=one.where)
