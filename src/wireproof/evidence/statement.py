"""The signed statement: an in-toto Statement v1 whose predicate is a test result v0.1, about one run.

https://github.com/in-toto/attestation, spec/v1/statement.md, spec/v1/resource_descriptor.md, spec/predicates/test-result.md. All of it
but the subjects of the signer's own and the URL follows from the files of the bundle, so a reader makes it again and compares.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from wireproof.evidence.digests import sha256
from wireproof.evidence.files import CONFIGURATION, DIGESTS, JOURNAL, REPORT, TRANSCRIPT
from wireproof.model.events import Event, Planned, RunStarted
from wireproof.report.soundness import cut_marks

TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "https://in-toto.io/attestation/test-result/v0.1"
DESCRIPTOR_TYPE: Final = "application/vnd.wireproof.subject+json"
MEDIA: Final[Mapping[str, str]] = {
    REPORT: "application/json",
    CONFIGURATION: "application/json",
    DIGESTS: "application/json",
    TRANSCRIPT: "application/gzip",
    JOURNAL: "application/jsonl",
}
"""The files whose digests a statement holds."""


def canonical(value: Any) -> bytes:
    """One spelling of a JSON value: sorted members, no spaces, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")


def configuration_value(events: Iterable[Event]) -> dict[str, Any]:
    """How the run was made, without secrets, as bundle-configuration.schema.json has it: all of it stands in the journal."""
    every = list(events)
    started = next(one for one in every if isinstance(one, RunStarted))
    return {
        "format": 1,
        "target": dict(started.target),
        "options": dict(started.options),
        "seed": started.seed,
        "started_at": started.started_at,
        "suite": dict(started.suite),
        "versions": dict(started.versions),
        "redacted": started.redacted,
        "lanes": [
            {
                "revision": one.revision,
                "transport": one.transport,
                "selection": {name: list(values) for name, values in one.selection.items() if values},
                "calls": list(one.calls),
            }
            for one in every
            if isinstance(one, Planned)
        ],
    }


def descriptor(report: Mapping[str, Any]) -> dict[str, Any]:
    """What the run saw of its target: the subject, where it is nothing that has a digest of its own."""
    return {
        "target": report["target"],
        "seen": [
            {"protocol": run["protocol"], "revision": run["revision"], "transport": run["transport"], **run["survey"]}
            for run in report["runs"]
        ],
        "started_at": report["started_at"],
    }


def statement_value(
    report: Mapping[str, Any],
    files: Mapping[str, bytes],
    *,
    subjects: Iterable[Mapping[str, Any]] = (),
    url: str = "",
) -> dict[str, Any]:
    """The statement about a report. `files`: every one of MEDIA by name; `subjects`: what the signer says of the target, each with a name
    and a digest, which nobody can measure from the wire."""
    described = canonical(descriptor(report))
    name = report["target"].get("name", "") or "target"
    measured = {
        "name": name,
        "digest": {"sha256": sha256(described)},
        "content": base64.b64encode(described).decode("ascii"),
        "mediaType": DESCRIPTOR_TYPE,
    }
    tests = {kind: names for kind, names in _tests(report).items() if names}
    return {
        "_type": TYPE,
        "subject": [measured, *subjects],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "result": result_of(report),
            "configuration": list(_configuration(report, files)),
            **({"url": url} if url else {}),
            **tests,
        },
    }


def result_of(report: Mapping[str, Any]) -> str:
    """FAILED: a MUST is broken, or the target was lost. WARNED: a SHOULD is, or something that a MUST asks could not be judged, or less than the
    whole was played. PASSED: none of that."""
    tests = _tests(report)
    if tests["failedTests"] or any(one["level"] == "gone" for one in report["told"]):
        return "FAILED"
    barred = any(
        row["level"].startswith("MUST") and row["verdict"] in ("errored", "blocked")
        for run in report["runs"]
        for row in run["requirements"]
    )
    whole = not any(cut_marks(report, run) for run in report["runs"])
    return "WARNED" if tests["warnedTests"] or barred or not whole else "PASSED"


def _tests(report: Mapping[str, Any]) -> dict[str, list[str]]:
    """Names are <revision>/<transport>/<requirement>. What was not observed, or does not apply, is in none of the lists."""
    made: dict[str, list[str]] = {"passedTests": [], "warnedTests": [], "failedTests": []}
    for run in report["runs"]:
        for row in run["requirements"]:
            name = f"{run['revision']}/{run['transport']}/{row['id']}"
            if row["verdict"] == "passed":
                made["passedTests"].append(name)
            elif row["verdict"] == "failed":
                made["failedTests" if row["level"].startswith("MUST") else "warnedTests"].append(name)
    return made


def _configuration(report: Mapping[str, Any], files: Mapping[str, bytes]) -> Iterator[dict[str, Any]]:
    """ResourceDescriptors: the files, the suite, the requirement sets, the command."""
    for name, media in MEDIA.items():
        yield {"name": name, "digest": {"sha256": sha256(files[name])}, "mediaType": media}
    suite = report["suite"]
    yield {
        "name": "suite",
        "digest": {"sha256": suite["digest"]},
        "annotations": {"version": suite["version"], "protocol": suite["protocol"]},
    }
    for run in report["runs"]:
        rows = [[row["id"], row["level"]] for row in run["requirements"]]
        yield {
            "name": run["set"],
            "digest": {"sha256": sha256(canonical(rows))},
            "annotations": {
                "transport": run["transport"],
                "class": run["class"]["name"],
                "marks": list(cut_marks(report, run)),
            },
        }
    target = {name: report["target"][name] for name in ("command", "url") if name in report["target"]}
    yield {"name": "command", "digest": {"sha256": sha256(canonical(target))}}


def differences(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Iterator[str]:
    """What of a signed statement does not follow from the files. Members that we do not know are left alone, as in-toto asks of readers."""
    for name in ("_type", "predicateType"):
        if theirs[name] != ours[name]:
            yield f"{name} is {theirs[name]!r}, not {ours[name]!r}"
    if theirs["subject"][0] != ours["subject"][0]:
        yield "the first subject is not what the run saw of its target"
    mine, said = ours["predicate"], theirs["predicate"]
    if said["result"] != mine["result"]:
        yield f"the result is {said['result']}, the report makes it {mine['result']}"
    for name in ("passedTests", "warnedTests", "failedTests"):
        more, less = (
            set(said.get(name, ())) - set(mine.get(name, ())),
            set(mine.get(name, ())) - set(said.get(name, ())),
        )
        for words, found in (("has", more), ("lacks", less)):
            if found:
                yield f"{name} {words} {min(found)}{f' and {len(found) - 1} more' if len(found) > 1 else ''}, unlike the report"
    stated = [{key: one.get(key) for key in ("name", "digest", "annotations")} for one in said["configuration"]]
    for one in mine["configuration"]:
        if one["name"] not in MEDIA and {key: one.get(key) for key in ("name", "digest", "annotations")} not in stated:
            yield f"the entry {one['name']} of its configuration is missing, or another than the report's"
