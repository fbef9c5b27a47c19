"""A2A over gRPC from end to end: the reference agent on every version, and what is recorded of it."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

import wireproof
from tests.transports.servers import self_signed
from wireproof.engine.plan import Selection
from wireproof.engine.rejudge import changes, gather, rejudge
from wireproof.engine.run import Options, load_suite
from wireproof.library.shelf import load_fixtures
from wireproof.model.errors import TargetUnreachable
from wireproof.model.events import Recorded
from wireproof.model.target import CallPolicy, Target
from wireproof.model.verdict import Verdict
from wireproof.protocols.a2a import rpc
from wireproof.protocols.a2a.rpc import place
from wireproof.report.journal import read_journal
from wireproof.report.reproducer import reproducer


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


def play(url: str, journal: Path | None = None, **selection: Any) -> wireproof.Report:
    target = Target(name="reference", url=url, timeout=3.0, calls=CallPolicy(profile="fixture"))
    options = Options(protocol="a2a", selection=Selection(transports=("grpc",), **selection))
    return wireproof.run(target, options=options, journal=journal)


def test_both_versions_are_played_and_judged_again_alike(agent: Any, tmp_path: Path) -> None:
    report = play(agent.url, tmp_path / "journal.jsonl")
    assert {(lane.revision, lane.transport) for lane in report.lanes} == {("1.0", "grpc"), ("0.3", "grpc")}
    assert [(lane.revision, row.requirement.id) for lane, row in report.failures] == []
    seen = gather(read_journal(tmp_path / "journal.jsonl"))
    assert changes(seen, rejudge(seen, load_suite("a2a"))) == []


def test_the_journal_keeps_what_was_said_and_its_bytes(agent: Any, tmp_path: Path) -> None:
    play(agent.url, tmp_path / "journal.jsonl", revisions=("1.0",), select=("a2a.get",))
    records = [one.record for one in read_journal(tmp_path / "journal.jsonl") if isinstance(one, Recorded)]
    calls = [one for one in records if one.meta.get("operation") == "GetTask"]
    assert calls
    for one in calls:
        assert one.message["id"].encode() in one.raw
        assert one.meta["target"].endswith("/lf.a2a.v1.A2AService/GetTask")
        assert ["a2a-version", "1.0"] in one.meta["headers"]


def test_without_the_extra_rows_say_that_it_is_not_installed(agent: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rpc, "available", lambda: False)
    target = Target(name="reference", url=agent.url, timeout=3.0, calls=CallPolicy(profile="fixture"))
    selection = Selection(revisions=("1.0",), transports=("rest", "grpc"), select=("a2a.get", "a2a.transport"))
    report = wireproof.run(target, options=Options(protocol="a2a", selection=selection))
    lanes = {lane.transport: lane for lane in report.lanes}
    row = next(row for row in lanes["grpc"].rows if row.requirement.id == "a2a.transport.grpc-form")
    assert row.verdict is Verdict.UNOBSERVED
    assert row.findings[0].why == "extra not installed: pip install 'wireproof[grpc]'"
    assert {row.verdict for row in lanes["grpc"].rows} <= {Verdict.UNOBSERVED, Verdict.NOT_APPLICABLE, Verdict.PASSED}
    assert report.exit_code() == 0


def test_an_agent_on_the_sdk_is_blamed_for_nothing_that_it_does_not_do() -> None:
    command = [sys.executable, str(Path(__file__).parent / "sdk_calls.py")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        url = process.stdout.readline().decode().strip()
        try:
            report = play(url)
        finally:
            process.stdin.close()
            process.wait(5)
    failures = {(lane.revision, row.requirement.id) for lane, row in report.failures}
    assert failures <= {
        ("1.0", "a2a.versioning.not-supported"),  # the SDK never reads the version of a call
        ("1.0", "a2a.versioning.grpc-metadata-validated"),
        ("0.3", "a2a.subscribe.grpc-finished-task.v03"),
        ("1.0", "a2a.caching.cache-control"),  # whoever serves the card says that
        ("1.0", "a2a.caching.etag"),
    }
    passed = {lane.revision: sum(row.verdict is Verdict.PASSED for row in lane.rows) for lane in report.lanes}
    assert passed["1.0"] > 80  # rows of JSON and of HTTP header fields do not apply
    assert passed["0.3"] > 15


def card_of(url: str) -> dict[str, Any]:
    """A card that names one gRPC interface."""
    return {
        "name": "Agent",
        "description": "Somewhere else",
        "version": "1.0.0",
        "supportedInterfaces": [{"url": url, "protocolBinding": "GRPC", "protocolVersion": "1.0"}],
        "capabilities": {},
        "defaultInputModes": ["text/plain"],
        "defaultOutputModes": ["text/plain"],
        "skills": [{"id": "a", "name": "A", "description": "A", "tags": ["a"]}],
    }


@pytest.fixture
def shown() -> Iterator[Any]:
    """Serves a card that can be set, and answers everything else as a plain web server does."""

    class Web(BaseHTTPRequestHandler):
        card: ClassVar[dict[str, Any]] = {}

        def do_GET(self) -> None:
            body = json.dumps(self.card).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Web)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def refusal(web: Any, url: str) -> str:
    web.RequestHandlerClass.card = card_of(url)
    with pytest.raises(TargetUnreachable) as told:
        play(f"http://127.0.0.1:{web.server_address[1]}", revisions=("1.0",))
    return told.value.message


def test_an_interface_that_leads_nowhere_is_told(shown: Any, agent: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    place = agent.agent.calls
    assert f"grpc://127.0.0.1:{port} takes no call: refused: " in refusal(shown, f"127.0.0.1:{port}")
    assert f"grpcs://{place} takes no call: tls: " in refusal(shown, f"https://{place}")
    web = f"127.0.0.1:{shown.server_address[1]}"
    assert f"grpc://{web} takes no call: http: what answers there speaks no gRPC" in refusal(shown, web)
    assert "its URL 'unix:/tmp/socket' on the card leads nowhere" in refusal(shown, "unix:/tmp/socket")
    assert "its URL 'agent.example' on the card leads nowhere" in refusal(shown, "agent.example")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes its certificate with openssl")
def test_an_agent_over_tls_is_played_with_its_certificate(shown: Any, tmp_path: Path) -> None:
    load_fixtures()
    from wireproof_fixtures.a2a.agent import Agent
    from wireproof_fixtures.a2a.grpcserver import Calls
    from wireproof_fixtures.a2a.routes import Routes

    cert, key = self_signed(tmp_path)
    agent = Agent(pace=0.1)
    calls = Calls(agent, Routes(agent), identity=(Path(key).read_bytes(), Path(cert).read_bytes()))
    agent.calls = calls.place
    shown.RequestHandlerClass.card = card_of(f"https://{calls.place}")
    try:
        selection = Selection(revisions=("1.0",), transports=("grpc",), select=("a2a.get", "a2a.transport"))
        url = f"http://127.0.0.1:{shown.server_address[1]}"
        report = wireproof.run(
            Target(name="tls", url=url, timeout=3.0, ca_file=cert), options=Options(protocol="a2a", selection=selection)
        )
    finally:
        agent.close()
        calls.close()
    verdicts = {row.requirement.id: row.verdict for lane in report.lanes for row in lane.rows}
    assert verdicts["a2a.transport.grpc-form"] is Verdict.PASSED
    assert report.exit_code() == 0


def test_a_call_is_played_again_by_curl(agent: Any, tmp_path: Path) -> None:
    play(agent.url, tmp_path / "journal.jsonl", revisions=("1.0",), select=("a2a.errors.grpc-status",))
    records = [one.record for one in read_journal(tmp_path / "journal.jsonl") if isinstance(one, Recorded)]
    mine = [one for one in records if one.meta.get("operation") == "GetTask"][:1]
    (command,) = reproducer({"url": agent.url}, [replace(mine[0], seq=0)], [0])
    assert command.startswith("printf '")
    if "HTTP2" not in subprocess.run(["curl", "--version"], capture_output=True, text=True, check=True).stdout:
        pytest.skip("this curl knows no HTTP/2")
    said = subprocess.run(["bash", "-c", command], capture_output=True, check=True).stdout
    assert b"grpc-status: 5" in said
