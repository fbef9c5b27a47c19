"""The terminal: a matrix, then each failure as a diagnosis, then one closing line. Colour is never the only sign."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from wireproof.model.catalogue import Testable
from wireproof.model.verdict import Verdict
from wireproof.report.diagnosis import (
    PROGRAM,
    Case,
    Diagnosis,
    diagnosed,
    fingerprints,
    found,
    places,
    replay_command,
)
from wireproof.report.known import counted as baseline_counted
from wireproof.report.known import print_baseline
from wireproof.report.ladder import ladder
from wireproof.report.lines import MARKED_LINES, NAMES, SIGNS, field, label, print_rung, rung_room, wrapped
from wireproof.report.matrix import LaneReport, Report, Row, cells, counted_levels
from wireproof.report.reproducer import one_liners, reproducer
from wireproof.report.words import plural, printable

_SHOWN: Final = (Verdict.PASSED, Verdict.FAILED, Verdict.ERRORED, Verdict.BLOCKED, Verdict.UNOBSERVED)
_TOLD: Final = (Verdict.PASSED, Verdict.FAILED, Verdict.ERRORED, Verdict.BLOCKED)
_MOST_FAILURES: Final = 60
_DIFF: Final = {"@": "dim", "-": "red", "+": "green"}
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
    print_baseline(report, console)
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


def _diagnoses(report: Report, console: Console, *, strict: bool, program: str) -> None:
    ranked = diagnosed(report, known=False)
    for one in ranked[:_MOST_FAILURES]:
        console.print()
        _diagnosis(report, console, one, strict=strict, program=program)
    if len(ranked) > _MOST_FAILURES:
        console.print(f"\n... and {len(ranked) - _MOST_FAILURES} more; the JSON report has them all (-o json:FILE)")


def render_finding(report: Report, fingerprint: str, console: Console, *, program: str = PROGRAM) -> bool:
    """The diagnosis of one failed finding; False when the report has none of that fingerprint."""
    group = [
        Case(lane=lane, row=row, finding=one)
        for lane, row in report.failures
        for one in row.findings
        if one.verdict is Verdict.FAILED and one.fingerprint == fingerprint
    ]
    if group:
        _diagnosis(report, console, Diagnosis(cases=group, others=[]), strict=False, program=program)
    return bool(group)


def _diagnosis(report: Report, console: Console, diagnosis: Diagnosis, *, strict: bool, program: str) -> None:
    group = diagnosis.cases
    requirement = group[0].row.requirement
    counted = requirement.level.group in counted_levels(strict=strict)
    style = "bold red" if counted else "bold yellow"
    mild = "" if counted else "  (does not fail the run)"
    head = Text.assemble(("✗ ", style), (requirement.id, "bold"), f"  {requirement.level.value}", (mild, "dim"))
    console.print(head, soft_wrap=True)
    field(console, "", requirement.title)
    ways = diagnosis.ways
    for index, cases in enumerate(ways[:_MOST_WAYS]):
        field(console, "also" if index else "found", Text(found(cases), style="" if index else style))
        field(console, "where", Text(places(cases), style="dim"))
    if len(ways) > _MOST_WAYS:
        field(console, "also", f"{plural(len(ways) - _MOST_WAYS, 'other way')}; the JSON report has them all")
    first = group[0].finding
    for index, line in enumerate(first.diff):
        field(console, "" if index else "diff", Text(printable(line), style=_DIFF.get(line[:1], "")))
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
    known = fingerprints(diagnosis.every)
    field(console, "source", Text(requirement.source + (f"  {known}" if len(known) < _SHORT else ""), style="dim"))
    if len(known) >= _SHORT:
        field(console, "", Text(known, style="dim"))
    if first.exchange:
        command = replay_command(report, group[0].lane, first, program=program)
        console.print(Text.assemble(label("replay"), (command, "cyan")), soft_wrap=True)
    if ".generated." in first.exchange:  # nobody has its script, so what was sent is said in full
        target = report.started.target if report.started else {}
        for index, line in enumerate(one_liners(reproducer(target, records, first.evidence))):
            console.print(Text.assemble(label("" if index else "shell"), (printable(line), "cyan")), soft_wrap=True)


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
    interrupted = report.finished is not None and report.finished.interrupted
    lines = []
    for lane in report.lanes:
        reached = lane.reached
        where = f"{lane.protocol.upper()} {lane.revision} over {lane.transport}"
        named = "no class, as only a part was played:" if lane.partial or interrupted else f"class {lane.standing}"
        text = f"{where}: {named} {reached.passed}/{reached.applicable}, {reached.unobserved} not observed"
        lines.append(Text(text))
    for told in report.told:
        if told.level in ("stopped", "unreachable", "gone", "remainder"):
            lines += [Text(printable(line), style="bold yellow") for line in told.text.split("\n")]
        elif told.level in ("search", "found"):
            lines.append(Text(printable(told.text)))
    if interrupted:
        lines.append(
            Text(
                "interrupted: this is what was seen so far (what failed may not have been tried again)",
                style="bold yellow",
            )
        )
    lines.append(Text(counted(report), style="bold"))
    if report.weighed is not None:
        lines.append(Text(baseline_counted(report.weighed)))
    if not interrupted and (hint := uncalled(report)) is not None:
        lines.append(Text(printable(hint)))
    if ranked := diagnosed(report, known=False):
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
    listed: dict[str, None] = {}
    called: set[str] = set()
    missed = False
    for lane in report.lanes:
        listed.update(dict.fromkeys(_names(lane.survey.get("tools"))))
        called |= {*_names(lane.survey.get("called")), *_names(lane.survey.get("fixtures"))}
        remainder = lane.survey.get("remainder")
        if lane.partial or (isinstance(remainder, Mapping) and "tools" in remainder):
            return None  # that was the choice, or there were too many
        missed = missed or any(_would_show(row) for row in lane.rows)
    left = [name for name in listed if missed and name not in called]
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
