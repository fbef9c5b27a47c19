"""Requirements and revisions: what is owed, since when, by whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any


class Level(StrEnum):
    """RFC 2119 words, plus ADVICE for what no sentence of a specification obliges."""

    MUST = "MUST"
    MUST_NOT = "MUST NOT"
    SHOULD = "SHOULD"
    SHOULD_NOT = "SHOULD NOT"
    MAY = "MAY"
    ADVICE = "ADVICE"

    @property
    def group(self) -> str:
        """MUST, SHOULD or MAY: the word that policy and counts go by (ADVICE counts apart)."""
        return self.value.split(" ")[0]


class Basis(StrEnum):
    KEYWORD = "keyword"
    SCHEMA = "schema"
    PROSE = "prose"
    INHERITED = "inherited"


class Testable(StrEnum):
    WIRE = "wire"
    DISCOVER = "discover"
    FIXTURE = "fixture"
    CLIENT = "client"
    MANUAL = "manual"


class Grade(StrEnum):
    WIRE = "wire"
    PROTOCOL = "protocol"
    ROBUST = "robust"


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One dated revision of a protocol. `order` alone says which is newer; `date` is the day of its release; `schema` names the file
    under schemas/<protocol>/; `traits` are what the pack must know of it without asking for its name."""

    protocol: str
    id: str
    order: int
    date: date
    era: str
    schema: str
    page: str
    traits: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One row of the catalogue. `since`/`until` are inclusive revision ids; `role` is who owes it (server, client, both, ...);
    `needs` are survey facts without which the row does not apply; `reason` says why a binding row cannot be judged from the wire;
    `why` it matters to a peer, and what a `fix` looks like, are there for every judged row."""

    id: str
    protocol: str
    topic: str
    level: Level
    basis: Basis
    title: str
    source: str
    role: str
    transport: str
    since: str
    until: str
    testable: Testable
    grade: Grade
    needs: tuple[str, ...] = ()
    aspects: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    erratum: str | None = None
    reason: str | None = None
    why: str = ""
    fix: str = ""

    @property
    def binding(self) -> bool:
        """Every level but MAY and ADVICE binds."""
        return self.level.group in ("MUST", "SHOULD")
