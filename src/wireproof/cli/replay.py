"""`wireproof replay`: one exchange of a journal, at a target, again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from wireproof.api import run
from wireproof.cli.outputs import terminal
from wireproof.cli.run import command as run_command
from wireproof.cli.target import target_of
from wireproof.engine.plan import Selection
from wireproof.engine.rejudge import gather
from wireproof.engine.run import Options
from wireproof.model.errors import UsageError
from wireproof.report.journal import read_journal


@click.command("replay")
@click.argument("journal", type=click.Path(path_type=Path))
@click.argument("exchange")
@click.argument("target", nargs=-1)
@click.option("--revision", "revisions", multiple=True, help="Only this revision.")
@click.pass_context
def command(
    ctx: click.Context, journal: Path, exchange: str, target: tuple[str, ...], revisions: tuple[str, ...]
) -> None:
    """Play EXCHANGE of JOURNAL again, at the target of that run or at TARGET (a URL, or a command after `--`)."""
    seen = gather(read_journal(journal))
    names = sorted({name for played in seen.played.values() for one in played for name in (one.id, one.span)})
    if exchange not in names:
        near = [one for one in names if exchange in one][:5]
        raise UsageError(
            f"the journal holds no exchange {exchange!r}",
            where=str(journal),
            hint=f"it has {', '.join(near or names[:5])}",
        )
    words = list(seen.started.options.get("words", ())) if seen.started else []
    if not target and seen.started is not None:
        known = seen.started.target
        target = (known["url"],) if "url" in known else tuple(known.get("command", ()))
    if not target:
        raise UsageError("no target is known; give a URL or a command")
    aim = target_of(target, _given(words))
    report = run(aim, options=Options(selection=Selection(revisions=revisions, exchanges=(exchange,))))
    terminal(report, "console")
    ctx.exit(report.exit_code())


def _given(words: list[str]) -> dict[str, Any]:
    """What `wireproof run` makes of these options; UsageError where one cannot be had again, such as a secret that no variable holds."""
    return dict(run_command.make_context("run", [*words, "--", "-"]).params)
