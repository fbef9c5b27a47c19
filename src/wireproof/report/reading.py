"""A finished run read back: from its journal, or from its JSON report."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from wireproof.library.catalogue import Catalogue
from wireproof.library.schemas import own_problem
from wireproof.model.baseline import Standing, Weighed
from wireproof.model.errors import UsageError
from wireproof.model.events import RunFinished, RunStarted, Told
from wireproof.model.verdict import Finding, Verdict
from wireproof.report.journal import read_journal
from wireproof.report.json import report_value
from wireproof.report.matrix import LaneReport, Report, Row, fold
from wireproof.version import REPORT_FORMAT

MAX_REPORT: Final = 64 << 20
_UNKNOWN: Final = {"select": ("?",)}
"""What a partial lane of a JSON report left out; it does not say."""


def read_report(path: Path, catalogue: Catalogue) -> Report:
    """The report of a journal or of a JSON report; `-` is standard input. UsageError when the file is neither."""
    value = _read(path, catalogue)
    return value if isinstance(value, Report) else report_of(value, catalogue)


def read_value(path: Path, catalogue: Catalogue) -> Mapping[str, Any]:
    """The JSON report of a journal, or a JSON report as it stands there; `-` is standard input. UsageError when the file is neither."""
    value = _read(path, catalogue)
    return report_value(value) if isinstance(value, Report) else value


def _read(path: Path, catalogue: Catalogue) -> Report | Mapping[str, Any]:
    if str(path) == "-":
        return value_of(sys.stdin.read(MAX_REPORT + 1), "standard input")
    try:
        with path.open(encoding="utf-8") as file:
            head = file.read(12)
            if head.startswith('{"journal":'):
                return _begun(fold(read_journal(path), catalogue), path)
            text = head + file.read(MAX_REPORT)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(f"cannot be read: {reason}", where=str(path)) from None
    return value_of(text, str(path))


def _begun(report: Report, path: Path) -> Report:
    """UsageError for a journal that was torn before it says what was played."""
    if report.started is None:
        raise UsageError("the journal ends before it says what was played", where=str(path), hint="run again")
    return report


def value_of(text: str, where: str) -> Mapping[str, Any]:
    """A JSON report that its schema accepts. UsageError for another text, and for one of more than MAX_REPORT characters."""
    if len(text) > MAX_REPORT:
        raise UsageError(f"is longer than {MAX_REPORT >> 20} million characters, which no report is", where=where)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict) and isinstance(other := value.get("format"), int) and other != REPORT_FORMAT:
        raise UsageError(
            f"is a report of format {other}; this version of wireproof reads format {REPORT_FORMAT}",
            where=where,
            hint="use the version of wireproof that wrote it, or run again",
        )
    problem = own_problem("report", value)
    if problem is not None:
        said = (
            f"{problem.pointer or 'the whole'}: {problem.message}" if isinstance(value, dict) and value else "it is not"
        )
        hint = "give a journal.jsonl, or what -o json:FILE wrote"
        raise UsageError(f"is neither a journal nor a JSON report of this format ({said})", where=where, hint=hint)
    made: Mapping[str, Any] = value
    return made


def report_of(value: Mapping[str, Any], catalogue: Catalogue) -> Report:
    """The report of a JSON report, as far as that tells; requirements that this suite does not have are left out."""
    weighed = value.get("baseline")
    lanes = [_lane(one, catalogue) for one in value["runs"]]
    return Report(
        started=RunStarted(
            versions=value["versions"],
            suite=value["suite"],
            target=value["target"],
            seed=value["seed"],
            started_at=value["started_at"],
        ),
        lanes=lanes,
        told=[Told(level=one["level"], text=one["text"]) for one in value["told"]],
        finished=RunFinished(duration_s=value["duration_s"], interrupted=value["interrupted"]),
        weighed=Weighed(path=weighed["file"], standings=_standings(value)) if weighed is not None else None,
    )


def _standings(value: Mapping[str, Any]) -> dict[tuple[str, str], Standing]:
    return {
        (one["fingerprint"], row["id"]): Standing(one["baseline"]["state"])
        for run in value["runs"]
        for row in run["requirements"]
        for one in row["findings"]
        if "baseline" in one
    }


def _lane(run: Mapping[str, Any], catalogue: Catalogue) -> LaneReport:
    rows = [
        Row(
            requirement=catalogue.requirements[row["id"]],
            verdict=Verdict(row["verdict"]),
            findings=tuple(_finding(one, row["id"]) for one in row["findings"]),
        )
        for row in run["requirements"]
        if row["id"] in catalogue.requirements
    ]
    return LaneReport(
        protocol=run["protocol"],
        revision=run["revision"],
        transport=run["transport"],
        role=run["role"],
        survey={"server": run["survey"]["server"], "capabilities": run["survey"]["capabilities"]},
        rows=tuple(rows),
        judged=frozenset(row.requirement.id for row in rows),
        partial=run.get("partial", False),
        left_out=_UNKNOWN if run.get("partial") else {},
    )


def _finding(one: Mapping[str, Any], requirement: str) -> Finding:
    evidence = one["evidence"]
    return Finding(
        requirement=requirement,
        verdict=Verdict(one["verdict"]),
        transcript=evidence["transcript"],
        evidence=tuple(evidence["records"]),
        pointer=evidence["pointer"],
        **{
            name: one[name]
            for name in (
                "why",
                "subject",
                "exchange",
                "check",
                "fingerprint",
                "occasions",
                "remark",
                "blocked_by",
                "aspect",
                "flaky",
            )
            if name in one
        },
    )
