"""`wireproof run`: play a target, show the matrix, write the journal and the reports."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from wireproof.api import run
from wireproof.cli.main import INTERRUPTED, harmless, show
from wireproof.cli.outputs import FORMATS, check_outputs, terminal, write_outputs
from wireproof.cli.progress import Progress
from wireproof.cli.target import target_of
from wireproof.engine.choice import check_choice
from wireproof.engine.plan import Selection
from wireproof.engine.run import Options, load_suite
from wireproof.model.errors import TargetUnreachable
from wireproof.report.journal import new_run_folder, settle_run_folder


@click.command("run", context_settings={"ignore_unknown_options": False})
@click.argument("target", nargs=-1)
@click.option(
    "--from",
    "from_file",
    type=click.Path(path_type=Path),
    help="A client's configuration (mcpServers); then TARGET is a name in it.",
)
@click.option(
    "--revision",
    "revisions",
    multiple=True,
    help="Only this protocol revision (repeatable). Default: all that the server offers.",
)
@click.option(
    "--transport", "transports", multiple=True, type=click.Choice(["stdio", "http", "sse"]), help="Only this transport."
)
@click.option("--select", "select", multiple=True, help="Only requirements whose id starts so (repeatable).")
@click.option("--ignore", "ignore", multiple=True, help="Not the requirements whose id starts so (repeatable).")
@click.option(
    "--level", "levels", multiple=True, type=click.Choice(["MUST", "SHOULD", "MAY", "ADVICE"]), help="Only this level."
)
@click.option("--exchange", "only", multiple=True, help="Only this exchange (repeatable).")
@click.option(
    "--exchanges",
    "extra",
    multiple=True,
    type=click.Path(path_type=Path, exists=True),
    help="Further exchange files or folders of your own.",
)
@click.option("--strict", is_flag=True, help="A broken SHOULD fails the run too.")
@click.option("--call", "calls", multiple=True, help="Call this tool: NAME or NAME='{json arguments}' (repeatable).")
@click.option(
    "--prompt", "prompts", multiple=True, help="Arguments of a prompt: NAME='{json object of strings}' (repeatable)."
)
@click.option(
    "--template",
    "templates",
    multiple=True,
    help="Variables of a resource template: URITEMPLATE='{json object}' (repeatable).",
)
@click.option("--call-read-only", is_flag=True, help="Call every tool that says readOnlyHint true.")
@click.option("--call-all", is_flag=True, help="Call every tool. Mind what they do.")
@click.option(
    "--profile",
    type=click.Choice(["auto", "fixture", "none"]),
    default="auto",
    show_default=True,
    help="fixture: use the tools, prompts and resources of the official suite's everything server. auto: where the target lists them.",
)
@click.option("--header", "headers", multiple=True, help="An HTTP header: 'Name: value' (repeatable).")
@click.option(
    "--header-env",
    "header_envs",
    multiple=True,
    help="An HTTP header from the environment: NAME=VARIABLE; its value never enters the journal.",
)
@click.option(
    "--token-env",
    "token_envs",
    multiple=True,
    help="A token that must not be enough, from the environment: foreign=VARIABLE (issued for another server), "
    "narrow=VARIABLE (lacks the scopes of a tool call), second=VARIABLE (another user's token for the same server).",
)
@click.option(
    "--env",
    "envs",
    multiple=True,
    help="An environment variable for the command: NAME=VALUE, or NAME as it stands here (repeatable).",
)
@click.option(
    "--cwd", type=click.Path(path_type=Path, exists=True, file_okay=False), help="Working directory of the command."
)
@click.option("--ca-file", type=click.Path(exists=True), help="Certificates to trust, PEM.")
@click.option("--cert", help="Client certificate: CERT.pem,KEY.pem.")
@click.option("--insecure", is_flag=True, help="Do not verify the server's certificate.")
@click.option("--proxy", help="Proxy URL.")
@click.option(
    "--timeout",
    type=click.FloatRange(0.05),
    help="Seconds to wait for any answer. Default: derived from measured round trips.",
)
@click.option(
    "--startup-wait",
    type=click.FloatRange(0.05),
    default=30.0,
    show_default=True,
    help="Seconds until the first answer.",
)
@click.option("--max-rps", type=click.FloatRange(0.01), help="At most this many HTTP requests a second.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option(
    "--journal",
    "journal_path",
    type=click.Path(path_type=Path),
    help="Where the journal goes; folders are made. Default: .wireproof/runs/<start>/journal.jsonl, where the newest 20 runs stay.",
)
@click.option("-f", "--format", "form", type=click.Choice(FORMATS), default="console", show_default=True)
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    help="FORMAT:FILE, for example json:report.json (repeatable); folders are made.",
)
@click.option("--fail-fast", is_flag=True, help="Stop at the first broken MUST.")
@click.pass_context
def command(ctx: click.Context, /, target: tuple[str, ...], **given: Any) -> None:
    """Play TARGET: a URL, or after `--` the command that starts a server on stdio.

    Exit codes: 0 nothing that policy counts, 1 findings, 2 cannot run, 3 nothing could be graded, 4 wireproof's own error,
    130 interrupted (Ctrl-C; what was seen is reported).
    """
    aim = target_of(target, given)
    check_outputs(given["outputs"])
    options = Options(
        selection=Selection(
            select=given["select"],
            ignore=given["ignore"],
            levels=given["levels"],
            revisions=given["revisions"],
            transports=given["transports"],
            exchanges=given["only"],
        ),
        exchanges=given["extra"],
        seed=given["seed"],
        fail_fast=given["fail_fast"],
    )
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    suite = load_suite(options.protocol, options.exchanges)
    check_choice(options.selection, suite, aim)
    folder = None if given["journal_path"] else new_run_folder(Path(".wireproof"), stamp)
    journal = given["journal_path"] if folder is None else folder / "journal.jsonl"
    try:
        with Progress(enabled=sys.stderr.isatty()) as progress:
            report = run(aim, options=options, journal=journal, listen=progress, suite=suite)
    except TargetUnreachable as error:
        show(error)
        if folder is not None:
            journal = settle_run_folder(folder, answered=False) / journal.name
        click.echo(f"  journal: {harmless(str(journal))}", err=True)
        ctx.exit(error.exit_code)
    if folder is not None:
        journal = settle_run_folder(folder, answered=bool(report.lanes)) / journal.name
    terminal(report, given["form"], journal=journal, strict=given["strict"])
    write_outputs(report, given["outputs"])
    interrupted = report.finished is not None and report.finished.interrupted
    ctx.exit(INTERRUPTED if interrupted else report.exit_code(strict=given["strict"]))
