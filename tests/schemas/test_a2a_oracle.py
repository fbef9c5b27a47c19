"""Our A2A schemas against the published ones: the JSON schema of 0.3 and the proto of 1.0. Needs ../shared/data/a2a."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import pytest

from tests.schemas.comparison import (
    ENOUGH,
    ROOT,
    Comparison,
    Difference,
    document,
    gone,
    judges,
    known,
    member_names,
    our_judges,
    report,
)

pytestmark = pytest.mark.oracle

DATA: Final = ROOT.parent / "shared" / "data" / "a2a"
UNIONS: Final = {"A2AError", "A2ARequest", "JSONRPCResponse"}
"""What the published schema sums up, and we have no use for; responses of one operation besides."""
SCALARS: Final = {
    "string": {"type": "string"},
    "bytes": {"type": "string"},
    "bool": {"type": "boolean"},
    "int32": {"type": "integer"},
    "google.protobuf.Struct": {"type": "object"},
    "google.protobuf.Value": {},
    "google.protobuf.Timestamp": {"$ref": "#/$defs/Timestamp"},
}


def published() -> dict[str, Any]:
    path = DATA / "0.3.0" / "a2a.json"
    assert path.is_file(), "the oracle is absent: ../shared/data/a2a/0.3.0/a2a.json"
    schemas: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return schemas


def test_0_3_has_the_published_definitions() -> None:
    unions = {name for name in published()["definitions"] if re.fullmatch(r"\w+(?<!Success)(?<!Error)Response", name)}
    left_out = UNIONS | (unions - {"JSONRPCErrorResponse"})
    assert set(published()["definitions"]) - set(our_judges("0.3")) == left_out


def test_0_3_gives_the_same_verdicts() -> None:
    schemas = published()
    theirs = judges(schemas, "definitions")
    comparison = Comparison("0.3", theirs, names=member_names(schemas["definitions"]))
    assert len(comparison.shared) >= 80
    is_known = known("a2a-schema")
    found: dict[Difference, Any] = {}
    for name in comparison.shared:
        tally = comparison.compare(name)
        found |= {one: value for one, value in tally.differences.items() if not is_known(one)}
        assert tally.valid >= ENOUGH, name
        assert tally.invalid >= ENOUGH, name
    assert not found, f"differences that no row lists:\n{report(found)}"
    assert gone("a2a-schema", "0.3", theirs) == []


def proto() -> str:
    path = DATA / "1.0.1" / "a2a.proto"
    assert path.is_file(), "the oracle is absent: ../shared/data/a2a/1.0.1/a2a.proto"
    return re.sub(r"//.*", "", path.read_text(encoding="utf-8"))


def blocks(kind: str) -> dict[str, str]:
    """Name to body of every message or enum; a message's body may hold oneofs."""
    found = {}
    for head in re.finditer(rf"^{kind} (\w+) \{{", proto(), re.M):
        rest = proto()[head.end() :]
        found[head[1]] = rest[: re.search(r"^\}", rest, re.M).start()]  # type: ignore[union-attr]
    return found


FIELD = re.compile(
    r"(?P<label>repeated |optional )?(?P<type>map<string, [\w.]+>|[\w.]+) (?P<name>\w+) = \d+\s*(?P<options>\[[^\]]*\])?;"
)


def camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(one.capitalize() for one in rest)


def shape(schema: Any) -> Any:
    """What of a schema the proto speaks of: kinds and references, without bounds and patterns."""
    kept = {key: value for key, value in schema.items() if key in ("type", "$ref")}
    if "items" in schema:
        kept["items"] = shape(schema["items"])
    if "additionalProperties" in schema:
        kept["additionalProperties"] = shape(schema["additionalProperties"])
    return kept


def typed(name: str) -> Any:
    return SCALARS.get(name) or ({} if name.endswith("Value") else {"$ref": f"#/$defs/{name}"})


def expected(one: re.Match[str]) -> Any:
    if inner := re.match(r"map<string, ([\w.]+)>", one["type"]):
        return {"type": "object", "additionalProperties": typed(inner[1])}
    return {"type": "array", "items": typed(one["type"])} if one["label"] == "repeated " else typed(one["type"])


def test_1_0_has_every_message_and_nothing_else_of_them() -> None:
    ours = document("1.0")["$defs"]
    assert len(blocks("message")) == 44
    for name, body in blocks("message").items():
        fields = list(FIELD.finditer(body))
        assert set(ours[name].get("properties", {})) == {camel(one["name"]) for one in fields}, name
        needed = {camel(one["name"]) for one in fields if "REQUIRED" in (one["options"] or "")}
        assert set(ours[name].get("required", ())) == needed, name
        choice = re.search(r"oneof \w+ \{(.*?)\}", body, re.S)
        names = [camel(one["name"]) for one in FIELD.finditer(choice[1])] if choice else []
        assert [one["required"] for one in ours[name].get("oneOf", ())] == [[one] for one in names], name
        for one in fields:
            member = ours[name]["properties"][camel(one["name"])]
            if (name, one["name"]) != ("ListTasksRequest", "status"):  # there the zero value may be written
                assert shape(member) == expected(one), (name, one["name"])


def test_1_0_has_the_values_of_the_enums_but_the_zero_ones() -> None:
    assert set(blocks("enum")) == {"TaskState", "Role"}
    for name, body in blocks("enum").items():
        values = re.findall(r"(\w+) = (\d+);", body)
        assert set(document("1.0")["$defs"][name]["enum"]) == {value for value, number in values if number != "0"}


def test_1_0_has_the_operations_of_the_service() -> None:
    found = re.findall(r"rpc (\w+)\((\w+)\) returns \((stream )?([\w.]+)\)", proto())
    ours = document("1.0")["x-methods"]
    assert {name for name, *_ in found} == set(ours)
    for name, params, stream, result in found:
        named = {"google.protobuf.Empty": "Nothing"}.get(result, result)
        assert ours[name] == {"by": "client", "params": params, "result": named} | ({"event": named} if stream else {})
