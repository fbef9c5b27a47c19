"""`wireproof run`: play a target, show the matrix, write the journal and the reports."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click

from wireproof.api import run
from wireproof.cli.every import prepare, run_every, tell
from wireproof.cli.job import Job, jobs_of, spoken_instead
from wireproof.cli.main import INTERRUPTED, harmless, show
from wireproof.cli.outputs import FORMATS, terminal, write_outputs
from wireproof.cli.progress import Progress
from wireproof.engine.effort import FAILURES, Depth
from wireproof.model.errors import TargetUnreachable, UsageError
from wireproof.report.baseline import weigh
from wireproof.report.history import remember, summary_of
from wireproof.report.journal import new_run_folder, settle_run_folder
from wireproof.report.matrix import Report
from wireproof.report.overview import Outcome

_DASHES: Final = "wireproof.dashes"
_WORDS: Final = "wireproof.words"


class _Run(click.Command):
    """Remembers whether a `--` stood among the words: what follows it is a command, whatever is configured."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[_DASHES] = "--" in args
        ctx.meta[_WORDS] = tuple(args)
        return super().parse_args(ctx, args)


@click.command("run", cls=_Run, context_settings={"ignore_unknown_options": False})
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
    "--protocol",
    type=click.Choice(["mcp", "a2a"]),
    help="What TARGET speaks. Default: a2a where a URL shows an Agent Card, else mcp; of a configured target, what the file says.",
)
@click.option(
    "--transport",
    "transports",
    multiple=True,
    type=click.Choice(["stdio", "http", "sse", "jsonrpc", "rest", "grpc"]),
    help="Only this transport, or binding of A2A.",
)
@click.option("--select", "select", multiple=True, help="Only requirements whose id starts so (repeatable).")
@click.option("--ignore", "ignore", multiple=True, help="Not the requirements whose id starts so (repeatable).")
@click.option(
    "--level", "levels", multiple=True, type=click.Choice(["MUST", "SHOULD", "MAY", "ADVICE"]), help="Only this level."
)
@click.option("--exchange", "only", multiple=True, help="Only this exchange (repeatable).")
@click.option(
    "--exchanges",
    "--acts",
    "extra",
    multiple=True,
    type=click.Path(path_type=Path, exists=True),
    help="Further exchange files or folders of your own, or of ACTS (*.acts.yaml).",
)
@click.option("--strict", is_flag=True, help="A broken SHOULD fails the run too.")
@click.option("--call", "calls", multiple=True, help="Call this tool: NAME or NAME='{json arguments}' (repeatable).")
@click.option(
    "--prompt",
    "prompts",
    multiple=True,
    help="Arguments of a prompt: NAME='{json object of strings}'; for A2A agents what is said: GOAL='words' (repeatable).",
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
    help="Default: auto. fixture: use the tools, prompts and resources of the official suite's everything server. auto: where the target lists them.",
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
    "narrow=VARIABLE (lacks the scopes of a tool call or of sending), second=VARIABLE (another user's token for the same server).",
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
    help="Seconds until the first answer. Default: 30.",
)
@click.option("--max-rps", type=click.FloatRange(0.01), help="At most this many HTTP requests a second.")
@click.option(
    "--depth",
    type=click.Choice([one.value for one in Depth]),
    help="Search besides, with generated exchanges, for what no script shows: quick, standard or thorough "
    "(5, 20, 120 s for each revision and transport). It never widens what may be called. Default: no search.",
)
@click.option("--examples", type=click.IntRange(1), help="Generated exchanges a family, instead of those of the depth.")
@click.option(
    "--time-budget",
    "budget",
    type=click.FloatRange(0.1),
    help="Seconds of search for each revision and transport; it cuts short what the seed fixes.",
)
@click.option(
    "--failures",
    type=click.Path(path_type=Path, file_okay=False),
    default=FAILURES,
    show_default=True,
    help="Where exchanges go that search found broken; wireproof replay plays them.",
)
@click.option(
    "--seed",
    type=int,
    help="Of the search: the same seed draws the same. Default: 0, and what earlier searches here found is tried first (not under CI).",
)
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
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The configuration whose targets are meant. Default: wireproof.toml or [tool.wireproof] in pyproject.toml, here or above.",
)
@click.option(
    "--all", "every", is_flag=True, help="Every target of the configuration, some at once; ends with the matrix."
)
@click.option(
    "-j", "--jobs", "at_once", type=click.IntRange(1), help="With --all: targets at once. Default: the cores, 2 to 8."
)
@click.option("--part-of", hidden=True, help="Set by --all for the process of one target.")
@click.option(
    "--baseline", type=click.Path(path_type=Path), help="A file of known failures, instead of the configured one."
)
@click.option("--no-baseline", is_flag=True, help="Count known failures too.")
@click.pass_context
def command(ctx: click.Context, /, target: tuple[str, ...], **given: Any) -> None:
    """Play TARGET: a URL; after `--` the command that starts a server on stdio; or the name of a configured target.

    Without TARGET the only one of the configuration is played, with --all every one.

    Exit codes: 0 nothing that policy counts, 1 findings, 2 cannot run, 3 nothing could be graded, 4 wireproof's own error,
    130 interrupted (Ctrl-C; what was seen is reported). With --all the worst of all.
    """
    jobs = jobs_of(target, given, command=bool(ctx.meta.get(_DASHES)))
    if given["every"]:
        ctx.exit(run_every(jobs, ctx.meta[_WORDS], at_once=given["at_once"]))
    if given["at_once"] and not given["part_of"]:
        raise UsageError("--jobs is for --all", hint="leave it out: one target is one run")
    if given["part_of"]:
        prepare(given["part_of"])
    outcome = _run(jobs[0], given)
    if given["part_of"]:
        tell(given["part_of"], outcome)
    ctx.exit(outcome.code)


def _run(job: Job, given: Mapping[str, Any]) -> Outcome:
    """Plays one target, shows and writes what there is to show."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    folder = None if given["journal_path"] else new_run_folder(Path(".wireproof"), stamp)
    journal: Path = given["journal_path"] if folder is None else folder / "journal.jsonl"
    try:
        with Progress(enabled=sys.stderr.isatty()) as progress:
            report = run(job.target, options=job.options, journal=journal, listen=progress, suite=job.suite)
    except TargetUnreachable as error:
        show(error)
        if another := spoken_instead(job):
            click.echo(f"  hint: {harmless(another)}", err=True)
        if folder is not None:
            journal = settle_run_folder(folder, answered=False) / journal.name
        click.echo(f"  journal: {harmless(str(journal))}", err=True)
        return Outcome(name=job.name, code=error.exit_code, journal=journal)
    if folder is not None:
        journal = settle_run_folder(folder, answered=bool(report.lanes)) / journal.name
    weigh(report, job.baseline, usual=job.usual)
    terminal(report, given["form"], journal=journal, strict=job.strict)
    write_outputs(report, job.outputs, strict=job.strict)
    interrupted = report.finished is not None and report.finished.interrupted
    code = INTERRUPTED if interrupted else report.exit_code(strict=job.strict)
    _remember(report, job, code, journal)
    return Outcome(name=job.name, code=code, journal=journal, report=report)


def _remember(report: Report, job: Job, code: int, journal: Path) -> None:
    """Adds the run to the history where there is a folder for it. What goes wrong there is said, and the run stands."""
    base = Path(".wireproof")
    summary = summary_of(report, exit_code=code, place=job.outputs[0][1] if job.outputs else journal)
    if summary is None or not base.is_dir():
        return
    try:
        remember(base, summary)
    except UsageError as error:
        show(error)
