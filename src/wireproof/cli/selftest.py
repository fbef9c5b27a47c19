"""`wireproof selftest`: the kill matrix."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from wireproof.engine.run import load_suite
from wireproof.engine.selftest import Outcome, excused, selftest


@click.command("selftest")
@click.argument("names", nargs=-1)
@click.option(
    "--full", is_flag=True, help="Every peer on every revision and transport where it shows, with everything played."
)
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write the outcomes as JSON.")
@click.option("-v", "--verbose", is_flag=True, help="One line for every peer, not only for those that went wrong.")
@click.pass_context
def command(ctx: click.Context, names: tuple[str, ...], full: bool, json_path: Path | None, verbose: bool) -> None:
    """Play the faulty and lawful peers (NAMES: only these peers or the peers of these requirements).

    Exit 0 when every sin was caught and nobody was blamed wrongly, 1 otherwise.
    """
    suite = load_suite()

    def tell(one: Outcome) -> None:
        line = line_of(one)
        if verbose or line.startswith(("SURVIVED", "FALSE")):
            click.echo(line)
        elif sys.stderr.isatty():
            click.echo(f"\r\x1b[2K{line[:78]}", nl=False, err=True)

    outcomes = selftest(suite, full=full, names=names, listen=tell)
    if sys.stderr.isatty():
        click.echo("\r\x1b[2K", nl=False, err=True)
    if json_path is not None:
        json_path.write_text(json.dumps([_value(one) for one in outcomes], indent=1) + "\n", encoding="utf-8")
    lived = [one for one in outcomes if one.trial.kind == "sin" and not one.killed]
    survivors = [one for one in lived if one.trial.name not in excused()]
    alarms = [one for one in outcomes if one.trial.kind != "sin" and (one.blamed or one.note)]
    collateral = [one for one in outcomes if one.trial.kind == "sin" and one.collateral]
    sins = sum(one.trial.kind == "sin" for one in outcomes)
    lawful = sum(one.trial.kind == "habit" for one in outcomes)
    seconds = sum(one.seconds for one in outcomes)
    click.echo(
        f"{sins - len(lived)}/{sins} sins caught, {len(lived) - len(survivors)} excused, "
        f"{lawful} lawful peers and the reference peer: {len(alarms)} false alarms, "
        f"{len(collateral)} sins with collateral findings, {seconds:.1f}s"
    )
    ctx.exit(1 if survivors or alarms else 0)


def line_of(one: Outcome) -> str:
    """One peer's outcome in one line."""
    trial = one.trial
    place = f"{trial.name} ({trial.revision} {trial.transport})"
    if trial.kind == "sin":
        if one.killed:
            more = f"; also failed: {', '.join(one.collateral)}" if one.collateral else ""
            return f"caught    {place}: {trial.about}{more}"
        state = one.verdicts.get(trial.about, "absent")
        return f"SURVIVED  {place}: {trial.about} is {state} {one.whys.get(trial.about, '')} {one.note}".rstrip()
    if one.blamed or one.note:
        rows = "; ".join(f"{row} ({one.whys.get(row, '')})" for row in one.blamed)
        return f"FALSE     {place}: {rows or one.note}"
    return f"fine      {place}"


def _value(one: Outcome) -> dict[str, Any]:
    trial = one.trial
    return {
        "kind": trial.kind,
        "name": trial.name,
        "about": trial.about,
        "revision": trial.revision,
        "transport": trial.transport,
        "killed": one.killed if trial.kind == "sin" else None,
        "failed": list(one.failed),
        "collateral": list(one.collateral),
        "seconds": round(one.seconds, 3),
        "note": one.note,
    }
