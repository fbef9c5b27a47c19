"""Which form goes where: one table of renderers for every verb that shows a report."""

from __future__ import annotations

import difflib
import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, Literal

import click
from rich.console import Console

from wireproof.model.errors import UsageError
from wireproof.report import console as console_report
from wireproof.report import github as github_report
from wireproof.report import html as html_report
from wireproof.report import json as json_report
from wireproof.report import junit as junit_report
from wireproof.report import markdown as markdown_report
from wireproof.report import sarif as sarif_report
from wireproof.report import tap as tap_report
from wireproof.report.diagnosis import PROGRAM
from wireproof.report.matrix import Report

RENDERERS: Final[Mapping[str, Callable[..., str]]] = {
    "html": html_report.render,
    "json": json_report.render,
    "markdown": markdown_report.render,
    "github": github_report.render,
    "junit": junit_report.render,
    "sarif": sarif_report.render,
    "tap": tap_report.render,
}
"""Every form but the console's; each takes `strict`, the policy that says what fails a run."""
PIPE_WIDTH: Final = 100
FORMATS: Final = ("console", *RENDERERS)


def terminal(report: Report, form: str, *, journal: Path | None = None, strict: bool = False) -> None:
    """Prints the report on stdout in one form."""
    if form != "console":
        click.echo(rendered(report, form, strict=strict), nl=False)
        return
    console_report.render(report, terminal_console(), journal=journal, strict=strict, program=program())


def rendered(report: Report, form: str, *, strict: bool = False) -> str:
    """The text of one form other than the console's."""
    return RENDERERS[form](report, strict=strict)


_SHOWN: dict[str, Any] = {}


def show_as(*, width: int, colours: bool) -> None:
    """From now on stdout is written as for a terminal so wide, with its colours or without: who reads it shows it there."""
    _SHOWN.update(width=width, force_terminal=colours)


def terminal_console() -> Console:
    """Stdout, as wide as it is; nothing in what is printed is markup. With NO_COLOR there are no escape sequences at all."""
    plain = bool(os.environ.get("NO_COLOR"))
    if _SHOWN:
        system: Literal["auto", "standard"] | None = None if plain or not _SHOWN["force_terminal"] else "standard"
        return Console(highlight=False, markup=False, emoji=False, color_system=system, **_SHOWN)
    return Console(width=_width(), highlight=False, markup=False, emoji=False, color_system=None if plain else "auto")


def program() -> str:
    """What starts this wireproof from where the user is, quoted for a shell: the bare name only if the PATH leads to it."""
    started = Path(sys.argv[0])
    if started.stem == "__main__":
        python, here = Path(sys.executable), Path.cwd()
        return f"{shlex.quote(str(python.relative_to(here) if python.is_relative_to(here) else python))} -m {PROGRAM}"
    if started.stem != PROGRAM:
        return PROGRAM  # called from Python
    found = shutil.which(PROGRAM)
    if found is not None and Path(found).resolve() == Path(shutil.which(started) or started).resolve():
        return PROGRAM
    return shlex.quote(str(started))


def _width() -> int | None:
    """None: rich asks the terminal. A pipe or a file has no width, so the usual one, unless COLUMNS says otherwise."""
    return None if sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdigit() else PIPE_WIDTH


def check_outputs(outputs: tuple[str, ...]) -> list[tuple[str, Path]]:
    """(format, file) of each FORMAT:FILE. UsageError for what is none, before anything is played."""
    made = []
    for one in outputs:
        form, colon, name = one.partition(":")
        if not colon or form not in RENDERERS or not name:
            raise UsageError(f"-o {one!r} is not FORMAT:FILE", hint=nearest_format(form, ":FILE"))
        made.append((form, Path(name)))
    return made


def nearest_format(form: str, after: str = "") -> str:
    """The hint for a format that there is not."""
    near = difflib.get_close_matches(form, RENDERERS, n=1)
    return f"did you mean {near[0]}{after}?" if near else f"formats: {', '.join(RENDERERS)}"


def write_outputs(report: Report, outputs: Iterable[tuple[str, Path]], *, strict: bool = False) -> None:
    """Writes each (format, file)."""
    for form, path in outputs:
        write_text(path, rendered(report, form, strict=strict))


def write_text(path: Path, text: str) -> None:
    """Writes a file, and makes the folders that it lies in. UsageError when that cannot be done."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, data: bytes) -> None:
    """The same with bytes."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except FileExistsError:
        raise UsageError("cannot be written: what should be its folder is a file", where=str(path)) from None
    except OSError as error:
        raise UsageError("cannot be written: " + (error.strerror or str(error)), where=str(path)) from None
