"""The matrix over many targets as a static site: pages that need neither network nor server, and `matrix.json` beside them.

As in the HTML report, what comes from a target is data: it is escaped, and every page lets run only what ships here, by hash.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from wireproof.model.errors import UsageError
from wireproof.model.verdict import Finding, Verdict
from wireproof.report.compare import Change, Comparison, compare
from wireproof.report.html import asset, environment, policy
from wireproof.report.interop import Implementation, Interop, InteropRow, Place, Run, slug
from wireproof.report.interop_tables import brief, matrix_text
from wireproof.report.jsontree import clipped
from wireproof.report.matrix import LaneReport, Report
from wireproof.report.sources import source_url
from wireproof.report.states import State, counts_of

MOST_DIFFERENCES: Final = 200
"""Differences to the run before that a page shows."""
_MOST_FINDINGS: Final = 50
"""Findings of one requirement in one place that a page shows; a report may have any number, of any length."""
_SENTENCE: Final = 1000
_NAME: Final = 200
"""Characters of sentences, and of names, that come from targets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One implementation on the first page."""

    name: str
    server: str
    page: str
    day: str
    marks: tuple[str, ...]
    lanes: tuple[tuple[Place, LaneReport, Mapping[State, int]], ...]

    @property
    def brief(self) -> str:
        """For the head of a column."""
        return brief(self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """A finding of an implementation somewhere, as pages show it."""

    implementation: str
    page: str
    where: str
    finding: Finding
    replay: str

    @property
    def why(self) -> str:
        return clipped(self.finding.why, _SENTENCE)

    @property
    def subject(self) -> str:
        return clipped(self.finding.subject, _NAME)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A run in the history of an implementation: its day, MUST rows kept and broken."""

    run: Run
    passed: int
    failed: int


def write_site(made: Interop, folder: Path) -> int:
    """Writes the pages; how many. UsageError when the folder cannot be written, or holds something that is no site of ours."""
    _claim(folder)
    names = _pages(made)
    broken = {row.requirement.id for row in made.broken}
    pages = {"index.html": _index(made, names)}
    for one in made.implementations:
        pages[f"implementations/{names[one.name]}.html"] = _implementation(one, names[one.name], broken)
    for row in made.broken:
        pages[f"requirements/{row.requirement.id}.html"] = _requirement(made, row, names)
    for path, text in {**pages, "matrix.json": matrix_text(made)}.items():
        _write(folder / path, text)
    return len(pages)


def _claim(folder: Path) -> None:
    """What an older site left there is taken away, and nothing else."""
    if folder.exists() and not folder.is_dir():
        raise UsageError("is a file; a site is a folder", where=str(folder))
    present = {one.name for one in folder.iterdir()} if folder.exists() else set()
    if present and "matrix.json" not in present:
        raise UsageError("holds other files", where=str(folder), hint="name a new folder")
    for old in (*folder.glob("implementations/*.html"), *folder.glob("requirements/*.html")):
        old.unlink()


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", errors="replace", newline="\n")
    except OSError as error:
        raise UsageError("cannot be written: " + (error.strerror or str(error)), where=str(path)) from None


def _pages(made: Interop) -> dict[str, str]:
    """The name of each implementation's page: its own words where they are enough to tell it from the others."""
    words = [slug(one.name) for one in made.implementations]
    return {
        one.name: word
        if words.count(word) == 1
        else f"{word}-{hashlib.sha256(one.name.encode('utf-8', 'replace')).hexdigest()[:8]}"
        for one, word in zip(made.implementations, words, strict=True)
    }


def _rendered(template: str, **values: Any) -> str:
    script, style = asset("site.js"), asset("wireproof.css")
    return (
        environment().get_template(template).render(script=_ours(script), policy=policy(style, script), **values) + "\n"
    )


def _ours(text: str) -> Any:
    from markupsafe import Markup

    return Markup(text)  # noqa: S704 - a file of ours


def _index(made: Interop, names: Mapping[str, str]) -> str:
    cards = [_card(one, names[one.name]) for one in made.implementations]
    topics = sorted({row.requirement.topic for row in made.broken})
    protocols = tuple(dict.fromkeys(one.protocol for one in made.implementations))
    kinds = [
        (name, [card for card, one in zip(cards, made.implementations, strict=True) if one.protocol == name])
        for name in protocols
    ]
    return _rendered("site_index.html", made=made, cards=cards, kinds=kinds, names=names, topics=topics)


def _card(one: Implementation, page: str) -> Card:
    newest = one.runs[0]
    marks = ("part of the suite" if not newest.whole else "", "dated in the future" if newest.ahead else "")
    return Card(
        name=clipped(one.name, _NAME),
        server=clipped(one.server, _NAME),
        page=page,
        day=newest.day,
        marks=tuple(mark for mark in marks if mark),
        lanes=tuple((place, lane, counts_of(lane)) for place, lane in _lanes(one)),
    )


def _lanes(one: Implementation) -> list[tuple[Place, LaneReport]]:
    """Newest revision first, as reports have them."""
    return [
        (place, lane)
        for place, (_, lane) in sorted(one.shown.items(), key=lambda item: (item[0][1], item[0][2]), reverse=True)
    ]


def _implementation(one: Implementation, page: str, broken: set[str]) -> str:
    breaches = [
        (row.requirement, breach)
        for (protocol, revision, transport), lane in _lanes(one)
        for row in lane.rows
        if row.verdict is Verdict.FAILED and row.requirement.id in broken
        for breach in _breaches(one.name, page, (protocol, revision, transport), row.findings)
    ]
    grouped: dict[str, list[Breach]] = {}
    for requirement, breach in breaches:
        grouped.setdefault(requirement.id, []).append(breach)
    requirements = {requirement.id: requirement for requirement, _ in breaches}
    order = ("MUST", "SHOULD", "MAY", "ADVICE")
    groups = sorted(grouped.items(), key=lambda item: order.index(requirements[item[0]].level.group))
    history = [
        Point(run=run, passed=run.count("MUST", State.PASSED), failed=run.count("MUST", State.FAILED))
        for run in reversed(one.runs)
    ]
    return _rendered(
        "site_implementation.html",
        card=_card(one, page),
        groups=[(requirements[name], found) for name, found in groups],
        history=history,
        most=max((point.passed + point.failed for point in history), default=1) or 1,
        difference=_difference(one),
        changes=tuple(Change),
        limit=MOST_DIFFERENCES,
    )


def _difference(one: Implementation) -> Comparison | None:
    """Between the two newest whole runs that judged something."""
    whole = [run for run in one.runs if run.whole and run.lanes and not run.ahead][:2]
    if len(whole) < 2:
        return None
    after, before = (Report(lanes=list(run.lanes)) for run in whole)
    return compare(before, after)


def _breaches(name: str, page: str, place: Place, findings: tuple[Finding, ...]) -> list[Breach]:
    return [
        Breach(
            implementation=clipped(name, _NAME),
            page=page,
            where=f"{place[0].upper()} {place[1]} over {place[2]}",
            finding=finding,
            replay=f"wireproof run --exchange {clipped(finding.exchange, _NAME)} --revision {place[1]} --transport {place[2]} ..."
            if finding.exchange
            else "",
        )
        for finding in findings
        if finding.verdict is Verdict.FAILED
    ][:_MOST_FINDINGS]


def _requirement(made: Interop, row: InteropRow, names: Mapping[str, str]) -> str:
    found = [
        (clipped(one.name, _NAME), names[one.name], breaches)
        for one in made.implementations
        if (
            breaches := [
                breach
                for place, lane in _lanes(one)
                for each in lane.rows
                if each.requirement.id == row.requirement.id
                for breach in _breaches(one.name, names[one.name], place, each.findings)
            ]
        )
    ]
    others = [
        (clipped(one.name, _NAME), names[one.name], cell)
        for one, cell in zip(made.implementations, row.cells, strict=True)
        if not cell[State.FAILED]
        and any(cell.values())  # to others the row means nothing: another protocol, another revision
    ]
    return _rendered(
        "site_requirement.html",
        row=row,
        requirement=row.requirement,
        url=source_url(row.requirement),
        found=found,
        others=others,
        names=names,
    )
