"""The page of one report as plain values: what stands in it and in which order. How it looks is the business of the templates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from markupsafe import Markup

from wireproof.model.catalogue import Requirement
from wireproof.model.wire import Kind, Record
from wireproof.report.console import uncalled
from wireproof.report.diagnosis import Case, Diagnosis, diagnosed, fingerprints, found, places, replay_command
from wireproof.report.jsontree import clipped, tree
from wireproof.report.ladder import Rung, ladder
from wireproof.report.matrix import ClassStep, LaneReport, Report, Row, counted_levels
from wireproof.report.outcomes import Outcome, ci_cases, outcome_of_finding
from wireproof.report.reproducer import reproducer
from wireproof.report.sources import source_url
from wireproof.report.states import LOOKS, State, counts_of, state_of, topics_of
from wireproof.report.words import plural

_MOST_WAYS: Final = 4
_MOST_LADDERS: Final = 3
_RUNG_TEXT: Final = 180
_RAW: Final = 3000
_HEADERS: Final = 30
_EVIDENCE: Final = 500_000
"""Characters of HTML for the insides of messages on the whole page; what comes after that is shown on one line only."""
_REASONS: Final = 4
_SKEW: Final = timedelta(hours=1)
_MOST_TOLD: Final = 20
_SENTENCE: Final = 500
_REASON: Final = 400
"""Characters of what was found, and of why a row is in a state, in the list of all requirements."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One revision on one transport: its class and counts. `key` names it in URLs."""

    key: str
    protocol: str
    revision: str
    transport: str
    server: str
    standing: str
    partial: bool
    passed: int
    applicable: int
    unobserved: int
    steps: tuple[ClassStep, ...]
    counts: Mapping[State, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicRow:
    """One line of the matrix; counts in the order of the lanes."""

    topic: str
    cells: tuple[Mapping[State, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One rung of a ladder with what folds out of it: headers, and the message as a tree or as raw lines."""

    rung: Rung
    headers: tuple[str, ...]
    inner: Markup | None
    raw: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way in which a requirement is broken."""

    found: str
    where: str
    exchange: str
    diff: tuple[str, ...]
    steps: tuple[Step, ...]
    omitted: bool
    replay: str
    reproducer: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A diagnosis. `ids` are all requirements that it is about; `known` is what a baseline says of it, `excused` that it therefore does not
    count. `red`: it fails the run."""

    requirement: Requirement
    url: str
    ids: tuple[str, ...]
    ways: tuple[Way, ...]
    more_ways: int
    same: tuple[Requirement, ...]
    fingerprints: str
    known: tuple[str, ...]
    excused: bool
    red: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why rows of one requirement are in a state, with the lanes that it holds for."""

    state: State
    text: str
    lanes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A requirement over all lanes. `letters` has one letter a lane (`Look.letter`, `-` where the lane has no such row)."""

    requirement: Requirement
    url: str
    states: tuple[State | None, ...]
    letters: str
    worst: State
    spoken: str
    reasons: tuple[Reason, ...]
    card: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Everything that the template needs."""

    title: str
    headline: str
    verdict: State
    facts: tuple[tuple[str, str], ...]
    notices: tuple[str, ...]
    lanes: tuple[Lane, ...]
    total: Mapping[State, int]
    topics: tuple[TopicRow, ...]
    cards: tuple[Card, ...]
    entries: tuple[Entry, ...]
    remarks: tuple[tuple[str, str], ...]
    hint: str

    @property
    def groups(self) -> list[tuple[str, list[Entry]]]:
        """The entries by topic."""
        made: dict[str, list[Entry]] = {}
        for one in self.entries:
            made.setdefault(one.requirement.topic, []).append(one)
        return list(made.items())


def page_of(report: Report, *, strict: bool = False, now: datetime | None = None) -> Page:
    """The page of a report, however little is in it. `now`: a run that began later than that is marked."""
    target: Mapping[str, Any] = report.started.target if report.started else {}
    lanes = tuple(_lane(one) for one in report.lanes)
    room = _Room(left=_EVIDENCE)
    cards = tuple(_card(report, one, room, strict=strict) for one in diagnosed(report))
    total: Counter[State] = sum((Counter(one.counts) for one in lanes), Counter())
    return Page(
        title=str(target.get("name", "")) or "no target",
        headline=_headline(report, cards, total, strict=strict),
        verdict=_verdict(report, total, strict=strict),
        facts=tuple(_facts(report)),
        notices=tuple(_notices(report, now or datetime.now(UTC))),
        lanes=lanes,
        total=total,
        topics=_topics(report),
        cards=cards,
        entries=_entries(report, {name: one.ids[0] for one in cards for name in one.ids}),
        remarks=_remarks(report),
        hint=uncalled(report) or "",
    )


def _lane(lane: LaneReport) -> Lane:
    server = lane.survey.get("server")
    named = (
        f"{server.get('name', '?')} {server.get('version', '')}".strip()
        if isinstance(server, Mapping) and server
        else ""
    )
    reached = lane.reached
    return Lane(
        key=f"{lane.revision}.{lane.transport}",
        protocol=lane.protocol.upper(),
        revision=lane.revision,
        transport=lane.transport,
        server=named,
        standing=lane.standing,
        partial=lane.partial,
        passed=reached.passed,
        applicable=reached.applicable,
        unobserved=reached.unobserved,
        steps=lane.steps,
        counts=counts_of(lane),
    )


def _verdict(report: Report, total: Mapping[State, int], *, strict: bool) -> State:
    if any(one.outcome is Outcome.FAILED for one in ci_cases(report, strict=strict)):
        return State.FAILED
    for state in (State.ERRORED, State.BLOCKED):
        if total.get(state):
            return state
    return State.PASSED if total.get(State.PASSED) else State.NOT_JUDGED


def _headline(report: Report, cards: Sequence[Card], total: Mapping[State, int], *, strict: bool) -> str:
    """What a maintainer wants to know first."""
    levels = Counter(one.requirement.level.group for one in cards for _ in one.ids if not one.excused)
    if not total.get(State.PASSED) and not cards:
        return "Nothing could be judged"
    counted = counted_levels(strict=strict)
    parts = [f"{count} {level}" for level in ("MUST", "SHOULD") if (count := levels[level])]
    hints = levels["MAY"] + levels["ADVICE"]
    advice = f"; {hints} {'piece' if hints == 1 else 'pieces'} of advice" if hints else ""
    on_record = sum(len(one.ids) for one in cards if one.excused)
    advice += f"; {plural(on_record, 'known failure')}" if on_record else ""
    stale = sum(one.level in counted for one in report.weighed.stale) if report.weighed is not None else 0
    advice += f"; {stale} stale in the baseline" if stale else ""
    if not parts:
        return f"Nothing that was judged is {'newly ' if on_record else ''}broken{advice}"
    noun = "requirement" if levels["MUST"] + levels["SHOULD"] == 1 else "requirements"
    said = f"{' and '.join(parts)} {noun}"
    red = any(levels[level] for level in counted)
    return f"{said} broken{advice}" if red else f"No MUST broken; {said} not kept{advice}"


def _facts(report: Report) -> Iterable[tuple[str, str]]:
    started = report.started
    servers = dict.fromkeys(lane.server for lane in map(_lane, report.lanes) if lane.server)
    if servers:
        yield "server", ", ".join(list(servers)[:3])
    if started is None:
        return
    yield "started", started.started_at.replace("T", " ").replace("+00:00", " UTC")
    if report.finished and report.finished.duration_s:
        yield "took", f"{report.finished.duration_s:.1f} s"
    yield "seed", str(started.seed)
    yield "suite", f"{started.suite.get('protocol', '')} set-{started.suite.get('version', 'unknown')}"
    yield "wireproof", started.versions.get("wireproof", "unknown")
    yield "suite digest", started.suite.get("digest", "unknown")


def _notices(report: Report, now: datetime) -> Iterable[str]:
    if _ahead(report, now):
        yield "By its journal this run began in the future: the clock of that machine, or of this one, is wrong."
    if report.weighed is not None and report.weighed.stale:
        lines = ", ".join(f"{one.entry.requirement} ({one.entry.lines})" for one in report.weighed.stale)
        yield f"Stale in the baseline {report.weighed.path}, because it is mended: {lines}"
    if report.finished is None:
        yield "This run has no end in its journal: it was cut off, and this is what was seen until then."
    elif report.finished.interrupted:
        yield "Interrupted: this is what was seen so far (what failed may not have been tried again)."
    if any(lane.partial for lane in report.lanes):
        yield "Only a selection was played: no class is given, and what is missing here is not thereby kept."
    loud = [one.text for one in report.told if one.level in ("stopped", "unreachable", "gone", "remainder")]
    yield from loud[:_MOST_TOLD]
    if len(loud) > _MOST_TOLD:
        yield f"… and {len(loud) - _MOST_TOLD} more; the JSON report has them all."


def _ahead(report: Report, now: datetime) -> bool:
    try:
        started = datetime.fromisoformat(report.started.started_at) if report.started else now
    except ValueError:
        return False
    return (started if started.tzinfo else started.replace(tzinfo=UTC)) > now + _SKEW


def _topics(report: Report) -> tuple[TopicRow, ...]:
    columns = [topics_of(lane) for lane in report.lanes]
    names = dict.fromkeys(topic for column in columns for topic in column)
    return tuple(TopicRow(topic=name, cells=tuple(column.get(name, Counter()) for column in columns)) for name in names)


def _remarks(report: Report) -> tuple[tuple[str, str], ...]:
    """(requirement, remark) of what is lawful but unusual, and of what failed once only."""
    seen: dict[tuple[str, str], None] = {}
    for lane in report.lanes:
        for row in lane.rows:
            seen.update(dict.fromkeys((row.requirement.id, one) for one in row.remarks))
            if row.flaky:
                seen[row.requirement.id, "failed once, but not when it was repeated alone"] = None
    return tuple(sorted(seen))


@dataclass(slots=True)
class _Room:
    left: int


def _card(report: Report, diagnosis: Diagnosis, room: _Room, *, strict: bool) -> Card:
    requirement = diagnosis.cases[0].row.requirement
    others = tuple(group[0].row.requirement for group in diagnosis.others)
    ways = diagnosis.ways
    outcomes = {outcome_of_finding(report, one.row, one.finding, strict=strict) for one in diagnosis.every}
    return Card(
        requirement=requirement,
        url=source_url(requirement),
        ids=(requirement.id, *(one.id for one in others)),
        ways=tuple(_way(report, one, room, steps=at < _MOST_LADDERS) for at, one in enumerate(ways[:_MOST_WAYS])),
        more_ways=max(0, len(ways) - _MOST_WAYS),
        same=others,
        fingerprints=fingerprints(diagnosis.every),
        known=_known(report, diagnosis.every),
        excused=outcomes == {Outcome.KNOWN},
        red=Outcome.FAILED in outcomes,
    )


def _known(report: Report, cases: Sequence[Case]) -> tuple[str, ...]:
    """What the baseline has on record of these, each entry's words once."""
    if report.weighed is None:
        return ()
    made: dict[str, None] = {}
    for one in cases:
        standing, entry = report.weighed.standing(one.finding), report.weighed.entry(one.finding)
        if standing is not None and entry is not None:
            until = f", until {entry.expires}" if entry.expires else ""
            made[f"{standing.value.replace('-', ' ')} since {entry.since}{until}: {clipped(entry.reason, _REASON)}"] = (
                None
            )
    return tuple(made)[:_REASONS]


def _way(report: Report, cases: Sequence[Case], room: _Room, *, steps: bool) -> Way:
    first = cases[0].finding
    records = report.records.get(first.transcript, [])
    made = tuple(_steps(records, first.evidence, first.pointer, room)) if steps else ()
    target: Mapping[str, Any] = report.started.target if report.started else {}
    commands = reproducer(target, records, first.evidence) if steps and room.left > 0 else ()
    room.left -= sum(map(len, commands))
    return Way(
        found=clipped(found(cases), _SENTENCE),
        where=places(cases),
        exchange=first.exchange,
        diff=first.diff,
        steps=made,
        omitted=any(one.inner is None and not one.raw and not one.headers for one in made) and room.left <= 0,
        replay=replay_command(report, cases[0].lane, first) if first.exchange else "",
        reproducer=commands,
    )


def _steps(records: Sequence[Record], evidence: Sequence[int], pointer: str, room: _Room) -> Iterable[Step]:
    rungs = ladder(records, evidence, pointer=pointer, width=_RUNG_TEXT, marked_width=_RUNG_TEXT)
    last = max((seq for seq in evidence if seq < len(records)), default=-1)
    for rung in rungs:
        if room.left <= 0:
            yield Step(rung=rung, headers=(), inner=None, raw="")
            continue
        step = _step(records[rung.seq], rung, pointer if rung.seq == last else "")
        room.left -= len(step.inner or "") + len(step.raw) + sum(map(len, step.headers))
        yield step


def _step(record: Record, rung: Rung, pointer: str) -> Step:
    pairs = [(str(name), str(value)) for name, value in record.meta.get("headers", ())]
    headers = [clipped(f"{name}: {value}", 400) for name, value in pairs[:_HEADERS]]
    if len(pairs) > _HEADERS:
        headers.append(f"… {len(pairs) - _HEADERS} more")
    if isinstance(record.message, dict | list) and record.kind is Kind.MESSAGE:
        return Step(rung=rung, headers=tuple(headers), inner=tree(record.message, pointer), raw="")
    text = record.raw.decode("utf-8", "backslashreplace")
    raw = clipped(text, _RAW) if len(text) > _RUNG_TEXT - 40 else ""
    return Step(rung=rung, headers=tuple(headers), inner=None, raw=raw)


def _entries(report: Report, cards: Mapping[str, str]) -> tuple[Entry, ...]:
    """Every requirement that any lane has, in catalogue order of the lane that has it first."""
    rows: dict[str, list[Row | None]] = {}
    for at, lane in enumerate(report.lanes):
        for row in lane.rows:
            rows.setdefault(row.requirement.id, [None] * len(report.lanes))[at] = row
    return tuple(_entry(report.lanes, found, cards) for found in rows.values())


def _entry(lanes: Sequence[LaneReport], rows: Sequence[Row | None], cards: Mapping[str, str]) -> Entry:
    states = tuple(state_of(lane, row) if row else None for lane, row in zip(lanes, rows, strict=True))
    requirement = next(row.requirement for row in rows if row)
    several = len({lane.transport for lane in lanes}) > 1
    names = [f"{lane.revision} {lane.transport}" if several else lane.revision for lane in lanes]
    grouped: dict[State, list[str]] = {}
    reasons: dict[tuple[State, str], list[str]] = {}
    for name, state, row in zip(names, states, rows, strict=True):
        if state is None or row is None:
            continue
        grouped.setdefault(state, []).append(name)
        if state is not State.PASSED and (why := row.why or next((one.why for one in row.findings if one.why), "")):
            reasons.setdefault((state, why), []).append(name)
    return Entry(
        requirement=requirement,
        url=source_url(requirement),
        states=states,
        letters="".join(LOOKS[one].letter if one else "-" for one in states),
        worst=next(one for one in State if one in grouped),
        spoken="; ".join(f"{LOOKS[state].words} in {', '.join(found)}" for state, found in grouped.items()),
        reasons=tuple(
            Reason(state=state, text=clipped(text, _REASON), lanes=tuple(found))
            for (state, text), found in list(reasons.items())[:_REASONS]
        ),
        card=cards.get(requirement.id, ""),
    )
