"""The compiler of the schemas, what it must refuse, and what must hold of every compiled file."""

from __future__ import annotations

import copy
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema_rs
import pytest

from tests.schemas.comparison import ROOT, Comparison, document, judges, our_judges, protocol_of, revisions
from tests.schemas.instances import Maker


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("schemas_build", ROOT / "schemas" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


build = _load()

TABLES = """
revisions: {"1": one, "2": two, "3": three}
requests: {}
notifications: {}
envelopes: {}
"""


def compiled(folder: Path, text: str, tables: str = TABLES) -> dict[str, dict[str, Any]]:
    (folder / "methods.yaml").write_text(tables, encoding="utf-8")
    (folder / "a.yaml").write_text(text, encoding="utf-8")
    return {name.partition(".")[0]: json.loads(written) for name, written in build.built(folder).items()}


def test_committed_files_are_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert build.main(["--check"]) == 0, capsys.readouterr().err


def test_members_come_and_go(tmp_path: Path) -> None:
    files = compiled(tmp_path, "Toy:\n  name: string\n  size? @2..: integer(0..9)\n  colour?..2: enum(red, blue)\n")
    assert [sorted(one["$defs"]["Toy"]["properties"]) for one in files.values()] == [
        ["colour", "name"],
        ["colour", "name", "size"],
        ["colour", "name", "size"],
    ]
    assert [one["$defs"]["Toy"]["required"] for one in files.values()] == [["name"], ["name"], ["colour", "name"]]
    assert files["two"]["$defs"]["Toy"]["properties"]["size"] == {"type": "integer", "minimum": 0, "maximum": 9}


def test_branches_come_and_go(tmp_path: Path) -> None:
    files = compiled(tmp_path, "Box:\n  in?: (Toy | Book @2..)[..4] @..2 | any @3\nToy: {}\nBook @2..: map<Toy[]>\n")
    inside = [one["$defs"]["Box"]["properties"]["in"] for one in files.values()]
    toy, book = {"$ref": "#/$defs/Toy"}, {"$ref": "#/$defs/Book"}
    assert inside == [
        {"type": "array", "items": toy, "maxItems": 4},
        {"type": "array", "items": {"anyOf": [toy, book]}, "maxItems": 4},
        {},
    ]
    assert files["two"]["$defs"]["Book"] == {"type": "object", "additionalProperties": {"type": "array", "items": toy}}


def test_a_definition_is_written_out_before_it_has_a_name(tmp_path: Path) -> None:
    files = compiled(tmp_path, "Toy:\n  of: Maker\nMaker @2..:\n  +: named\nnamed:\n  name: string | null\n")
    written = {"type": "object", "properties": {"name": {"type": ["string", "null"]}}, "required": ["name"]}
    assert files["one"]["$defs"]["Toy"]["properties"]["of"] == written
    assert "Maker" not in files["one"]["$defs"]
    assert files["two"]["$defs"]["Toy"]["properties"]["of"] == {"$ref": "#/$defs/Maker"}
    assert files["two"]["$defs"]["Maker"] == written


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Toy:\n  of: Maker\n", "Maker does not exist there"),
        ("Toy:\n  of: Maker\nMaker @1: {}\n", "Toy in 2: Maker does not exist there"),
        ("Toy @4..: {}\n", "no revision"),
        ("Toy: string @2..\n", "no branch"),
        ("Toy: {}\nToy @2..: {}\n", "defined twice"),
        ("Toy:\n  a: string\n  a @2..: any\n", "member a is there twice"),
        ("Toy:\n  a: string\n  a: any\n", "stands twice"),
        ("Toy:\n  +: Name\nName: string\n", "no members to share"),
        ("Toy: string |\n", "a type is missing"),
        ("Toy: string string\n", "cannot read the end"),
        ("Toy: (string | null\n", "is missing"),
        ("Toy: number(3)\n", "no bounds"),
        ("Toy: string & null\n", "cannot read"),
        ("Toy ?: {}\n", "cannot read the key"),
    ],
)
def test_slips_in_the_sources_are_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(build.SourceError, match=says):
        compiled(tmp_path, text)


def test_tables_name_what_exists(tmp_path: Path) -> None:
    tables = TABLES.replace("requests: {}", "requests: {toys/list: client ListToys}")
    with pytest.raises(build.SourceError, match="ListToysRequest"):
        compiled(tmp_path, "Toy: {}\n", tables)


@pytest.mark.parametrize("revision", [*revisions(), *revisions("a2a")])
def test_files_are_open_whole_and_valid(revision: str) -> None:
    schemas = document(revision)
    assert schemas["$id"] == f"urn:wireproof:{protocol_of(revision)}:{revision}"
    jsonschema_rs.meta.validate(schemas)
    text = json.dumps(schemas)
    assert '"additionalProperties": false' not in text
    for name in schemas["$defs"]:
        assert our_judges(revision)[name].valid(Maker(schemas, name).valid(name).value)


@pytest.mark.parametrize("revision", revisions())
def test_every_method_is_in_the_table(revision: str) -> None:
    schemas = document(revision)
    by_definition = {
        name: one["properties"]["method"]["const"]
        for name, one in schemas["$defs"].items()
        if "const" in one.get("properties", {}).get("method", {})
    }
    by_method = {row.get("request", row.get("notification")): method for method, row in schemas["x-methods"].items()}
    aliases = {"ClientNotification"}  # in one revision a union of one
    assert {name: method for name, method in by_definition.items() if name not in aliases} == by_method
    for row in schemas["x-methods"].values():
        assert row["by"] in ("client", "server", "both")
        assert set(row) - {"by", "within"} in ({"request", "result"}, {"notification"})
        assert all(row[role] in schemas["$defs"] for role in set(row) - {"by", "within"})
    assert set(schemas["x-envelopes"]) == {"request", "notification", "result", "error"}


@pytest.mark.parametrize("revision", revisions("a2a"))
def test_every_operation_is_in_the_table(revision: str) -> None:
    schemas = document(revision)
    assert len(schemas["x-methods"]) == {"0.3": 10, "1.0": 11}[revision]
    for row in schemas["x-methods"].values():
        assert row["by"] == "client"
        assert {"params", "result"} <= set(row) - {"by"} <= {"params", "result", "event"}
        assert all(row[role] in schemas["$defs"] for role in set(row) - {"by"})
    assert set(schemas["x-envelopes"]) == {"request", "result", "error"}


def test_exactly_one_member_of_several(tmp_path: Path) -> None:
    files = compiled(tmp_path, "Toy:\n  one of: a, b, c\n  a?: string\n  b?: Toy[]\n  c? @2..: any\n")
    assert [one["$defs"]["Toy"]["oneOf"] for one in files.values()] == [
        [{"required": [name]} for name in names] for names in ("ab", "abc", "abc")
    ]
    judge = judges(files["two"], "$defs")["Toy"]
    assert [judge.valid(one) for one in ({"a": ""}, {"c": None}, {}, {"a": "", "c": 1})] == [True, True, False, False]


def test_a_file_may_be_of_one_revision(tmp_path: Path) -> None:
    files = compiled(tmp_path, '"@": 2..\nToy:\n  "@type": string(timestamp)\nOld @1: string(base64)\n')
    assert [sorted(one["$defs"]) for one in files.values()] == [["Old"], ["Toy"], ["Toy"]]
    judge = judges(files["two"], "$defs")["Toy"]
    for good in ("2026-05-28T11:34:16Z", "2026-05-28T11:34:16.123456Z", "0001-01-01T00:00:00.000000001Z"):
        assert judge.valid({"@type": good})
    for bad in ("2026-05-28T11:34:16", "2026-05-28T11:34:16+00:00", "2026-05-28", "2026-13-28T11:34:16Z", "now", 1):
        assert not judge.valid({"@type": bad})


@pytest.mark.parametrize("revision", revisions())
def test_who_sends_agrees_with_the_unions(revision: str) -> None:
    schemas = document(revision)
    for role, kind in (("request", "Request"), ("notification", "Notification")):
        for side in ("client", "server"):
            union = schemas["$defs"].get(f"{side.capitalize()}{kind}", {"anyOf": []})
            sent = {one["$ref"].rpartition("/")[2] for one in union.get("anyOf", [union])}
            rows = [row for row in schemas["x-methods"].values() if role in row and "within" not in row]
            assert {row[role] for row in rows if row["by"] in (side, "both")} == sent, (side, role)


def test_a_whole_number_may_be_written_as_a_float() -> None:
    for revision in revisions():
        assert our_judges(revision)["RequestId"].valid(1.0)
        assert not our_judges(revision)["RequestId"].valid(1.5)


@pytest.mark.parametrize("wrong", [1.5, [], {}, True], ids=repr)
@pytest.mark.parametrize("revision", revisions())
def test_the_id_of_an_error_is_text_whole_or_null(revision: str, wrong: Any) -> None:
    """The comparisons excuse this place as a whole, because null is judged otherwise elsewhere (docs/schema-differences.yaml)."""
    (name,) = {"JSONRPCError", "JSONRPCErrorResponse"}.intersection(our_judges(revision))
    judge = our_judges(revision)[name]
    response = {"jsonrpc": "2.0", "error": {"code": -32700, "message": "Parse error"}}
    assert not judge.valid({**response, "id": wrong})
    assert all(judge.valid({**response, "id": right}) for right in (None, "a", 0))


def _required(schema: dict[str, Any]) -> None:
    schema["required"].remove("name")


def _optional(schema: dict[str, Any]) -> None:
    schema["required"].append("title")


def _type(schema: dict[str, Any]) -> None:
    schema["properties"]["description"] = {"type": ["string", "integer"]}


def _const(schema: dict[str, Any]) -> None:
    schema["properties"]["inputSchema"]["properties"]["type"]["const"] = "array"


def _inside(schema: dict[str, Any]) -> None:
    schema["properties"]["icons"]["items"] = {}


def _forgotten(schema: dict[str, Any]) -> None:
    del schema["properties"]["annotations"]


@pytest.mark.parametrize("slip", [_required, _optional, _type, _const, _inside, _forgotten])
def test_the_comparison_notices_a_slip(slip: Any) -> None:
    """A comparison that never fails proves nothing: one slip in a definition is found, and in that definition."""
    revision = revisions()[-1]
    good = document(revision)
    bad = copy.deepcopy(good)
    slip(bad["$defs"]["Tool"])
    comparison = Comparison(revision, judges(good, "$defs"), ours=bad)
    for name in ("Tool", "ListToolsResult"):
        found = comparison.compare(name).differences
        assert found or (slip is _forgotten and name != "Tool")
        assert {one.definition for one in found} <= {"Tool"}
