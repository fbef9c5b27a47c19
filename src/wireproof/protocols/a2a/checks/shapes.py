"""Every message against the schema definition that its operation names, and the envelope that the binding puts around it.

Which row is about which part is data: conformance/a2a/schema-rows.yaml.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from wireproof.judge.matching import subset
from wireproof.judge.pack import Note, broken, check, ok
from wireproof.model.jsontext import ABSENT, JSON
from wireproof.protocols.a2a.asked import asked
from wireproof.protocols.a2a.conversation import Seen, Talk
from wireproof.protocols.a2a.operations import OPERATIONS
from wireproof.protocols.a2a.tracker import streamed
from wireproof.protocols.shapes import held

_OURS: Final = ("user", "ROLE_USER")
_WRAPPERS: Final = ("task", "message", "msg", "statusUpdate", "artifactUpdate")
_NULLS: Final = "null for an absent member"


def _rows(talk: Talk) -> dict[str, list[Mapping[str, Any]]]:
    """The table's entries of this version by what they are `in`."""
    made: dict[str, list[Mapping[str, Any]]] = {}
    for row in talk.lens.tables.get("schema-rows", ()):
        older = ".v03" in row["row"]
        if older != talk.current and talk.schemas.has(row["definition"]):
            made.setdefault(row["in"], []).append(row)
    return made


_LACKS: Final = re.compile(r"members? .* missing")
_PRESENT: Final = "a2a.serialization.required-present"
_OLD: Final = ("a2a.data-model.section-6-structures.v03", "a2a.serialization.rest-core-structure.v03")
"""Rows that say of all messages what a row of its own says of each."""


@check("a2a.send.response-one-of", _PRESENT, *_OLD)
def answers_fit(talk: Talk) -> Iterator[Note]:
    """Each part of each answer and of the card validates against its definition; a problem counts for the deepest row that covers it."""
    rows = _rows(talk)
    for one in talk.seen:
        if one.raw is ABSENT or one.call.operation not in OPERATIONS:
            continue
        kind, value, base = _carried(talk, one)
        if talk.transport == "grpc" and not talk.current:
            continue  # what is written there has the names of the proto of 0.3
        if talk.transport == "rest" and not talk.current:
            if kind == "error" or not _core(value):
                continue
            value, base = _unwrapped(value, base)
        wanted = [row for row in rows.get(kind, ()) if row["method"] == ["*"] or one.call.operation in row["method"]]
        notes = list(_judged(talk, wanted, value, one.seqs, base))
        yield from notes
        yield from _together(talk, kind, notes, one.seqs)
    for call in talk.cards:
        record = call.messages[0]
        entries = [row for row in rows.get("card", ()) if _of_card(row, record.message, talk)]
        yield from _judged(talk, entries, record.message, (call.seq, record.seq), "")


def _judged(
    talk: Talk, rows: Sequence[Mapping[str, Any]], value: JSON, seqs: tuple[int, ...], base: str
) -> Iterator[Note]:
    """1.0 is ProtoJSON, in which null stands for a member that is not there."""
    plain = without_nulls(value) if talk.current else value
    remark = _NULLS if plain != value else ""
    yield from held(
        talk.schemas, rows, _ours_made_good(plain, _said(talk)), seqs, applies=_applies, base=base, remark=remark
    )


def _together(talk: Talk, kind: str, notes: Sequence[Note], seqs: tuple[int, ...]) -> Iterator[Note]:
    """What the parts of a message show of the whole: in 1.0 whether a required member is missing, in 0.3 whether a structure is another."""
    if kind == "error" or not notes:
        return
    rows: tuple[str, ...]
    if talk.current:
        rows, worst = (_PRESENT,), next((one for one in notes if not one.ok and _LACKS.fullmatch(one.why)), None)
    else:
        rows = _OLD if talk.transport == "rest" else _OLD[:1]
        worst = next((one for one in notes if not one.ok), None)
    for row in rows:
        if worst is None:
            yield ok(*seqs, requirement=row)
        else:
            yield broken(*seqs, why=worst.why, pointer=worst.pointer, requirement=row)


def _carried(talk: Talk, one: Seen) -> tuple[str, JSON, str]:
    """(kind of entry, the part of the message that it is about, where that lies)."""
    streams = OPERATIONS[one.call.operation].streams and streamed(one.record)
    rest = talk.transport != "jsonrpc"
    if one.error is not None:
        return "error", one.raw if rest else one.raw.get("error"), "" if rest else "/error"
    kind = "event" if streams else "result"
    if rest:
        return kind, one.raw, ""
    return kind, one.raw.get("result") if isinstance(one.raw, dict) else None, "/result"


def _core(value: JSON) -> bool:
    """Over HTTP+JSON 0.3 has two dialects in use, neither of which is wrong: is this one for which the entries are, the core JSON?"""
    inner, _ = _unwrapped(value, "")
    first = inner[0] if isinstance(inner, list) and inner else inner
    return isinstance(first, dict) and ("kind" in first or {"taskId", "pushNotificationConfig"} <= set(first))


def _unwrapped(value: JSON, base: str) -> tuple[JSON, str]:
    """What the only member of a response of HTTP+JSON 0.3 holds, which is named after it; as it is where it came bare."""
    if isinstance(value, dict) and len(value) == 1:
        ((name, inner),) = value.items()
        if name in _WRAPPERS:
            return inner, f"{base}/{name}"
    return value, base


def _of_card(row: Mapping[str, Any], card: JSON, talk: Talk) -> bool:
    """A card of one shape is judged in its own version; where both are on one card, schemes may be written as the other version does."""
    newer, older = "supportedInterfaces" in card, "url" in card
    if newer and older:
        return not row["at"].startswith("/securitySchemes")
    return newer == talk.current or not (newer or older)


def _applies(row: Mapping[str, Any], part: JSON) -> bool:
    if "when" in row and subset(row["when"], part) is not None:
        return False
    members = part if isinstance(part, dict) else {}
    if any(members.get(name) is None for name in row.get("having", ())):
        return False
    return not any(members.get(name) is not None for name in row.get("lacking", ()))


def _said(talk: Talk) -> frozenset[str]:
    """The ids of our messages in this conversation that had parts."""
    sent = (asked(call).get("message") for call in talk.operations)
    return frozenset(str(one.get("messageId")) for one in sent if isinstance(one, dict) and one.get("parts"))


def _ours_made_good(value: JSON, said: frozenset[str]) -> JSON:
    """What we said ourselves without any part, to try the agent, may be told again in a history: that is no fault of the agent's."""
    if isinstance(value, list):
        return [_ours_made_good(one, said) for one in value]
    if not isinstance(value, dict):
        return value
    if (
        value.get("role") in _OURS
        and "messageId" in value
        and not value.get("parts")
        and value["messageId"] not in said
    ):
        return {**value, "parts": [{"kind": "text", "text": ""} if "kind" in value else {"text": ""}]}
    inside = ("task", "tasks", "history", "result")
    return {key: _ours_made_good(one, said) if key in inside else one for key, one in value.items()}


def without_nulls(value: JSON) -> JSON:
    """Without members that are null, but for what the agent's users fill in freely."""
    if isinstance(value, list):
        return [without_nulls(one) for one in value]
    if isinstance(value, dict):
        free = ("metadata", "data", "params")
        return {
            key: one if key in free else without_nulls(one)
            for key, one in value.items()
            if one is not None or key == "data"
        }
    return value


CHECKS = (answers_fit,)
