"""`wireproof matrix`: many reports side by side."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click

from wireproof.cli.outputs import terminal_console, write_text
from wireproof.evidence.rules import rules_for
from wireproof.library.catalogue import order_of
from wireproof.model.errors import UsageError
from wireproof.report import interop_tables as tables
from wireproof.report.interop import Interop, interop
from wireproof.report.matrix import LaneReport
from wireproof.report.reading import read_value
from wireproof.report.site import write_site
from wireproof.report.soundness import lanes_of

_FILES: Final = {"json": tables.matrix_text, "markdown": tables.markdown}
_FORMS: Final = ("html", *_FILES)


@click.command("matrix")
@click.argument("reports", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", "outputs", multiple=True, help="html:DIRECTORY/, json:FILE or markdown:FILE (repeatable)."
)
@click.option("--mixed", is_flag=True, help="Show reports of different suites side by side all the same.")
def command(reports: tuple[Path, ...], outputs: tuple[str, ...], *, mixed: bool) -> None:
    """Show what many targets keep and break, side by side.

    REPORTS are JSON reports (-o json:FILE), journals, or folders of JSON reports. Several runs of one target become its history, and
    the newest whole one speaks for it.

    \b
    wireproof matrix results/*.json -o html:site/

    Exit codes: 0 shown; 2 a report cannot be read, comes twice, or was made with another suite than the others.
    """
    wanted = [_output(one) for one in outputs]
    made = many(_files(reports), mixed=mixed)
    tables.render(made, terminal_console())
    for form, path in wanted:
        if form == "html":
            click.echo(f"{write_site(made, path)} pages: {path / 'index.html'}")
        else:
            write_text(path, _FILES[form](made))


def many(paths: list[Path], *, mixed: bool) -> Interop:
    """The fold of these files. UsageError for what cannot be read, or cannot stand side by side."""

    def lanes(value: Mapping[str, Any]) -> list[LaneReport]:
        return lanes_of(value, rules_for(value["suite"].get("protocol", "mcp")))

    return interop(
        ((str(path), read_value(path)) for path in paths),
        lanes,
        order_of,
        mixed=mixed,
        now=datetime.now(UTC),
    )


def _files(named: tuple[Path, ...]) -> list[Path]:
    found: list[Path] = []
    for one in named:
        within = sorted(set(one.rglob("*.json")) - set(one.rglob("matrix.json"))) if one.is_dir() else [one]
        if not within:
            raise UsageError("holds no JSON report", where=str(one))
        found += within
    return found


def _output(text: str) -> tuple[str, Path]:
    form, colon, name = text.partition(":")
    if form not in _FORMS or not colon or not name:
        raise UsageError(f"-o {text!r} is not html:DIRECTORY/, json:FILE or markdown:FILE")
    return form, Path(name)
