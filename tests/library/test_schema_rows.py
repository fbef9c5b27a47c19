"""The table that lays schema problems at rows: it names what exists, and misses no row that a server can break."""

from __future__ import annotations

from wireproof.engine.run import load_suite
from wireproof.library.schemas import schemas_of
from wireproof.model.catalogue import Basis

KINDS = {"result", "error", "request", "notification", "batch-request", "batch-response"}
KEYS = {
    "row", "in", "method", "at", "definition", "when", "having", "lacking", "lends", "ignores", "bare", "keeps", "whole",
}  # fmt: skip


def test_every_entry_names_what_exists() -> None:
    suite = load_suite()
    known = [schemas_of("mcp", one.id) for one in suite.catalogue.revisions]
    methods = {name for one in known for name in one.methods}
    for entry in suite.tables["schema-rows"]:
        assert set(entry) <= KEYS, entry
        assert entry["in"] in KINDS, entry
        assert entry["row"] in suite.catalogue.requirements, entry
        assert any(one.has(entry["definition"]) for one in known), entry
        assert entry["method"] == ["*"] or set(entry["method"]) <= methods, entry


def test_every_schema_row_that_a_server_can_break_is_judged() -> None:
    suite = load_suite()
    judged = {entry["row"] for entry in suite.tables["schema-rows"]}
    judged |= {row for one in suite.pack.checks for row in one.rows}
    owed = {
        row.id
        for row in suite.catalogue.requirements.values()
        if row.protocol == "mcp"
        and row.basis is Basis.SCHEMA
        and row.role in ("server", "both")
        and row.testable.value in ("wire", "discover")
    }
    assert owed <= judged
