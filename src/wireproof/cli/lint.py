"""`wireproof lint`: check exchange files, ours or anybody's."""

from __future__ import annotations

from pathlib import Path

import click

from wireproof.cli.main import show
from wireproof.engine.lint import lint
from wireproof.engine.run import bare_suite
from wireproof.report.words import plural


@click.command("lint")
@click.argument("places", nargs=-1, type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--protocol", default="mcp", show_default=True, help="The protocol that they are played in: mcp or a2a.")
@click.pass_context
def command(ctx: click.Context, places: tuple[Path, ...], protocol: str) -> None:
    """Check the exchange files in PLACES (files or folders). Exit 0 when all are fine, 1 otherwise."""
    problems, count = lint(places, bare_suite(protocol))
    for problem in problems:
        show(problem)
    click.echo(f"{plural(count, 'exchange')} in {plural(len(places), 'place')}, {plural(len(problems), 'problem')}")
    ctx.exit(1 if problems else 0)
