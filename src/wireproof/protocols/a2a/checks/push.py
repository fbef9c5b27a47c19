"""What is delivered to webhooks (specification 4.3.3, 13.2; 0.3: 9.5 and the guide to asynchronous operations).

An agent may refuse webhooks on loopback, be unable to reach them, and send the same notification twice. That nothing came is held
against an agent only where it is known to reach our webhook: because something came to it, or because the agent is declared to be
cooperative, which is to call webhooks on loopback.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from wireproof.judge.pack import Check, Note, broken, check, ok
from wireproof.model.wire import Kind
from wireproof.protocols.a2a.checks.shapes import without_nulls
from wireproof.protocols.a2a.conversation import Talk
from wireproof.protocols.a2a.streams import KINDS
from wireproof.protocols.a2a.told import tasks_of
from wireproof.protocols.a2a.tracker import INTERRUPTED, TERMINAL, Call
from wireproof.protocols.a2a.webhooks import Delivery, Hook, hooks

_SAME: Final = 1.25
"""By how much the longest of several pauses may exceed the shortest where they are meant to be the same."""
_MEDIA: Final = "application/a2a+json"
_EARLIER: Final = "application/json"
_CREDENTIALS: Final = ("a2a.push-delivery.credentials", "a2a.push-delivery.credentials.restated")
_REFUSED: Final = ("a2a.push-delivery.ssrf-screened", "a2a.push-delivery.not-blindly")


@check("a2a.push-delivery.payload")
def payload(talk: Talk) -> Iterator[Note]:
    """A notification is posted, declared to be JSON, and is one event as on a stream."""
    for hook in hooks(talk) if talk.current else ():
        for one in hook.deliveries:
            media = (one.header("content-type") or "").partition(";")[0].strip().lower()
            problem, pointer = _malformed(talk, one)
            if one.method != "POST":
                yield broken(*hook.seqs, one.seq, why=f"a notification came by {one.method}")
            elif media not in (_MEDIA, _EARLIER):
                yield broken(*hook.seqs, one.seq, why=f"a notification is declared to be {media or 'nothing'}")
            elif problem:
                yield broken(*hook.seqs, one.seq, why=problem, pointer=pointer)
            else:
                yield ok(*hook.seqs, one.seq, remark="" if media == _MEDIA else f"{_EARLIER}, as in 1.0.0")


def _malformed(talk: Talk, one: Delivery) -> tuple[str, str]:
    """(what is wrong with a body, where); empty for nothing."""
    if not isinstance(one.record.message, dict):
        return "a notification is no JSON object", ""
    plain = without_nulls(one.record.message)
    named = [name for name in KINDS if name in plain]
    if len(named) != 1:
        return f"a notification holds {' and '.join(named) or 'none'} of {', '.join(KINDS)}", ""
    problems = talk.schemas.explain("StreamResponse", plain)
    return (f"a notification is malformed: {problems[0][1]}", problems[0][0]) if problems else ("", "")


@check("a2a.push-delivery.server-authenticates", *_CREDENTIALS)
def authenticated(talk: Talk) -> Iterator[Note]:
    """A notification is authenticated by the scheme of its config, in 1.0 with the credentials in it."""
    for hook in hooks(talk):
        scheme, credentials = hook.authentication
        for one in hook.deliveries if scheme else ():
            told, _, secret = (one.header("authorization") or "").strip().partition(" ")
            seqs = (*hook.seqs, one.seq)
            row = "a2a.push-delivery.server-authenticates"
            if told.lower() == scheme.lower():
                yield ok(*seqs, requirement=row)
            else:
                why = f"a notification is not authenticated by {scheme}, the scheme of its config"
                yield broken(*seqs, why=why, requirement=row)
            for each in _CREDENTIALS if talk.current and credentials else ():
                if told.lower() == scheme.lower() and secret.strip() == credentials:
                    yield ok(*seqs, requirement=each)
                else:
                    why = "a notification comes without the credentials of its config"
                    yield broken(*seqs, why=why, requirement=each)


@check("a2a.push-delivery.timestamp")
def timed(talk: Talk) -> Iterator[Note]:
    """A notification of a status has the time of it, or a header field with a time."""
    for hook in hooks(talk) if talk.current else ():
        for one in hook.deliveries:
            held = one.payload if isinstance(one.payload, dict) else {}
            inner = held.get("statusUpdate") or held.get("task")
            status = inner.get("status") if isinstance(inner, dict) else None
            if not isinstance(status, dict):
                continue
            fields = any(name.lower() == "date" or "time" in name.lower() for name, _ in one.headers)
            signed = (one.header("authorization") or "").count(".") == 2  # a JWT has its own
            if status.get("timestamp") or fields or signed:
                yield ok(*hook.seqs, one.seq)
            else:
                yield broken(*hook.seqs, one.seq, why="a notification does not say when it came about")


@check("a2a.push-delivery.token.v03", "a2a.push-delivery.payload-identifies.v03")
def older_notifications(talk: Talk) -> Iterator[Note]:
    """In 0.3 a notification has the token of its config, wherever that stands, and tells its task."""
    for hook in hooks(talk) if not talk.current else ():
        for one in hook.deliveries:
            seqs = (*hook.seqs, one.seq)
            row = "a2a.push-delivery.token.v03"
            if hook.token and hook.token in one.text:
                yield ok(*seqs, requirement=row)
            elif hook.token:
                yield broken(*seqs, why="a notification leaves the token of its config out", requirement=row)
            row = "a2a.push-delivery.payload-identifies.v03"
            if hook.task and hook.task in one.text:
                yield ok(*seqs, requirement=row)
            elif hook.task:
                yield broken(*seqs, why="a notification does not tell its task", requirement=row)


@check("a2a.push-delivery.at-least-once", "a2a.push-config.create-registers")
def delivered(talk: Talk) -> Iterator[Note]:
    """Each webhook of a task is called at least once by when the task has ended or waits for its client."""
    reached = any(one.kind is Kind.DELIVERY for one in talk.records) or _promised(talk)
    row = "a2a.push-delivery.at-least-once"
    for hook in hooks(talk) if talk.current else ():
        if hook.deliveries:
            yield ok(*hook.seqs, hook.deliveries[0].seq, requirement=row)
            continue
        gone = _deleted(talk, hook)
        rest = _settled(talk, hook)
        if not hook.accepted or gone is not None or hook.missed is None or rest is None or not reached:
            continue
        why = "nothing came to a webhook whose task has ended or waits for its client"
        yield broken(*hook.seqs, rest, hook.missed.seq, why=why, requirement=row)


def _promised(talk: Talk) -> bool:
    """Is the agent declared to be cooperative? Such agents call webhooks on loopback."""
    goals = talk.facts.get("goals", {})
    return any(one.get("prefix") != "wireproof" for one in goals.values())


def _settled(talk: Talk, hook: Hook) -> int | None:
    """The record that tells that the task ended, or waits, after the config was there, and before we stopped waiting."""
    until = hook.missed.seq if hook.missed is not None else 0
    since = hook.answer.record.seq if hook.answer is not None else 0
    asked = ("SendMessage", "GetTask", "CancelTask") if hook.inline else ("SendMessage", "CancelTask")
    for seen in talk.results(*asked):
        later = seen.call.seq > since or (hook.inline and seen.call is hook.call)
        if not later or seen.record.seq >= until:
            continue
        for task in tasks_of(seen):
            status = task.get("status")
            state = status.get("state") if isinstance(status, dict) else None
            if task.get("id") == hook.task and state in TERMINAL | INTERRUPTED:
                return seen.record.seq
    return None


def _deleted(talk: Talk, hook: Hook) -> int | None:
    """The record that answers the deletion of a config well."""
    result = hook.answer.result if hook.answer is not None else None
    named = str(
        (result.get("id") if isinstance(result, dict) and not hook.inline else None) or hook.given.get("id") or ""
    )
    for call in talk.operations:
        if call.operation != "DeleteTaskPushNotificationConfig" or call.seq < hook.seqs[-1]:
            continue  # one made after that has an id of its own, or has the id again
        sent = _sent(call)
        if not named or named not in sent or hook.task not in sent:
            continue
        answers = talk.of(call)
        if call.complete and not any(one.error is not None for one in answers):
            return call.end.seq if call.end is not None else None
    return None


@check("a2a.push-config.delete-removes")
def deleted_is_silent(talk: Talk) -> Iterator[Note]:
    """What happens to a task after a config of it was deleted is not told to its webhook, while others of the task are told."""
    known = list(hooks(talk)) if talk.current else []
    for hook in known:
        gone = _deleted(talk, hook)
        going_on = None if gone is None else _went_on(talk, hook, gone)
        if going_on is None:
            continue
        late = [one for one in hook.deliveries if one.seq > going_on and one.state not in ("", *INTERRUPTED)]
        others = [one for one in known if one.task == hook.task and one is not hook]
        told = [one for other in others for one in other.deliveries if one.seq > going_on]
        if late:
            why = f"{late[0].state}, which came about later, was told to a webhook that was deleted"
            yield broken(*hook.seqs, going_on, late[0].seq, why=why)
        elif told:
            yield ok(*hook.seqs, going_on, told[0].seq)


def _went_on(talk: Talk, hook: Hook, gone: int) -> int | None:
    """The call of ours that set the task to work again, or ended it, after the deletion."""
    for call in talk.operations:
        wanted = call.operation in ("SendMessage", "CancelTask") and call.seq > gone
        if wanted and hook.task and hook.task in _sent(call):
            return call.seq
    return None


def _sent(call: Call) -> str:
    """Everything that a call of ours says, in its path or its body."""
    return f"{call.record.meta.get('target', '')} {call.record.raw.decode('utf-8', 'replace')}"


@check("a2a.push-delivery.retried.restated")
def retried(talk: Talk) -> Iterator[Note]:
    """A notification that the webhook refused is sent again. How long that may take nobody says, so nothing is held against who has not yet."""
    for hook in hooks(talk) if talk.current else ():
        refused = [one for one in hook.deliveries if int(one.record.meta.get("status", 0)) >= 500]
        for one in refused:
            again = next(
                (other for other in hook.deliveries if other.seq > one.seq and other.record.raw == one.record.raw), None
            )
            if again is not None:
                yield ok(*hook.seqs, one.seq, again.seq)
        yield from _paced(hook, refused)


def _paced(hook: Hook, refused: Sequence[Delivery]) -> Iterator[Note]:
    """Three pauses of the same length between attempts of one notification do not grow. With a random part they would not be the same."""
    for first in refused[:1]:
        tries = [one for one in hook.deliveries if one.record.raw == first.record.raw][:4]
        times = [one.record.at_ns for one in tries]
        gaps = [later - earlier for earlier, later in pairwise(times)]
        if len(gaps) == 3 and max(gaps) < _SAME * min(gaps):
            why = f"a refused notification is sent again every {gaps[0] / 1e9:.2g} s: the pauses do not grow"
            yield broken(*hook.seqs, *(one.seq for one in tries), why=why)


@check(*_REFUSED)
def screened(talk: Talk) -> Iterator[Note]:
    """A webhook on the agent's own network is refused. Who runs there itself may take it: that is held against nobody."""
    for hook in hooks(talk):
        refused = hook.answer is not None and hook.answer.error is not None
        error = hook.answer.error if refused and hook.answer is not None else None
        if error is not None and error.get("meaning") == "InvalidParamsError" and "//127.0.0.1:" in hook.url:
            for row in _REFUSED if talk.current else _REFUSED[1:]:
                yield ok(*hook.seqs, requirement=row)


CHECKS: tuple[Check, ...] = (
    payload,
    authenticated,
    timed,
    older_notifications,
    delivered,
    deleted_is_silent,
    retried,
    screened,
)
