"""JUnit, TAP, SARIF and GitHub annotations: read back by parsers, also when everything that a target can say is hostile."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest
import yaml
from junitparser import Error, Failure, JUnitXml, Skipped

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
POINT = re.compile(r"(not )?ok (\d+) - ((?:[^\\#]|\\.)*?)(?: # (SKIP|TODO) (.*))?")
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
    points, _ = tap_points(tap.render(mixed(), strict=strict))
    assert [(one[1] or "", one[4]) for one in points] == [
        ("not ", None),
        ("not ", None if strict else "TODO"),
        ("", None),
        ("", "SKIP"),
        ("", "SKIP"),
        ("", "SKIP"),
        ("not ", None),
        ("not ", None),
    ]


def test_tap_of_hostile_text(attacked: Report) -> None:
    points, blocks = tap_points(tap.render(attacked))
    assert [one[4] for one in points] == [None, "SKIP", None, "SKIP"]
    assert len(blocks) == 1
    assert blocks[0]["level"] == "MUST"


def tap_points(text: str) -> tuple[list[re.Match[str]], list[dict[str, str]]]:
    """Test points and YAML blocks of a stream in which there is nothing else."""
    head, plan, *lines = text.removesuffix("\n").split("\n")
    points, blocks = [], []
    inside: list[str] | None = None
    for line in lines:
        if line == "  ---":
            inside = []
        elif line == "  ...":
            assert inside is not None
            blocks.append(yaml.safe_load("\n".join(inside)))
            inside = None
        elif inside is not None:
            inside.append(line)
        else:
            found = POINT.fullmatch(line)
            assert found, line
            points.append(found)
    assert (head, plan) == ("TAP version 14", f"1..{len(points)}")
    assert [int(one[2]) for one in points] == list(range(1, len(points) + 1))
    return points, blocks


def test_sarif() -> None:
    value = json.loads(sarif.render(usual()))
    jsonschema.validate(value, SCHEMA)
    run = value["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert [one["id"] for one in rules] == ["mcp.base.id-echo", "mcp.tools.names"]
    assert all(one["helpUri"].startswith("https://modelcontextprotocol.io/") for one in rules)
    assert all(rules[one["ruleIndex"]]["id"] == one["ruleId"] for one in run["results"])
    assert {one["level"] for one in run["results"]} == {"error", "warning"}
    first = run["results"][0]
    assert first["partialFingerprints"] == {"wireproof/v1": "0123456789ab"}
    assert first["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "server.py"


def test_sarif_of_hostile_text(attacked: Report) -> None:
    value = json.loads(sarif.render(attacked).encode("ascii"))
    jsonschema.validate(value, SCHEMA)
    (only,) = value["runs"][0]["results"]
    assert only["message"]["text"].isprintable()
    assert re.fullmatch(r"[\w./-]+", only["locations"][0]["physicalLocation"]["artifactLocation"]["uri"])


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
