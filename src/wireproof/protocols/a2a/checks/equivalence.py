"""The same question over two bindings of one agent (specification 5.1; 0.3: 3.5.4, 11.1.4).

Compared is what a task IS: its state, what was said and made. Ids of messages and artifacts, times, metadata, names and the wording of
errors may differ, and so may what one binding leaves out of default values. Stores may be kept apart: a task that one of them does not
know says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from wireproof.judge.pack import Check, Note, broken, check, ok
from wireproof.model.jsontext import dump
from wireproof.protocols.a2a.asked import asked
from wireproof.protocols.a2a.conversation import Seen, Talk
from wireproof.protocols.a2a.tracker import TERMINAL, Call

_E: Final = "a2a.equivalence."
_SHOWN: Final = {"jsonrpc": "JSON-RPC", "rest": "HTTP+JSON", "grpc": "gRPC"}
_RESULTS: Final = (
    _E + "equal-results",
    _E + "identical-function.v03",
    _E + "responses.v03",
    _E + "additional-identical.v03",
    _E + "additional-equal-results.v03",
)
_OPERATIONS: Final = (
    _E + "same-operations",
    _E + "standard-mappings.v03",
    _E + "additional-mappings.v03",
    _E + "additional-meets-3-2.v03",
    _E + "rest-all-methods.v03",
)
_SHUT: Final = (401, 403)
_CONTENT: Final = ("text", "raw", "url", "data")
_MOST: Final = 12
_WIDTH: Final = 200

_Pair = tuple[Call, "Seen | None", Call, "Seen | None"]


def _pairs(talk: Talk) -> Iterator[_Pair]:
    """Each call over the other binding beside the last one of the same operation and step over this one."""
    for there, seen_there in talk.elsewhere:
        mine = [
            one
            for one in talk.operations
            if one.operation == there.operation and one.span == there.span and one.seq < there.seq
        ]
        if mine and mine[-1].head is not None and there.head is not None:
            seen = talk.of(mine[-1])
            yield mine[-1], seen[0] if seen else None, there, seen_there


def _rows(talk: Talk, rows: tuple[str, ...]) -> tuple[str, ...]:
    """Those of this version; a row of HTTP+JSON alone is not said of a JSON-RPC lane."""
    older = [row for row in rows if not row.endswith(".v03") or not talk.current]
    return tuple(row for row in older if talk.transport == "rest" or "rest-all" not in row)


def _seqs(one: Seen | None, call: Call) -> tuple[int, ...]:
    head = (call.head.seq,) if call.head is not None else ()
    return one.seqs if one is not None else (call.seq, *head)


@check(*_RESULTS)
def same_task(talk: Talk) -> Iterator[Note]:
    """A task that has ended is told alike over both bindings."""
    for mine, here, there, seen in _pairs(talk):
        if mine.operation != "GetTask" or here is None or seen is None:
            continue
        left, right = here.result, seen.result
        if not (isinstance(left, dict) and isinstance(right, dict)) or left.get("id") != right.get("id"):
            continue
        if TERMINAL.isdisjoint((_state(left), _state(right))):
            continue  # it may have gone on in between
        lines = _differences(_essence(left), _essence(right))
        places = [one[2:] for one in lines if one.startswith("@")]
        seqs = (*here.seqs, *seen.seqs)
        for row in _rows(talk, _RESULTS):
            if lines:
                why = f"the task over {_name(talk.transport)} (-) and over {_name(there.binding)} (+) differs in {', '.join(places)}"
                yield broken(*seqs, why=why, pointer="/result", requirement=row, diff=lines)
            else:
                yield ok(*seqs, requirement=row)


def _name(binding: str) -> str:
    return _SHOWN.get(binding, binding)


def _state(task: Mapping[str, Any]) -> str:
    status = task.get("status")
    return str(status.get("state")) if isinstance(status, dict) else ""


def _essence(task: Mapping[str, Any]) -> dict[str, Any]:
    """Pointer -> value of what must not depend on the binding."""
    found: dict[str, Any] = {"/contextId": task.get("contextId"), "/status/state": _state(task)}
    status = task.get("status")
    said = status.get("message") if isinstance(status, dict) else None
    found |= _parts(said, "/status/message")
    artifacts = task.get("artifacts")
    for index, one in enumerate(artifacts if isinstance(artifacts, list) else ()):
        found |= _parts(one, f"/artifacts/{index}")
    return {place: value for place, value in found.items() if value not in (None, "", [], {})}


def _parts(holder: Any, place: str) -> dict[str, Any]:
    parts = holder.get("parts") if isinstance(holder, dict) else None
    found: dict[str, Any] = {}
    for index, part in enumerate(parts if isinstance(parts, list) else ()):
        for name in _CONTENT:
            if isinstance(part, dict) and name in part:
                found[f"{place}/parts/{index}/{name}"] = part[name]
    return found


def _differences(left: Mapping[str, Any], right: Mapping[str, Any]) -> tuple[str, ...]:
    """See `Finding.diff`; of the first places in which they differ."""
    lines: list[str] = []
    differing = [one for one in sorted({*left, *right}) if left.get(one) != right.get(one)]
    for place in differing[:_MOST]:
        lines.append(f"@ {place}")
        lines += [f"{sign} {_short(one[place])}" for sign, one in (("-", left), ("+", right)) if place in one]
    return tuple(lines)


def _short(value: Any) -> str:
    text = dump(value)
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"


@check(_E + "parameters.v03")
def same_parameters(talk: Talk) -> Iterator[Note]:
    """historyLength is heeded over both bindings, or over neither."""
    for mine, here, there, seen in _pairs(talk) if not talk.current else ():
        wanted = asked(mine).get("historyLength")
        if mine.operation != "GetTask" or here is None or seen is None or not isinstance(wanted, int) or wanted < 1:
            continue
        counts = [len(one.result.get("history") or ()) if isinstance(one.result, dict) else -1 for one in (here, seen)]
        if min(counts) < 0 or max(counts) < 1:
            continue
        seqs = (*here.seqs, *seen.seqs)
        if (counts[0] > wanted) == (counts[1] > wanted):
            yield ok(*seqs)
        else:
            why = (
                f"historyLength {wanted} gives {counts[0]} messages over {_name(talk.transport)} "
                f"and {counts[1]} over {_name(there.binding)}"
            )
            yield broken(*seqs, why=why, pointer="/result/history")


@check(*_OPERATIONS)
def same_operations(talk: Talk) -> Iterator[Note]:
    """What one binding offers the other offers too."""
    for mine, here, there, seen in _pairs(talk):
        if {mine.status, there.status} & {*_SHUT, 429, 502, 503, 504}:
            continue
        lacks = [_absent(mine, here, talk.transport), _absent(there, seen, there.binding)]
        if None in lacks or all(lacks):
            continue
        seqs = (*_seqs(here, mine), *_seqs(seen, there))
        for row in _rows(talk, _OPERATIONS):
            if any(lacks):
                where = [_name(talk.transport), _name(there.binding)]
                with_it, without = (where[1], where[0]) if lacks[0] else (where[0], where[1])
                why = f"{mine.operation} is there over {with_it} and not over {without}"
                yield broken(*seqs, why=why, requirement=row)
            else:
                yield ok(*seqs, requirement=row)


def _absent(call: Call, seen: Seen | None, binding: str) -> bool | None:
    """Is there no such operation? None where that cannot be said: over HTTP+JSON a 404 may speak of a task, and what is not supported
    may be there all the same."""
    error = seen.error if seen is not None else None
    meaning = error.get("meaning") if error is not None else None
    if meaning == "UnsupportedOperationError":
        return None
    if meaning == "MethodNotFoundError":
        return True
    if binding == "grpc" and error is not None and error.get("status") == "UNIMPLEMENTED" and meaning == "unclear":
        return True  # which gRPC itself answers to a method that is not served
    if binding != "rest":
        return False if seen is not None else None
    if call.status in (405, 501):
        return True
    if call.status != 404:
        return False
    body = call.record.message
    sent = body.get("message") if isinstance(body, dict) else None
    names_task = isinstance(sent, dict) and "taskId" in sent
    whole = call.operation == "ListTasks" or (call.operation == "SendMessage" and not names_task)
    return True if whole else None if error is None or error.get("meaning") != "TaskNotFoundError" else False


@check(_E + "consistent-errors")
def same_errors(talk: Talk) -> Iterator[Note]:
    """What one binding refuses for a reason the other refuses for the same."""
    for mine, here, there, seen in _pairs(talk):
        left, right = here.error if here else None, seen.error if seen else None
        if left is None or right is None or {mine.status, there.status} & {*_SHUT, 429}:
            continue
        told = (str(left.get("meaning")), str(right.get("meaning")))
        if {"unclear", "other", "MethodNotFoundError"} & set(told):
            continue
        seqs = (*_seqs(here, mine), *_seqs(seen, there))
        if told[0] == told[1]:
            yield ok(*seqs)
        else:
            why = (
                f"{mine.operation} is refused by {told[0]} over {_name(talk.transport)} "
                f"and by {told[1]} over {_name(there.binding)}"
            )
            yield broken(*seqs, why=why, pointer="/error")


@check(_E + "same-authentication")
def same_authentication(talk: Talk) -> Iterator[Note]:
    """Who is let in over one binding is let in over the other, and nobody else."""
    for mine, here, there, seen in _pairs(talk):
        if _credentials(mine) != _credentials(there) or {mine.status, there.status} & {429, 500, 502, 503, 504}:
            continue
        shut = [one.status in _SHUT for one in (mine, there)]
        seqs = (*_seqs(here, mine), *_seqs(seen, there))
        if shut[0] == shut[1]:
            yield ok(*seqs)
        else:
            names = [_name(talk.transport), _name(there.binding)]
            why = f"the same credentials give {mine.status} over {names[0]} and {there.status} over {names[1]}"
            yield broken(*seqs, why=why)


def _credentials(call: Call) -> tuple[tuple[str, str], ...]:
    usual = ("content-type", "accept", "a2a-version", "content-length", "host")
    held = call.record.meta.get("headers", ())
    return tuple(sorted((key.lower(), value) for key, value in held if key.lower() not in usual))


CHECKS: tuple[Check, ...] = (same_task, same_parameters, same_operations, same_errors, same_authentication)
