"""What is played and judged with, read once a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from wireproof.engine.plan import fits
from wireproof.judge.pack import Pack
from wireproof.library.catalogue import Catalogue
from wireproof.model.catalogue import Revision
from wireproof.model.exchange import Exchange


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """What is played and judged with: pack, catalogue, exchanges, tables. Built once a run. `own` are ids of exchanges of the user's."""

    pack: Pack
    catalogue: Catalogue
    exchanges: tuple[Exchange, ...]
    tables: dict[str, Any] = field(default_factory=dict)
    own: tuple[str, ...] = ()

    def named(self, identity: str) -> Exchange:
        return next(one for one in self.exchanges if one.id == identity)

    def judged(self, revision: Revision, transport: str) -> tuple[str, ...]:
        """Ids of the rows that some exchange, check or table of this suite decides there."""
        rows = {row for one in self.exchanges if fits(one, revision, transport, self.orders) for row in one.about}
        rows |= {row for one in self.pack.checks for row in one.rows}
        rows |= {entry["row"] for table in self.tables.values() for entry in table if "row" in entry}
        return tuple(sorted(rows))

    @property
    def orders(self) -> dict[str, int]:
        return {one.id: one.order for one in self.catalogue.revisions}
