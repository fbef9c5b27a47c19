"""What one exchange looks like to the judge: its records by what is looked for, and what an expectation was answered with."""

from __future__ import annotations

from functools import cached_property, partial

from wireproof.judge.matching import Observation
from wireproof.judge.pack import Lens, Pack
from wireproof.model.exchange import Exchange, Expect
from wireproof.model.wire import LINES, Kind, Record, Transcript, Way


class Scene:
    """The records of one exchange. `down`: the record since which a web server was lost in that conversation."""

    def __init__(self, exchange: Exchange, transcript: Transcript, pack: Pack, lens: Lens, down: Record | None) -> None:
        self.records = transcript.records
        self.mine = transcript.span(exchange.span)
        self.awaits = {one.meta.get("step"): one for one in self.mine if one.kind is Kind.AWAIT}
        self.skipped = next((one for one in self.mine if one.kind is Kind.SKIPPED), None)
        self.sent = {one.meta["name"]: one for one in self.mine if one.way is Way.OUT and "name" in one.meta}
        self.heads = {one.channel: one for one in self.mine if one.kind is Kind.HEAD}
        self.http = lens.transport not in LINES
        self.down = down
        self._pack = pack
        self._lens = lens
        self._view = partial(pack.view, self.records)

    @cached_property
    def dismissed(self) -> Record | None:
        """The record since which the target had ended the session."""
        return self._pack.dismissed(self.records) if self.http else None

    def observe(self, step: Expect, note: Record) -> tuple[Observation, tuple[int, ...]]:
        """(what came, the records that show it) of one expectation, by the note of what became of it."""
        seq = note.meta.get("seq")
        answer = self.records[seq] if seq is not None else None
        out = self.sent.get(step.of or "")
        channel = answer.channel if answer is not None else out.channel if out is not None else "main"
        head = self.heads.get(out.channel if out is not None else channel) if self.http else None
        message = self._view(out, answer, self._lens.revision, self._lens.transport)
        evidence = tuple(one.seq for one in (out, head, answer) if one is not None)
        return (
            Observation(
                outcome=str(note.meta.get("outcome")),
                message=message,
                status=head.meta.get("status") if head else None,
                headers=tuple((key, value) for key, value in head.meta.get("headers", ())) if head else (),
                has_status=head is not None,
            ),
            tuple(dict.fromkeys(evidence)) or (note.seq,),
        )
