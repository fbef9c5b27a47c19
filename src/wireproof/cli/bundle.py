"""`wireproof bundle`: one run, packed and signed."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click

from wireproof.cli.main import harmless
from wireproof.cli.outputs import write_bytes
from wireproof.evidence import keyless
from wireproof.evidence.bundle import journal_bytes, make_bundle, payload_of
from wireproof.evidence.files import SIGSTORE, archive_of, size_text
from wireproof.evidence.keys import load_signing_key
from wireproof.evidence.rules import rules_for
from wireproof.model.errors import UsageError
from wireproof.report.badge import address, clean
from wireproof.report.journal import newest_journal
from wireproof.report.soundness import cut_marks

_SUBJECT: Final = re.compile(r"(?P<name>.+)=(?P<kind>[A-Za-z0-9_]+):(?P<hex>[0-9a-f]{32,128})\Z")


@click.command("bundle")
@click.argument("journal", type=click.Path(path_type=Path), required=False)
@click.option(
    "-o",
    "--output",
    required=True,
    help="The archive; with a / at its end, or where it is a folder already, the files are put there unpacked.",
)
@click.option("--key", required=True, type=click.Path(path_type=Path), help="The private key (wireproof keygen).")
@click.option(
    "--subject",
    "subjects",
    multiple=True,
    help="What was tested, as you say: NAME=sha256:HEX, or NAME=gitCommit:HEX and the like (repeatable).",
)
@click.option(
    "--sigstore",
    is_flag=True,
    help="Sign by sigstore as well, as who runs this: the CI job, or whom the token in SIGSTORE_ID_TOKEN names.",
)
@click.option("--url", default="", help="Where the run can be looked at, such as a CI job.")
def command(journal: Path | None, output: str, key: Path, subjects: tuple[str, ...], sigstore: bool, url: str) -> None:
    """Pack the run of JOURNAL (or of a run's folder) with its report, and sign an in-toto statement about it.

    Without JOURNAL it is the newest run under .wireproof.

    Others check it with `wireproof verify`. The journal holds no secrets that wireproof was told of, but everything that the target said.
    Exit codes: 0 written, 2 the journal is torn, was judged by another suite, or does not agree with itself.
    """
    named = [_subject(one) for one in subjects]
    if url and not address(url).lower().startswith("http"):
        raise UsageError(f"--url {url!r} is no http(s) URL")
    if sigstore:
        keyless.need_library()
    signing = load_signing_key(key)
    path = journal or newest_journal(Path(".wireproof"))
    made = make_bundle(
        journal_bytes(path),
        str(path),
        rules_for,
        signing,
        now=datetime.now(UTC),
        subjects=named,
        url=address(url) if url else "",
    )
    files = dict(made.files)
    if sigstore:
        files[SIGSTORE] = keyless.sign(payload_of(made.statement), os.environ.get("SIGSTORE_ID_TOKEN"))
    folder = output.endswith(("/", os.sep)) or Path(output).is_dir()
    if folder:
        for name, data in files.items():
            write_bytes(Path(output) / name, data)
        size = sum(map(len, files.values()))
    else:
        archive = archive_of(files)
        write_bytes(Path(output), archive)
        size = len(archive)
    click.echo(
        f"{output}: {size_text(size)}, signed by {signing.public.keyid[:16]}{' and by sigstore' if sigstore else ''}"
    )
    for line in told(made.report, made.statement):
        click.echo(f"  {harmless(line)}")


def _subject(text: str) -> dict[str, Any]:
    found = _SUBJECT.match(text)
    if found is None:
        raise UsageError(f"--subject {text!r} is not NAME=ALGORITHM:HEX", hint="--subject my-server-1.2.tgz=sha256:...")
    return {"name": found["name"], "digest": {found["kind"]: found["hex"]}}


def told(report: Any, statement: Any) -> list[str]:
    """What a bundle says, in lines: the target, the day, the result, and the class of each run."""
    made = [
        f"conformance report of {clean(report['target'].get('name', ''))}, run {report['started_at'][:10]}: {statement['predicate']['result']}"
    ]
    for run in report["runs"]:
        reached, less = run["class"], cut_marks(report, run)
        unseen = f"{reached['unobserved']} not observed"
        made.append(
            f"{run['protocol'].upper()} {run['revision']} over {run['transport']}: {reached['name'] or 'no class'}"
            f" {reached['passed']}/{reached['applicable']}, {', '.join([unseen, *less])}"
        )
    return made
