"""`wireproof badge`: a badge from a report that agrees with itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click

from wireproof.cli.main import harmless
from wireproof.cli.outputs import write_text
from wireproof.evidence.rules import rules_for
from wireproof.library.shelf import short_digest
from wireproof.model.errors import UsageError
from wireproof.report.badge import SNIPPETS, Badge, badge_of, endpoint, snippet, svg, unknown_badge
from wireproof.report.matrix import LaneReport
from wireproof.report.reading import read_value
from wireproof.report.soundness import Rules, faults, lanes_of, same_suite

_FEW: Final = 5
_PLACES: Final = ("{revision}", "{transport}")


@click.command("badge")
@click.argument("report", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The SVG; folders are made.")
@click.option(
    "--endpoint", "json_file", type=click.Path(path_type=Path), help="JSON for the endpoint badge of shields.io."
)
@click.option("--revision", help="Of this revision. Default: the newest that the report has.")
@click.option("--transport", help="Over this transport, where the report has the revision over several.")
@click.option(
    "--snippet",
    "form",
    type=click.Choice(SNIPPETS),
    help="Print the words that embed the badge and link to the report.",
)
@click.option("--image", help="Where the badge will lie, for --snippet. Default: the file of -o.")
@click.option("--link", help="Where the report will lie, for --snippet. Default: the file REPORT.")
def command(
    report: Path,
    output: Path | None,
    json_file: Path | None,
    revision: str | None,
    transport: str | None,
    form: str | None,
    image: str | None,
    link: str | None,
) -> None:
    """Make a badge of REPORT (a JSON report, -o json:FILE, or a journal) for one revision.

    A file name that holds {revision} (and {transport}) gets a badge for each run of the report. Only a report that agrees with itself and
    was made with this suite earns one; what is filtered, baselined, interrupted or stale is marked as such. Exit codes: 0 written,
    whatever the badge says; 2 the report cannot be believed.
    """
    if form and not (image or output):
        raise UsageError("--snippet needs to know where the badge lies", hint="-o badge.svg, or --image URL")
    if form and str(report) == "-" and not link:
        raise UsageError("--snippet needs to know where the report lies", hint="--link URL")
    value = read_value(report)
    rules = rules_for(value["suite"].get("protocol", "mcp"))
    now = datetime.now(UTC)
    _check(value, rules, report, now)
    files = [one for one in (output, json_file) if one is not None]
    every = any(place in str(one) for one in files for place in _PLACES)
    chosen = _chosen(lanes_of(value, rules), rules, revision, transport, str(report), every=every)
    for lane in chosen:
        if isinstance(lane, str):
            made = unknown_badge(rules.catalogue.protocol, lane, "the report says nothing of it")
            _write(made, output, json_file, lane, "")
        else:
            made = badge_of(value, lane, rules, now=now)
            _write(made, output, json_file, lane.revision, lane.transport)
        click.echo(f"{made.label} | {made.message}", err=form is not None)
        for fact in made.facts:
            click.echo(click.wrap_text(harmless(fact), 100, "  ", "    "), err=form is not None)
        if form is not None:
            name = lane if isinstance(lane, str) else lane.revision
            where = image or _filled(str(output), name, "" if isinstance(lane, str) else lane.transport)
            click.echo(snippet(form, made, image=where, link=link or str(report)))


def _check(value: Mapping[str, Any], rules: Rules, path: Path, now: datetime) -> None:
    if not same_suite(value):
        suite = value["suite"].get("digest", "")[:12] or "none that it names"
        raise UsageError(
            f"was made with another suite ({suite}; here is {short_digest()}), so it cannot be checked",
            where=str(path),
            hint="use the version of wireproof that wrote it, or run again",
        )
    found = [str(one) for one in faults(value, rules, now=now)]
    if found:
        more = [f"and {len(found) - _FEW} more"] if len(found) > _FEW else []
        raise UsageError(
            "does not agree with itself, so it earns no badge",
            where=str(path),
            hint="\n".join([*found[:_FEW], *more]),
        )


def _chosen(
    lanes: list[LaneReport], rules: Rules, revision: str | None, transport: str | None, where: str, *, every: bool
) -> list[LaneReport | str]:
    """The runs that badges are made of; a revision's name stands for one that the report does not have."""
    if revision is not None:
        rules.catalogue.revision(revision)  # raises UsageError for a name that is none
    known = tuple(dict.fromkeys(one.transport for one in lanes))
    if transport is not None and known and transport not in known:
        raise UsageError(f"has no run over {transport}", where=where, hint=f"it has {', '.join(known)}")
    fitting = [one for one in lanes if revision in (None, one.revision) and transport in (None, one.transport)]
    if not fitting:
        return [revision or rules.catalogue.newest.id]
    if every:
        return list(fitting)
    newest = max((one.revision for one in fitting), key=rules.catalogue.order)
    found = [one for one in fitting if one.revision == newest]
    if len(found) > 1:
        names = ", ".join(one.transport for one in found)
        raise UsageError(f"has {newest} over {names}", where=where, hint="choose with --transport")
    return list(found)


def _filled(name: str, revision: str, transport: str) -> str:
    return name.replace("{revision}", revision).replace("{transport}", transport)


def _write(made: Badge, output: Path | None, json_file: Path | None, revision: str, transport: str) -> None:
    for path, text in ((output, svg(made)), (json_file, endpoint(made))):
        if path is not None:
            write_text(Path(_filled(str(path), revision, transport)), text)
