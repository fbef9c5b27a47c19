"""JUnit, TAP, SARIF and GitHub annotations: read back by parsers, also when everything that a target can say is hostile."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import attrs
import jsonschema
import pytest
import sarif_om
from junitparser import Error, Failure, JUnitXml, Skipped
from tap.line import Result
from tap.parser import Parser

from tests.report.pages import ATTACKS, hostile
from tests.report.reports import REVISIONS, failing, lane, report, row, usual
from wireproof.model.catalogue import Level
from wireproof.model.events import Told
from wireproof.model.verdict import Verdict
from wireproof.report import github, junit, sarif, tap
from wireproof.report import markdown as markdown_report
from wireproof.report.matrix import Report

SCHEMA = json.loads(Path(__file__).with_name("sarif.schema.json").read_text(encoding="utf-8"))
FURTHER = (
    "]]> ::error::x %0A %25\n::stop-commands::y",
    "ok 1 - x # SKIP \\# y\r\nnot ok 2\nBail out!",
    "`a` | <!-- b",
    "\x00\ufffe\ud800",
)
COMMAND = re.compile(r"::(error|warning|notice) title=([^:,\r\n]*)::([^\r\n]*)")


def mixed() -> Report:
    return report(
        lane(
            REVISIONS[0],
            failing(),
            failing("mcp.tools.names", level=Level.SHOULD),
            row("mcp.a.passed", Verdict.PASSED),
            row("mcp.a.unseen", Verdict.UNOBSERVED, why="no occasion"),
            row("mcp.a.blocked", Verdict.BLOCKED, why="a prerequisite"),
            row("mcp.a.foreign", Verdict.NOT_APPLICABLE, why="not declared"),
            row("mcp.a.ours", Verdict.ERRORED, why="a bug"),
        ),
        told=(Told(text="the target died", level="gone"),),
    )


@pytest.fixture(params=[*ATTACKS, *FURTHER], ids=range(len(ATTACKS) + len(FURTHER)))
def attacked(request: pytest.FixtureRequest) -> Report:
    return hostile(request.param)


@pytest.mark.parametrize("strict", [False, True])
def test_junit(strict: bool) -> None:
    made = JUnitXml.fromstring(junit.render(mixed(), strict=strict).encode())
    suites = list(made)
    assert [one.name for one in suites] == [f"mcp {REVISIONS[0]} stdio", "run"]
    results = {case.name: [type(one) for one in case.result] for suite in suites for case in suite}
    assert results == {
        "mcp.base.id-echo": [Failure],
        "mcp.tools.names": [Failure if strict else Skipped],
        "mcp.a.passed": [],
        "mcp.a.unseen": [Skipped],
        "mcp.a.blocked": [Skipped],
        "mcp.a.foreign": [Skipped],
        "mcp.a.ours": [Error],
        "target": [Failure],
    }
    first = suites[0]
    assert (first.tests, first.failures, first.errors, first.skipped) == (7, 1 + strict, 1, 4 - strict)
    reasons = {case.name: case.result[0].message for case in first if case.result}
    assert reasons["mcp.a.unseen"] == "not observed: no occasion"


def test_junit_of_hostile_text(attacked: Report) -> None:
    root = ET.fromstring(junit.render(attacked).encode("utf-8"))
    assert {one.tag for one in root.iter()} == {"testsuites", "testsuite", "testcase", "failure", "skipped"}
    assert {len(list(one.iter("testcase"))) for one in root} == {4}
    assert all(char.isprintable() for one in root.iter() for value in one.attrib.values() for char in value)


@pytest.mark.parametrize("strict", [False, True])
def test_tap(strict: bool) -> None:
    assert [(one.ok, one.skip, one.todo) for one in tap_points(tap.render(mixed(), strict=strict))] == [
        (False, False, False),
        (False, False, not strict),
        (True, False, False),
        (True, True, False),
        (True, True, False),
        (True, True, False),
        (False, False, False),
        (False, False, False),
    ]


def test_tap_of_hostile_text(attacked: Report) -> None:
    points = tap_points(tap.render(attacked))
    assert [one.skip for one in points] == [False, True, False, True]
    blocks = [one.yaml_block for one in points if one.yaml_block]
    assert [one["level"] for one in blocks] == ["MUST"]


def tap_points(text: str) -> list[Result]:
    """Test points of a stream in which there is nothing else, as tap.py reads it."""
    head, plan, *points = Parser().parse_text(text)
    assert (head.category, head.version, plan.category) == ("version", 14, "plan")
    assert [one.category for one in points] == ["test"] * plan.expected_tests
    assert [one.number for one in points] == list(range(1, len(points) + 1))
    return points


def sarif_run(text: str) -> dict[str, Any]:
    """The only run of a log that our words of the standard and the object model of sarif-om both accept."""
    value = json.loads(text.encode("ascii"))
    jsonschema.validate(value, SCHEMA)
    modelled(sarif_om.SarifLog, value)
    (run,) = value["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[one["ruleIndex"]]["id"] == one["ruleId"] for one in run["results"])
    return run


MODEL = {
    "runs": sarif_om.Run,
    "tool": sarif_om.Tool,
    "driver": sarif_om.ToolComponent,
    "rules": sarif_om.ReportingDescriptor,
    "shortDescription": sarif_om.MultiformatMessageString,
    "help": sarif_om.MultiformatMessageString,
    "invocations": sarif_om.Invocation,
    "toolExecutionNotifications": sarif_om.Notification,
    "results": sarif_om.Result,
    "message": sarif_om.Message,
    "locations": sarif_om.Location,
    "physicalLocation": sarif_om.PhysicalLocation,
    "artifactLocation": sarif_om.ArtifactLocation,
    "region": sarif_om.Region,
    "suppressions": sarif_om.Suppression,
}


def modelled(kind: Any, value: dict[str, Any]) -> Any:
    """A value as an object of the model, which knows every member and which are required."""
    names = {one.metadata["schema_property_name"]: one.name for one in attrs.fields(kind)}
    made = {}
    for key, one in value.items():
        if key in MODEL:
            one = [modelled(MODEL[key], each) for each in one] if isinstance(one, list) else modelled(MODEL[key], one)
        made[names[key]] = one
    return kind(**made)


def place_of(result: dict[str, Any]) -> tuple[str, int]:
    physical = result["locations"][0]["physicalLocation"]
    return physical["artifactLocation"]["uri"], physical["region"]["startLine"]


def test_sarif() -> None:
    run = sarif_run(sarif.render(usual()))
    rules = run["tool"]["driver"]["rules"]
    assert [one["id"] for one in rules] == ["mcp.base.id-echo", "mcp.tools.names"]
    assert all(one["helpUri"].startswith("https://modelcontextprotocol.io/") for one in rules)
    assert {one["level"] for one in run["results"]} == {"error", "warning"}
    assert {one["level"] for one in sarif_run(sarif.render(usual(), strict=True))["results"]} == {"error"}
    assert run["results"][0]["partialFingerprints"] == {"wireproof/v1": "0123456789ab"}
    assert run["invocations"] == [{"executionSuccessful": True}]


def test_sarif_says_where_the_target_is_configured() -> None:
    made = usual()
    assert place_of(sarif_run(sarif.render(made))["results"][0]) == ("server.py", 1)
    for where, place in {
        "conf/wireproof.toml:12": ("conf/wireproof.toml", 12),
        "/elsewhere/a b.toml:3": ("a%20b.toml", 3),
        "no place": ("server.py", 1),
    }.items():
        assert made.started is not None
        made.started = replace(made.started, options={"words": [], "where": where})
        assert place_of(sarif_run(sarif.render(made))["results"][0]) == place


def test_sarif_tells_what_is_no_finding() -> None:
    run = sarif_run(sarif.render(mixed()))
    assert [one["ruleId"] for one in run["results"]][-1] == "wireproof.lost-target"
    assert not run["invocations"][0]["executionSuccessful"]
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert "mcp.a.ours: wireproof's own error: a bug" in note["message"]["text"]


def test_sarif_of_hostile_text(attacked: Report) -> None:
    (only,) = sarif_run(sarif.render(attacked))["results"]
    assert only["message"]["text"].isprintable()
    assert re.fullmatch(r"[\w./-]+", place_of(only)[0])


def test_annotations() -> None:
    commands = [COMMAND.fullmatch(line) for line in github.render(mixed()).splitlines()]
    assert all(commands)
    assert [one[1] for one in commands if one] == ["error", "error", "error", "warning", "notice"]


def test_annotations_are_few() -> None:
    rows = [failing(f"mcp.a.{index}") for index in range(30)]
    lines = github.render(report(lane(REVISIONS[0], *rows))).splitlines()
    assert len(lines) == 11
    assert "20 more" in lines[-1]


def test_annotations_of_hostile_text(attacked: Report) -> None:
    text = github.render(attacked)
    assert text.isascii() or all(char.isprintable() for char in text.replace("\n", ""))
    found = [COMMAND.fullmatch(line) for line in text.split("\n")[:-1]]
    assert all(found)
    assert [one[1] for one in found if one] == ["error", "notice"]
    assert not re.search(r"%(?!25|0A|0D|3A|2C)", text)


def test_a_summary_fits_into_a_comment() -> None:
    rows = [failing(f"mcp.a.{index}", why="w" * 250 + str(index)) for index in range(1000)]
    text = markdown_report.render(report(lane(REVISIONS[0], *rows)))
    assert len(text) < 65_536
    assert "more lines are in the report" in text
