"""Badges: what they say, that they are earned, and that no text of a target breaks them."""

from __future__ import annotations

import html
import io
import json
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.cli.calling import validator, wireproof
from tests.evidence.conftest import NOW, decide, reckoned
from wireproof.model.catalogue import Grade
from wireproof.model.errors import UsageError
from wireproof.report import reading
from wireproof.report.badge import COLOURS, Badge, State, address, badge_of, endpoint, snippet, svg, unknown_badge
from wireproof.report.soundness import Rules, faults, lanes_of
from wireproof.report.verdana import width

HOSTILE = (
    "</title><script>alert(1)</script>\"' onload=x &amp; ]]> \x00\x1b[31m\u202e\ud800 | [a](javascript:x) `b`\n.. raw:: html"
    * 3
)
SVG = "{http://www.w3.org/2000/svg}"


def badge(value: Any, rules: Rules, *, days: int = 0) -> Badge:
    assert [str(one) for one in faults(value, rules, now=NOW)] == []
    return badge_of(value, lanes_of(value, rules)[0], rules, now=NOW + timedelta(days=days))


def test_the_highest_class_is_said_with_its_rows_and_what_was_not_observed(value: Any, rules: Rules) -> None:
    made = badge(value, rules)
    reached = value["runs"][0]["class"]
    assert made.label == f"MCP {rules.catalogue.newest.id}"
    assert made.message == f"II Protocol {reached['passed']}/{reached['applicable']}"
    assert made.state is State.REACHED
    assert f"{reached['unobserved']} not observed" in made.title
    assert value["runs"][0]["set"] in made.title
    facts = "\n".join(made.facts)
    assert value["runs"][0]["set"] in facts
    assert "valid until" in facts


def test_each_state_from_the_rows(value: Any, rules: Rules) -> None:
    wire = next(
        one["id"]
        for one in value["runs"][0]["requirements"]
        if one["verdict"] == "passed"
        and one["level"] == "MUST"
        and rules.catalogue.requirements[one["id"]].grade is Grade.WIRE
    )
    later = next(
        one["id"]
        for one in value["runs"][0]["requirements"]
        if one["verdict"] == "passed"
        and one["level"] == "MUST"
        and rules.catalogue.requirements[one["id"]].grade is Grade.PROTOCOL
    )
    first = json.loads(json.dumps(value))
    decide(first, "failed", id=later)
    one = badge(reckoned(first, rules), rules)
    assert one.state is State.PARTIAL
    assert one.message.startswith("III Wire ")
    passed, asked = one.message.rpartition(" ")[2].rstrip(")").split("/")
    assert int(passed) == int(asked) - 1
    decide(first, "failed", id=wire)
    two = badge(reckoned(first, rules), rules)
    seen = [one["verdict"] for one in value["runs"][0]["requirements"] if one["level"].startswith("MUST")]
    total = seen.count("passed")  # of every grade
    assert (two.state, two.message) == (State.FAILING, f"failing {total - 2}/{total}")
    beyond = json.loads(json.dumps(value))
    robust = next(
        one["id"]
        for one in value["runs"][0]["requirements"]
        if one["verdict"] == "passed"
        and one["level"] == "MUST"
        and rules.catalogue.requirements[one["id"]].grade is Grade.ROBUST
    )
    decide(beyond, "failed", id=robust)
    three = badge(reckoned(beyond, rules), rules)
    same = value["runs"][0]["class"]
    whole = f"II Protocol {same['passed']}/{same['applicable']}"
    assert (three.state, three.message) == (State.PARTIAL, f"{whole}, 1 MUST beyond it broken")
    decide(value, "errored", id=wire)
    three = badge(reckoned(value, rules) | {"exit_code": 4}, rules)
    assert (three.state, three.message) == (State.PARTIAL, f"partial {total - 1}/{total}")


def test_what_is_over_says_so_and_what_was_never_judged_too(value: Any, rules: Rules) -> None:
    fresh, over = badge(value, rules, days=364), badge(value, rules, days=367)
    assert (fresh.state, over.state) == (State.REACHED, State.STALE)
    assert over.message == f"stale: {fresh.message}"
    assert unknown_badge("mcp", "x", "no run").message == "unknown"


@pytest.mark.parametrize(
    ("change", "mark", "keeps"),
    [
        (lambda value: value["runs"][0].update(partial=True), "filtered", False),
        (
            lambda value: value.update(
                baseline={"file": "b", "counts": {}, "stale": [], "not_looked_at": [], "flaky_not_seen": []}
            ),
            "baseline",
            True,
        ),
        (lambda value: value.update(interrupted=True), "interrupted", False),
        (lambda value: value["told"].append({"level": "stopped", "text": "x"}), "cut short", False),
    ],
)
def test_less_than_the_whole_is_marked_and_earns_no_class(
    value: Any, rules: Rules, change: Callable[[Any], None], mark: str, keeps: bool
) -> None:
    change(value)
    made = badge(reckoned(value, rules), rules)
    assert made.message.endswith(f", {mark}")
    assert made.message.startswith("II Protocol" if keeps else "no class")
    assert made.state is (State.REACHED if keeps else State.PARTIAL)


def tamper_verdict(value: Any) -> None:
    value["runs"][0]["requirements"][0]["verdict"] = "failed"


def tamper_class(value: Any) -> None:
    value["runs"][0]["class"]["name"] = "I Robust"


def tamper_rows(value: Any) -> None:
    del value["runs"][0]["requirements"][3]


def tamper_level(value: Any) -> None:
    row = next(one for one in value["runs"][0]["requirements"] if one["level"] == "MUST")
    row["level"] = "MAY"


def tamper_subject(value: Any) -> None:
    next(one for one in value["runs"][0]["requirements"] if one["verdict"] == "passed")["findings"][0]["subject"] = "x"


def tamper_twice(value: Any) -> None:
    value["runs"].append(value["runs"][0])


def tamper_set(value: Any) -> None:
    value["runs"][0]["set"] = "mcp-x/set-9"


def tamper_count(value: Any) -> None:
    value["runs"][0]["counts"]["MUST"]["passed"] += 1


def tamper_date(value: Any) -> None:
    value["started_at"] = (NOW + timedelta(days=2)).isoformat()


def tamper_code(value: Any) -> None:
    value["exit_code"] = 1


@pytest.mark.parametrize(
    ("change", "pointer", "words"),
    [
        (tamper_verdict, "/runs/0/requirements/0/verdict", "its findings say"),
        (tamper_class, "/runs/0/class", "the rows make it II Protocol"),
        (tamper_rows, "/runs/0/requirements", "is missing, although nothing was left out"),
        (tamper_level, "/level", "is another in this suite"),
        (tamper_subject, "/findings/0/fingerprint", "is not the fingerprint"),
        (tamper_twice, "/runs/1", "stands twice"),
        (tamper_set, "/runs/0/set", "not the requirement set"),
        (tamper_count, "/runs/0/counts/MUST/passed", "the rows are"),
        (tamper_date, "/started_at", "in the future"),
        (tamper_code, "/exit_code", "says 1"),
    ],
)
def test_a_report_that_was_altered_is_found_out(
    value: Any, rules: Rules, change: Callable[[Any], None], pointer: str, words: str
) -> None:
    change(value)
    found = list(faults(value, rules, now=NOW))
    assert any(one.pointer.endswith(pointer) and words in one.message for one in found), found


def test_a_report_that_was_altered_earns_none(value: Any, tmp_path: Path) -> None:
    tamper_verdict(value)
    (tmp_path / "r.json").write_text(json.dumps(value), encoding="utf-8")
    called = wireproof("badge", str(tmp_path / "r.json"), "-o", str(tmp_path / "b.svg"))
    assert (called.code, "does not agree with itself" in called.err) == (2, True)
    assert "/runs/0/requirements/0/verdict" in called.err
    assert not (tmp_path / "b.svg").exists()


def test_text_of_a_target_breaks_neither_svg_nor_json_nor_snippets(value: Any, rules: Rules) -> None:
    value["target"]["name"] = HOSTILE
    made = badge(value, rules)
    root = ET.fromstring(svg(made))
    assert root.tag == f"{SVG}svg"
    assert {one.tag.removeprefix(SVG) for one in root.iter()} == {"svg", "title", "path", "g", "text"}
    assert not any("id" in one.attrib or any(name.startswith("on") for name in one.attrib) for one in root.iter())
    title = root.find(f"{SVG}title")
    assert title is not None
    assert title.text == root.get("aria-label") == made.title
    assert "</title><script>" in made.title  # said, as text
    assert not {"\x00", "\x1b", "\u202e", "\ud800", "\n"}.intersection(made.title)
    assert len(made.title) < 330
    assert set(json.loads(endpoint(made)).values()) == {1, made.label, made.message, made.colour}


def test_the_endpoint_has_exactly_the_members_that_shields_knows(value: Any, rules: Rules) -> None:
    for state in State:
        made = Badge(label="l", message="m", state=state, title="t", facts=())
        assert validator("endpoint").is_valid(json.loads(endpoint(made)))
    assert set(json.loads(endpoint(badge(value, rules)))) == {"schemaVersion", "label", "message", "color"}


def test_sides_are_as_wide_as_their_text(value: Any, rules: Rules) -> None:
    made = badge(value, rules)
    root = ET.fromstring(svg(made))
    texts = root.findall(f".//{SVG}text")
    assert [one.text for one in texts] == [made.label, made.message]
    for one in texts:
        assert float(one.attrib["textLength"]) == pytest.approx(width(one.text or "", 11), abs=0.1)
    assert int(root.attrib["width"]) == pytest.approx(sum(float(one.attrib["textLength"]) + 12 for one in texts), abs=1)
    assert root.attrib["role"] == "img"


def test_widths_are_those_of_verdana() -> None:
    assert width("MCP", 2048) == 1726 + 1430 + 1235
    assert width("é", 11) == width("e", 11)
    assert width("\u0301", 11) == 0
    assert width("漢", 2048) == 2204
    assert width("il", 11) < width("mw", 11)


def test_white_on_every_colour_can_be_read() -> None:
    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (one / 12.92 if one <= 0.03928 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    assert all(1.05 / (luminance(colour) + 0.05) >= 4.5 for colour in COLOURS.values())


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def test_snippets_embed_the_badge_and_link_to_the_report() -> None:
    made = Badge(label="MCP x", message='a [b] "c" <d>', state=State.REACHED, title="t", facts=())
    image, link = "my badge(1).svg", 'https://example.org/r?a=1&b="2'
    assert snippet("markdown", made, image=image, link=link) == (
        r'[![MCP x: a \[b\] "c" \<d\>](my%20badge%281%29.svg)](https://example.org/r?a=1&b=%222)'
    )
    tags = Tags()
    tags.feed(snippet("html", made, image=image, link=link))
    assert tags.seen[0] == ("a", {"href": "https://example.org/r?a=1&b=%222"})
    assert tags.seen[1][1]["alt"] == html.unescape('MCP x: a [b] "c" <d>')
    assert snippet("rst", made, image=image, link=link).splitlines()[0] == ".. image:: my%20badge%281%29.svg"
    for bad in ("javascript:alert(1)", "data:text/html,x", " java\tscript:x", "", "http://[x"):
        with pytest.raises(UsageError):
            address(bad)


def test_the_command_line(value: Any, tmp_path: Path, whole_journal: Path, rules: Rules) -> None:
    report = tmp_path / "report.json"
    report.write_text(json.dumps(value), encoding="utf-8")
    newest = rules.catalogue.newest.id
    called = wireproof("badge", str(report), "-o", str(tmp_path / "b.svg"), "--endpoint", str(tmp_path / "e.json"))
    assert (called.code, called.err) == (0, "")
    assert called.out.startswith(f"MCP {newest} | II Protocol ")
    assert "MUST rows not observed" in called.out
    ET.parse(tmp_path / "b.svg")
    again = wireproof("badge", str(whole_journal), "-o", str(tmp_path / "{revision}.svg"), "--snippet", "markdown")
    assert (tmp_path / f"{newest}.svg").read_text() == (tmp_path / "b.svg").read_text()
    assert again.out.startswith("[![MCP ")
    assert again.out.count("\n") == 1
    other = wireproof("badge", str(report), "--revision", "2024-11-05", "-o", str(tmp_path / "o.svg"))
    assert (other.code, other.out.splitlines()[0]) == (0, "MCP 2024-11-05 | unknown")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--revision", "2020-01-01"), "no revision '2020-01-01'"),
        (("--snippet", "html"), "--snippet needs to know where the badge lies"),
        (
            ("--snippet", "html", "-o", "{tmp}/b.svg", "--link", "javascript:x"),
            "neither a relative path nor an http(s) URL",
        ),
        (("--snippet", "pdf"), "pdf"),
        (("--transport", "carrier-pigeon", "-o", "{tmp}/b.svg"), "has no run over carrier-pigeon"),
        (("-o", "{tmp}/r.json/b.svg"), "its folder is a file"),
    ],
)
def test_bad_input(value: Any, tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    (tmp_path / "r.json").write_text(json.dumps(value), encoding="utf-8")
    called = wireproof("badge", str(tmp_path / "r.json"), *(one.replace("{tmp}", str(tmp_path)) for one in words))
    assert called.code == 2
    assert said in called.err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda value: json.dumps(value | {"format": 2}), "is a report of format 2"),
        (
            lambda value: json.dumps(value | {"suite": {**value["suite"], "digest": "0" * 64}}),
            "made with another suite",
        ),
        (lambda value: json.dumps(value | {"suite": {}}), "made with another suite"),
        (lambda value: "[" * 100_000, "neither a journal nor a JSON report"),
        (lambda value: "", "neither a journal nor a JSON report"),
    ],
)
def test_what_is_no_report_of_ours(value: Any, tmp_path: Path, change: Callable[[Any], str], said: str) -> None:
    (tmp_path / "r.json").write_text(change(value), encoding="utf-8")
    called = wireproof("badge", str(tmp_path / "r.json"), "-o", str(tmp_path / "b.svg"))
    assert (called.code, said in called.err) == (2, True), called.err


def test_a_report_from_standard_input(value: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("badge", "-", "-o", str(tmp_path / "b.svg"), "--snippet", "rst")
    for link, code in (((), 2), (("--link", "r.html"), 0)):
        monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(value)))
        called = wireproof(*words, *link)
        assert called.code == code, called.err
    assert called.out.splitlines()[2] == "   :target: r.html"


def test_a_report_that_is_too_long_is_not_read(value: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_REPORT", 3 << 20)
    value["told"].append({"level": "info", "text": HOSTILE * (1 << 15)})
    (tmp_path / "r.json").write_text(json.dumps(value), encoding="utf-8")
    called = wireproof("badge", str(tmp_path / "r.json"))
    assert (called.code, "is longer than 3 million characters" in called.err) == (2, True)
