"""The JSON report: schemas/wireproof/report.schema.json is its contract."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

from wireproof.model.baseline import Entry, Weighed
from wireproof.model.verdict import Finding, Verdict
from wireproof.report.matrix import LaneReport, Report, Row
from wireproof.version import REPORT_FORMAT


def report_value(report: Report, *, strict: bool = False) -> dict[str, Any]:
    """The report as a JSON value."""
    started = report.started
    return {
        "format": REPORT_FORMAT,
        "suite": {**started.suite, "set": _set(started.suite)} if started else {},
        "versions": dict(started.versions) if started else {},
        "target": dict(started.target) if started else {},
        "seed": started.seed if started else 0,
        "started_at": started.started_at if started else "",
        "duration_s": report.finished.duration_s if report.finished else 0.0,
        "interrupted": bool(report.finished and report.finished.interrupted),
        "exit_code": report.exit_code(strict=strict),
        **({"strict": True} if strict else {}),
        **({"baseline": _weighed(report.weighed)} if report.weighed is not None else {}),
        "told": [{"level": one.level, "text": one.text} for one in report.told],
        "runs": [_lane(lane, started.suite if started else {}, report.weighed) for lane in report.lanes],
    }


def _set(suite: Mapping[str, str]) -> str:
    """The name of the frozen requirement set, without protocol and revision."""
    return f"set-{suite.get('version', 'unknown')}"


def set_name(protocol: str, revision: str, suite: Mapping[str, str]) -> str:
    """The full name of a frozen requirement set: <protocol>-<revision>/set-<n>."""
    return f"{protocol}-{revision}/{_set(suite)}"


def class_value(lane: LaneReport) -> dict[str, Any]:
    """The class of a lane with what it rests upon, as the report has it."""
    reached = lane.reached
    return {
        "name": reached.name,
        "passed": reached.passed,
        "applicable": reached.applicable,
        "unobserved": reached.unobserved,
    }


def _weighed(weighed: Weighed) -> dict[str, Any]:
    """What a baseline says of the run as a whole; what it says of a finding stands there."""
    return {
        "file": weighed.path,
        "counts": dict(sorted(Counter(one.value for one in weighed.standings.values()).items())),
        "stale": [
            {"fingerprint": one.entry.fingerprint, **_listed(one.entry), "level": one.level} for one in weighed.stale
        ],
        "not_looked_at": [{"fingerprint": one.fingerprint, **_listed(one)} for one in weighed.unseen],
        "flaky_not_seen": [{"fingerprint": one.fingerprint, **_listed(one)} for one in weighed.flaky],
    }


def _listed(one: Entry) -> dict[str, Any]:
    place = {"requirement": one.requirement, "revision": one.revision, "transport": one.transport}
    return {**place, "subject": one.subject, "line": one.line, "end": one.end}


def _standing(one: Finding, weighed: Weighed | None) -> dict[str, Any]:
    """What the baseline says of a failed finding of level MUST or SHOULD."""
    standing = weighed.standing(one) if weighed is not None and one.verdict is Verdict.FAILED else None
    if weighed is None or standing is None:
        return {}
    made: dict[str, Any] = {"state": standing.value}
    if (entry := weighed.entry(one)) is not None:
        made |= {"reason": entry.reason, "since": entry.since.isoformat(), "line": entry.line}
        made |= {"expires": entry.expires.isoformat()} if entry.expires else {}
        made |= {"link": entry.link} if entry.link else {}
    return {"baseline": made}


def _lane(lane: LaneReport, suite: Mapping[str, str], weighed: Weighed | None) -> dict[str, Any]:
    server, capabilities = lane.survey.get("server"), lane.survey.get("capabilities")
    return {
        "protocol": lane.protocol,
        "revision": lane.revision,
        "transport": lane.transport,
        **({"partial": True} if lane.partial else {}),
        "role": lane.role,
        "set": set_name(lane.protocol, lane.revision, suite),
        "survey": {
            "server": finite(server) if isinstance(server, Mapping) else {},
            "capabilities": finite(capabilities) if isinstance(capabilities, Mapping) else {},
            "counts": {
                name: len(lane.survey.get(name, ())) for name in ("tools", "resources", "resourceTemplates", "prompts")
            },
        },
        "counts": lane.counts(),
        "class": class_value(lane),
        "requirements": [_row(row, weighed) for row in lane.rows],
    }


def _row(row: Row, weighed: Weighed | None) -> dict[str, Any]:
    return {
        "id": row.requirement.id,
        "level": row.requirement.level.value,
        "verdict": row.verdict.value,
        "title": row.requirement.title,
        "source": row.requirement.source,
        "findings": [{**_finding(one), **_standing(one, weighed)} for one in row.findings],
    }


def finite(value: Any) -> Any:
    """A value of a target's as JSON that any reader takes: a number that was too large for a double is the text of it, `inf` or `-inf`."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {name: finite(one) for name, one in value.items()}
    return [finite(one) for one in value] if isinstance(value, list) else value


def _finding(one: Finding) -> dict[str, Any]:
    made: dict[str, Any] = {
        "verdict": one.verdict.value,
        "why": one.why,
        "subject": one.subject,
        "exchange": one.exchange,
        "check": one.check,
        "evidence": {"transcript": one.transcript, "records": list(one.evidence), "pointer": one.pointer},
        "fingerprint": one.fingerprint,
        "occasions": one.occasions,
    }
    for name in ("remark", "blocked_by", "aspect"):
        if value := getattr(one, name):
            made[name] = value
    if one.diff:
        made["diff"] = list(one.diff)
    if one.flaky:
        made["flaky"] = True
    return made


def render(report: Report, *, strict: bool = False) -> str:
    """Pretty JSON text with a final newline."""
    return json.dumps(report_value(report, strict=strict), indent=1, ensure_ascii=True) + "\n"
