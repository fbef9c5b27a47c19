"""Whether a server outlives what it is sent."""

from __future__ import annotations

from collections.abc import Iterator

from wireproof.judge.pack import Note, check
from wireproof.protocols.mcp.conversation import Talk
from wireproof.protocols.survival import survived


@check("robust.target.survives")
def outlives(talk: Talk) -> Iterator[Note]:
    """It goes on answering, whatever came."""
    yield from survived(talk.records, http=talk.http)


CHECKS = (outlives,)
