"""subscriptions/listen (basic/patterns/subscriptions, 2026-07-28): acknowledged first, only what was asked for, all of it marked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from wireproof.judge.matching import brief
from wireproof.judge.pack import Note, broken, check, ok
from wireproof.model.jsontext import ABSENT, JSON, same
from wireproof.model.wire import Kind, Record
from wireproof.protocols.jsonrpc import Call
from wireproof.protocols.mcp.checks.initiative import log_level, open_at
from wireproof.protocols.mcp.conversation import Inbound, Talk

ACKNOWLEDGED: Final = "notifications/subscriptions/acknowledged"
_ID: Final = "io.modelcontextprotocol/subscriptionId"
TIMEOUT_NS: Final = 2_000_000_000
"""Streams that were open for so long may have been ended by a timeout of the server's HTTP library, or of a proxy."""
_SWITCHES: Final = {
    "notifications/tools/list_changed": ("toolsListChanged", "tools.listChanged"),
    "notifications/prompts/list_changed": ("promptsListChanged", "prompts.listChanged"),
    "notifications/resources/list_changed": ("resourcesListChanged", "resources.listChanged"),
    "notifications/resources/updated": ("resourceSubscriptions", "resources.subscribe"),
}
"""What a filter switches on, with its member there and the capability that offers it."""


def subscription_id(one: Inbound) -> JSON:
    """The subscriptionId in `_meta` of a notification, or ABSENT."""
    meta = one.params.get("_meta") if isinstance(one.params, dict) else None
    return meta.get(_ID, ABSENT) if isinstance(meta, dict) else ABSENT


def listens(talk: Talk) -> list[Call]:
    """The requests that open subscriptions."""
    return talk.once(_listens)


def _listens(talk: Talk) -> list[Call]:
    return [one for one in talk.requests if one.method == "subscriptions/listen" and one.lawful]


def _filter(call: Call) -> dict[str, Any]:
    found = call.params.get("notifications") if isinstance(call.params, dict) else None
    return found if isinstance(found, dict) else {}


def delivered(talk: Talk, call: Call) -> list[Inbound]:
    """Notifications of one subscription: on its own HTTP stream, or marked with its id. An acknowledgement whose id fits no
    subscription is that of the latest one."""
    if talk.http:
        return [one for one in talk.notifications_in if one.seq > call.seq and one.record.channel == call.channel]
    return [one for one, owner in talk.once(_owned) if owner is call]


def _owned(talk: Talk) -> list[tuple[Inbound, Call | None]]:
    """Every notification with the subscription that it is of."""
    return [(one, _owner(talk, one)) for one in talk.notifications_in]


def _owner(talk: Talk, one: Inbound) -> Call | None:
    before = [each for each in listens(talk) if each.seq < one.seq]
    identity = subscription_id(one)
    mine = [each for each in before if _alike(identity, each.id)]
    if mine:
        return mine[-1]
    return before[-1] if before and one.method == ACKNOWLEDGED else None


def _alike(one: JSON, other: JSON) -> bool:
    return one is not ABSENT and str(one) == str(other)


@check("mcp.subscriptions.ack-first", "mcp.subscriptions.nothing-before-ack")
def acknowledged_first(talk: Talk) -> Iterator[Note]:
    """The first message of a subscription acknowledges it."""
    for call in listens(talk):
        messages = delivered(talk, call)
        if not messages:
            continue
        first = messages[0]
        for row in ("mcp.subscriptions.ack-first", "mcp.subscriptions.nothing-before-ack"):
            if first.method == ACKNOWLEDGED:
                yield ok(call.seq, first.seq, requirement=row)
            else:
                why = f"the first message of the subscription is {brief(first.method)}"
                yield broken(call.seq, first.seq, why=why, pointer="/method", requirement=row)


@check("mcp.subscriptions.only-requested")
def only_requested(talk: Talk) -> Iterator[Note]:
    """Changes are announced only to subscriptions that asked for that kind of change, or for that resource."""
    if not talk.modern:
        return
    wanted = [_filter(call) for call in listens(talk)]
    for call in listens(talk):
        for one in delivered(talk, call):
            if one.method in _SWITCHES:
                yield _asked_for(call.seq, one, _filter(call))
    for one in talk.notifications_in:
        if one.method in _SWITCHES and subscription_id(one) is ABSENT and not any(_wants(each, one) for each in wanted):
            why = f"{one.method} came, and no subscription asked for it"
            yield broken(one.seq, why=why, pointer="/method")


def _wants(wanted: dict[str, Any], one: Inbound) -> bool:
    value = wanted.get(_SWITCHES[one.method][0])
    return bool(value)


def _asked_for(seq: int, one: Inbound, wanted: dict[str, Any]) -> Note:
    if _wants(wanted, one):
        return ok(seq, one.seq)
    return broken(seq, one.seq, why=f"the subscription did not ask for {one.method}", pointer="/method")


@check("mcp.subscriptions.ack-subset", "mcp.subscriptions.id-is-request-id")
def acknowledgement(talk: Talk) -> Iterator[Note]:
    """An acknowledgement honours part of what was asked for, nothing that the server does not offer, and names the request."""
    for call in listens(talk):
        for one in delivered(talk, call):
            identity = subscription_id(one)
            row = "mcp.subscriptions.id-is-request-id"
            if same(identity, call.id):
                yield ok(call.seq, one.seq, requirement=row)
            else:
                why = f"the listen request has the id {brief(call.id)}, its notification {brief(identity)}"
                yield broken(call.seq, one.seq, why=why, pointer="/params/_meta", requirement=row)
            if one.method == ACKNOWLEDGED and isinstance(one.params, dict):
                yield _subset(talk, call, one, one.params.get("notifications"))


def _subset(talk: Talk, call: Call, one: Inbound, honoured: JSON) -> Note:
    row, wanted = "mcp.subscriptions.ack-subset", _filter(call)
    for member, capability in _SWITCHES.values():
        value = honoured.get(member) if isinstance(honoured, dict) else None
        if not value:
            continue
        extra = value is True and not wanted.get(member)
        if isinstance(value, list):
            asked = wanted.get(member)
            extra = any(uri not in (asked if isinstance(asked, list) else []) for uri in value)
        if extra or not talk.has(capability):
            lack = "was not asked for" if extra else f"is not offered ({capability} is not declared)"
            why = f"{member} {brief(value)} is acknowledged, which {lack}"
            return broken(call.seq, one.seq, why=why, pointer=f"/params/notifications/{member}", requirement=row)
    return ok(call.seq, one.seq, requirement=row)


@check("mcp.subscriptions.request-scoped-elsewhere", "mcp.logging.request-scoped")
def request_scoped(talk: Talk) -> Iterator[Note]:
    """Progress and log messages come with the answer to the request that they are about: never on the stream of a subscription,
    and a log message never on the stream of a request that asked for none."""
    if not talk.modern:
        return
    for one in talk.notifications_in:
        if one.method not in ("notifications/progress", "notifications/message"):
            continue
        open_before = [call for call in listens(talk) if call.seq < one.seq]
        rows = ["mcp.subscriptions.request-scoped-elsewhere"]
        rows += ["mcp.logging.request-scoped"] if one.method == "notifications/message" else []
        seqs = (one.call.seq, one.seq) if one.call else (one.seq,)
        own = [call for call in open_before if one in delivered(talk, call)]
        if any(_told_of(call, one) for call in own):
            continue  # progress that the subscription itself asked for: the page does not think of it
        if own:
            for row in rows:
                yield broken(*seqs, why=f"{one.method} came on the stream of a subscription", requirement=row)
        elif one.method == "notifications/message" and _strays(talk, one):
            why = "a log message came on the stream of a request that did not ask for any, while another had asked"
            yield broken(*seqs, why=why, requirement="mcp.logging.request-scoped")
        elif open_before:
            for row in rows:
                yield ok(*seqs, requirement=row)


def _told_of(call: Call, one: Inbound) -> bool:
    meta = call.params.get("_meta") if isinstance(call.params, dict) else None
    token = meta.get("progressToken", ABSENT) if isinstance(meta, dict) else ABSENT
    return token is not ABSENT and isinstance(one.params, dict) and same(one.params.get("progressToken"), token)


def _strays(talk: Talk, one: Inbound) -> bool:
    """Over HTTP: is it on the stream of a request without a level, while a request with one was under way?"""
    if not talk.http or one.call is None or log_level(one.call.params) is not None:
        return False
    asked = (call for call in talk.requests if log_level(call.params) is not None)
    return any(open_at(call, one.seq) for call in asked)


def timed_out(call: Call, end: Record, records: Sequence[Record]) -> bool:
    """May the stream have ended by an HTTP timeout? That is none of the server's decisions (basic/patterns/subscriptions, Cancellation)."""
    return end.at_ns - records[call.seq].at_ns >= TIMEOUT_NS


@check("mcp.subscriptions.graceful-result")
def ended_gracefully(talk: Talk) -> Iterator[Note]:
    """A server that ends a subscription answers it before its stream ends. On a line the notification that cancels it may stand
    instead (basic/patterns/cancellation), and what ends with the process or with its input is not the server's choice."""
    for call in listens(talk):
        if isinstance(call.result, dict):
            yield ok(*talk.answer_seqs(call))
        elif talk.http and call.answer is None and any(one.method == ACKNOWLEDGED for one in delivered(talk, call)):
            end = next((one for one in talk.records if one.kind is Kind.END and one.channel == call.channel), None)
            closed = next((one.seq for one in talk.records if one.kind is Kind.CLOSED), len(talk.records))
            if end is None or timed_out(call, end, talk.records):
                continue
            if end.meta.get("complete") is True and end.seq < min(closed, _given_up(talk, call)):
                why = "the server ended the stream of the subscription without answering the request"
                yield broken(call.seq, end.seq, why=why)


def _given_up(talk: Talk, call: Call) -> int:
    """seq of the notification by which we cancelled the request; after all records if there was none."""
    found = (
        one.seq
        for one in talk.notifications_out
        if one.method == "notifications/cancelled"
        and isinstance(one.params, dict)
        and same(one.params.get("requestId"), call.id)
    )
    return next(found, len(talk.records))


@check("mcp.subscriptions.final-result-id")
def final_result(talk: Talk) -> Iterator[Note]:
    """The result that closes a subscription names it, as the other messages of it do."""
    for call in listens(talk):
        if not isinstance(call.result, dict):
            continue
        meta = call.result.get("_meta")
        identity = meta.get(_ID, ABSENT) if isinstance(meta, dict) else ABSENT
        if same(identity, call.id):
            yield ok(*talk.answer_seqs(call))
        else:
            why = f"the listen request has the id {brief(call.id)}, its result " + (
                "names none" if identity is ABSENT else f"names {brief(identity)}"
            )
            yield broken(*talk.answer_seqs(call), why=why, pointer="/result/_meta")


CHECKS = (acknowledged_first, only_requested, acknowledgement, request_scoped, ended_gracefully, final_result)
