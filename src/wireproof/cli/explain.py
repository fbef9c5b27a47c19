"""`wireproof explain`: one requirement and what of ours has to do with it, or one finding of a past run."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import click
from rich.console import Console
from rich.text import Text

from wireproof.cli.outputs import program, terminal_console
from wireproof.engine.explained import explanation, standing
from wireproof.engine.run import load_suite
from wireproof.engine.suite import Suite
from wireproof.model.catalogue import Requirement
from wireproof.model.errors import UsageError, WireproofError
from wireproof.report.console import render_finding
from wireproof.report.journal import read_journal
from wireproof.report.matrix import fold
from wireproof.report.words import plural, printable

_FINGERPRINT: Final = re.compile(r"[0-9a-f]{12}")
_LABEL: Final = 15
RUNS: Final = Path(".wireproof") / "runs"


@click.command("explain")
@click.argument("identity")
@click.option(
    "--journal",
    "journals",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Where to look for a fingerprint (repeatable). Default: the runs kept under .wireproof.",
)
def command(identity: str, journals: tuple[Path, ...]) -> None:
    """Say of a requirement what it asks, why it matters, how it is mended, what judges it and what proves that.

    IDENTITY is a requirement's id, or the fingerprint of a finding: then the evidence of the newest run that has it comes first.
    """
    suite = load_suite()
    console = terminal_console()
    if _FINGERPRINT.fullmatch(identity) and identity not in suite.catalogue.requirements:
        identity = _finding(identity, journals, suite, console)
        console.print()
    row = suite.catalogue.requirements.get(identity)
    if row is None:
        near = suite.catalogue.nearest(identity)
        under = [name for name in suite.catalogue.requirements if name.startswith(f"{identity}.")]
        hint = f"{', '.join(under[:8])}{' ...' if len(under) > 8 else ''} begin so" if under else ""
        near = suite.catalogue.nearest(identity)
        hint = hint or (f"did you mean {', '.join(near)}?" if near else "wireproof list requirements names them all")
        raise UsageError(f"no requirement is called {identity!r}", hint=hint)
    _requirement(row, suite, console)


def _finding(fingerprint: str, journals: Iterable[Path], suite: Suite, console: Console) -> str:
    """Prints the newest finding of that fingerprint; gives its requirement. UsageError when no journal has it."""
    places = list(journals) or sorted(RUNS.glob("*/journal.jsonl"), reverse=True)
    for place in places:
        try:
            report = fold(read_journal(place), suite.catalogue)
        except WireproofError:
            if journals:
                raise
            continue  # a journal that another version wrote
        if render_finding(report, fingerprint, console, program=program()):
            return next(
                row.requirement.id
                for _, row in report.failures
                if any(one.fingerprint == fingerprint for one in row.findings)
            )
    where = (
        f"looked into {plural(len(places), 'journal')}; name another"
        if places
        else "no run is kept here; name a journal"
    )
    raise UsageError(f"no finding has the fingerprint {fingerprint}", hint=f"{where} with --journal")


def _requirement(row: Requirement, suite: Suite, console: Console) -> None:
    console.print(Text.assemble((row.id, "bold"), f"   {standing(row)}"), soft_wrap=True)
    _line(console, "", row.title)
    for label, text in explanation(row, suite):
        _line(console, label, text)


def _line(console: Console, label: str, text: str) -> None:
    """A label and its text, wrapped under itself; nothing where there is no text."""
    if text:
        body = Text(printable(text))
        for index, line in enumerate(body.wrap(console, max(20, console.width - _LABEL))):
            line.rstrip()
            console.print(Text(f"  {'' if index else label:<{_LABEL - 2}}", "dim") + line, soft_wrap=True)
