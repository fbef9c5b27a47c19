"""JUnit XML: a suite for each revision and transport, a case for each requirement."""

from __future__ import annotations

from itertools import groupby
from xml.etree import ElementTree as ET

from wireproof.report.matrix import Report
from wireproof.report.outcomes import CiCase, Outcome, ci_cases, spoken
from wireproof.report.words import printable

_TAGS = {
    Outcome.FAILED: "failure",
    Outcome.ERRORED: "error",
    Outcome.SKIPPED: "skipped",
    Outcome.KNOWN: "skipped",
    Outcome.TOLERATED: "skipped",
}


def render(report: Report, *, strict: bool = False) -> str:
    """The document with a final newline. Characters that XML forbids are written out as escapes."""
    root = ET.Element("testsuites", name="wireproof")
    cases = list(ci_cases(report, strict=strict))
    _count(root, cases)
    for name, group in groupby(cases, key=lambda one: one.suite):
        members = list(group)
        suite = ET.SubElement(root, "testsuite", name=printable(name))
        _count(suite, members)
        for one in members:
            _case(suite, report, one)
    ET.indent(root, " ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _count(element: ET.Element, cases: list[CiCase]) -> None:
    tags = [_TAGS.get(one.outcome) for one in cases]
    element.set("tests", str(len(cases)))
    element.set("failures", str(tags.count("failure")))
    element.set("errors", str(tags.count("error")))
    if element.tag == "testsuite":
        element.set("skipped", str(tags.count("skipped")))


def _case(suite: ET.Element, report: Report, one: CiCase) -> None:
    made = ET.SubElement(suite, "testcase", name=printable(one.name), classname=printable(one.suite), time="0")
    tag = _TAGS.get(one.outcome)
    if tag is None:
        return
    told = ET.SubElement(made, tag, message=one.reason)
    if tag == "skipped":
        return
    told.set("type", one.row.requirement.level.value if one.row else one.suite)
    if one.row is not None:
        requirement, finding = one.row.requirement, spoken(report, one.row)
        lines = [
            requirement.title,
            f"source: {requirement.source}",
            *([f"about: {finding.subject}"] if finding.subject else []),
            *([f"exchange: {finding.exchange}"] if finding.exchange else []),
            f"more: wireproof explain {requirement.id}",
        ]
        told.text = "\n".join(printable(line) for line in lines)
