"""A run read back, from its journal or from its JSON report, by the catalogue of its own protocol."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Any, Final

from wireproof.library.catalogue import Catalogue, load_catalogue, protocols
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


_CUT: Final = "the journal ends before its run did: it was cut off, and this is what was seen until then"


def read_report(path: Path) -> Report:
    """The report of a journal or of a JSON report; `-` is standard input. UsageError when the file is neither."""
    value = _read(path)
    return value if isinstance(value, Report) else report_of(value, _catalogue(value["suite"], str(path)))


def read_value(path: Path) -> Mapping[str, Any]:
    """The JSON report of a journal, or a JSON report as it stands there; `-` is standard input. UsageError when the file is neither."""
    value = _read(path)
    if not isinstance(value, Report):
        _catalogue(value["suite"], str(path))
    return report_value(value) if isinstance(value, Report) else value


def _read(path: Path) -> Report | Mapping[str, Any]:
    if str(path) == "-":
        return value_of(sys.stdin.read(MAX_REPORT + 1), "standard input")
    try:
        with path.open(encoding="utf-8") as file:
            head = file.read(12)
            if head.startswith('{"journal":'):
                return journalled(path)
            text = head + file.read(MAX_REPORT)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(f"cannot be read: {reason}", where=str(path)) from None
    return value_of(text, str(path))


def journalled(path: Path) -> Report:
    """The report of a journal, or of the one in a run's folder. One that ends before its run did counts as interrupted, and says so.

    UsageError for what is no journal, and for one that was torn before it says what was played.
    """
    events = read_journal(path)
    started = next((one for one in events if isinstance(one, RunStarted)), None)
    if started is None:
        raise UsageError("the journal ends before it says what was played", where=str(path), hint="run again")
    report = fold(chain((started,), events), _catalogue(started.suite, str(path)))
    if report.finished is None:
        report.finished = RunFinished(duration_s=0.0, interrupted=True)
        report.told.append(Told(level="stopped", text=_CUT))
    return report


def protocol_of(report: Report) -> str:
    """Of a report that says how its run began."""
    return str(report.started.suite.get("protocol", _USUAL)) if report.started is not None else _USUAL


_USUAL: Final = "mcp"


def _catalogue(suite: Mapping[str, Any], where: str) -> Catalogue:
    name = str(suite.get("protocol", _USUAL))
    if name not in protocols():
        raise UsageError(f"is of a protocol that this suite does not know: {name[:40]!r}", where=where)
    return load_catalogue(name)


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
        of_one = isinstance(value, dict) and value
        said = f" ({problem.pointer or 'the whole'}: {problem.message})" if of_one else ""
        hint = "give a journal.jsonl, or what -o json:FILE wrote"
        raise UsageError(f"is neither a journal nor a JSON report of this format{said}", where=where, hint=hint)
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
        diff=tuple(one.get("diff", ())),
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
