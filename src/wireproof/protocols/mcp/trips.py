"""HTTP exchanges of a transcript, each with everything that its response brought: what checks of the HTTP transports read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from wireproof.model.jsontext import ABSENT, JSON
from wireproof.model.wire import Headers, Kind, Record, Way, header
from wireproof.protocols.jsonrpc import Call, Shape, shape
from wireproof.protocols.mcp.conversation import Talk

STREAM = "text/event-stream"
JSON_TYPE = "application/json"
CLOSED_BY_US = "closed by us"
"""What the transports write into END where we dropped an exchange."""


@dataclass(slots=True, kw_only=True)
class Trip:
    """One request of ours and its response. `call` is None for a response that we sent; `parts` are events and bodies in order."""

    out: Record
    call: Call | None
    head: Record | None = None
    parts: list[Record] = field(default_factory=list)
    end: Record | None = None

    @property
    def method(self) -> str:
        return str(self.out.meta.get("method", ""))

    @property
    def path(self) -> str:
        return str(self.out.meta.get("target", "")).partition("?")[0]

    @property
    def shape(self) -> Shape:
        return shape(self.out.message)

    @property
    def sent(self) -> Headers:
        return tuple((str(name), str(value)) for name, value in self.out.meta.get("headers", ()))

    @property
    def lawful(self) -> bool:
        return not self.out.meta.get("deliberate", False)

    @property
    def status(self) -> int | None:
        return self.head.meta.get("status") if self.head else None

    @property
    def headers(self) -> Headers:
        return tuple((name, value) for name, value in self.head.meta.get("headers", ())) if self.head else ()

    @property
    def content_type(self) -> str:
        """The media type alone, in lower case; empty without the field."""
        return (header(self.headers, "content-type") or "").partition(";")[0].strip().lower()

    @property
    def streams(self) -> bool:
        return self.status == 200 and self.content_type == STREAM

    @property
    def bodies(self) -> list[Record]:
        """What came as the body of a response that is no event stream."""
        return [one for one in self.parts if not one.meta.get("sse")]

    @property
    def events(self) -> list[Record]:
        """Events in order, comments left out."""
        return [one for one in self.parts if one.meta.get("sse") and not is_comment(one)]

    @property
    def answer(self) -> Record | None:
        return self.call.answer if self.call else None

    @property
    def over(self) -> bool:
        """The server ended the response in good order."""
        return self.end is not None and self.end.meta.get("complete") is True

    @property
    def dropped(self) -> bool:
        """We closed the connection before the response was over."""
        return self.end is not None and not self.over and self.end.meta.get("why") == CLOSED_BY_US

    @property
    def last_event_id(self) -> str | None:
        """The event after which a GET asks to go on; None if it resumes nothing."""
        return header(self.sent, "last-event-id")

    @property
    def event_ids(self) -> list[str]:
        """The ids of the events that came."""
        return [str(one.meta["id"]) for one in self.parts if one.meta.get("id")]

    @property
    def seqs(self) -> tuple[int, ...]:
        """Request and head: what shows most breaches."""
        return (self.out.seq, self.head.seq) if self.head else (self.out.seq,)


def is_comment(record: Record) -> bool:
    """Comment lines alone: no field that an event could have."""
    meta = record.meta
    return record.kind is Kind.EVENT and all(meta.get(name) is None for name in ("event", "id", "retry", "data"))


def trips(talk: Talk) -> list[Trip]:
    """Every HTTP exchange, in the order of sending."""
    return talk.once(_trips)


def _trips(talk: Talk) -> list[Trip]:
    made: dict[str, Trip] = {}
    for record in talk.records:
        if record.channel == "main":
            continue
        if record.way is Way.OUT:
            made[record.channel] = Trip(out=record, call=talk.tracker.on_channel.get(record.channel))
            continue
        trip = made.get(record.channel)
        if trip is None:
            continue
        if record.kind is Kind.HEAD:
            trip.head = record
        elif record.kind is Kind.END:
            trip.end = record
        elif record.way is Way.IN:
            trip.parts.append(record)
    return list(made.values())


def resumptions(talk: Talk) -> set[str]:
    """The channels of GETs that take up an earlier stream: what they bring may have come before."""
    return {one.out.channel for one in trips(talk) if one.method == "GET" and one.last_event_id is not None}


def posts(talk: Talk, *shapes: Shape) -> Iterator[Trip]:
    """POSTs of a message of one of these shapes to which a response began."""
    for trip in trips(talk):
        if trip.method == "POST" and trip.head is not None and trip.shape in shapes:
            yield trip


def cancelled(talk: Talk) -> list[JSON]:
    """Ids of requests that we asked to cancel: what becomes of them is the server's choice."""
    named = []
    for call in talk.calls:
        if call.method == "notifications/cancelled" and isinstance(call.params, dict):
            named.append(call.params.get("requestId", ABSENT))
    return named
