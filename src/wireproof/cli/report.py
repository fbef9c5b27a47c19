"""`wireproof report`: render a journal again."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from wireproof.cli.main import INTERRUPTED
from wireproof.cli.outputs import FORMATS, check_outputs, terminal, write_outputs
from wireproof.library.baseline import load_baseline
from wireproof.library.catalogue import load_catalogue
from wireproof.library.validity import in_future
from wireproof.report.baseline import weigh
from wireproof.report.reading import journalled, protocol_of
from wireproof.report.soundness import started_at


@click.command("report")
@click.argument("journal", type=click.Path(path_type=Path))
@click.option("-f", "--format", "form", type=click.Choice(FORMATS), default="console", show_default=True)
@click.option("-o", "--output", "outputs", multiple=True, help="FORMAT:FILE (repeatable); folders are made.")
@click.option("--strict", is_flag=True, help="A broken SHOULD counts too.")
@click.option("--baseline", type=click.Path(path_type=Path), help="A file of known failures to hold it against.")
@click.pass_context
def command(
    ctx: click.Context, journal: Path, form: str, outputs: tuple[str, ...], strict: bool, baseline: Path | None
) -> None:
    """Render JOURNAL, as the run that wrote it would have; nothing is played or judged.

    Exit codes are those of the run: 130 where it was interrupted, or its journal ends before it did.
    """
    files = check_outputs(outputs)
    report = journalled(journal)
    weigh(report, load_baseline(baseline, load_catalogue(protocol_of(report))) if baseline is not None else None)
    terminal(report, form, journal=journal, strict=strict)
    write_outputs(report, files, strict=strict)
    began = started_at({"started_at": report.started.started_at}) if report.started is not None else None
    if began is not None and in_future(began, datetime.now(UTC)):
        click.echo("wireproof: by its journal this run began in the future: a clock is wrong", err=True)
    interrupted = report.finished is not None and report.finished.interrupted
    ctx.exit(INTERRUPTED if interrupted else report.exit_code(strict=strict))
