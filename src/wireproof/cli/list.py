"""`wireproof list`: what there is."""

from __future__ import annotations

import sys

import click
from rich.table import Table

from wireproof.cli.outputs import terminal_console
from wireproof.engine.bench import BENCHES
from wireproof.engine.coverage import Bar, coverage, judges
from wireproof.engine.plan import fits
from wireproof.engine.run import installed, load_suite
from wireproof.engine.selftest import Outcome, selftest, trials
from wireproof.engine.suite import Suite
from wireproof.library.catalogue import protocols
from wireproof.model.errors import UsageError
from wireproof.model.exchange import Origin

WHAT = ("requirements", "exchanges", "checks", "coverage", "plan")
_TRANSPORTS = {"mcp": ("stdio", "http", "sse"), "a2a": ("jsonrpc", "rest", "grpc")}


@click.command("list")
@click.argument("what", type=click.Choice(WHAT))
@click.option("--protocol", "wanted", help="Only of this protocol: mcp or a2a (without it: both).")
@click.option("--revision", help="Only what is in force there.")
@click.option(
    "--transport",
    type=click.Choice([name for names in _TRANSPORTS.values() for name in names]),
    help="Only what is played there.",
)
@click.option("--full", is_flag=True, help="coverage: prove on every revision and transport (minutes).")
@click.option("-v", "--verbose", is_flag=True, help="coverage: name the rows that are open or unproven.")
def command(
    what: str, wanted: str | None, revision: str | None, transport: str | None, full: bool, verbose: bool
) -> None:
    """List requirements, exchanges, checks, the plan, or how much is proven."""
    for suite in _suites(wanted, revision, transport):
        match what:
            case "requirements":
                _requirements(suite, revision, transport)
            case "exchanges" | "plan":
                _exchanges(suite, revision, transport, planned=what == "plan")
            case "checks":
                _checks(suite, revision, transport)
            case "coverage":
                _coverage(suite, revision, transport, full=full, verbose=verbose)


def _suites(wanted: str | None, revision: str | None, transport: str | None) -> list[Suite]:
    """Of the protocol asked for, else of each that has such a revision and transport. UsageError where there is none."""
    known = [one for one in protocols() if installed(one)]
    if wanted is not None and wanted not in known:
        raise UsageError(f"no protocol is called {wanted!r}", hint=f"installed: {', '.join(known)}")
    suites = [load_suite(one) for one in known if wanted in (None, one)]
    if revision is not None:
        having = [one for one in suites if revision in one.orders]
        if not having:
            every = ", ".join(row.id for one in suites for row in one.catalogue.revisions)
            raise UsageError(f"no revision is called {revision!r}", hint=f"known: {every}")
        suites = having
    if transport is not None:
        having = [one for one in suites if transport in _TRANSPORTS.get(one.pack.name, ())]
        if not having:
            names = ", ".join(name for one in suites for name in _TRANSPORTS.get(one.pack.name, ()))
            raise UsageError(f"nothing there is played over {transport}", hint=f"known: {names}")
        suites = having
    return suites


def _requirements(suite: Suite, revision: str | None, transport: str | None) -> None:
    catalogue = suite.catalogue
    bound = {
        row.id
        for known in catalogue.revisions
        if revision in (None, known.id)
        for role in {one.role for one in catalogue.requirements.values()}
        for row in catalogue.in_force(known.id, role, transport or "any")
    }
    for row in catalogue.requirements.values():
        if row.id in bound:
            judged = "judged" if judges(suite, row.id) else "      "
            click.echo(f"{row.id}  {row.level.value}  {row.role}  {row.testable.value}  {judged}  {row.title}")


def _checks(suite: Suite, revision: str | None, transport: str | None) -> None:
    catalogue = suite.catalogue
    for one in suite.pack.checks:
        rows = [row for row in one.rows if row in catalogue.requirements]
        if revision is not None or transport is not None:
            places = [known.id for known in catalogue.revisions if revision in (None, known.id)]
            bound = {row.id for name in places for row in catalogue.in_force(name, "server", transport or "any")}
            rows = [row for row in rows if row in bound]
        if rows:
            click.echo(f"{one.name}\n    {', '.join(rows)}\n    {one.doc.splitlines()[0] if one.doc else ''}")


def _exchanges(suite: Suite, revision: str | None, transport: str | None, *, planned: bool) -> None:
    count = 0
    everywhere = _TRANSPORTS.get(suite.pack.name, ())
    for one in suite.exchanges:
        places = [
            f"{known.id} {where}"
            for known in suite.catalogue.revisions
            for where in (everywhere if transport is None else (transport,))
            if fits(one, known, where, suite.orders) and (revision is None or known.id == revision)
        ]
        if not places or (planned and one.origin is Origin.SURVEY):
            continue
        count += 1
        click.echo(f"{one.id}  {one.isolation.value}  {one.title}")
        if planned:
            click.echo(f"    needs {', '.join(one.needs) or 'nothing'}; decides {', '.join(one.about) or 'nothing'}")
    click.echo(f"{count} exchanges ({suite.pack.name})")


def _coverage(suite: Suite, revision: str | None, transport: str | None, *, full: bool, verbose: bool) -> None:
    name = suite.pack.name
    if transport is not None and transport not in BENCHES[name].bindings:
        counted = ", ".join(one for one in BENCHES[name].bindings if one) or "all transports together"
        raise UsageError(f"coverage of {name} is not counted over {transport}", hint=f"counted over: {counted}")
    bars = [
        bar
        for bar in coverage(suite, _played(suite, full=full))
        if revision in (None, bar.revision) and transport in (None, bar.binding)
    ]
    terminal_console().print(_table(name, bars))
    if verbose:
        for bar in bars:
            place = f"{bar.revision}  {bar.binding}".rstrip()
            for word, rows in (("unproven", bar.unproven_rows), ("open", bar.open_rows)):
                for row in rows:
                    click.echo(f"{word}  {place}  {bar.testable}  {row}")


def _played(suite: Suite, *, full: bool) -> list[Outcome]:
    """The self-test, with its progress on a terminal."""
    click.echo(f"playing the bundled peers of {suite.pack.name} to see what is proven ...", err=True)
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
    return outcomes


def _table(protocol: str, bars: list[Bar]) -> Table:
    of = "agents" if protocol == "a2a" else "servers"
    table = Table(title=f"binding rows of {protocol} {of}", box=None, title_justify="left")
    several = any(bar.binding for bar in bars)
    for name in ("revision", *(("binding",) if several else ()), "class"):
        table.add_column(name)
    for name in ("rows", "proven", "unproven", "reasoned", "open"):
        table.add_column(name, justify="right")
    for bar in bars:
        place = (bar.revision, bar.binding) if several else (bar.revision,)
        counts = (bar.total, bar.proven, len(bar.unproven_rows), bar.reasoned, len(bar.open_rows))
        table.add_row(*place, bar.testable, *map(str, counts))
    return table
