"""The official conformance suite, run against one URL in one revision: its scenarios, its verdicts and what passed meanwhile."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from install import pinned_versions
from peerlist import load
from relay import Passed, relaying

PACKAGE = "@modelcontextprotocol/conformance"
ENVIRONMENT = "npm-conformance"
NODE_AT_LEAST = 22
EXTENSION = "extension"
"""What the suite's list says instead of revisions for scenarios about extensions."""

_LISTED = re.compile(r"^\s+- (?P<name>\S+) \[(?P<where>[^\]]*)\]$", re.MULTILINE)
_FOLDER = re.compile(r"server-(?P<name>.+)-(?P<start>\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{3}Z)\Z")
_DEADLINE_S = 600.0


class SuiteError(Exception):
    """The suite could not be run; the text says what it answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """One scenario: the suite's checks (its own JSON), and the exchanges that passed while it ran."""

    name: str
    checks: tuple[Mapping[str, Any], ...]
    exchanges: tuple[Passed, ...]

    @property
    def verdict(self) -> str:
        """fail, warn, pass or skip. A scenario that left no checks behind has failed: the suite itself counts it so."""
        statuses = {str(one["status"]) for one in self.checks}
        for status, word in (("FAILURE", "fail"), ("WARNING", "warn"), ("SUCCESS", "pass")):
            # The suite adds one check of its own to every scenario that sent anything; alone it says nothing about the scenario.
            if status in statuses and (status != "SUCCESS" or self._said_something):
                return word
        return "skip" if self.checks else "fail"

    @property
    def _said_something(self) -> bool:
        return any(one["status"] == "SUCCESS" and one["id"] != "wire-schema-valid" for one in self.checks)

    @property
    def complaints(self) -> list[dict[str, str]]:
        """Id, status and sentence of each check that failed or warned, in the suite's order."""
        return [
            {
                "check": str(one["id"]),
                "status": "fail" if one["status"] == "FAILURE" else "warn",
                "says": " ".join(str(one.get("errorMessage") or one["description"]).split())[:200],
            }
            for one in self.checks
            if one["status"] in ("FAILURE", "WARNING")
        ]


def version() -> str:
    """The version of the suite that the lock pins."""
    environment = next(one for one in load().environments if one.name == ENVIRONMENT)
    return pinned_versions(environment)[PACKAGE]


def scenarios() -> dict[str, tuple[str, ...]]:
    """Every server scenario of the suite: name to the revisions it is about, or to (EXTENSION,)."""
    said = _command("list", "--server")
    found = {one["name"]: tuple(one["where"].split(",")) for one in _LISTED.finditer(said)}
    if not found:
        raise SuiteError(f"the suite lists no scenarios: {said[:400]}")
    return found


def run(url: str, revision: str, extensions: Sequence[str] = ()) -> Iterator[Played]:
    """Every scenario of that revision, then those of `extensions`, in the order in which they ran. Raises SuiteError."""
    address = urlsplit(url)
    assert address.port is not None
    with relaying(address.port) as relay, tempfile.TemporaryDirectory() as folder:
        through = f"http://{address.hostname}:{relay.port}{address.path}"
        words = ("server", "--url", through, "-o", folder)
        _command(*words, "--suite", "all", "--spec-version", revision, failing=True)
        for name in extensions:
            _command(*words, "--scenario", name, failing=True)
        folders = sorted(Path(folder).iterdir(), key=lambda one: _start(one)[1])
        passed = relay.exchanges()
        for index, one in enumerate(folders):
            name, start = _start(one)
            end = _start(folders[index + 1])[1] if index + 1 < len(folders) else float("inf")
            file = one / "checks.json"
            checks = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
            during = tuple(each for each in passed if start <= each.at < end)
            yield Played(name=name, checks=tuple(checks), exchanges=during)


def _start(folder: Path) -> tuple[str, float]:
    """The suite names a result folder by the scenario and the moment at which it begins."""
    found = _FOLDER.match(folder.name)
    if found is None:
        raise SuiteError(f"the suite left a folder {folder.name}, which is not named as we know it")
    moment = datetime.strptime(found["start"], "%Y-%m-%dT%H-%M-%S-%fZ").replace(tzinfo=UTC)
    return found["name"], moment.timestamp()


def _node() -> str:
    """The pinned Node of this platform, else the machine's own when it is new enough."""
    modules = next(one for one in load().environments if one.name == ENVIRONMENT).folder / "node_modules"
    for each in modules.glob("node-linux-*/bin/node"):
        return str(each)
    own = shutil.which("node")
    said = subprocess.run([own, "--version"], capture_output=True, text=True, check=False).stdout if own else ""
    if own is None or int(said.strip().removeprefix("v").split(".")[0] or 0) < NODE_AT_LEAST:
        raise SuiteError(f"the official suite needs Node {NODE_AT_LEAST}; here it is {said.strip() or 'absent'}")
    return own


def _command(*words: str, failing: bool = False) -> str:
    """What the suite's command line says; with `failing` an exit code 1 is an answer, as it says that checks failed."""
    folder = next(one for one in load().environments if one.name == ENVIRONMENT).folder
    script = folder / "node_modules" / PACKAGE / "dist" / "index.js"
    done = subprocess.run(
        [_node(), str(script), *words],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=_DEADLINE_S,
        check=False,
    )
    if done.returncode not in ((0, 1) if failing else (0,)):
        raise SuiteError(f"exit {done.returncode}: {' '.join(words)}\n{done.stderr[-1000:]}")
    return done.stdout
