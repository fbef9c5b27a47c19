"""`wireproof rejudge`: today's checks on yesterday's bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from wireproof.cli.main import harmless
from wireproof.cli.verify import opened, show_checks
from wireproof.engine.rejudge import changes, gather, rejudge
from wireproof.engine.run import load_suite
from wireproof.evidence.anew import disagreements, judged_anew
from wireproof.evidence.files import STATEMENT
from wireproof.evidence.keys import load_public_key
from wireproof.library.shelf import digest
from wireproof.model.errors import UsageError
from wireproof.model.events import RunFinished
from wireproof.report.journal import read_journal
from wireproof.report.soundness import same_suite
from wireproof.report.words import plural

_FEW: Final = 20


@click.command("rejudge")
@click.argument("journal", type=click.Path(path_type=Path), metavar="JOURNAL|BUNDLE")
@click.option(
    "--key",
    "keys",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Of a bundle: the public key that must have signed it (repeatable: one of them).",
)
@click.pass_context
def command(ctx: click.Context, journal: Path, keys: tuple[Path, ...]) -> None:
    """Judge JOURNAL again and list verdicts that changed. Exit 0 when none did, 1 otherwise.

    A BUNDLE is verified first; then its report must be what its transcript gives. A change under another suite digest is the suite's
    doing, not the target's.
    """
    if is_bundle(journal):
        ctx.exit(_bundle(journal, keys))
    if keys:
        raise UsageError("--key is for bundles; a journal is not signed")
    events = list(read_journal(journal))
    if not events:
        raise UsageError("holds no run", where=str(journal))
    seen = gather(events)
    if not isinstance(events[-1], RunFinished):
        click.echo("the journal ends before its run did: what was played after that, and its verdicts, are missing")
    found = changes(
        seen, rejudge(seen, load_suite(seen.started.suite.get("protocol", "mcp") if seen.started else "mcp"))
    )
    other = seen.started is not None and seen.started.suite.get("digest") != digest()
    if other:
        click.echo("the journal was judged by another suite: what changed is the suite's doing, not the target's")
    for one in found:
        click.echo(f"{one.requirement}  {one.revision} {one.transport}: {one.before} -> {one.after}")
    click.echo(f"{plural(len(found), 'verdict')} changed")
    ctx.exit(1 if found else 0)


def is_bundle(path: Path) -> bool:
    """An archive, or a folder with a signed statement in it; a journal is neither."""
    if path.is_dir():
        return (path / STATEMENT).exists()
    try:
        with path.open("rb") as file:
            return file.read(2) == b"PK"
    except OSError:
        return False  # who reads it as a journal says why it cannot be read


def _bundle(path: Path, keys: tuple[Path, ...]) -> int:
    found = opened(path, [load_public_key(one) for one in keys])
    show_checks(found.checks)
    if not found.holds:
        return 1
    suite = load_suite(found.report["suite"]["protocol"])
    parted = list(disagreements(found.report, judged_anew(found.events, suite), found.journal))
    rows = sum(len(run["requirements"]) for run in found.report["runs"])
    click.echo(f"{'✗' if parted else '✓'} verdicts    {plural(rows, 'row')} judged again")
    if parted and not same_suite(found.report):
        click.echo("    the bundle was judged by another suite: what changed is the suite's doing, not the target's")
    for one in parted[:_FEW]:
        click.echo(f"    {harmless(str(one))}")
    if len(parted) > _FEW:
        click.echo(f"    and {len(parted) - _FEW} more")
    return 1 if parted else 0
