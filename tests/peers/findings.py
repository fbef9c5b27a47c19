"""wireproof on every installed peer: what fails there, held against docs/peers.yaml.

`python tests/peers/findings.py --write` plays all peers and writes the findings with their bytes; arguments are written by people, and
a finding without one fails the check, whatever its level. `--render` writes docs/peers.md, `--journals FOLDER` keeps what was played (and
with `--rejudge` reads it again instead of playing). The test beside this file does the comparison (`make peers-check`).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from excerpt import record_text, tidy
from findings_page import page
from peerlist import PEERS, Launch, Peer, free_port, load
from smoke import stop

from wireproof.engine.rejudge import gather, rejudge
from wireproof.engine.run import load_suite
from wireproof.library.catalogue import load_catalogue
from wireproof.library.source import read_yaml, validate
from wireproof.model.events import Judged
from wireproof.report.journal import read_journal
from wireproof.report.matrix import LaneReport, Report, Row, fold

ROOT = Path(__file__).resolve().parent.parent.parent
FILE = ROOT / "docs" / "peers.yaml"
PAGE = ROOT / "docs" / "peers.md"
SHOWN = 500
"""Characters of what was sent, and of what came, that an entry keeps."""
AT_ONCE = 2
NOTHING = "(nothing)"

Key = tuple[str, str, str, str]
"""peer, transport, requirement, exchange or check"""
Place = tuple[Peer, str]
Found = dict[Key, dict[str, Any]]


def places(only: Sequence[str] = ()) -> list[Place]:
    """Every (peer, transport)."""
    return [(peer, name) for peer in load().only(only).peers for name in peer.launches]


@contextmanager
def running(peer: Peer, launch: Launch) -> Iterator[None]:
    """The HTTP peer, started and stopped."""
    child = subprocess.Popen(
        launch.command,
        env=launch.environ(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + peer.startup_s
        port = int(str(launch.url).split(":")[2].split("/")[0])
        while not _open(port) and time.monotonic() < deadline:
            time.sleep(0.1)
        yield
    finally:
        stop(child, stdio=False)


def _open(port: int) -> bool:
    import socket

    try:
        socket.create_connection(("127.0.0.1", port), timeout=0.5).close()
    except OSError:
        return False
    return True


def play(peer: Peer, transport: str, journal: Path) -> Report:
    """Runs the command line as a user would; the report of its journal. AssertionError when it could not grade."""
    launch = peer.launches[transport].fill(port=free_port())
    words = [sys.executable, "-m", "wireproof", "run", "--journal", str(journal), "-f", "json"]
    if launch.url is None:
        pairs = [word for name, value in launch.env.items() for word in ("--env", f"{name}={value}")]
        done = subprocess.run([*words, *pairs, "--", *launch.command], capture_output=True, text=True, check=False)
    else:
        with running(peer, launch):
            done = subprocess.run([*words, launch.url], capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise AssertionError(f"{peer.name} {transport}: exit {done.returncode}\n{done.stderr[-2000:]}")
    return fold(read_journal(journal), load_catalogue())


def judged_again(journal: Path) -> Report:
    """The report of a journal by today's checks."""
    events = list(read_journal(journal))
    anew = rejudge(gather(events), load_suite())
    return fold([*(one for one in events if not isinstance(one, Judged)), *anew], load_catalogue())


def findings(peer: Peer, transport: str, report: Report) -> Found:
    """Failed findings of every level, those of several revisions and subjects together; the bytes are of the newest revision."""
    found: Found = {}
    for lane, row, one in _failed(report):
        by = one.exchange.split("[")[0] if one.check.startswith("expect") else one.check
        key = (peer.name, transport, row.requirement.id, by)
        if key not in found:
            request, response = _bytes(report, one.transcript, one.evidence)
            found[key] = {
                "peer": peer.name,
                "version": peer.version,
                "transport": transport,
                "requirement": row.requirement.id,
                "level": row.requirement.level.value,
                "by": by,
                "subjects": set(),
                "seen": {},
                "why": _tidy(tidy(one.why)),
                "request": request,
                "response": response,
            }
        entry = found[key]
        entry["subjects"] |= {one.subject} - {""}
        entry["seen"].setdefault(lane.revision, set()).add(one.fingerprint)
    for entry in found.values():
        entry["subjects"] = sorted(entry["subjects"])
        entry["seen"] = {revision: " ".join(sorted(prints)) for revision, prints in entry["seen"].items()}
    return found


def _failed(report: Report) -> Iterator[tuple[LaneReport, Row, Any]]:
    for lane, row in report.failures:
        for one in row.findings:
            if one.verdict.value == "failed":
                yield lane, row, one


def _bytes(report: Report, transcript: str, evidence: Sequence[int]) -> tuple[str, str]:
    """What was sent and what came. What came unasked stands beside what was sent last before it."""
    records = report.records.get(transcript, [])
    shown = [record for record in records if record.seq in evidence]
    sent = [record for record in shown if record.way.value == "out"]
    came = [record for record in shown if record.way.value == "in"]
    if not sent and shown:
        before = [one for one in records if one.way.value == "out" and one.seq < shown[0].seq]
        nearer = [one for one in before if one.channel == shown[0].channel] if shown[0].channel != "main" else []
        sent = nearer[-1:] or before[-2:]
    if came and all(one.kind.value == "head" for one in came):
        came += [
            one
            for one in records
            if one.channel == came[-1].channel and one.kind.value == "message" and one.seq > came[-1].seq
        ]
    return _shown(sent), _shown(came)


def _shown(records: Sequence[Any]) -> str:
    text = "\n".join(part for one in records for part in (_tidy(record_text(one)), *_told(one)) if part)
    return text[:SHOWN] + " ..." if len(text) > SHOWN else text or NOTHING


def _told(record: Any) -> Iterator[str]:
    """What the head of a response says to browsers."""
    for name, value in record.meta.get("headers", ()) if record.kind.value == "head" else ():
        if name.lower().startswith(("access-control-allow-origin", "allow", "www-authenticate")):
            yield f"{name}: {value}"


def _tidy(text: str) -> str:
    """Without the folders of this machine."""
    return text.replace(str(PEERS.resolve()), ".peers").replace(str(PEERS), ".peers").replace(str(ROOT), ".")


def collect(
    only: Sequence[Place], journals: Path | None = None, *, again: bool = False, at_once: int = AT_ONCE
) -> Found:
    """All findings of these places. `journals` keeps what is played; with `again` it is read instead of playing."""

    def one(place: Place) -> Found:
        peer, transport = place
        with tempfile.TemporaryDirectory() as folder:
            journal = (journals or Path(folder)) / f"{peer.name}-{transport}.jsonl"
            report = judged_again(journal) if again else play(peer, transport, journal)
        return findings(peer, transport, report)

    made: Found = {}
    with ThreadPoolExecutor(at_once) as pool:
        for part in pool.map(one, only):
            made |= part
    return made


def argued(path: Path = FILE) -> tuple[dict[str, Mapping[str, Any]], dict[Key, Mapping[str, Any]]]:
    """(arguments by id, findings by key) of docs/peers.yaml; UsageError when it breaks its schema."""
    value, lines = read_yaml(path)
    validate(value, lines, "peers", path)
    arguments = {one["id"]: one for one in value["arguments"]}
    known = {(one["peer"], one["transport"], one["requirement"], one["by"]): one for one in value["findings"]}
    return arguments, known


def differences(found: Mapping[Key, Mapping[str, Any]], known: Mapping[Key, Mapping[str, Any]]) -> dict[Key, str]:
    """Sentences on what is found but not argued, and argued but not found; empty when the page is true."""
    said: dict[Key, str] = {}
    for key in sorted(found.keys() | known.keys()):
        name = " ".join(key)
        if key not in known:
            said[key] = f"not argued: {name}: {found[key]['why']}"
        elif key not in found:
            said[key] = f"argued but gone: {name}"
        elif found[key]["version"] != known[key]["version"]:
            said[key] = f"argued of another version: {name}: {known[key]['version']}"
        elif found[key]["seen"] != known[key]["seen"]:
            changed = {*found[key]["seen"].items()} ^ {*known[key]["seen"].items()}
            said[key] = f"other fingerprints: {name}: {', '.join(sorted({revision for revision, _ in changed}))}"
    return said


def compare(only: Sequence[str] = (), journals: Path | None = None, *, again: bool = False) -> list[str]:
    """What differs from docs/peers.yaml, looked at twice: a server that differs is played once more, with nothing beside it."""
    chosen = places(only)
    names = {(peer.name, transport) for peer, transport in chosen}
    _, known = argued()
    known = {key: one for key, one in known.items() if key[:2] in names}
    found = collect(chosen, journals, again=again)
    odd = {key[:2] for key in differences(found, known)}
    if odd and not again:
        once_more = [place for place in chosen if (place[0].name, place[1]) in odd]
        found = {key: one for key, one in found.items() if key[:2] not in odd} | collect(once_more, at_once=1)
    return list(differences(found, known).values())


def write(only: Sequence[str] = (), journals: Path | None = None, *, again: bool = False) -> None:
    """Rewrites the findings of docs/peers.yaml, keeping each one's argument."""
    chosen = places(only)
    arguments, old = argued()
    rows = {key: dict(one) for key, one in old.items() if only and key[0] not in {peer.name for peer, _ in chosen}}
    for key, entry in collect(chosen, journals, again=again).items():
        kept = old.get(key, {}).get("argument")
        fits = [one["id"] for one in arguments.values() if _fits(one, key, entry)]
        argument = kept if kept in fits else fits[0] if len(fits) == 1 else None
        rows[key] = {**entry, **({"argument": argument} if argument else {})}
    ordered = [_compact(rows[key]) for key in sorted(rows)]
    text = _dump({"arguments": [dict(one) for one in arguments.values()], "findings": ordered})
    head = (
        "# What wireproof finds on real servers, and why each finding is right. Findings are written by\n"
        "# `python tests/peers/findings.py --write`; arguments by people. `make peers-check` fails on any difference.\n"
    )
    FILE.write_text(head + text, encoding="utf-8")


def _fits(argument: Mapping[str, Any], key: Key, entry: Mapping[str, Any]) -> bool:
    return (
        argument["requirement"] == key[2]
        and key[0] in argument.get("peers", [key[0]])
        and key[1] in argument.get("transports", [key[1]])
        and key[3] in argument.get("by", [key[3]])
    )


def _compact(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if value != [] or key != "subjects"}


class _Dumper(yaml.SafeDumper):
    """Text of several lines stands as it is."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    # What begins with a digit might be read as a number elsewhere: fingerprints are hexadecimal.
    style = "|" if "\n" in value else '"' if value[:1].isdigit() else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def _dump(value: Any) -> str:
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=150)


def render() -> str:
    """docs/peers.md."""
    arguments, known = argued()
    packages = {one.name: f"{one.package} {one.version}" for one in load().peers}
    titles = {name: row.title for name, row in load_catalogue().requirements.items()}
    return page(arguments, [one for one in known.values() if "argument" in one], packages, titles)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--render", action="store_true")
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--journals", type=Path)
    parser.add_argument("--rejudge", action="store_true")
    given = parser.parse_args()
    if given.journals:
        given.journals.mkdir(parents=True, exist_ok=True)
    if given.write:
        write(given.only, given.journals, again=given.rejudge)
    if given.render:
        PAGE.write_text(render(), encoding="utf-8")
    if given.write or given.render:
        return 0
    said = compare(given.only, given.journals, again=given.rejudge)
    for sentence in said:
        print(sentence)
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
