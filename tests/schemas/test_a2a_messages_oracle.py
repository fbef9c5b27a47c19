"""Our table of protobuf messages against the published proto of 1.0. Needs ../shared/data/a2a."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from wireproof.library.messages import messages_of

pytestmark = pytest.mark.oracle

PROTO = Path(__file__).resolve().parents[3] / "shared" / "data" / "a2a" / "1.0.1" / "a2a.proto"
FIELD = re.compile(r"oneof (\w+) \{|\}|(repeated |optional )?(map<string, [\w.]+>|[\w.]+) (\w+) = (\d+)( \[[^;]*\])?;")


def published(text: str) -> dict[str, dict[str, Any]]:
    """Message to field to (number, type, repeated, mapped, optional, required, one-of)."""
    text = re.sub(r"//.*", "", text)
    found: dict[str, dict[str, Any]] = {}
    for message in re.finditer(r"^message (\w+) \{(.*?)^\}", text, re.S | re.M):
        union, fields = "", {}
        for token in FIELD.finditer(re.sub(r"\s+", " ", message[2])):
            if token[1] or token[0] == "}":
                union = token[1] or ""
                continue
            kind = re.sub(r"map<string, ([\w.]+)>", r"\1", token[3]).removeprefix("google.protobuf.")
            label = (token[2] or "").strip()
            fields[token[4]] = (
                int(token[5]),
                kind,
                label == "repeated",
                token[3].startswith("map<"),
                label == "optional",
                "REQUIRED" in (token[6] or ""),
                union,
            )
        found[message[1]] = fields
    return found


def test_the_table_is_that_of_the_published_proto() -> None:
    text = PROTO.read_text(encoding="utf-8")
    table = messages_of("a2a", "1.0")
    ours = {
        name: {
            one.name: (one.number, one.type, one.repeated, one.mapped, one.optional, one.required, one.one_of)
            for one in fields
        }
        for name, fields in table.fields.items()
    }
    assert ours == published(text)
    rpcs = re.findall(r"rpc (\w+)\((\w+)\)\s*returns \((stream )?([\w.]+)\)", re.sub(r"//.*", "", text))
    assert {one.name: (one.request, one.answer, one.streams) for one in table.rpcs.values()} == {
        name: (request, answer.rpartition(".")[2], bool(stream)) for name, request, stream, answer in rpcs
    }
    for name, body in re.findall(r"enum (\w+) \{(.*?)\}", re.sub(r"//.*", "", text), re.S):
        numbered = {int(number): value for value, number in re.findall(r"(\w+) = (\d+);", body)}
        assert dict(enumerate(table.enums[name])) == numbered
    assert f"package {table.package};" in text
