"""A2A read along: over HTTP each call has an exchange of its own, so what comes on its channel answers it, whatever the binding."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from wireproof.model.jsontext import JSON
from wireproof.model.wire import Headers, Kind, Record, Way

TERMINAL: Final = frozenset(f"TASK_STATE_{name}" for name in ("COMPLETED", "FAILED", "CANCELED", "REJECTED"))
INTERRUPTED: Final = frozenset(("TASK_STATE_INPUT_REQUIRED", "TASK_STATE_AUTH_REQUIRED"))
_RESTING: Final = TERMINAL | INTERRUPTED | {"TASK_STATE_CANCELLED"}


@dataclass(slots=True, kw_only=True)
class Call:
    """One request of ours and what came on its channel. `operation` is empty for literal requests."""

    record: Record
    operation: str
    head: Record | None = None
    messages: list[Record] = field(default_factory=list)
    faults: list[Record] = field(default_factory=list)
    end: Record | None = None

    @property
    def binding(self) -> str:
        """The binding that it was asked over; empty: the usual one of the conversation."""
        return str(self.record.meta.get("binding", ""))

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
        return any(streamed(one) for one in self.messages)

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
        elif record.kind is Kind.FAULT:
            known.faults.append(record)
        elif record.kind is Kind.END:
            known.end = record
        elif record.way is Way.IN and record.kind is Kind.MESSAGE:
            known.messages.append(record)

    def answer_to(self, seq: int) -> Record | None:
        """The first message of the response to what was sent as record `seq`."""
        call = self.by_seq.get(seq)
        return call.messages[0] if call is not None and call.messages else None

    def concluded(self, seq: int) -> bool:
        """Has the response to what was sent as record `seq` told an end, after which nothing of it is due but that it is over?"""
        call = self.by_seq.get(seq)
        return call is not None and bool(call.messages) and _rests(call.messages[-1].message)

    def is_call(self, _record: Record) -> bool:
        """Agents ask nothing of their clients."""
        return False


def streamed(record: Record) -> bool:
    """Is that one event of a stream? Over gRPC each message is what a stream would send."""
    return bool(record.meta.get("sse")) or "rpc" in record.meta


def fields(record: Record) -> Headers:
    """The header fields of a request or of the head of a response."""
    held: Any = record.meta.get("headers", ())
    return tuple((key, value) for key, value in held)


def _rests(message: JSON) -> bool:
    """Does a message of either version over any binding tell an error, a Message, or a task that has ended or waits for its client?"""
    if not isinstance(message, dict) or "error" in message:
        return True
    held = message.get("result", message)
    if not isinstance(held, dict) or "message" in held or "msg" in held or held.get("kind") == "message":
        return True
    inner = held.get("task", held.get("statusUpdate", held))
    status = inner.get("status") if isinstance(inner, dict) else None
    state = status.get("state") if isinstance(status, dict) else None
    named = str(state).upper().replace("-", "_")
    return (named if named.startswith("TASK_STATE_") else f"TASK_STATE_{named}") in _RESTING
