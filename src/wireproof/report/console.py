"""The terminal: a matrix, then each failure as a diagnosis, then one closing line. Colour is never the only sign."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from wireproof.model.catalogue import Testable
from wireproof.model.verdict import Finding, Verdict
from wireproof.report.ladder import ladder
from wireproof.report.lines import MARKED_LINES, NAMES, SIGNS, field, label, print_rung, rung_room, wrapped
from wireproof.report.matrix import LaneReport, Report, Row, cells
from wireproof.report.words import plural, printable

_SHOWN: Final = (Verdict.PASSED, Verdict.FAILED, Verdict.ERRORED, Verdict.BLOCKED, Verdict.UNOBSERVED)
_TOLD: Final = (Verdict.PASSED, Verdict.FAILED, Verdict.ERRORED, Verdict.BLOCKED)
_LEVELS: Final = ("MUST", "SHOULD", "MAY", "ADVICE")
PROGRAM: Final = "wireproof"
_MOST_FAILURES: Final = 60
_MOST_WAYS: Final = 4
_MOST_REMARKS: Final = 20
_SHORT: Final = 30
"""Characters of fingerprints that stand on the line of the source."""


def render(
    report: Report, console: Console, *, journal: Path | None = None, strict: bool = False, program: str = PROGRAM
) -> None:
    """The whole report. `program`: how the reader starts wireproof, for the commands that are printed."""
    target = report.started.target if report.started else {}
    name = Text.assemble(("wireproof ", "bold"), printable(str(target.get("name", ""))), (_server(report), "dim"))
    wrapped(console, name)
    _matrix(report, console)
    _diagnoses(report, console, strict=strict, program=program)
    _remarks(report, console)
    console.print()
    for line in closing(report, journal=journal, program=program):
        wrapped(console, line)


def _server(report: Report) -> str:
    for lane in report.lanes:
        server = lane.survey.get("server", {})
        if isinstance(server, Mapping) and server:
            return printable(f"  ({server.get('name', '?')} {server.get('version', '')}".rstrip() + ")")
    return ""


def _matrix(report: Report, console: Console) -> None:
    """As many columns beside each other as the width allows; what was not observed goes first when it is narrow."""
    if not report.lanes:
        return
    lanes = list(report.lanes)
    shown: Sequence[Verdict] = _SHOWN
    if _wide(console, matrix(lanes, shown)) > console.width:
        shown = _TOLD
    while lanes:
        count = len(lanes)
        while count > 1 and _wide(console, matrix(lanes[:count], shown)) > console.width:
            count -= 1
        console.print()
        console.print(matrix(lanes[:count], shown))
        lanes = lanes[count:]
    console.print()
    wrapped(console, legend(report, shown))


def _wide(console: Console, table: Table) -> int:
    return console.measure(table, options=console.options.update(width=1000)).maximum


def matrix(lanes: Sequence[LaneReport], shown: Sequence[Verdict] = _SHOWN) -> Table:
    """Topic x lane, chips with counts of the verdicts `shown`; a topic of which no lane has any is left out."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("topic", no_wrap=True)
    for lane in lanes:
        table.add_column(f"{lane.revision}\n{lane.transport}", no_wrap=True)
    columns = [cells(lane) for lane in lanes]
    for topic in dict.fromkeys(topic for column in columns for topic in column):
        counts = [column.get(topic, Counter()) for column in columns]
        if any(count[verdict] for count in counts for verdict in _TOLD):
            table.add_row(topic, *(chip(count, shown) for count in counts))
    table.add_row(Text("class", style="bold"), *(Text(_class(lane), style="bold") for lane in lanes))
    return table


def _class(lane: LaneReport) -> str:
    reached = lane.reached
    return f"{lane.standing.split(' ')[0]} {reached.passed}/{reached.applicable}"


def chip(counts: Mapping[Verdict, int], shown: Sequence[Verdict] = _SHOWN) -> Text:
    """Signs with counts, worst first; where there is nothing to show stands a dash."""
    made = [Text(f"{SIGNS[one][0]}{counts[one]}", style=SIGNS[one][1]) for one in shown if counts.get(one)]
    return Text(" ").join(made) if made else Text("-", style="dim")


def legend(report: Report, shown: Sequence[Verdict] = _SHOWN) -> Text:
    """What the signs mean; only those that occur, and how many topics the matrix leaves out because nothing of them was seen."""
    columns = [cells(lane) for lane in report.lanes]
    seen: Counter[Verdict] = sum((count for column in columns for count in column.values()), Counter())
    made = Text()
    for verdict in shown:
        if seen[verdict]:
            sign, style = SIGNS[verdict]
            made.append(f"{sign} ", style=style)
            made.append(f"{NAMES.get(verdict, verdict.value)}  ", style="dim")
    topics = dict.fromkeys(topic for column in columns for topic in column)
    unseen = sum(not any(column.get(topic, Counter())[one] for column in columns for one in _TOLD) for topic in topics)
    if unseen:
        made.append(f"({plural(unseen, 'topic')} of which nothing was observed: not shown)", style="dim")
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
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
class _Diagnosis:
    """What one broken requirement shows, and the groups of `others` that say nothing else: same records, same sentence, same level."""

    cases: Sequence[_Case]
    others: list[Sequence[_Case]]

    @property
    def every(self) -> list[_Case]:
        return [*self.cases, *(one for group in self.others for one in group)]


def _diagnosed(report: Report) -> list[_Diagnosis]:
    """One diagnosis a broken requirement, however many revisions, transports and exchanges show it; the gravest first."""
    grouped: dict[str, list[_Case]] = {}
    for lane, row in report.failures:
        for one in row.findings:
            if one.verdict is Verdict.FAILED:
                grouped.setdefault(row.requirement.id, []).append(_Case(lane=lane, row=row, finding=one))
    made: list[tuple[str, set[tuple[object, ...]], _Diagnosis]] = []
    for cases in sorted(grouped.values(), key=_telling):
        level, shown = cases[0].row.requirement.level.group, {one.sight for one in cases}
        same = next((one for rank, more, one in made if rank == level and shown <= more), None)
        if same is not None:
            same.others.append(cases)
        else:
            made.append((level, shown, _Diagnosis(cases=cases, others=[])))
    return sorted((one for *_, one in made), key=lambda one: _severity(one.cases[0].row))


def _telling(cases: Sequence[_Case]) -> tuple[int, bool, str]:
    """Which of those that show the same is told: who shows most, and rather the protocol's own row than that of JSON-RPC."""
    name = cases[0].row.requirement.id
    return -len(cases), not name.startswith(f"{cases[0].lane.protocol}."), name


def _diagnoses(report: Report, console: Console, *, strict: bool, program: str) -> None:
    ranked = _diagnosed(report)
    for one in ranked[:_MOST_FAILURES]:
        console.print()
        _diagnosis(report, console, one, strict=strict, program=program)
    if len(ranked) > _MOST_FAILURES:
        console.print(f"\n... and {len(ranked) - _MOST_FAILURES} more; the JSON report has them all (-o json:FILE)")


def render_finding(report: Report, fingerprint: str, console: Console, *, program: str = PROGRAM) -> bool:
    """The diagnosis of one failed finding; False when the report has none of that fingerprint."""
    group = [
        _Case(lane=lane, row=row, finding=one)
        for lane, row in report.failures
        for one in row.findings
        if one.verdict is Verdict.FAILED and one.fingerprint == fingerprint
    ]
    if group:
        _diagnosis(report, console, _Diagnosis(cases=group, others=[]), strict=False, program=program)
    return bool(group)


def _severity(row: Row) -> tuple[int, str]:
    return (_LEVELS.index(row.requirement.level.group), row.requirement.id)


def _diagnosis(report: Report, console: Console, diagnosis: _Diagnosis, *, strict: bool, program: str) -> None:
    group = diagnosis.cases
    requirement = group[0].row.requirement
    counted = requirement.level.group == "MUST" or (strict and requirement.level.group == "SHOULD")
    style = "bold red" if counted else "bold yellow"
    mild = "" if counted else "  (does not fail the run)"
    head = Text.assemble(("✗ ", style), (requirement.id, "bold"), f"  {requirement.level.value}", (mild, "dim"))
    console.print(head, soft_wrap=True)
    field(console, "", requirement.title)
    ways: dict[str, list[_Case]] = {}
    for one in group:
        ways.setdefault(one.way, []).append(one)
    for index, cases in enumerate(list(ways.values())[:_MOST_WAYS]):
        field(console, "also" if index else "found", Text(_found(cases), style="" if index else style))
        field(console, "where", Text(_where(cases), style="dim"))
    if len(ways) > _MOST_WAYS:
        field(console, "also", f"{plural(len(ways) - _MOST_WAYS, 'other way')}; the JSON report has them all")
    first = group[0].finding
    records = report.records.get(first.transcript, [])
    room = rung_room(console)
    rungs = ladder(records, first.evidence, pointer=first.pointer, width=room, marked_width=room * MARKED_LINES)
    for rung in rungs:
        if rung.mark or counted:  # what does not fail the run is told more briefly
            print_rung(console, rung, style)
    if requirement.fix and requirement.level.group in ("MUST", "SHOULD"):
        field(console, "fix", requirement.fix)
    for alike in diagnosis.others:
        other = alike[0].row.requirement
        field(console, "same", f"{other.id}  {other.level.value}: {other.title}")
    known = _fingerprints(diagnosis.every)
    field(console, "source", Text(requirement.source + (f"  {known}" if len(known) < _SHORT else ""), style="dim"))
    if len(known) >= _SHORT:
        field(console, "", Text(known, style="dim"))
    if first.exchange:
        command = replay_command(report, group[0].lane, first, program=program)
        console.print(Text.assemble(label("replay"), (command, "cyan")), soft_wrap=True)


def _fingerprints(cases: Sequence[_Case]) -> str:
    """All of them; where they are of several revisions or transports, by these."""
    places: dict[str, dict[str, None]] = {}
    several = len({one.lane.transport for one in cases}) > 1
    for one in cases:
        place = f"{one.lane.revision} {one.lane.transport}" if several else one.lane.revision
        places.setdefault(place, {})[one.finding.fingerprint] = None
    if len(places) > 1:
        return "fingerprints " + "; ".join(f"{place}: {', '.join(names)}" for place, names in places.items())
    names = [name for known in places.values() for name in known]
    return f"fingerprint{'s' if len(names) > 1 else ''} {', '.join(names)}"


def _found(cases: Sequence[_Case]) -> str:
    first = cases[0].finding
    at = f" (at {printable(first.pointer)})" if first.pointer else ""
    subjects = list(dict.fromkeys(one.finding.subject for one in cases if one.finding.subject))
    more = f" and {len(subjects) - 3} more" if len(subjects) > 3 else ""
    of = f"{', '.join(map(printable, subjects[:3]))}{more}: " if subjects else ""
    return f"{of}{printable(first.why)}{at}"


def _where(cases: Sequence[_Case]) -> str:
    """Revisions by transport."""
    places: dict[str, dict[str, None]] = {}
    for one in cases:
        places.setdefault(one.lane.transport, {})[one.lane.revision] = None
    return "; ".join(f"{', '.join(revisions)} over {transport}" for transport, revisions in places.items())


def replay_command(report: Report, lane: LaneReport, finding: Finding, *, program: str = PROGRAM) -> str:
    """The command that plays one exchange again, on the revision and transport that showed it."""
    target = report.started.target if report.started else {}
    words = ["run", "--exchange", finding.exchange, "--revision", lane.revision]
    if lane.transport in ("http", "sse"):
        words += ["--transport", lane.transport]
    words += map(str, report.started.options.get("words", ()) if report.started else ())
    words += [str(target["url"])] if "url" in target else ["--", *map(str, target.get("command", ()))]
    return printable(f"{program} {shlex.join(words)}")


def _remarks(report: Report, console: Console) -> None:
    seen: dict[str, dict[str, None]] = {}
    flaky: dict[str, dict[str, None]] = {}
    for lane in report.lanes:
        for row in lane.rows:
            for remark in row.remarks:
                seen.setdefault(f"{row.requirement.id}: {remark}", {})[lane.revision] = None
            if row.flaky:
                flaky.setdefault(row.requirement.id, {})[lane.revision] = None
    for name, revisions in flaky.items():
        seen[f"{name}: failed once, but not when it was repeated alone"] = revisions
    if not seen:
        return
    every = {lane.revision for lane in report.lanes}
    console.print()
    wrapped(
        console, Text.assemble(("Remarks", "bold"), " (lawful but unusual; nothing here counts against the target)")
    )
    for remark, revisions in sorted(seen.items())[:_MOST_REMARKS]:
        where = "" if set(revisions) == every else f" ({', '.join(revisions)})"
        wrapped(console, Text(f"  {printable(remark)}{where}"), indent=4)
    if len(seen) > _MOST_REMARKS:
        console.print(f"  ... and {len(seen) - _MOST_REMARKS} more; the JSON report has them all (-o json:FILE)")


def closing(report: Report, *, journal: Path | None, program: str = PROGRAM) -> list[Text]:
    """Classes, counts, next command."""
    lines = []
    for lane in report.lanes:
        reached = lane.reached
        where = f"{lane.protocol.upper()} {lane.revision} over {lane.transport}"
        named = "no class, as only a part was played:" if lane.partial else f"class {lane.standing}"
        text = f"{where}: {named} {reached.passed}/{reached.applicable}, {reached.unobserved} not observed"
        lines.append(Text(text))
    for told in report.told:
        if told.level in ("stopped", "unreachable", "gone", "remainder"):
            lines += [Text(printable(line), style="bold yellow") for line in told.text.split("\n")]
    if report.finished and report.finished.interrupted:
        lines.append(
            Text(
                "interrupted: this is what was seen so far (what failed may not have been tried again)",
                style="bold yellow",
            )
        )
    lines.append(Text(counted(report), style="bold"))
    if (hint := uncalled(report)) is not None:
        lines.append(Text(printable(hint)))
    if ranked := _diagnosed(report):
        first = ranked[0].cases[0].row.requirement
        lines.append(Text.assemble(("next: ", "dim"), (f"{program} explain {first.id}", "cyan")))
    if journal is not None:
        lines.append(Text(f"journal: {printable(str(journal))}", style="dim"))
    return lines


def counted(report: Report) -> str:
    """How many verdicts of each kind, over all revisions and transports."""
    total = Counter(row.verdict for lane in report.lanes for row in lane.rows)
    names = {**NAMES, Verdict.NOT_APPLICABLE: "does not apply"} if total[Verdict.NOT_APPLICABLE] == 1 else NAMES
    parts = [f"{total[verdict]} {names.get(verdict, verdict.value)}" for verdict in SIGNS if total[verdict]]
    seconds = f" in {report.finished.duration_s:.1f} s" if report.finished and report.finished.duration_s else ""
    return f"{', '.join(parts) or 'nothing was judged'}{seconds}"


def uncalled(report: Report) -> str | None:
    """One line where tools that may not be called leave rows unobserved; None where there is nothing to gain."""
    left: dict[str, None] = {}
    listed: dict[str, None] = {}
    for lane in report.lanes:
        names = _names(lane.survey.get("tools"))
        listed.update(dict.fromkeys(names))
        called = {*_names(lane.survey.get("called")), *_names(lane.survey.get("fixtures"))}
        remainder = lane.survey.get("remainder")
        capped = isinstance(remainder, Mapping) and "tools" in remainder
        if not lane.partial and not capped and any(_would_show(row) for row in lane.rows):
            left.update(dict.fromkeys(name for name in names if name not in called))
    if not left:
        return None
    those = f"{plural(len(left), 'tool')} of {len(listed)} {'was' if len(left) == 1 else 'were'} not called"
    why = "unless it says readOnlyHint: true and openWorldHint: false"
    return f"{those} (no tool is, {why}): --call NAME, --call-read-only or --call-all shows more of the rules on tools"


def _names(items: object) -> list[str]:
    """Of listed things, or of a list of names."""
    found = (
        [one.get("name") if isinstance(one, Mapping) else one for one in items] if isinstance(items, Sequence) else []
    )
    return [one for one in found if isinstance(one, str)]


def _would_show(row: Row) -> bool:
    """Was it not observed, although what a called tool gives may show it?"""
    wanted = row.requirement.topic == "tools" and row.requirement.testable is Testable.DISCOVER
    return row.verdict is Verdict.UNOBSERVED and (wanted or "needs callable" in row.why)
