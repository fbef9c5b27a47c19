"""The official conformance suite and wireproof on the same servers, side by side (`make calibrate`).

Runs both on our reference peer, which offers the suite's fixtures, and on three servers from package registries, which do not;
writes docs/calibration-results.json and docs/calibration.md. Exit 1, with sentences, when a scenario has no entry in
docs/calibration.yaml or a disagreement no argument there. `--render` only writes the page, from the committed results.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import calibration
import calibration_page
import suite
from calibration import Calibration
from excerpt import exchange_text, record_text
from findings import running
from peerlist import Launch, Peer, free_port, load

from wireproof.library.catalogue import load_catalogue
from wireproof.report.journal import read_journal
from wireproof.report.matrix import LaneReport, Report, Row, fold
from wireproof.version import SUITE_VERSION, __version__

ORDINARY = ("everything", "mcp2", "ts-sdk2")
"""Servers of peers.toml without the suite's fixtures: the two official SDKs' present lines, and the reference server of npm."""

TRANSPORT = "http"


def reference() -> Peer:
    """Our reference peer as one more entry of the list."""
    launch = Launch(
        command=(sys.executable, str(calibration.ROOT / "fixtures"), "mcp", "http", "--port", "{port}"),
        url="http://127.0.0.1:{port}/mcp",
        env={},
    )
    revisions = tuple(one.id for one in load_catalogue().revisions)
    return Peer(
        name=calibration.REFERENCE,
        environment="",
        package="fixtures/mcp",
        version=__version__,
        revisions=revisions,
        startup_s=30,
        notes="Offers every fixture of the official suite.",
        launches={TRANSPORT: launch},
    )


def measure(peer: Peer, known: Calibration, listed: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """One entry a revision that both the server and the suite have: each scenario with both verdicts."""
    theirs = {each for where in listed.values() for each in where}
    revisions = [each for each in peer.revisions if each in theirs]
    extensions = [name for name, where in listed.items() if where == (suite.EXTENSION,)]
    made = []
    launch = peer.launches[TRANSPORT].fill(port=free_port())
    assert launch.url is not None
    with running(peer, launch):
        report = ours(launch.url, revisions)
    for revision in revisions:
        # A fresh process for every revision: the suite leaves sessions and changed lists behind.
        launch = peer.launches[TRANSPORT].fill(port=free_port())
        assert launch.url is not None
        lane = next((one for one in report.lanes if one.revision == revision), None)
        assert lane is not None, f"wireproof did not grade {peer.name} in {revision}"
        with running(peer, launch):
            more = extensions if revision == max(theirs - {suite.EXTENSION}) else []
            played = list(suite.run(launch.url, revision, more))
        entries = {one.name: entry(one, lane, report, known, peer, revision) for one in played}
        made.append({"target": peer.name, "revision": revision, "scenarios": dict(sorted(entries.items()))})
        print(f"{peer.name:12} {revision}  {len(entries)} scenarios", flush=True)
    return made


def ours(url: str, revisions: Sequence[str]) -> Report:
    """A run of the command line as a user would start it, and its report."""
    with tempfile.TemporaryDirectory() as folder:
        journal = Path(folder) / "journal.jsonl"
        chosen = [word for each in revisions for word in ("--revision", each)]
        words = [sys.executable, "-m", "wireproof", "run", "--journal", str(journal), "-f", "json", *chosen, url]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode not in (0, 1):
            raise SystemExit(f"wireproof on {url}: exit {done.returncode}\n{done.stderr[-2000:]}")
        return fold(read_journal(journal), load_catalogue())


def entry(
    played: suite.Played, lane: LaneReport, report: Report, known: Calibration, peer: Peer, revision: str
) -> dict[str, Any]:
    """One scenario in one lane, as it stands in the results."""
    scenario = known.scenarios.get(played.name, {})
    rows = [row for row in lane.rows if row.requirement.id in scenario.get("rows", ())]
    broken = [row for row in rows if row.verdict.value == "failed"]
    made: dict[str, Any] = {
        "theirs": played.verdict,
        "complaints": played.complaints,
        "ours": verdict(rows),
        "rows": {row.requirement.id: row.verdict.value for row in rows},
    }
    if broken:
        made["broken"] = [_broken(report, row) for row in broken]
    made["bytes"] = shown(played, scenario.get("shows", ""))
    cell = calibration.Cell(target=peer.name, revision=revision, scenario=played.name, seen=made)
    for argument in known.arguments.values():
        if not cell.agreed and "shows" in argument and calibration.fits(argument, cell):
            special = shown(played, argument["shows"])
            made["bytes"] = special if calibration.rests(argument, special) else made["bytes"]
    return made


def verdict(rows: Sequence[Row]) -> str:
    """Our verdict on a scenario: fail (a MUST is broken), errored, warn (a SHOULD is), pass (something was seen), abstain."""
    words = {row.verdict.value for row in rows}
    if any(row.verdict.value == "failed" and row.requirement.level.group == "MUST" for row in rows):
        return "fail"
    return next((word for name, word in _WORDS.items() if name in words), "abstain")


_REQUEST = '"id":'
_WORDS = {"errored": "errored", "failed": "warn", "passed": "pass"}


def _broken(report: Report, row: Row) -> dict[str, Any]:
    one = next(each for each in row.findings if each.verdict is row.verdict)
    records = [each for each in report.records.get(one.transcript, ()) if each.seq in one.evidence]
    return {
        "row": row.requirement.id,
        "level": row.requirement.level.value,
        "why": one.why,
        "request": "\n".join(record_text(each) for each in records if each.way.value == "out"),
        "response": "\n".join(record_text(each) for each in records if each.way.value == "in"),
    }


def shown(played: suite.Played, wanted: str) -> dict[str, str] | None:
    """The last exchange of the scenario whose request holds that text, the last request of all when there is none."""
    texts = [exchange_text(one) for one in played.exchanges]
    fitting = [one for one in texts if wanted in one["request"]]
    # A client's GET may come at any moment, so that it would be the last one only now and then.
    fitting = fitting or [one for one in texts if _REQUEST in one["request"]]
    return fitting[-1] if fitting else None


@contextmanager
def timed(what: str) -> Iterator[None]:
    begun = time.monotonic()
    yield
    print(f"{what}: {time.monotonic() - begun:.0f} s", flush=True)


def run(only: Sequence[str] = ()) -> dict[str, Any]:
    """Everything, one server after the other. With `only` the other servers keep the results that are committed."""
    known, listed = calibration.load(), suite.scenarios()
    peers = [reference(), *(load().peer(name) for name in ORDINARY)]
    kept = calibration.results()["lanes"] if only else []
    lanes = []
    for peer in peers:
        if only and peer.name not in only:
            lanes += [one for one in kept if one["target"] == peer.name]
            continue
        with timed(peer.name):
            lanes += measure(peer, known, listed)
    return {
        "suite": {"package": suite.PACKAGE, "version": suite.version()},
        "wireproof": {"version": __version__, "suite": SUITE_VERSION},
        "targets": {one.name: {"package": one.package, "version": one.version} for one in peers},
        "listed": {name: list(where) for name, where in listed.items()},
        "lanes": lanes,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--render", action="store_true", help="only write the page, from the committed results")
    parser.add_argument("--only", nargs="*", default=[], help="run these targets only; the others keep their results")
    given = parser.parse_args()
    if not given.render:
        text = json.dumps(run(given.only), indent=1, ensure_ascii=False) + "\n"
        calibration.RESULTS.write_text(text, encoding="utf-8")
    known, seen = calibration.load(), calibration.results()
    said = calibration.problems(known, seen)
    for sentence in said:
        print(sentence, file=sys.stderr)
    if not said:
        calibration.PAGE.write_text(calibration_page.render(known, seen), encoding="utf-8")
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
