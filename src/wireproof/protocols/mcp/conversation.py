"""An MCP conversation read from a transcript: facts for checks, none of them an opinion.

Built on the JSON-RPC tracker. Nothing here raises because of what a peer sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from wireproof.judge.pack import Lens
from wireproof.model.exchange import Exchange
from wireproof.model.jsontext import ABSENT, JSON
from wireproof.model.wire import Kind, Record, Transcript, Way
from wireproof.protocols.jsonrpc import Call, Shape, Tracker, shape
from wireproof.protocols.mcp.taskbook import TaskBook

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """A request or notification of the server. `call` is the request of ours on whose HTTP stream it came."""

    record: Record
    method: str
    params: JSON
    call: Call | None

    @property
    def seq(self) -> int:
        return self.record.seq


class Talk:
    """What checks read. `calls` are our requests and notifications in order; `lawful_calls` leave deliberate sins out."""

    def __init__(self, transcript: Transcript, lens: Lens, exchanges: Mapping[str, Exchange]) -> None:
        self.transcript = transcript
        self.lens = lens
        self.exchanges = exchanges
        self.revision = lens.revision
        self.transport = lens.transport
        self.schemas = lens.schemas
        self.facts = lens.facts
        self.records = transcript.records
        self.modern = lens.revision.era == "modern"
        self.http = lens.transport in ("http", "sse")
        tracker = Tracker()
        for record in self.records:
            tracker.feed(record)
        self.tracker = tracker
        self.calls = tracker.calls
        self._read: dict[Callable[[Talk], Any], Any] = {}
        self.strays = tracker.strays
        if self.modern and not self.http:
            self._set_older_era_apart()

    def _set_older_era_apart(self) -> None:
        """On a line where `initialize` was accepted the server may well speak the older era from then on, which the rules of this
        revision do not judge (basic/versioning, Compatibility Matrix)."""
        older = False
        for call in self.calls:
            call.lawful = call.lawful and not older
            older = older or (call.method == "initialize" and isinstance(call.result, dict))

    def once(self, read: Callable[[Talk], T]) -> T:
        """What `read` makes of this conversation, made when first asked for: readings that several checks share. Nobody changes it."""
        if read not in self._read:
            self._read[read] = read(self)
        made: T = self._read[read]
        return made

    @cached_property
    def messages_in(self) -> tuple[Record, ...]:
        """Every MESSAGE that came in, well-formed or not, and over HTTP only what is meant as JSON-RPC."""
        arrived = (one for one in self.records if one.way is Way.IN and one.kind is Kind.MESSAGE)
        return tuple(one for one in arrived if not self._foreign(one))

    def _foreign(self, record: Record) -> bool:
        """Documents fetched by GET, bodies of error responses that are HTTP's own, SSE events of another name than `message`."""
        call = self.tracker.on_channel.get(record.channel)
        if record.meta.get("sse"):
            return record.meta.get("event") not in (None, "", "message")
        if call is None:
            return False
        if self.records[call.seq].meta.get("method", "POST") != "POST":
            return True
        refused = call.status is not None and call.status >= 400
        return refused and not isinstance(record.message, list) and "jsonrpc" not in _members(record.message)

    @cached_property
    def requests(self) -> tuple[Call, ...]:
        """Our requests (they have an id and a method)."""
        return tuple(one for one in self.calls if shape(one.message) is Shape.REQUEST)

    @cached_property
    def notifications_out(self) -> tuple[Call, ...]:
        return tuple(one for one in self.calls if shape(one.message) is Shape.NOTIFICATION)

    @cached_property
    def inbound(self) -> tuple[Inbound, ...]:
        """The server's own requests and notifications, also those inside batches."""
        made = []
        for record in self.tracker.inbound:
            message = record.message
            call = self.tracker.on_channel.get(record.channel)
            made.append(
                Inbound(
                    record=record, method=str(message.get("method")), params=message.get("params", ABSENT), call=call
                )
            )
        return tuple(made)

    @cached_property
    def requests_in(self) -> tuple[Inbound, ...]:
        return tuple(one for one in self.inbound if shape(one.record.message) is Shape.REQUEST)

    @cached_property
    def notifications_in(self) -> tuple[Inbound, ...]:
        return tuple(one for one in self.inbound if shape(one.record.message) is Shape.NOTIFICATION)

    @cached_property
    def responses(self) -> tuple[tuple[Call | None, Record, JSON], ...]:
        """(our call or None, record, response object), batch answers taken apart."""
        owner = {answer.seq: call for call in self.calls for answer in call.answers}
        made: list[tuple[Call | None, Record, JSON]] = []
        for record in self.messages_in:
            items = record.message if isinstance(record.message, list) else [record.message]
            made += [(owner.get(record.seq), record, one) for one in items if shape(one) is Shape.RESPONSE]
        return tuple(made)

    def results(self, *methods: str) -> Iterator[tuple[Call, dict[str, JSON]]]:
        """(request, result object) of each successfully answered request of these methods (all when none is named)."""
        for call in self.requests:
            if (not methods or call.method in methods) and isinstance(call.result, dict):
                yield call, call.result

    def errors(self, *methods: str) -> Iterator[tuple[Call, dict[str, JSON]]]:
        """(request, error object) of each request that was answered by an error."""
        for call in self.requests:
            if (not methods or call.method in methods) and isinstance(call.error, dict):
                yield call, call.error

    def answer_seqs(self, call: Call) -> tuple[int, ...]:
        """Request, HTTP head and answer: the evidence that a reader wants to see."""
        parts = (call.seq, call.head.seq if call.head else None, call.answer.seq if call.answer else None)
        return tuple(one for one in parts if one is not None)

    @cached_property
    def tasks(self) -> TaskBook:
        """The tasks that were seen (2025-11-25)."""
        return TaskBook(self)

    def has(self, fact: str) -> bool:
        """A survey fact, as `needs` names it."""
        return fact in self.facts.get("tags", ())

    @cached_property
    def opening_answered(self) -> int | None:
        """seq of the answer to initialize; None in the modern era or when there was none."""
        for call in self.requests:
            if call.method == "initialize" and call.answer is not None:
                return call.answer.seq
        return None

    @cached_property
    def initialized_sent(self) -> int | None:
        return next((one.seq for one in self.notifications_out if one.method == "notifications/initialized"), None)


def _members(message: JSON) -> Mapping[str, JSON]:
    return message if isinstance(message, dict) else {}


def converse(transcript: Transcript, lens: Lens, exchanges: Mapping[str, Exchange]) -> Talk:
    """The pack's `conversation`."""
    return Talk(transcript, lens, exchanges)
