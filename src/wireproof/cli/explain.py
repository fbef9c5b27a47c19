"""`wireproof explain`: one requirement, or what of ours has to do with it."""

from __future__ import annotations

import click

from wireproof.engine.coverage import judges
from wireproof.engine.run import load_suite
from wireproof.engine.selftest import fixtures
from wireproof.model.errors import UsageError


@click.command("explain")
@click.argument("identity")
def command(identity: str) -> None:
    """Say what requirement IDENTITY asks, since when, what judges it, and which faulty and lawful peers prove it."""
    suite = load_suite()
    row = suite.catalogue.requirements.get(identity)
    if row is None:
        near = suite.catalogue.nearest(identity)
        raise UsageError(
            f"no requirement is called {identity!r}", hint=f"did you mean {', '.join(near)}?" if near else ""
        )
    click.echo(f"{row.id}   {row.level.value} ({row.basis.value}), owed by {row.role}, transport {row.transport}")
    click.echo(f"  {row.title}")
    click.echo(f"  source     {row.source}")
    click.echo(f"  in force   {row.since} to {row.until}")
    click.echo(f"  testable   {row.testable.value}; counts for grade {row.grade.value}")
    if row.needs:
        click.echo(f"  applies    where the target shows {', '.join(row.needs)}")
    if row.reason:
        click.echo(f"  not judged {row.reason}")
    if row.erratum:
        click.echo(f"  erratum    {row.erratum}")
    found = judges(suite, row.id)
    for name in found.exchanges:
        one = suite.named(name)
        click.echo(f"  exchange   {name}: {one.title} ({one.where})")
    for name in found.checks:
        click.echo(f"  check      {name}, over every conversation")
    if not found and not row.reason:
        click.echo("  judged by  nothing yet")
    _, sins, habits = fixtures()
    for kind, variants in (("faulty peer", sins), ("lawful peer", habits)):
        for one in variants:
            if one.about == row.id:
                click.echo(f"  {kind}: {one.name}: {one.statement}")
