"""One stream at a time: how it begins, goes on and ends (specification 3.1.2, 3.1.6, 3.5.2, 9.4.2, 11.7; 0.3: 7.2).

Closing at an interrupted state, and staying open there, are both right; so is the task told once more before the stream closes.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from wireproof.judge.pack import Check, Note, broken, check, ok
from wireproof.protocols.a2a.asked import asked
from wireproof.protocols.a2a.conversation import Talk
from wireproof.protocols.a2a.streams import Event, Stream, streams
from wireproof.protocols.a2a.tracker import TERMINAL

_SEND: Final = "SendStreamingMessage"
_SUBSCRIBE: Final = "SubscribeToTask"
_FAIR_NS: Final = 500_000_000
"""A stream that has told its end is given at least so long to close."""
_LONG: Final = 0.15
"""Seconds from which on a task worked long enough for one to see whether its stream told so meanwhile."""
_BURST: Final = 0.1
"""The part of that time within which a stream comes that was held back."""


@check("a2a.stream.task-first", "a2a.stream.two-patterns", "a2a.subscribe.task-first")
def begins(talk: Talk) -> Iterator[Note]:
    """The first event of a stream is a Task, or a Message; that of a subscription is the Task."""
    if not talk.current:
        return
    for stream in streams(talk):
        first = stream.first
        sends = stream.call.operation == _SEND
        if not first.kind:
            continue
        rows = ("a2a.stream.task-first", "a2a.stream.two-patterns") if sends else ("a2a.subscribe.task-first",)
        well = first.kind == "task" or (sends and first.kind == "message")
        why = f"a {'stream' if sends else 'subscription'} begins with {first.kind}"
        for row in rows:
            yield (
                ok(*first.seen.seqs, requirement=row)
                if well
                else broken(*first.seen.seqs, why=why, pointer="/result", requirement=row)
            )


@check("a2a.stream.message-only", "a2a.stream.two-patterns")
def message_alone(talk: Talk) -> Iterator[Note]:
    """A stream that carries a Message carries nothing else, and closes then."""
    if not talk.current:
        return
    for stream in streams(talk, _SEND):
        message = next((one for one in stream.events if one.kind == "message"), None)
        if message is None:
            continue
        more = len(stream.events) > 1
        for row in ("a2a.stream.message-only", "a2a.stream.two-patterns"):
            if more:
                why = f"a stream with a Message has {len(stream.events)} events"
                yield broken(*stream.seqs, why=why, pointer="/result", requirement=row)
            elif stream.over is not None:
                yield ok(*stream.seqs, requirement=row)
        if not more and _left_open(stream, message):
            why = "a stream stays open after its Message"
            yield broken(*stream.seqs, why=why, requirement="a2a.stream.message-only")


@check("a2a.stream.closes-when-terminal", "a2a.subscribe.ends-when-terminal", "a2a.stream.rest-closes")
def closes(talk: Talk) -> Iterator[Note]:
    """A task stream tells how the task ended, or that it waits for its client, and closes once the task has ended."""
    if not talk.current:
        return
    for stream in streams(talk):
        if any(one.kind in ("message", "") for one in stream.events):
            continue
        sends = stream.call.operation == _SEND
        rows = ["a2a.stream.closes-when-terminal" if sends else "a2a.subscribe.ends-when-terminal"]
        rows += ["a2a.stream.rest-closes"] if sends and talk.transport == "rest" else []
        told, why = stream.terminal, ""
        if told is not None and (late := _goes_on(stream, told)) is not None:
            why = f"a stream tells {late.state} after {told.state}"
        elif told is not None and _left_open(stream, told):
            why = f"a stream stays open after {told.state}"
        elif sends and stream.over is not None and not stream.settled:
            why = "a stream ended before it told of an end of its task"
        for row in rows:
            if why:
                yield broken(*stream.seqs, why=why, pointer="/result", requirement=row)
            elif told is not None and stream.over is not None:
                yield ok(*stream.seqs, requirement=row)


@check("a2a.stream.two-patterns")
def one_task(talk: Talk) -> Iterator[Note]:
    """Every event of a task stream is about the task, and in the context, with which it began."""
    if not talk.current:
        return
    for stream in streams(talk):
        first = stream.first
        if first.kind != "task" or not first.task:
            continue
        astray = next((one for one in stream.events if one.task and one.task != first.task), None)
        apart = next((one for one in stream.events if one.context and first.context not in ("", one.context)), None)
        other = astray or apart
        if other is not None:
            what = "task" if astray else "context"
            yield broken(*first.seen.seqs, other.seq, why=f"an event is about another {what} than its stream's")
        elif len(stream.events) > 1:
            yield ok(*stream.seqs)


@check("a2a.ordering.as-made", "a2a.ordering.not-reordered", "a2a.stream.rest-order")
def in_order(talk: Talk) -> Iterator[Note]:
    """No state that came about before the end of a task is told after it. Equal times, and events without one, show nothing."""
    if not talk.current:
        return
    rows = ["a2a.ordering.as-made", "a2a.ordering.not-reordered"]
    rows += ["a2a.stream.rest-order"] if talk.transport == "rest" else []
    for stream in streams(talk):
        updates = [one for one in stream.events if one.kind == "statusUpdate"]
        told = next((one for one in updates if one.state in TERMINAL), None)
        late = _goes_on(stream, told) if told is not None else None
        if late is not None and told is not None and _between(late, told) > 0:
            why = f"{late.state}, which came about earlier, is told after {told.state}"
            for row in rows:
                yield broken(*told.seen.seqs, late.seq, why=why, pointer="/result", requirement=row)
        elif told is not None and len(updates) > 1:
            for row in rows:
                yield ok(*stream.seqs, requirement=row)


@check("a2a.stream.immediate-feedback")
def at_once(talk: Talk) -> Iterator[Note]:
    """What a stream tells comes when it comes about, and not all of it when the task has ended."""
    if not talk.current:
        return
    for stream in streams(talk, _SEND):
        sent = asked(stream.call).get("message")
        if isinstance(sent, dict) and sent.get("taskId"):
            continue  # its status may be an old one
        told = stream.terminal
        took = _between(stream.first, told) if told is not None else 0.0
        if told is None or took < _LONG:
            continue
        came = (told.at_ns - stream.first.at_ns) / 1e9
        if came < took * _BURST:
            why = f"a task worked for {took:.2f} s, and the whole of its stream came within {came:.2f} s"
            yield broken(*stream.first.seen.seqs, told.seq, why=why)
        else:
            yield ok(*stream.first.seen.seqs, told.seq)


@check("a2a.stream.jsonrpc-sse", "a2a.stream.rest-sse")
def framed(talk: Talk) -> Iterator[Note]:
    """Over JSON-RPC every event repeats the id of the request; over HTTP+JSON it has no envelope."""
    if not talk.current:
        return
    for stream in streams(talk):
        sent = stream.call.record.message
        for one in stream.events:
            raw = one.seen.raw if isinstance(one.seen.raw, dict) else {}
            if talk.transport == "rest":
                if "jsonrpc" in raw and "result" in raw:
                    why = "an event is wrapped in an envelope of JSON-RPC"
                    yield broken(*one.seen.seqs, why=why, requirement="a2a.stream.rest-sse")
            elif talk.transport == "jsonrpc" and isinstance(sent, dict) and raw.get("id") != sent.get("id"):
                why = f"the id of an event is {raw.get('id')!r}, that of the request {sent.get('id')!r}"
                yield broken(*one.seen.seqs, why=why, pointer="/id", requirement="a2a.stream.jsonrpc-sse")


@check("a2a.stream.final-flag.v03")
def final_flag(talk: Talk) -> Iterator[Note]:
    """In 0.3 a status update says whether it is the final event of its stream. Closing then is usual, and nobody's duty."""
    if talk.current:
        return
    for stream in streams(talk):
        updates = [one for one in stream.events if one.kind == "statusUpdate"]
        lacking = next((one for one in updates if _core(one) and not isinstance(one.value.get("final"), bool)), None)
        last = updates[-1] if updates else None
        final = next((one for one in updates if one.value.get("final") is True), None)
        if lacking is not None:
            yield broken(*lacking.seen.seqs, why="a status update has no boolean final", pointer="/result")
        elif final is not None and stream.events[-1] is not final and final.state in TERMINAL and _more(stream, final):
            yield broken(*stream.seqs, why="a stream goes on after the event that is final", pointer="/result")
        elif last is not None and last.state in TERMINAL and final is None and stream.over is not None:
            why = f"a stream is over after {last.state} and no event of it was final"
            yield broken(*stream.seqs, why=why, pointer="/result/final")
        elif final is not None:
            yield ok(*stream.seqs)


def _core(one: Event) -> bool:
    """Is it in core JSON, in which nothing that is false may be left out?"""
    raw: Any = one.seen.raw
    held = raw.get("result", raw) if isinstance(raw, dict) else {}
    return isinstance(held, dict) and held.get("kind") == "status-update"


def _more(stream: Stream, final: Event) -> bool:
    """Does another update come after this one? The task as it ended may be told once more."""
    return any(one.seq > final.seq and one.kind in ("statusUpdate", "artifactUpdate") for one in stream.events)


def _goes_on(stream: Stream, told: Event) -> Event | None:
    """A status of a task that has not ended, told after its end."""
    later = (one for one in stream.events if one.seq > told.seq and one.kind == "statusUpdate")
    return next((one for one in later if one.state and one.state not in TERMINAL), None)


def _left_open(stream: Stream, last: Event) -> bool:
    """Did we wait in vain for the stream to end, long enough after this event?"""
    return stream.waited is not None and stream.waited.at_ns - last.at_ns >= _FAIR_NS


def _between(one: Event, other: Event) -> float:
    """Seconds from the time of one status to that of another; 0 where one of them has none, or only whole seconds."""
    times = [_time(each.status.get("timestamp")) for each in (one, other)]
    return 0.0 if times[0] is None or times[1] is None else (times[1] - times[0]).total_seconds()


def _time(text: Any) -> datetime | None:
    try:
        made = datetime.fromisoformat(text) if "." in text else None
    except (TypeError, ValueError):
        return None
    return made if made is not None and made.tzinfo is not None else None


CHECKS: tuple[Check, ...] = (begins, message_alone, closes, one_task, in_order, at_once, framed, final_flag)
