"""Which form goes where: one table of renderers for every verb that shows a report."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import click
from rich.console import Console

from wireproof.model.errors import UsageError
from wireproof.report import console as console_report
from wireproof.report import json as json_report
from wireproof.report import markdown as markdown_report
from wireproof.report.matrix import Report

RENDERERS: Final[Mapping[str, Callable[[Report], str]]] = {
    "json": json_report.render,
    "markdown": markdown_report.render,
}
FORMATS: Final = ("console", *RENDERERS)


def terminal(report: Report, form: str, *, journal: Path | None = None, strict: bool = False) -> None:
    """Prints the report on stdout in one form."""
    if form != "console":
        click.echo(RENDERERS[form](report), nl=False)
        return
    width = None if sys.stdout.isatty() else 100
    console = Console(width=width, highlight=False, markup=True)
    console_report.render(report, console, journal=journal, strict=strict)


def write_outputs(report: Report, outputs: tuple[str, ...]) -> None:
    """Writes each FORMAT:FILE."""
    for one in outputs:
        form, colon, name = one.partition(":")
        if not colon or form not in RENDERERS or not name:
            raise UsageError(f"-o {one!r} is not FORMAT:FILE", hint=f"formats: {', '.join(RENDERERS)}")
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(RENDERERS[form](report), encoding="utf-8", newline="\n")
