"""One exchange out of a run: what its steps decided, and what else was broken in its records. No target is touched."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from wireproof.engine.rejudge import Seen, lane_of
from wireproof.engine.suite import Suite
from wireproof.judge.judge import ambient, by_requirement, scripted, verdict_of
from wireproof.model.events import TranscriptOpened
from wireproof.model.exchange import Exchange
from wireproof.model.verdict import Finding, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """One exchange in one transcript. `findings` by requirement id: all rows in force that its steps decide or that it provokes
    (unobserved where nothing was shown), and whatever else its records show to be broken."""

    opened: TranscriptOpened
    exchange: Exchange
    findings: dict[str, list[Finding]]

    def verdict(self, row: str) -> Verdict:
        return verdict_of(self.findings[row])


def showings(seen: Seen, suite: Suite, name: str) -> Iterator[Showing]:
    """Each time that the exchange of this id (or span, `id[subject]`) was played, newest revision first, in the order of play."""
    for place, surveyed in sorted(seen.surveyed.items(), key=lambda item: -suite.orders[item[0][0]]):
        lane = lane_of(seen, suite, place, surveyed)
        for played in lane.played:
            for exchange in played.exchanges:
                if name not in (exchange.id, exchange.span) or not played.transcript.span(exchange.span):
                    continue
                found = scripted(exchange, played.transcript, lane)
                found += ambient(played, lane, within=exchange.span)
                wanted = [
                    one
                    for one in found
                    if one.requirement in lane.requirements
                    and (one.requirement in exchange.about or one.verdict in (Verdict.FAILED, Verdict.ERRORED))
                ]
                unseen = [row for row in exchange.about if row in lane.requirements]
                grouped = {row: [Finding(requirement=row, verdict=Verdict.UNOBSERVED)] for row in unseen}
                yield Showing(
                    opened=seen.opened[played.transcript.id],
                    exchange=exchange,
                    findings=grouped | by_requirement(wanted),
                )
