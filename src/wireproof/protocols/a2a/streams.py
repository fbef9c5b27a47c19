"""Streams read back from a conversation: what each told of its task, how it ended, and which were open at the same time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from wireproof.model.exchange import Expect
from wireproof.model.wire import Kind, Record
from wireproof.protocols.a2a.conversation import Seen, Talk
from wireproof.protocols.a2a.operations import OPERATIONS
from wireproof.protocols.a2a.tracker import INTERRUPTED, TERMINAL, Call

OURS: Final = "closed by us"
"""What the end of a response says that we closed ourselves (see `transports.channels`)."""
KINDS: Final = ("task", "message", "statusUpdate", "artifactUpdate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event in 1.0 form: which of `KINDS` it is (empty: none of them, or several) and what it holds."""

    seen: Seen
    kind: str
    value: Mapping[str, Any]

    @property
    def seq(self) -> int:
        return self.seen.record.seq

    @property
    def at_ns(self) -> int:
        return self.seen.record.at_ns

    @property
    def status(self) -> Mapping[str, Any]:
        held = self.value.get("status") if self.kind in ("task", "statusUpdate") else None
        return held if isinstance(held, dict) else {}

    @property
    def state(self) -> str:
        """Empty for what tells none."""
        return str(self.status.get("state", ""))

    @property
    def task(self) -> str:
        """The id of the task that it is about; empty for what names none."""
        name = {"task": "id", "statusUpdate": "taskId", "artifactUpdate": "taskId"}.get(self.kind, "")
        return str(self.value.get(name) or "")

    @property
    def context(self) -> str:
        return str(self.value.get("contextId") or "") if self.kind != "message" else ""


@dataclass(frozen=True, kw_only=True)
class Stream:
    """One streaming call that was answered by events. `waited`: where we stopped waiting for it to end, in vain."""

    call: Call
    events: tuple[Event, ...]
    waited: Record | None = None

    @cached_property
    def terminal(self) -> Event | None:
        """The first event that tells that the task has ended."""
        return next((one for one in self.events if one.state in TERMINAL), None)

    @cached_property
    def settled(self) -> bool:
        """Was anything told after which a stream may be over?"""
        return any(one.kind == "message" or one.state in TERMINAL | INTERRUPTED for one in self.events)

    @property
    def closed_by_us(self) -> bool:
        return self.call.end is not None and self.call.end.meta.get("why") == OURS

    @property
    def over(self) -> Record | None:
        """Its end, where that is the agent's doing and in good order."""
        return self.call.end if self.call.complete else None

    @property
    def first(self) -> Event:
        return self.events[0]

    @property
    def seqs(self) -> tuple[int, ...]:
        """Request, head and last event."""
        return self.events[-1].seen.seqs


def streams(talk: Talk, *operations: str) -> Iterator[Stream]:
    """Every streaming call (of these operations) that told at least one event, in the order of the calls."""
    for call in talk.operations:
        known = OPERATIONS.get(call.operation)
        if known is None or not known.streams or not call.streamed or (operations and call.operation not in operations):
            continue
        events = tuple(_event(one) for one in talk.of(call) if one.result is not None)
        if events:
            yield Stream(call=call, events=events, waited=_waited(talk, call))


def _event(seen: Seen) -> Event:
    held = seen.result if isinstance(seen.result, dict) else {}
    named = [name for name in KINDS if name in held]
    value = held[named[0]] if len(named) == 1 else None
    if not isinstance(value, dict):
        return Event(seen=seen, kind="", value={})
    return Event(seen=seen, kind=named[0], value=value)


def _waited(talk: Talk, call: Call) -> Record | None:
    """The last record that says that nobody waited any longer for the end of this response."""
    exchange = talk.exchanges.get(call.span or "")
    name = call.record.meta.get("name")
    if exchange is None or (call.end is not None and call.end.meta.get("why") != OURS):
        return None
    found = None
    for note in talk.records:
        if note.kind is not Kind.AWAIT or note.span != call.span or note.meta.get("outcome") not in ("timeout", "dead"):
            continue
        index = note.meta.get("step")
        step = exchange.steps[index] if isinstance(index, int) and index < len(exchange.steps) else None
        if isinstance(step, Expect) and step.of == name and step.event == "end":
            found = note
    return found
