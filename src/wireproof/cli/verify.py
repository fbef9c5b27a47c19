"""`wireproof verify`: the first depth of checking a bundle."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import click

from wireproof.cli.bundle import told
from wireproof.cli.main import harmless
from wireproof.evidence.files import Damaged, read_files
from wireproof.evidence.keyless import Identity
from wireproof.evidence.keys import PublicKey, load_public_key
from wireproof.evidence.rules import rules_for
from wireproof.evidence.verify import Check, Verified, verify
from wireproof.model.errors import UsageError


@click.command("verify")
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option(
    "--key",
    "keys",
    multiple=True,
    type=click.Path(path_type=Path),
    help="The public key that must have signed it (repeatable: one of them). Default: the one in the bundle.",
)
@click.option(
    "--identity", default="", help="Who must have signed it by sigstore: an e-mail address, or the URL of a workflow."
)
@click.option("--issuer", default="", help="Who vouched for that identity: the URL of an OpenID Connect issuer.")
@click.pass_context
def command(ctx: click.Context, bundle: Path, keys: tuple[Path, ...], identity: str, issuer: str) -> None:
    """Check BUNDLE (an archive, or a folder with its files) offline: signature, digests, schemas, and that its files agree.

    Whether its verdicts are right is asked by `wireproof rejudge BUNDLE`, whether the target shows them again by
    `wireproof reproduce BUNDLE`. Exit codes: 0 it holds, 1 it does not, 2 it cannot be checked.
    """
    if bool(identity) != bool(issuer):
        raise UsageError("--identity and --issuer belong together: anybody may vouch for anybody")
    wanted = Identity(name=identity, issuer=issuer) if identity else None
    found = opened(bundle, [load_public_key(one) for one in keys], wanted)
    show_checks(found.checks)
    if found.holds:
        for line in told(found.report, found.statement):
            click.echo(harmless(line))
    ctx.exit(0 if found.holds else 1)


def opened(bundle: Path, keys: list[PublicKey], identity: Identity | None = None) -> Verified:
    """A bundle, verified as far as it goes; a member that cannot be unpacked is the fault of its first step."""
    try:
        files = read_files(bundle)
    except Damaged as error:
        return Verified(checks=[Check(name="files", faults=(str(error),))])
    return verify(files, rules_for, keys, now=datetime.now(UTC), identity=identity)


def show_checks(checks: Iterable[Check]) -> None:
    """A line a step, with its faults under it."""
    for one in checks:
        sign = "✗" if one.faults else "✓"
        notes = f"  {'; '.join(one.notes)}" if one.notes and not one.faults else ""
        click.echo(harmless(f"{sign} {one.name:<10}{notes}").rstrip())
        for fault in one.faults:
            click.echo(f"    {harmless(fault)}")
