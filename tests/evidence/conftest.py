"""One whole run of the newest revision, which the tests share and alter copies of."""

from __future__ import annotations

import base64
import copy
import json
import os
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from wireproof.api import run
from wireproof.engine.plan import Selection
from wireproof.engine.run import Options
from wireproof.engine.suite import Suite
from wireproof.evidence.bundle import finished_events, make_bundle
from wireproof.evidence.digests import digest_value
from wireproof.evidence.dsse import seal
from wireproof.evidence.files import packed, unpacked
from wireproof.evidence.keys import load_public_key, load_signing_key, write_keys
from wireproof.evidence.rules import rules_of
from wireproof.evidence.statement import configuration_value, statement_value
from wireproof.evidence.verify import Verified, verify
from wireproof.model.target import Target
from wireproof.report.json import class_value, report_value
from wireproof.report.soundness import Rules, lanes_of

PEER = (sys.executable, str(ROOT / "fixtures"), "mcp", "stdio")
NOW = datetime.now(UTC)


@pytest.fixture(scope="session")
def whole_journal(tmp_path_factory: pytest.TempPathFactory, suite: Suite) -> Path:
    """The journal of the reference peer in the newest revision, nothing left out; played once for all workers of xdist."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "whole-run"
    try:
        folder.mkdir()
    except FileExistsError:  # another worker plays it
        until = time.monotonic() + 90
        while not (folder / "done").exists():
            assert time.monotonic() < until
            time.sleep(0.1)
        return folder / "journal.jsonl"
    chosen = Selection(revisions=(suite.catalogue.newest.id,))
    target = Target(command=PEER, timeout=2.0)
    report = run(target, options=Options(selection=chosen), journal=folder / "journal.jsonl", suite=suite)
    (folder / "report.json").write_text(json.dumps(report_value(report)), encoding="utf-8")
    (folder / "done").touch()
    return folder / "journal.jsonl"


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A private key; its public one lies beside it."""
    path = tmp_path_factory.mktemp("keys") / "key.pem"
    write_keys(path)
    return path


@pytest.fixture(scope="session")
def packed_files(whole_journal: Path, keys: Path, suite: Suite) -> dict[str, bytes]:
    """The files of its bundle."""
    data = whole_journal.read_bytes()
    return dict(make_bundle(data, "j", lambda _: rules_of(suite), load_signing_key(keys), now=NOW).files)


@pytest.fixture
def files(packed_files: dict[str, bytes]) -> dict[str, bytes]:
    """The same, which a test may alter."""
    return dict(packed_files)


@pytest.fixture
def value(whole_journal: Path) -> Any:
    """Its JSON report, which a test may alter."""
    return json.loads(whole_journal.with_name("report.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def rules(suite: Suite) -> Rules:
    return rules_of(suite)


def reckoned(value: Any, rules: Rules) -> Any:
    """A report whose rows were altered, with counts, class and exit code made anew, as a careful forger would."""
    made = copy.deepcopy(value)
    for run_, lane in zip(made["runs"], lanes_of(made, rules), strict=True):
        run_["counts"], run_["class"] = lane.counts(), class_value(lane)
    failed = [
        row
        for one in made["runs"]
        for row in one["requirements"]
        if row["verdict"] == "failed" and "MUST" in row["level"]
    ]
    made["exit_code"] = 1 if failed else 0
    return made


def decide(value: Any, verdict: str, **wanted: str) -> str:
    """Gives the first passed MUST row, or the one of that `id`, another verdict. The row's id."""
    row = next(
        one
        for one in value["runs"][0]["requirements"]
        if one["verdict"] == "passed"
        and one["level"] == "MUST"
        and all(one[key] == text for key, text in wanted.items())
    )
    row["verdict"] = verdict
    for finding in row["findings"]:
        finding["verdict"] = verdict
    return str(row["id"])


def forged(
    files: dict[str, bytes], key: Path, *, report: Any = None, journal: bytes | None = None, text: bytes = b""
) -> dict[str, bytes]:
    """A bundle whose files were altered, with all that hangs together made anew and signed with a key of the forger's."""
    signing = load_signing_key(key)
    made = dict(files)
    held = journal if journal is not None else unpacked(made["transcript.jsonl.gz"])
    made["transcript.jsonl.gz"] = packed(held)
    value = report if report is not None else json.loads(made["report.json"])
    made["report.json"] = text or json.dumps(value).encode()
    made["configuration.json"] = json.dumps(configuration_value(finished_events(held, "j"))).encode()
    made["transcript.jsonl"] = held
    names = ("report.json", "transcript.jsonl", "transcript.jsonl.gz", "configuration.json")
    made["digests.json"] = json.dumps(
        {"format": 1, "files": {name: digest_value(made[name]) for name in names}}
    ).encode()
    statement = json.dumps(statement_value(value, made)).encode()
    made["statement.dsse.json"] = json.dumps(seal(statement, [signing])).encode()
    made["key.pub.pem"] = signing.public.pem
    del made["transcript.jsonl"]
    return made


def check(files: dict[str, bytes], rules: Rules, *keys: Path, days: int = 0) -> Verified:
    return verify(files, lambda _: rules, [load_public_key(one) for one in keys], now=NOW + timedelta(days=days))


def failing(found: Verified) -> tuple[str, str]:
    """The step at which it failed, and its faults."""
    assert not found.holds
    return found.checks[-1].name, "\n".join(found.checks[-1].faults)


def alter_payload(files: dict[str, bytes], old: bytes, new: bytes) -> None:
    envelope = json.loads(files["statement.dsse.json"])
    body = base64.b64decode(envelope["payload"])
    assert old in body
    envelope["payload"] = base64.b64encode(body.replace(old, new)).decode()
    files["statement.dsse.json"] = json.dumps(envelope).encode()
