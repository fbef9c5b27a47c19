"""`wireproof rejudge`: today's checks on yesterday's bytes."""

from __future__ import annotations

from pathlib import Path

import click

from wireproof.engine.rejudge import changes, gather, rejudge
from wireproof.engine.run import load_suite
from wireproof.library.shelf import digest
from wireproof.report.journal import read_journal
from wireproof.report.words import plural


@click.command("rejudge")
@click.argument("journal", type=click.Path(path_type=Path))
@click.pass_context
def command(ctx: click.Context, journal: Path) -> None:
    """Judge JOURNAL again and list verdicts that changed. Exit 0 when none did, 1 otherwise.

    A change under another suite digest is the suite's doing, not the target's.
    """
    seen = gather(read_journal(journal))
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
