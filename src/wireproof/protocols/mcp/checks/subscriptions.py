"""subscriptions/listen (basic/patterns/subscriptions, 2026-07-28): acknowledged first, only what was asked for, all of it marked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from wireproof.judge.matching import brief
from wireproof.judge.pack import Note, broken, check, ok
from wireproof.model.jsontext import ABSENT, JSON, same
from wireproof.protocols.jsonrpc import Call
from wireproof.protocols.mcp.conversation import Inbound, Talk

ACKNOWLEDGED: Final = "notifications/subscriptions/acknowledged"
_ID: Final = "io.modelcontextprotocol/subscriptionId"
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


def _listens(talk: Talk) -> list[Call]:
    return [one for one in talk.requests if one.method == "subscriptions/listen" and one.lawful]


def _filter(call: Call) -> dict[str, Any]:
    found = call.params.get("notifications") if isinstance(call.params, dict) else None
    return found if isinstance(found, dict) else {}


def _delivered(talk: Talk, call: Call) -> list[Inbound]:
    """Notifications of one subscription: on its own HTTP stream, or marked with its id. An acknowledgement whose id fits no
    subscription is that of the latest one."""
    if talk.http:
        return [one for one in talk.notifications_in if one.seq > call.seq and one.record.channel == call.channel]
    return [one for one in talk.notifications_in if _owner(talk, one) is call]


def _owner(talk: Talk, one: Inbound) -> Call | None:
    before = [each for each in _listens(talk) if each.seq < one.seq]
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
    for call in _listens(talk):
        messages = _delivered(talk, call)
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
    wanted = [_filter(call) for call in _listens(talk)]
    for call in _listens(talk):
        for one in _delivered(talk, call):
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
    for call in _listens(talk):
        for one in _delivered(talk, call):
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


CHECKS = (acknowledged_first, only_requested, acknowledgement)
