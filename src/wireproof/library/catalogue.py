"""The catalogue of one protocol: its revisions and every requirement that binds somebody in them.

It is read from conformance/<protocol>/revisions.yaml and conformance/<protocol>/requirements/*.yaml, to which the rows of
JSON-RPC 2.0 (conformance/jsonrpc/) and of plain robustness (conformance/common/) are added. A file's head gives defaults
for its rows. A row without `since` holds from the oldest revision, one without `until` to the newest, whichever that is
by then.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from wireproof.library.shelf import shelf
from wireproof.library.source import read_yaml, shown, validate
from wireproof.model.catalogue import Basis, Grade, Level, Requirement, Revision, Testable
from wireproof.model.errors import UsageError

_DEFAULT: Final = "mcp"
_SHARED_FILES: Final = ("jsonrpc/requirements.yaml", "common/robustness.yaml")
_RULED_BY: Final = {"memory": ("stdio",), "sse": ("http",), "jsonrpc": ("jsonrpc", "http"), "rest": ("rest", "http")}
"""The rules of which transports a link or binding falls under; one that is not named, under its own."""

_LEVELS: Final = {level.value: level for level in Level}
_BASES: Final = {basis.value: basis for basis in Basis}
_TESTABLE: Final = {testable.value: testable for testable in Testable}
_GRADES: Final = {grade.value: grade for grade in Grade}


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Revisions from oldest to newest, requirements by id in file order."""

    protocol: str
    revisions: tuple[Revision, ...]
    requirements: Mapping[str, Requirement]
    _orders: Mapping[str, int] = field(repr=False)
    _former: Mapping[str, str] = field(repr=False, default_factory=dict)
    """Former ids in capitals, and what they are called now."""

    @property
    def newest(self) -> Revision:
        return self.revisions[-1]

    def order(self, revision: str) -> int:
        """The rank of a revision; UsageError for one that this protocol does not have."""
        if revision not in self._orders:
            known = ", ".join(one.id for one in self.revisions)
            raise UsageError(f"{self.protocol} has no revision {revision!r}", hint=f"known revisions: {known}")
        return self._orders[revision]

    def revision(self, name: str) -> Revision:
        """The revision of that id; UsageError for one that this protocol does not have."""
        rank = self.order(name)
        return next(one for one in self.revisions if one.order == rank)

    def covers(self, requirement: Requirement, revision: str) -> bool:
        """Whether the requirement is in force in that revision."""
        return self._orders[requirement.since] <= self.order(revision) <= self._orders[requirement.until]

    def in_force(self, revision: str, role: str, transport: str) -> tuple[Requirement, ...]:
        """What a peer in that role owes there, in file order.

        `role` is server, client, authorization-server or host; rows of `both` bind server and client. `transport` is
        stdio, http, sse (judged as http), memory (judged as stdio), a binding of A2A (jsonrpc and rest, which rows of http bind too,
        or grpc) or any (rows of every transport).
        """
        roles = (role, "both") if role in ("server", "client") else (role,)
        ruled_by = ("any", *_RULED_BY.get(transport, (transport,)))
        return tuple(
            row
            for row in self.requirements.values()
            if row.role in roles and (transport == "any" or row.transport in ruled_by) and self.covers(row, revision)
        )

    def named(self, name: str) -> Requirement | None:
        """The requirement that bears this id, or bore it formerly; None where there is none."""
        return self.requirements.get(name) or self.requirements.get(self._former.get(name.upper(), ""))

    def nearest(self, id: str, count: int = 3) -> tuple[str, ...]:  # noqa: A002
        """Requirement ids that look like a misspelt one, closest first."""
        return tuple(difflib.get_close_matches(id, self.requirements, n=count))


def protocols() -> tuple[str, ...]:
    """The protocols that have a catalogue; the one that `load_catalogue` reads unless told otherwise comes first."""
    found = {path.parent.name for path in shelf("conformance").glob("*/revisions.yaml")}
    return (_DEFAULT, *sorted(found - {_DEFAULT}))


def order_of(protocol: str, revision: str) -> int:
    """Where a revision stands among those of its protocol, the older the lower; 0 for one that is not known."""
    known = load_catalogue(protocol).revisions if protocol in protocols() else ()
    return next((one.order for one in known if one.id == revision), 0)


@cache
def load_catalogue(protocol: str = _DEFAULT) -> Catalogue:
    """Read and lint one protocol's catalogue. UsageError with file:line for the first fault."""
    folder = shelf("conformance") / protocol
    revisions = _revisions(folder / "revisions.yaml", protocol)
    orders = {one.id: one.order for one in revisions}
    files = sorted((folder / "requirements").glob("*.yaml"))
    files += [path for name in _SHARED_FILES if (path := shelf("conformance") / name).is_file()]
    requirements: dict[str, Requirement] = {}
    seen: dict[str, str] = {}
    said: dict[str, str] = {}
    former: dict[str, str] = {}
    for path in files:
        for row, where in read_requirements(path, protocol, revisions):
            if row.id in seen:
                raise UsageError(f"the requirement {row.id} stands twice", where=where, hint=f"first at {seen[row.id]}")
            seen[row.id] = where
            for text in filter(None, (row.why, row.fix)):
                if text in said:
                    raise UsageError(f"{row.id} is explained with the same words as {said[text]}", where=where)
                said[text] = row.id
            for name in row.aliases:
                if taken := former.get(name.upper()):
                    raise UsageError(f"{name} is an alias of {taken} already", where=where)
                former[name.upper()] = row.id
            requirements[row.id] = row
    return Catalogue(
        protocol=protocol,
        revisions=revisions,
        requirements=MappingProxyType(requirements),
        _orders=orders,
        _former=former,
    )


def _revisions(path: Path, protocol: str) -> tuple[Revision, ...]:
    value, lines = read_yaml(path)
    validate(value, lines, "revisions", path)
    for index, row in enumerate(value["revisions"]):
        try:
            row["date"] = date.fromisoformat(row["date"])
        except ValueError:
            where = f"{shown(path)}:{lines.at(f'/revisions/{index}/date')}"
            raise UsageError(f"date: {row['date']} is no day", where=where) from None
    made = sorted((Revision(protocol=protocol, **row) for row in value["revisions"]), key=lambda one: one.order)
    for attribute in ("id", "order"):
        taken = [getattr(one, attribute) for one in made]
        if len(set(taken)) != len(taken):
            raise UsageError(f"two revisions share an {attribute}", where=f"{shown(path)}:{lines.at('/revisions')}")
    return tuple(made)


def read_requirements(path: Path, protocol: str, revisions: tuple[Revision, ...]) -> Iterator[tuple[Requirement, str]]:
    """The rows of one file that `protocol` is bound by, each with its file:line."""
    value, lines = read_yaml(path)
    validate(value, lines, "requirements", path)
    defaults = {"basis": "keyword", "role": "both", "transport": "any", "page": value.get("page", "")}
    defaults |= {"since": revisions[0].id, "until": revisions[-1].id}
    defaults |= value.get("defaults", {})
    orders = {one.id: one.order for one in revisions}
    file = shown(path)
    for index, raw in enumerate(value["requirements"]):
        row = {**defaults, **raw}
        if "only" in row:
            if protocol not in row["only"]:
                continue
            row |= row["only"][protocol]
        there = value.get("within", {}).get(protocol, {})
        row["transport"] = there.get(row["transport"], row["transport"])
        if row["transport"] is None:
            continue
        where = f"{file}:{lines.at(f'/requirements/{index}')}"
        yield _requirement(row, value, orders, where), where


def _requirement(row: Mapping[str, Any], head: Mapping[str, Any], orders: Mapping[str, int], where: str) -> Requirement:
    """A row whose file the schema has accepted; what a schema cannot say is checked here."""
    for end in ("since", "until"):
        if row[end] not in orders:
            raise UsageError(f"{end}: there is no revision {row[end]!r}", where=where, hint=_listed(orders))
    if orders[row["since"]] > orders[row["until"]]:
        raise UsageError(f"since {row['since']} lies after until {row['until']}", where=where)
    for key in ("testable", "grade"):
        if key not in row:
            raise UsageError(f"{row['id']} has no {key}, and the head of the file gives no default", where=where)
    section = row.get("section")
    return Requirement(
        id=row["id"],
        protocol=head["protocol"],
        topic=head["topic"],
        level=_LEVELS[row["level"]],
        basis=_BASES[row["basis"]],
        title=row["title"],
        source=f"{row['page']}#{section}" if section else row["page"],
        role=row["role"],
        transport=row["transport"],
        since=row["since"],
        until=row["until"],
        testable=_TESTABLE[row["testable"]],
        grade=_GRADES[row["grade"]],
        needs=tuple(row.get("needs", ())),
        aspects=tuple(row.get("aspects", ())),
        aliases=tuple(row.get("aliases", ())),
        erratum=row.get("erratum"),
        reason=row.get("reason"),
        why=row.get("why", ""),
        fix=row.get("fix", ""),
    )


def _listed(names: Iterable[str]) -> str:
    return f"known: {', '.join(names)}"
