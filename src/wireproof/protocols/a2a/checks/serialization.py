"""How JSON is written: names of members, timestamps, discriminators, lists that must hold something (specification 5.5 to 5.7; 0.3: 6)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from wireproof.judge.pack import Check, Note, broken, check, ok
from wireproof.model.jsontext import ABSENT, JSON
from wireproof.protocols.a2a.conversation import Talk
from wireproof.protocols.a2a.objects import Part, objects
from wireproof.protocols.a2a.tracker import streamed

_OFFSET: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d)?(\.\d+)?[+-]\d\d:?\d\d")
_ISO: Final = re.compile(r"\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d(:\d\d)?([.,]\d+)?([Zz]|[+-]\d\d:?\d\d)?)?")
_NEVER_EMPTY: Final = (("Message", "parts"), ("AgentCard", "supportedInterfaces"))
"""Required lists without which nothing is said or reached. Of the others the specification's own samples show empty ones."""
_KINDS: Final = ("text", "file", "data")


def _carried(talk: Talk) -> Iterator[tuple[tuple[int, ...], JSON, str, str]]:
    """(evidence, what was carried, its definition, its pointer) of each result, event and card of 1.0."""
    base = "/result" if talk.transport == "jsonrpc" else ""
    for one in talk.seen:
        row = talk.schemas.methods.get(one.call.operation)
        if one.result is None or row is None:
            continue
        value = one.raw if not base else one.raw.get("result") if isinstance(one.raw, dict) else ABSENT
        name = row.get("event", row["result"]) if streamed(one.record) else row["result"]
        yield one.seqs, value, name, base
    for call in talk.cards:
        yield (call.seq, call.messages[0].seq), call.messages[0].message, "AgentCard", ""


def _parts(talk: Talk) -> Iterator[tuple[tuple[int, ...], Part]]:
    """Every object of 1.0 that was carried."""
    for seqs, value, name, base in _carried(talk) if talk.current else ():
        for part in objects(value, name, talk.schemas.document["$defs"], base):
            yield seqs, part


@check("a2a.serialization.camel-case")
def camel_case(talk: Talk) -> Iterator[Note]:
    """Members have the camelCase names of the proto, and none of them is written with underscores."""
    clean: set[tuple[int, ...]] = set()
    for seqs, part in _parts(talk):
        wrong = next((key for key in part.value if "_" in key and _camel(key) in part.members), None)
        if wrong is not None:
            yield broken(
                *seqs,
                why=f"{part.definition} has the member {wrong!r} and not {_camel(wrong)!r}",
                pointer=part.at(wrong),
            )
        elif seqs not in clean:
            clean.add(seqs)
            yield ok(*seqs)


@check("a2a.serialization.timestamp-no-offset", "a2a.serialization.timestamp-both-sides")
def timestamps(talk: Talk) -> Iterator[Note]:
    """Timestamps are ISO 8601, and have no offset but Z."""
    for seqs, part in _parts(talk):
        for member, schema in part.members.items():
            held = part.value.get(member)
            if not isinstance(held, str) or not str(schema.get("$ref", "")).endswith("/Timestamp"):
                continue
            iso = "a2a.serialization.timestamp-both-sides"
            if _OFFSET.fullmatch(held):
                yield broken(*seqs, why=f"the timestamp {held!r} has an offset", pointer=part.at(member))
            elif not _ISO.fullmatch(held):
                yield broken(*seqs, why=f"{held!r} is no ISO 8601 timestamp", pointer=part.at(member), requirement=iso)
            else:
                yield ok(*seqs)
                yield ok(*seqs, requirement=iso)


@check("a2a.serialization.enum-names")
def enum_names(talk: Talk) -> Iterator[Note]:
    """States and roles are written as the proto names them, and neither in the manner of 0.3 nor as numbers."""
    definitions = talk.schemas.document["$defs"]
    for seqs, part in _parts(talk):
        for member, schema in part.members.items():
            names = definitions.get(str(schema.get("$ref", "")).rpartition("/")[2], {}).get("enum")
            held = part.value.get(member)
            if not names or held is None:
                continue
            if held in names:
                yield ok(*seqs)
            elif isinstance(held, int) or any(_bare(held) == _bare(name) for name in names):
                yield broken(*seqs, why=f"{member} is {held!r} and no name of the proto's", pointer=part.at(member))


@check("a2a.serialization.enum-values.v03")
def enum_values(talk: Talk) -> Iterator[Note]:
    """Roles of 0.3 are user and agent; states are held against the schema."""
    if talk.current or talk.transport != "jsonrpc":
        return
    for one in talk.results():
        value = one.raw.get("result") if isinstance(one.raw, dict) else None
        for place, held in _kinded(value, "/result"):
            if "role" in held and held["role"] in ("user", "agent"):
                yield ok(*one.seqs)
            elif "role" in held and "parts" in held:
                yield broken(*one.seqs, why=f"the role is {held['role']!r}", pointer=f"{place}/role")


@check("a2a.serialization.required-array-not-empty")
def required_lists(talk: Talk) -> Iterator[Note]:
    """A message has parts, and a card has interfaces. What the client said, as the history has it, is the client's."""
    for seqs, part in _parts(talk):
        for definition, member in _NEVER_EMPTY:
            held = part.value.get(member)
            if part.definition != definition or not isinstance(held, list) or part.value.get("role") == "ROLE_USER":
                continue
            if held:
                yield ok(*seqs)
            else:
                yield broken(*seqs, why=f"{member} of {definition} is an empty list", pointer=part.at(member))


@check("a2a.data-model.artifact")
def artifacts(talk: Talk) -> Iterator[Note]:
    """Artifacts of a task differ in their artifactId, and each has a part at least."""
    for seqs, part in _parts(talk):
        if part.definition == "Artifact" and part.value.get("parts") == []:
            yield broken(*seqs, why="an artifact has no parts", pointer=part.at("parts"))
        held = part.value.get("artifacts") if part.definition == "Task" else None
        ids = [one.get("artifactId") for one in held if isinstance(one, dict)] if isinstance(held, list) else []
        if len({str(one) for one in ids}) < len(ids):
            yield broken(*seqs, why="two artifacts of the task have the same artifactId", pointer=part.at("artifacts"))
        elif ids:
            yield ok(*seqs)


@check("a2a.metadata.any-json")
def metadata(talk: Talk) -> Iterator[Note]:
    """metadata is an object."""
    for seqs, part in _parts(talk):
        if "metadata" not in part.members or part.value.get("metadata") is None:
            continue
        if isinstance(part.value["metadata"], dict):
            yield ok(*seqs)
        else:
            yield broken(*seqs, why=f"metadata of {part.definition} is no object", pointer=part.at("metadata"))


@check("a2a.serialization.no-kind")
def no_kind(talk: Talk) -> Iterator[Note]:
    """Payloads of 1.0 are told apart by the member that holds them, and not by a member kind."""
    for seqs, part in _parts(talk):
        names = [one["required"][0] for one in part.schema.get("oneOf", ())]
        if not names:
            continue
        if any(name in part.value for name in names):
            yield ok(*seqs)
        elif "kind" in part.value:
            why = f"{part.definition} has a kind and none of {', '.join(names)}"
            yield broken(*seqs, why=why, pointer=part.pointer)


@check("a2a.serialization.kind.v03")
def kind(talk: Talk) -> Iterator[Note]:
    """In 0.3, tasks, messages, events and parts have a kind."""
    if talk.current or talk.transport != "jsonrpc":
        return
    for one in talk.results("SendMessage", "SendStreamingMessage", "SubscribeToTask", "GetTask", "CancelTask"):
        value = one.raw.get("result") if isinstance(one.raw, dict) else None
        for place, held in _kinded(value, "/result"):
            if isinstance(held.get("kind"), str):
                yield ok(*one.seqs)
            else:
                yield broken(*one.seqs, why="an object has no kind", pointer=place)


def _kinded(value: JSON, place: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(pointer, object) of what must have a kind: the result itself, messages and parts inside."""
    if not isinstance(value, dict):
        return
    yield place, value
    status = value.get("status")
    if isinstance(status, dict) and isinstance(status.get("message"), dict):
        yield from _kinded(status["message"], f"{place}/status/message")
    for index, one in enumerate(_list(value.get("history"))):
        yield from _kinded(one, f"{place}/history/{index}")
    holders = [(f"{place}/artifacts/{index}", one) for index, one in enumerate(_list(value.get("artifacts")))]
    holders += [(place, value), (f"{place}/artifact", value.get("artifact"))]
    for below, holder in holders:
        for index, one in enumerate(_list(holder.get("parts")) if isinstance(holder, dict) else ()):
            if isinstance(one, dict):
                yield f"{below}/parts/{index}", one


def _list(value: JSON) -> list[Any]:
    return value if isinstance(value, list) else []


def _bare(name: JSON) -> str:
    """A state or role without prefix, case and signs."""
    return re.sub(r"[^a-z]", "", str(name).lower().removeprefix("task_state_").removeprefix("role_"))


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(one[:1].upper() + one[1:] for one in rest)


@check("a2a.serialization.utf-8")
def utf_8(talk: Talk) -> Iterator[Note]:
    """What comes over HTTP+JSON is UTF-8."""
    for call in talk.operations if talk.transport == "rest" and talk.current else ():
        for record in call.messages:
            try:
                record.raw.decode("utf-8")
            except UnicodeDecodeError:
                yield broken(call.seq, record.seq, why="the body is not UTF-8")
            else:
                yield ok(call.seq, record.seq)


CHECKS: tuple[Check, ...] = (
    camel_case,
    timestamps,
    enum_names,
    enum_values,
    required_lists,
    artifacts,
    metadata,
    no_kind,
    kind,
    utf_8,
)
