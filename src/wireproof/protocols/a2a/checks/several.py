"""Several streams of one task, open at the same time (specification 3.5.2).

An agent may serve one stream of a task only: it may refuse the second, or end the first for it, and shows nothing of these rows then.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Final

from wireproof.judge.pack import Check, Note, broken, check, ok
from wireproof.model.jsontext import dump
from wireproof.protocols.a2a.conversation import Talk
from wireproof.protocols.a2a.streams import Event, Stream, streams
from wireproof.protocols.a2a.tracker import TERMINAL

_SETTLING_NS: Final = 50_000_000
"""What one stream tells so soon after the other began may have come about before: the task with which that one began knows it."""
_UPDATES: Final = ("statusUpdate", "artifactUpdate")


def _by_task(talk: Talk) -> list[list[Stream]]:
    """Streams that began with the same task, those of at least two."""
    found: dict[str, list[Stream]] = defaultdict(list)
    for stream in streams(talk) if talk.current else ():
        if stream.first.kind == "task" and stream.first.task:
            found[stream.first.task].append(stream)
    return [group for group in found.values() if len(group) > 1]


@check("a2a.ordering.every-stream", "a2a.ordering.same-order")
def same_events(talk: Talk) -> Iterator[Note]:
    """Streams that both lasted until the task had ended tell the same events, in the same order, from when both were open."""
    for group in _by_task(talk):
        lasting = [one for one in group if one.over is not None and one.terminal is not None]
        for left, right in combinations(lasting, 2):
            shared = [_shared(left, right), _shared(right, left)]
            if not all(shared):
                continue  # nothing came while both were open
            seqs = (*left.seqs, *right.seqs)
            lost = _lost(left, right) or _lost(right, left)
            if lost is not None:
                why = f"an event of kind {lost.kind} came on one stream of a task and not on the other"
                yield broken(*seqs, why=why, pointer="/result", requirement="a2a.ordering.every-stream")
                yield broken(*seqs, why=why, pointer="/result", requirement="a2a.ordering.same-order")
                continue
            yield ok(*seqs, requirement="a2a.ordering.every-stream")
            common = set(shared[0]) & set(shared[1])
            orders = [[one for one in each if one in common] for each in shared]
            if orders[0] == orders[1]:
                yield ok(*seqs, requirement="a2a.ordering.same-order")
            else:
                why = "two streams of a task tell its events in different orders"
                yield broken(*seqs, why=why, pointer="/result", requirement="a2a.ordering.same-order")


def _likeness(one: Event) -> str:
    """What events of two streams have in common when they are the same event."""
    if one.kind == "statusUpdate":
        said = one.status.get("message")
        return dump([one.state, one.status.get("timestamp"), said.get("messageId") if isinstance(said, dict) else None])
    return dump([one.value.get("artifact"), bool(one.value.get("append")), bool(one.value.get("lastChunk"))])


def _shared(mine: Stream, other: Stream) -> list[str]:
    """The updates of one stream that came when the other was open already for a while."""
    since = max(mine.first.at_ns, other.first.at_ns) + _SETTLING_NS
    return [_likeness(one) for one in mine.events if one.kind in _UPDATES and one.at_ns > since]


def _lost(mine: Stream, other: Stream) -> Event | None:
    """An update of one stream that the other, open at that time, did not tell, nor the task with which it began."""
    since = max(mine.first.at_ns, other.first.at_ns) + _SETTLING_NS
    told = {_likeness(one) for one in other.events if one.kind in _UPDATES}
    known = _artifacts(other.first)
    for one in mine.events:
        if one.kind not in _UPDATES or one.at_ns <= since or _likeness(one) in told:
            continue
        artifact = one.value.get("artifact")
        if not (isinstance(artifact, dict) and artifact.get("artifactId") in known):
            return one
    return None


def _artifacts(first: Event) -> Sequence[object]:
    held = first.value.get("artifacts")
    return [one.get("artifactId") for one in held if isinstance(one, dict)] if isinstance(held, list) else []


@check("a2a.ordering.close-one")
def closing_one(talk: Talk) -> Iterator[Note]:
    """When we close one stream of a task, another goes on to its end, and the task is not canceled by that."""
    for group in _by_task(talk):
        canceled = any(
            call.operation == "CancelTask" and group[0].first.task in str(call.record.message or call.record.meta)
            for call in talk.operations
        )
        for gone, left in ((one, other) for one in group for other in group if one is not other):
            end = gone.call.end
            if end is None or not gone.closed_by_us or gone.settled or (left.closed_by_us and left.settled):
                continue
            if left.call.end is not None and left.call.end.seq < end.seq:
                continue  # the agent serves one stream at a time
            told = left.terminal
            if told is not None and told.seq < end.seq:
                continue
            seqs = (*gone.seqs, end.seq, *left.seqs)
            if told is None and left.over is not None and not left.settled and _ended(talk, left.first.task):
                yield broken(*seqs, why="a stream was over when another one of its task was closed")
            elif told is not None and told.state == "TASK_STATE_CANCELED" and not canceled:
                yield broken(*seqs, why="closing one stream of a task canceled the task")
            elif told is not None:
                yield ok(*seqs)


def _ended(talk: Talk, task: str) -> bool:
    """Was the task told to have ended, by whatever came later?"""
    told = (one.result for one in talk.results("GetTask", "CancelTask"))
    return any(
        isinstance(one, dict)
        and one.get("id") == task
        and isinstance(one.get("status"), dict)
        and one["status"].get("state") in TERMINAL
        for one in told
    )


CHECKS: tuple[Check, ...] = (same_events, closing_one)
