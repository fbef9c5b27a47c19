"""Cancellation (basic/patterns/cancellation, basic/utilities/cancellation): what a server does for a request that we cancelled while it ran.

A server may be done before the cancellation arrives, and may have work that cannot be cancelled: then it answers as if nothing had been
said, and nothing is held against it. What shows a breach is a server that did act on the cancellation: it answers with an error what it
otherwise does, or suppresses the answer and goes on working.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from wireproof.judge.matching import brief
from wireproof.judge.pack import Note, broken, check, ok
from wireproof.model.jsontext import ABSENT, JSON, same
from wireproof.model.wire import Kind, Record
from wireproof.protocols.jsonrpc import Call
from wireproof.protocols.mcp.checks.progress import PROGRESS, tracked
from wireproof.protocols.mcp.checks.subscriptions import ACKNOWLEDGED, delivered, listens, timed_out
from wireproof.protocols.mcp.conversation import Inbound, Talk
from wireproof.protocols.mcp.taskbook import progress_token
from wireproof.protocols.mcp.trips import trips

CANCELLED: Final = "notifications/cancelled"
_SILENT: Final = "mcp.stdio.cancel-silent"
_NO_RESPONSE: Final = "mcp.cancel.receiver-no-response"
_STOPS: Final = ("mcp.cancel.receiver-stops", "mcp.cancel.processing-ceases")
_MANY: Final = 2
"""Progress notifications after a round trip that are no race any more: one may have been on its way."""
_SAYS_SO: Final = re.compile(r"cancel|abort", re.IGNORECASE)
"""Words of an answer that owes itself to the cancellation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """A request that we cancelled before it was answered. `since` is the answer to a request that was sent after the cancellation, so
    that the server has read it by then; `twins` are the same request, not cancelled, that brought a result."""

    call: Call
    by: Call
    since: Record
    twins: tuple[Call, ...]

    @property
    def clock(self) -> Call | None:
        """A twin that was sent later: when it was done, the cancelled one would have been too."""
        return next((one for one in self.twins if one.seq > self.call.seq), None)


def cancellations(talk: Talk) -> list[Cancelled]:
    """The cancellations that may take effect: of requests that are neither initialize, nor subscriptions, nor tasks."""
    return talk.once(_cancellations)


def _cancellations(talk: Talk) -> list[Cancelled]:
    made: list[Cancelled] = []
    for by in talk.notifications_out:
        named = by.params.get("requestId", ABSENT) if isinstance(by.params, dict) else ABSENT
        if by.method != CANCELLED or not by.lawful or (talk.modern and talk.http):
            continue
        call = next((one for one in reversed(talk.requests) if one.seq < by.seq and same(one.id, named)), None)
        if call is None or not call.lawful or call.method in ("initialize", "subscriptions/listen") or _is_task(call):
            continue
        if call.answer is not None and call.answer.seq < by.seq:
            continue
        since = next((one.answer for one in talk.requests if one.seq > by.seq and one.answer is not None), None)
        if since is not None:
            twins = tuple(one for one in talk.requests if one is not call and _alike(one, call) and _fine(one.result))
            made.append(Cancelled(call=call, by=by, since=since, twins=twins))
    return made


def _is_task(call: Call) -> bool:
    return isinstance(call.params, dict) and "task" in call.params


def _alike(one: Call, other: Call) -> bool:
    return one.lawful and one.method == other.method and same(_asked(one), _asked(other))


def _asked(call: Call) -> JSON:
    params = call.params if isinstance(call.params, dict) else {}
    return {key: value for key, value in params.items() if key != "_meta"}


def _fine(result: JSON) -> bool:
    return (
        isinstance(result, dict) and result.get("isError") is not True and result.get("resultType") != "input_required"
    )


@check(_NO_RESPONSE, _SILENT)
def not_answered(talk: Talk) -> Iterator[Note]:
    """A cancelled request is not answered; in particular not by an error that says so, where the same request otherwise succeeds.

    An error of other words counts only if the same request succeeds later too: what may be done once fails for the second time, cancelled
    or not."""
    rows = (_NO_RESPONSE, _SILENT) if talk.modern else (_NO_RESPONSE,)
    for one in cancellations(talk):
        answer = one.call.answer
        if answer is None and one.clock is not None:
            for row in rows:
                yield ok(one.call.seq, one.by.seq, *talk.answer_seqs(one.clock), requirement=row)
        elif answer is not None and not _fine(one.call.result) and one.twins:
            if one.clock is None and not _SAYS_SO.search(brief(_failure(one.call), limit=400)):
                continue
            why = f"the cancelled request was answered all the same, by {brief(_failure(one.call))}"
            for row in rows:
                yield broken(one.call.seq, one.by.seq, answer.seq, why=why, requirement=row)


def _failure(call: Call) -> JSON:
    return call.error if call.error is not ABSENT else call.result


@check(*_STOPS, "mcp.stdio.cancel-stop-work", _SILENT)
def stops_work(talk: Talk) -> Iterator[Note]:
    """Work on a cancelled request ends: it brings no more progress, where the same work uncancelled does, unless it is answered in the end.

    How long a server takes to notice is its own affair; one that has reported as much as for the request that was not cancelled has not
    noticed."""
    rows = (*_STOPS, "mcp.stdio.cancel-stop-work", _SILENT) if talk.modern else _STOPS
    progress = {each.call.seq: each.told for each in tracked(talk)}
    for one in cancellations(talk):
        if one.call.answer is not None or one.clock is None:
            continue
        told = progress.get(one.call.seq, [])
        late = [each for each in told if each.seq > one.since.seq]
        whole = max((len(progress.get(twin.seq, ())) for twin in one.twins), default=0)
        seqs = (one.call.seq, one.by.seq, one.since.seq)
        if len(late) >= _MANY and len(told) >= whole > 0:
            why = f"the request is never answered, but {len(late)} progress notifications came after its cancellation"
            for row in rows:
                yield broken(*seqs, late[0].seq, late[-1].seq, why=why, requirement=row)
        elif len(told) + _MANY <= whole:
            for row in rows:
                yield ok(*seqs, *talk.answer_seqs(one.clock), requirement=row)


def dropped(talk: Talk) -> Iterator[tuple[Call, Record]]:
    """(request, end) of each request over HTTP whose response stream we closed before the answer had come."""
    for trip in trips(talk):
        call, end = trip.call, trip.end
        if trip.method != "POST" or not trip.streams or not trip.dropped or call is None or end is None:
            continue
        if call.lawful and call.answer is None:
            yield call, end


@check("mcp.http.cancel.silent")
def silent_after_disconnect(talk: Talk) -> Iterator[Note]:
    """Nothing comes on other streams for a request whose response stream was closed (2026-07-28)."""
    if not talk.modern or talk.transport != "http":
        return
    for call, end in dropped(talk):
        if call.method == "subscriptions/listen":
            continue
        token = progress_token(call)
        astray = [one for one in talk.notifications_in if one.seq > end.seq and _is_about(one, token)]
        for one in astray:
            why = "progress of a request came on another stream after its own was closed"
            yield broken(call.seq, end.seq, one.seq, why=why)
        open_now = [one for one in listens(talk) if one.seq < end.seq and _open_at(talk, one, end.seq)]
        later = [one for one in talk.requests if one.seq > end.seq and one.answer is not None]
        if token is not ABSENT and open_now and later and not astray:
            yield ok(call.seq, end.seq, *talk.answer_seqs(later[-1]))


def _is_about(one: Inbound, token: JSON) -> bool:
    given: Any = one.params.get("progressToken", ABSENT) if isinstance(one.params, dict) else ABSENT
    return one.method == PROGRESS and token is not ABSENT and same(given, token)


def _open_at(talk: Talk, call: Call, seq: int) -> bool:
    end = next((one.seq for one in talk.records if one.kind is Kind.END and one.channel == call.channel), None)
    return end is None or end > seq


@check("mcp.cancel.server-teardown")
def teardown(talk: Talk) -> Iterator[Note]:
    """A server that ends a subscription cancels it by a notification, or answers it, which another page asks for instead."""
    for call in listens(talk):
        told = next((one for one in talk.notifications_in if one.method == CANCELLED and _names(one, call.id)), None)
        if told is not None:
            yield ok(call.seq, told.seq)
            continue
        end = next((one for one in talk.records if one.kind is Kind.END and one.channel == call.channel), None)
        begun = any(one.method == ACKNOWLEDGED for one in delivered(talk, call))
        left = next((one.seq for one in talk.records if one.kind is Kind.CLOSED), len(talk.records))
        ours = any(one.method == CANCELLED and _names_out(one, call.id) for one in talk.notifications_out)
        if not talk.http or not begun or ours or call.answer is not None or end is None or end.seq > left:
            continue
        if end.meta.get("complete") is True and not timed_out(call, end, talk.records):
            why = "the server ended the stream of a subscription and neither cancelled nor answered it"
            yield broken(call.seq, end.seq, why=why)


def _names(one: Inbound, identity: JSON) -> bool:
    return isinstance(one.params, dict) and same(one.params.get("requestId", ABSENT), identity)


def _names_out(one: Call, identity: JSON) -> bool:
    return isinstance(one.params, dict) and same(one.params.get("requestId", ABSENT), identity)


CHECKS = (not_answered, stops_work, silent_after_disconnect, teardown)
