"""Every answer against the schema definition of its method, each problem laid at the row that it belongs to.

Never against a union: the revision's schema files begin theirs with an open object, so a union accepts anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from wireproof.judge.matching import subset
from wireproof.judge.pack import Note, broken, check, ok
from wireproof.model.jsontext import JSON, resolve_pointer
from wireproof.protocols.mcp.conversation import Talk


def parts(value: JSON, at: str) -> Iterator[tuple[str, JSON]]:
    """(pointer, part) of each place in `value` that the pointer pattern `at` names; `*` is any index or key."""
    if at == "":
        yield "", value
        return
    head, _, rest = at[1:].partition("/")
    rest = f"/{rest}" if rest else ""
    if head == "*":
        if isinstance(value, list):
            keys: list[str] = [str(index) for index in range(len(value))]
        else:
            keys = list(value) if isinstance(value, dict) else []
    else:
        keys = [head.replace("~1", "/").replace("~0", "~")] if isinstance(value, dict) else []
    for key in keys:
        escaped = "/" + key.replace("~", "~0").replace("/", "~1")
        part = resolve_pointer(value, escaped)
        if isinstance(value, dict) and key not in value:
            continue
        for pointer, found in parts(part, rest):
            yield escaped + pointer, found


@check("mcp.schema.base.response.v1")
def answers_fit(talk: Talk) -> Iterator[Note]:
    """Each part of each answer validates against its definition; a problem counts for the deepest row that covers it."""
    rows: list[Mapping[str, Any]] = [
        row for row in talk.lens.tables.get("schema-rows", ()) if talk.schemas.has(row["definition"])
    ]
    for call, result in talk.results():
        mine = [row for row in rows if row["method"] in (call.method, "*")]
        if call.answer is not None:
            yield from _judge(talk, mine, result, (call.seq, call.answer.seq), "/result")
    for inbound in talk.notifications_in:
        mine = [row for row in rows if row["method"] == inbound.method]
        yield from _judge(talk, mine, inbound.record.message, (inbound.seq,), "")


def _judge(
    talk: Talk, rows: list[Mapping[str, Any]], value: JSON, seqs: tuple[int, ...], prefix: str
) -> Iterator[Note]:
    placed = [
        (pointer, row, part)
        for row in rows
        for pointer, part in parts(value, row["at"])
        if "when" not in row or subset(row["when"], part) is None
    ]
    for pointer, row, part in placed:
        name = row["row"]
        if talk.schemas.valid(row["definition"], part):
            yield ok(*seqs, requirement=name)
            continue
        deeper = [other for other, *_ in placed if other != pointer and other.startswith(pointer + "/")]
        own = [
            (where, why)
            for where, why in talk.schemas.explain(row["definition"], part)
            if not any((pointer + where + "/").startswith(other + "/") for other in deeper)
        ]
        if own:
            where, why = own[0]
            yield broken(*seqs, why=why, pointer=prefix + pointer + where, requirement=name)


CHECKS = (answers_fit,)
