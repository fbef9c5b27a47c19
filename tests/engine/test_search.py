"""Search: what it finds, makes small and keeps; what it must not blame; how it ends."""

from __future__ import annotations

import importlib
import itertools
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import wireproof
from tests.engine.test_http import serving
from tests.transports.processes import gone
from wireproof.cli import job
from wireproof.engine.effort import Effort
from wireproof.engine.plan import Selection
from wireproof.engine.run import Options
from wireproof.library.exchanges import read_exchanges
from wireproof.library.shelf import load_fixtures
from wireproof.model.events import ExchangePlayed, Told
from wireproof.model.target import CallPolicy, Target
from wireproof.report.matrix import Report

REVISION = "2025-11-25"
NOTHING_SCRIPTED = ("-",)
ADD = CallPolicy(named={"add": ()}, profile="none")


def variant(**hooks: Any) -> Any:
    load_fixtures()
    return importlib.import_module("wireproof_fixtures.variant").Variant(
        name="tried", about="", statement="", settings={"only_tools": ("add",)}, **hooks
    )


def target_of(made: Any, calls: CallPolicy = ADD) -> Target:
    serve = importlib.import_module("wireproof_fixtures.mcp").serve_lines
    return Target(name="tried", serve=partial(serve, made), timeout=1.0, startup_wait=1.0, calls=calls)


def search(target: Target, *, seed: int = 0, **effort: Any) -> tuple[Report, list[Any]]:
    events: list[Any] = []
    options = Options(
        selection=Selection(revisions=(REVISION,), deciding=NOTHING_SCRIPTED),
        seed=seed,
        effort=Effort(**{"examples": 25, **effort}),
    )
    return wireproof.run(target, options=options, listen=events.append), events


def broken(report: Report) -> list[str]:
    return sorted(row.requirement.id for _, row in report.failures)


def rounded(call: Any, result: dict[str, Any]) -> dict[str, Any]:
    """The sum of what a double cannot hold comes as a text."""
    structured = result.get("structuredContent")
    if structured is None or abs(call.params["arguments"]["a"]) <= 2**53:
        return result
    sum_ = {"sum": str(structured["sum"])}
    return {"content": [{"type": "text", "text": json.dumps(sum_)}], "structuredContent": sum_}


def test_a_rare_value_is_found_made_small_and_kept(tmp_path: Path) -> None:
    target = target_of(variant(result=rounded))
    report, events = search(target, failures=tmp_path, examples=80, families=("call",))
    assert broken(report) == ["mcp.tools.output-conforms"]
    (path,) = tmp_path.iterdir()
    (kept,) = read_exchanges(path, protocol="mcp")
    assert kept.steps[0].params == {"name": "add", "arguments": {"a": 2**53 + 1, "b": 0}}  # type: ignore[union-attr]
    assert kept.since == kept.until == REVISION
    assert kept.id.endswith(f".{path.stem}")
    # Seen and confirmed in the open; nothing else of the search enters the journal.
    assert [one.exchange for one in events if isinstance(one, ExchangePlayed)].count(kept.id) == 2
    assert {one.exchange for one in events if isinstance(one, ExchangePlayed) and "generated" in one.exchange} == {
        kept.id
    }
    # Its file is an exchange like any other.
    chosen = Selection(revisions=(REVISION,), exchanges=(kept.id,))
    again = wireproof.run(target, options=Options(selection=chosen, exchanges=(path,)))
    assert broken(again) == ["mcp.tools.output-conforms"]
    lawful = wireproof.run(target_of(variant()), options=Options(selection=chosen, exchanges=(path,)))
    assert broken(lawful) == []


def test_the_same_seed_draws_the_same() -> None:
    def drawn(seed: int) -> list[bytes]:
        heard: list[bytes] = []

        def listen(line: bytes) -> bytes:
            if b"tools/call" in line:
                heard.append(line)
            return line

        search(
            target_of(variant(line_in=listen)), seed=seed, examples=10, families=("call", "bad-call", "conversation")
        )
        return heard

    first = drawn(7)
    assert len(first) > 10
    assert drawn(7) == first
    assert drawn(8) != first


def test_a_whim_is_no_failure() -> None:
    calls = iter(range(10**6))

    def moody(call: Any, result: dict[str, Any]) -> dict[str, Any]:
        return (
            {**result, "structuredContent": {}}
            if "structuredContent" in result and next(calls) % 211 == 210
            else result
        )

    report, events = search(target_of(variant(result=moody)), families=("call", "walk", "conversation"))
    assert broken(report) == []
    assert any(isinstance(one, Told) and one.level == "search" and "nothing broken" in one.text for one in events)


def test_only_what_may_be_called_is_called() -> None:
    called: set[str] = set()

    def watch(message: Any, session: Any) -> Any:
        if isinstance(message, dict) and message.get("method") == "tools/call":
            called.add(message["params"]["name"])
        return message

    load_fixtures()
    made = importlib.import_module("wireproof_fixtures.variant").Variant(
        name="watched", about="", statement="", message_in=watch
    )
    given = CallPolicy(named={"add": ({"a": 1, "b": 2},), "test_trigger_tool_change": ()}, profile="none")
    _, events = search(target_of(made, given), examples=5, budget=3.0)
    (told,) = [one.text for one in events if isinstance(one, Told) and "generated exchanges" in one.text]
    assert "test_trigger_tool_change" in told
    assert "test_simple_text" in called  # it says of itself that it only reads
    assert "test_trigger_prompt_change" not in called
    assert "add" not in called  # the user's own arguments for it, and no others
    bare = target_of(variant(), CallPolicy(named={"add": ({"a": 1, "b": 2},)}, profile="none"))
    _, events = search(bare, examples=2)
    (told,) = [one.text for one in events if isinstance(one, Told) and "generated exchanges" in one.text]
    assert "calls of" not in told


@pytest.mark.parametrize("revision", ["2024-11-05", "2025-11-25", "2026-07-28"])
def test_the_reference_peer_is_not_blamed(revision: str) -> None:
    load_fixtures()
    reference = importlib.import_module("wireproof_fixtures.variant").REFERENCE
    calls = CallPolicy(read_only=True, named={"add": (), "slow_compute": ()}, profile="none")
    options = Options(
        selection=Selection(revisions=(revision,), deciding=NOTHING_SCRIPTED),
        effort=Effort(examples=8, budget=3.0),
    )
    report = wireproof.run(target_of(reference, calls), options=options)
    assert broken(report) == []


@given(st.data())
@settings(max_examples=200, database=None)
def test_an_id_of_our_own_is_nobody_elses(data: st.DataObject) -> None:
    drawn = data.draw(importlib.import_module("wireproof.protocols.mcp.strategies.requests").ids())
    assert isinstance(drawn, str) or (
        isinstance(drawn, int) and not 0 < drawn < 100_000
    )  # those are counted by the binding


@pytest.mark.parametrize("many", [1, 2, 5])
def test_a_tour_leaves_no_three_out(many: int) -> None:
    tours = importlib.import_module("wireproof.protocols.mcp.strategies.walks").tours(many)
    met = [tuple(move.at for move in moves[at : at + 3]) for moves in tours for at in range(len(moves) - 2)]
    assert sorted(met) == sorted((a, b, c) for a in range(many) for b in range(many) for c in range(many))


def test_a_budget_is_kept() -> None:
    begun = time.monotonic()
    _, events = search(target_of(variant()), examples=100_000, budget=0.5)
    assert time.monotonic() - begun < 30.0  # not for 100,000 examples
    assert any(isinstance(one, Told) and "the time is over" in one.text for one in events)


BAD = """
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    if "id" not in asked:
        continue
    method, params = asked["method"], asked.get("params", {})
    answer = {"result": {}}
    if method == "initialize":
        info = {"name": "bad", "version": "1"}
        answer = {"result": {"protocolVersion": params["protocolVersion"], "capabilities": {"tools": {}}, "serverInfo": info}}
    elif method == "tools/list":
        schema = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
        hints = {"readOnlyHint": True, "openWorldHint": False}
        answer = {"result": {"tools": [{"name": "say", "inputSchema": schema, "annotations": hints}]}}
    elif method == "tools/call":
        text = params["arguments"].get("text", 0)
        answer = {"result": {"content": [{"type": "text", "text": text if len(str(text)) < 9 else None}]}}
    elif method != "ping":
        answer = {"error": {"code": -32601, "message": "no"}}
    print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], **answer}), flush=True)
"""


@pytest.fixture
def bad(tmp_path: Path) -> list[str]:
    (tmp_path / "bad.py").write_text(BAD)
    return [sys.executable, str(tmp_path / "bad.py")]


def wp(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "wireproof", *words]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=60)


def test_from_the_command_line_to_the_file_and_back(bad: list[str], tmp_path: Path) -> None:
    words = ("--select", "mcp.schema.server", "--revision", REVISION, "--depth", "quick", "--examples", "20")
    done = wp("run", *words, "--", *bad, cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    (path,) = (tmp_path / "wireproof-failures").iterdir()
    assert f"kept as wireproof-failures/{path.name}" in " ".join(done.stdout.split())
    assert "calls of say" in " ".join(done.stderr.split())
    again = wp("replay", f"wireproof-failures/{path.name}", "--", *bad, cwd=tmp_path)
    assert again.returncode == 1, again.stdout + again.stderr
    assert "✗ mcp.schema.server" in again.stdout
    shown = done.stdout.splitlines()
    (start,) = [place for place, one in enumerate(shown) if one.startswith("  shell")]
    said = subprocess.run(["bash", "-c", shown[start][8:]], capture_output=True, text=True, timeout=60)
    assert '"text": null' in said.stdout or '"text": 0' in said.stdout, said.stderr
    (line,) = {one.split("replay ")[1] for one in done.stdout.splitlines() if " replay " in one}
    played = subprocess.run(line.strip(), shell=True, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert played.returncode == 1, played.stderr


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_the_commands_for_http_show_it(tmp_path: Path) -> None:
    def as_text(call: Any, result: dict[str, Any]) -> dict[str, Any]:
        sum_ = {"sum": "much"}
        text = {"content": [{"type": "text", "text": json.dumps(sum_)}], "structuredContent": sum_}
        return text if "structuredContent" in result and call.params["arguments"]["a"] != 1 else result

    with serving(result=as_text, settings={"only_tools": ("add",)}) as peer:
        words = ("--revision", REVISION, "--select", "mcp.tools.output-conforms", "--call", "add")
        done = wp("run", *words, "--examples", "2", "--seed", "0", peer.url, cwd=tmp_path)
        assert done.returncode == 1, done.stdout + done.stderr
        shown = done.stdout.splitlines()
        (start,) = [place for place, one in enumerate(shown) if one.startswith("  shell")]
        lines = itertools.takewhile(lambda one: one.startswith("         "), shown[start + 1 :])
        script = "\n".join([shown[start][8:], *lines])
        said = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60)
    assert '"sum":"much"' in said.stdout.replace(" ", ""), script + said.stderr


def test_what_was_found_is_tried_first(tmp_path: Path) -> None:
    def rare(call: Any, result: dict[str, Any]) -> dict[str, Any]:
        wanted = "structuredContent" in result and call.params["arguments"]["a"] == 2**63 - 1
        return rounded(call, result) if wanted else result

    target = target_of(variant(result=rare))
    report, _ = search(target, earlier=tmp_path, examples=80, families=("call",))
    assert broken(report) == ["mcp.tools.output-conforms"]
    assert broken(search(target, examples=1, families=("call",))[0]) == []
    assert broken(search(target, examples=1, families=("call",), earlier=tmp_path)[0]) == ["mcp.tools.output-conforms"]


def test_nothing_is_remembered_under_ci_or_with_a_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"depth": "quick", "examples": None, "budget": None, "failures": Path("x"), "seed": None, "only": ()}
    monkeypatch.delenv("CI", raising=False)
    assert (made := job._effort(given)) is not None
    assert made.earlier == job.EARLIER
    assert made.told["earlier"] is True
    for more, environment in (({"seed": 0}, ""), ({}, "1")):
        monkeypatch.setenv("CI", environment)
        assert (made := job._effort({**given, **more})) is not None
        assert made.earlier is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "--depth", "bottomless", "--", "x"), "bottomless"),
        (("run", "--examples", "0", "--", "x"), "0 is not in the range"),
        (("run", "--time-budget", "-1", "--", "x"), "-1"),
        (("replay", "no.yaml", "--", "x"), "no.yaml"),
        (("replay", "empty.yaml", "--", "x"), "empty.yaml"),
        (("replay", "empty.yaml"), "which target?"),
        (("replay", "journal.jsonl"), "which exchange"),
    ],
)
def test_bad_input(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text("topic: x\nexchanges: []\n")
    done = wp(*words, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_ctrl_c_ends_it_within_a_second(bad: list[str], tmp_path: Path) -> None:
    words = ["run", "--select", "mcp.schema.base.cursor", "--revision", REVISION, "--depth", "thorough"]
    command = [sys.executable, "-m", "wireproof", *words, "--", *bad]
    running = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with running:
        for line in _lines(running.stderr.readline):  # type: ignore[union-attr]
            if "generated exchanges" in line:
                break
        time.sleep(0.5)
        begun = time.monotonic()
        children = _children(running.pid)
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=20)
        assert time.monotonic() - begun < 20.0  # a second when the machine has nothing else to do
    assert running.returncode == 130
    assert children, "the target was running"
    assert all(gone(one) for one in children)


def _children(parent: int) -> list[int]:
    """Processes that this one started."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True)
    pairs = [line.split() for line in listed.stdout.splitlines()]
    return [int(pid) for pid, ppid in pairs if int(ppid) == parent]


def _lines(read: Callable[[], str]) -> Iterator[str]:
    while line := read():
        yield line


def test_headers_that_disagree_with_the_body_are_to_be_refused() -> None:
    def only(name: str, *families: str) -> Report:
        serve = importlib.import_module("wireproof_fixtures.mcp").serve_http
        peer = serve(next(one for one in faults if one.name == name))
        try:
            target = Target(url=peer.url, timeout=1.0, calls=CallPolicy(read_only=True, profile="none"))
            chosen = Selection(revisions=("2026-07-28",), deciding=NOTHING_SCRIPTED)
            effort = Effort(examples=60, families=families)
            return wireproof.run(target, options=Options(selection=chosen, effort=effort))
        finally:
            peer.close()

    load_fixtures()
    reference = importlib.import_module("wireproof_fixtures.variant").REFERENCE
    faults = [reference, *importlib.import_module("wireproof_fixtures.faulty.mcp").SINS]
    assert broken(only("method-of-calls-unchecked", "header")) == ["mcp.http.validate.mismatch-rejected"]
    assert broken(only(reference.name, "header", "envelope")) == []
