"""Versions that cards state (specification 3.6)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from wireproof.judge.pack import Check, Note, broken, check, ok
from wireproof.protocols.a2a.conversation import Talk


@check("a2a.versioning.no-patch-number")
def no_patch_number(talk: Talk) -> Iterator[Note]:
    """The versions of interfaces on the card are Major.Minor, without the number of a patch."""
    for call in talk.cards:
        card = call.messages[0].message
        held = card.get("supportedInterfaces") if isinstance(card, dict) else None
        stated = [one.get("protocolVersion") for one in held if isinstance(one, dict)] if isinstance(held, list) else []
        patched = next((place for place, one in enumerate(stated) if re.fullmatch(r"\d+\.\d+\.\d+.*", str(one))), None)
        seqs = (call.seq, call.messages[0].seq)
        if patched is not None:
            why = f"interface {patched} on the card states version {stated[patched]!r}"
            yield broken(*seqs, why=why, pointer=f"/supportedInterfaces/{patched}/protocolVersion")
        elif stated:
            yield ok(*seqs)


CHECKS: tuple[Check, ...] = (no_patch_number,)
