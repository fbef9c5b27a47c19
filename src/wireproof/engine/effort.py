"""How hard search tries: a depth is a number of examples a family and a time for each revision and transport."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

FAILURES: Final = Path("wireproof-failures")
"""The usual folder for exchanges that search found broken."""
EARLIER: Final = Path(".wireproof") / "examples"
"""Where what searches found is remembered."""


class Depth(StrEnum):
    QUICK = "quick"
    STANDARD = "standard"
    THOROUGH = "thorough"


EXAMPLES: Final = {Depth.QUICK: 40, Depth.STANDARD: 200, Depth.THOROUGH: 1500}
"""Examples drawn of a family of weight 1."""
SECONDS: Final = {Depth.QUICK: 5.0, Depth.STANDARD: 20.0, Depth.THOROUGH: 120.0}
"""Seconds of drawing for one revision and transport; what was found meanwhile is shrunk besides."""
SHRINKING: Final = 20.0
"""Seconds in which the failures of one family are made small, from the first one on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """`examples` overrides those of the depth. `budget`: seconds in all for one revision and transport, shrinking included; it only cuts
    short what (seed, versions, schemas of the target) fix. `failures`: the folder for exchanges that were found; None keeps none.
    `families`: only those of these names, or of a name and a subject (`call add`); empty: all. `first`: enough is a family in which something
    was found. `earlier`: the folder of what earlier searches found, which is tried first; then the seed alone does not fix what is drawn.
    `revisions`: searched is in these only; empty: in all."""

    depth: Depth = Depth.STANDARD
    examples: int | None = None
    budget: float | None = None
    failures: Path | None = None
    families: tuple[str, ...] = ()
    first: bool = False
    earlier: Path | None = None
    revisions: tuple[str, ...] = ()

    def examples_of(self, weight: float) -> int:
        """Examples of a family of that weight, at least one."""
        return max(1, round((self.examples or EXAMPLES[self.depth]) * weight))

    @property
    def told(self) -> dict[str, str | int | float | bool]:
        """What the journal says of it."""
        folder = str(self.failures) if self.failures is not None else None
        parts: dict[str, str | int | float | bool | None] = {
            "examples": self.examples,
            "budget_s": self.budget,
            "failures": folder,
            "earlier": True if self.earlier is not None else None,
        }
        return {"depth": self.depth.value, **{name: value for name, value in parts.items() if value is not None}}

    @property
    def seconds(self) -> float:
        return min(SECONDS[self.depth], self.budget) if self.budget is not None else SECONDS[self.depth]
