"""Batches, which only 2025-03-26 obliges anybody to take (basic/index, Batching; JSON-RPC 2.0 section 6)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from wireproof.judge.matching import brief
from wireproof.judge.pack import Note, broken, check, ok
from wireproof.model.jsontext import JSON, same
from wireproof.protocols.jsonrpc import Call, Shape, shape
from wireproof.protocols.mcp.conversation import Talk


def proper(message: JSON) -> bool:
    """An array of requests and notifications as it should be: no initialize, ids that are unlike each other."""
    if not isinstance(message, list) or not message:
        return False
    for one in message:
        if shape(one) not in (Shape.REQUEST, Shape.NOTIFICATION) or one.get("jsonrpc") != "2.0":
            return False
        if not isinstance(one["method"], str) or one["method"] == "initialize":
            return False
        if "id" in one and (isinstance(one["id"], bool) or not isinstance(one["id"], str | int)):
            return False
    ids = [one["id"] for one in message if "id" in one]
    return not any(same(a, b) for place, a in enumerate(ids) for b in ids[:place])


def _batches(talk: Talk) -> Iterator[Call]:
    if talk.revision.traits.get("batches") and talk.opening_answered is not None:
        for call in talk.calls:
            if proper(call.message) and call.seq > talk.opening_answered:
                yield call


def _responses(call: Call) -> list[JSON]:
    made: list[JSON] = []
    for record in call.answers:
        made += record.message if isinstance(record.message, list) else [record.message]
    return made


def _refused_whole(call: Call) -> bool:
    """One error for all of it, which answers no member: an HTTP refusal (its body may be an error of its own) or an error without id."""
    message = call.answers[0].message if len(call.answers) == 1 else None
    if not isinstance(message, dict) or "error" not in message or not _unasked(message, call):
        return False
    return (call.status is not None and call.status >= 400) or message.get("id") is None


_TAKEN: Final = ("jsonrpc.batch.each-answered", "mcp.base.batch.receive")


@check(*_TAKEN)
def each_answered(talk: Talk) -> Iterator[Note]:
    """In a batch that was taken each request has its response, in whatever grouping. One that was not taken at all is one fault, not
    several, and its exchange tells it."""
    for call in _batches(talk):
        ids = [one.get("id") for one in _responses(call) if isinstance(one, dict)]
        missing = [due for due in call.due if not any(same(due, one) for one in ids)]
        if len(missing) == len(call.due):
            continue
        seqs = (call.seq, *(one.seq for one in call.answers))
        for row in _TAKEN:
            if missing:
                why = f"of the batch of {len(call.message)}, {brief(missing[0])} has no response"
                yield broken(*seqs, why=why, requirement=row)
            else:
                yield ok(*seqs, requirement=row)


@check("jsonrpc.batch.answer-array")
def answer_array(talk: Talk) -> Iterator[Note]:
    """What answers a batch are responses, in an array or, on a stream, one by one."""
    for call in _batches(talk):
        if not call.answers or _refused_whole(call):
            continue
        seqs = (call.seq, *(one.seq for one in call.answers))
        odd = [one for one in _responses(call) if shape(one) is not Shape.RESPONSE]
        single = talk.http and not any(one.meta.get("sse") for one in call.answers) and len(call.due) > 1
        if odd:
            yield broken(*seqs, why=f"the answer to a batch contains {brief(odd[0])}")
        elif single and not isinstance(call.answers[0].message, list):
            yield broken(*seqs, why="a body that is no array answers a batch of several requests")
        else:
            yield ok(*seqs)


@check("jsonrpc.batch.notifications-unanswered")
def notifications_unanswered(talk: Talk) -> Iterator[Note]:
    """There are no more responses than requests in the batch."""
    for call in _batches(talk):
        if len(call.due) == len(call.message) or (call.due and not call.answers) or _refused_whole(call):
            continue
        extra = [one for one in _responses(call) if isinstance(one, dict) and _unasked(one, call)]
        seqs = (call.seq, *(one.seq for one in call.answers))
        if extra:
            yield broken(*seqs, why=f"a notification in a batch was answered: {brief(extra[0])}")
        else:
            yield ok(*seqs)


def _unasked(response: dict[str, JSON], call: Call) -> bool:
    return not any(same(response.get("id"), due) for due in call.due)


@check("jsonrpc.batch.no-empty-answer")
def no_empty_array(talk: Talk) -> Iterator[Note]:
    """No empty array is sent, whatever the batch consisted of."""
    empty = [record for record in talk.messages_in if record.message == []]
    for record in empty:
        yield broken(record.seq, why="an empty array came")
    if not empty:
        for call in _batches(talk):
            if not call.due:
                yield ok(call.seq)


CHECKS = (each_answered, answer_array, notifications_unanswered, no_empty_array)
