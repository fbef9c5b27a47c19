"""Which broken requirements are told as one, in which order, and in which words: for every report that people read."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from wireproof.model.verdict import Finding, Verdict
from wireproof.report.matrix import LaneReport, Report, Row
from wireproof.report.words import condensed, printable

LEVELS: Final = ("MUST", "SHOULD", "MAY", "ADVICE")
PROGRAM: Final = "wireproof"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One failed finding with the lane and row that it belongs to."""

    lane: LaneReport
    row: Row
    finding: Finding

    @property
    def way(self) -> str:
        """What was found, without what differs between occasions."""
        return self.finding.why.split(":")[0]

    @property
    def sight(self) -> tuple[object, ...]:
        """What a reader is shown of it."""
        one = self.finding
        return (
            self.lane.revision,
            self.lane.transport,
            one.transcript,
            one.evidence,
            one.pointer,
            one.subject,
            one.why,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What one broken requirement shows, and the groups of `others` that say nothing else: same records, same sentence, same level."""

    cases: Sequence[Case]
    others: list[Sequence[Case]]

    @property
    def every(self) -> list[Case]:
        return [*self.cases, *(one for group in self.others for one in group)]

    @property
    def ways(self) -> list[list[Case]]:
        """The cases by what was found."""
        made: dict[str, list[Case]] = {}
        for one in self.cases:
            made.setdefault(one.way, []).append(one)
        return list(made.values())


def diagnosed(report: Report, *, known: bool = True) -> list[Diagnosis]:
    """One diagnosis a broken requirement, however many revisions, transports and exchanges show it; the gravest first.

    `known` False leaves out the failures that a baseline excuses.
    """
    grouped: dict[str, list[Case]] = {}
    for lane, row in report.failures:
        for one in row.findings:
            if one.verdict is Verdict.FAILED and (known or report.weighed is None or not report.weighed.excuses(one)):
                grouped.setdefault(row.requirement.id, []).append(Case(lane=lane, row=row, finding=one))
    made: list[tuple[str, set[tuple[object, ...]], Diagnosis]] = []
    for cases in sorted(grouped.values(), key=_telling):
        level, shown = cases[0].row.requirement.level.group, {one.sight for one in cases}
        same = next((one for rank, more, one in made if rank == level and shown <= more), None)
        if same is not None:
            same.others.append(cases)
        else:
            made.append((level, shown, Diagnosis(cases=cases, others=[])))
    return sorted((one for *_, one in made), key=lambda one: severity(one.cases[0].row))


def _telling(cases: Sequence[Case]) -> tuple[int, bool, str]:
    """Which of those that show the same is told: who shows most, and rather the protocol's own row than that of JSON-RPC."""
    name = cases[0].row.requirement.id
    return -len(cases), not name.startswith(f"{cases[0].lane.protocol}."), name


def severity(row: Row) -> tuple[int, str]:
    """Sorts the gravest level first, then by id."""
    return (LEVELS.index(row.requirement.level.group), row.requirement.id)


def fingerprints(cases: Sequence[Case]) -> str:
    """All of them; where they are of several revisions or transports, by these."""
    marked: dict[str, dict[str, None]] = {}
    several = len({one.lane.transport for one in cases}) > 1
    for one in cases:
        place = f"{one.lane.revision} {one.lane.transport}" if several else one.lane.revision
        marked.setdefault(place, {})[one.finding.fingerprint] = None
    if len(marked) > 1:
        return "fingerprints " + "; ".join(f"{place}: {', '.join(names)}" for place, names in marked.items())
    names = [name for known in marked.values() for name in known]
    return f"fingerprint{'s' if len(names) > 1 else ''} {', '.join(names)}"


def found(cases: Sequence[Case]) -> str:
    """Of what, what was found, and where in the message: of the first case, with the subjects of all."""
    first = cases[0].finding
    at = f" (at {printable(first.pointer)})" if first.pointer else ""
    subjects = list(dict.fromkeys(one.finding.subject for one in cases if one.finding.subject))
    more = f" and {len(subjects) - 3} more" if len(subjects) > 3 else ""
    of = f"{', '.join(map(printable, subjects[:3]))}{more}: " if subjects else ""
    return f"{of}{printable(condensed(first.why))}{at}"


def places(cases: Sequence[Case]) -> str:
    """Revisions by transport."""
    made: dict[str, dict[str, None]] = {}
    for one in cases:
        made.setdefault(one.lane.transport, {})[one.lane.revision] = None
    return "; ".join(f"{', '.join(revisions)} over {transport}" for transport, revisions in made.items())


def replay_command(report: Report, lane: LaneReport, finding: Finding, *, program: str = PROGRAM) -> str:
    """The command that plays one exchange again, on the revision and transport that showed it."""
    target = report.started.target if report.started else {}
    words = ["run", "--exchange", finding.exchange, "--revision", lane.revision]
    if lane.transport in ("http", "sse"):
        words += ["--transport", lane.transport]
    options = report.started.options if report.started else {}
    words += map(str, options.get("words", ()))
    kept = kept_file(report, finding)
    if kept is not None:  # no suite has it, its file does
        words += ["--exchanges", kept]
    if "target" in options:  # one of a configuration
        return printable(f"{program} {shlex.join([*words, str(options['target'])])}")
    words += [str(target["url"])] if "url" in target else ["--", *map(str, target.get("command", ()))]
    return printable(f"{program} {shlex.join(words)}")


def kept_file(report: Report, finding: Finding) -> str | None:
    """The file of an exchange that search found; None where it is one of the suite, or nothing was kept."""
    options = report.started.options if report.started else {}
    folder = options.get("search", {}).get("failures")
    drawn = ".generated." in finding.exchange
    return f"{folder}/{finding.exchange.rpartition('.')[2]}.yaml" if folder and drawn else None
