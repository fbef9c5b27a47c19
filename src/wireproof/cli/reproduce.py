"""`wireproof reproduce`: what a bundle is about, played again and held against it."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import click
from click.core import ParameterSource

from wireproof.api import run
from wireproof.cli.job import Job, jobs_of
from wireproof.cli.main import INTERRUPTED, harmless
from wireproof.cli.progress import Progress
from wireproof.cli.run import command as run_command
from wireproof.cli.verify import opened, show_checks
from wireproof.evidence.keys import load_public_key
from wireproof.evidence.reproduced import Reproduction, Row, effort_of, reproduction, selection_of
from wireproof.evidence.verify import Verified
from wireproof.model.errors import UsageError
from wireproof.report.json import report_value
from wireproof.report.words import plural

_AFTER: Final = "wireproof.after-dashes"
_FEW: Final = 20
_TAKEN: Final = {
    "revisions": "--revision",
    "transports": "--transport",
    "select": "--select",
    "ignore": "--ignore",
    "levels": "--level",
    "only": "--exchange",
    "extra": "--exchanges",
    "seed": "--seed",
    "every": "--all",
    "fail_fast": "--fail-fast",
    "baseline": "--baseline",
    "strict": "--strict",
    "outputs": "-o",
    "form": "-f",
}
"""Options of `run` that say what is played and shown: here that is the bundle's."""


class _Reproduce(click.Command):
    """Keeps what follows a `--` apart: that is a command, and its options are not ours."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--" in args:
            at = args.index("--")
            ctx.meta[_AFTER] = args[at + 1 :]
            args = args[:at]
        return super().parse_args(ctx, args)


@click.command("reproduce", cls=_Reproduce, context_settings={"ignore_unknown_options": True})
@click.argument("bundle", type=click.Path(path_type=Path))
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[OPTIONS OF RUN] TARGET")
@click.option(
    "--key",
    "keys",
    multiple=True,
    type=click.Path(path_type=Path),
    help="The public key that must have signed it (repeatable: one of them).",
)
@click.option("--journal", type=click.Path(path_type=Path), help="Where the journal of the new run goes, to bundle it.")
@click.pass_context
def command(
    ctx: click.Context, bundle: Path, words: tuple[str, ...], keys: tuple[Path, ...], journal: Path | None
) -> None:
    """Verify BUNDLE, play TARGET (a URL, the name of a configured target, or a command after `--`) as the bundle's run was played, and compare.

    Revisions, selection, seed and depth of search are the bundle's. Its command is never started and none of its other options are
    taken, for a bundle may come from anybody: they are printed, and those of `wireproof run` that are about a target (--call,
    --header-env, --timeout, ...) may stand before the target. Exit codes: 0 no verdict is contradicted and each class is reached again, 1
    otherwise, 2 it cannot be verified or played.
    """
    job = _job([*words, *_after(ctx)], command=_AFTER in ctx.meta)
    found = opened(bundle, [load_public_key(one) for one in keys])
    show_checks(found.checks)
    if not found.holds:
        ctx.exit(1)
    _warn(found)
    options = replace(
        job.options,
        selection=selection_of(found.events),
        seed=found.report["seed"],
        effort=job.options.effort or effort_of(found.events),
        exchanges=(),
    )
    with Progress(enabled=sys.stderr.isatty()) as progress:
        report = run(job.target, options=options, journal=journal, listen=progress, suite=job.suite)
    made = reproduction(found.report, report_value(report))
    _show(made)
    if report.finished is not None and report.finished.interrupted:
        ctx.exit(INTERRUPTED)
    ctx.exit(0 if made.holds else 1)


def _after(ctx: click.Context) -> list[str]:
    return ["--", *ctx.meta[_AFTER]] if _AFTER in ctx.meta else []


def _job(words: list[str], *, command: bool) -> Job:
    """The run that these words of `wireproof run` ask for."""
    context = run_command.make_context("run", words)
    for name, option in _TAKEN.items():
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise UsageError(f"{option} is not for reproducing: what is played is what the bundle's run played")
    given: Mapping[str, Any] = dict(context.params)
    target: tuple[str, ...] = given["target"]
    if not target and given["from_file"] is None:
        raise UsageError(
            "no target is named, and what a bundle names is never started",
            hint="wireproof reproduce BUNDLE -- python server.py, or a URL",
        )
    (job,) = jobs_of(target, {name: one for name, one in given.items() if name != "target"}, command=command)
    return job


def _warn(found: Verified) -> None:
    """What of the bundle's run is not done again by itself."""
    configuration = found.events[0]
    options = getattr(configuration, "options", {})
    if options.get("words"):
        click.echo(harmless(f"the bundle's run had options that are not taken from it: {shlex.join(options['words'])}"))


def _show(made: Reproduction) -> None:
    for place in made.missing:
        click.echo(f"✗ {place}: in the bundle, but not offered now")
    for place, before, after in made.classes:
        click.echo(f"✗ {place}: class {before} in the bundle, {after} now")
    _rows("✗", made.contradicted)
    _rows("○", made.unseen)
    parts = [f"{plural(made.agreed, 'verdict')} the same", f"{len(made.contradicted)} contradicted"]
    parts += [f"{len(made.unseen)} not observed this time"] if made.unseen else []
    parts += [f"{made.more} observed only now"] if made.more else []
    click.echo(f"{'reproduced' if made.holds else 'not reproduced'}: {', '.join(parts)}")


def _rows(sign: str, rows: tuple[Row, ...]) -> None:
    for one in rows[:_FEW]:
        click.echo(f"{sign} {one.requirement} in {one.place}: {one.before} in the bundle, {one.after or 'absent'} now")
        if one.why and sign == "✗":
            click.echo(f"    {harmless(one.why)}")
    if len(rows) > _FEW:
        click.echo(f"{sign} and {len(rows) - _FEW} more")
