"""Tasks as an extension of 2026-07-28 (io.modelcontextprotocol/tasks): what is handed out, what tasks/get shows, what is acknowledged."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from wireproof.judge.matching import brief
from wireproof.judge.pack import Note, broken, check, ok
from wireproof.model.jsontext import ABSENT, JSON, same
from wireproof.protocols.jsonrpc import Call
from wireproof.protocols.mcp.binding import META
from wireproof.protocols.mcp.checks.asking import declared_by
from wireproof.protocols.mcp.conversation import Talk
from wireproof.protocols.mcp.taskbook import STATUSES, TERMINAL

EXTENSION: Final = f"{META}tasks"
_TAG: Final = f"extension:{EXTENSION}"
_ANSWERED: Final = ("tasks/get", "tasks/update", "tasks/cancel")
_MEMBERS: Final = ("taskId", "status", "result", "error", "inputRequests")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|[+-]\d\d(:?\d\d)?)?")
_PAYLOADS: Final = {"input_required": "inputRequests", "completed": "result", "failed": "error"}


def _declares(call: Call) -> bool:
    extensions = (declared_by(call) or {}).get("extensions")
    return isinstance(extensions, dict) and isinstance(extensions.get(EXTENSION), dict)


def _results(talk: Talk, *methods: str) -> Iterator[tuple[Call, Mapping[str, Any]]]:
    """Results of requests that declare the extension, to a server that does too."""
    if talk.modern and talk.has(_TAG):
        for call, result in talk.results(*methods):
            if call.lawful and _declares(call):
                yield call, result


@check("mcp.ext.tasks.create.declared-only")
def created_for_those_who_know(talk: Talk) -> Iterator[Note]:
    """Calls that do not declare the extension get no task."""
    if not talk.modern or not talk.has(_TAG):
        return
    for call, result in talk.results("tools/call"):
        if not call.lawful or _declares(call) or declared_by(call) is None:
            continue
        if result.get("resultType") == "task":
            why = "a task was created, and the request does not declare the extension"
            yield broken(*talk.answer_seqs(call), why=why, pointer="/result/resultType")
        else:
            yield ok(*talk.answer_seqs(call))


@check("mcp.ext.tasks.create.result-type")
def handles_are_marked(talk: Talk) -> Iterator[Note]:
    """What looks like a task has resultType task, and what has that is a task."""
    for call, result in _results(talk, "tools/call"):
        kind, looks = result.get("resultType"), "taskId" in result and "status" in result and "content" not in result
        if looks and kind != "task":
            why = f"a task is handed out with resultType {brief(kind)}"
            yield broken(*talk.answer_seqs(call), why=why, pointer="/result/resultType")
        elif kind == "task" and not looks:
            why = "resultType is task, and the result is none"
            yield broken(*talk.answer_seqs(call), why=why, pointer="/result")
        elif looks:
            yield ok(*talk.answer_seqs(call))


@check("mcp.ext.tasks.shape")
def tasks_have_their_form(talk: Talk) -> Iterator[Note]:
    """The members that every task has, where it is handed out and where tasks/get shows it."""
    for call, result in _results(talk, "tools/call", "tasks/get"):
        if call.method == "tools/call" and result.get("resultType") != "task":
            continue
        wrong = next((member for member, fine in _form(result).items() if not fine), None)
        if wrong is None:
            yield ok(*talk.answer_seqs(call))
        else:
            why = f"{wrong} of the task is {brief(result[wrong]) if wrong in result else 'missing'}"
            yield broken(*talk.answer_seqs(call), why=why, pointer=f"/result/{wrong}")


def _form(task: Mapping[str, JSON]) -> dict[str, bool]:
    return {
        "taskId": isinstance(task.get("taskId"), str),
        "status": task.get("status") in STATUSES,
        "createdAt": _is_time(task.get("createdAt")),
        "lastUpdatedAt": _is_time(task.get("lastUpdatedAt")),
        "ttlMs": "ttlMs" in task and (task["ttlMs"] is None or _whole(task["ttlMs"])),
        "pollIntervalMs": "pollIntervalMs" not in task or _whole(task["pollIntervalMs"]),
    }


def _is_time(value: JSON) -> bool:
    return isinstance(value, str) and _TIME.fullmatch(value) is not None


def _whole(value: JSON) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float) and value == int(value)


@check("mcp.ext.tasks.get.payload")
def states_bring_their_payload(talk: Talk) -> Iterator[Note]:
    """tasks/get of a task that waits for input, is completed or has failed brings an object with what that means."""
    for call, result in _results(talk, "tasks/get"):
        member = _PAYLOADS.get(str(result.get("status")))
        if member is None:
            continue
        if isinstance(result.get(member), dict):
            yield ok(*talk.answer_seqs(call))
        else:
            why = f"the task is {result['status']}, and there is no object {member}"
            yield broken(*talk.answer_seqs(call), why=why, pointer=f"/result/{member}")


@check("mcp.ext.tasks.complete")
def answers_are_complete(talk: Talk) -> Iterator[Note]:
    """Results of the extension's own methods have resultType complete."""
    for call, result in _results(talk, *_ANSWERED):
        kind = result.get("resultType", ABSENT)
        if kind == "complete":
            yield ok(*talk.answer_seqs(call))
        elif kind is not ABSENT:  # one that is absent is told by the row on all results
            why = f"the result of {call.method} has resultType {brief(kind)}"
            yield broken(*talk.answer_seqs(call), why=why, pointer="/result/resultType")


@check("mcp.ext.tasks.ack-empty")
def acknowledgements_are_empty(talk: Talk) -> Iterator[Note]:
    """What acknowledges tasks/update and tasks/cancel has no member of a task."""
    for call, result in _results(talk, "tasks/update", "tasks/cancel"):
        extra = [member for member in _MEMBERS if member in result]
        if extra:
            why = f"the acknowledgement of {call.method} has {', '.join(extra)}"
            yield broken(*talk.answer_seqs(call), why=why, pointer=f"/result/{extra[0]}")
        else:
            yield ok(*talk.answer_seqs(call))


def _sights(talk: Talk) -> Iterator[tuple[str, list[tuple[Call, Mapping[str, Any]]]]]:
    """What tasks/get said of each task, in the order of the answers."""
    seen: dict[str, list[tuple[Call, Mapping[str, Any]]]] = {}
    for call, result in _results(talk, "tasks/get"):
        if isinstance(result.get("taskId"), str):
            seen.setdefault(result["taskId"], []).append((call, result))
    for identity, sights in seen.items():
        yield identity, sorted(sights, key=lambda one: talk.answer_seqs(one[0])[-1])


@check("mcp.ext.tasks.status.terminal")
def ends_are_final(talk: Talk) -> Iterator[Note]:
    """After a request saw the end of a task, later requests see the same end."""
    for _, sights in _sights(talk):
        for place, (call, result) in enumerate(sights):
            if result.get("status") not in TERMINAL:
                continue
            end = talk.answer_seqs(call)[-1]
            for later, shown in sights[place + 1 :]:
                if later.seq < end:
                    continue
                seqs = (*talk.answer_seqs(call), *talk.answer_seqs(later))
                if shown.get("status") == result["status"]:
                    yield ok(*seqs)
                else:
                    why = f"the task was {result['status']}, and is {brief(shown.get('status'))} now"
                    yield broken(*seqs, why=why, pointer="/result/status")
            break


@check("mcp.ext.tasks.input.key-once")
def keys_stand_for_one_request(talk: Talk) -> Iterator[Note]:
    """A key of a task's inputRequests brings the same request while it is open. Another method under it, or after its answer was
    acknowledged another request, is a second request."""
    for identity, sights in _sights(talk):
        known: dict[str, tuple[Call, JSON]] = {}
        for call, result in sights:
            requests = result.get("inputRequests")
            for key, request in requests.items() if isinstance(requests, dict) else ():
                before, first = known.setdefault(key, (call, request))
                seqs = (*talk.answer_seqs(before), *talk.answer_seqs(call))
                another = _method(first) != _method(request) or _answered(talk, identity, key, call)
                if same(first, request) or not another:
                    yield ok(*seqs)
                else:
                    why = f"the key {brief(key)} stands for another request than before"
                    yield broken(*seqs, why=why, pointer="/result/inputRequests")


def _method(request: JSON) -> JSON:
    return request.get("method") if isinstance(request, dict) else None


def _answered(talk: Talk, identity: str, key: str, later: Call) -> bool:
    """Was an answer under this key acknowledged before `later` was sent?"""
    for call, _ in _results(talk, "tasks/update"):
        params = call.params if isinstance(call.params, dict) else {}
        given = params.get("inputResponses")
        acknowledged = talk.answer_seqs(call)[-1] < later.seq
        if acknowledged and params.get("taskId") == identity and isinstance(given, dict) and key in given:
            return True
    return False


@check("mcp.ext.tasks.failed-message")
def failures_are_explained(talk: Talk) -> Iterator[Note]:
    """A failed task says why, beside its error."""
    for call, result in _results(talk, "tasks/get"):
        if result.get("status") != "failed":
            continue
        if isinstance(result.get("statusMessage"), str) and result["statusMessage"].strip():
            yield ok(*talk.answer_seqs(call))
        else:
            yield broken(*talk.answer_seqs(call), why="the failed task has no statusMessage", pointer="/result")


CHECKS = (
    created_for_those_who_know,
    handles_are_marked,
    tasks_have_their_form,
    states_bring_their_payload,
    answers_are_complete,
    acknowledgements_are_empty,
    ends_are_final,
    keys_stand_for_one_request,
    failures_are_explained,
)
