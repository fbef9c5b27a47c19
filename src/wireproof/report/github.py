"""Annotations of GitHub Actions: workflow commands on standard output. The service shows ten errors and ten warnings a step, so no more are made."""

from __future__ import annotations

from typing import Final

from wireproof.report.console import counted
from wireproof.report.matrix import Report
from wireproof.report.outcomes import RED, CiCase, Outcome, ci_cases
from wireproof.report.words import printable

MOST: Final = 10
_LONGEST: Final = 1000
_KINDS: Final = {"error": RED, "warning": (Outcome.TOLERATED,), "notice": (Outcome.KNOWN,)}


def render(report: Report, *, strict: bool = False) -> str:
    """One line a command; what was left out and the counts are a notice."""
    cases = list(ci_cases(report, strict=strict))
    lines, left = [], 0
    for kind, outcomes in _KINDS.items():
        found = _grouped([one for one in cases if one.outcome in outcomes])
        lines += [_command(kind, *one) for one in found[:MOST]]
        left += len(found[MOST:])
    rest = f" ({left} more are in the report)" if left else ""
    return "\n".join([*lines, _command("notice", "wireproof", counted(report) + rest)]) + "\n"


def _grouped(cases: list[CiCase]) -> list[tuple[str, str]]:
    """(title, text): one for each name and reason, with all the suites that show it."""
    found: dict[tuple[str, str], list[str]] = {}
    for one in cases:
        found.setdefault((one.name, one.reason), []).append(one.suite)
    return [(name, f"{reason} ({', '.join(suites)})") for (name, reason), suites in found.items()]


def _command(kind: str, title: str, text: str) -> str:
    shown = printable(text)
    shown = shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"
    return f"::{kind} title={_property(title)}::{_data(shown)}"


def _data(text: str) -> str:
    return printable(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
