"""The JSON report: schemas/wireproof/report.schema.json is its contract."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from wireproof.model.verdict import Finding
from wireproof.report.matrix import LaneReport, Report, Row
from wireproof.version import REPORT_FORMAT


def report_value(report: Report) -> dict[str, Any]:
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
        "exit_code": report.exit_code(),
        "told": [{"level": one.level, "text": one.text} for one in report.told],
        "runs": [_lane(lane, _set(started.suite if started else {})) for lane in report.lanes],
    }


def _set(suite: Mapping[str, str]) -> str:
    """The name of the frozen requirement set, without protocol and revision."""
    return f"set-{suite.get('version', 'unknown')}"


def _lane(lane: LaneReport, name: str) -> dict[str, Any]:
    reached = lane.reached
    server, capabilities = lane.survey.get("server"), lane.survey.get("capabilities")
    return {
        "protocol": lane.protocol,
        "revision": lane.revision,
        "transport": lane.transport,
        "role": lane.role,
        "set": f"{lane.protocol}-{lane.revision}/{name}",
        "survey": {
            "server": server if isinstance(server, Mapping) else {},
            "capabilities": capabilities if isinstance(capabilities, Mapping) else {},
            "counts": {
                name: len(lane.survey.get(name, ())) for name in ("tools", "resources", "resourceTemplates", "prompts")
            },
        },
        "counts": lane.counts(),
        "class": {
            "name": reached.name,
            "passed": reached.passed,
            "applicable": reached.applicable,
            "unobserved": reached.unobserved,
        },
        "requirements": [_row(row) for row in lane.rows],
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "id": row.requirement.id,
        "level": row.requirement.level.value,
        "verdict": row.verdict.value,
        "title": row.requirement.title,
        "source": row.requirement.source,
        "findings": [_finding(one) for one in row.findings],
    }


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
    if one.flaky:
        made["flaky"] = True
    return made


def render(report: Report) -> str:
    """Pretty JSON text with a final newline."""
    return json.dumps(report_value(report), indent=1, ensure_ascii=True) + "\n"
