"""Badges: one line about one revision of a report, as SVG of our own, as JSON for the endpoint of shields, and the words that embed it.

A badge is earned by a report that agrees with itself (`report.soundness`); what makes it less than the whole stands on its face.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final
from urllib.parse import quote, urlsplit
from xml.sax.saxutils import escape, quoteattr

from wireproof.library.validity import Validity, validity
from wireproof.model.errors import UsageError
from wireproof.model.verdict import Verdict
from wireproof.report.matrix import LaneReport, Row
from wireproof.report.soundness import Rules, marks, started_at
from wireproof.report.verdana import width

SNIPPETS: Final = ("markdown", "html", "rst")
_NAME: Final = 80
"""Characters of a target's name that a badge tells."""
_SIZE: Final = 11
_PAD: Final = 6
_HEIGHT: Final = 20
_LABEL_COLOUR: Final = "#444"
_LINKS: Final = ("", "http", "https")
_URL_SAFE: Final = "/:?#@!$&+,;=%~."


class State(StrEnum):
    """REACHED: the highest class that the suite grades, and no MUST beyond it is broken. PARTIAL: a lower one, or none although nothing is
    broken, or one with a MUST broken beyond it, or a run that is no whole one. FAILING: a MUST is broken and no class is reached.
    STALE: no longer valid. UNKNOWN: nothing was judged."""

    REACHED = "reached"
    PARTIAL = "partial"
    FAILING = "failing"
    STALE = "stale"
    UNKNOWN = "unknown"


COLOURS: Final[Mapping[State, str]] = {
    State.REACHED: "#1a7f37",
    State.PARTIAL: "#9a6700",
    State.FAILING: "#b3261e",
    State.STALE: "#6e6e6e",
    State.UNKNOWN: "#6e6e6e",
}
"""Each with white text on it at a contrast of 4.5 and more; what it says stands in the words too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Badge:
    """What a badge says. `label` and `message` are its two sides, made of our own words only; `title` is the sentence that a screen reader
    or a pointer gets; `facts` are lines for its maker."""

    label: str
    message: str
    state: State
    title: str
    facts: tuple[str, ...]

    @property
    def colour(self) -> str:
        return COLOURS[self.state]


def badge_of(value: Mapping[str, Any], lane: LaneReport, rules: Rules, *, now: datetime) -> Badge:
    """The badge of one run of a sound report (`report.soundness.faults` finds nothing in it)."""
    run = next(one for one in value["runs"] if (one["revision"], one["transport"]) == (lane.revision, lane.transport))
    began = started_at(value)
    day = began.date() if began is not None else now.date()
    term = validity(rules.catalogue, lane.revision, day)
    marked = marks(value, run, rules)
    state, said = _standing(lane, marked)
    if state is not State.UNKNOWN and not term.holds(now.date()):
        state, said = State.STALE, f"stale: {said}"
    message = ", ".join([said, *marked])
    label = label_of(lane.protocol, lane.revision)
    unseen = [one for one in _must(lane) if one.verdict is Verdict.UNOBSERVED]
    return Badge(
        label=label,
        message=message,
        state=state,
        title=_title(value, run, f"{label}: {message}", day, term, len(unseen)),
        facts=tuple(_facts(value, run, day, term, unseen)),
    )


def unknown_badge(protocol: str, revision: str, why: str) -> Badge:
    """The badge of a revision of which a report says nothing."""
    label = label_of(protocol, revision)
    return Badge(label=label, message="unknown", state=State.UNKNOWN, title=f"{label}: unknown, {why}", facts=(why,))


def label_of(protocol: str, revision: str) -> str:
    """The left side."""
    return f"{protocol.upper()} {revision}"


def _must(lane: LaneReport) -> list[Row]:
    """The rows that classes are counted over."""
    return [
        row
        for row in lane.rows
        if row.requirement.level.group == "MUST"
        and row.requirement.id in lane.judged
        and row.verdict is not Verdict.NOT_APPLICABLE
        and not row.requirement.reason
    ]


def _standing(lane: LaneReport, marked: tuple[str, ...]) -> tuple[State, str]:
    must = [row for row in _must(lane) if row.verdict is not Verdict.UNOBSERVED]
    passed = sum(row.verdict is Verdict.PASSED for row in must)
    broken = sum(row.verdict is Verdict.FAILED for row in must)
    if not passed and not broken:
        return State.UNKNOWN, "nothing judged"
    if set(marked) - {"baseline"}:  # no class is earned by less than the whole
        return (
            State.FAILING if broken else State.PARTIAL
        ), f"{'failing' if broken else 'no class'} {passed}/{len(must)}"
    steps = lane.steps
    reached = [one for one in steps if one.reached]
    if reached and reached[-1] is steps[-1]:
        said = f"{lane.reached.name} {lane.reached.passed}/{lane.reached.applicable}"
        beyond = f", {broken} MUST beyond it broken" if broken else ""
        return (State.PARTIAL if broken else State.REACHED), f"{said}{beyond}"
    if reached:
        last, following = reached[-1], steps[len(reached)]
        short = following.name.partition(" ")[0]
        ahead = f"{short}: {following.passed}/{following.applicable}"
        return State.PARTIAL, f"{last.name} {last.passed}/{last.applicable} ({ahead})"
    return (State.FAILING if broken else State.PARTIAL), f"{'failing' if broken else 'partial'} {passed}/{len(must)}"


def _title(value: Mapping[str, Any], run: Mapping[str, Any], said: str, day: date, term: Validity, unseen: int) -> str:
    name = str(value["target"].get("name", "")) or "a target"
    return (
        f"{said}; {unseen} not observed. Conformance report of {clean(name)} on {run['set']}, run {day.isoformat()}, "
        f"valid until {term.until.isoformat()}"
    )


def _facts(value: Mapping[str, Any], run: Mapping[str, Any], day: date, term: Validity, unseen: list[Row]) -> list[str]:
    made = [
        f"requirement set {run['set']}, suite {value['suite']['digest'][:12]}, over {run['transport']}",
        f"run {day.isoformat()}, valid until {term.until.isoformat()} ({term.why})",
    ]
    names = ", ".join(one.requirement.id for one in unseen)
    made.append(f"MUST rows not observed: {len(unseen)}{f' ({names})' if names else ''}")
    return made


def clean(text: str) -> str:
    """Text from a target on one line: what cannot be printed (controls, bidirectional marks, half surrogate pairs) is replaced, and it is
    cut where it is long."""
    text = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
    return text if len(text) <= _NAME else f"{text[: _NAME - 1]}…"


def svg(badge: Badge) -> str:
    """A flat badge, 20 pixels high. `textLength` holds the text to what was measured where another font is taken; without ids, so that
    many may stand in one page."""
    sides = [width(one, _SIZE) for one in (badge.label, badge.message)]
    left, right = (round(one) + 2 * _PAD for one in sides)
    total = left + right
    title = escape(badge.title)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{total}" height="{_HEIGHT}" viewBox="0 0 {total} {_HEIGHT}" role="img" '
        f"aria-label={quoteattr(badge.title)}>\n"
        f"<title>{title}</title>\n"
        f'<path fill="{_LABEL_COLOUR}" d="M3 0h{left - 3}v20H3a3 3 0 0 1-3-3V3a3 3 0 0 1 3-3z"/>'
        f'<path fill="{badge.colour}" d="M{left} 0h{right - 3}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3H{left}z"/>\n'
        f'<g fill="#fff" font-family="Verdana,Geneva,DejaVu Sans,sans-serif" font-size="{_SIZE}" text-rendering="geometricPrecision">\n'
        f"{_text(badge.label, _PAD, sides[0])}\n{_text(badge.message, left + _PAD, sides[1])}\n</g>\n</svg>\n"
    )


def _text(text: str, at: int, length: float) -> str:
    return f'<text x="{at}" y="14" textLength="{length:.1f}" lengthAdjust="spacingAndGlyphs">{escape(text)}</text>'


def endpoint(badge: Badge) -> str:
    """JSON for the endpoint badge of shields: exactly what its schema knows (schemas/wireproof/endpoint.schema.json)."""
    value = {"schemaVersion": 1, "label": badge.label, "message": badge.message, "color": badge.colour}
    return json.dumps(value, indent=1, ensure_ascii=True) + "\n"


def snippet(form: str, badge: Badge, *, image: str, link: str) -> str:
    """The words that embed a badge and link to its report, in markdown, html or rst. UsageError for an address that is neither of the web
    nor relative."""
    image, link, alt = address(image), address(link), f"{badge.label}: {badge.message}"
    match form:
        case "markdown":
            return f"[![{''.join(f'{chr(92)}{char}' if char in _MARKDOWN else char for char in alt)}]({image})]({link})"
        case "html":
            return f"<a href={quoteattr(link)}><img src={quoteattr(image)} alt={quoteattr(alt)} height={quoteattr(str(_HEIGHT))}></a>"
        case _:
            return f".. image:: {image}\n   :alt: {alt}\n   :target: {link}"


_MARKDOWN: Final = "\\`*_[]<>|"


def address(text: str) -> str:
    """An address as it can stand in any of the snippets. UsageError for schemes other than http and https."""
    try:
        scheme = urlsplit(text).scheme.lower()
    except ValueError:
        raise UsageError(f"{text!r} is no address") from None
    if scheme not in _LINKS or not text.strip():
        raise UsageError(f"{text!r} is neither a relative path nor an http(s) URL")
    return quote(text.strip(), safe=_URL_SAFE)
