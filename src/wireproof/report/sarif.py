"""SARIF 2.1.0: broken requirements as results, with the requirement as rule. What a baseline excuses is suppressed."""

from __future__ import annotations

import json
import re
from typing import Any, Final
from urllib.parse import quote

from wireproof.model.catalogue import Requirement
from wireproof.model.verdict import Finding, Verdict
from wireproof.report.matrix import LaneReport, Report
from wireproof.report.sources import source_url
from wireproof.report.words import printable

_FILE: Final = re.compile(r"[\w.-]+(?:/[\w.-]+)*\.\w+")
_CONFIGURATION: Final = "wireproof.toml"


def render(report: Report, *, strict: bool = False) -> str:
    """Pretty JSON text with a final newline; ASCII only."""
    rules: dict[str, dict[str, Any]] = {}
    results = []
    place = _artifact(report)
    for lane, row in report.failures:
        rules.setdefault(row.requirement.id, _rule(row.requirement))
        index = list(rules).index(row.requirement.id)
        for one in row.findings:
            if one.verdict is Verdict.FAILED:
                level = _level(row.requirement, strict=strict)
                made = _result(lane, one, place)
                results.append({"ruleId": row.requirement.id, "ruleIndex": index, "level": level, **made})
                _suppress(results[-1], report, one)
    versions = report.started.versions if report.started else {}
    driver = {"name": "wireproof", "version": versions.get("wireproof", "unknown"), "rules": list(rules.values())}
    successful = report.exit_code(strict=strict) in (0, 1) and not (report.finished and report.finished.interrupted)
    run = {
        "tool": {"driver": driver},
        "columnKind": "utf16CodeUnits",
        "invocations": [{"executionSuccessful": successful}],
        "results": results,
    }
    value = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(value, indent=1, ensure_ascii=True) + "\n"


def _rule(requirement: Requirement) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": requirement.id,
        "shortDescription": {"text": printable(requirement.title)},
        "help": {"text": printable(requirement.fix or f"wireproof explain {requirement.id}")},
        "properties": {"level": requirement.level.value, "source": printable(requirement.source)},
    }
    if url := source_url(requirement):
        made["helpUri"] = url
    return made


def _level(requirement: Requirement, *, strict: bool) -> str:
    group = requirement.level.group
    return "error" if group == "MUST" or (strict and group == "SHOULD") else "warning" if group == "SHOULD" else "note"


def _result(lane: LaneReport, one: Finding, place: str) -> dict[str, Any]:
    about = f" (about {one.subject})" if one.subject else ""
    made: dict[str, Any] = {
        "message": {"text": printable(f"{one.why}{about}; {lane.protocol} {lane.revision} over {lane.transport}")},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": place}, "region": {"startLine": 1}}}],
    }
    if one.fingerprint:
        made["partialFingerprints"] = {"wireproof/v1": one.fingerprint}
    return made


def _suppress(result: dict[str, Any], report: Report, one: Finding) -> None:
    if report.weighed is not None and report.weighed.excuses(one):
        entry = report.weighed.entry(one)
        reason = {"justification": printable(entry.reason)} if entry is not None else {}
        result["suppressions"] = [{"kind": "external", **reason}]


def _artifact(report: Report) -> str:
    """The file of the command that looks like one, relative to the repository; else the configuration."""
    command = report.started.target.get("command", ()) if report.started else ()
    words = [word for word in command[1:] if _FILE.fullmatch(word) and ".." not in word.split("/")]
    return quote(words[0], safe="/") if words else _CONFIGURATION
