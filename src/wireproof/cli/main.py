"""The command line. Verbs are imported when they are called, so that --help starts quickly."""

from __future__ import annotations

import errno
import importlib
import os
import sys
import traceback
from typing import Final

import click

from wireproof.model.errors import InternalError, UsageError, WireproofError
from wireproof.version import __version__

INTERRUPTED: Final = 130
"""Exit code after Ctrl-C, as shells have it."""
VERBS: Final = {
    "run": "play exchanges against a target and report what holds and what is broken",
    "init": "survey a server and write a configuration for it",
    "bless": "put the failures of a run on record, so that only new ones count",
    "compare": "say what is new, fixed, changed and gone between two reports",
    "matrix": "show what many targets keep and break, side by side",
    "history": "show how targets did over their runs",
    "badge": "make a badge from a report that agrees with itself",
    "keygen": "make a pair of keys that bundles are signed with",
    "bundle": "pack a run, signed, so that others can check it",
    "verify": "check the signature, the digests and the agreement of a bundle, offline",
    "reproduce": "play again what a bundle is about, and compare",
    "submit-check": "check results that are to be published against the rules",
    "report": "render a journal again in another form",
    "rejudge": "judge a journal or a bundle with today's checks and list what changed",
    "replay": "play one exchange of a journal at a target again",
    "explain": "say what a requirement asks, what judges it and which peers prove it",
    "list": "list requirements, exchanges, checks, coverage or the plan",
    "lint": "check exchange files",
    "selftest": "prove the checks on faulty and lawful peers",
}


class _Verbs(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in VERBS:
            return None
        module = importlib.import_module(f"wireproof.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="wireproof")
def cli() -> None:
    """Prove from the wire what an MCP server keeps and what it breaks.

    \b
    wireproof run -- python server.py        a server on stdio
    wireproof run http://127.0.0.1:8000/mcp  a server on HTTP
    wireproof run my-server                  a target of wireproof.toml
    """


def main(arguments: list[str] | None = None) -> None:
    """Entry point. Exit codes: 0 fine, 1 findings, 2 cannot run, 3 nothing graded, 4 our own error, 130 interrupted."""
    try:
        code = cli.main(args=arguments, prog_name="wireproof", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("wireproof: interrupted", err=True)
        code = INTERRUPTED
    except BrokenPipeError:  # who read our output had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 141
    except WireproofError as error:
        show(error)
        code = error.exit_code
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            show(UsageError("the output cannot be written: no space left on its device"))
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(UsageError.exit_code)
        traceback.print_exc()
        click.echo("wireproof: this is an error of wireproof itself; please report it with the lines above", err=True)
        code = InternalError.exit_code
    sys.exit(code if isinstance(code, int) else 0)


def show(error: WireproofError) -> None:
    """An error as the user reads it: place, sentence, hint. What of it comes from a target or a file does no harm in a terminal."""
    click.echo(f"wireproof: {harmless(error.placed)}", err=True)
    if error.hint:
        first, *rest = harmless(error.hint, lines=True).split("\n")
        click.echo("\n".join([f"  hint: {first}", *(f"  {line}" for line in rest)]), err=True)


def harmless(text: str, *, lines: bool = False) -> str:
    """Control and invisible characters become visible; `lines` leaves newlines alone."""
    return "".join(
        char if char.isprintable() or (lines and char == "\n") else char.encode("unicode_escape").decode("ascii")
        for char in text.encode("utf-8", "backslashreplace").decode("utf-8")
    )
