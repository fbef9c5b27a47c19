"""The second and the third depth: verdicts that the transcript does not give, and a target that does not show them again."""

from __future__ import annotations

import copy
import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.cli.calling import wireproof
from tests.evidence.conftest import PEER, decide, forged, reckoned
from wireproof.engine.effort import Depth, Effort
from wireproof.engine.suite import Suite
from wireproof.evidence.anew import disagreements, judged_anew
from wireproof.evidence.bundle import finished_events
from wireproof.evidence.files import archive_of, read_files, unpacked
from wireproof.evidence.keys import public_path
from wireproof.evidence.reproduced import effort_of, reproduction
from wireproof.model.errors import UsageError
from wireproof.model.events import RunStarted
from wireproof.report.soundness import Rules


def write(path: Path, files: dict[str, bytes]) -> str:
    path.write_bytes(archive_of(files))
    return str(path)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, keys: Path) -> str:
    """A bundle of a run that played a few requirements only."""
    folder = tmp_path_factory.mktemp("small")
    journal, words = (
        str(folder / "j.jsonl"),
        ("--revision", "2025-11-25", "--select", "mcp.ping", "--select", "mcp.base.response"),
    )
    wireproof("run", "--timeout", "2", "--journal", journal, *words, "--", *PEER)
    called = wireproof("bundle", journal, "-o", str(folder / "b.zip"), "--key", str(keys))
    assert called.code == 0, called.err
    assert "WARNED" in called.out  # less than the whole was played
    assert "not observed, filtered" in called.out
    return str(folder / "b.zip")


@pytest.fixture
def files(small: str) -> dict[str, bytes]:
    """Its files, which a test may alter."""
    return read_files(Path(small))


@pytest.fixture
def value(files: dict[str, bytes]) -> Any:
    """Its report."""
    return json.loads(files["report.json"])


def test_a_transcript_gives_the_report_again(files: dict[str, bytes], tmp_path: Path, keys: Path) -> None:
    called = wireproof("rejudge", write(tmp_path / "b.zip", files), "--key", str(public_path(keys)))
    assert (called.code, "✓ verdicts" in called.out) == (0, True)


def test_verdicts_that_were_changed_and_signed_are_found_by_judging_again(
    files: dict[str, bytes], value: Any, rules: Rules, keys: Path, tmp_path: Path
) -> None:
    """Who holds the key may sign what he likes; the second depth does not care who signed."""
    name = decide(value, "failed")
    bundle = write(tmp_path / "b.zip", forged(files, keys, report=reckoned(value, rules)))
    assert wireproof("verify", bundle).code == 0
    called = wireproof("rejudge", bundle)
    assert called.code == 1
    line = next(one for one in called.out.splitlines() if name in one)
    assert "the report says failed, the transcript gives passed (report.json/runs/0/requirements/" in line
    found = re.search(r"see transcript\.jsonl:(\d+) \(bytes (\d+) to (\d+): record (\d+) of (t\d+)", line)
    assert found is not None
    number, first, last, seq, transcript = found.groups()
    journal = unpacked(files["transcript.jsonl.gz"])
    record = json.loads(journal[int(first) : int(last) + 1])
    assert (record["seq"], record["transcript"]) == (int(seq), transcript)
    assert journal.splitlines()[int(number) - 1] == journal[int(first) : int(last) + 1]


def test_a_reason_that_was_changed_is_found_too(
    files: dict[str, bytes], value: Any, suite: Suite, tmp_path: Path
) -> None:
    journal = unpacked(files["transcript.jsonl.gz"])
    anew = judged_anew(finished_events(journal, "j"), suite)
    assert list(disagreements(value, anew, journal)) == []
    row = next(one for one in value["runs"][0]["requirements"] if one["verdict"] == "passed")
    row["findings"][0]["why"] = "because I say so"
    value["runs"][0]["survey"]["server"]["name"] = "another"
    found = list(disagreements(value, anew, journal))
    assert [one.pointer.rpartition("/")[2] for one in found] == ["findings", "survey"]
    assert found[0].stored == "why because I say so"


def test_evidence_that_was_changed_and_signed_gives_other_verdicts(
    files: dict[str, bytes], keys: Path, tmp_path: Path
) -> None:
    """The answers to ping lose their id, in the transcript alone."""
    journal = unpacked(files["transcript.jsonl.gz"])
    lines, altered = journal.splitlines(), 0
    for index, line in enumerate(lines):
        event = json.loads(line)
        if event.get("event") == "record" and event.get("way") == "in" and '"id"' in event.get("text", ""):
            event["text"] = event["text"].replace('"id"', '"ID"', 1)
            lines[index] = json.dumps(event, separators=(",", ":")).encode()
            altered += 1
    assert altered > 5
    bundle = write(tmp_path / "b.zip", forged(files, keys, journal=b"\n".join(lines) + b"\n"))
    assert wireproof("verify", bundle).code == 0
    called = wireproof("rejudge", bundle)
    assert called.code == 1
    assert "the report says passed, the transcript gives" in called.out
    assert "transcript.jsonl:" in called.out


def test_events_that_hang_together_in_no_way(suite: Suite, files: dict[str, bytes]) -> None:
    text = unpacked(files["transcript.jsonl.gz"])
    old = b'"event":"surveyed","protocol":"mcp","revision":"2'
    assert old in text
    with pytest.raises(UsageError, match="cannot be judged"):
        judged_anew(finished_events(text.replace(old, old[:-1] + b"9"), "j"), suite)


def test_what_fails_at_the_first_depth_is_not_judged_again(files: dict[str, bytes], tmp_path: Path) -> None:
    files["report.json"] = files["report.json"].replace(b'"passed"', b'"failed"', 1)
    bundle = write(tmp_path / "b.zip", files)
    for words in (("rejudge", bundle), ("reproduce", bundle, "--", *PEER)):
        called = wireproof(*words)
        assert (called.code, "✗ digests" in called.out, "verdicts" in called.out) == (1, True, False)


def test_a_comparison_knows_what_contradicts_and_what_was_not_seen(value: Any) -> None:
    other = copy.deepcopy(value)
    rows = [row for row in other["runs"][0]["requirements"] if row["verdict"] == "passed"]
    rows[0]["verdict"], rows[1]["verdict"] = "failed", "unobserved"
    made = reproduction(value, other)
    assert [one.requirement for one in made.contradicted] == [rows[0]["id"]]
    assert [one.requirement for one in made.unseen] == [rows[1]["id"]]
    assert not made.holds
    rows[0]["verdict"] = "passed"
    assert reproduction(value, other).holds
    assert reproduction(other, value).more == 1
    value["runs"][0]["class"]["name"] = "II Protocol"
    assert reproduction(value, other).classes[0][1:] == ("II Protocol", "no class")
    assert reproduction(value, {"runs": []}).missing
    assert not reproduction(value, {"runs": []}).holds


def test_a_run_is_reproduced_as_it_was_chosen(small: str, tmp_path: Path) -> None:
    called = wireproof("reproduce", small, "--timeout", "2", "--journal", str(tmp_path / "j.jsonl"), "--", *PEER)
    assert called.code == 0, called.out
    assert "the bundle's run had options that are not taken from it: --timeout 2" in called.out
    assert re.search(r"(?m)^reproduced: \d+ verdicts the same, 0 contradicted$", called.out)
    chosen = next(
        event["selection"]
        for event in map(json.loads, (tmp_path / "j.jsonl").read_text().splitlines())
        if event.get("event") == "planned"
    )
    assert chosen["select"] == ["mcp.ping", "mcp.base.response"]
    assert chosen["revisions"] == ["2025-11-25"]


def test_a_target_that_shows_something_else(small: str) -> None:
    called = wireproof("reproduce", small, "--timeout", "2", "--", *PEER, "--sin", "response-id-retyped")
    assert called.code == 1
    assert "✗ mcp.base.response.id-echo in 2025-11-25 over stdio: passed in the bundle, failed now" in called.out
    assert "not reproduced: " in called.out


ODD = """
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    if "id" not in asked:
        continue
    odd = [1e400, -1e400]
    known = {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}, "odd": odd}, "serverInfo": {"name": "\\ud800<svg>", "version": "1"}}
    tools = {"tools": [{"name": "a\\ud800", "inputSchema": {"type": "object", "maxProperties": 1e400}}]}
    body = {"result": {"initialize": known, "tools/list": tools}.get(asked.get("method"), {})}
    print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], **body}).replace("Infinity", "1e400"), flush=True)
"""


def test_a_target_that_says_odd_things_can_be_shown_too(tmp_path: Path, keys: Path) -> None:
    """Numbers that no double holds, half surrogate pairs: what is packed of it must pass the checks that are its own."""
    (tmp_path / "odd.py").write_text(ODD, encoding="utf-8")
    journal, bundle = str(tmp_path / "j.jsonl"), str(tmp_path / "b.zip")
    words = ("--revision", "2025-11-25", "--select", "mcp.ping", "--select", "mcp.lifecycle", "--timeout", "2")
    wireproof("run", *words, "--journal", journal, "--", sys.executable, str(tmp_path / "odd.py"))
    assert "Infinity" in Path(journal).read_text(encoding="utf-8")
    shown = wireproof("report", "-f", "json", journal).out
    assert json.loads(shown, parse_constant=pytest.fail)["runs"][0]["survey"]["capabilities"]["odd"] == ["inf", "-inf"]
    packed_ = wireproof("bundle", journal, "-o", bundle, "--key", str(keys))
    assert packed_.code == 0, packed_.err
    called = wireproof("rejudge", bundle)
    assert (called.code, "✓ verdicts" in called.out) == (0, True), called.out
    assert "<svg" not in wireproof("badge", journal).out


def test_search_is_as_deep_as_it_was_and_no_deeper_than_there_is(files: dict[str, bytes]) -> None:
    (started, *_) = finished_events(unpacked(files["transcript.jsonl.gz"]), "j")
    assert isinstance(started, RunStarted)
    for said, wanted in (
        (None, None),
        ({"depth": "bottomless"}, None),
        ({"depth": "quick"}, Effort(depth=Depth.QUICK)),
        (
            {"depth": "quick", "examples": 10**9, "budget_s": 1e9},
            Effort(depth=Depth.QUICK, examples=1500, budget=120.0),
        ),
        ({"depth": "quick", "examples": "many", "budget_s": None}, Effort(depth=Depth.QUICK)),
    ):
        assert effort_of([replace(started, options={"words": [], "search": said})]) == wanted


def test_a_bundle_starts_nothing_and_reads_no_variable(
    small: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it names as its command, and options that would send variables of ours somewhere, are not followed."""
    monkeypatch.chdir(tmp_path)
    called = wireproof("reproduce", small)
    assert (called.code, "is never started" in called.err) == (2, True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("reproduce", "{small}", "--select", "mcp", "--", "x"), "--select is not for reproducing"),
        (("reproduce", "{small}", "--seed", "3", "--", "x"), "--seed is not for reproducing"),
        (("reproduce", "{small}", "--nonsense", "--", "x"), "No such option"),
        (("reproduce", "{tmp}/none", "--", "x"), "cannot be read"),
        (("reproduce", "{small}", "--key", "{tmp}/none", "--", "x"), "the key cannot be read"),
        (("rejudge", "{journal}", "--key", "{tmp}/none"), "--key is for bundles"),
        (("rejudge", "{tmp}/bad.zip"), "is no bundle"),
        (("rejudge", "{tmp}/none"), "cannot be read"),
    ],
)
def test_bad_input(small: str, tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    (tmp_path / "bad.zip").write_bytes(b"PK\x03\x04 and nothing else")
    called = wireproof(
        *(one.format(small=small, tmp=tmp_path, journal=Path(small).with_name("j.jsonl")) for one in words)
    )
    assert (called.code, said in called.err) == (2, True), called.err


def test_nothing_is_not_judged_again(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").touch()
    called = wireproof("rejudge", str(tmp_path / "empty.jsonl"))
    assert called.code == 2
    assert "holds no run" in called.err
