"""Version negotiation (basic/lifecycle, 2024-11-05 to 2025-11-25) as far as one answer shows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from wireproof.judge.pack import Note, broken, check, ok
from wireproof.protocols.mcp.conversation import Talk


@check("mcp.lifecycle.server-version-latest")
def offers_its_latest(talk: Talk) -> Iterator[Note]:
    """Asked for a version that nobody knows, the server answers with one that is not older than the revision it serves here."""
    table = talk.lens.tables.get("revisions", {})
    listed: list[Mapping[str, Any]] = table.get("revisions", []) if isinstance(table, Mapping) else []
    orders = {one["id"]: one["order"] for one in listed}
    for call, result in talk.results("initialize"):
        asked = call.params.get("protocolVersion") if isinstance(call.params, dict) else None
        answered = result.get("protocolVersion")
        if not isinstance(asked, str) or asked in orders or not isinstance(answered, str):
            continue
        if orders.get(answered, talk.revision.order) < talk.revision.order:
            why = f"it offers {answered}, though it supports {talk.revision.id} too"
            yield broken(*talk.answer_seqs(call), why=why, pointer="/result/protocolVersion")
        else:
            yield ok(*talk.answer_seqs(call))


CHECKS = (offers_its_latest,)
