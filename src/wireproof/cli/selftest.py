"""`wireproof selftest`: the kill matrix."""

from __future__ import annotations

import difflib
import json
import sys
from pathlib import Path
from typing import Any, Final

import click
from rich.table import Table

from wireproof.cli.outputs import terminal_console, write_text
from wireproof.engine.bench import BENCHES, excused, fixtures
from wireproof.engine.run import installed, load_suite
from wireproof.engine.selftest import HARDNESS, Outcome, selftest
from wireproof.engine.suite import Suite
from wireproof.model.errors import UsageError
from wireproof.report.words import plural

_MEANING: Final = {
    "easy": "easy: seen in what is listed and read",
    "medium": "medium: one probe",
    "hard": "hard: sequence, timing, boundary",
}


@click.command("selftest")
@click.argument("names", nargs=-1)
@click.option(
    "--full", is_flag=True, help="Every peer on every revision and transport where it shows, with everything played."
)
@click.option(
    "--protocol", "protocols", multiple=True, help="Only the peers of this protocol (repeatable; without it: all)."
)
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write the outcomes as JSON.")
@click.option("-v", "--verbose", is_flag=True, help="One line for every peer, not only for those that went wrong.")
@click.pass_context
def command(
    ctx: click.Context,
    names: tuple[str, ...],
    full: bool,
    protocols: tuple[str, ...],
    json_path: Path | None,
    verbose: bool,
) -> None:
    """Play the faulty and lawful peers (NAMES: only these peers or the peers of these requirements).

    Exit 0 when every sin was caught and nobody was blamed wrongly, 1 otherwise.
    """
    suites = [load_suite(one) for one in _wanted(protocols)]
    suites = _bearing(names, suites)

    def tell(one: Outcome) -> None:
        line = line_of(one)
        if verbose or line.startswith(("SURVIVED", "FALSE")):
            click.echo(line)
        elif sys.stderr.isatty():
            click.echo(f"\r\x1b[2K{line[:78]}", nl=False, err=True)

    every: list[Outcome] = []
    wrong = False
    for suite in suites:
        outcomes = selftest(suite, full=full, names=names, listen=tell)
        if sys.stderr.isatty():
            click.echo("\r\x1b[2K", nl=False, err=True)
        lived = [one for one in outcomes if one.trial.kind == "sin" and not one.killed]
        survivors = [one for one in lived if one.trial.name not in excused()]
        alarms = [one for one in outcomes if one.trial.kind != "sin" and (one.blamed or one.note)]
        _print_summary(suite.pack.name, outcomes, survivors, alarms)
        every += outcomes
        wrong = wrong or bool(survivors or alarms)
    if json_path is not None:
        write_text(json_path, json.dumps([_value(one) for one in every], indent=1) + "\n")
    ctx.exit(1 if wrong else 0)


def _wanted(protocols: tuple[str, ...]) -> list[str]:
    """The protocols whose peers are played. UsageError for one that has none."""
    known = [one for one in BENCHES if installed(one)]
    for one in protocols:
        if one not in known:
            raise UsageError(f"no peers speak a protocol called {one!r}", hint=f"known: {', '.join(known)}")
    return [one for one in known if not protocols or one in protocols]


def _bearing(names: tuple[str, ...], suites: list[Suite]) -> list[Suite]:
    """The suites with a peer of one of these names; all without names. UsageError for a name that no peer and no requirement bears."""
    borne = {suite.pack.name: _known(suite.pack.name) for suite in suites}
    every = set().union(*borne.values())
    for name in names:
        if name not in every:
            near = difflib.get_close_matches(name, every, n=3)
            nothing = (
                "no peer is about it yet"
                if any(name in suite.catalogue.requirements for suite in suites)
                else "python fixtures list shows all peers"
            )
            raise UsageError(
                f"no peer is called {name!r}, and none is about a requirement of that id",
                hint=f"did you mean {' or '.join(near)}?" if near else nothing,
            )
    return [suite for suite in suites if not names or borne[suite.pack.name].intersection(names)]


def _known(protocol: str) -> set[str]:
    _, sins, habits = fixtures(protocol)
    return {one.name for one in (*sins, *habits)} | {one.about for one in (*sins, *habits)}


def _print_summary(protocol: str, outcomes: list[Outcome], survivors: list[Outcome], alarms: list[Outcome]) -> None:
    sins = [one for one in outcomes if one.trial.kind == "sin"]
    table = Table(box=None, title=f"sins ({protocol})", title_justify="left")
    for name in ("", "caught", "survived", "excused"):
        table.add_column(name, justify="left" if not name else "right")
    for hardness in HARDNESS:
        mine = [one for one in sins if one.hardness == hardness]
        killed, lived = sum(one.killed for one in mine), sum(one in survivors for one in mine)
        table.add_row(_MEANING[hardness], str(killed), str(lived), str(len(mine) - killed - lived))
    terminal_console().print(table)
    caught = [one for one in sins if one.killed]
    others = [one for one in caught if one.first not in ("", one.trial.about, *one.trial.implies)]
    collateral = sum(bool(one.collateral) for one in sins)
    lawful = sum(one.trial.kind == "habit" for one in outcomes)
    shapes = sum(one.trial.kind == "reference" for one in outcomes)
    seconds = sum(one.seconds for one in outcomes)
    click.echo(
        f"{len(caught)}/{len(sins)} sins caught, {len(others)} of them first by a row that they are not about; "
        f"{collateral} with findings that they do not imply\n"
        f"{plural(lawful, 'lawful peer')}, {plural(shapes, 'trial')} of the reference peer: {plural(len(alarms), 'false alarm')}\n"
        f"{seconds:.1f} s of play"
    )


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
        "protocol": trial.protocol,
        "kind": trial.kind,
        "name": trial.name,
        "about": trial.about,
        "revision": trial.revision,
        "transport": trial.transport,
        "hardness": one.hardness,
        "first": one.first,
        "killed": one.killed if trial.kind == "sin" else None,
        "failed": list(one.failed),
        "collateral": list(one.collateral),
        "seconds": round(one.seconds, 3),
        "note": one.note,
    }
