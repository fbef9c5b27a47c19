"""The cost of change that ARCHITECTURE.md promises, tried in temporary copies of the data."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from wireproof.api import run
from wireproof.engine.plan import Selection
from wireproof.engine.run import Options, load_suite
from wireproof.library import catalogue, exchanges, schemas, shelf
from wireproof.model.target import Target
from wireproof.model.verdict import Verdict

FUTURE = "2099-01-01"


def agreeable(
    read_line: Callable[[], bytes | None], write_line: Callable[[bytes], None], _: Callable[[bytes], None]
) -> None:
    """Speaks whatever revision it is asked for, answers ping, knows nothing else."""
    while (line := read_line()) is not None:
        try:
            message = json.loads(line)
        except ValueError:
            continue
        if not isinstance(message, dict) or "id" not in message:
            continue
        if message.get("method") == "initialize":
            version = message["params"]["protocolVersion"]
            body = {
                "result": {"protocolVersion": version, "capabilities": {}, "serverInfo": {"name": "a", "version": "1"}}
            }
        elif message.get("method") == "ping":
            body = {"result": {}}
        else:
            body = {"error": {"code": -32601, "message": "Method not found"}}
        write_line(json.dumps({"jsonrpc": "2.0", "id": message["id"], **body}).encode() + b"\n")


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of conformance/ and schemas/ that the library reads instead of ours."""
    for kind in ("conformance", "schemas"):
        shutil.copytree(shelf.shelf(kind), tmp_path / kind)
    for module in (catalogue, exchanges, schemas):
        monkeypatch.setattr(module, "shelf", lambda kind: tmp_path / kind)
    caches = (catalogue.load_catalogue, schemas.schemas_of)
    for one in caches:
        one.cache_clear()
    yield tmp_path
    monkeypatch.undo()
    for one in caches:
        one.cache_clear()


def test_a_new_revision_is_one_row_and_one_schema_file(data: Path) -> None:
    table = data / "conformance" / "mcp" / "revisions.yaml"
    row = (
        f"\n- id: {FUTURE}\n  order: 9\n  date: {FUTURE}\n  era: legacy\n  schema: {FUTURE}.schema.json\n  page: specification/{FUTURE}\n"
        "  traits:\n    client_capabilities: {}\n"
    )
    table.write_text(table.read_text(encoding="utf-8").rstrip() + row, encoding="utf-8")
    folder = data / "schemas" / "mcp"
    document = json.loads((folder / "2025-11-25.schema.json").read_text(encoding="utf-8"))
    document["$id"] = f"urn:wireproof:mcp:{FUTURE}"
    (folder / f"{FUTURE}.schema.json").write_text(json.dumps(document), encoding="utf-8")
    report = run(
        Target(serve=agreeable, timeout=1.0),
        options=Options(selection=Selection(revisions=(FUTURE,), select=("mcp.base",))),
        suite=load_suite(),
    )
    (lane,) = report.lanes
    assert lane.revision == FUTURE
    verdicts = {row.requirement.id: row.verdict for row in lane.rows}
    assert verdicts["mcp.base.jsonrpc"] is Verdict.PASSED


def test_an_exchange_for_a_known_requirement_is_one_file(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        """
topic: ping
exchanges:
- id: mine.ping.with-params
  title: ping with empty params is answered
  until: "2025-11-25"
  steps:
  - request: ping
    params: {}
  - expect: {schema: {"type": "object", "required": ["result"]}}
    about: [mcp.ping.respond]
""",
        encoding="utf-8",
    )
    options = Options(
        selection=Selection(revisions=("2025-11-25",), exchanges=("mine.ping.with-params",)), exchanges=(tmp_path,)
    )
    report = run(Target(serve=agreeable, timeout=1.0), options=options)
    (lane,) = report.lanes
    found = [one for row in lane.rows for one in row.findings if one.exchange == "mine.ping.with-params"]
    assert {one.verdict for one in found} == {Verdict.PASSED}
    assert "mcp.ping.respond" in {one.requirement for one in found}
