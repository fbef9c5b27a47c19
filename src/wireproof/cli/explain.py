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
from wireproof.engine.run import installed, load_suite
from wireproof.engine.suite import Suite
from wireproof.library.catalogue import load_catalogue, protocols
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

    IDENTITY is a requirement's id, a former id of it, or the fingerprint of a finding: then the evidence of the newest run comes first.
    """
    console = terminal_console()
    if _FINGERPRINT.fullmatch(identity):
        identity = _finding(identity, journals, load_suite(), console)
        console.print()
    for protocol in protocols():
        if row := load_catalogue(protocol).named(identity):
            _requirement(row, load_suite(protocol) if installed(protocol) else None, console)
            return
    raise UsageError(f"no requirement is called {identity!r}", hint=_nearest(identity))


def _nearest(identity: str) -> str:
    """What the user may have meant."""
    catalogues = [load_catalogue(protocol) for protocol in protocols()]
    under = [name for one in catalogues for name in one.requirements if name.startswith(f"{identity}.")]
    if under:
        return f"{', '.join(under[:8])}{' ...' if len(under) > 8 else ''} begin so"
    near = [name for one in catalogues for name in one.nearest(identity)]
    return f"did you mean {', '.join(near[:3])}?" if near else "wireproof list requirements names them all"


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


def _requirement(row: Requirement, suite: Suite | None, console: Console) -> None:
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
