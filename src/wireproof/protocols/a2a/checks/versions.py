"""Versions that cards state (specification 3.6)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from wireproof.judge.pack import Check, Note, broken, check, ok
from wireproof.protocols.a2a.conversation import Talk
from wireproof.protocols.a2a.told import tasks_of


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


@check("a2a.versioning.semantics-of-version")
def semantics(talk: Talk) -> Iterator[Note]:
    """What was asked for as 1.0 is not answered in the form of 0.3, which tells states in lower case and kinds by a member; protobuf, which
    has neither, cannot."""
    for seen in (
        talk.results("GetTask", "SendMessage", "CancelTask") if talk.current and talk.transport != "grpc" else ()
    ):
        for task in tasks_of(seen):
            status = task.get("status")
            state = status.get("state") if isinstance(status, dict) else None
            if task.get("kind") == "task" and isinstance(state, str) and not state.startswith("TASK_STATE_"):
                yield broken(*seen.seqs, why=f"a task is told as 0.3 does: its state is {state!r}", pointer="/result")
            elif isinstance(state, str):
                yield ok(*seen.seqs)


CHECKS: tuple[Check, ...] = (no_patch_number, semantics)
