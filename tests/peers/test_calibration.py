"""docs/calibration.*: the page is what its data render to, everything named exists, and nothing unargued passes."""

from __future__ import annotations

import copy
import http.client
import re
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from wireproof.library.catalogue import load_catalogue
from wireproof.model.errors import UsageError

sys.path.insert(0, str(Path(__file__).resolve().parent))
import calibrate
import calibrate_a2a
import calibration
import calibration_page
import excerpt
import suite
from peerlist import load
from relay import parts, relaying


@pytest.fixture(scope="module")
def known() -> calibration.Calibration:
    return calibration.load()


@pytest.fixture(scope="module")
def seen() -> dict[str, Any]:
    return calibration.results()


def test_the_page_is_rendered_from_the_data(known: calibration.Calibration, seen: dict[str, Any]) -> None:
    assert calibration.PAGE.read_text(encoding="utf-8") == calibration_page.render(known, seen)


def test_every_scenario_has_its_entry_and_every_disagreement_its_argument(
    known: calibration.Calibration, seen: dict[str, Any]
) -> None:
    assert calibration.problems(known, seen) == []


def test_every_requirement_of_the_kit_has_its_entry_and_every_disagreement_its_argument() -> None:
    written, seen = calibrate_a2a.known(), calibrate_a2a.results()
    assert calibrate_a2a.problems(written, seen) == []
    rows = load_catalogue("a2a").requirements
    assert [row for named in written["requirements"].values() for row in named if row not in rows] == []


def test_what_the_kit_says_is_not_passed_over() -> None:
    written, seen = calibrate_a2a.known(), calibrate_a2a.results()
    unargued = calibrate_a2a.problems({**written, "arguments": written["arguments"][1:]}, seen)
    assert any("PUSH-CREATE-001, jsonrpc: the kit says fail, we say pass" in one for one in unargued)
    vain = {"requirements": ["CORE-GET-001"], "right": "both", "why": "."}
    told = calibrate_a2a.problems({**written, "arguments": [*written["arguments"], vain]}, seen)
    assert told == ["nothing needs the argument about CORE-GET-001"]
    del written["requirements"]["CORE-GET-001"]
    assert calibrate_a2a.problems(written, seen) == ["CORE-GET-001 has no entry"]


def test_the_results_are_those_of_the_pinned_versions(seen: dict[str, Any]) -> None:
    assert seen["suite"] == {"package": suite.PACKAGE, "version": suite.version()}
    pinned = {name: load().peer(name).version for name in calibrate.ORDINARY}
    assert {name: seen["targets"][name]["version"] for name in calibrate.ORDINARY} == pinned


def test_every_scenario_was_played_wherever_the_server_speaks_its_revision(seen: dict[str, Any]) -> None:
    peers = [calibrate.reference(), *(load().peer(name) for name in calibrate.ORDINARY)]
    wanted = {
        (peer.name, revision, name)
        for peer in peers
        for name, where in seen["listed"].items()
        for revision in where
        if revision in peer.revisions
    }
    played = {(one.target, one.revision, one.scenario) for one in calibration.cells(seen)}
    assert wanted <= played


def test_rows_and_revisions_named_exist(known: calibration.Calibration) -> None:
    assert calibration.unknown_rows(known) == []
    revisions = {one.id for one in load_catalogue().revisions}
    for argument in known.arguments.values():
        assert set(argument["scenarios"]) <= set(known.scenarios), argument["id"]
        assert set(argument.get("revisions", ())) <= revisions, argument["id"]
        assert set(argument.get("targets", ())) <= {calibration.REFERENCE, *calibrate.ORDINARY}, argument["id"]


def test_links_on_the_page_lead_somewhere() -> None:
    text = calibration.PAGE.read_text(encoding="utf-8")
    headings = {line[4:].lower().replace(" ", "-") for line in text.splitlines() if line.startswith("### ")}
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= headings


def test_what_is_missing_is_said(known: calibration.Calibration, seen: dict[str, Any]) -> None:
    scenarios = {name: one for name, one in known.scenarios.items() if name != "ping"}
    lacking = calibration.Calibration(scenarios=scenarios, arguments=known.arguments)
    assert calibration.problems(lacking, seen) == ["scenario without an entry: ping"]

    first = next(iter(known.arguments))
    silent = {name: one for name, one in known.arguments.items() if name != first}
    said = calibration.problems(calibration.Calibration(scenarios=known.scenarios, arguments=silent), seen)
    assert said
    assert all("has no argument" in one for one in said)

    twice = {**known.arguments, "again": {**known.arguments[first], "id": "again"}}
    said = calibration.problems(calibration.Calibration(scenarios=known.scenarios, arguments=twice), seen)
    assert said
    assert all("more than one argument" in one for one in said)

    idle = {**known.arguments, "idle": {**known.arguments[first], "id": "idle", "targets": ["nobody"]}}
    said = calibration.problems(calibration.Calibration(scenarios=known.scenarios, arguments=idle), seen)
    assert said == ["argument that no disagreement needs: idle"]

    wrong = {**known.scenarios, "ping": {**known.scenarios["ping"], "rows": ["mcp.no.such-row"]}}
    said = calibration.problems(calibration.Calibration(scenarios=wrong, arguments=known.arguments), seen)
    assert said == ["not a requirement of ours: mcp.no.such-row"]


def test_bytes_that_say_something_else_are_not_argued(known: calibration.Calibration, seen: dict[str, Any]) -> None:
    changed = copy.deepcopy(seen)
    lane = next(one for one in changed["lanes"] if (one["target"], one["revision"]) == ("mcp2", "2025-11-25"))
    lane["scenarios"]["tools-call-image"]["bytes"]["response"] = "HTTP/1.1 500"
    said = calibration.problems(known, changed)
    assert [one.split(":")[0] for one in said] == ["tools-call-image on mcp2 in 2025-11-25"]


def test_a_fault_of_the_reference_peer_that_both_see_is_said(
    known: calibration.Calibration, seen: dict[str, Any]
) -> None:
    changed = copy.deepcopy(seen)
    lane = next(one for one in changed["lanes"] if one["target"] == calibration.REFERENCE)
    name = next(iter(lane["scenarios"]))
    lane["scenarios"][name] |= {"theirs": "fail", "ours": "fail"}
    assert calibration.problems(known, changed) == [
        f"the reference peer breaks something, both say: {name} on reference in {lane['revision']}"
    ]


def test_the_file_is_held_to_its_schema(tmp_path: Path) -> None:
    file = tmp_path / "calibration.yaml"
    file.write_text("scenarios:\n- id: ping\n  asks: ping is answered\n  shows: ping\narguments: []\n")
    with pytest.raises(UsageError):
        calibration.load(file)  # neither rows nor outside


def test_verdicts_of_the_suite() -> None:
    def verdict(*statuses: tuple[str, str]) -> str:
        checks = tuple({"id": name, "status": status} for name, status in statuses)
        return suite.Played(name="one", checks=checks, exchanges=()).verdict

    assert verdict(("a", "SUCCESS"), ("b", "WARNING"), ("c", "FAILURE")) == "fail"
    assert verdict(("a", "SUCCESS"), ("b", "WARNING")) == "warn"
    assert verdict(("a", "SUCCESS"), ("b", "INFO")) == "pass"
    assert verdict(("a", "SKIPPED"), ("wire-schema-valid", "SUCCESS")) == "skip"
    assert verdict() == "fail"


class _Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])) + self.headers["Host"].encode()
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in (body[:3], body[3:], b""):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@pytest.fixture
def upstream() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), _Echo) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_the_relay_keeps_what_passes_and_hides_itself(upstream: int) -> None:
    with relaying(upstream) as relay:
        connection = http.client.HTTPConnection("127.0.0.1", relay.port, timeout=10)
        for word in ("first", "second"):
            connection.request("POST", "/mcp", body=word, headers={"Mcp-Method": word})
            assert connection.getresponse().read() == f"{word}127.0.0.1:{upstream}".encode()
        connection.close()
        texts = [excerpt.exchange_text(one) for one in relay.exchanges()]
    assert texts == [
        {
            "request": f"POST /mcp\nMcp-Method: {word}\n{word}",
            "response": f"HTTP/1.1 200\n{word}127.0.0.1:<port>",
        }
        for word in ("first", "second")
    ]


def test_messages_are_told_apart() -> None:
    sent = (
        b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nhiDELETE /mcp HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\n\r\n"
    )
    assert [(one.head.split()[0], one.body) for one in parts(sent, response=False)] == [
        (b"POST", b"hi"),
        (b"DELETE", b""),
        (b"GET", b""),
    ]
    came = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n\r\nuntil the end"
    assert [one.body for one in parts(came, response=True)] == [b"", b"until the end"]


def test_what_differs_from_run_to_run_is_not_shown() -> None:
    text = 'Mcp-Session-Id: 7f\nOrigin: http://127.0.0.1:41234\nid: 3-1\n{"requestState": "abc.def", "at": "2026-01-02T03:04:05.678Z"}'
    assert excerpt.tidy(text) == (
        "Mcp-Session-Id: <session>\nOrigin: http://127.0.0.1:<port>\nid: <event>\n"
        '{"requestState": "<state>", "at": "<time>"}'
    )
    assert excerpt.tidy("x" * 59 + " " + "y" * 500).endswith("<base64>")
    assert len(excerpt.tidy("a " * 500)) == excerpt.SHOWN + 4
