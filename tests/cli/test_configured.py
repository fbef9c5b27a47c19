"""Configured targets from the command line: run NAME, --all, init, servers on HTTP that are started and stopped, bless."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.calling import journal_lines, no_child_is_left, validator, wireproof
from tests.cli.test_run_options import BAD, PEER
from wireproof.library.configuration import load_config
from wireproof.model.jsontext import JSON
from wireproof.report.history import history

ROOT = Path(__file__).parents[2]
WEB = Path(__file__).with_name("web_server.py")
REVISION = "2025-11-25"


def toml(words: object) -> str:
    return json.dumps([str(one) for one in words])  # type: ignore[attr-defined]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the configuration of three targets, and the working directory below it."""
    sinner = [*PEER, "--sin", "response-id-retyped"]
    text = f"""
revisions = ["{REVISION}"]
select = ["mcp.ping", "mcp.base.response.id-echo"]
reports = {{ json = "out/{{target}}.json" }}

[targets.good]
command = {toml(PEER)}
timeout = 2

[targets.bad]
command = {toml(sinner)}
timeout = 2

[targets.gone]
command = {toml([*BAD, "exits"])}
"""
    (tmp_path / "wireproof.toml").write_text(text, encoding="utf-8")
    below = tmp_path / "below"
    below.mkdir()
    monkeypatch.chdir(below)
    return tmp_path


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return (
        "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2][:3] if Path("/proc/self").exists() else True
    )


def end_of(pids: list[int]) -> bool:
    """Are all of them gone, or soon?"""
    for _ in range(50):
        if not any(alive(one) for one in pids):
            return True
        time.sleep(0.05)
    return False


def report_of(path: Path) -> JSON:
    value = json.loads(path.read_text(encoding="utf-8"))
    assert validator("report").is_valid(value), list(validator("report").iter_errors(value))
    return value


def test_a_name_is_a_target_and_words_after_dashes_are_a_command(project: Path) -> None:
    assert wireproof("run", "good").code == 0
    assert report_of(project / "out" / "good.json")["target"]["name"] == "good"
    (journal,) = Path(".wireproof/runs").glob("*/journal.jsonl")
    where = f"{project / 'wireproof.toml'}:6"
    assert journal_lines(journal)[1]["options"] == {"words": [], "target": "good", "where": where}
    command = wireproof("run", "--", "good")
    assert (command.code, "cannot start good: no such command" in command.err) == (2, True)
    near = wireproof("run", "godo")
    assert (near.code, "no target is called 'godo'" in near.err, "did you mean good?" in near.err) == (2, True, True)
    several = wireproof("run")
    assert (several.code, "several targets" in several.err, "good, bad, gone" in several.err) == (2, True, True)


def test_known_failures_of_a_configured_target(project: Path) -> None:
    red = wireproof("run", "bad")
    assert red.code == 1
    again = re.search(r"replay .* (run --exchange \S+ --revision \S+ bad)\n", red.out)
    assert again is not None  # as the configuration has it, without the command
    blessed = wireproof("bless", "--reason", "upstream knows")
    assert (blessed.code, "added: mcp.base.response.id-echo" in blessed.out) == (0, True)
    text = (project / "wireproof-baseline.yaml").read_text(encoding="utf-8")
    assert ("target: bad" in text, 'reason: "upstream knows"' in text) == (True, True)
    known = wireproof("run", "bad")
    assert (known.code, "Known failures" in known.out, "upstream knows" in known.out) == (0, True, True)
    assert report_of(project / "out" / "bad.json")["baseline"]["counts"] == {"known": text.count("fingerprint:")}
    newest = str(max(Path(".wireproof/runs").glob("*/journal.jsonl")))
    assert wireproof("report", newest).code == 1
    assert wireproof("report", newest, "--baseline", "../wireproof-baseline.yaml").code == 0
    sarif = json.loads(wireproof("report", newest, "-f", "sarif").out)["runs"][0]["results"]
    assert {one["locations"][0]["physicalLocation"]["region"]["startLine"] for one in sarif} == {10}  # [targets.bad]
    (project / "wireproof.toml").write_text(
        (project / "wireproof.toml").read_text(encoding="utf-8").replace(', "--sin", "response-id-retyped"', ""),
        "utf-8",
    )
    mended = wireproof("run", "bad")
    assert (mended.code, "Stale" in mended.out) == (1, True)
    assert re.search(r"lines \d+ to \d+: mcp\.base\.response\.id-echo", " ".join(mended.out.split()))
    assert wireproof("bless").code == 0
    assert "fingerprint:" not in (project / "wireproof-baseline.yaml").read_text(encoding="utf-8")


def test_all_targets_and_the_worst_code(project: Path) -> None:
    called = wireproof("run", "--all")
    assert called.code == 2
    table = called.out[called.out.rindex("target ") :].split("\n\n")[0]
    words = {line.split()[0]: " ".join(line.split()[1:4]) for line in table.splitlines()[1:] if line[:1].isalpha()}
    assert words["good"].startswith("✓ ok")
    assert words["bad"].startswith("✗ findings")
    assert words["gone"].startswith("✗ cannot run")
    assert "no \\x1b[31mdatabase" in called.err
    assert re.search(r"mcp\.base\.response\.id-echo +MUST +✗1 +✓1", called.out)  # the matrix: bad, good
    pieces = re.split(r"^=== ", called.out, flags=re.MULTILINE)[1:]
    assert sorted(one.split()[0] for one in pieces) == ["bad", "gone", "good"]
    for one in pieces[:-1]:  # nothing of another target is in what one says
        assert f"wireproof {one.split()[0]} " in one or one.startswith("gone")
    assert {one.target for one in history(Path(".wireproof"))} == {"good", "bad"}
    assert len(list(Path(".wireproof/runs").glob("*/journal.jsonl"))) == 3
    assert {path.name for path in (project / "out").iterdir()} == {"good.json", "bad.json"}
    assert no_child_is_left()


def test_ctrl_c_ends_all_of_them(project: Path) -> None:
    place = project / "wireproof.toml"
    slow = [*BAD, "silent"]
    place.write_text(
        "".join(f"[targets.t{number}]\ncommand = {toml(slow)}\nstartup-wait = 60\n" for number in range(3)), "utf-8"
    )
    words = [sys.executable, "-m", "wireproof", "run", "--all", "--jobs", "2"]
    run = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    pids: list[int] = []
    for _ in range(200):
        pids = descendants(run.pid)
        if len(pids) >= 4:  # two runs with a target each
            break
        time.sleep(0.05)
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=30)
    assert (run.returncode, len(pids) >= 4) == (130, True), err
    assert "1 target not played" in out
    assert end_of(pids)


def descendants(pid: int) -> list[int]:
    """Of a process, over all generations."""
    found: dict[int, list[int]] = {}
    listed = subprocess.run(["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    for child, parent in (line.split() for line in listed.splitlines()):
        found.setdefault(int(parent), []).append(int(child))
    every, waiting = [], [pid]
    while waiting:
        waiting += (below := found.get(waiting.pop(), []))
        every += below
    return every


REFUSED = {
    "jobs of one": (("run", "good", "-j", "2"), "--jobs is for --all", ""),
    "all and one": (("run", "--all", "good"), "--all plays the targets of the configuration", ""),
    "one journal for all": (("run", "--all", "--journal", "j"), "--journal is one file", ""),
    "one file for all": (("run", "--all", "-o", "json:x.json"), "every target would write the same file", "{target}"),
    "one format for all": (("run", "--all", "-f", "json"), "-f json is one report", "{target}"),
    "a configuration for a URL": (("run", "--config", "../wireproof.toml", "http://x/"), "--config is for", ""),
    "no such configuration": (("run", "--config", "no.toml", "x"), "no.toml: cannot be read", ""),
    "both baselines": (("run", "good", "--baseline", "b", "--no-baseline"), "contradict", ""),
    "no such baseline": (("run", "good", "--baseline", "b.yaml"), "b.yaml: cannot be read", ""),
    "an option for URLs": (("run", "good", "--header", "a: b"), "--header is for URLs", ""),
    "a report that is none": (("compare", "../wireproof.toml", "-"), "neither a journal nor a JSON report", ""),
    "two standard inputs": (("compare", "-", "-"), "one of the two only", ""),
    "nothing to bless": (("bless",), "no run is kept here", "wireproof run first"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_meant_is_refused(case: str, project: Path) -> None:
    words, message, hint = REFUSED[case]
    called = wireproof(*words)
    assert called.code == 2
    assert message in called.err
    assert hint in called.err
    assert not Path(".wireproof").exists()


def test_names_that_do_not_exist_have_a_line(project: Path) -> None:
    place = project / "wireproof.toml"
    text = place.read_text(encoding="utf-8")
    for old, new, line, hint in (
        (f'"{REVISION}"', '"2025-11-26"', 2, "2025-11-25"),
        ('"mcp.ping"', '"mcp.pnig"', 3, "mcp.ping"),
        ("{ json", "{ jsno", 4, "did you mean json?"),
    ):
        place.write_text(text.replace(old, new), encoding="utf-8")
        called = wireproof("run", "good")
        assert (called.code, f"wireproof.toml:{line}: " in called.err, hint in called.err) == (2, True, True)


def test_a_server_on_http_is_started_awaited_and_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    port, pids = free_port(), tmp_path / "pids"
    url = f"http://127.0.0.1:{port}/mcp"
    command = [sys.executable, str(WEB), str(port), "0.3", str(pids)]
    made = wireproof("init", "--url", url, "--env", "THING=7", "--", *command)
    assert (made.code, "with the target web-thing" in made.out) == (0, True)
    assert end_of([int(one) for one in pids.read_text().split()])
    one = load_config(tmp_path / "wireproof.toml").target("web-thing")
    assert (one.target.url, one.target.starts, one.target.env) == (url, tuple(command), {"THING": "7"})
    assert wireproof("init", url).code == 2  # what is there is not overwritten
    pids.unlink()
    called = wireproof("run", "--revision", REVISION, "--select", "mcp.ping", "-o", "json:r.json")
    assert called.code == 0
    assert report_of(Path("r.json"))["runs"][0]["survey"]["server"] == {"name": "Web Thing!", "version": "7"}
    assert end_of([int(one) for one in pids.read_text().split()])
    assert no_child_is_left()


def test_servers_that_do_not_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    port = free_port()

    def configured(*words: str, wait: float = 5) -> None:
        command = [sys.executable, str(WEB), str(port), *words]
        text = f'[targets.web]\nurl = "http://127.0.0.1:{port}/mcp"\ncommand = {toml(command)}\nstartup-wait = {wait}\n'
        Path("wireproof.toml").write_text(text, encoding="utf-8")

    configured("0", "pids", "no \x1b[31mdatabase")
    ends = wireproof("run")
    assert (ends.code, "'web' exited (code 1) before it answered" in ends.err) == (2, True)
    assert "no \\x1b[31mdatabase" in ends.err
    assert ends.err.startswith("wireproof: wireproof.toml:1: ")
    configured("30", "pids", wait=0.7)
    late = wireproof("run")
    assert (late.code, "nothing answered" in late.err, "startup-wait" in late.err) == (2, True, True)
    assert end_of([int(one) for one in Path("pids").read_text().split()])
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        busy = wireproof("run")
    assert (busy.code, "something listens on" in busy.err) == (2, True)
    assert no_child_is_left()


def test_an_agent_is_surveyed_and_configured_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    url = f"http://127.0.0.1:{free_port()}"
    command = [
        sys.executable,
        str(ROOT / "fixtures"),
        "a2a",
        "http",
        "--port",
        url.rpartition(":")[2],
        "--versions",
        "1.0",
    ]
    made = wireproof("init", "--url", url, "--name", "agent", "--", *command)
    assert (made.code, "offered: 1.0 over rest" in made.out) == (0, True)
    text = Path("wireproof.toml").read_text(encoding="utf-8")
    assert 'protocol = "a2a"' in text
    assert load_config(Path("wireproof.toml")).target("agent").protocol == "a2a"
    called = wireproof("run", "--select", "a2a.card", "--transport", "rest", "-o", "json:r.json")
    assert (called.code, report_of(Path("r.json"))["runs"][0]["protocol"]) == (0, "a2a")
    agent = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        assert agent.stdout is not None
        agent.stdout.readline()  # it listens
        Path("wireproof.toml").write_text(f'[targets.agent]\nurl = "{url}"\n', encoding="utf-8")
        mistaken = wireproof("run")
    finally:
        agent.kill()
        agent.communicate()
    assert (mistaken.code, 'Say protocol = "a2a"' in mistaken.err) == (2, True)
