"""A2A over gRPC from end to end: the reference agent on every version, and what is recorded of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import wireproof
from wireproof.engine.plan import Selection
from wireproof.engine.rejudge import changes, gather, rejudge
from wireproof.engine.run import Options, load_suite
from wireproof.library.shelf import load_fixtures
from wireproof.model.events import Recorded
from wireproof.model.target import CallPolicy, Target
from wireproof.protocols.a2a.rpc import place
from wireproof.report.journal import read_journal


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("127.0.0.1:50051", "grpc://127.0.0.1:50051"),
        ("localhost:50051", "grpc://localhost:50051"),
        ("[::1]:50051", "grpc://[::1]:50051"),
        ("agent.example:50051", "grpcs://agent.example:50051"),
        ("dns:///agent.example:443", "grpcs://agent.example:443"),
        ("grpc://agent.example:50051", "grpc://agent.example:50051"),
        ("grpcs://127.0.0.1:50051/", "grpcs://127.0.0.1:50051"),
        ("https://agent.example", "grpcs://agent.example:443"),
        ("http://127.0.0.1", "grpc://127.0.0.1:80"),
        ("agent.example", ""),
        ("unix:/tmp/socket", ""),
        ("ftp://agent.example:21", ""),
        ("127.0.0.1:99999", ""),
        ("https://[x", ""),
        ("", ""),
    ],
)
def test_every_way_of_writing_a_url_is_read(url: str, wanted: str) -> None:
    assert place(url) == wanted


@pytest.fixture(scope="module")
def agent() -> Iterator[Any]:
    load_fixtures()
    from wireproof_fixtures.a2a import serve_agent

    made = serve_agent(pace=0.1)
    yield made
    made.close()


def play(agent: Any, journal: Path | None = None, **selection: Any) -> wireproof.Report:
    target = Target(name="reference", url=agent.url, timeout=3.0, calls=CallPolicy(profile="fixture"))
    options = Options(protocol="a2a", selection=Selection(transports=("grpc",), **selection))
    return wireproof.run(target, options=options, journal=journal)


def test_both_versions_are_played_and_judged_again_alike(agent: Any, tmp_path: Path) -> None:
    report = play(agent, tmp_path / "journal.jsonl")
    assert {(lane.revision, lane.transport) for lane in report.lanes} == {("1.0", "grpc"), ("0.3", "grpc")}
    assert [(lane.revision, row.requirement.id) for lane, row in report.failures] == []
    seen = gather(read_journal(tmp_path / "journal.jsonl"))
    assert changes(seen, rejudge(seen, load_suite("a2a"))) == []


def test_the_journal_keeps_what_was_said_and_its_bytes(agent: Any, tmp_path: Path) -> None:
    play(agent, tmp_path / "journal.jsonl", revisions=("1.0",), select=("a2a.get",))
    records = [one.record for one in read_journal(tmp_path / "journal.jsonl") if isinstance(one, Recorded)]
    calls = [one for one in records if one.meta.get("operation") == "GetTask"]
    assert calls
    for one in calls:
        assert one.message["id"].encode() in one.raw
        assert one.meta["target"].endswith("/lf.a2a.v1.A2AService/GetTask")
        assert ["a2a-version", "1.0"] in one.meta["headers"]
