"""`wireproof bless`: put the failures of a run on record."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import click

from wireproof.cli.main import harmless
from wireproof.cli.outputs import program, write_text
from wireproof.engine.configured import usual_of
from wireproof.library.baseline import baseline_text, load_baseline
from wireproof.library.catalogue import load_catalogue
from wireproof.library.configuration import BASELINE_NAME, find_config, load_config
from wireproof.library.source import shown
from wireproof.model.baseline import Baseline, Entry
from wireproof.model.configuration import ConfiguredTarget
from wireproof.model.errors import UsageError
from wireproof.report.baseline import named, weigh
from wireproof.report.bless import UNARGUED, Blessing, bless
from wireproof.report.journal import newest_journal
from wireproof.report.reading import protocol_of, read_report
from wireproof.report.words import plural

_MOST: Final = 20


@click.command("bless")
@click.argument("reports", nargs=-1, type=click.Path(path_type=Path), metavar="[JOURNAL|REPORT.json]...")
@click.option(
    "--baseline",
    type=click.Path(path_type=Path, dir_okay=False),
    help=f"The file to write. Default: the configured one of the target, else {BASELINE_NAME}.",
)
@click.option("--reason", default="", help="Why these failures are left as they are, for those that are new.")
@click.option(
    "--expires",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The last day on which they are excused, for those that are new or expired.",
)
@click.option("--link", default="", help="A URL, an issue for example, for those that are new.")
def command(reports: tuple[Path, ...], baseline: Path | None, reason: str, expires: datetime | None, link: str) -> None:
    """Write the failures of a run into the baseline: known from then on, so that only new ones are red.

    Without an argument it is the newest run under .wireproof. Entries that remain keep their reason, since, expires and link; those whose
    failures are gone are taken out; what the run did not look at stays.
    """
    if link and not link.startswith(("http://", "https://")):
        raise UsageError(f"--link {link!r} is no URL")
    for path in reports or (newest_journal(Path(".wireproof")),):
        _bless(path, baseline, reason=reason, expires=expires.date() if expires else None, link=link)


def _bless(path: Path, place: Path | None, *, reason: str, expires: date | None, link: str) -> None:
    report = read_report(path)
    catalogue = load_catalogue(protocol_of(report))
    one = _configured(named(report))
    chosen = place or (one.baseline if one is not None else None)
    file = chosen or Path(BASELINE_NAME)
    old = load_baseline(file, catalogue) if file.is_file() else Baseline(path=shown(file))
    weigh(report, old, usual=usual_of(one) if one is not None else None)
    made = bless(report, old.entries, today=datetime.now(UTC).date(), reason=reason, expires=expires, link=link)
    if not made.entries and not old.entries:
        click.echo(f"{harmless(str(path))}: no MUST and no SHOULD is broken, so there is nothing to put on record")
        return
    write_text(file, baseline_text(made.entries, made.said))
    _tell(made, shown(file), path)
    if one is None and place is None:
        click.echo(f"next: {program()} run --baseline {shown(file)} ...")


def _tell(made: Blessing, file: str, path: Path) -> None:
    click.echo(f"{harmless(file)}: {plural(len(made.entries), 'known failure')} ({harmless(str(path))})")
    groups = (
        ("added", made.added),
        ("taken out, as it is mended", made.dropped),
        ("expired, and still counts", made.expired),
    )
    for word, entries in groups:
        for one in entries[:_MOST]:
            click.echo(f"  {word}: {_line(one)}")
        if len(entries) > _MOST:
            click.echo(f"  {word}: {len(entries) - _MOST} more")
    if made.expired:
        click.echo("  hint: --expires YYYY-MM-DD excuses the expired ones again")
    if any(not one.reason or one.reason == UNARGUED for one in made.added):
        click.echo("  hint: write into each `reason` why it is left as it is")


def _line(one: Entry) -> str:
    subject = f" {one.subject}" if one.subject else ""
    return harmless(f"{one.requirement}{subject}  {one.revision} {one.transport}  {one.fingerprint}")


def _configured(name: str) -> ConfiguredTarget | None:
    """The configured target of that name, if there is a configuration."""
    path = find_config(Path.cwd())
    if not name or path is None:
        return None
    return next((one for one in load_config(path).targets if one.name == name), None)
