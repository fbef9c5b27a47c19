"""An A2A conversation read from a transcript: facts for checks, none of them an opinion. Nothing here raises because of what an agent sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from wireproof.judge.pack import Lens
from wireproof.model.exchange import Exchange
from wireproof.model.jsontext import JSON
from wireproof.model.wire import Record, Transcript
from wireproof.protocols.a2a.card import is_card
from wireproof.protocols.a2a.tracker import Call, Tracker
from wireproof.protocols.a2a.view import outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One message of the agent and what it means: `result` or `error` in 1.0 form (see `view`), `raw` as it came."""

    call: Call
    record: Record
    raw: JSON
    view: JSON

    @property
    def result(self) -> Any:
        """None where it is an error or nothing that could be read."""
        return self.view.get("result") if isinstance(self.view, dict) else None

    @property
    def error(self) -> Mapping[str, Any] | None:
        held = self.view.get("error") if isinstance(self.view, dict) else None
        return held if isinstance(held, dict) else None

    @property
    def seqs(self) -> tuple[int, ...]:
        """Request, head and message: the evidence that a reader wants to see."""
        head = (self.call.head.seq,) if self.call.head is not None else ()
        return (self.call.seq, *head, self.record.seq)


class Talk:
    """What checks read. `calls` are our requests in order, `seen` what came back for those that are operations."""

    def __init__(self, transcript: Transcript, lens: Lens, exchanges: Mapping[str, Exchange]) -> None:
        self.transcript = transcript
        self.lens = lens
        self.exchanges = exchanges
        self.revision = lens.revision
        self.transport = lens.transport
        self.schemas = lens.schemas
        self.facts = lens.facts
        self.records = transcript.records
        self.current = bool(lens.revision.traits.get("version_header"))
        self.tracker = Tracker()
        for record in self.records:
            self.tracker.feed(record)
        self.calls = self.tracker.calls

    @cached_property
    def operations(self) -> tuple[Call, ...]:
        """Our calls of operations over the conversation's own binding, also those that break a rule on purpose."""
        return tuple(one for one in self.calls if one.operation and not one.binding)

    @cached_property
    def elsewhere(self) -> tuple[tuple[Call, Seen | None], ...]:
        """Our calls over the other binding, each with the first message that came for it."""
        calls = [one for one in self.calls if one.operation and one.binding]
        return tuple((one, self._seen(one, one.messages[0]) if one.messages else None) for one in calls)

    @cached_property
    def seen(self) -> tuple[Seen, ...]:
        """Every message that came for an operation, in order."""
        made = [self._seen(call, record) for call in self.operations for record in call.messages]
        return tuple(sorted(made, key=lambda one: one.record.seq))

    def _seen(self, call: Call, record: Record) -> Seen:
        view = outcome(
            call.operation,
            record.message,
            transport=call.binding or self.transport,
            modern=self.current,
            status=call.status,
        )
        return Seen(call=call, record=record, raw=record.message, view=view)

    def of(self, call: Call) -> tuple[Seen, ...]:
        return tuple(one for one in self.seen if one.call is call)

    def results(self, *operations: str) -> Iterator[Seen]:
        """What was answered to these operations (all when none is named) and is no error."""
        return (one for one in self.seen if one.result is not None and _named(one.call, operations))

    def errors(self, *operations: str) -> Iterator[Seen]:
        return (one for one in self.seen if one.error is not None and _named(one.call, operations))

    @cached_property
    def cards(self) -> tuple[Call, ...]:
        """Fetches of a document that turned out to be an Agent Card."""
        fetched = (one for one in self.calls if not one.operation and one.record.meta.get("method") == "GET")
        return tuple(one for one in fetched if one.status == 200 and one.messages and is_card(one.messages[0].message))

    def has(self, fact: str) -> bool:
        """A survey fact, as `needs` names it."""
        return fact in self.facts.get("tags", ())


def _named(call: Call, operations: tuple[str, ...]) -> bool:
    return not operations or call.operation in operations


def converse(transcript: Transcript, lens: Lens, exchanges: Mapping[str, Exchange]) -> Talk:
    """The pack's `conversation`."""
    return Talk(transcript, lens, exchanges)
