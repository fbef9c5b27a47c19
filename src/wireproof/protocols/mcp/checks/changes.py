"""Lists that change while one looks, and who is told (server/tools, server/prompts, server/resources: List Changed Notification)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from wireproof.judge.matching import brief
from wireproof.judge.pack import Note, broken, check, ok
from wireproof.model.exchange import Expect
from wireproof.model.wire import Kind, Record
from wireproof.protocols.jsonrpc import Call
from wireproof.protocols.mcp.checks.lists import pairs
from wireproof.protocols.mcp.checks.subscriptions import ACKNOWLEDGED, delivered, listens
from wireproof.protocols.mcp.conversation import Inbound, Talk

_KINDS: Final = ("tools", "prompts", "resources")


@check("mcp.tools.list-changed", "mcp.prompts.list-changed", "mcp.resources.list-changed")
def changes_announced(talk: Talk) -> Iterator[Note]:
    """A server with listChanged says so when a list is another one than before, to whoever can hear it.

    It may say so late. So a difference without a notice counts only if the notice was waited for, as long as for an answer,
    after the changed list had been read, and while something was open on which it could come.
    """
    for before, after in pairs(talk):
        kind = after.method.partition("/")[0]
        gone, new = set(before.names) - set(after.names), set(after.names) - set(before.names)
        if after.method == "resources/templates/list" or not talk.has(f"{kind}.listChanged") or not gone | new:
            continue
        row, method = f"mcp.{kind}.list-changed", f"notifications/{kind}/list_changed"
        told = [one for one in talk.notifications_in if one.method == method and one.seq > before.seqs[0]]
        waits = [one for one in _in_vain(talk, method) if one.seq > after.seqs[1]]
        if told:
            yield ok(*before.seqs, *after.seqs, told[0].seq, requirement=row)
        elif waits and _hears(talk, kind, before.seqs[0], waits[0].seq):
            why = f"{after.method} changed (gone {brief(sorted(gone))}, new {brief(sorted(new))}), and no {method} came"
            yield broken(*before.seqs, *after.seqs, waits[0].seq, why=why, requirement=row)


def _in_vain(talk: Talk, method: str) -> Iterator[Record]:
    """Where a message of this method was waited for and did not come."""
    for record in talk.records:
        if record.kind is not Kind.AWAIT or record.meta.get("outcome") != "timeout":
            continue
        exchange, step = talk.exchanges.get(record.span or ""), record.meta.get("step")
        if exchange is None or not isinstance(step, int) or step >= len(exchange.steps):
            continue
        waiting = exchange.steps[step]
        if isinstance(waiting, Expect) and waiting.message == method:
            yield record


def _hears(talk: Talk, kind: str, since: int, until: int) -> bool:
    """Was there, from record `since` to record `until`, something on which the server could say that a list has changed?"""
    if talk.modern:
        return any(
            call.seq < since and _acknowledges(talk, call, kind, since) and _lasts(talk, call, until)
            for call in listens(talk)
        )
    if talk.transport != "http":
        return True
    return any(
        one.seq < since and one.status == 200 and not _ended(talk, one, until)
        for one in talk.calls
        if talk.records[one.seq].meta.get("method") == "GET"
    )


def _acknowledges(talk: Talk, call: Call, kind: str, before: int) -> bool:
    def honours(one: Inbound) -> bool:
        held = one.params.get("notifications") if isinstance(one.params, dict) else None
        return isinstance(held, dict) and held.get(f"{kind}ListChanged") is True

    return any(one.method == ACKNOWLEDGED and one.seq < before and honours(one) for one in delivered(talk, call))


def _lasts(talk: Talk, call: Call, until: int) -> bool:
    """Was the subscription neither answered nor cancelled nor cut off by record `until`?"""
    if call.answer is not None and call.answer.seq < until:
        return False
    if talk.http:
        return not _ended(talk, call, until)
    told = [(one.method, one.seq) for one in talk.notifications_out]
    told += [(one.method, one.seq) for one in talk.notifications_in]
    return not any(method == "notifications/cancelled" and call.seq < seq < until for method, seq in told)


def _ended(talk: Talk, call: Call, until: int) -> bool:
    return any(one.kind is Kind.END and one.channel == call.channel for one in talk.records[call.seq : until])


CHECKS = (changes_announced,)
