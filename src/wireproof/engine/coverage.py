"""What is judged and what is proven: counts per revision, binding and testable class, over binding rows of the server role."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from wireproof.engine.bench import BENCHES, places, variant_of
from wireproof.engine.selftest import Outcome
from wireproof.engine.suite import Suite
from wireproof.model.catalogue import Requirement, Revision

CLASSES = ("wire", "discover", "fixture")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judges:
    """What judges a row: exchange ids (with since/until) and ambient checks."""

    exchanges: tuple[str, ...]
    checks: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.exchanges or self.checks)


def judges(suite: Suite, row: str, revision: Revision | None = None, binding: str = "") -> Judges:
    """Everything that can decide the row, in one revision or in any; over one binding where one is named."""
    orders = suite.orders
    exchanges = tuple(
        one.id
        for one in suite.exchanges
        if row in one.about
        and (revision is None or (orders.get(one.since or "", 0) <= revision.order <= orders.get(one.until or "", 99)))
        and (not binding or not one.transports or binding in one.transports)
    )
    named = {entry["row"] for table in suite.tables.values() for entry in table if "row" in entry}
    checks = tuple(one.name for one in suite.pack.checks if row in one.rows)
    if row in named and not checks:
        checks = ("answers_fit",)
    return Judges(exchanges=exchanges, checks=checks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Counts of one revision, binding (empty: all transports together) and testable class; `open_rows` and `unproven_rows` name what is left."""

    revision: str
    binding: str
    testable: str
    proven: int
    unproven_rows: tuple[str, ...]
    reasoned: int
    open_rows: tuple[str, ...]

    @property
    def total(self) -> int:
        return self.proven + len(self.unproven_rows) + self.reasoned + len(self.open_rows)


_Place = tuple[str, str]
"""(revision, binding or empty)."""


def coverage(suite: Suite, outcomes: Iterable[Outcome]) -> list[Bar]:
    """The bars, newest revision first. A row is proven in a revision, and over a binding where the protocol has several, when the
    reference peer, or a shape of it, passed it there and a faulty peer that breaks it, as its own row or as one that it says to imply,
    and whose deviation shows there, made it fail where it was played."""
    bindings = BENCHES[suite.pack.name].bindings
    passed, killed = _proofs(suite, outcomes)
    bars = []
    for revision in reversed(suite.catalogue.revisions):
        for binding in bindings:
            rows = [row for row in suite.catalogue.in_force(revision.id, "server", binding or "any") if row.binding]
            for testable in CLASSES:
                mine = [row for row in rows if row.testable.value == testable]
                bars.append(_bar(suite, revision, binding, testable, mine, passed, killed))
    return bars


def _bar(
    suite: Suite,
    revision: Revision,
    binding: str,
    testable: str,
    rows: Iterable[Requirement],
    passed: Mapping[_Place, set[str]],
    killed: Mapping[_Place, set[str]],
) -> Bar:
    count: Counter[str] = Counter()
    unproven, left = [], []
    place = (revision.id, binding)
    for row in rows:
        if row.id in passed.get(place, ()) and row.id in killed.get(place, ()):
            count["proven"] += 1
        elif row.reason:
            count["reasoned"] += 1
        elif judges(suite, row.id, revision, binding):
            unproven.append(row.id)
        else:
            left.append(row.id)
    return Bar(
        revision=revision.id,
        binding=binding,
        testable=testable,
        proven=count["proven"],
        unproven_rows=tuple(unproven),
        reasoned=count["reasoned"],
        open_rows=tuple(left),
    )


def _proofs(suite: Suite, outcomes: Iterable[Outcome]) -> tuple[dict[_Place, set[str]], dict[_Place, set[str]]]:
    """(rows that a reference peer passed, rows that a faulty peer made fail) by place."""
    several = BENCHES[suite.pack.name].bindings != ("",)
    passed: dict[_Place, set[str]] = {}
    killed: dict[_Place, set[str]] = {}
    for one in outcomes:
        trial = one.trial
        if trial.kind == "reference":
            rows = {row for row, verdict in one.verdicts.items() if verdict == "passed"}
            passed.setdefault((trial.revision, trial.transport if several else ""), set()).update(rows)
        elif trial.kind == "sin" and one.killed:
            rows = {row for row in (trial.about, *trial.implies) if row in one.failed}
            for place in _shown(suite, one) if several else _revisions(suite, one):
                killed.setdefault(place, set()).update(rows)
    return passed, killed


def _shown(suite: Suite, one: Outcome) -> Iterable[_Place]:
    return places(suite, variant_of(suite.pack.name, "sin", one.trial.name))


def _revisions(suite: Suite, one: Outcome) -> Iterable[_Place]:
    orders = suite.orders
    first = orders.get(one.trial.since or "", 0)
    last = orders.get(one.trial.until or "", 99)
    return [(known.id, "") for known in suite.catalogue.revisions if first <= known.order <= last]
