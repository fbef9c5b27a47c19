"""`wireproof run`: play a target, show the matrix, write the journal and the reports."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from wireproof.api import run
from wireproof.cli.outputs import FORMATS, terminal, write_outputs
from wireproof.cli.progress import Progress
from wireproof.engine.plan import Selection
from wireproof.engine.run import Options
from wireproof.model.errors import UsageError
from wireproof.model.target import CallPolicy, Target
from wireproof.report.journal import new_run_folder


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
@click.option("--call-read-only", is_flag=True, help="Call every tool that says readOnlyHint true.")
@click.option("--call-all", is_flag=True, help="Call every tool. Mind what they do.")
@click.option("--header", "headers", multiple=True, help="An HTTP header: 'Name: value' (repeatable).")
@click.option(
    "--header-env",
    "header_envs",
    multiple=True,
    help="An HTTP header from the environment: NAME=VARIABLE; its value never enters the journal.",
)
@click.option("--env", "envs", multiple=True, help="An environment variable for the command: NAME=VALUE (repeatable).")
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
    help="Where the journal goes. Default: .wireproof/runs/<start>/journal.jsonl.",
)
@click.option("-f", "--format", "form", type=click.Choice(FORMATS), default="console", show_default=True)
@click.option(
    "-o", "--output", "outputs", multiple=True, help="FORMAT:FILE, for example json:report.json (repeatable)."
)
@click.option("--fail-fast", is_flag=True, help="Stop at the first broken MUST.")
@click.pass_context
def command(ctx: click.Context, /, target: tuple[str, ...], **given: Any) -> None:
    """Play TARGET: a URL, or after `--` the command that starts a server on stdio.

    Exit codes: 0 nothing that policy counts, 1 findings, 2 cannot run, 3 nothing could be graded, 4 wireproof's own error.
    """
    aim = _target(target, given)
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
    journal = given["journal_path"] or new_run_folder(Path(".wireproof"), stamp) / "journal.jsonl"
    with Progress(enabled=sys.stderr.isatty()) as progress:
        report = run(aim, options=options, journal=journal, listen=progress)
    write_outputs(report, given["outputs"])
    terminal(report, given["form"], journal=journal, strict=given["strict"])
    interrupted = report.finished is not None and report.finished.interrupted
    ctx.exit(130 if interrupted else report.exit_code(strict=given["strict"]))


def _target(words: tuple[str, ...], given: dict[str, Any]) -> Target:
    base: dict[str, Any] = {}
    if given["from_file"] is not None:
        base = _from_file(given["from_file"], words[0] if words else None)
    elif not words:
        raise UsageError(
            "no target is given", hint="wireproof run http://127.0.0.1:8000/mcp, or wireproof run -- python server.py"
        )
    elif len(words) == 1 and words[0].startswith(("http://", "https://")):
        base = {"url": words[0]}
    else:
        base = {"command": tuple(words)}
    headers, secrets = list(base.pop("headers", ())), []
    for one in given["headers"]:
        name, colon, value = one.partition(":")
        if not colon:
            raise UsageError(f"--header {one!r} is not 'Name: value'")
        headers.append((name.strip(), value.strip()))
        if name.strip().lower() in ("authorization", "cookie", "x-api-key"):
            secrets.append(value.strip())
    for one in given["header_envs"]:
        name, equals, variable = one.partition("=")
        if not equals or variable not in os.environ:
            raise UsageError(f"--header-env {one!r}: the variable {variable or '?'} is not set", hint="NAME=VARIABLE")
        headers.append((name, os.environ[variable]))
        secrets.append(os.environ[variable])
    secrets += [value.split(" ", 1)[1] for value in secrets if value.lower().startswith(("bearer ", "basic "))]
    base["env"] = {**base.get("env", {}), **_pairs(given["envs"], "--env")}
    if given["cwd"]:
        base["cwd"] = str(given["cwd"])
    cert: tuple[str, str] | None = None
    if given["cert"]:
        first, comma, second = given["cert"].partition(",")
        if not comma:
            raise UsageError("--cert wants CERT.pem,KEY.pem")
        cert = (first, second)
    return Target(
        **base,
        headers=tuple(headers),
        secrets=tuple(secrets),
        ca_file=given["ca_file"],
        cert=cert,
        insecure=given["insecure"],
        proxy=given["proxy"],
        timeout=given["timeout"],
        startup_wait=given["startup_wait"],
        max_rps=given["max_rps"],
        calls=_policy(given),
    )


def _policy(given: dict[str, Any]) -> CallPolicy:
    named: dict[str, tuple[Any, ...]] = {}
    for one in given["calls"]:
        name, equals, text = one.partition("=")
        if not equals:
            named.setdefault(name, ())
            continue
        try:
            arguments = json.loads(text)
        except ValueError as error:
            raise UsageError(f"--call {name}: the arguments are not JSON: {error}") from None
        if not isinstance(arguments, dict):
            raise UsageError(f"--call {name}: the arguments must be a JSON object")
        named[name] = (*named.get(name, ()), arguments)
    return CallPolicy(read_only=given["call_read_only"], everything=given["call_all"], named=named)


def _pairs(words: tuple[str, ...], option: str) -> dict[str, str]:
    made = {}
    for one in words:
        name, equals, value = one.partition("=")
        if not equals:
            raise UsageError(f"{option} {one!r} is not NAME=VALUE")
        made[name] = value
    return made


def _from_file(path: Path, name: str | None) -> dict[str, Any]:
    """One entry of the `mcpServers` form that desktop clients use."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot be read as JSON: {error}", where=str(path)) from None
    servers = value.get("mcpServers", value.get("servers")) if isinstance(value, dict) else None
    if not isinstance(servers, dict) or not servers:
        raise UsageError("holds no `mcpServers`", where=str(path))
    if name is None and len(servers) > 1:
        raise UsageError("holds several servers; name one", where=str(path), hint=", ".join(servers))
    name = name or next(iter(servers))
    if name not in servers:
        raise UsageError(f"holds no server {name!r}", where=str(path), hint=f"it has {', '.join(servers)}")
    one = servers[name]
    if "url" in one:
        return {"name": name, "url": one["url"], "headers": list(one.get("headers", {}).items())}
    command = (one.get("command", ""), *one.get("args", ()))
    cwd = {"cwd": one["cwd"]} if "cwd" in one else {}
    return {"name": name, "command": command, "env": one.get("env", {}), **cwd}
