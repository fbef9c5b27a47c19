"""A short Markdown summary: matrix, then the broken requirements in one list. Text from a target is escaped."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Final

from wireproof.model.baseline import Weighed
from wireproof.model.verdict import Finding, Verdict
from wireproof.report.console import counted
from wireproof.report.known import counted as baseline_counted
from wireproof.report.known import listed_cases
from wireproof.report.matrix import LaneReport, Report, Row, cells, counted_levels
from wireproof.report.outcomes import Outcome, outcome_of
from wireproof.report.words import printable

_SPECIAL: Final = re.compile(r"[\\`*_\[\]|~]|\A[-+=]|(?<=\bwww)\.|(?<=\A\d)[.)]", re.IGNORECASE)
_LINKING: Final = re.compile(r"[<>&@#]|:(?=//)")
"""What HTML, mentions, issue numbers and bare links begin with: a backslash is not enough for all of them."""
_LONGEST: Final = 300
_MOST: Final = 60_000
"""Characters of a summary: comments hold 65,536."""
_MILD: Final = " (does not fail the run)"
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


def render(report: Report, *, strict: bool = False) -> str:
    """The summary with a final newline: what fails the run stands open, what does not and what is known folds out."""
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
        lines += _broken(report, strict=strict)
    if report.weighed is not None:
        lines += _stale(report.weighed, strict=strict)
        lines += _listed(report, strict=strict)
    return _capped("\n".join(lines).rstrip().split("\n"))


def _capped(lines: list[str]) -> str:
    """Whole lines as far as they fit, with a word on what was left out."""
    size = 0
    for kept, line in enumerate(lines):
        size += len(line) + 1
        if size > _MOST:
            folds = sum(one.startswith("<details") - (one == "</details>") for one in lines[:kept])
            rest = ["", *["</details>", ""] * folds, f"**{len(lines) - kept} more lines are in the report.**"]
            return "\n".join([*lines[:kept], *rest]) + "\n"
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


def _broken(report: Report, *, strict: bool) -> list[str]:
    """One item a requirement, with all revisions and transports where it is broken; first those that fail the run."""
    grouped: dict[Outcome, dict[str, list[tuple[LaneReport, Row]]]] = {Outcome.FAILED: {}, Outcome.TOLERATED: {}}
    for lane, row in report.failures:
        outcome = outcome_of(report, row, strict=strict)
        if outcome in grouped:
            grouped[outcome].setdefault(row.requirement.id, []).append((lane, row))
    red, mild = grouped.values()
    lines = [f"## Broken requirements ({len(red)})", "", *_items(report, red)] if red else []
    if mild:
        lines += [
            *([""] if red else []),
            *_folded(f"Broken, but does not fail the run ({len(mild)})", _items(report, mild)),
        ]
    if not lines:
        return ["No broken requirement was found." if not report.failures else "All that is broken is known."]
    return lines


def _items(report: Report, grouped: Mapping[str, list[tuple[LaneReport, Row]]]) -> list[str]:
    lines = []
    for name, cases in grouped.items():
        requirement = cases[0][1].requirement
        places = ", ".join(f"{lane.revision} {lane.transport}" for lane, _ in cases)
        lines.append(f"- **{name}** ({requirement.level.value}): {escape(requirement.title)}")
        for why in dict.fromkeys(one.why for _, row in cases for one in _counted(report, row)):
            lines.append(f"  - {escape(why)}")
        lines.append(f"  - {places}; source: {escape(requirement.source)}")
    return lines


def _folded(title: str, lines: list[str]) -> list[str]:
    """The title is ours."""
    return [f"<details><summary>{title}</summary>", "", *lines, "", "</details>"]


def _counted(report: Report, row: Row) -> list[Finding]:
    """The failed findings of a row that no baseline excuses, one of each way; a row tells the first only where there is no baseline."""
    failed = [one for one in row.findings if one.verdict is Verdict.FAILED and one.why]
    return failed[:1] if report.weighed is None else [one for one in failed if not report.weighed.excuses(one)][:1]


def _stale(weighed: Weighed, *, strict: bool) -> list[str]:
    """Entries that are mended; those whose level fails the run say nothing more."""
    if not weighed.stale:
        return []
    counted = counted_levels(strict=strict)
    return [
        "",
        f"## Stale in the baseline ({len(weighed.stale)})",
        "",
        *(
            f"- **{one.entry.requirement}** {escape(one.entry.subject)} {one.entry.revision} {one.entry.transport}: "
            f"mended, so delete {escape(weighed.path)}, {one.entry.lines}"
            f"{'' if one.level in counted else _MILD}"
            for one in weighed.stale
        ),
    ]


def _listed(report: Report, *, strict: bool) -> list[str]:
    """Expired entries, and folded the known ones."""
    lines: list[str] = []
    for title, excused in (("Expired in the baseline", False), ("Known failures", True)):
        listed = {
            (case.row.requirement, entry.reason): entry
            for case, standing, entry in listed_cases(report)
            if standing.excused is excused
        }
        made = [
            f"- **{one.id}**: {escape(reason)} (since {entry.since}"
            f"{f', until {entry.expires}' if entry.expires else ''}{', flaky' if entry.flaky else ''})"
            f"{'' if excused or one.level.group in counted_levels(strict=strict) else _MILD}"
            for (one, reason), entry in listed.items()
        ]
        title = f"{title} ({len(made)})"
        if made:
            lines += ["", *(_folded(title, made) if excused else [f"## {title}", "", *made])]
    return lines


def _cell(counts: Counter[Verdict]) -> str:
    shown = [f"{counts[verdict]} {word}" for verdict, word in _SIGNS.items() if counts.get(verdict)]
    return ", ".join(shown) or "-"
