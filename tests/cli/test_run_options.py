"""The options of `wireproof run`: what they do, and what is said when they cannot be meant."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.calling import journal_lines, no_child_is_left, records, validator, wireproof
from tests.engine.bad_web import fixed, reply, web
from wireproof.cli.target import call_policy
from wireproof.library.catalogue import load_catalogue
from wireproof.model.catalogue import Level
from wireproof.model.errors import UsageError
from wireproof.model.events import Judged, RunFinished, RunStarted
from wireproof.model.verdict import Finding, Verdict
from wireproof.report.journal import KEEP, KEEP_UNANSWERED, UNANSWERED, JournalWriter

ROOT = Path(__file__).resolve().parents[2]
PEER = (sys.executable, str(ROOT / "fixtures"), "mcp", "stdio")
BAD = (sys.executable, "-S", "-E", str(ROOT / "tests" / "engine" / "bad_server.py"))
FEW = ("--revision", "2025-11-25", "--select", "mcp.ping")
BEGUN = RunStarted(
    versions={}, suite={"protocol": "mcp"}, target={"name": "t"}, seed=1, started_at="2026-01-01T00:00:00+00:00"
)


def play(tmp_path: Path, *words: str) -> Any:
    return wireproof("run", "--timeout", "2", "--journal", str(tmp_path / "journal.jsonl"), *words)


REFUSED = {
    "no target": ((), "no target is given", "wireproof run -- python server.py"),
    "revision": (
        ("--revision", "2025-11-26", "--", "true"),
        "no revision is called '2025-11-26'",
        "did you mean 2025-11-25",
    ),
    "select": (("--select", "mcp.pign", "--", "true"), "no requirement is called 'mcp.pign'", "mcp.ping"),
    "ignore": (("--ignore", "mpc", "--", "true"), "no requirement is called 'mpc'", "mcp"),
    "exchange": (("--exchange", "mcp.ping.answerd", "--", "true"), "no exchange is called", "mcp.ping.answered"),
    "transport": (("--transport", "http", "--", "true"), "a command cannot be played over http", "stdio"),
    "url transport": (
        ("--transport", "stdio", "http://127.0.0.1:1/"),
        "a URL cannot be played over stdio",
        "http or sse",
    ),
    "header form": (("--header", "novalue", "http://127.0.0.1:1/"), "is not 'Name: value'", ""),
    "header name": (("--header", "a b: c", "http://127.0.0.1:1/"), "no name of an HTTP header", ""),
    "header value": (("--header", "a: b\nc: d", "http://127.0.0.1:1/"), "line break", ""),
    "header of a command": (("--header", "a: b", "--", "true"), "--header is for URLs", "--env"),
    "header-env": (("--header-env", "A=NO_SUCH_VARIABLE_HERE", "http://127.0.0.1:1/"), "is not set", "export"),
    "token-env": (
        ("--token-env", "wide=PATH", "http://127.0.0.1:1/"),
        "knows no token 'wide'",
        "foreign, narrow, second",
    ),
    "env": (
        ("--env", "WIREPROOF_UNSET", "--", "true"),
        "the environment has no such variable",
        "--env WIREPROOF_UNSET=VALUE",
    ),
    "nameless env": (("--env", "=B", "--", "true"), "is not NAME=VALUE", ""),
    "prompt": (("--prompt", "x", "--", "true"), "is no name with a JSON object of strings", "x={"),
    "template": (
        ("--template", 'a://{x}={"x":1}', "--", "true"),
        "is no name with a JSON object of strings",
        "a://{x}={",
    ),
    "cert": (("--cert", "a.pem", "https://127.0.0.1:1/"), "is not CERT.pem,KEY.pem", ""),
    "cert files": (("--cert", "no.pem,such.pem", "https://127.0.0.1:1/"), "no such file", ""),
    "call": (("--call", "add={1}", "--", "true"), "the arguments are not JSON", "--call 'add="),
    "call object": (("--call", "add=[1]", "--", "true"), "must be a JSON object", ""),
    "output": (("-o", "jason:x", "--", "true"), "is not FORMAT:FILE", "did you mean json:FILE?"),
    "scheme": (("--transport", "http", "ftp://127.0.0.1/"), "cannot be played over http", ""),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_meant_is_refused_before_anything_starts(case: str, tmp_path: Path) -> None:
    words, message, hint = REFUSED[case]
    called = play(tmp_path, *words)
    assert called.code == 2
    assert message in called.err
    assert hint in called.err.partition("hint: ")[2]
    assert not (tmp_path / "journal.jsonl").exists()


FILES = {
    "grammar": (
        "topic: x\nexchanges:\n- id: my.one\n  title: t\n  steps:\n  - requests: ping\n",
        6,
        "unknown member 'requests'",
        "request",
    ),
    "yaml": ("topic: x\nexchanges: [\n", 3, "", ""),
    "twice": ("topic: x\ntopic: y\n", 2, "a second time", "first in line 1"),
    "anchor": ("topic: &a x\n", 1, "an anchor", "write the value out"),
    "row": (
        "topic: x\nexchanges:\n- id: my.one\n  title: t\n  steps:\n  - request: ping\n  - expect: {match: {}}\n    about: [mcp.ping.respont]\n",
        3,
        "no requirement is called 'mcp.ping.respont'",
        "mcp.ping.respond",
    ),
    "type": ("topic: 7\nexchanges: []\n", 1, "should be string, is integer 7", ""),
}


@pytest.mark.parametrize("case", FILES)
def test_a_bad_exchange_file(case: str, tmp_path: Path) -> None:
    text, line, message, hint = FILES[case]
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    called = play(tmp_path, "--exchanges", str(path), "--", "true")
    assert called.code == 2
    assert f"{path}:{line}: " in called.err
    assert message in called.err
    assert hint in called.err


def test_an_unreadable_exchange_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(b"topic: x\ntitle: \xff\n")
    called = play(tmp_path, "--exchanges", str(path), "--", "true")
    assert (called.code, f"{path}:2: is not UTF-8" in called.err) == (2, True)
    assert play(tmp_path, "--exchanges", str(tmp_path / "none.yaml"), "--", "true").code == 2


def test_select_ignore_and_level(tmp_path: Path) -> None:
    out = tmp_path / "report.json"
    words = (
        "--revision",
        "2025-11-25",
        "--select",
        "mcp.ping",
        "--select",
        "mcp.lifecycle",
        "--ignore",
        "mcp.ping.log",
        "--level",
        "MUST",
    )
    called = play(tmp_path, *words, "-o", f"json:{out}", "--", *PEER)
    assert called.code == 0, called.out
    value = json.loads(out.read_text(encoding="utf-8"))
    assert [error.message for error in validator("report").iter_errors(value)] == []
    (run,) = value["runs"]
    names = {one["id"] for one in run["requirements"]}
    assert names
    assert all(name.startswith(("mcp.ping.", "mcp.lifecycle.")) for name in names)
    assert "mcp.ping.log" not in names
    assert {one["level"].split()[0] for one in run["requirements"]} == {"MUST"}
    assert journal_lines(tmp_path / "journal.jsonl")


def test_strict_lets_a_should_fail_the_run(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    should = next(one.id for one in load_catalogue().requirements.values() if one.level is Level.SHOULD)
    finding = Finding(requirement=should, verdict=Verdict.FAILED, why="it did not", check="c", fingerprint="0" * 12)
    with JournalWriter(journal) as write:
        write(BEGUN)
        write(Judged(protocol="mcp", revision="2025-11-25", transport="stdio", findings=(finding,)))
        write(RunFinished(duration_s=1.0))
    plain, strict = wireproof("report", str(journal)), wireproof("report", "--strict", str(journal))
    assert (plain.code, strict.code) == (0, 1)
    assert "(does not fail the run)" in plain.out
    assert "(does not fail the run)" not in strict.out


def test_a_journal_renders_again_as_it_was(tmp_path: Path) -> None:
    called = play(tmp_path, *FEW, "--", *PEER)
    again = wireproof("report", str(tmp_path / "journal.jsonl"))
    assert (again.out, again.code) == (called.out, called.code)
    as_json = wireproof("report", "-f", "json", str(tmp_path / "journal.jsonl"))
    assert [error.message for error in validator("report").iter_errors(json.loads(as_json.out))] == []


def test_env_and_cwd_reach_the_command(tmp_path: Path) -> None:
    code = "import os,sys; sys.stderr.write(os.environ['MINE'] + ' in ' + os.getcwd() + '\\n'); sys.exit(5)"
    called = play(tmp_path, *FEW, "--env", "MINE=here", "--cwd", str(tmp_path), "--", sys.executable, "-c", code)
    assert called.code == 2
    assert f"here in {tmp_path}" in called.err


def test_an_environment_value_is_not_written_down(tmp_path: Path) -> None:
    play(tmp_path, *FEW, "--env", "MINE=very-private-value", "--startup-wait", "0.5", "--", *BAD, "silent")
    assert "very-private-value" not in (tmp_path / "journal.jsonl").read_text(encoding="utf-8")


CONFIGURATION = {
    "mcpServers": {"one": {"command": BAD[0], "args": [*BAD[1:], "exits"]}, "two": {"url": "http://127.0.0.1:1/"}}
}


def test_from_a_clients_configuration(tmp_path: Path) -> None:
    path = tmp_path / "mcp.json"
    path.write_text(json.dumps(CONFIGURATION), encoding="utf-8")
    assert "'one' exited (code 3)" in play(tmp_path, *FEW, "--from", str(path), "one").err
    assert "refused" in play(tmp_path, *FEW, "--from", str(path), "two").err
    several = play(tmp_path, "--from", str(path))
    assert (several.code, "name one" in several.err, "one, two" in several.err) == (2, True, True)
    assert "it has one, two" in play(tmp_path, "--from", str(path), "three").err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", ":1: is not JSON"),
        ("[]", "holds no `mcpServers`"),
        ('{"mcpServers": {}}', "holds no `mcpServers`"),
        ('{"mcpServers": {"a": 1}}', "should be an object"),
        ('{"mcpServers": {"a": {}}}', "neither `command` nor `url`"),
        ('{"mcpServers": {"a": {"command": "x", "args": "y"}}}', "`args` should be an array"),
        ('{"mcpServers": {"a": {"command": "x", "env": {"A": 1}}}}', "`env` should be"),
        ('{"mcpServers": {"a": {"url": 1}}}', "`url` should be a string"),
    ],
)
def test_a_bad_configuration(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "mcp.json"
    path.write_text(text, encoding="utf-8")
    called = play(tmp_path, "--from", str(path))
    assert called.code == 2
    assert message in called.err


def test_calls_are_read() -> None:
    policy = call_policy(["a", 'b={"x": 1}', 'b={"x": "="}'], read_only=True, everything=False)
    assert policy.named == {"a": (), "b": ({"x": 1}, {"x": "="})}
    assert policy.read_only
    with pytest.raises(UsageError):
        call_policy(["={}"], read_only=False, everything=False)


def test_what_the_user_gives_is_used_and_its_refusal_is_told(tmp_path: Path) -> None:
    words = (
        *("--revision", "2025-11-25", "--select", "mcp.schema", "--select", "jsonrpc"),
        *("--call", 'add={"a": "no number", "b": 2}', "--call", 'add={"a": 20, "b": 22}'),
        *("--prompt", 'test_prompt_with_arguments={"arg1": "eins", "arg2": "zwei"}'),
        *("--template", 'test://template/{id}/data={"id": "no/such"}', "--", *PEER),
    )
    called = play(tmp_path, *words)
    assert called.code == 0
    remarks = " ".join(called.out.partition("Remarks")[2].split())
    assert 'your own arguments for "add" gave an error' in remarks
    assert "resources/read with your own values gave an error" in remarks
    sent = (tmp_path / "journal.jsonl").read_text(encoding="utf-8").replace("\\", "")
    assert '"arguments":{"a":20,"b":22}' in sent
    assert '"arguments":{"arg1":"eins","arg2":"zwei"}' in sent
    assert '"uri":"test://template/no%2Fsuch/data"' in sent


def test_a_fingerprint_is_explained(tmp_path: Path) -> None:
    play(tmp_path, "--revision", "2025-11-25", "--select", "mcp.base", "--", *PEER, "--sin", "response-id-retyped")
    journal = tmp_path / "journal.jsonl"
    found = re.findall(r"fingerprints? ([0-9a-f]{12})", wireproof("report", str(journal)).out)
    explained = wireproof("explain", found[0], "--journal", str(journal))
    assert explained.code == 0
    assert f"fingerprint {found[0]}" in explained.out
    assert "faulty peer  response-id-retyped" in explained.out
    unknown = wireproof("explain", "0123456789ab", "--journal", str(journal))
    assert (unknown.code, "looked into 1 journal" in unknown.err) == (2, True)


def test_called_tools_are_named_first_and_once(tmp_path: Path) -> None:
    called = play(tmp_path, "--select", "mcp.tools.validate-inputs", "--call", "add", "--", *PEER)
    words = " ".join(called.err.split())
    assert re.search(r"\d tools? will be called, in one revision or more: ", words)
    assert len(re.findall(r"\badd\b", words)) == 1
    assert "called" not in play(tmp_path, "--select", "mcp.ping", "--", *PEER).err


def test_headers_reach_the_server_and_their_secrets_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WIREPROOF_TEST_KEY", "s3cret-from-the-environment")
    heard: list[bytes] = []

    def serve(connection: Any, request: bytes) -> None:
        heard.append(request)
        fixed(reply("404 Not Found"))(connection, request)

    with web(serve) as url:
        plain = ("--header", "X-Api-Key: s3cret-in-the-shell", "--header", "X-Plain: plain")
        play(tmp_path, *FEW, *plain, "--header-env", "X-Other=WIREPROOF_TEST_KEY", url)
    assert b"X-Api-Key: s3cret-in-the-shell\r\n" in heard[0]
    assert b"X-Other: s3cret-from-the-environment\r\n" in heard[0]
    text = (tmp_path / "journal.jsonl").read_text(encoding="utf-8")
    assert "s3cret" not in text
    assert "plain" in text


def test_fail_fast_stops_and_still_reports(tmp_path: Path) -> None:
    words = ("--revision", "2025-11-25", "--", *PEER, "--sin", "response-id-retyped")
    called = play(tmp_path, "--fail-fast", *words)
    assert called.code == 1
    assert "stopped at the first broken MUST: " in called.out
    assert no_child_is_left()
    lines = journal_lines(tmp_path / "journal.jsonl")
    played = {one["span"] for one in lines if one.get("event") == "exchange-played"}
    planned = next(one["exchanges"] for one in lines if one.get("event") == "planned")
    assert len(played) < len(planned) / 2
    assert any(one["purpose"] == "confirm" for one in lines if one.get("event") == "transcript-opened")


def test_an_output_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    called = play(tmp_path, *FEW, "-o", f"json:{tmp_path}/file/report.json", "--", *PEER)
    assert called.code == 2
    assert "report.json: cannot be written: what should be its folder is a file" in called.err
    assert "passed" in called.out  # the report is not lost


def test_the_default_journal_is_kept_beside_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    wireproof("run", *FEW, "--timeout", "2", "--", *PEER)
    (journal,) = (tmp_path / ".wireproof" / "runs").glob("*/journal.jsonl")
    assert list(records(journal))
    assert (tmp_path / ".wireproof" / ".gitignore").read_text(encoding="utf-8") == "*\n"
    assert str(os.path.relpath(journal)) in wireproof("report", os.path.relpath(journal)).out


def test_runs_in_which_nothing_answered_push_no_other_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    runs = tmp_path / ".wireproof" / "runs"
    for number in range(KEEP - 1):
        (runs / f"20200101T0000{number:02}Z").mkdir(parents=True)
    wireproof("run", *FEW, "--timeout", "2", "--", *PEER)
    good = sorted(one.name for one in runs.iterdir())
    assert len(good) == KEEP
    for _ in range(KEEP_UNANSWERED + 1):
        failed = wireproof("run", *FEW, "--", *BAD, "exits")
        assert failed.code == 2
        assert re.findall(r"journal: (\S+)", failed.err) == [_newest(UNANSWERED)]
    left = sorted(one.name for one in runs.iterdir())
    assert [one for one in left if not one.endswith(UNANSWERED)] == good
    assert len(left) == KEEP + KEEP_UNANSWERED
    wireproof("run", *FEW, "--timeout", "2", "--", *PEER)
    assert good[0] not in [one.name for one in runs.iterdir()]


def _newest(ending: str) -> str:
    """The journal, relative to the working directory, of the run that was made last."""
    every = (Path(".wireproof") / "runs").glob(f"*{ending}/journal.jsonl")
    return str(max(every, key=lambda one: one.stat().st_mtime_ns))


def test_a_journal_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".wireproof").write_text("", encoding="utf-8")
    full = [("--journal", "/dev/full")] if Path("/dev/full").exists() else []
    for words in ((), ("--journal", ".wireproof/journal.jsonl"), *full):
        called = wireproof("run", *FEW, *words, "--", *PEER)
        assert called.code == 2
        assert "the journal cannot be written" in called.err
        assert "--journal FILE" in called.err


def test_what_is_no_journal_is_said_and_a_runs_folder_will_do(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    assert f"{journal}: the journal cannot be read: No such file" in wireproof("report", str(journal)).err
    journal.write_text("# not one\n", encoding="utf-8")
    assert "this is no journal of a run" in wireproof("report", str(journal)).err
    assert wireproof("report", str(journal)).code == 2
    with JournalWriter(journal) as write:
        write(BEGUN)
        write(Judged(protocol="mcp", revision="2025-11-25", transport="stdio", findings=()))
    cut = wireproof("report", str(tmp_path))
    assert "future" not in cut.err
    ahead = journal.read_text(encoding="utf-8").replace("2026-01-01T", "2999-01-01T")
    journal.write_text(ahead, encoding="utf-8")
    assert "began in the future" in wireproof("report", str(tmp_path)).err
    assert cut.out.startswith("wireproof")
    assert (cut.code, "the journal ends before its run did" in cut.out) == (130, True)
    with JournalWriter(journal) as write:
        write(Judged(protocol="mcp", revision="2025-11-25", transport="stdio", findings=()))
    torn = wireproof("report", str(tmp_path))
    assert (torn.code, "ends before it says what was played" in torn.err) == (2, True)


def test_a_beginning_of_ids_is_explained_by_what_begins_so() -> None:
    called = wireproof("explain", "mcp.ping")
    assert (called.code, "mcp.ping.respond" in called.err, "begin so" in called.err) == (2, True, True)
