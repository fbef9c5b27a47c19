"""Whether an agent outlives what it is sent."""

from __future__ import annotations

from collections.abc import Iterator

from wireproof.judge.pack import Check, Note, check
from wireproof.model.wire import Kind
from wireproof.protocols.a2a.conversation import Talk
from wireproof.protocols.survival import survived


@check("robust.target.survives")
def outlives(talk: Talk) -> Iterator[Note]:
    """It goes on answering, whatever came. A refused connection that others come after was to somewhere else: a card names many URLs, and
    one that answered no call was never seen alive."""
    if talk.transport not in ("jsonrpc", "rest") or not any(call.head is not None for call in talk.operations):
        return
    last = max((one.seq for one in talk.records if one.kind is Kind.HEAD), default=-1)
    seen = [one for one in talk.records if one.kind is not Kind.FAULT or one.seq > last]
    yield from survived(seen, http=True)


CHECKS: tuple[Check, ...] = (outlives,)
