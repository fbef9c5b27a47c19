"""`wireproof compare`: two reports beside each other."""

from __future__ import annotations

from pathlib import Path

import click

from wireproof.cli.outputs import terminal_console
from wireproof.model.errors import UsageError
from wireproof.report.compare import compare, comparison_text
from wireproof.report.differences import render
from wireproof.report.reading import read_report


@click.command("compare")
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
@click.option("-f", "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--strict", is_flag=True, help="A SHOULD that fails newly counts too.")
@click.pass_context
def command(ctx: click.Context, before: Path, after: Path, form: str, strict: bool) -> None:
    """Say what is new, fixed, changed and gone in AFTER. Both are JSON reports (-o json:FILE) or journals; `-` is standard input.

    \b
    git show main:report.json | wireproof compare - report.json

    Exit 1 when something fails newly that counts, 2 when one of them cannot be read or judged nothing, else 0.
    """
    if str(before) == str(after) == "-":
        raise UsageError("standard input can be one of the two only")
    old, new = read_report(before), read_report(after)
    made = compare(old, new)
    if form == "json":
        click.echo(comparison_text(made, old, new, strict=strict), nl=False)
    else:
        render(made, terminal_console(), strict=strict)
    ctx.exit(made.exit_code(strict=strict))
