"""The steps of action.yml, in order and with real inputs, as a runner would take them."""

from __future__ import annotations

import json
import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from wireproof.cli.action import options
from wireproof.library.source import read_yaml
from wireproof.model.errors import UsageError

ROOT: Final = Path(__file__).parents[2]
ACTION: Final[Mapping[str, Any]] = read_yaml(ROOT / "action.yml")[0]
PEER: Final = shlex.join([sys.executable, str(ROOT / "fixtures"), "mcp", "stdio"])
HOSTILE: Final = """x"; touch pwned; $(touch pwned) `touch pwned` ${{ 1 }} '"""
_PLACE: Final = re.compile(r"\$\{\{\s*([a-z0-9.-]+)\s*\}\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What came of the action: its exit code, its outputs, the job summary, all that was printed."""

    code: int
    outputs: Mapping[str, str]
    summary: str
    printed: str


def filled(text: str, known: Mapping[str, str]) -> str:
    """The expressions of a workflow that the action uses: names of inputs, outputs and of the context."""
    return _PLACE.sub(lambda found: known.get(found[1], ""), text)


def play(folder: Path, **given: str) -> Job:
    """Takes the steps that are scripts; those that need the hosted runner are left out. The first that fails ends it."""
    inputs = {name: str(one["default"]) for name, one in ACTION["inputs"].items()}
    inputs |= {name.replace("_", "-"): value for name, value in given.items()}
    inputs["working-directory"] = str(folder)
    temp = folder / "runner"
    (temp / "wireproof" / "bin").mkdir(parents=True, exist_ok=True)  # as if an earlier step had installed it
    python = temp / "wireproof" / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    python.chmod(0o755)
    files = {name: temp / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    for file in files.values():
        file.write_text("")
    known = {f"inputs.{name}": value for name, value in inputs.items()} | {"github.action_path": str(ROOT)}
    code, printed = 0, ""
    for step in ACTION["runs"]["steps"]:
        if "run" not in step:
            continue
        values = {name: filled(text, known) for name, text in step["env"].items()}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            env={**os.environ, **values, "RUNNER_TEMP": str(temp), **{name: str(file) for name, file in files.items()}},
            cwd=filled(step.get("working-directory", str(folder)), known),
            capture_output=True,
            text=True,
            check=False,
        )
        printed += done.stdout + done.stderr
        outputs = dict(line.split("=", 1) for line in files["GITHUB_OUTPUT"].read_text().splitlines())
        known |= {f"steps.run.outputs.{name}": value for name, value in outputs.items()}
        code = done.returncode
        if code:
            break
    told = {name: known.get(_PLACE.fullmatch(one["value"])[1], "") for name, one in ACTION["outputs"].items()}  # type: ignore[index]
    return Job(code=code, outputs=told, summary=files["GITHUB_STEP_SUMMARY"].read_text(), printed=printed)


def test_no_input_is_part_of_a_script() -> None:
    scripts = [one["run"] for one in ACTION["runs"]["steps"] if "run" in one]
    assert len(scripts) == 3
    assert not any("${{" in one or "eval" in one for one in scripts)
    used = {name for step in ACTION["runs"]["steps"] for name in re.findall(r"inputs\.([a-z-]+)", json.dumps(step))}
    assert used == set(ACTION["inputs"])


def test_a_server_that_breaks_something_fails_the_job_unless_it_did_before(tmp_path: Path) -> None:
    command = f"{PEER} --sin ping-answered-with-content"
    job = play(tmp_path, command=command, revisions="2024-11-05", reports="junit:junit.xml\nhtml:report.html")
    assert job.code == 1
    assert job.outputs["verdict"] == "failed"
    assert job.outputs["class"].startswith("mcp 2024-11-05 stdio: ")
    assert json.loads(job.outputs["counts"])["failed"] >= 1
    assert "mcp.ping.respond" in job.summary
    assert "::error" in job.printed
    assert (tmp_path / "junit.xml").exists()
    assert (tmp_path / "report.html").exists()
    (tmp_path / "artifact").mkdir()
    (tmp_path / job.outputs["report"]).rename(tmp_path / "artifact" / "wireproof-report.json")
    again = play(tmp_path, command=command, revisions="2024-11-05", base_report="artifact")
    assert (again.code, again.outputs["verdict"]) == (0, "passed")
    assert "Compared with the base report" in again.summary


@pytest.mark.parametrize("name", ["target", "command", "revisions", "baseline", "reports", "base_report"])
def test_hostile_inputs_are_only_text(name: str, tmp_path: Path) -> None:
    given = {"command": PEER, "revisions": "2024-11-05", name: HOSTILE}
    if name == "target":
        del given["command"]
    if name == "base_report":
        given["command"] = shlex.join([sys.executable, "-c", "pass"])
    job = play(tmp_path, **given)
    assert job.code == 2
    assert not list(tmp_path.rglob("pwned"))
    assert "Traceback" not in job.printed


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"TARGET": "http://127.0.0.1:1/mcp", "COMMAND": "python x"}, "both"),
        ({"TARGET": "--config=/etc/passwd"}, "begins like an option"),
        ({"COMMAND": "python 'x"}, "no command line"),
    ],
)
def test_inputs_that_make_no_sense(inputs: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        options({f"WIREPROOF_{name}": value for name, value in inputs.items()})


def test_an_agent_is_a_target(tmp_path: Path) -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    command = [sys.executable, str(ROOT / "fixtures"), "a2a", "http", "--port", str(port), "--versions", "1.0"]
    (tmp_path / "wireproof.toml").write_text(
        f'[targets.agent]\nprotocol = "a2a"\nurl = "http://127.0.0.1:{port}"\ncommand = {json.dumps(command)}\n'
        'select = ["a2a.card"]\ntransports = ["rest"]\n'
    )
    job = play(tmp_path, target="agent", revisions="1.0")
    assert (job.code, job.outputs["verdict"]) == (0, "passed"), job.printed
    assert json.loads(job.outputs["counts"])["passed"] >= 1
