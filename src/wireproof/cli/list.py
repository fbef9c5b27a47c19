"""`wireproof list`: what there is."""

from __future__ import annotations

import sys

import click
from rich.table import Table

from wireproof.cli.outputs import terminal_console
from wireproof.engine.coverage import coverage, judges
from wireproof.engine.plan import fits
from wireproof.engine.run import load_suite
from wireproof.engine.selftest import Outcome, selftest, trials
from wireproof.engine.suite import Suite
from wireproof.model.exchange import Origin

WHAT = ("requirements", "exchanges", "checks", "coverage", "plan")


@click.command("list")
@click.argument("what", type=click.Choice(WHAT))
@click.option("--revision", help="Only what is in force there.")
@click.option("--transport", type=click.Choice(["stdio", "http", "sse"]), help="Only what is played there.")
@click.option("--full", is_flag=True, help="coverage: prove on every revision and transport (minutes).")
@click.option("-v", "--verbose", is_flag=True, help="coverage: name the rows that are open or unproven.")
def command(what: str, revision: str | None, transport: str | None, full: bool, verbose: bool) -> None:
    """List requirements, exchanges, checks, the plan, or how much is proven."""
    suite = load_suite()
    if revision is not None:
        suite.catalogue.order(revision)  # an unknown one is a usage error with the nearest match
    match what:
        case "requirements":
            _requirements(suite, revision)
        case "exchanges" | "plan":
            _exchanges(suite, revision, transport, planned=what == "plan")
        case "checks":
            for one in suite.pack.checks:
                click.echo(f"{one.name}\n    {', '.join(one.rows)}\n    {one.doc.splitlines()[0] if one.doc else ''}")
        case "coverage":
            _coverage(suite, full=full, verbose=verbose)


def _requirements(suite: Suite, revision: str | None) -> None:
    for row in suite.catalogue.requirements.values():
        if revision is None or suite.catalogue.covers(row, revision):
            judged = "judged" if judges(suite, row.id) else "      "
            click.echo(f"{row.id}  {row.level.value}  {row.role}  {row.testable.value}  {judged}  {row.title}")


def _exchanges(suite: Suite, revision: str | None, transport: str | None, *, planned: bool) -> None:
    count = 0
    for one in suite.exchanges:
        places = [
            f"{known.id} {where}"
            for known in suite.catalogue.revisions
            for where in (("stdio", "http", "sse") if transport is None else (transport,))
            if fits(one, known, where, suite.orders) and (revision is None or known.id == revision)
        ]
        if not places or (planned and one.origin is Origin.SURVEY):
            continue
        count += 1
        click.echo(f"{one.id}  {one.isolation.value}  {one.title}")
        if planned:
            click.echo(f"    needs {', '.join(one.needs) or 'nothing'}; decides {', '.join(one.about) or 'nothing'}")
    click.echo(f"{count} exchanges")


def _coverage(suite: Suite, *, full: bool, verbose: bool) -> None:
    click.echo("playing the bundled peers to see what is proven ...", err=True)
    every, done, shown = len(trials(suite, full=full)), 0, sys.stderr.isatty()

    def tell(one: Outcome) -> None:
        nonlocal done
        done += 1
        if shown:
            click.echo(f"\r\x1b[2K{done}/{every} {one.trial.name}"[:79], nl=False, err=True)

    if shown:
        click.echo(f"0/{every}", nl=False, err=True)
    outcomes = selftest(suite, full=full, listen=tell)
    if shown:
        click.echo("\r\x1b[2K", nl=False, err=True)
    table = Table(title="binding rows of the server role", box=None, title_justify="left")
    for name in ("revision", "class", "rows", "proven", "unproven", "reasoned", "open"):
        table.add_column(name, justify="left" if name in ("revision", "class") else "right")
    bars = coverage(suite, outcomes)
    for bar in bars:
        table.add_row(
            bar.revision,
            bar.testable,
            str(bar.total),
            str(bar.proven),
            str(len(bar.unproven_rows)),
            str(bar.reasoned),
            str(len(bar.open_rows)),
        )
    terminal_console().print(table)
    if verbose:
        for bar in bars:
            for word, rows in (("unproven", bar.unproven_rows), ("open", bar.open_rows)):
                for row in rows:
                    click.echo(f"{word}  {bar.revision}  {bar.testable}  {row}")
