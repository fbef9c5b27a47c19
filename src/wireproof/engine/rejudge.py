"""A journal becomes lanes again, and is judged by today's checks: no target is touched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from wireproof.engine.plan import Selection, in_force
from wireproof.engine.suite import Suite
from wireproof.judge.judge import Lane, Played, by_requirement, settle, verdict_of
from wireproof.judge.pack import Lens
from wireproof.library.exchanges import exchange
from wireproof.library.schemas import schemas_of
from wireproof.model.events import (
    Event,
    ExchangePlayed,
    Judged,
    Planned,
    Recorded,
    RunStarted,
    Surveyed,
    TranscriptOpened,
)
from wireproof.model.exchange import Exchange
from wireproof.model.wire import Record, Transcript


@dataclass(slots=True, kw_only=True)
class Seen:
    """What a journal holds, sorted by transcript."""

    started: RunStarted | None = None
    opened: dict[str, TranscriptOpened] = field(default_factory=dict)
    records: dict[str, list[Record]] = field(default_factory=dict)
    played: dict[str, list[Exchange]] = field(default_factory=dict)
    surveyed: dict[tuple[str, str], Surveyed] = field(default_factory=dict)
    planned: dict[tuple[str, str], Planned] = field(default_factory=dict)
    judged: dict[tuple[str, str], Judged] = field(default_factory=dict)


def gather(events: Iterable[Event]) -> Seen:
    """Sorts the events of a run."""
    seen = Seen()
    for event in events:
        match event:
            case RunStarted():
                seen.started = event
            case TranscriptOpened():
                seen.opened[event.transcript] = event
            case Recorded():
                seen.records.setdefault(event.transcript, []).append(event.record)
            case ExchangePlayed():
                protocol = seen.opened[event.transcript].protocol
                made = exchange(event.literal, protocol=protocol, topic="")
                seen.played.setdefault(event.transcript, []).append(made)
            case Surveyed():
                seen.surveyed[event.revision, event.transport] = event
            case Planned():
                seen.planned[event.revision, event.transport] = event
            case Judged():
                seen.judged[event.revision, event.transport] = event
    return seen


def rejudge(seen: Seen, suite: Suite) -> list[Judged]:
    """The findings of every lane that was surveyed, judged anew."""
    return [_judge_lane(seen, suite, place, surveyed) for place, surveyed in seen.surveyed.items()]


def _judge_lane(seen: Seen, suite: Suite, place: tuple[str, str], surveyed: Surveyed) -> Judged:
    findings = tuple(settle(lane_of(seen, suite, place, surveyed)))
    return Judged(protocol=surveyed.protocol, revision=place[0], transport=place[1], findings=findings)


def lane_of(seen: Seen, suite: Suite, place: tuple[str, str], surveyed: Surveyed) -> Lane:
    """What is judged of one revision and transport."""
    revision = next(one for one in suite.catalogue.revisions if one.id == place[0])
    planned = seen.planned.get(place)
    options: Mapping[str, Any] = planned.selection if planned else {}
    selection = Selection(**{key: tuple(value) for key, value in options.items()})
    return Lane(
        lens=Lens(
            revision=revision,
            transport=place[1],
            schemas=schemas_of(suite.pack.name, revision.id),
            facts=surveyed.facts,
            tables=suite.tables,
        ),
        pack=suite.pack,
        requirements=in_force(suite.catalogue, selection, revision, place[1]),
        played=tuple(
            Played(
                transcript=Transcript(
                    id=name,
                    protocol=opened.protocol,
                    revision=opened.revision,
                    transport=opened.transport,
                    records=tuple(seen.records.get(name, ())),
                ),
                purpose=opened.purpose,
                exchanges=tuple(seen.played.get(name, ())),
            )
            for name, opened in seen.opened.items()
            if (opened.revision, opened.transport) == place
        ),
        omitted=planned.omitted if planned else {},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A row whose verdict is another one now."""

    requirement: str
    revision: str
    transport: str
    before: str
    after: str


def changes(seen: Seen, anew: Iterable[Judged]) -> list[Change]:
    """Verdicts that differ between the journal and the new judgement."""
    found = []
    for judged in anew:
        old = seen.judged.get((judged.revision, judged.transport))
        before = {row: verdict_of(group).value for row, group in by_requirement(old.findings if old else ()).items()}
        after = {row: verdict_of(group).value for row, group in by_requirement(judged.findings).items()}
        for row in sorted({*before, *after}):
            if before.get(row) != after.get(row):
                found.append(
                    Change(
                        requirement=row,
                        revision=judged.revision,
                        transport=judged.transport,
                        before=before.get(row, "absent"),
                        after=after.get(row, "absent"),
                    )
                )
    return found
