"""Every code block in the README and in docs/ is executed, or says why it is not.

The server of the tutorial is played once, for real; whatever plays in these pages is handed that run, so that words and options, files,
configurations, reports and exit codes are those of the real verbs.
"""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

import wireproof as package
from tests.cli.calling import validator, wireproof
from tests.docblocks import Block, blocks
from wireproof import Options, Report, Selection, Target, run
from wireproof.cli import init as init_verb
from wireproof.cli import reproduce as reproduce_verb
from wireproof.cli import run as run_verb
from wireproof.engine.configured import check_configured
from wireproof.engine.detect import Detected
from wireproof.engine.run import load_suite
from wireproof.engine.suite import Suite
from wireproof.library.baseline import load_baseline
from wireproof.library.configuration import load_config, resolve
from wireproof.report.journal import read_journal
from wireproof.report.matrix import fold

pytestmark = pytest.mark.docs
ROOT = Path(__file__).resolve().parent.parent
MADE = {"peers.md", "agents.md", "calibration.md"}
"""Pages that are made of recorded bytes; tests of their own hold them against the recordings."""
PAGES = [ROOT / "README.md", *sorted(one for one in ROOT.glob("docs/*.md") if one.name not in MADE)]
SERVERS = ("server.py", "your_server.py", "their_server.py")
ONLY_URL = ("--header", "--token", "--ca-file", "--cert", "--proxy", "--max-rps", "--insecure")
TARGETS = '[targets.my-server]\ncommand = ["python", "server.py"]\n'


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """`template` holds what the pages speak of as if it were there; `journal` the one run that all of them are handed."""

    template: Path
    journal: Path
    suite: Suite

    def played(self, target: Any, *, options: Any = None, journal: Path | None = None, **_: Any) -> Report:
        """In place of `wireproof.run`."""
        assert target
        assert options is None or isinstance(options, Options)
        if journal is not None:
            journal.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.journal, journal)
        return fold(read_journal(self.journal), self.suite.catalogue)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, suite: Suite) -> Stage:
    template = tmp_path_factory.mktemp("docs") / "template"
    template.mkdir()
    (server,) = (one.text for one in blocks(ROOT / "docs" / "tutorial.md") if one.file == "server.py")
    for name in SERVERS:
        (template / name).write_text(server, encoding="utf-8")
    chosen = Selection(revisions=("2025-11-25",), select=("mcp.base", "mcp.ping", "mcp.schema.base"))
    journal = template.parent / "journal.jsonl"
    target = Target(command=(sys.executable, str(template / "server.py")))
    report = run(target, options=Options(selection=chosen), journal=journal, suite=suite)
    broken = {row.requirement.id for _, row in report.failures}
    assert broken == {"mcp.base.error.shape", "mcp.schema.base.error-object"}  # what the tutorial says of its server
    text = package_report(report)
    for name in ("before.json", "after.json", "report.json", "wireproof-report.json"):
        (template / name).write_text(text, encoding="utf-8")
    (template / "results").mkdir()
    for name in ("one", "two"):
        value = json.loads(text)
        value["target"]["name"] = name
        (template / "results" / f"{name}.json").write_text(json.dumps(value), encoding="utf-8")
    (template / "wireproof.toml").write_text(TARGETS, encoding="utf-8")
    servers = {"mcpServers": {"my-server": {"command": "python", "args": ["server.py"]}}}
    (template / "mcp.json").write_text(json.dumps(servers), encoding="utf-8")
    (adder,) = (one.text for one in blocks(ROOT / "docs" / "exchanges.md") if one.file)
    kept = template / ".wireproof" / "runs" / "20260101T000000Z"
    kept.mkdir(parents=True)
    shutil.copyfile(journal, kept / "journal.jsonl")
    (template / "wireproof-failures").mkdir()
    (template / "wireproof-failures" / "3542ed6ab720.yaml").write_text(adder, encoding="utf-8")
    return Stage(template=template, journal=journal, suite=suite)


async def shown(target: Target) -> Detected:
    return Detected(protocol="mcp", why="the pages show no target that runs", shown=bool(target.url))


def package_report(report: Report) -> str:
    from wireproof.report.json import render

    return render(report)


@pytest.fixture
def place(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as the pages suppose it, in which one page is executed."""
    folder = tmp_path / "page"
    shutil.copytree(stage.template, folder)
    monkeypatch.chdir(folder)
    for module in (run_verb, init_verb, reproduce_verb, package):
        monkeypatch.setattr(module, "run", stage.played)
    monkeypatch.setattr(init_verb, "detect", shown)  # which starts what is to be started
    for name in ("TOKEN", "MY_TOKEN", "OTHER_TOKEN"):
        monkeypatch.setenv(name, "Bearer secret")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    return folder


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_runs(page: Path, place: Path, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    collected: list[list[str]] = []
    for block in blocks(page):
        if block.skip:
            continue
        if block.file:
            (place / block.file).write_text(block.text, encoding="utf-8")
        match block.kind:
            case "sh":
                for line in block.lines:
                    _line(line, monkeypatch, collected)
            case "python":
                _python(block)
            case "toml":
                _toml(block, stage.suite)
            case "yaml":
                _yaml(block, stage.suite)
            case "json":
                json.loads(block.text)
            case kind:
                pytest.fail(f"{page.name}:{block.line}: nobody knows how to run a block of {kind or 'no language'}")
    if collected:
        _collect(collected)


def test_a_reason_is_a_reason() -> None:
    """A skip marker says something, and most of what the pages show is run."""
    every = [one for page in PAGES for one in blocks(page)]
    skipped = [one for one in every if one.skip]
    assert all(len(one.skip.split()) > 2 for one in skipped)
    assert len(skipped) * 3 < len(every), [f"{one.page.name}:{one.line}" for one in skipped]


def _line(line: str, monkeypatch: pytest.MonkeyPatch, collected: list[list[str]]) -> None:
    """One line of shell. What is no command begins with `-` and is an option of `wireproof run`."""
    if "|" in line:
        before, line = (one.strip() for one in line.split("|"))
        monkeypatch.setattr(sys, "stdin", io.StringIO(_git(shlex.split(before))))
    if line.startswith("-"):
        url = line.startswith(ONLY_URL)
        line = f"wireproof run {line.split('  ')[0]} " + ("http://127.0.0.1:8000/mcp" if url else "-- python server.py")
    words = [os.path.expandvars(one) for one in shlex.split(line.replace("sha256:...", f"sha256:{'0' * 64}"))]
    words = [name for one in words for name in (sorted(map(str, Path().glob(one))) if "*" in one else [one])]
    match words:
        case [program, *rest] if program in ("wireproof", ".venv/bin/wireproof"):
            _wireproof(rest)
        case ["pytest", *rest]:
            collected.append(rest)
        case ["make", target]:
            assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
        case ["pip", "install", name]:
            extra = re.fullmatch(r"wireproof\[(\w+)\]", name)
            assert extra is not None
            assert extra[1] in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
        case _:
            pytest.fail(f"nobody knows how to run: {line}")


def _wireproof(words: list[str]) -> None:
    if words[0] == "init":
        Path("wireproof.toml").unlink()
    called = wireproof(*words)
    assert called.code in (0, 1), (words, called.out, called.err)
    if words[0] == "init":
        load_config(Path("wireproof.toml"))
        Path("wireproof.toml").write_text(TARGETS, encoding="utf-8")
    if words[0] == "keygen":
        shutil.copyfile("my-key.pub.pem", "their-key.pub.pem")


def _git(words: list[str]) -> str:
    if not Path(".git").exists():
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        for command in (("init", "-q", "-b", "main"), ("add", "wireproof-report.json"), ("commit", "-q", "-m", "a")):
            subprocess.run(["git", *identity, *command], check=True)
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def _collect(every: list[list[str]]) -> None:
    """Collected, not run, by one process: that the plugin plays is for its own tests."""
    code = "import json, sys, pytest; sys.exit(max(pytest.main(['-p', 'no:cacheprovider', '--co', '-q', *one]) for one in json.loads(sys.argv[1])))"
    done = subprocess.run([sys.executable, "-c", code, json.dumps(every)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, (every, done.stdout[-500:], done.stderr)
    assert len(re.findall(r"\d\d(?:/\d+)? tests", done.stdout)) == len(every)


def _python(block: Block) -> None:
    if block.file:
        compile(block.text, block.file, "exec")
        return
    code: Any = 0
    try:
        exec(compile(block.text, f"{block.page.name}:{block.line}", "exec"), {"__name__": "__main__"})
    except SystemExit as end:
        code = end.code
    assert code in (0, 1)


def _toml(block: Block, suite: Suite) -> None:
    path = Path("wireproof.toml")
    path.write_text(block.text, encoding="utf-8")
    for one in load_config(path).targets:
        check_configured(one, suite if one.protocol == "mcp" else load_suite(one.protocol))
        resolve(one, os.environ)
    path.write_text(TARGETS, encoding="utf-8")


def _yaml(block: Block, suite: Suite) -> None:
    """A baseline, an exchange file or what is said of a subject, by its members."""
    value = yaml.safe_load(block.text)
    path = Path(block.file or "block.yaml")
    path.write_text(block.text, encoding="utf-8")
    if "known" in value:
        assert load_baseline(path, suite.catalogue).entries
    elif "exchanges" in value:
        assert wireproof("lint", str(path)).code == 0
    else:
        value["version"] = str(value["version"])
        value["revision"] = str(value["revision"])  # a day to this parser; wireproof's own reads JSON's types only
        assert validator("subject").is_valid(value), list(validator("subject").iter_errors(value))
