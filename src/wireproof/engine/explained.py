"""What there is to say of one requirement: for the terminal and for the pages of the documentation."""

from __future__ import annotations

from collections.abc import Iterator

from wireproof.engine.bench import fixtures
from wireproof.engine.coverage import judges
from wireproof.engine.suite import Suite
from wireproof.model.catalogue import Requirement


def standing(row: Requirement) -> str:
    """Level, basis, and who owes it where."""
    owed = f"owed by {row.role}" + ("" if row.transport == "any" else f" over {row.transport}")
    return f"{row.level.value} ({row.basis.value}), {owed}"


def explanation(row: Requirement, suite: Suite | None) -> Iterator[tuple[str, str]]:
    """(label, text), in the order of interest; labels of which there are several come several times. No suite: nothing of ours judges
    that protocol."""
    head = {
        "why": row.why,
        "fix": row.fix,
        "source": row.source,
        "in force": f"{row.since} to {row.until}",
        "testable": f"{row.testable.value}; counts for grade {row.grade.value}",
        "applies": f"where the target shows {', '.join(row.needs)}" if row.needs else "",
        "not judged": row.reason or "",
        "erratum": row.erratum or "",
        "formerly": ", ".join(row.aliases),
    }
    yield from ((label, text) for label, text in head.items() if text)
    if suite is None:
        yield "judged by", "nothing yet"
        return
    found = judges(suite, row.id)
    for name in found.exchanges:
        one = suite.named(name)
        yield "exchange", f"{name}: {one.title} ({one.where})"
    for name in found.checks:
        doc = next((one.doc.split("\n\n")[0] for one in suite.pack.checks if one.name == name), "")
        yield "check", f"{name}, over every conversation{': ' + ' '.join(doc.split()) if doc else ''}"
    if not found and not row.reason:
        yield "judged by", "nothing yet"
    _, sins, habits = fixtures(suite.pack.name)
    for kind, variants in (("faulty peer", sins), ("lawful peer", habits)):
        for one in variants:
            if one.about == row.id or row.id in one.implies:
                yield kind, f"{one.name}: {one.statement}"
