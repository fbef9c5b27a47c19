"""The terminal: a matrix, then each failure as a diagnosis, then one closing line. Colour is never the only sign."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from wireproof.model.verdict import Finding, Verdict
from wireproof.report.ladder import ladder
from wireproof.report.matrix import LaneReport, Report, Row, cells

SIGNS: Final = {
    Verdict.PASSED: ("✓", "green"),
    Verdict.FAILED: ("✗", "bold red"),
    Verdict.ERRORED: ("!", "bold magenta"),
    Verdict.BLOCKED: ("■", "yellow"),
    Verdict.UNOBSERVED: ("·", "dim"),
    Verdict.NOT_APPLICABLE: ("-", "dim"),
}
_SHOWN: Final = (Verdict.PASSED, Verdict.FAILED, Verdict.ERRORED, Verdict.BLOCKED, Verdict.UNOBSERVED)
_MOST_FAILURES: Final = 60


def render(report: Report, console: Console, *, journal: Path | None = None, strict: bool = False) -> None:
    """The whole report."""
    target = report.started.target if report.started else {}
    console.print(Text.assemble(("wireproof ", "bold"), Text(printable(str(target.get("name", "")))), _server(report)))
    if report.lanes:
        console.print()
        console.print(matrix(report))
        console.print(legend())
    _diagnoses(report, console, strict=strict)
    _remarks(report, console)
    console.print()
    for line in closing(report, journal=journal):
        console.print(line, soft_wrap=True)


def _server(report: Report) -> str:
    for lane in report.lanes:
        server = lane.survey.get("server", {})
        if server:
            return printable(f"  ({server.get('name', '?')} {server.get('version', '')})")
    return ""


def matrix(report: Report) -> Table:
    """Topic x lane, chips with counts."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("topic", no_wrap=True)
    for lane in report.lanes:
        table.add_column(f"{lane.revision}\n{lane.transport}", no_wrap=True)
    columns = [cells(lane) for lane in report.lanes]
    topics = list(dict.fromkeys(topic for column in columns for topic in column))
    for topic in topics:
        chips = [chip(column.get(topic, Counter())) for column in columns]
        if any(chip.plain.strip("- ·0123456789") for chip in chips):
            table.add_row(topic, *chips)
    table.add_row(Text("class", style="bold"), *(Text(_class(lane), style="bold") for lane in report.lanes))
    return table


def _class(lane: LaneReport) -> str:
    reached = lane.reached
    return f"{reached.name or 'none'} {reached.passed}/{reached.applicable}"


def chip(counts: Mapping[Verdict, int]) -> Text:
    """Signs with counts, worst first; what does not apply is a dash."""
    made = Text()
    for verdict in _SHOWN:
        if counts.get(verdict):
            sign, style = SIGNS[verdict]
            made.append(f"{sign}{counts[verdict]} ", style=style)
    return made if made.plain else Text("-", style="dim")


def legend() -> Text:
    """What the signs mean."""
    made = Text("\n")
    names = {Verdict.UNOBSERVED: "not observed", Verdict.ERRORED: "our own error"}
    for verdict in _SHOWN:
        sign, style = SIGNS[verdict]
        made.append(f"{sign} ", style=style)
        made.append(f"{names.get(verdict, verdict.value)}  ", style="dim")
    return made


def _diagnoses(report: Report, console: Console, *, strict: bool) -> None:
    grouped: dict[tuple[str, str, str], list[tuple[LaneReport, Row, Finding]]] = {}
    for lane, row in report.failures:
        for one in row.findings:
            if one.verdict is Verdict.FAILED:
                key = (row.requirement.id, one.exchange.split("[")[0], one.why.split(":")[0])
                grouped.setdefault(key, []).append((lane, row, one))
    ranked = sorted(grouped.values(), key=lambda group: _severity(group[0][1]))
    for group in ranked[:_MOST_FAILURES]:
        console.print()
        _diagnosis(report, console, group, strict=strict)
    if len(ranked) > _MOST_FAILURES:
        console.print(f"\n... and {len(ranked) - _MOST_FAILURES} more; the JSON report has them all")


def _severity(row: Row) -> tuple[int, str]:
    return (("MUST", "SHOULD", "MAY", "ADVICE").index(row.requirement.level.group), row.requirement.id)


def _diagnosis(
    report: Report, console: Console, group: Sequence[tuple[LaneReport, Row, Finding]], *, strict: bool
) -> None:
    _, row, finding = group[0]
    level = row.requirement.level
    counted = level.group == "MUST" or (strict and level.group == "SHOULD")
    style = "bold red" if counted else "bold yellow"
    places = ", ".join(dict.fromkeys(f"{one.revision} {one.transport}" for one, _, _ in group))
    subject = f" [{printable(finding.subject)}]" if finding.subject else ""
    console.print(
        Text.assemble(("✗ ", style), (row.requirement.id, "bold"), f"  {level.value}{subject}"), soft_wrap=True
    )
    _para(console, row.requirement.title)
    _para(console, Text(printable(finding.why), style=style), mark="found: ")
    _para(
        console,
        Text(f"{places}; {row.requirement.source}; fingerprint {finding.fingerprint}", style="dim"),
        mark="where: ",
    )
    for rung in ladder(report.records.get(finding.transcript, []), finding.evidence):
        mark = Text("  > " if rung.mark else "    ", style=style if rung.mark else "")
        line = Text.assemble(mark, (f"{rung.arrow} ", "cyan"), (f"{rung.at_ms:7.1f}ms ", "dim"), Text(rung.text))
        line.truncate(max(60, console.width * 2), overflow="ellipsis")
        console.print(line, soft_wrap=True)
    if finding.exchange:
        command = replay_command(report, finding.exchange)
        _para(console, Text(command, style="cyan"), mark="replay: ")


def replay_command(report: Report, exchange: str) -> str:
    """The command that plays one exchange again."""
    target = report.started.target if report.started else {}
    place = (
        shlex.quote(str(target["url"])) if "url" in target else "-- " + shlex.join(map(str, target.get("command", ())))
    )
    return f"wireproof run --exchange {shlex.quote(exchange)} {place}"


def _para(console: Console, text: str | Text, *, mark: str = "") -> None:
    body = text if isinstance(text, Text) else Text(printable(text))
    console.print(Padding(Text.assemble((mark, "dim"), body), (0, 0, 0, 4)))


def _remarks(report: Report, console: Console) -> None:
    seen: dict[str, set[str]] = {}
    for lane in report.lanes:
        for row in lane.rows:
            for remark in row.remarks:
                seen.setdefault(f"{row.requirement.id}: {remark}", set()).add(lane.revision)
    flaky = sorted({row.requirement.id for lane in report.lanes for row in lane.rows if row.flaky})
    if seen or flaky:
        console.print("\n[bold]Remarks[/] (lawful but unusual; nothing here counts against the target)")
    for remark, revisions in sorted(seen.items()):
        _para(console, f"{remark} ({', '.join(sorted(revisions))})")
    for name in flaky:
        _para(console, f"{name}: failed once, but not when repeated alone")


def closing(report: Report, *, journal: Path | None) -> list[Text]:
    """Counts, class, next command."""
    total: Counter[Verdict] = Counter()
    for lane in report.lanes:
        for row in lane.rows:
            total[row.verdict] += 1
    counted = ", ".join(f"{total[verdict]} {verdict.value.replace('_', ' ')}" for verdict in SIGNS if total[verdict])
    seconds = f" in {report.finished.duration_s:.1f}s" if report.finished and report.finished.duration_s else ""
    lines = [Text(f"{counted or 'nothing was judged'}{seconds}", style="bold")]
    if report.finished and report.finished.interrupted:
        lines.append(Text("interrupted: this is what was seen so far", style="bold yellow"))
    for lane in report.lanes:
        reached = lane.reached
        where = f"{lane.protocol.upper()} {lane.revision} over {lane.transport}"
        lines.append(
            Text(
                f"{where}: class {reached.name or 'none'} {reached.passed}/{reached.applicable}, {reached.unobserved} not observed"
            )
        )
    failures = report.failures
    if failures:
        first = min((row for _, row in failures), key=_severity)
        lines.append(Text(f"next: wireproof explain {first.requirement.id}", style="cyan"))
    if journal is not None:
        lines.append(Text(f"journal: {journal}", style="dim"))
    return lines


def printable(text: str) -> str:
    """Text from a target, harmless in a terminal: control characters become visible."""
    return "".join(char if char.isprintable() or char == "\n" else f"\\x{ord(char):02x}" for char in text)
