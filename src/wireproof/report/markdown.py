"""A short Markdown summary: matrix, then the failures in one list. Text from a target is escaped."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

from wireproof.model.verdict import Verdict
from wireproof.report.console import printable
from wireproof.report.matrix import Report, cells

_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]()<>#+!|~&@:])")
_SIGNS: Final = {
    Verdict.PASSED: "passed",
    Verdict.FAILED: "FAILED",
    Verdict.ERRORED: "ERRORED",
    Verdict.BLOCKED: "blocked",
}


def escape(text: str) -> str:
    """Text that Markdown and HTML leave alone."""
    return _SPECIAL.sub(r"\\\1", printable(text).replace("\n", " ")).replace("\\<", "&lt;").replace("\\&", "&amp;")


def render(report: Report) -> str:
    """The summary with a final newline."""
    target = report.started.target if report.started else {}
    lines = [f"# wireproof: {escape(str(target.get('name', '')))}", ""]
    heads = [f"{lane.revision} {lane.transport}" for lane in report.lanes]
    lines += ["| topic | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]
    columns = [cells(lane) for lane in report.lanes]
    for topic in dict.fromkeys(topic for column in columns for topic in column):
        chips = [_cell(column.get(topic, Counter())) for column in columns]
        if any(one != "-" for one in chips):
            lines.append(f"| {topic} | " + " | ".join(chips) + " |")
    classes = [
        f"{lane.reached.name or 'none'} {lane.reached.passed}/{lane.reached.applicable}" for lane in report.lanes
    ]
    lines += ["| **class** | " + " | ".join(classes) + " |", ""]
    failures = report.failures
    lines.append(f"## Broken requirements ({len(failures)})" if failures else "No broken requirement was found.")
    lines.append("")
    for lane, row in failures:
        lines.append(
            f"- **{row.requirement.id}** ({row.requirement.level.value}, {lane.revision} {lane.transport}): {escape(row.why)}"
        )
    return "\n".join(lines).rstrip() + "\n"


def _cell(counts: Counter[Verdict]) -> str:
    shown = [f"{counts[verdict]} {word}" for verdict, word in _SIGNS.items() if counts.get(verdict)]
    return ", ".join(shown) or "-"
