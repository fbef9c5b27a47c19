"""`wireproof replay`: one exchange of a journal, at a target, again."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from wireproof.api import run
from wireproof.cli.job import configured, configured_target
from wireproof.cli.main import INTERRUPTED
from wireproof.cli.outputs import terminal_console
from wireproof.cli.progress import Progress
from wireproof.cli.run import command as run_command
from wireproof.cli.target import target_of
from wireproof.engine.choice import check_choice
from wireproof.engine.plan import Selection
from wireproof.engine.rejudge import Seen, gather
from wireproof.engine.replayed import Showing, showings
from wireproof.engine.run import Options, load_suite
from wireproof.engine.suite import Suite
from wireproof.library.exchanges import read_exchanges
from wireproof.model.errors import UsageError
from wireproof.model.events import Event
from wireproof.model.target import Target
from wireproof.report.journal import read_journal
from wireproof.report.matrix import LaneReport, Report, Row
from wireproof.report.replayed import Scene, render


@click.command("replay")
@click.argument("journal", type=click.Path(path_type=Path), metavar="JOURNAL|FILE")
@click.argument("exchange", required=False)
@click.argument("target", nargs=-1)
@click.option(
    "--revision",
    "revisions",
    multiple=True,
    help="Only this one of the revisions in which it was recorded (repeatable). Default: all of them.",
)
@click.option("--strict", is_flag=True, help="A broken SHOULD counts too.")
@click.pass_context
def command(
    ctx: click.Context,
    journal: Path,
    exchange: str | None,
    target: tuple[str, ...],
    revisions: tuple[str, ...],
    strict: bool,
) -> None:
    """Play EXCHANGE of JOURNAL again, in the revisions and over the transport in which it was recorded.

    It is played at the target of that run, or at TARGET (a URL, or a command after `--`). What it decides is shown, what else its
    messages break, and the messages. Instead of a journal and an exchange an exchange FILE (.yaml) may be given, such as search keeps:
    then TARGET is needed, and all its exchanges are played. Exit codes: as those of `run`.
    """
    if journal.suffix in (".yaml", ".yml"):
        words = (exchange, *target) if exchange is not None else target
        ctx.exit(_play_file(journal, words, revisions, strict=strict))
    if exchange is None:
        raise UsageError(
            f"which exchange of {journal}?", hint="wireproof replay JOURNAL EXCHANGE, or an exchange file (.yaml)"
        )
    past = gather(read_journal(journal))
    places = _places(past, exchange, journal)
    recorded = tuple(dict.fromkeys(revision for revision, _ in places))
    for one in revisions:
        if one not in recorded:
            raise UsageError(
                f"{exchange} was not played in {one}", where=str(journal), hint=f"it was in {', '.join(recorded)}"
            )
    aim, same = _target(past, target)
    transports = tuple(dict.fromkeys(transport for _, transport in places)) if same else ()
    suite = _suite(past, exchange)
    chosen = Selection(revisions=revisions or recorded, transports=transports, exchanges=(exchange,))
    now, interrupted = _watched(aim, Options(selection=chosen, confirm=False), suite)
    shown = list(showings(now, suite, exchange))
    render([_scene(one, now, suite) for one in shown], terminal_console())
    ctx.exit(INTERRUPTED if interrupted else _judged(shown, suite).exit_code(strict=strict))


def _play_file(path: Path, words: tuple[str, ...], revisions: tuple[str, ...], *, strict: bool) -> int:
    """Plays the exchanges of a file, each in the revisions that it is for; gives the exit code."""
    if not words:
        raise UsageError("which target?", hint=f"wireproof replay {path} -- COMMAND, or a URL")
    made = read_exchanges(path, protocol="mcp")
    if not made:
        raise UsageError("the file holds no exchange", where=str(path))
    suite = load_suite(made[0].protocol, [path])
    order = suite.orders
    wanted = revisions or tuple(
        one.id
        for one in suite.catalogue.revisions
        if any(_between(one.order, order.get(each.since or ""), order.get(each.until or "")) for each in made)
    )
    names = tuple(one.id for one in made)
    chosen = Selection(revisions=wanted, exchanges=names)
    target = target_of(words, _given([]))
    check_choice(chosen, suite, target)
    now, interrupted = _watched(target, Options(selection=chosen, confirm=False), suite)
    shown = [one for name in names for one in showings(now, suite, name)]
    if not shown and not interrupted:
        raise UsageError(
            "nothing of it was played",
            where=str(path),
            hint="the target lacks what the exchange needs, or the revision",
        )
    render([_scene(one, now, suite) for one in shown], terminal_console())
    return INTERRUPTED if interrupted else _judged(shown, suite).exit_code(strict=strict)


def _between(order: int, first: int | None, last: int | None) -> bool:
    return (first is None or first <= order) and (last is None or order <= last)


def _watched(target: Target, options: Options, suite: Suite) -> tuple[Seen, bool]:
    """What a run showed, and whether it was interrupted."""
    events: list[Event] = []
    with Progress(enabled=sys.stderr.isatty()) as progress:

        def listen(event: Event) -> None:
            progress(event)
            events.append(event)

        report = run(target, options=options, listen=listen, suite=suite)
    return gather(events), report.finished is not None and report.finished.interrupted


def _places(past: Seen, exchange: str, journal: Path) -> list[tuple[str, str]]:
    """(revision, transport) of each transcript in which it was played. UsageError when it was in none."""
    played = {name: (one.id, one.span) for made in past.played.values() for one in made for name in (one.id, one.span)}
    if exchange not in played:
        near = [one for one in sorted(played) if exchange in one][:5]
        raise UsageError(
            f"the journal holds no exchange {exchange!r}",
            where=str(journal),
            hint=f"it has {', '.join(near or sorted(played)[:5])}",
        )
    found = [
        (past.opened[transcript].revision, past.opened[transcript].transport)
        for transcript, made in past.played.items()
        if any(exchange in (one.id, one.span) for one in made)
    ]
    return sorted(set(found), reverse=True)


def _target(past: Seen, words: tuple[str, ...]) -> tuple[Target, bool]:
    """Whom to play, with the options of that run; and is it reached as then?"""
    known: Any = past.started.target if past.started else {}
    if past.started and not words and "target" in past.started.options:  # one of a configuration
        given = _given(_without_exchanges(past.started.options["words"]))
        found = configured_target((past.started.options["target"],), given, command=False)
        if found is None:
            raise UsageError("the configuration of that run is not here any more", hint="give a URL or a command")
        return configured(*found, given), True
    same = not words or words[0].lower().startswith(("http://", "https://")) == ("url" in known)
    words = words or ((known["url"],) if "url" in known else tuple(known.get("command", ())))
    if not words:
        raise UsageError("no target is known; give a URL or a command")
    options = past.started.options.get("words", ()) if past.started and same else ()
    return target_of(words, _given(_without_exchanges(options))), same


def _without_exchanges(words: Iterable[str]) -> list[str]:
    """What was played of a user's own exchanges stands in the journal."""
    options = list(words)
    while "--exchanges" in options:
        del options[(place := options.index("--exchanges")) : place + 2]
    return options


def _given(words: list[str]) -> dict[str, Any]:
    """What `wireproof run` makes of these options; UsageError where one cannot be had again, such as a secret that no variable holds."""
    return dict(run_command.make_context("run", [*words, "--", "-"]).params)


def _suite(past: Seen, name: str) -> Suite:
    """The suite; an exchange that it does not have (the user's own, or one of another version) is taken from the journal as it was played."""
    suite = load_suite(past.started.suite.get("protocol", "mcp") if past.started else "mcp")
    known = {one.id for one in suite.exchanges}
    played = (one for made in past.played.values() for one in made if name in (one.id, one.span))
    own = {one.span: replace(one, for_each=None) for one in played if one.id not in known}
    return replace(suite, exchanges=(*suite.exchanges, *own.values()))


def _scene(one: Showing, now: Seen, suite: Suite) -> Scene:
    rows = suite.catalogue.requirements
    return Scene(
        span=one.exchange.span,
        title=one.exchange.title,
        place=f"{one.opened.revision} over {one.opened.transport}",
        rows=[(rows[name], one.verdict(name), found) for name, found in one.findings.items()],
        records=now.records.get(one.opened.transcript, []),
    )


def _judged(shown: Iterable[Showing], suite: Suite) -> Report:
    """A report of nothing else, for its exit code."""
    rows = suite.catalogue.requirements
    return Report(
        lanes=[
            LaneReport(
                protocol=suite.pack.name,
                revision=one.opened.revision,
                transport=one.opened.transport,
                role="server",
                survey={},
                rows=tuple(
                    Row(requirement=rows[name], verdict=one.verdict(name), findings=tuple(found))
                    for name, found in one.findings.items()
                ),
            )
            for one in shown
        ]
    )
