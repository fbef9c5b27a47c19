"""A2A read along: over HTTP each call has an exchange of its own, so what comes on its channel answers it, whatever the binding."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from wireproof.model.wire import Headers, Kind, Record, Way


@dataclass(slots=True, kw_only=True)
class Call:
    """One request of ours and what came on its channel. `operation` is empty for literal requests."""

    record: Record
    operation: str
    head: Record | None = None
    messages: list[Record] = field(default_factory=list)
    end: Record | None = None

    @property
    def seq(self) -> int:
        return self.record.seq

    @property
    def span(self) -> str | None:
        return self.record.span

    @property
    def lawful(self) -> bool:
        """False: the exchange broke a rule on purpose in it."""
        return not self.record.meta.get("deliberate", False)

    @property
    def status(self) -> int | None:
        return self.head.meta.get("status") if self.head is not None else None

    @property
    def headers(self) -> Headers:
        """Of the response."""
        return fields(self.head) if self.head is not None else ()

    @property
    def streamed(self) -> bool:
        """Did the answer come as a stream of events?"""
        return any(one.meta.get("sse") for one in self.messages)

    @property
    def complete(self) -> bool:
        """Did the response end as HTTP responses should?"""
        return self.end is not None and bool(self.end.meta.get("complete"))


class Tracker:
    """Feeds on records in order. `calls` are ours."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.by_seq: dict[int, Call] = {}
        self.on_channel: dict[str, Call] = {}

    def feed(self, record: Record) -> None:
        if record.way is Way.OUT and record.channel != "main":
            call = Call(record=record, operation=str(record.meta.get("operation", "")))
            self.calls.append(call)
            self.by_seq[record.seq] = self.on_channel[record.channel] = call
            return
        known = self.on_channel.get(record.channel)
        if known is None:
            return
        if record.kind is Kind.HEAD:
            known.head = record
        elif record.kind is Kind.END:
            known.end = record
        elif record.way is Way.IN and record.kind is Kind.MESSAGE:
            known.messages.append(record)

    def answer_to(self, seq: int) -> Record | None:
        """The first message of the response to what was sent as record `seq`."""
        call = self.by_seq.get(seq)
        return call.messages[0] if call is not None and call.messages else None

    def is_call(self, _record: Record) -> bool:
        """Agents ask nothing of their clients."""
        return False


def fields(record: Record) -> Headers:
    """The header fields of a request or of the head of a response."""
    held: Any = record.meta.get("headers", ())
    return tuple((key, value) for key, value in held)
