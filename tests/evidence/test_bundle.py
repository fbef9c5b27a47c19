"""Bundles: the round trip, and that whatever was altered is found where it was."""

from __future__ import annotations

import base64
import gzip
import io
import json
import stat
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_public_key

from tests.cli.calling import validator, wireproof
from tests.evidence.conftest import check, decide, failing, forged, reckoned
from wireproof.evidence import files as files_module
from wireproof.evidence.digests import sha256
from wireproof.evidence.dsse import pae, seal, unseal
from wireproof.evidence.files import Damaged, archive_of, read_files, unpacked
from wireproof.evidence.keys import load_signing_key, public_path, write_keys
from wireproof.evidence.statement import result_of
from wireproof.model.errors import UsageError
from wireproof.report.soundness import Rules

STEPS = ["files", "signature", "statement", "digests", "schemas", "agreement"]


def test_the_encoding_that_is_signed_is_that_of_dsse() -> None:
    assert (
        pae("http://example.com/HelloWorld", b"hello world")
        == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )
    assert pae("", b"\x00") == b"DSSEv1 0  1 \x00"
    assert pae("é", b"") == b"DSSEv1 2 \xc3\xa9 0 "


def test_a_round_trip(files: dict[str, bytes], rules: Rules, keys: Path, tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    path.write_bytes(archive_of(files))
    assert read_files(path) == files
    assert archive_of(read_files(path)) == path.read_bytes()
    found = check(read_files(path), rules, public_path(keys))
    assert [one.name for one in found.checks] == STEPS
    assert found.holds
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    assert read_files(tmp_path) == files


def test_any_other_tool_can_check_the_signature(files: dict[str, bytes], whole_journal: Path) -> None:
    envelope = json.loads(files["statement.dsse.json"])
    body, kind = base64.b64decode(envelope["payload"]), envelope["payloadType"]
    signed = b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(body), body)
    key: Any = load_pem_public_key(files["key.pub.pem"])
    key.verify(base64.b64decode(envelope["signatures"][0]["sig"]), signed)  # raises when it does not hold
    statement = json.loads(body)
    assert validator("statement").is_valid(statement)
    assert validator("envelope").is_valid(envelope)
    assert validator("digests").is_valid(json.loads(files["digests.json"]))
    assert validator("bundle-configuration").is_valid(json.loads(files["configuration.json"]))
    assert validator("report").is_valid(json.loads(files["report.json"]))
    assert (statement["_type"], statement["predicateType"]) == (
        "https://in-toto.io/Statement/v1",
        "https://in-toto.io/attestation/test-result/v0.1",
    )
    assert set(statement["predicate"]) <= {
        "result",
        "configuration",
        "url",
        "passedTests",
        "warnedTests",
        "failedTests",
    }
    assert all({"digest", "uri", "content"}.intersection(one) for one in statement["predicate"]["configuration"])
    assert gzip.decompress(files["transcript.jsonl.gz"]) == whole_journal.read_bytes()


@pytest.mark.parametrize(
    ("change", "step", "words"),
    [
        (lambda files: files.pop("report.json"), "files", "report.json is missing"),
        (lambda files: files.update({"statement.dsse.json": b"{}"}), "signature", "missing"),
        (lambda files: files.update({"statement.dsse.json": b"[" * 100_000}), "signature", "is no JSON"),
        (lambda files: files.update({"key.pub.pem": b"x"}), "signature", "is no public key"),
        (
            lambda files: files.update({"digests.json": b"{}"}),
            "digests",
            "digests.json is not the file that was signed",
        ),
        (lambda files: files.update({"transcript.jsonl.gz": b"\x1f\x8bnothing"}), "digests", "cannot be unpacked"),
        (
            lambda files: files.update({"transcript.jsonl.gz": files["transcript.jsonl.gz"][:-20]}),
            "digests",
            "ends too early",
        ),
        (
            lambda files: files.update({"transcript.jsonl.gz": files["transcript.jsonl.gz"] + b"more"}),
            "digests",
            "goes on after its end",
        ),
    ],
)
def test_what_is_missing_or_broken(
    files: dict[str, bytes], rules: Rules, change: Callable[[Any], None], step: str, words: str
) -> None:
    change(files)
    found = failing(check(files, rules))
    assert found[0] == step
    assert words in found[1]


def test_a_key_of_somebody_else(files: dict[str, bytes], rules: Rules, keys: Path, tmp_path: Path) -> None:
    write_keys(tmp_path / "other.pem")
    step, said = failing(check(files, rules, tmp_path / "other.pub.pem"))
    assert (step, "is not signed by the key" in said) == ("signature", True)
    both = check(files, rules, tmp_path / "other.pub.pem", public_path(keys))
    assert both.holds
    again = forged(files, tmp_path / "other.pem")
    assert check(again, rules).holds  # nothing was altered since that key signed
    assert failing(check(again, rules, public_path(keys)))[0] == "signature"


def test_who_signs_what_cannot_be_is_found_too(files: dict[str, bytes], rules: Rules, keys: Path, value: Any) -> None:
    decide(value, "failed")
    step, said = failing(check(forged(files, keys, report=value), rules))
    assert (step, "the rows are" in said) == ("agreement", True)
    other = json.loads(json.dumps(value))
    other["target"]["name"] = "another"
    step, said = failing(check(forged(files, keys, report=other), rules))
    assert (step, "report.json: /target is not what the transcript says" in said) == ("agreement", True)


def test_a_statement_says_what_the_report_says(files: dict[str, bytes], rules: Rules, keys: Path, value: Any) -> None:
    name = decide(value, "failed")
    made = forged(files, keys, report=reckoned(value, rules))
    statement = json.loads(unseal(json.loads(made["statement.dsse.json"])).payload)
    place = f"{value['runs'][0]['revision']}/stdio/{name}"
    assert statement["predicate"]["result"] == "FAILED"
    assert statement["predicate"]["failedTests"] == [place]
    mixed = dict(made) | {"report.json": files["report.json"], "digests.json": files["digests.json"]}
    assert failing(check(mixed, rules))[0] == "digests"


def test_digests_are_those_of_the_files(files: dict[str, bytes], rules: Rules, keys: Path) -> None:
    made = forged(files, keys)
    digests = json.loads(made["digests.json"])
    digests["files"]["report.json"]["blocks"][0] = "0" * 16
    made["digests.json"] = json.dumps(digests).encode()
    envelope = json.loads(made["statement.dsse.json"])
    statement = json.loads(base64.b64decode(envelope["payload"]))
    for one in statement["predicate"]["configuration"]:
        if one["name"] == "digests.json":
            one["digest"]["sha256"] = sha256(made["digests.json"])
    made["statement.dsse.json"] = json.dumps(seal(json.dumps(statement).encode(), [load_signing_key(keys)])).encode()
    assert failing(check(made, rules)) == ("digests", "digests.json: the entry report.json is not made of that file")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b'{"format": 1,', b'{"format": 1, "format": 1,', "the member 'format' stands twice"),
        (b'"seed": 0', b'"seed": NaN', "NaN is no number"),
    ],
)
def test_files_that_readers_would_understand_differently(
    files: dict[str, bytes], rules: Rules, keys: Path, value: Any, old: bytes, new: bytes, words: str
) -> None:
    text = json.dumps(value).encode()
    assert old in text
    step, said = failing(check(forged(files, keys, text=text.replace(old, new, 1)), rules))
    assert (step, words in said) == ("schemas", True), said


def test_results(value: Any, rules: Rules) -> None:
    assert result_of(value) == "PASSED"
    for change in (
        {"interrupted": True},
        {"runs": [{**value["runs"][0], "partial": True}]},
        {"told": [{"level": "stopped", "text": ""}]},
    ):
        assert result_of(value | change) == "WARNED"
    assert result_of(value | {"told": [{"level": "gone", "text": ""}]}) == "FAILED"
    row = next(
        one for one in value["runs"][0]["requirements"] if one["level"] == "SHOULD" and one["verdict"] == "passed"
    )
    row["verdict"] = "failed"
    assert result_of(value) == "WARNED"
    decide(value, "blocked")
    assert result_of(value) == "WARNED"
    decide(value, "failed")
    assert result_of(value) == "FAILED"


def test_a_clock_that_was_wrong(files: dict[str, bytes], rules: Rules) -> None:
    step, said = failing(check(files, rules, days=-2))
    assert (step, "the run began in the future" in said) == ("agreement", True)


def test_another_suite_is_said_and_nothing_is_reckoned(
    files: dict[str, bytes], rules: Rules, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wireproof.report.soundness.digest", lambda: "0" * 64)
    found = check(files, rules)
    assert found.holds
    assert "made with another suite" in found.checks[-1].notes[0]


def test_another_format_cannot_be_read(files: dict[str, bytes], rules: Rules, keys: Path, value: Any) -> None:
    value["format"] = 2
    with pytest.raises(UsageError, match="a report of format 2"):
        check(forged(files, keys, report=value), rules)


# Archives that nobody need trust


def zipped(*members: tuple[str, bytes], **parts: Any) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            for key, one in parts.items():
                setattr(info, key, one)
            archive.writestr(info, data)
    return out.getvalue()


def doubled() -> bytes:
    data = zipped(("report.json", b"{}"), ("key.pub.pem", b"x"))
    return data.replace(b"key.pub.pem", b"report.json")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (zipped(("../../evil", b"x")), "holds a file that no bundle has"),
        (zipped(("/etc/passwd", b"x")), "holds a file that no bundle has"),
        (zipped(("sub/report.json", b"x")), "holds a file that no bundle has"),
        (doubled(), "holds report.json twice"),
        (
            zipped(("report.json", b"/etc/passwd"), external_attr=(stat.S_IFLNK | 0o777) << 16),
            "in a form that no bundle has",
        ),
        (zipped(("key.pub.pem", b"\0" * (1 << 20))), "of more than 1 MB"),
        (zipped(), "is an empty archive"),
        (b"PK\x05\x06 nothing", "is no bundle"),
        (b"", "is no bundle"),
    ],
)
def test_an_archive_that_means_harm(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "in" / "b.zip"
    path.parent.mkdir()
    path.write_bytes(data)
    called = wireproof("verify", str(path))
    assert (called.code, words in called.err) == (2, True), called.err
    assert [one.name for one in tmp_path.rglob("*")] == ["in", "b.zip"]


def test_bombs_are_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files_module, "MAX_JOURNAL", 1 << 20)
    with pytest.raises(Damaged, match="which no journal has"):
        unpacked(gzip.compress(b"\0" * (64 << 20)))
    assert unpacked(gzip.compress(b"\0" * (1 << 20))) == b"\0" * (1 << 20)


def test_a_folder_is_read_without_links(tmp_path: Path, files: dict[str, bytes]) -> None:
    (tmp_path / "real").write_bytes(files["report.json"])
    (tmp_path / "report.json").symlink_to(tmp_path / "real")
    with pytest.raises(UsageError, match="no plain file"):
        read_files(tmp_path)


# The command line


def test_keygen_bundle_verify(whole_journal: Path, tmp_path: Path) -> None:
    key, bundle = tmp_path / "k.pem", tmp_path / "b.zip"
    made = wireproof("keygen", str(key))
    assert (made.code, stat.S_IMODE(key.stat().st_mode)) == (0, 0o600)
    assert b"PRIVATE KEY" not in public_path(key).read_bytes()
    again = wireproof("keygen", str(key))
    assert (again.code, "never overwritten" in again.err) == (2, True)
    public_path(tmp_path / "other.pem").write_text("somebody's")
    half = wireproof("keygen", str(tmp_path / "other.pem"))
    assert (half.code, (tmp_path / "other.pem").exists()) == (2, False)
    subject = "acme-1.0.tgz=sha256:" + "ab" * 32
    words = ("--key", str(key), "--subject", subject, "--url", "https://ci.example/1")
    packed_ = wireproof("bundle", str(whole_journal), "-o", str(bundle), *words)
    assert packed_.code == 0, packed_.err
    assert "conformance report of" in packed_.out
    assert b"PRIVATE KEY" not in bundle.read_bytes()
    called = wireproof("verify", str(bundle), "--key", str(public_path(key)))
    assert (called.code, called.out.count("✓")) == (0, len(STEPS))
    assert "certif" not in called.out + packed_.out
    statement = json.loads(unseal(json.loads(read_files(bundle)["statement.dsse.json"])).payload)
    assert statement["subject"][1] == {"name": "acme-1.0.tgz", "digest": {"sha256": "ab" * 32}}
    assert statement["predicate"]["url"] == "https://ci.example/1"
    unpacked_ = wireproof("bundle", str(whole_journal), "-o", f"{tmp_path / 'folder'}/", *words)
    assert unpacked_.code == 0
    assert wireproof("verify", str(tmp_path / "folder")).code == 0
    report = tmp_path / "folder" / "report.json"
    report.write_bytes(report.read_bytes().replace(b'"passed"', b'"failed"', 1))
    broken = wireproof("verify", str(tmp_path / "folder"))
    assert (broken.code, "✗ digests" in broken.out) == (1, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("bundle", "-o", "{tmp}/x", "--key", "{key}"), "no run is kept here"),
        (("bundle", "{journal}", "-o", "x"), "Missing option '--key'"),
        (("bundle", "{journal}", "--key", "{key}"), "Missing option '-o'"),
        (("bundle", "{tmp}/none.jsonl", "-o", "{tmp}/x", "--key", "{key}"), "cannot be read"),
        (("bundle", "{journal}", "-o", "{tmp}/x", "--key", "{tmp}/none"), "the key cannot be read"),
        (("bundle", "{journal}", "-o", "{tmp}/x", "--key", "{public}"), "is a public key"),
        (("bundle", "{journal}", "-o", "{tmp}/x", "--key", "{tmp}/ec.pem"), "a key of another kind"),
        (("bundle", "{journal}", "-o", "{tmp}/x", "--key", "{tmp}/text"), "is no private key in PEM"),
        (("bundle", "{journal}", "-o", "{tmp}/x", "--key", "{key}", "--subject", "x"), "is not NAME=ALGORITHM:HEX"),
        (("bundle", "{journal}", "-o", "{tmp}/x", "--key", "{key}", "--url", "ftp://x"), "http(s)"),
        (("bundle", "{tmp}/torn.jsonl", "-o", "{tmp}/x", "--key", "{key}"), "ends before its run did"),
        (("bundle", "{tmp}/half.jsonl", "-o", "{tmp}/x", "--key", "{key}"), "ends before its run did"),
        (("bundle", "{tmp}/other.jsonl", "-o", "{tmp}/x", "--key", "{key}"), "judged by another suite"),
        (("bundle", "{tmp}/future.jsonl", "-o", "{tmp}/x", "--key", "{key}"), "does not agree with itself"),
        (("bundle", "{tmp}/text", "-o", "{tmp}/x", "--key", "{key}"), "no journal"),
        (("verify", "{tmp}/text"), "is no bundle"),
        (("verify", "{tmp}/none"), "cannot be read"),
        (("verify", "{tmp}"), "holds none of the files of a bundle"),
        (("verify", "{journal}", "--key", "{key}"), "is a private key; give the public one"),
        (("verify", "{journal}", "--key", "{tmp}/text"), "is no public key in PEM"),
    ],
)
def test_bad_input(
    whole_journal: Path,
    keys: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    text = whole_journal.read_bytes()
    (tmp_path / "text").write_text("hello")
    (tmp_path / "torn.jsonl").write_bytes(text[:-10])
    (tmp_path / "half.jsonl").write_bytes(b"".join(text.splitlines(keepends=True)[:40]))
    digest, year = text.partition(b'"digest":"')[2][:64], text.partition(b'"started_at":"')[2][:4]
    (tmp_path / "other.jsonl").write_bytes(text.replace(digest, b"0" * 64, 1))
    (tmp_path / "future.jsonl").write_bytes(text.replace(b'"started_at":"' + year, b'"started_at":"2999', 1))
    other = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "ec.pem").write_bytes(other)
    places = {"journal": whole_journal, "tmp": tmp_path, "key": keys, "public": public_path(keys)}
    called = wireproof(*(one.format(**places) for one in words))
    assert (called.code, said in called.err) == (2, True), called.err
    assert not (tmp_path / "x").exists()


def test_without_the_library_it_is_said_what_to_install(
    files: dict[str, bytes], whole_journal: Path, keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "b.zip").write_bytes(archive_of(files))
    monkeypatch.setitem(sys.modules, "cryptography", None)
    for words in (
        ("keygen", str(tmp_path / "k.pem")),
        ("bundle", str(whole_journal), "-o", str(tmp_path / "c.zip"), "--key", str(keys)),
        ("verify", str(tmp_path / "b.zip")),
        ("rejudge", str(tmp_path / "b.zip")),
    ):
        called = wireproof(*words)
        assert (called.code, "pip install 'wireproof[sign]'" in called.err) == (2, True), words
    assert [one.name for one in tmp_path.iterdir()] == ["b.zip"]
