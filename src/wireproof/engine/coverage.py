"""What is judged and what is proven: counts per revision and testable class, over binding rows of the server role."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from wireproof.engine.selftest import Outcome, Trial
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


def judges(suite: Suite, row: str, revision: Revision | None = None) -> Judges:
    """Everything that can decide the row, in one revision or in any."""
    orders = suite.orders
    exchanges = tuple(
        one.id
        for one in suite.exchanges
        if row in one.about
        and (revision is None or (orders.get(one.since or "", 0) <= revision.order <= orders.get(one.until or "", 99)))
    )
    named = {entry["row"] for table in suite.tables.values() for entry in table if "row" in entry}
    checks = tuple(one.name for one in suite.pack.checks if row in one.rows)
    if row in named and not checks:
        checks = ("answers_fit",)
    return Judges(exchanges=exchanges, checks=checks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Counts of one revision and testable class; `open_rows` and `unproven_rows` name what is left."""

    revision: str
    testable: str
    proven: int
    unproven_rows: tuple[str, ...]
    reasoned: int
    open_rows: tuple[str, ...]

    @property
    def total(self) -> int:
        return self.proven + len(self.unproven_rows) + self.reasoned + len(self.open_rows)


def coverage(suite: Suite, outcomes: Iterable[Outcome]) -> list[Bar]:
    """The bars. A row is proven in a revision when the reference peer, or a shape of it, passed it there and a faulty peer that breaks it, as its
    own row or as one that it says to imply, and whose deviation shows in that revision, made it fail where it was played."""
    passed, killed = _proofs(suite, outcomes)
    bars = []
    for revision in reversed(suite.catalogue.revisions):
        rows = [row for row in suite.catalogue.in_force(revision.id, "server", "any") if row.binding]
        for testable in CLASSES:
            mine = [row for row in rows if row.testable.value == testable]
            bars.append(_bar(suite, revision, testable, mine, passed, killed))
    return bars


def _bar(
    suite: Suite,
    revision: Revision,
    testable: str,
    rows: Iterable[Requirement],
    passed: Mapping[str, set[str]],
    killed: Mapping[str, set[str]],
) -> Bar:
    count: Counter[str] = Counter()
    unproven, left = [], []
    for row in rows:
        if row.id in passed.get(revision.id, ()) and row.id in killed.get(revision.id, ()):
            count["proven"] += 1
        elif row.reason:
            count["reasoned"] += 1
        elif judges(suite, row.id, revision):
            unproven.append(row.id)
        else:
            left.append(row.id)
    return Bar(
        revision=revision.id,
        testable=testable,
        proven=count["proven"],
        unproven_rows=tuple(unproven),
        reasoned=count["reasoned"],
        open_rows=tuple(left),
    )


def _proofs(suite: Suite, outcomes: Iterable[Outcome]) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    passed: dict[str, set[str]] = {}
    killed: dict[str, set[str]] = {}
    for one in outcomes:
        trial = one.trial
        if trial.kind == "reference":
            rows = {row for row, verdict in one.verdicts.items() if verdict == "passed"}
            passed.setdefault(trial.revision, set()).update(rows)
        elif trial.kind == "sin" and one.killed:
            rows = {row for row in (trial.about, *trial.implies) if row in one.failed}
            for revision in suite.catalogue.revisions:
                if _shows(suite, trial, revision):
                    killed.setdefault(revision.id, set()).update(rows)
    return passed, killed


def _shows(suite: Suite, trial: Trial, revision: Revision) -> bool:
    orders = suite.orders
    first = orders.get(trial.since or "", 0)
    last = orders.get(trial.until or "", 99)
    return first <= revision.order <= last
