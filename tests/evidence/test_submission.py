"""Submissions: what a repository of results takes, and each rule that keeps something out."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.calling import validator, wireproof
from tests.conftest import ROOT
from tests.evidence.conftest import NOW, forged, reckoned
from wireproof.engine.suite import Suite
from wireproof.evidence import submission as module
from wireproof.evidence.keys import public_path
from wireproof.evidence.submission import SUBJECT, Checked, check_submission, doubles, submissions
from wireproof.library.source import read_yaml
from wireproof.report.soundness import Rules

FIELDS = """\
format: 1
name: Acme Search
version: "1.2"
vendor: Acme
url: https://example.org/
contact: mcp@example.org
protocol: mcp
revision: {revision}
transport: stdio
class: II Protocol
reproduce: pip install acme-search; wireproof run -- acme-search
"""


@pytest.fixture
def folder(tmp_path: Path, files: dict[str, bytes], suite: Suite) -> Path:
    """A submission that is taken, in a repository of its own."""
    revision = suite.catalogue.newest.id
    made = tmp_path / "results" / "mcp" / revision / "acme-search"
    put(made, files)
    (made / SUBJECT).write_text(FIELDS.format(revision=revision), encoding="utf-8")
    return made


def put(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)


def check(folder: Path, suite: Suite, now: datetime = NOW) -> Checked:
    (one,) = submissions(folder)
    return check_submission(one, suite, [], now=now)


@pytest.fixture
def shallow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without judging again, which costs seconds and is tried once."""
    monkeypatch.setattr(module, "_verdicts", lambda found, suite: [])


def faults(found: Checked) -> str:
    assert not found.holds
    return "\n".join(f"{one.name}: {text}" for one in found.checks for text in one.faults)


def test_one_that_is_taken(folder: Path, suite: Suite, keys: Path) -> None:
    assert validator("subject").is_valid(read_yaml(folder / SUBJECT)[0])
    (folder / "README.md").write_text("Words for people.")
    called = wireproof("submit-check", str(folder), "--key", str(public_path(keys)))
    assert (called.code, "acme-search: accepted" in called.out) == (0, True), called.out
    assert "✓ verdicts" in called.out
    assert "certif" not in called.out


def test_the_example_of_the_page_is_taken(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "evidence.md").read_text(encoding="utf-8")
    (tmp_path / SUBJECT).write_text(page.split("```yaml\n")[1].split("```")[0], encoding="utf-8")
    accepted = validator("subject")
    value = read_yaml(tmp_path / SUBJECT)[0]
    assert accepted.is_valid(value), list(accepted.iter_errors(value))


FIELD_FAULTS = [
    ("vendor: Acme\n", "", "member 'vendor' missing"),
    ("url: https://example.org/", "url: example.org", "SUBJECT.yaml:5: /url"),
    ("class: II Protocol", "class: A+", "SUBJECT.yaml:10: /class"),
    ("protocol: mcp", "protocol: a2a", "SUBJECT.yaml:7: protocol is 'a2a', the folder says 'mcp'"),
    ("name: Acme Search", "nmae: Acme Search", "'nmae'"),
    ("format: 1", "format: [1", "SUBJECT.yaml"),
    ("class: II Protocol", "class: III Wire", "claims III Wire, the report shows II Protocol"),
    ("transport: stdio", "transport: http", "the report has no run of"),
    ("contact:", 'digest: "sha256:' + "ab" * 32 + '"\ncontact:', "which the signed statement does not"),
]


@pytest.mark.usefixtures("shallow")
@pytest.mark.parametrize(("old", "new", "words"), FIELD_FAULTS)
def test_fields(folder: Path, suite: Suite, old: str, new: str, words: str) -> None:
    path = folder / SUBJECT
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    assert words in faults(check(folder, suite))


def link(folder: Path) -> None:
    (folder / "report.json").rename(folder.parent / "elsewhere")
    (folder / "report.json").symlink_to(folder.parent / "elsewhere")


@pytest.mark.usefixtures("shallow")
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda folder: (folder / SUBJECT).unlink(), "layout: SUBJECT.yaml is missing"),
        (lambda folder: (folder / "report.json").unlink(), "layout: report.json is missing"),
        (lambda folder: (folder / "run.sh").write_text("x"), "layout: run.sh does not belong"),
        (lambda folder: (folder / "more").mkdir(), "layout: more is no plain file"),
        (link, "layout: report.json is no plain file"),
        (
            lambda folder: (folder / "report.json").write_bytes((folder / "report.json").read_bytes() + b" "),
            "digests: report.json is not the file that was signed",
        ),
        (lambda folder: (folder / "transcript.jsonl.gz").write_bytes(b"\x1f\x8b"), "digests: transcript.jsonl.gz"),
        (lambda folder: (folder / SUBJECT).write_bytes(b"\xff\xfe\x00"), "fields: SUBJECT.yaml"),
        (lambda folder: (folder / SUBJECT).write_text("a: " + "x" * (2 << 20)), "larger than 1 MB"),
    ],
)
def test_files(folder: Path, suite: Suite, change: Callable[[Path], Any], words: str) -> None:
    change(folder)
    assert words in faults(check(folder, suite))


@pytest.mark.usefixtures("shallow")
def test_folders_say_what_it_is_of(folder: Path, suite: Suite, tmp_path: Path) -> None:
    for place, words in (
        ("mcp/2020-01-01/acme", "mcp has no revision '2020-01-01'"),
        ("http/2020-01-01/acme", "there is no protocol 'http' here"),
        (f"mcp/{suite.catalogue.newest.id}/Acme Search", "small letters"),
        ("mcp/2025-11-25/acme", "the folder says '2025-11-25'"),
    ):
        other = tmp_path / "other" / "results" / place
        shutil.copytree(folder, other)
        assert words in faults(check(other, suite))


@pytest.mark.usefixtures("shallow")
@pytest.mark.parametrize(
    ("change", "mark"),
    [
        (lambda value: value["runs"][0].update(partial=True), "filtered"),
        (lambda value: value.update(interrupted=True), "interrupted"),
        (lambda value: value["told"].append({"level": "stopped", "text": "x"}), "cut short"),
        (
            lambda value: value.update(
                baseline={"file": "b", "counts": {}, "stale": [], "not_looked_at": [], "flaky_not_seen": []}
            ),
            "baseline",
        ),
    ],
)
def test_less_than_the_whole_is_not_taken(
    folder: Path, files: dict[str, bytes], suite: Suite, rules: Rules, keys: Path, value: Any, change: Any, mark: str
) -> None:
    change(value)
    put(folder, forged(files, keys, report=reckoned(value, rules)))
    assert f"complete: the run is no whole one: {mark}" in faults(check(folder, suite))


@pytest.mark.usefixtures("shallow")
def test_a_term_that_is_over(folder: Path, suite: Suite) -> None:
    assert check(folder, suite, NOW + timedelta(days=364)).holds
    assert "fresh: no longer valid since" in faults(check(folder, suite, NOW + timedelta(days=368)))
    assert "in the future" in faults(check(folder, suite, NOW - timedelta(days=1)))


@pytest.mark.usefixtures("shallow")
def test_another_suite(folder: Path, suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wireproof.report.soundness.digest", lambda: "0" * 64)
    assert "made with another suite" in faults(check(folder, suite))


def test_verdicts_are_judged_again(
    folder: Path, files: dict[str, bytes], suite: Suite, rules: Rules, keys: Path, value: Any
) -> None:
    """A SHOULD bars no class, so only judging again finds one that was painted over."""
    row = next(
        one for one in value["runs"][0]["requirements"] if one["level"] == "SHOULD" and one["verdict"] == "passed"
    )
    row["verdict"] = "unobserved"
    for finding in row["findings"]:
        finding["verdict"] = "unobserved"
    put(folder, forged(files, keys, report=reckoned(value, rules)))
    said = faults(check(folder, suite))
    assert said.startswith(f"verdicts: {row['id']} in ")
    assert "the report says unobserved, the transcript gives passed" in said


@pytest.mark.usefixtures("shallow")
def test_the_same_run_twice_and_files_beside(folder: Path, suite: Suite, tmp_path: Path) -> None:
    shutil.copytree(folder, folder.with_name("acme-find"))
    found = [check_submission(one, suite, [], now=NOW) for one in submissions(tmp_path)]
    assert list(doubles(found)) == [f"acme-search and acme-find of {suite.catalogue.newest.id} are the same run"]
    (tmp_path / "results" / "notes.txt").write_text("x")
    called = wireproof("submit-check", str(tmp_path))
    assert called.code == 1
    assert "notes.txt lies beside the submissions" in called.out
    assert "are the same run" in called.out
    assert "2 submissions, 0 not accepted" in called.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("{tmp}/none",), "is no folder"),
        (("{tmp}",), "does not lie in results/"),
        (("{tmp}/empty",), "holds no submission"),
        (("{tmp}/empty", "--key", "{tmp}/none"), "holds no submission"),
    ],
)
def test_bad_input(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    (tmp_path / "empty" / "results").mkdir(parents=True)
    called = wireproof("submit-check", *(one.format(tmp=tmp_path) for one in words))
    assert (called.code, said in called.err) == (2, True), called.err


@pytest.mark.usefixtures("shallow")
def test_another_format_is_the_fault_of_one(
    folder: Path, files: dict[str, bytes], keys: Path, value: Any, tmp_path: Path
) -> None:
    other = folder.with_name("acme-old")
    shutil.copytree(folder, other)
    put(other, forged(files, keys, report=value | {"format": 7}))
    called = wireproof("submit-check", str(tmp_path))
    assert called.code == 1
    assert "a report of format 7" in called.out
    assert "acme-search: accepted" in called.out
