"""Progress (basic/patterns/progress, basic/utilities/progress): values that grow, for tokens of requests that still run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from wireproof.judge.matching import brief
from wireproof.judge.pack import Note, broken, check, ok
from wireproof.model.jsontext import ABSENT, JSON, same
from wireproof.model.wire import Kind, Record, Way
from wireproof.protocols.jsonrpc import Call
from wireproof.protocols.mcp.conversation import Inbound, Talk
from wireproof.protocols.mcp.taskbook import progress_token
from wireproof.protocols.mcp.trips import resumptions

PROGRESS: Final = "notifications/progress"
_LEFTOVERS: Final = ("[object Object]", "undefined")
"""What programs write where a text was meant."""


@dataclass(slots=True, kw_only=True)
class Tracked:
    """One request with a progress token, and the progress that came for it, in the order of one channel."""

    call: Call
    token: JSON
    told: list[Inbound] = field(default_factory=list)

    @property
    def outlives(self) -> bool:
        """May progress go on after the answer: does the answer only say that a task has begun, or that input is wanted?"""
        params, result = self.call.params, self.call.result
        if isinstance(params, dict) and "task" in params:
            return True
        return isinstance(result, dict) and ("task" in result or result.get("resultType") in ("task", "input_required"))

    def open_at(self, seq: int) -> bool:
        return self.call.seq < seq and (self.call.answer is None or self.call.answer.seq > seq)


def tracked(talk: Talk) -> list[Tracked]:
    """Our requests with a token, each with its progress. Where two that share a token run at once, over one line nothing tells whose it is,
    and neither gets it."""
    made = [Tracked(call=one, token=progress_token(one)) for one in talk.requests if progress_token(one) is not ABSENT]
    again = resumptions(talk)
    for one in told(talk):
        if one.record.channel in again:
            continue  # what is redelivered was judged when it came first
        mine = owners(made, one)
        running = [each for each in mine if each.open_at(one.seq)] or mine[-1:]
        if len(running) > 1:
            running = [each for each in running if each.call is one.call]
        if len(running) == 1:
            running[0].told.append(one)
    return made


def told(talk: Talk) -> list[Inbound]:
    """Progress notifications with a token that could be one."""
    return [one for one in talk.notifications_in if one.method == PROGRESS and _is_token(_member(one, "progressToken"))]


def owners(every: list[Tracked], one: Inbound) -> list[Tracked]:
    """The requests before it that gave its token."""
    return [each for each in every if each.call.seq < one.seq and same(each.token, _member(one, "progressToken"))]


def _member(one: Inbound, name: str) -> JSON:
    return one.params.get(name, ABSENT) if isinstance(one.params, dict) else ABSENT


def _is_token(value: JSON) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _number(one: Inbound) -> float | None:
    value = _member(one, "progress")
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


@check("mcp.progress.increases")
def grows(talk: Talk) -> Iterator[Note]:
    """The progress of one request grows from notification to notification, as far as one channel shows their order."""
    for each in tracked(talk):
        before: dict[str, Inbound] = {}
        for one in each.told:
            value = _number(one)
            if value is None:
                continue
            last = before.get(one.record.channel)
            before[one.record.channel] = one
            if last is None:
                continue
            old = _number(last)
            if old is not None and value <= old:
                why = f"progress {value} came after {old} for the token {brief(each.token)}"
                yield broken(each.call.seq, last.seq, one.seq, why=why, pointer="/params/progress")
            else:
                yield ok(each.call.seq, last.seq, one.seq)


@check("mcp.progress.message")
def readable(talk: Talk) -> Iterator[Note]:
    """A message that comes with progress is text that people can read. An empty one says as little as none and is let be."""
    for one in told(talk):
        words = _member(one, "message")
        if not isinstance(words, str) or not words.strip():
            continue
        shown = [letter for letter in words if not letter.isspace()]
        if words.strip() in _LEFTOVERS or not any(letter.isprintable() and letter != "\ufffd" for letter in shown):
            why = f"the message of a progress notification is {brief(words)}"
            yield broken(one.seq, why=why, pointer="/params/message")
        else:
            yield ok(one.seq)


@check("mcp.progress.active-token")
def known_token(talk: Talk) -> Iterator[Note]:
    """Progress names the token of a request that was sent before."""
    every = [Tracked(call=one, token=progress_token(one)) for one in talk.requests]
    for one in told(talk):
        mine = owners(every, one)
        if mine:
            yield ok(mine[-1].call.seq, one.seq)
        elif not _hidden(talk, one.seq):
            why = f"no request gave the token {brief(_member(one, 'progressToken'))}"
            yield broken(one.seq, why=why, pointer="/params/progressToken")


def _hidden(talk: Talk, seq: int) -> bool:
    """Was a token given in what was sent as a batch or as raw bytes, or by somebody else on an older connection?"""
    return any(
        one.way is Way.OUT
        and b"progressToken" in one.raw
        and (one.kind is not Kind.MESSAGE or not isinstance(one.message, dict))
        for one in talk.records[:seq]
    )


@check("mcp.progress.stop")
def stops(talk: Talk) -> Iterator[Note]:
    """No progress follows the answer to its request on the channel of that answer."""
    for each in tracked(talk):
        answer = each.call.answer
        if answer is None or each.outlives:
            continue
        here = [one for one in each.told if one.record.channel == answer.channel]
        late = [one for one in here if one.seq > answer.seq]
        for one in late:
            why = f"progress for the token {brief(each.token)} came after the request was answered"
            yield broken(each.call.seq, answer.seq, one.seq, why=why)
        if here and not late and _went_on(talk, answer):
            yield ok(each.call.seq, here[-1].seq, answer.seq)


def _went_on(talk: Talk, answer: Record) -> bool:
    """Could more have been seen: was something answered after it, or did its own stream end?"""
    return any(
        (one.kind is Kind.END and one.channel == answer.channel) or (one.way is Way.IN and one.kind is Kind.MESSAGE)
        for one in talk.records[answer.seq + 1 :]
    )


CHECKS = (grows, readable, known_token, stops)
