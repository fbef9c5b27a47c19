"""What a server may send of its own accord, and when: directions (2026-07-28) and the phases of a session (before)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from wireproof.judge.pack import Note, broken, check, ok
from wireproof.model.jsontext import same
from wireproof.protocols.jsonrpc import Call
from wireproof.protocols.mcp.binding import META
from wireproof.protocols.mcp.conversation import Inbound, Talk

INPUT: Final = ("elicitation/create", "sampling/createMessage", "roots/list")
MAY_ASK: Final = ("tools/call", "prompts/get", "resources/read")
"""Requests that an input-required result may answer (basic/patterns/mrtr, Supported Requests)."""
ALWAYS: Final = ("ping", "notifications/message")
_FAMILIES: Final = (
    "elicitation/",
    "sampling/",
    "roots/",
    "tasks/",
    "notifications/elicitation/",
    "notifications/subscriptions/",
    "notifications/tasks",
)
_NEEDS_CLIENT: Final = {
    "sampling/createMessage": "sampling",
    "elicitation/create": "elicitation",
    "roots/list": "roots",
}
_NEEDS_SERVER: Final = {
    "notifications/tools/list_changed": ("tools", "listChanged"),
    "notifications/prompts/list_changed": ("prompts", "listChanged"),
    "notifications/resources/list_changed": ("resources", "listChanged"),
    "notifications/resources/updated": ("resources", "subscribe"),
}


def _talked(talk: Talk) -> tuple[int, ...]:
    """The first request that was answered: the occasion on which a server did not do what it must not."""
    first = next((call for call in talk.requests if call.answer is not None), None)
    return talk.answer_seqs(first) if first is not None else ()


_DIRECTION_ROWS: Final = ("mcp.transport.directions", "mcp.mrtr.no-server-requests", "mcp.stdio.no-server-requests")


@check(*_DIRECTION_ROWS, "mcp.mrtr.only-pattern")
def no_requests(talk: Talk) -> Iterator[Note]:
    """Since 2026-07-28 a server sends responses and notifications, never a request; what it wants to ask goes into a result."""
    if not talk.modern:
        return
    for inbound in talk.requests_in:
        for row in _DIRECTION_ROWS:
            why = f"the server sent the request {inbound.method}"
            yield broken(inbound.seq, why=why, pointer="/method", requirement=row)
        if inbound.method in INPUT:
            why = f"{inbound.method} came as a request of its own"
            yield broken(inbound.seq, why=why, pointer="/method", requirement="mcp.mrtr.only-pattern")
    occasion = _talked(talk)
    if not occasion:
        return
    if not talk.requests_in:
        for row in _DIRECTION_ROWS:
            yield ok(*occasion, requirement=row)
    if not any(one.method in INPUT for one in talk.requests_in):
        yield ok(*occasion, requirement="mcp.mrtr.only-pattern")


@check("mcp.mrtr.not-elsewhere")
def asks_where_it_may(talk: Talk) -> Iterator[Note]:
    """Only tools/call, prompts/get and resources/read are answered by an input-required result."""
    for call, result in talk.results():
        if call.method in MAY_ASK or not talk.modern:
            continue
        if result.get("resultType") == "input_required":
            why = f"{call.method} was answered with an input-required result"
            yield broken(*talk.answer_seqs(call), why=why, pointer="/result/resultType")
        else:
            yield ok(*talk.answer_seqs(call))


@check("mcp.cancel.server-no-other")
def cancels_listening_alone(talk: Talk) -> Iterator[Note]:
    """A server sends notifications/cancelled for subscriptions/listen requests and for nothing else."""
    if not talk.modern:
        return
    listening = [call.id for call in talk.requests if call.method == "subscriptions/listen"]
    offences = 0
    for inbound in talk.notifications_in:
        if inbound.method != "notifications/cancelled":
            continue
        target = inbound.params.get("requestId") if isinstance(inbound.params, dict) else None
        if any(same(target, one) for one in listening):
            yield ok(inbound.seq)
        else:
            offences += 1
            yield broken(inbound.seq, why="the server cancels what is no subscriptions/listen request")
    if not offences and (occasion := _talked(talk)):
        yield ok(*occasion)


@check("mcp.logging.not-unless-requested")
def no_uncalled_logs(talk: Talk) -> Iterator[Note]:
    """No notifications/message belongs to a request without logLevel.

    Where all share one channel, one request that asked and is not answered yet is enough to excuse it.
    """
    if not talk.modern:
        return
    asked = [call for call in talk.requests if log_level(call.params) is not None]
    offences = 0
    for inbound in talk.notifications_in:
        if inbound.method != "notifications/message":
            continue
        own = inbound.call if talk.http else None
        if not (log_level(own.params) is not None if own else any(open_at(one, inbound.seq) for one in asked)):
            offences += 1
            seqs = (inbound.call.seq, inbound.seq) if inbound.call else (inbound.seq,)
            yield broken(*seqs, why="a log message came, and no request had asked for any")
    quiet = [call for call in talk.requests if call.answer is not None and log_level(call.params) is None]
    if not offences and quiet:
        yield ok(*talk.answer_seqs(quiet[0]))


def open_at(call: Call, seq: int) -> bool:
    """Was the request under way when record `seq` came?"""
    return call.seq < seq and (call.answer is None or call.answer.seq > seq)


def log_level(params: Any) -> Any:
    """The level for log messages that a request of 2026-07-28 asks for, or None."""
    meta = params.get("_meta") if isinstance(params, dict) else None
    return meta.get(f"{META}logLevel") if isinstance(meta, dict) else None


@check("mcp.lifecycle.init-first")
def nothing_before_initialize(talk: Talk) -> Iterator[Note]:
    """A server does not speak before the client has sent initialize; ping and log messages are let pass."""
    opening = next((call for call in talk.requests if call.method == "initialize"), None)
    if talk.modern or opening is None or opening.answer is None:
        return
    early = [one for one in talk.inbound if one.seq < opening.seq and one.method not in ALWAYS]
    for inbound in early:
        yield broken(inbound.seq, opening.seq, why=f"{inbound.method} came before initialize was sent")
    if not early:
        yield ok(*talk.answer_seqs(opening))


@check("mcp.lifecycle.server-waits")
def waits_for_initialized(talk: Talk) -> Iterator[Note]:
    """Before the client says that it is ready, a server asks for nothing but ping."""
    opening = talk.opening_answered
    if talk.modern or opening is None:
        return
    ready = talk.initialized_sent if talk.initialized_sent is not None else len(talk.records)
    early = [one for one in talk.requests_in if one.seq < ready and one.method not in ALWAYS]
    early = [one for one in early if not one.method.startswith("notifications/")]
    for inbound in early:
        yield broken(opening, inbound.seq, why=f"{inbound.method} came before notifications/initialized was sent")
    if not early:
        yield ok(opening)


@check("mcp.lifecycle.respect-version", "mcp.lifecycle.respect-capabilities", "mcp.lifecycle.respect-negotiated.should")
def keeps_to_what_was_agreed(talk: Talk) -> Iterator[Note]:
    """After initialize the server uses the messages of the negotiated revision, and only capabilities that were declared."""
    opening = next((call for call in talk.requests if call.method == "initialize"), None)
    if talk.modern or opening is None or not isinstance(opening.result, dict):
        return
    both = "mcp.lifecycle.respect-negotiated.should"
    if opening.result.get("protocolVersion") != talk.revision.id:
        return
    strangers = [one for one in talk.inbound if _foreign(talk, one)]
    for inbound in strangers:
        why = f"{inbound.method} is no message of {talk.revision.id}"
        for row in ("mcp.lifecycle.respect-version", both):
            yield broken(*talk.answer_seqs(opening), inbound.seq, why=why, pointer="/method", requirement=row)
    client = opening.params.get("capabilities") if isinstance(opening.params, dict) else {}
    uses = [(one, _undeclared(one, client, opening.result.get("capabilities"))) for one in talk.inbound]
    undeclared = [(one, why) for one, why in uses if why and one not in strangers]
    for inbound, why in undeclared:
        for row in ("mcp.lifecycle.respect-capabilities", both):
            yield broken(*talk.answer_seqs(opening), inbound.seq, why=why, pointer="/method", requirement=row)
    seqs = talk.answer_seqs(opening)
    if not strangers:
        yield ok(*seqs, requirement="mcp.lifecycle.respect-version")
    if not undeclared:
        yield ok(*seqs, requirement="mcp.lifecycle.respect-capabilities")
    if not strangers and not undeclared:
        yield ok(*seqs, requirement=both)


def _foreign(talk: Talk, inbound: Inbound) -> bool:
    """A standard message of another revision. Names outside of the standard's families are the server's own."""
    return inbound.method.startswith(_FAMILIES) and inbound.method not in talk.schemas.methods


def _undeclared(inbound: Inbound, client: Any, server: Any) -> str:
    need = "tasks" if inbound.method.startswith("tasks/") else _NEEDS_CLIENT.get(inbound.method)
    if need is not None and not (isinstance(client, dict) and isinstance(client.get(need), dict)):
        return f"{inbound.method} came, and the client does not declare {need}"
    own = _NEEDS_SERVER.get(inbound.method)
    if own is not None:
        part = server.get(own[0]) if isinstance(server, dict) else None
        if not isinstance(part, dict) or part.get(own[1]) is not True:
            return f"{inbound.method} came, and the server does not declare {own[0]}.{own[1]}"
    return ""


CHECKS = (
    no_requests,
    asks_where_it_may,
    cancels_listening_alone,
    no_uncalled_logs,
    nothing_before_initialize,
    waits_for_initialized,
    keeps_to_what_was_agreed,
)
