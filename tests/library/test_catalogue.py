"""The catalogue: complete, lawful, and answering who owes what where."""

import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from wireproof.library import catalogue as module
from wireproof.library.catalogue import Catalogue, load_catalogue, read_requirements
from wireproof.library.shelf import shelf
from wireproof.model.catalogue import Basis, Level
from wireproof.model.errors import UsageError

ROWS = {"2024-11-05": 211, "2025-03-26": 329, "2025-06-18": 360, "2025-11-25": 617, "2026-07-28": 742}

EXTENSION = "tasks-extension"
"""Rows of an extension, which are not the specification's own and are counted apart."""

# per revision: MUST, MUST NOT, SHOULD, SHOULD NOT, MAY, then rows by schema and by prose
LEVELS = {
    "2024-11-05": (55, 12, 71, 2, 26, 37, 8),
    "2025-03-26": (110, 18, 98, 5, 48, 42, 8),
    "2025-06-18": (124, 22, 108, 5, 47, 43, 11),
    "2025-11-25": (240, 40, 178, 16, 78, 51, 14),
    "2026-07-28": (277, 78, 185, 22, 93, 56, 31),
}

# per revision: wire, discover, fixture, client, manual
TESTABLE = {
    "2024-11-05": (28, 50, 26, 40, 67),
    "2025-03-26": (40, 87, 38, 68, 96),
    "2025-06-18": (39, 93, 47, 82, 99),
    "2025-11-25": (42, 118, 136, 153, 168),
    "2026-07-28": (75, 148, 119, 220, 180),
}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


def test_every_row_is_there(catalogue: Catalogue) -> None:
    every = [row for row in catalogue.requirements.values() if row.protocol == "mcp"]
    assert sum(row.topic != EXTENSION for row in every) == 1000
    assert sum(row.topic == EXTENSION for row in every) == 26
    assert all(row.needs == ("extension:io.modelcontextprotocol/tasks",) for row in every if row.topic == EXTENSION)
    assert sum(name.startswith("jsonrpc.") for name in catalogue.requirements) >= 25
    assert sum(name.startswith("robust.") for name in catalogue.requirements) >= 25
    assert all(name == row.id for name, row in catalogue.requirements.items())


@pytest.mark.parametrize("revision", ROWS)
def test_counts_per_revision(catalogue: Catalogue, revision: str) -> None:
    every = [row for row in catalogue.requirements.values() if row.protocol == "mcp" and row.topic != EXTENSION]
    rows = [row for row in every if catalogue.covers(row, revision)]
    keyword = Counter(row.level.value for row in rows if row.basis is Basis.KEYWORD)
    basis = Counter(row.basis for row in rows)
    levels = (keyword["MUST"], keyword["MUST NOT"], keyword["SHOULD"], keyword["SHOULD NOT"], keyword["MAY"])
    testable = Counter(row.testable.value for row in rows)
    assert len(rows) == ROWS[revision]
    assert (*levels, basis[Basis.SCHEMA], basis[Basis.PROSE]) == LEVELS[revision]
    assert tuple(testable[name] for name in ("wire", "discover", "fixture", "client", "manual")) == TESTABLE[revision]


def test_basis_fixes_the_level(catalogue: Catalogue) -> None:
    for row in catalogue.requirements.values():
        if row.protocol == "mcp" and row.basis is Basis.SCHEMA:
            assert row.level is Level.MUST
        if row.protocol == "mcp" and row.basis is Basis.PROSE:
            # A sentence that only permits is mended to MAY, and says so.
            assert row.level is Level.SHOULD or (row.level is Level.MAY and row.erratum)
        if row.protocol == "common":  # no specification of the protocol asks for it; an RFC may
            assert row.level is Level.ADVICE or (row.level is Level.SHOULD and row.source.startswith("RFC"))


def test_revisions_are_ranked_by_the_table(catalogue: Catalogue) -> None:
    assert [one.id for one in catalogue.revisions] == list(ROWS)
    assert catalogue.newest.id == "2026-07-28"
    assert catalogue.order("2024-11-05") < catalogue.order("2026-07-28")
    assert catalogue.revision("2025-11-25").schema == "2025-11-25.schema.json"
    assert [one.era for one in catalogue.revisions] == ["legacy"] * 4 + ["modern"]
    with pytest.raises(UsageError, match="no revision"):
        catalogue.order("2025-11-26")


def test_what_is_in_force(catalogue: Catalogue) -> None:
    def ids(revision: str, role: str, transport: str) -> set[str]:
        return {row.id for row in catalogue.in_force(revision, role, transport)}

    stdio, http = ids("2025-11-25", "server", "stdio"), ids("2025-11-25", "server", "http")
    assert "mcp.stdio.stdout-clean" in stdio - http
    assert "mcp.http.get.stream-or-405" in http - stdio
    assert "mcp.base.response.id-echo" in stdio & http
    assert "mcp.base.response.id-echo" in ids("2025-11-25", "client", "stdio")
    assert "mcp.lifecycle.init-response" not in ids("2025-11-25", "client", "stdio")
    assert "mcp.lifecycle.init-response" not in ids("2026-07-28", "server", "stdio")
    assert ids("2025-11-25", "server", "memory") == stdio
    assert ids("2024-11-05", "server", "sse") == ids("2024-11-05", "server", "http")
    assert ids("2025-11-25", "server", "any") == stdio | http
    assert "jsonrpc.batch.each-answered" in ids("2025-03-26", "server", "stdio")
    assert "jsonrpc.batch.each-answered" not in ids("2025-06-18", "server", "stdio")
    assert all(
        row.role == "authorization-server" for row in catalogue.in_force("2026-07-28", "authorization-server", "http")
    )


def test_a_misspelt_id_finds_its_neighbours(catalogue: Catalogue) -> None:
    assert catalogue.nearest("mcp.base.responce.id-ecko")[0] == "mcp.base.response.id-echo"
    assert catalogue.nearest("zzz") == ()


def test_reasons_stand_only_on_binding_rows_of_servers(catalogue: Catalogue) -> None:
    reasoned = [row for row in catalogue.requirements.values() if row.reason]
    assert 0 < len(reasoned) < 40
    assert all(row.binding and row.role in ("server", "both") for row in reasoned)
    assert all(row.testable.value in ("wire", "discover", "fixture") for row in reasoned)


def test_files_are_small_and_named_after_their_topic() -> None:
    files = sorted((shelf("conformance") / "mcp" / "requirements").glob("*.yaml"))
    topics = {row.topic for row in load_catalogue().requirements.values() if row.protocol == "mcp"}
    assert {path.stem for path in files} == topics
    for path in files:
        text = path.read_text(encoding="utf-8").splitlines()
        assert len(text) <= 500, path
        assert max(map(len, text)) <= 160, path


def test_loading_is_quick() -> None:
    load_catalogue()
    times = []
    for _ in range(3):
        load_catalogue.cache_clear()
        begun = time.process_time()
        load_catalogue()
        times.append(time.process_time() - begun)
    assert min(times) < 0.25


def test_importing_the_catalogue_loads_no_validator() -> None:
    code = "import sys, wireproof.library.catalogue; print(sorted({'jsonschema', 'jsonschema_rs'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.strip() == "[]"


HEAD = "protocol: mcp\ntopic: t\npage: p\ndefaults: {testable: wire, grade: wire}\nrequirements:\n"


def read(tmp_path: Path, body: str, protocol: str = "mcp") -> list[tuple[object, str]]:
    path = tmp_path / "t.yaml"
    path.write_text(HEAD + body)
    return list(read_requirements(path, protocol, load_catalogue().revisions))


@pytest.mark.parametrize(
    ("body", "line", "words"),
    [
        ("- {id: a.b, level: MUST, title: x, since: 2025-01-01}\n", 6, "2025-01-01"),
        ("- {id: a.c, level: MUST, title: x}\n- {id: a.b, level: MUST, title: x, since: 2026-07-28, until: 2024-11-05}\n",
         7, "after"),
        ("- {id: a.b, level: MUST, title: x, needs: [teleport]}\n", 6, "teleport"),
        ('- {id: a.b, level: MUST, title: " "}\n', 6, "pattern"),
        ("- {id: a.b, level: MIGHT, title: x}\n", 6, "MIGHT"),
    ],
)  # fmt: skip
def test_the_lint_blames_the_line(tmp_path: Path, body: str, line: int, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(tmp_path, body)
    assert caught.value.where.endswith(f"t.yaml:{line}")
    assert words in caught.value.message


def test_ids_are_unique_across_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "mcp" / "requirements"
    folder.mkdir(parents=True)
    (tmp_path / "mcp" / "revisions.yaml").write_text(
        "protocol: mcp\nrevisions:\n- {id: '1', order: 1, date: 2020-01-31, era: legacy, schema: 1.schema.json, page: p}\n"
    )
    for name in ("a", "b"):
        (folder / f"{name}.yaml").write_text(HEAD + "- {id: x.y, level: MUST, title: x}\n")
    monkeypatch.setattr(module, "shelf", lambda kind: tmp_path)
    load_catalogue.cache_clear()
    try:
        with pytest.raises(UsageError, match="stands twice") as caught:
            load_catalogue()
    finally:
        load_catalogue.cache_clear()
    assert "a.yaml:6" in caught.value.hint
    assert caught.value.where.endswith("b.yaml:6")


def test_rows_for_certain_protocols_only(tmp_path: Path) -> None:
    body = "- {id: a.b, level: MUST, title: x, only: {mcp: {since: 2025-03-26, until: 2025-03-26}}}\n"
    ((row, _),) = read(tmp_path, body)
    assert (row.since, row.until) == ("2025-03-26", "2025-03-26")  # type: ignore[attr-defined]
    assert read(tmp_path, body, protocol="other") == []
