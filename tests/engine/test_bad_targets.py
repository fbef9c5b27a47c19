"""Bad targets: each ends in a clear message, a hint and the right exit code, in time, with nothing left behind and all of it in the journal."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.cli.calling import Called, journal_lines, no_child_is_left, records, wireproof
from tests.engine.bad_web import Serve, echoes, fixed, hangs, reply, stream, web

SERVER = Path(__file__).with_name("bad_server.py")
QUICK = ("--timeout", "0.4", "--startup-wait", "0.8", "--revision", "2025-11-25")
PATIENT = ("--timeout", "8", "--startup-wait", "8", "--revision", "2025-11-25")
"""For floods: their number ends them, not the clock, however slow the machine."""
LIMIT = 30.0
"""Seconds: deadlines and the stages of a shutdown, on a busy machine."""


def play(tmp_path: Path, *words: str, options: tuple[str, ...] = QUICK) -> Called:
    return wireproof("run", *options, "--journal", str(tmp_path / "journal.jsonl"), *words)


def bad(tmp_path: Path, habit: str, *more: str, options: tuple[str, ...] = QUICK) -> Called:
    command = (sys.executable, "-S", "-E", str(SERVER), habit, str(tmp_path / "pids"))
    return play(tmp_path, *more, "--", *command, options=options)


def check_end(tmp_path: Path, called: Called, *, code: int = 2) -> None:
    """What holds however a run ends."""
    assert called.code == code, called.err
    assert called.seconds < LIMIT
    assert no_child_is_left()
    pids = tmp_path / "pids"
    for pid in pids.read_text(encoding="ascii").split() if pids.exists() else ():
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid), 0)
    for text in (called.out, called.err):
        assert not {char for char in text if not char.isprintable()} - {"\n"}
    assert journal_lines(tmp_path / "journal.jsonl")[-1]["event"] == "run-finished"


def seen(tmp_path: Path, kind: str) -> list[str]:
    """The texts of the records of one kind that came from the target."""
    found = [one for one in records(tmp_path / "journal.jsonl") if one["kind"] == kind and one["way"] != "out"]
    return [" ".join(str(one.get(part, "")) for part in ("text", "fault", "base64", "meta")) for one in found]


COMMANDS = {
    "exits": ("exited (code 3) before it answered", "fatal: no \\x1b[31mdatabase", "stderr", "fatal: no"),
    "noise": ("writes to stdout what is no JSON-RPC message", "logs belong on stderr", "message", "Starting up ..."),
    "silent": ("did not answer within 0.8 s", "--startup-wait", "await", "dead"),
    "deaf": ("did not answer within 0.8 s", "--startup-wait", "exit", "SIGKILL"),
    "garbage": ("no JSON-RPC message", "\\xff\\xfe", "message", "not-utf8"),
    "json": ("nothing that answers a request", "is it an MCP server?", "message", '{"hello":"world"}'),
    "floods": ("floods its stdout", "wait to be spoken to", "fault", "flood"),
    "one-line": ("did not answer within 0.8 s", "--startup-wait", "fault", "frame-too-long"),
    "stderr": ("did not answer within 0.8 s", "--startup-wait", "stderr", "truncated"),
    "refuses": ("refuses every opening", "-32000 not \\x1b[31mtoday", "message", "today"),
    "other-revision": ("does not offer 2025-11-25", "--revision 2024-11-05", "message", "2024-11-05"),
    "unknown-revision": ("it answered with 1999-01-01", "no revision of this protocol", "message", "1999-01-01"),
}


@pytest.mark.parametrize("habit", COMMANDS)
def test_a_bad_command(habit: str, tmp_path: Path) -> None:
    message, hint, kind, text = COMMANDS[habit]
    called = bad(tmp_path, habit, options=PATIENT if habit == "floods" else QUICK)
    check_end(tmp_path, called)
    assert message in called.err
    assert f"hint: {hint}" in called.err or hint in called.err.partition("hint: ")[2]
    assert str(tmp_path / "journal.jsonl") in called.err
    assert any(text in one for one in seen(tmp_path, kind)), seen(tmp_path, kind)[:5]
    told = [line["text"] for line in journal_lines(tmp_path / "journal.jsonl") if line.get("level") == "unreachable"]
    assert len(told) == 1


@pytest.mark.parametrize(
    ("command", "message"), [("no-such-command-anywhere", "no such command"), (str(SERVER), "not executable")]
)
def test_a_command_that_cannot_be_started(command: str, message: str, tmp_path: Path) -> None:
    called = play(tmp_path, "--", command)
    check_end(tmp_path, called)
    assert message in called.err
    assert "hint: " in called.err


def test_a_mute_command_is_waited_for_once(tmp_path: Path) -> None:
    called = bad(tmp_path, "silent", options=("--timeout", "0.5", "--startup-wait", "2"))
    check_end(tmp_path, called)
    assert called.seconds < 10


HTML = b"<!doctype html><title>Welcome</title>"
URLS: dict[str, tuple[Serve, str, str, str, str]] = {
    "redirects": (
        fixed(reply("301 Moved Permanently", "Location: http://elsewhere.example/\x1b[31mmcp")),
        "redirects to http://elsewhere.example/",
        "give the final address",
        "head",
        "301",
    ),
    "html": (
        fixed(reply("200 OK", "Content-Type: text/html", body=HTML)),
        "with HTML",
        "/mcp or /sse",
        "message",
        "Welcome",
    ),
    "not-found": (fixed(reply("404 Not Found")), "no MCP endpoint", "try the path /mcp", "head", "404"),
    "too-many": (
        fixed(reply("429 Too Many Requests", "Retry-After: 1")),
        "too many requests",
        "--max-rps",
        "head",
        "429",
    ),
    "error": (
        fixed(reply("500 Oops", "Content-Type: text/plain", body=b"Traceback: boom")),
        "never as an MCP server would",
        "Traceback: boom",
        "message",
        "Traceback",
    ),
    "never-ends": (stream(b": still here\n\n", 0.1), "never ended", "until the deadline", "event", "still here"),
    "floods": (stream(b'data: {"a":1}\n\n' * 200, 0.0), "floods its answer", '{"a":1}', "fault", "flood"),
    "hangs": (hangs, "did not answer within 0.8 s", "--startup-wait", "end", "closed by us"),
    "no-web-server": (fixed(b"SSH-2.0-OpenSSH_9.9\r\n"), "/mcp: ", "web server", "fault", ":"),
    "cuts": (fixed(b""), "reset:", "is it a web server at all?", "fault", "reset:"),
}


@pytest.mark.parametrize("habit", URLS)
def test_a_bad_url(habit: str, tmp_path: Path) -> None:
    serve, message, hint, kind, text = URLS[habit]
    with web(serve) as url:
        called = play(tmp_path, url, options=PATIENT if habit == "floods" else QUICK)
    check_end(tmp_path, called)
    assert message in called.err
    assert hint in called.err.partition("hint: ")[2]
    assert any(text in one for one in seen(tmp_path, kind)), seen(tmp_path, kind)[:5]


def test_a_url_that_refuses(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: whoever connects is refused
        called = play(tmp_path, f"http://127.0.0.1:{taken.getsockname()[1]}/mcp")
    check_end(tmp_path, called)
    assert "refused" in called.err
    assert "hint: is the server running" in called.err
    assert any("refused" in one for one in seen(tmp_path, "fault"))


def test_a_url_that_wants_authorization(tmp_path: Path) -> None:
    with web(fixed(reply("401 Unauthorized", "WWW-Authenticate: Bearer"))) as url:
        called = play(tmp_path, url)
    check_end(tmp_path, called, code=called.code)
    assert called.code == 3  # a scheme of its own breaks a SHOULD, which does not count; nothing else could be judged
    assert "wants authorization" in called.err
    assert "--header-env Authorization=VARIABLE" in " ".join(called.err.split())
    assert any("401" in one for one in seen(tmp_path, "head"))


def test_an_echoed_secret_is_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = 'x/Y+z "quoted" \\ é 0123456789'
    monkeypatch.setenv("WIREPROOF_TEST_TOKEN", f"Bearer {secret}")
    with web(echoes) as url:
        called = play(tmp_path, "--header-env", "Authorization=WIREPROOF_TEST_TOKEN", url)
    check_end(tmp_path, called)
    text = (tmp_path / "journal.jsonl").read_text(encoding="utf-8")
    assert "[redacted]" in text
    for trace in ("0123456789", "quoted", "MDEyMzQ1Njc4", "AxMjM0NTY3", "wMTIzNDU2Nz", "u0030", "%22"):
        assert trace not in text
        assert trace not in called.err + called.out


def test_a_target_that_dies_now_and_then(tmp_path: Path) -> None:
    rows = ("mcp.ping", "mcp.lifecycle", "mcp.base", "robust.target.survives")
    called = bad(tmp_path, "dies", *(word for row in rows for word in ("--select", row)))
    check_end(tmp_path, called, code=1)
    assert "✗ robust.target.survives" in called.out
    assert "✗ mcp.ping.respond" not in called.out  # it is dead, which is no answer to a ping, nor a refusal of one
    assert "exit, code 7" in called.out
    transcripts = {one["transcript"] for one in records(tmp_path / "journal.jsonl") if one["kind"] == "exit"}
    assert len(transcripts) > 1  # the run went on, in new sessions
    assert any("out of memory" in one for one in seen(tmp_path, "stderr"))


def test_a_target_that_floods_in_the_middle(tmp_path: Path) -> None:
    called = bad(tmp_path, "floods-later", "--exchange", "mcp.ping.answered", "--select", "mcp.ping", options=PATIENT)
    check_end(tmp_path, called, code=called.code)
    assert called.code in (0, 3)  # not listening any longer proves nothing against it
    assert any("flood" in one for one in seen(tmp_path, "fault"))


def test_hostile_names_do_no_harm(tmp_path: Path) -> None:
    out = tmp_path / "summary.md"
    called = bad(tmp_path, "hostile", "--select", "mcp.ping", "-o", f"markdown:{out}")
    check_end(tmp_path, called, code=called.code)
    assert "\\x1b]0;owned\\x07[boldred]evil[/]\\n\\u202eallpassed" in "".join(called.out.split())
    assert "<script>" not in out.read_text(encoding="utf-8")


@pytest.mark.parametrize("times", [1, 3])
def test_ctrl_c_ends_in_a_report_of_what_was_seen(times: int, tmp_path: Path) -> None:
    def interrupt() -> None:
        journal = tmp_path / "journal.jsonl"
        until = time.monotonic() + 10
        while time.monotonic() < until and not (
            journal.exists() and '"planned"' in journal.read_text(encoding="utf-8")
        ):
            time.sleep(0.05)
        for _ in range(times):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.05)

    clicker = threading.Thread(target=interrupt)
    clicker.start()
    called = bad(tmp_path, "floods-later", options=("--revision", "2025-11-25", "--timeout", "8"))
    clicker.join()
    check_end(tmp_path, called, code=130)
    assert "interrupted: this is what was seen so far" in called.out
    assert "2025-11-25" in called.out
    assert wireproof("report", str(tmp_path / "journal.jsonl")).out == called.out
