"""The A2A catalogue: complete, found by old ids, and answering what binds over which binding."""

import re
from collections import Counter

import pytest
from click.testing import CliRunner

from wireproof.cli.explain import command as explain
from wireproof.library.catalogue import Catalogue, load_catalogue, protocols
from wireproof.library.schemas import schemas_of
from wireproof.library.shelf import shelf
from wireproof.library.source import read_yaml
from wireproof.model.catalogue import Basis, Level
from wireproof.report.sources import source_url

# per revision: MUST, MUST NOT, SHOULD, SHOULD NOT, MAY, then rows by schema and by prose
LEVELS = {"0.3": (103, 8, 33, 4, 26, 45, 5), "1.0": (202, 15, 110, 8, 65, 48, 11)}

# per revision: wire, discover, fixture, client, manual
TESTABLE = {"0.3": (99, 49, 12, 31, 33), "1.0": (150, 100, 54, 65, 90)}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue("a2a")


def test_every_row_is_there_and_bears_its_old_id(catalogue: Catalogue) -> None:
    rows = [row for row in catalogue.requirements.values() if row.protocol == "a2a" and row.topic != "acts"]
    assert len(rows) == 658
    for row in rows:
        assert row.id.startswith(f"a2a.{row.topic}.")
        (old,) = row.aliases
        assert re.fullmatch(r"A2A-[A-Z]+-[0-9]{2}", old)
        assert catalogue.named(old) is catalogue.named(old.lower()) is catalogue.named(row.id) is row
    assert len({row.aliases for row in rows}) == 658
    assert catalogue.named("A2A-NONE-01") is None


@pytest.mark.parametrize("revision", LEVELS)
def test_counts_per_revision(catalogue: Catalogue, revision: str) -> None:
    every = [row for row in catalogue.requirements.values() if row.protocol == "a2a" and row.topic != "acts"]
    rows = [row for row in every if catalogue.covers(row, revision)]
    keyword = Counter(row.level.value for row in rows if row.basis is Basis.KEYWORD)
    basis = Counter(row.basis for row in rows)
    levels = (keyword["MUST"], keyword["MUST NOT"], keyword["SHOULD"], keyword["SHOULD NOT"], keyword["MAY"])
    testable = Counter(row.testable.value for row in rows)
    assert (*levels, basis[Basis.SCHEMA], basis[Basis.PROSE]) == LEVELS[revision]
    assert tuple(testable[name] for name in ("wire", "discover", "fixture", "client", "manual")) == TESTABLE[revision]


def test_basis_fixes_the_level(catalogue: Catalogue) -> None:
    for row in catalogue.requirements.values():
        if row.basis is Basis.SCHEMA:
            assert row.level is Level.MUST
        if row.protocol == "a2a" and row.basis is Basis.PROSE:
            assert row.level is Level.SHOULD or (row.level is Level.MAY and row.erratum)


def test_a_binding_is_bound_by_its_own_rows(catalogue: Catalogue) -> None:
    def ids(transport: str, revision: str = "1.0") -> set[str]:
        return {row.id for row in catalogue.in_force(revision, "server", transport)}

    jsonrpc, rest, grpc = ids("jsonrpc"), ids("rest"), ids("grpc")
    assert "a2a.send.response-one-of" in jsonrpc & rest & grpc
    assert "a2a.errors.jsonrpc-parse" in jsonrpc - rest - grpc
    assert "a2a.errors.rest-status" in rest - jsonrpc - grpc
    assert "a2a.errors.grpc-status" in grpc - jsonrpc - rest
    assert "jsonrpc.version" in jsonrpc - rest - grpc
    assert "robust.http.split-writes" in jsonrpc & rest - grpc
    assert "robust.json.malformed" in jsonrpc & rest - grpc
    assert ids("any") == jsonrpc | rest | grpc
    assert not {name for name in catalogue.requirements if name.startswith("robust.stdio.")}
    assert not ids("jsonrpc", "0.3") & {row.id for row in catalogue.requirements.values() if row.since == "1.0"}


def test_versions_are_ranked_by_the_table(catalogue: Catalogue) -> None:
    assert [one.id for one in catalogue.revisions] == ["0.3", "1.0"]
    assert {one.era for one in catalogue.revisions} == {"modern"}
    assert protocols() == ("mcp", "a2a")


def test_what_1_0_0_alone_obliged_is_owed_by_nobody(catalogue: Catalogue) -> None:
    for name in ("A2A-JRPC-16", "A2A-GRPC-10", "A2A-REST-02", "A2A-REST-19"):
        row = catalogue.named(name)
        assert row is not None
        assert row.level is Level.MAY
        assert row.erratum


def test_sources_lead_to_the_headings_of_the_specification(catalogue: Catalogue) -> None:
    def url(name: str) -> str:
        row = catalogue.named(name)
        assert row is not None
        return source_url(row)

    assert url("A2A-SEND-05") == "https://a2a-protocol.org/latest/specification#311-send-message"
    assert url("A2A-CARD-18") == "https://a2a-protocol.org/v0.3.0/specification#561-main-url-and-preferred-transport"
    assert url("A2A-FLD-09") == "https://a2a-protocol.org/latest/definitions#agentcard"


def test_reasons_stand_only_on_binding_rows_of_agents(catalogue: Catalogue) -> None:
    reasoned = [row for row in catalogue.requirements.values() if row.protocol == "a2a" and row.reason]
    assert 0 < len(reasoned) <= 40
    assert all(row.binding and row.role in ("server", "both") for row in reasoned)
    assert all(row.testable.value in ("wire", "discover", "fixture") for row in reasoned)


def test_files_are_small_and_named_after_their_topic(catalogue: Catalogue) -> None:
    files = sorted((shelf("conformance") / "a2a" / "requirements").glob("*.yaml"))
    assert {path.stem for path in files} == {
        row.topic for row in catalogue.requirements.values() if row.protocol == "a2a"
    }
    for path in files:
        text = path.read_text(encoding="utf-8").splitlines()
        assert len(text) <= 500, path
        assert max(map(len, text)) <= 160, path


@pytest.mark.parametrize("name", ["A2A-SEND-05", "a2a-send-05", "a2a.send.response-one-of"])
def test_explain_takes_new_and_old_ids(name: str) -> None:
    done = CliRunner().invoke(explain, [name])
    assert done.exit_code == 0
    assert "a2a.send.response-one-of" in done.output
    assert "formerly     A2A-SEND-05" in done.output


def test_explain_finds_the_nearest_of_all_protocols() -> None:
    done = CliRunner().invoke(explain, ["a2a.sned.terminal-task"])
    assert done.exit_code != 0
    assert "did you mean a2a.send.terminal-task" in getattr(done.exception, "hint", "")


def test_the_schema_rows_name_what_exists(catalogue: Catalogue) -> None:
    entries, _ = read_yaml(shelf("conformance") / "a2a" / "schema-rows.yaml")
    operations = set(schemas_of("a2a", "1.0").methods)
    for entry in entries:
        assert set(entry) <= {"row", "in", "method", "at", "definition", "when", "having", "lacking"}, entry
        assert entry["in"] in ("card", "result", "event", "error"), entry
        row = catalogue.requirements[entry["row"]]
        known = [one.id for one in catalogue.revisions if catalogue.covers(row, one.id)]
        assert all(schemas_of("a2a", name).has(entry["definition"]) for name in known), entry
        assert entry["method"] == ["*"] or set(entry["method"]) <= operations, entry


def test_required_members_of_what_an_agent_sends_are_judged(catalogue: Catalogue) -> None:
    entries, _ = read_yaml(shelf("conformance") / "a2a" / "schema-rows.yaml")
    judged = {entry["row"] for entry in entries}
    fields = {name for name, row in catalogue.requirements.items() if ".fields-" in name and row.role != "client"}
    assert fields <= judged
