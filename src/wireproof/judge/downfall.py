"""When a web server was lost: it goes on answering, but nothing else than that it failed (RFC 9110, 15.6 Server Error 5xx).

What it then says of other requests shows nothing of the rows that those are about.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from wireproof.model.wire import Kind, Record, Way

FEWEST: Final = 4
"""Responses at the end of a conversation that must all be server errors: single ones are how some servers answer what is malformed."""
FEWEST_FINE: Final = 2
"""Of these, answers to requests with which nothing was wrong."""
_NOT_SERVED: Final = (501, 505)
"""Statuses of a server that is well and does not have what it was asked for (RFC 9110, 15.6.2 and 15.6.6)."""


def lost_since(records: Sequence[Record]) -> Record | None:
    """The head of the first of the responses that end the conversation and are all server errors; None while the server is well.

    A server that has answered nothing else was never well, which is told where its conversation should have opened.
    """
    tail: list[Record] = []
    for one in reversed(records):
        if one.kind is not Kind.HEAD:  # most, and all of them over stdio
            continue
        status = one.meta.get("status")
        if status in _NOT_SERVED or not isinstance(status, int):
            continue
        if status < 500:
            return tail[-1] if len(tail) >= FEWEST and _fine(tail, records) >= FEWEST_FINE else None
        tail.append(one)
    return None


def _fine(heads: Sequence[Record], records: Sequence[Record]) -> int:
    channels = {one.channel for one in heads}
    asked = [one for one in records if one.way is Way.OUT and one.channel in channels]
    return sum(one.kind is Kind.MESSAGE and not one.meta.get("deliberate") for one in asked)


def met_errors(records: Sequence[Record], seqs: Iterable[int]) -> bool:
    """Was any of the requests that these records belong to answered with a server error?"""
    channels = {records[seq].channel for seq in seqs if seq < len(records)} - {"main"}
    return any(_failed(one) for one in records if one.kind is Kind.HEAD and one.channel in channels)


def only_errors(records: Sequence[Record]) -> bool:
    """Was everything in a conversation answered with a server error, and among that a request with which nothing was wrong?"""
    heads = [one for one in records if one.kind is Kind.HEAD]
    return bool(heads) and all(_failed(one) for one in heads) and _fine(heads, records) > 0


def _failed(head: Record) -> bool:
    status = head.meta.get("status")
    return isinstance(status, int) and status >= 500 and status not in _NOT_SERVED
