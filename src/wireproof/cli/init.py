"""`wireproof init`: survey a server and write a configuration for it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

import anyio
import click

from wireproof.api import run
from wireproof.cli.main import INTERRUPTED
from wireproof.cli.outputs import program, write_text
from wireproof.cli.progress import Progress
from wireproof.cli.run import command as run_command
from wireproof.cli.target import overridden, target_of
from wireproof.engine.detect import detect
from wireproof.engine.plan import Selection
from wireproof.engine.run import Options
from wireproof.library.configuration import CONFIG_NAME, find_config, load_config
from wireproof.library.source import shown
from wireproof.model.errors import UsageError
from wireproof.model.target import Target
from wireproof.report.configuration import configuration_text, target_name

_NOTHING: Final = ("nothing",)
"""No row is called so: then the survey alone is played."""


@click.command("init")
@click.argument("target", nargs=-1)
@click.option("--url", help="Where the command (after `--`) serves HTTP: then wireproof starts and stops it.")
@click.option("--name", help="Of the target. Default: what the server calls itself.")
@click.option(
    "--protocol",
    type=click.Choice(["mcp", "a2a"]),
    help="What TARGET speaks. Default: a2a where a URL shows an Agent Card, else mcp.",
)
@click.option("--header-env", "header_envs", multiple=True, help="An HTTP header from the environment: NAME=VARIABLE.")
@click.option("--env", "envs", multiple=True, help="An environment variable for the command: NAME=VALUE.")
@click.option("--startup-wait", type=click.FloatRange(0.05), help="Seconds until the first answer. Default: 30.")
@click.pass_context
def command(
    ctx: click.Context,
    target: tuple[str, ...],
    url: str | None,
    name: str | None,
    protocol: str | None,
    header_envs: tuple[str, ...],
    envs: tuple[str, ...],
    startup_wait: float | None,
) -> None:
    """Ask TARGET (a URL, or after `--` a command) what it offers, and write a commented wireproof.toml for it.

    Nothing is called, no question is asked, and nothing is said to an agent. A configuration that is there already is never overwritten.
    """
    place = Path(CONFIG_NAME)
    _refuse_to_overwrite(place)
    given: dict[str, Any] = dict(run_command.make_context("run", ["--", "-"]).params)
    given |= {"header_envs": header_envs, "envs": envs, "startup_wait": startup_wait}
    if url is None:
        aim = target_of(target, given)
    elif not target or not url.lower().startswith(("http://", "https://")):
        raise UsageError(
            "--url goes with the command that serves it", hint=f"wireproof init --url {url} -- python server.py"
        )
    else:
        aim = overridden(Target(url=url, starts=target), given)
    spoken = protocol or anyio.run(detect, aim).protocol
    options = Options(protocol=spoken, selection=Selection(deciding=_NOTHING), confirm=False)
    with Progress(enabled=sys.stderr.isatty()) as progress:
        report = run(aim, options=options, listen=progress)
    if report.finished is not None and report.finished.interrupted:
        ctx.exit(INTERRUPTED)
    chosen = target_name(report, name)
    variables = dict(one.split("=", 1) for one in header_envs)
    write_text(place, configuration_text(report, aim, chosen, variables, protocol=spoken))
    load_config(place)  # what is written is what will be read
    for lane in report.lanes:
        click.echo(f"offered: {lane.revision} over {lane.transport}")
    click.echo(f"written: {shown(place)}, with the target {chosen}")
    click.echo(f"next: {program()} run")


def _refuse_to_overwrite(place: Path) -> None:
    if place.exists():
        raise UsageError("is there already and is not overwritten", where=str(place), hint="edit it, or move it away")
    found = find_config(Path.cwd())
    if found is not None and found.parent == Path.cwd().resolve():
        raise UsageError(
            "holds a configuration already", where=f"{shown(found)}", hint="edit it, or move [tool.wireproof] away"
        )
