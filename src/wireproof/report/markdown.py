"""A short Markdown summary: matrix, then the broken requirements in one list. Text from a target is escaped."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

from wireproof.model.baseline import Standing, Weighed
from wireproof.model.verdict import Finding, Verdict
from wireproof.report.console import counted
from wireproof.report.known import counted as baseline_counted
from wireproof.report.known import listed_cases
from wireproof.report.matrix import LaneReport, Report, Row, cells
from wireproof.report.words import printable

_SPECIAL: Final = re.compile(r"[\\`*_\[\]|~]|\A[-+=]|(?<=\bwww)\.|(?<=\A\d)[.)]", re.IGNORECASE)
_LINKING: Final = re.compile(r"[<>&@#]|:(?=//)")
"""What HTML, mentions, issue numbers and bare links begin with: a backslash is not enough for all of them."""
_LONGEST: Final = 300
_MOST: Final = 60_000
"""Characters of a summary: comments hold 65,536."""
_SIGNS: Final = {
    Verdict.PASSED: "passed",
    Verdict.FAILED: "FAILED",
    Verdict.ERRORED: "ERRORED",
    Verdict.BLOCKED: "blocked",
    Verdict.UNOBSERVED: "not observed",
}


def escape(text: str) -> str:
    """Text that Markdown, HTML and the sites that render it leave alone, on one line, cut when it is long."""
    text = printable(text)
    text = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    return _LINKING.sub(lambda found: f"&#{ord(found[0])};", _SPECIAL.sub(r"\\\g<0>", text))


def render(report: Report) -> str:
    """The summary with a final newline."""
    target = report.started.target if report.started else {}
    lines = [f"# wireproof: {escape(str(target.get('name', '')))}", ""]
    for told in report.told:
        if told.level in ("stopped", "unreachable", "gone", "remainder"):
            lines += [f"**{escape(told.text)}**", ""]
    if report.finished and report.finished.interrupted:
        lines += ["**Interrupted: this is what was seen so far.**", ""]
    if report.lanes:
        lines += ["<details open><summary>Matrix</summary>", "", *_matrix(report), "", "</details>", ""]
    lines += [f"{escape(counted(report))}", ""]
    if report.weighed is not None:
        lines += [escape(baseline_counted(report.weighed)), ""]
    if report.lanes:
        lines += _broken(report)
    if report.weighed is not None:
        lines += _listed(report, report.weighed)
    return _capped("\n".join(lines).rstrip().split("\n"))


def _capped(lines: list[str]) -> str:
    """Whole lines as far as they fit, with a word on what was left out."""
    size = 0
    for kept, line in enumerate(lines):
        size += len(line) + 1
        if size > _MOST:
            return "\n".join([*lines[:kept], "", f"**{len(lines) - kept} more lines are in the report.**"]) + "\n"
    return "\n".join(lines) + "\n"


def _matrix(report: Report) -> list[str]:
    heads = [f"{lane.revision} {lane.transport}" for lane in report.lanes]
    lines = ["| topic | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]
    columns = [cells(lane) for lane in report.lanes]
    for topic in dict.fromkeys(topic for column in columns for topic in column):
        chips = [_cell(column.get(topic, Counter())) for column in columns]
        if any(one != "-" for one in chips):
            lines.append(f"| {topic} | " + " | ".join(chips) + " |")
    return [*lines, "| **class** | " + " | ".join(_class(lane) for lane in report.lanes) + " |"]


def _class(lane: LaneReport) -> str:
    return f"{lane.standing} {lane.reached.passed}/{lane.reached.applicable}"


def _broken(report: Report) -> list[str]:
    """One item a requirement, with all revisions and transports where it is broken."""
    grouped: dict[str, list[tuple[LaneReport, Row]]] = {}
    for lane, row in report.failures:
        if report.counts(row):
            grouped.setdefault(row.requirement.id, []).append((lane, row))
    if not grouped:
        return ["No broken requirement was found." if not report.failures else "All that is broken is known."]
    lines = [f"## Broken requirements ({len(grouped)})", ""]
    for name, cases in grouped.items():
        requirement = cases[0][1].requirement
        places = ", ".join(f"{lane.revision} {lane.transport}" for lane, _ in cases)
        lines.append(f"- **{name}** ({requirement.level.value}): {escape(requirement.title)}")
        for why in dict.fromkeys(one.why for _, row in cases for one in _counted(report, row)):
            lines.append(f"  - {escape(why)}")
        lines.append(f"  - {places}; source: {escape(requirement.source)}")
    return lines


def _counted(report: Report, row: Row) -> list[Finding]:
    """The failed findings of a row that no baseline excuses, one of each way; a row tells the first only where there is no baseline."""
    failed = [one for one in row.findings if one.verdict is Verdict.FAILED and one.why]
    return failed[:1] if report.weighed is None else [one for one in failed if not report.weighed.excuses(one)][:1]


def _listed(report: Report, weighed: Weighed) -> list[str]:
    """Stale, expired and known entries."""
    lines: list[str] = []
    if weighed.stale:
        lines += ["", f"## Stale in the baseline ({len(weighed.stale)})", ""]
        lines += [
            f"- **{one.entry.requirement}** {escape(one.entry.subject)} {one.entry.revision} {one.entry.transport}: "
            f"mended, so delete {escape(weighed.path)}, lines {one.entry.line} to {one.entry.end}"
            for one in weighed.stale
        ]
    for title, wanted in (("Expired in the baseline", Standing.EXPIRED), ("Known failures", None)):
        listed = {
            (case.row.requirement.id, entry.reason): entry
            for case, standing, entry in listed_cases(report)
            if (standing is wanted if wanted else standing.excused)
        }
        if listed:
            lines += ["", f"## {title} ({len(listed)})", ""]
            lines += [
                f"- **{name}**: {escape(reason)} (since {entry.since}"
                f"{f', until {entry.expires}' if entry.expires else ''}{', flaky' if entry.flaky else ''})"
                for (name, reason), entry in listed.items()
            ]
    return lines


def _cell(counts: Counter[Verdict]) -> str:
    shown = [f"{counts[verdict]} {word}" for verdict, word in _SIGNS.items() if counts.get(verdict)]
    return ", ".join(shown) or "-"
