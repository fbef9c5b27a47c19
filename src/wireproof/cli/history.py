"""`wireproof history`: how targets did over their runs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from wireproof.cli.outputs import terminal_console, write_text
from wireproof.model.errors import UsageError
from wireproof.report.history import history
from wireproof.report.trend import page, render, trends

_BASE: Final = Path(".wireproof")
_FEW: Final = 8


@click.command("history")
@click.argument("target", required=False)
@click.option("-o", "--output", "outputs", multiple=True, help="html:FILE, a page with charts (repeatable).")
def command(target: str | None, outputs: tuple[str, ...]) -> None:
    """Show the trend of TARGET over its runs here, or of all targets.

    Runs are summarised in .wireproof/history.sqlite of the working directory; it may be deleted.

    Exit codes: 0 shown; 2 there is no history here, it cannot be read, or it knows no such target.
    """
    files = [_output(one) for one in outputs]
    runs = history(_BASE, target)
    found = trends(runs, datetime.now(UTC))
    if not found:
        names = dict.fromkeys(one.target for one in reversed(history(_BASE)) if one.lanes)
        said = ", ".join(list(names)[:_FEW]) + (", ..." if len(names) > _FEW else "")
        what = f"no run of {target!r} is in the history" if target is not None else "no run in the history was graded"
        raise UsageError(what, hint=f"it has {said}" if said else "wireproof run first")
    render(found, terminal_console())
    for path in files:
        write_text(path, page(found))
        click.echo(f"page: {path}")


def _output(text: str) -> Path:
    form, _, name = text.partition(":")
    if form != "html" or not name:
        raise UsageError(f"-o {text!r} is not html:FILE")
    return Path(name)
