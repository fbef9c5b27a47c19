"""wireproof on every installed peer: what fails there, held against docs/peers.yaml.

`python tests/peers/findings.py --write` plays all peers and writes the findings with their bytes; arguments are written by people, and
a finding without one fails the check. `--render` writes docs/peers.md. The test beside this file does the comparison (`make peers-check`).
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
from peerlist import Launch, Peer, free_port, load
from smoke import stop

from wireproof.library.catalogue import load_catalogue
from wireproof.library.source import read_yaml, validate
from wireproof.report.journal import read_journal
from wireproof.report.matrix import LaneReport, Report, Row, fold

ROOT = Path(__file__).resolve().parent.parent.parent
FILE = ROOT / "docs" / "peers.yaml"
PAGE = ROOT / "docs" / "peers.md"
SHOWN = 600
AT_ONCE = 2

ARGUED = ("MUST", "MUST NOT")
"""Levels whose findings fail a run, so that each must be argued; the others are counted on the page."""

Key = tuple[str, str, str, str, str]
"""peer, transport, requirement, exchange or check, subject"""


def places(only: Sequence[str] = ()) -> list[tuple[Peer, str]]:
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


def play(peer: Peer, transport: str, *options: str) -> tuple[Report, int]:
    """Runs the command line as a user would; (report of its journal, exit code). AssertionError when it could not grade."""
    launch = peer.launches[transport].fill(port=free_port())
    with tempfile.TemporaryDirectory() as folder:
        journal = Path(folder) / "journal.jsonl"
        words = [sys.executable, "-m", "wireproof", "run", "--journal", str(journal), "-f", "json", *options]
        if launch.url is None:
            pairs = [word for name, value in launch.env.items() for word in ("--env", f"{name}={value}")]
            done = subprocess.run([*words, *pairs, "--", *launch.command], capture_output=True, text=True, check=False)
        else:
            with running(peer, launch):
                done = subprocess.run([*words, launch.url], capture_output=True, text=True, check=False)
        if done.returncode not in (0, 1):
            raise AssertionError(f"{peer.name} {transport}: exit {done.returncode}\n{done.stderr[-2000:]}")
        return fold(read_journal(journal), load_catalogue()), done.returncode


def findings(peer: Peer, transport: str, report: Report) -> dict[Key, dict[str, Any]]:
    """Failed findings, those of several revisions together."""
    found: dict[Key, dict[str, Any]] = {}
    for lane, row, one in _failed(report):
        by = one.exchange.split("[")[0] if one.check.startswith("expect") else one.check
        key = (peer.name, transport, row.requirement.id, by, one.subject)
        request, response = _bytes(report, one.transcript, one.evidence)
        entry = found.setdefault(
            key,
            {
                "peer": peer.name,
                "version": peer.version,
                "transport": transport,
                "requirement": row.requirement.id,
                "level": row.requirement.level.value,
                "by": key[3],
                **({"subject": one.subject} if one.subject else {}),
                "seen": {},
                "why": one.why,
                "request": request,
                "response": response,
            },
        )
        prints = {*entry["seen"].get(lane.revision, "").split(), one.fingerprint}
        entry["seen"][lane.revision] = " ".join(sorted(prints))
    return found


def _failed(report: Report) -> Iterator[tuple[LaneReport, Row, Any]]:
    for lane, row in report.failures:
        for one in row.findings:
            if one.verdict.value == "failed" and row.requirement.level.value in ARGUED:
                yield lane, row, one


def _bytes(report: Report, transcript: str, evidence: Sequence[int]) -> tuple[str, str]:
    records = [record for record in report.records.get(transcript, ()) if record.seq in evidence]
    sent = [_text(record) for record in records if record.way.value == "out"]
    came = [_text(record) for record in records if record.way.value != "out"]
    return "\n".join(sent)[:SHOWN], "\n".join(came)[:SHOWN]


def _text(record: Any) -> str:
    body = record.raw.decode("utf-8", "backslashreplace")
    if record.way.value == "out" and "target" in record.meta:
        names = "\n".join(
            f"{name}: {value}" for name, value in record.meta["headers"] if not name.lower().startswith("host")
        )
        return f"{record.meta['method']} {record.meta['target']}\n{names}\n{body}"
    if record.kind.value == "head":
        return f"HTTP {record.meta.get('status')}"
    text = body or record.kind.value
    return "".join(char if char.isprintable() or char == "\n" else f"\\x{ord(char):02x}" for char in text)


def collect(only: Sequence[str] = ()) -> dict[Key, dict[str, Any]]:
    """All findings of all peers, two peers at a time."""

    def one(place: tuple[Peer, str]) -> dict[Key, dict[str, Any]]:
        report, _ = play(*place)
        return findings(*place, report)

    made: dict[Key, dict[str, Any]] = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for part in pool.map(one, places(only)):
            made |= part
    return made


def argued(path: Path = FILE) -> tuple[dict[str, Mapping[str, Any]], dict[Key, Mapping[str, Any]]]:
    """(arguments by id, findings by key) of docs/peers.yaml; UsageError when it breaks its schema."""
    value, lines = read_yaml(path)
    validate(value, lines, "peers", path)
    arguments = {one["id"]: one for one in value["arguments"]}
    known = {
        (one["peer"], one["transport"], one["requirement"], one["by"], one.get("subject", "")): one
        for one in value["findings"]
    }
    return arguments, known


def differences(found: Mapping[Key, Mapping[str, Any]], known: Mapping[Key, Mapping[str, Any]]) -> list[str]:
    """Sentences on what is found but not argued, and argued but not found; empty when the page is true."""
    said = []
    for key in sorted(found.keys() | known.keys()):
        name = " ".join(part for part in key if part)
        if key not in known:
            said.append(f"not argued: {name}: {found[key]['why']}")
        elif key not in found:
            said.append(f"argued but gone: {name}")
        else:
            for revision, prints in found[key]["seen"].items():
                if not set(prints.split()) <= set(known[key]["seen"].get(revision, "").split()):
                    said.append(f"another fingerprint: {name} in {revision}: {prints}")
    return said


def write(only: Sequence[str] = ()) -> None:
    """Rewrites the findings of docs/peers.yaml, keeping each one's argument."""
    found = collect(only)
    arguments: list[Any] = []
    old: dict[Key, Mapping[str, Any]] = {}
    if FILE.exists():
        by_id, old = argued()
        arguments = list(by_id.values())
    rows = {key: value for key, value in old.items() if only and key[0] not in {peer.name for peer, _ in places(only)}}
    for key, entry in found.items():
        fits = [one["id"] for one in arguments if one["requirement"] == key[2] and key[0] in one.get("peers", [key[0]])]
        argument = old[key].get("argument") if key in old else fits[0] if len(fits) == 1 else None
        rows[key] = {**entry, **({"argument": argument} if argument else {})}
    ordered = [dict(rows[key]) for key in sorted(rows)]
    text = yaml.safe_dump(
        {"arguments": [dict(one) for one in arguments], "findings": ordered},
        sort_keys=False,
        allow_unicode=True,
        width=150,
    )
    head = (
        "# What wireproof finds on real servers, and why each finding is right. Findings are written by\n"
        "# `python tests/peers/findings.py --write`; arguments by people. `make peers-check` fails on any difference.\n"
    )
    FILE.write_text(head + text, encoding="utf-8")


def render() -> str:
    """docs/peers.md."""
    arguments, known = argued()
    lines = [
        "# Findings on real servers",
        "",
        "Made from [peers.yaml](peers.yaml) by `python tests/peers/findings.py --render`. Each argument says which sentence",
        "obliges the server and why no other reading saves it; the bytes of each finding are in the YAML.",
        "",
    ]
    for name, argument in arguments.items():
        mine = [one for one in known.values() if one.get("argument") == name]
        if not mine:
            continue
        lines += [
            f"## {argument['requirement']}",
            "",
            f"{argument['sentence']} ({argument['page']})",
            "",
            argument["why"],
            "",
        ]
        lines += ["| server | version | transport | revisions |", "|---|---|---|---|"]
        lines += [
            f"| {one['peer']} | {one['version']} | {one['transport']} | {', '.join(one['seen'])} |" for one in mine
        ]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--render", action="store_true")
    parser.add_argument("--only", nargs="*", default=[])
    given = parser.parse_args()
    if given.write:
        write(given.only)
    if given.render:
        PAGE.write_text(render(), encoding="utf-8")
    if not given.write and not given.render:
        _, known = argued()
        for sentence in differences(collect(given.only), known):
            print(sentence)
    return 0


if __name__ == "__main__":
    sys.exit(main())
