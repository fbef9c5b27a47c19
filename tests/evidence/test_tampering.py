"""What was altered in a bundle is found, and named to the byte where that can be known."""

from __future__ import annotations

import base64
import gzip
import json
import random
from pathlib import Path

import pytest

from tests.evidence.conftest import NOW, alter_payload, check, failing
from wireproof.evidence.digests import digest_value, first_difference
from wireproof.evidence.files import Damaged, archive_of, packed, read_files, unpacked
from wireproof.evidence.keys import load_public_key, public_path
from wireproof.evidence.verify import verify
from wireproof.model.errors import UsageError
from wireproof.report.soundness import Rules


@pytest.mark.parametrize("name", ["report.json", "configuration.json"])
def test_a_byte_that_was_altered_is_found(files: dict[str, bytes], rules: Rules, name: str) -> None:
    at = len(files[name]) * 2 // 3
    files[name] = files[name][:at] + bytes([files[name][at] ^ 1]) + files[name][at + 1 :]
    step, said = failing(check(files, rules))
    assert step == "digests"
    line = files[name][:at].count(b"\n") + 1
    assert said.startswith(
        f"{name} is not the file that was signed: it differs first at byte {at} (line {line}), where "
    )
    assert said.endswith("and nowhere else")


@pytest.mark.parametrize("name", ["report.json", "configuration.json", "digests.json"])
def test_much_that_was_altered_is_held_against_what_the_transcript_makes(
    files: dict[str, bytes], rules: Rules, name: str
) -> None:
    at = len(files[name]) // 3
    files[name] = files[name][:at] + b"~" * 7 + files[name][at + 300 :]
    step, said = failing(check(files, rules))
    assert step == "digests"
    assert f"{name} is not the file that was signed: it differs first at byte {at} (line " in said


def test_a_line_that_was_taken_out_of_the_transcript_is_not_named_to_the_byte(
    files: dict[str, bytes], rules: Rules
) -> None:
    lines = unpacked(files["transcript.jsonl.gz"]).splitlines(keepends=True)
    at = len(b"".join(lines[:40]))
    files["transcript.jsonl.gz"] = packed(b"".join([*lines[:40], *lines[41:]]))
    said = failing(check(files, rules))[1]
    first, last = (int(word) for word in said.split("in bytes ")[1].split(" (")[0].split(" to "))
    assert first <= at <= last < first + 1024


def test_a_message_that_was_altered_in_the_transcript_is_found(files: dict[str, bytes], rules: Rules) -> None:
    journal = unpacked(files["transcript.jsonl.gz"])
    at = journal.index(b'\\"result\\":', len(journal) // 2)
    files["transcript.jsonl.gz"] = packed(journal[:at] + b'\\"resulT\\":' + journal[at + 11 :])
    step, said = failing(check(files, rules))
    assert step == "digests"
    line = next(one for one in said.splitlines() if one.startswith("transcript.jsonl is"))
    assert f"at byte {at + 7} (line {journal[:at].count(10) + 1}), where 't' became 'T', and nowhere else" in line
    assert "transcript.jsonl.gz" not in said  # it differs too, but what it unpacks to says where
    files["transcript.jsonl.gz"] = gzip.compress(journal, 1)
    assert failing(check(files, rules))[1].startswith("transcript.jsonl.gz is not the file that was signed")


def test_no_byte_of_an_archive_can_be_altered_unseen(
    files: dict[str, bytes], rules: Rules, keys: Path, tmp_path: Path
) -> None:
    """Either nothing of the evidence changed, or the bundle no longer holds."""
    whole, draw = archive_of(files), random.Random(7)
    key = load_public_key(public_path(keys))
    outcomes = []
    spots = [draw.randrange(len(whole)) for _ in range(60)] + [len(whole) - one for one in range(1, 40, 3)]
    for at in spots:
        data = bytearray(whole)
        data[at] ^= 1 << draw.randrange(8)
        (tmp_path / "b.zip").write_bytes(data)
        try:
            read = read_files(tmp_path / "b.zip")
        except (Damaged, UsageError):
            outcomes.append("refused")
            continue
        if read == files:
            outcomes.append("the same")
            continue
        if all(read.get(name) == files[name] for name in files if name != "key.pub.pem"):
            outcomes.append("another key")  # which is not looked at where the right one is given
            continue
        assert not verify(read, lambda _: rules, [key], now=NOW).holds, at
        outcomes.append("found")
    assert {"refused", "found"} <= set(outcomes)


def test_differences_are_found_at_the_end_too() -> None:
    known = digest_value(b"a" * 3000)
    for data, first in ((b"a" * 2999 + b"b", 2999), (b"a" * 2048, 2048), (b"a" * 4096, 3000), (b"b" + b"a" * 2999, 0)):
        place = first_difference(data, known)
        assert place is not None
        assert place.first == first
    assert first_difference(b"a" * 3000, known) is None
    even = digest_value(b"a" * 2048)
    place = first_difference(b"a" * 2050, even)
    assert place is not None
    assert (place.first, place.last) == (2048, 2049)
    assert len(digest_value(b"x" * (65 << 20))["blocks"]) <= 65536


def test_one_stretch_that_was_altered_is_found_to_the_byte() -> None:
    draw = random.Random(5)
    signed = bytes(draw.choice(b'{"abc": 123}\n') for _ in range(5000))
    known = digest_value(signed)
    for _ in range(40):
        at, lost, gained = draw.randrange(len(signed) - 20), draw.randrange(12), draw.choice((0, 1, 5, 3000))
        if at % 1024 + lost > 1024 and lost != gained:
            continue  # over the end of a block only where nothing moves
        data = signed[:at] + bytes(draw.randrange(32, 127) for _ in range(gained)) + signed[at + lost :]
        if data == signed:
            continue
        place = first_difference(data, known)
        first = next((one for one in range(len(signed)) if data[one : one + 1] != signed[one : one + 1]), len(signed))
        assert place is not None
        assert (place.first, place.line, place.known) == (first, data[:first].count(b"\n") + 1, True)
        assert place.alone


def test_what_cannot_be_reckoned_is_said_to_lie_in_its_block() -> None:
    signed = bytes(range(256)) * 20
    known = digest_value(signed)
    for data in (
        signed[:1500] + b"x" * 40 + signed[1540:],
        signed[:1500] + signed[1600:],
        signed[:1100] + b"!" + signed[1101:1500] + b"!" + signed[1501:],
    ):
        place = first_difference(data, known)
        assert place is not None
        assert (place.first, place.last, place.known) == (1024, 2047, False)
    both = first_difference(signed[:1100] + b"!" + signed[1101:4000] + b"!" + signed[4001:], known)
    assert both is not None
    assert (both.first, both.was, both.now, both.alone) == (1100, b"L", b"!", False)
    assert "and nowhere else" not in str(both)


def test_a_statement_that_was_altered_is_not_signed(files: dict[str, bytes], rules: Rules) -> None:
    at = base64.b64decode(json.loads(files["statement.dsse.json"])["payload"]).index(b"PASSED")
    alter_payload(files, b"PASSED", b"FAILED")
    step, said = failing(check(files, rules))
    assert (step, "was altered since it was signed" in said) == ("signature", True)
    assert f"its payload differs first at byte {at} (line 1), where 'PASS' became 'FAIL', and nowhere else" in said
    alter_payload(files, b"II Protocol", b"I Robust")
    files["report.json"] = files["report.json"].replace(b"failed", b"passed", 1)
    assert "is not signed by the key" in failing(check(files, rules))[1]  # nothing is left to hold it against
