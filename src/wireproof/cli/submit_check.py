"""`wireproof submit-check`: the rules by which a repository of results takes a submission."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from wireproof.cli.main import harmless
from wireproof.cli.verify import show_checks
from wireproof.engine.run import load_suite
from wireproof.evidence.keys import load_public_key
from wireproof.evidence.submission import check_submission, doubles, strays, submissions
from wireproof.report.words import plural


@click.command("submit-check")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--key",
    "keys",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A public key; one of those given must have signed (repeatable). Default: the key in each submission.",
)
@click.pass_context
def command(ctx: click.Context, folder: Path, keys: tuple[Path, ...]) -> None:
    """Check FOLDER, one submission or a repository with results/<protocol>/<revision>/<subject>/, against the rules, offline.

    A submission is the files of a bundle (`wireproof bundle JOURNAL -o results/.../ --key KEY`) and SUBJECT.yaml. Fields, layout, signature,
    digests, the full requirement set with nothing deselected, the class that is claimed, the term of validity, and the verdicts, which are
    judged again. Exit codes: 0 all of it holds, 1 a rule is broken, 2 there is nothing to check.
    """
    found, given = submissions(folder), [load_public_key(one) for one in keys]
    suite, now, checked = load_suite(), datetime.now(UTC), []
    for one in found:
        made = check_submission(one, suite, given, now=now)
        checked.append(made)
        click.echo(
            harmless(f"{one.protocol}/{one.revision}/{one.subject}: {'accepted' if made.holds else 'not accepted'}")
        )
        show_checks(made.checks)
    besides = [*strays(folder), *doubles(checked)]
    for text in besides:
        click.echo(harmless(f"✗ {text}"))
    broken = sum(not one.holds for one in checked)
    click.echo(f"{plural(len(checked), 'submission')}, {broken} not accepted")
    ctx.exit(1 if broken or besides else 0)
