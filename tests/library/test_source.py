"""Strict YAML: what resolves, what is refused, and which line is blamed."""

from pathlib import Path

import pytest

from wireproof.library.source import MAX_NESTING, parse_yaml, read_yaml, validate
from wireproof.model.errors import UsageError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("", None),
        ("yes", "yes"),
        ("on", "on"),
        ("Null", "Null"),
        ("~", "~"),
        ("True", "True"),
        ("2025-11-25", "2025-11-25"),
        ("12:30:00", "12:30:00"),
        ("1.0.0", "1.0.0"),
        ("0x10", "0x10"),
        ("0o7", "0o7"),
        ("007", "007"),
        ("1_000", "1_000"),
        (".5", ".5"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("-", [None]),
        ("0", 0),
        ("-12", -12),
        ("1.5", 1.5),
        ("-1e3", -1000.0),
        ("99999999999999999999999", 99999999999999999999999),
        ('"1"', "1"),
        ("'true'", "true"),
        ('{"jsonrpc": "2.0", "id": 1, "params": {"a": [null, false]}}',
         {"jsonrpc": "2.0", "id": 1, "params": {"a": [None, False]}}),
        ("|\n  two\n  lines", "two\nlines\n"),
    ],
)  # fmt: skip
def test_only_the_scalars_of_json_resolve(text: str, value: object) -> None:
    made, _ = parse_yaml(f"- {text}\n" if text != "-" else "-\n  -\n", "file.yaml")
    assert isinstance(made, list)
    assert made[0] == value
    assert type(made[0]) is type(value)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n", 5, "second time"),
        ("a: &one 1\n", 1, "anchor"),
        ("a: 1\nb: *one\n", 2, "alias"),
        ("a: 1\nb: !!str 1\n", 2, "tag"),
        ("a: 1\nb: !custom {}\n", 2, "tag"),
        ("a:\n  <<: {b: 1}\n", 2, "merge key"),
        ("a: 1\n2: b\n", 2, "key is not a string"),
        ("a: 1\ntrue: b\n", 2, "key is not a string"),
        ("? [a, b]\n: 1\n", 1, "key is not a string"),
        ("a: 1\n---\nb: 2\n", 2, "second document"),
        ("# nothing but a comment\n", 2, "empty"),
        ("a: 1\nb: [1, 2\n", 3, ""),
        ("a: 1\nb: 'x\n", 3, ""),
        ("a: 1\nb: 1e999\n", 2, "too large"),
        ("a: 1\nb: \x07\n", 2, "forbids"),
        ("[" * (MAX_NESTING + 1) + "]" * (MAX_NESTING + 1), 1, "deeper"),
    ],
)
def test_what_is_refused_names_file_and_line(text: str, line: int, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_yaml(text, "file.yaml")
    assert caught.value.where == f"file.yaml:{line}"
    assert words in caught.value.message


def test_quoted_keys_may_look_like_anything() -> None:
    assert parse_yaml('{"<<": 1, "true": 2, "3": 4}', "file.yaml")[0] == {"<<": 1, "true": 2, "3": 4}


def test_lines_of_pointers() -> None:
    text = "# head\nrows:\n- id: a\n  steps:\n  - one\n  - two: {x: 1}\n- id: b\n'a/b~c': 1\n"
    _, lines = parse_yaml(text, "file.yaml")
    assert lines.at("") == 2
    assert lines.at("/rows") == 2
    assert lines.at("/rows/0/steps") == 4
    assert lines.at("/rows/0/steps/1") == 6
    assert lines.at("/rows/0/steps/1/two/x") == 6
    assert lines.at("/rows/1") == 7
    assert lines.at("/a~1b~0c") == 8
    assert lines.at("/rows/1/nothing/here") == 7
    assert lines.at("/rows/9") == 2


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_yaml(tmp_path / "absent.yaml")
    latin = tmp_path / "latin.yaml"
    latin.write_bytes(b"a: 1\nb: caf\xe9\n")
    with pytest.raises(UsageError, match="UTF-8") as caught:
        read_yaml(latin)
    assert caught.value.where.endswith("latin.yaml:2")


def test_a_byte_order_mark_is_no_content(tmp_path: Path) -> None:
    path = tmp_path / "bom.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read_yaml(path)[0] == {"a": 1}


ROW = "protocol: mcp\ntopic: t\nrequirements:\n- id: mcp.x.y\n  level: MUST\n  title: Something\n"


@pytest.mark.parametrize(
    ("text", "line", "message", "hint"),
    [
        (ROW + "  testabel: wire\n", 7, "unknown member 'testabel'", "testable"),
        (ROW + "  needs: [tool]\n", 7, '"tool"', "tools"),
        (ROW.replace("MUST", "must"), 5, '"MUST"', ""),
        (ROW.replace("  title: Something\n", ""), 4, "'title' missing", ""),
        (ROW.replace("title", "titel"), 6, "unknown member 'titel'", "title"),
        (ROW.replace("mcp.x.y", "Mcp X"), 4, "pattern", ""),
        (ROW + "  testable: 1\n", 7, "is 1", ""),
        (ROW + "  aspects: wide\n", 7, "should be array", ""),
        (ROW.split("- id")[0] + "  []\n", 3, "at least 1", ""),
    ],
)
def test_validation_blames_the_line_and_offers_the_nearest_word(text: str, line: int, message: str, hint: str) -> None:
    value, lines = parse_yaml(text, "rows.yaml")
    with pytest.raises(UsageError) as caught:
        validate(value, lines, "requirements", "rows.yaml")
    assert caught.value.where == f"rows.yaml:{line}"
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_validation_accepts_what_is_right() -> None:
    value, lines = parse_yaml(ROW, "rows.yaml")
    validate(value, lines, "requirements", "rows.yaml")
