"""SARIF 2.1.0: broken requirements as results, with the requirement as rule, located where the user's configuration names the target.

What a baseline excuses is suppressed, what is stale in it is a result at its lines. What is no finding about the target (our own errors,
a run that was cut off) is a notification of the invocation.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote

from wireproof.model.catalogue import Requirement
from wireproof.model.verdict import Finding, Verdict
from wireproof.report.matrix import LaneReport, Report
from wireproof.report.outcomes import RED, CiCase, Outcome, ci_cases, outcome_of_finding, run_cases
from wireproof.report.sources import source_url
from wireproof.report.words import printable

_FILE: Final = re.compile(r"[\w.-]+(?:/[\w.-]+)*\.\w+")
_PLACE: Final = re.compile(r"(.+):([1-9][0-9]*)")
_CONFIGURATION: Final = "wireproof.toml"
_RUN_RULES: Final = {
    "baseline": ("wireproof.stale-baseline", "An entry of the baseline whose failure is gone is taken out of it"),
    "run": ("wireproof.lost-target", "A target answers until the end of its run"),
}
"""Suite of a case about the whole run to the rule that stands for it."""


def render(report: Report, *, strict: bool = False) -> str:
    """Pretty JSON text with a final newline; ASCII only."""
    rules: dict[str, dict[str, Any]] = {}
    results = []
    for made, rule in _results(report, strict=strict):
        rules.setdefault(rule["id"], rule)
        results.append({"ruleId": rule["id"], "ruleIndex": list(rules).index(rule["id"]), **made})
    versions = report.started.versions if report.started else {}
    driver = {"name": "wireproof", "version": versions.get("wireproof", "unknown"), "rules": list(rules.values())}
    run = {
        "tool": {"driver": driver},
        "columnKind": "utf16CodeUnits",
        "invocations": [_invocation(report, strict=strict)],
        "results": results,
    }
    value = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(value, indent=1, ensure_ascii=True) + "\n"


def _results(report: Report, *, strict: bool) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """(result, its rule), each finding by itself."""
    place = _target_place(report)
    for lane, row in report.failures:
        for one in row.findings:
            if one.verdict is Verdict.FAILED:
                outcome = outcome_of_finding(report, row, one, strict=strict)
                made = _result(lane, one, place) | {"level": _level(row.requirement, outcome)}
                yield made | _on_record(report, one, outcome), _rule(row.requirement)
    for case in run_cases(report, strict=strict):
        if case.outcome is not Outcome.ERRORED:
            name, title = _RUN_RULES[case.suite]
            yield _run_result(report, case, place), {"id": name, "shortDescription": {"text": title}}


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


def _level(requirement: Requirement, outcome: Outcome) -> str:
    """As it counts; a known failure says what it would be."""
    if outcome is Outcome.FAILED or requirement.level.group == "MUST":
        return "error"
    return "warning" if requirement.level.group == "SHOULD" else "note"


def _result(lane: LaneReport, one: Finding, place: dict[str, Any]) -> dict[str, Any]:
    about = f" (about {one.subject})" if one.subject else ""
    made: dict[str, Any] = {
        "message": {"text": printable(f"{one.why}{about}; {lane.protocol} {lane.revision} over {lane.transport}")},
        "locations": [place],
    }
    if one.fingerprint:
        made["partialFingerprints"] = {"wireproof/v1": one.fingerprint}
    return made


def _on_record(report: Report, one: Finding, outcome: Outcome) -> dict[str, Any]:
    """What a baseline says of a finding."""
    standing = report.weighed.standing(one) if report.weighed is not None else None
    if report.weighed is None or standing is None:
        return {}
    made: dict[str, Any] = {"properties": {"baseline": standing.value}}
    if outcome is Outcome.KNOWN:
        entry = report.weighed.entry(one)
        reason = {"justification": printable(entry.reason)} if entry is not None and entry.reason else {}
        made["suppressions"] = [{"kind": "external", **reason}]
    return made


def _run_result(report: Report, case: CiCase, place: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"level": "error" if case.outcome in RED else "warning", "message": {"text": case.reason}}
    if case.stale is not None and report.weighed is not None:
        entry = case.stale.entry
        made["partialFingerprints"] = {"wireproof/v1": f"stale-{entry.fingerprint}"}
        place = _place(report.weighed.path, entry.line, entry.end)
    return made | {"locations": [place]}


def _invocation(report: Report, *, strict: bool) -> dict[str, Any]:
    told = [one for one in ci_cases(report, strict=strict) if one.outcome is Outcome.ERRORED]
    notes = [{"level": "error", "message": {"text": f"{one.suite} {one.name}: {one.reason}"}} for one in told]
    return {"executionSuccessful": not told, **({"toolExecutionNotifications": notes} if notes else {})}


def _target_place(report: Report) -> dict[str, Any]:
    """Where the configuration names the target; else the file of the command that looks like one; else the configuration that might be."""
    options = report.started.options if report.started else {}
    found = _PLACE.fullmatch(str(options.get("where", "")))
    if found:
        return _place(found[1], int(found[2]))
    command = report.started.target.get("command", ()) if report.started else ()
    words = [word for word in command[1:] if _FILE.fullmatch(word) and ".." not in word.split("/")]
    return _place(words[0] if words else _CONFIGURATION, 1)


def _place(path: str, line: int, end: int = 0) -> dict[str, Any]:
    """A location. Of a file outside the working directory only the name is told, for nothing else of its path means anything elsewhere."""
    relative = not path.startswith("/") and ".." not in path.split("/") and ":" not in path
    shown = printable(path if relative else path.replace("\\", "/").rpartition("/")[2])
    region = {"startLine": max(line, 1), **({"endLine": end} if end > line else {})}
    return {"physicalLocation": {"artifactLocation": {"uri": quote(shown, safe="/")}, "region": region}}
