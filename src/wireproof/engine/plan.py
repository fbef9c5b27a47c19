"""What will be played: literal exchanges, chosen by revision, transport, facts and selection. Data in, data out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from wireproof.judge.pack import Pack
from wireproof.library.catalogue import Catalogue
from wireproof.model.catalogue import Requirement, Revision
from wireproof.model.events import Told
from wireproof.model.exchange import Exchange, Isolation, Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which rows count: id prefixes in and out, level groups, revisions, transports. Empty means all.

    `exchanges`: only these are played, by id or as `id[subject]`; `deciding`: only what decides one of these rows.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    revisions: tuple[str, ...] = ()
    transports: tuple[str, ...] = ()
    exchanges: tuple[str, ...] = ()
    deciding: tuple[str, ...] = ()

    def plays(self, exchange: Exchange) -> bool:
        """Is this exchange selected? `id[subject]` names one of those that for_each made."""
        return not self.exchanges or any(one in (exchange.id, exchange.span) for one in self.exchanges)

    def takes(self, row: Requirement) -> bool:
        """Is this requirement selected?"""
        if self.select and not any(_under(row.id, one) for one in self.select):
            return False
        if any(_under(row.id, one) for one in self.ignore):
            return False
        return not self.levels or row.level.group in self.levels


def _under(identity: str, prefix: str) -> bool:
    return identity.startswith(prefix)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Literal exchanges in playing order; `omitted` says of rows why nothing was planned that decides them."""

    shared: tuple[Exchange, ...] = ()
    fresh: tuple[Exchange, ...] = ()
    last: tuple[Exchange, ...] = ()
    omitted: Mapping[str, str] = field(default_factory=dict)

    @property
    def every(self) -> tuple[Exchange, ...]:
        return (*self.shared, *self.fresh, *self.last)


def in_force(catalogue: Catalogue, selection: Selection, revision: Revision, transport: str) -> dict[str, Requirement]:
    """The selected rows that bind a server there, by id."""
    rows = catalogue.in_force(revision.id, "server", transport)
    return {row.id: row for row in rows if selection.takes(row)}


def make_plan(
    exchanges: Iterable[Exchange],
    *,
    pack: Pack,
    revision: Revision,
    transport: str,
    facts: Mapping[str, Any],
    rows: Mapping[str, Requirement],
    orders: Mapping[str, int],
    selection: Selection,
) -> Plan:
    """Chooses and fills. An exchange is played when it decides at least one selected row."""
    chosen: dict[Isolation, list[Exchange]] = {kind: [] for kind in Isolation}
    omitted: dict[str, str] = {}
    tags = set(facts.get("tags", ()))
    for exchange in exchanges:
        if exchange.origin is Origin.SURVEY or not fits(exchange, revision, transport, orders):
            continue
        if not any(row in rows for row in exchange.about):
            continue
        if selection.deciding and not set(selection.deciding).intersection(exchange.about):
            continue
        missing = [need for need in exchange.needs if need not in tags]
        made = [] if missing else [one for one in pack.fill(exchange, facts) if selection.plays(one)]
        if not made:
            lack = ", ".join(missing) or exchange.for_each or "a survey fact"
            for row in exchange.about:
                omitted.setdefault(row, f"no occasion: {exchange.id} needs {lack}")
        chosen[exchange.isolation] += made
    played = {row for group in chosen.values() for one in group for row in one.about}
    return Plan(
        shared=tuple(sorted(chosen[Isolation.SHARED], key=lambda one: not one.reads_only)),
        fresh=tuple(chosen[Isolation.FRESH]),
        last=tuple(chosen[Isolation.LAST]),
        omitted={row: why for row, why in omitted.items() if row not in played},
    )


def fits(exchange: Exchange, revision: Revision, transport: str, orders: Mapping[str, int]) -> bool:
    """Is the exchange meant for this revision and transport? `memory` plays what `stdio` plays."""
    if exchange.since and orders[exchange.since] > revision.order:
        return False
    if exchange.until and orders[exchange.until] < revision.order:
        return False
    kind = "stdio" if transport == "memory" else transport
    return not exchange.transports or kind in exchange.transports or transport in exchange.transports


def left_alone(facts: Mapping[str, Any], where: str) -> Iterator[Told]:
    """What a survey says about a lane's plan that its user should know. `where`: "<revision> over <transport>"."""
    if facts.get("remainder"):
        left = ", ".join(f"{count} {name}" for name, count in facts["remainder"].items())
        yield Told(
            text=f"{where}: what is played for each is played for a few; left alone were {left}", level="remainder"
        )
    if facts.get("unread"):
        yield Told(text=f"{where}: not read to the end: {', '.join(facts['unread'])}", level="remainder")
    if facts.get("fixtures"):
        made = f"{where}: a server made for harnesses, so its own fixtures are used too"
        yield Told(text=f"{made}: {', '.join(facts['fixtures'])}", level="calls")
