"""TAP 14: one test point for each requirement in each lane. What is broken and does not count is TODO."""

from __future__ import annotations

import json
import re
from typing import Final

from wireproof.report.matrix import Report
from wireproof.report.outcomes import CiCase, Outcome, ci_cases, spoken
from wireproof.report.words import printable

_ESCAPED: Final = re.compile(r"[\\#]")
_DIRECTIVES: Final = {Outcome.SKIPPED: " # SKIP ", Outcome.KNOWN: " # TODO ", Outcome.TOLERATED: " # TODO "}


def render(report: Report, *, strict: bool = False) -> str:
    """The stream with a final newline."""
    cases = list(ci_cases(report, strict=strict))
    lines = ["TAP version 14", f"1..{len(cases)}"]
    for number, one in enumerate(cases, 1):
        lines += _point(report, number, one)
    return "\n".join(lines) + "\n"


def _point(report: Report, number: int, one: CiCase) -> list[str]:
    broken = one.outcome not in (Outcome.PASSED, Outcome.SKIPPED)
    directive = _DIRECTIVES.get(one.outcome, "")
    line = f"{'not ok' if broken else 'ok'} {number} - {_plain(f'{one.suite} {one.name}')}"
    line += directive + _plain(one.reason) if directive else ""
    if not broken:
        return [line]
    values = {"message": one.reason, "severity": one.outcome.value}
    if one.row is not None:
        finding = spoken(report, one.row)
        values |= {
            "level": one.row.requirement.level.value,
            "source": one.row.requirement.source,
            "subject": finding.subject,
            "fingerprint": finding.fingerprint,
        }
    quoted = [f"  {key}: {json.dumps(printable(value))}" for key, value in values.items() if value]
    return [line, "  ---", *quoted, "  ..."]


def _plain(text: str) -> str:
    return _ESCAPED.sub(r"\\\g<0>", printable(text))
