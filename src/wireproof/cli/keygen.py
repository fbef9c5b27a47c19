"""`wireproof keygen`: the keys that bundles are signed with."""

from __future__ import annotations

from pathlib import Path

import click

from wireproof.evidence.keys import public_path, write_keys


@click.command("keygen")
@click.argument("file", type=click.Path(path_type=Path), default=Path("wireproof-key.pem"))
def command(file: Path) -> None:
    """Make an Ed25519 key in FILE (default: wireproof-key.pem), and its public key beside it (wireproof-key.pub.pem).

    The private key has no passphrase and only you may read it: keep it out of repositories. The public one is for whoever verifies.
    Existing files are never overwritten (exit code 2). Needs the extra `wireproof[sign]`.
    """
    public = write_keys(file)
    click.echo(f"private key: {file} (keep it secret)")
    click.echo(f"public key:  {public_path(file)}")
    click.echo(f"keyid:       {public.keyid}")
