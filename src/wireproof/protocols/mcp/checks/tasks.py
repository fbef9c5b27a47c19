"""Tasks (basic/utilities/tasks, 2025-11-25): ids, the life of a task, its result, its place in the list, its cancellation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from wireproof.judge.matching import brief
from wireproof.judge.pack import Note, broken, check, ok
from wireproof.model.jsontext import ABSENT, JSON, same
from wireproof.protocols.jsonrpc import Call
from wireproof.protocols.mcp.conversation import Talk
from wireproof.protocols.mcp.survey import task_support
from wireproof.protocols.mcp.taskbook import STATUSES, Sight, Task, whose
from wireproof.protocols.mcp.trips import cancelled

_INTERNAL: Final = -32603
_INVALID: Final = -32602
_LEAP: Final = re.compile(r":60(?=$|[.,Zz+-])")
_SLOW: Final = "slow_compute"
_SHORT_OF: Final = 0.9
"""The part of a tool's own working time after which an answer counts as one that waited for it."""


@check("mcp.tasks.id.string")
def ids_are_strings(talk: Talk) -> Iterator[Note]:
    """The taskId of a new task is a string."""
    for sight in talk.tasks.sights:
        identity = sight.state.get("taskId", ABSENT)
        if sight.method != "tools/call" or identity is ABSENT:
            continue
        if isinstance(identity, str):
            yield ok(*sight.seqs)
        else:
            yield broken(*sight.seqs, why=f"the taskId is {brief(identity)}", pointer=f"{sight.pointer}/taskId")


@check("mcp.tasks.id.unique")
def ids_are_unique(talk: Talk) -> Iterator[Note]:
    """Two requests that made tasks were not given the same id. Who gives the same task for the same request again made none."""
    made = [one for one in talk.tasks.tasks if one.creation is not None]
    for place, task in enumerate(made):
        old = next((one for one in reversed(made[:place]) if one.id == task.id), None)
        seqs = task.sights[0].seqs
        if old is not None and not _alike(old, task) and not talk.tasks.gone(old, seqs[-1]):
            why = f"two tasks have the id {brief(task.id)}"
            yield broken(*old.sights[0].seqs, *seqs, why=why, pointer="/result/task/taskId")
        elif old is None and place:
            yield ok(*seqs)


def _alike(one: Task, other: Task) -> bool:
    """May both be one task that two equal requests share?"""
    wanted = [
        {name: each.creation.params.get(name) for name in ("name", "arguments")}
        for each in (one, other)
        if each.creation is not None and isinstance(each.creation.params, dict)
    ]
    times = [each.sights[0].state.get("createdAt") for each in (one, other)]
    return len(wanted) == 2 and same(wanted[0], wanted[1]) and same(times[0], times[1])


@check("mcp.tasks.status.initial")
def begins_working(talk: Talk) -> Iterator[Note]:
    """A new task is shown as working. One that has moved on in the meantime shows nothing of its beginning."""
    for sight in talk.tasks.sights:
        if sight.method != "tools/call" or sight.status is ABSENT:
            continue
        if sight.status == "working":
            yield ok(*sight.seqs)
        elif sight.status not in STATUSES:
            why = f"the new task has the status {brief(sight.status)}"
            yield broken(*sight.seqs, why=why, pointer=f"{sight.pointer}/status")


@check("mcp.tasks.status.transitions", "mcp.tasks.status.terminal")
def moves_as_it_may(talk: Talk) -> Iterator[Note]:
    """Tasks have none but the defined statuses, and one that was completed, failed or cancelled stays that."""
    for task in talk.tasks.tasks:
        offences = 0
        for sight in task.sights:
            if sight.status is not ABSENT and sight.status not in STATUSES:
                offences += 1
                why = f"the task came to the status {brief(sight.status)}"
                yield broken(*sight.seqs, why=why, pointer=f"{sight.pointer}/status")
        end = task.end
        for sight in task.sights[task.sights.index(end) + 1 :] if end is not None else ():
            if end is None or sight.status is ABSENT or not (sight.later_than(end.seq) or sight.terminal):
                continue
            if sight.status == end.status:
                yield ok(*end.seqs, *sight.seqs, requirement="mcp.tasks.status.terminal")
                continue
            offences += 1
            why = f"the task was {end.status} and then {brief(sight.status)}"
            for row in ("mcp.tasks.status.transitions", "mcp.tasks.status.terminal"):
                yield broken(*end.seqs, *sight.seqs, why=why, pointer=f"{sight.pointer}/status", requirement=row)
        statuses = {str(one.status) for one in task.sights}
        if not offences and len(statuses) > 1:
            yield ok(task.created, task.sights[-1].seq, requirement="mcp.tasks.status.transitions")


@check("mcp.tasks.ttl.created-at", "mcp.tasks.ttl.updated-at")
def carries_its_times(talk: Talk) -> Iterator[Note]:
    """Whatever shows a task says when it was created and when it was last updated, as ISO 8601 writes times."""
    for sight in talk.tasks.sights:
        for row, member in (("mcp.tasks.ttl.created-at", "createdAt"), ("mcp.tasks.ttl.updated-at", "lastUpdatedAt")):
            value = sight.state.get(member, ABSENT)
            if isinstance(value, str) and _is_time(value):
                yield ok(*sight.seqs, requirement=row)
            else:
                why = f"{member} is {brief(value)}" if value is not ABSENT else f"the task has no {member}"
                yield broken(*sight.seqs, why=why, pointer=f"{sight.pointer}/{member}", requirement=row)


def _is_time(text: str) -> bool:
    """ISO 8601 in any of its forms, of which RFC 3339 is one."""
    try:
        datetime.fromisoformat(_LEAP.sub(":59", text).upper())
    except ValueError:
        return False
    return True


@check("mcp.tasks.ttl.actual")
def tells_its_ttl(talk: Talk) -> Iterator[Note]:
    """tasks/get says how long the task is kept: a number of milliseconds, or null for ever."""
    for sight in talk.tasks.sights:
        if sight.method != "tasks/get":
            continue
        ttl = sight.state.get("ttl", ABSENT)
        if ttl is None or (isinstance(ttl, int | float) and not isinstance(ttl, bool)):
            yield ok(*sight.seqs)
        else:
            why = f"the ttl is {brief(ttl)}" if ttl is not ABSENT else "tasks/get says nothing of the ttl"
            yield broken(*sight.seqs, why=why, pointer=f"{sight.pointer}/ttl")


@check("mcp.tasks.create.result", "mcp.schema.tasks.create-result")
def creates_a_task(talk: Talk) -> Iterator[Note]:
    """A tool that may run as a task, called as one, is answered by a task. A refusal, also one in a result, is no acceptance."""
    tools = {one.get("name"): task_support(one) for one in talk.facts.get("tools", ())}
    for call in talk.tasks.creations:
        name = call.params.get("name") if isinstance(call.params, dict) else None
        if not call.lawful or not isinstance(name, str) or not isinstance(call.result, dict):
            continue
        if tools.get(name) not in ("optional", "required") or not talk.has("tasks.requests.tools.call"):
            continue
        if isinstance(call.result.get("task"), dict):
            yield ok(*talk.answer_seqs(call))
        elif call.result.get("isError") is not True:
            rows = ["mcp.tasks.create.result"]
            if not {"content", "task"}.intersection(call.result):  # no tool result either
                rows.append("mcp.schema.tasks.create-result")
            for row in rows:
                why = "the call was to run as a task, and its answer has no task"
                yield broken(*talk.answer_seqs(call), why=why, pointer="/result", requirement=row)


@check("mcp.tasks.create.soon")
def creates_soon(talk: Talk) -> Iterator[Note]:
    """A tool that works for some seconds is answered by its task before that, not when the work is over."""
    for task in talk.tasks.tasks:
        call, work = task.creation, _working_time(talk, task.creation)
        if call is None or call.answer is None or work is None:
            continue
        took = talk.tasks.seconds(call.seq, call.answer.seq)
        if took < _SHORT_OF * work:
            yield ok(*talk.answer_seqs(call))
        elif task.sights[0].terminal:
            why = f"the task was answered after {took:.1f} s, when its work was over"
            yield broken(*talk.answer_seqs(call), why=why, pointer="/result/task/status")


def _working_time(talk: Talk, call: Call | None) -> float | None:
    """Seconds for which the harness's own slow tool was asked to work; None for every other call."""
    if call is None or not talk.has(f"fixture:{_SLOW}") or not isinstance(call.params, dict):
        return None
    arguments = call.params.get("arguments")
    wanted = arguments.get("seconds") if isinstance(arguments, dict) else None
    right = call.params.get("name") == _SLOW and isinstance(wanted, int | float) and wanted >= 0.5
    return float(wanted) if right and isinstance(wanted, int | float) else None


def _payloads(talk: Talk) -> Iterator[tuple[Task, Call]]:
    """(task, tasks/result request that was answered and that we did not cancel)."""
    dropped = cancelled(talk)
    for task in talk.tasks.tasks:
        for call in task.asked("tasks/result"):
            if call.answer is not None and not any(same(call.id, one) for one in dropped):
                yield task, call


def _early(task: Task, call: Call) -> Sight | None:
    """What shows that the task was not at its end when its result was answered."""
    seq = call.answer.seq if call.answer is not None else call.seq
    return next((one for one in task.later(seq) if one.status in ("working", "input_required")), None)


@check("mcp.tasks.result.blocks")
def waits_for_the_end(talk: Talk) -> Iterator[Note]:
    """tasks/result of a task that is not at its end is not answered until it is. A failure inside the server is no answer of that kind."""
    answered = dict.fromkeys(call.seq for _, call in _payloads(talk))
    for task, call in _payloads(talk):
        early = _early(task, call)
        failed = isinstance(call.error, dict) and call.error.get("code") == _INTERNAL
        if early is not None and not failed:
            why = f"tasks/result was answered, and the task is still {early.status}"
            yield broken(*talk.answer_seqs(call), *early.seqs, why=why)
    for task in talk.tasks.tasks:
        for call in task.asked("tasks/result"):
            seq = call.answer.seq if call.answer is not None else len(talk.records)
            if call.answer is not None and (call.seq not in answered or _early(task, call) is not None):
                continue
            waiting = [one for one in task.later(call.seq) if one.seq < seq]
            if any(one.status in ("working", "input_required") for one in waiting):
                yield ok(call.seq, *waiting[0].seqs)


@check("mcp.tasks.result.terminal", "mcp.tasks.result.success")
def gives_the_outcome(talk: Talk) -> Iterator[Note]:
    """What tasks/result gives for a completed tool call is that call's result; for a failed one its result or its error.

    Only what was asked for when the end was known is held against a server, and only until it gave the result once.
    """
    rows = ("mcp.tasks.result.terminal", "mcp.tasks.result.success")
    given: set[int] = set()
    for task, call in _payloads(talk):
        seqs, end = talk.answer_seqs(call), task.end
        if end is None or end.status == "cancelled" or task.creation is None or _early(task, call) is not None:
            continue
        if isinstance(call.result, dict) and "content" in call.result:
            given.add(id(task))
            for row in rows:
                yield ok(*seqs, *end.seqs, requirement=row)
        elif end.seq > call.seq or id(task) in given or talk.tasks.gone(task, seqs[-1]):
            continue
        elif isinstance(call.result, dict):
            why = f"tasks/result of a task that is {end.status} gives no tool result"
            yield broken(*seqs, *end.seqs, why=why, pointer="/result", requirement=rows[0])
        elif end.status == "completed":
            for row in rows:
                why = "tasks/result of a completed task gives an error"
                yield broken(*seqs, *end.seqs, why=why, pointer="/error", requirement=row)
        else:
            yield ok(*seqs, *end.seqs, requirement=rows[0])


@check("mcp.tasks.result.exact")
def gives_what_a_call_gives(talk: Talk) -> Iterator[Note]:
    """A tool that gave the same twice when it was called plainly gives that as a task too, metadata apart."""
    for task, call in _payloads(talk):
        if task.creation is None or not isinstance(call.result, dict) or _early(task, call) is not None:
            continue
        plain = [one for one in talk.requests if one.lawful and _same_call(one, task.creation)]
        results = [_bare(one.result) for one in plain if isinstance(one.result, dict)]
        if len(results) < 2 or not all(same(one, results[0]) for one in results):
            continue
        if same(_bare(call.result), results[0]):
            yield ok(*talk.answer_seqs(plain[0]), *talk.answer_seqs(call))
        else:
            why = f"the task's result is {brief(_bare(call.result))}, that of the plain call {brief(results[0])}"
            yield broken(*talk.answer_seqs(plain[0]), *talk.answer_seqs(call), why=why, pointer="/result")


def _same_call(one: Call, other: Call) -> bool:
    """A plain call of the same tool with the same arguments, in the same exchange."""
    mine, its = one.params, other.params
    if one.method != "tools/call" or one.span != other.span or not isinstance(mine, dict) or not isinstance(its, dict):
        return False
    return "task" not in mine and all(same(mine.get(key), its.get(key)) for key in ("name", "arguments"))


def _bare(result: JSON) -> dict[str, Any]:
    """A result without metadata; isError false is the same as none."""
    members = result if isinstance(result, dict) else {}
    kept = {key: value for key, value in members.items() if key != "_meta"}
    return {key: value for key, value in kept.items() if not (key == "isError" and value is False)}


@check("mcp.tasks.failed-message")
def failures_are_explained(talk: Talk) -> Iterator[Note]:
    """tasks/get of a failed task has a statusMessage."""
    for sight in talk.tasks.sights:
        if sight.method != "tasks/get" or sight.status != "failed":
            continue
        words = sight.state.get("statusMessage")
        if isinstance(words, str) and words.strip():
            yield ok(*sight.seqs)
        else:
            yield broken(
                *sight.seqs, why="the failed task has no statusMessage", pointer=f"{sight.pointer}/statusMessage"
            )


@check("mcp.tasks.is-error-failed")
def errors_fail_the_task(talk: Talk) -> Iterator[Note]:
    """A task whose tool result has isError true is failed, not completed."""
    for task, call in _payloads(talk):
        if not isinstance(call.result, dict) or call.result.get("isError") is not True or task.end is None:
            continue
        seqs = (*talk.answer_seqs(call), *task.end.seqs)
        if task.end.status == "failed":
            yield ok(*seqs)
        elif task.end.status == "completed":
            why = "the tool's result has isError true, and the task is completed"
            yield broken(*seqs, why=why, pointer=f"{task.end.pointer}/status")


@check("mcp.tasks.list.complete", "mcp.tasks.list.next-cursor")
def lists_every_task(talk: Talk) -> Iterator[Note]:
    """A task that was there before the list was read, to its last page, and that tasks/get knows afterwards is in it.

    What changes or goes while several pages are read may shift the rest, and one that changes may have changed its place.
    """
    rows = ("mcp.tasks.list.complete", "mcp.tasks.list.next-cursor")
    for pages in _readings(talk):
        last = pages[-1].answer.seq if pages[-1].answer is not None else pages[-1].seq
        for task in talk.tasks.tasks:
            asked = (one for one in task.later(last) if one.method == "tasks/get")
            known = next((one for one in asked if whose(talk, one.call) == whose(talk, pages[0])), None)
            if known is None or task.creation is None or task.created > pages[0].seq:
                continue
            seqs = (task.created, pages[0].seq, last, *known.seqs)
            listed = any(one.call in pages for one in task.sights)
            if not listed and len(pages) > 1 and not _at_rest(talk, task, known, pages[0].seq):
                continue
            for row in rows:
                if listed:
                    yield ok(*seqs, requirement=row)
                else:
                    why = f"the list ends without a nextCursor and without {brief(task.id)}, which tasks/get knows"
                    yield broken(*seqs, why=why, pointer="/result/tasks", requirement=row)


def _at_rest(talk: Talk, task: Task, known: Sight, begun: int) -> bool:
    """Is the task after the reading as it was before, and is no other one that was seen old enough to have been deleted meanwhile?"""
    before = [one for one in task.sights if one.seq < begun]
    parts = [[one.state.get(key) for key in ("status", "lastUpdatedAt")] for one in (before[-1], known)]
    return same(parts[0], parts[1]) and not any(talk.tasks.gone(one, known.seq) for one in talk.tasks.tasks)


def _readings(talk: Talk) -> Iterator[list[Call]]:
    """The requests of each reading of the list of tasks from its first page to its last."""
    pages: list[Call] = []
    following: JSON = None
    for call, result in talk.results("tasks/list"):
        cursor = call.params.get("cursor", ABSENT) if isinstance(call.params, dict) else ABSENT
        if not isinstance(result.get("tasks"), list):
            pages = []
            continue
        if cursor is ABSENT:
            pages = []
        elif not pages or not same(following, cursor):
            continue
        pages.append(call)
        following = result.get("nextCursor")
        if following is None:
            yield pages
            pages = []


@check("mcp.tasks.cancel.terminal-32602")
def refuses_to_cancel_the_finished(talk: Talk) -> Iterator[Note]:
    """Cancelling a task that has come to its end is refused with -32602. That it had, earlier words of the server show, or the answer."""
    for task in talk.tasks.tasks:
        for call in task.asked("tasks/cancel"):
            if call.answer is None or not talk.has("tasks.cancel"):
                continue
            end, seqs = task.ended_before(call.seq), talk.answer_seqs(call)
            if end is not None:
                yield _refused(end, call, (*end.seqs, *seqs))
            elif isinstance(call.result, dict) and call.result.get("status") in ("completed", "failed"):
                why = f"the answer to tasks/cancel is a task that is {call.result['status']}"
                yield broken(*seqs, why=why, pointer="/result/status")


def _refused(end: Sight, call: Call, seqs: tuple[int, ...]) -> Note:
    """What is to be said of the answer to a cancellation that came too late."""
    if not isinstance(call.error, dict):
        return broken(*seqs, why=f"a task that is {end.status} was cancelled", pointer="/result")
    code = call.error.get("code")
    if code == _INVALID:
        return ok(*seqs)
    why = f"cancelling a task that is {end.status} gives the error {brief(code)}"
    return broken(*seqs, why=why, pointer="/error/code")


@check("mcp.tasks.cancel.transition", "mcp.tasks.cancel.sticky")
def cancelled_for_good(talk: Talk) -> Iterator[Note]:
    """The answer to tasks/cancel shows the task cancelled, and so does whatever is said of it later."""
    for task in talk.tasks.tasks:
        for call in task.asked("tasks/cancel"):
            if task.ended_before(call.seq) is not None or not isinstance(call.result, dict) or call.answer is None:
                continue
            seqs = talk.answer_seqs(call)
            later = list(task.later(call.answer.seq))
            shown = call.result.get("status", later[0].status if later else ABSENT)
            if shown is ABSENT or shown in ("completed", "failed"):
                continue  # such a task was not to be cancelled at all
            if shown == "cancelled":
                yield ok(*seqs, requirement="mcp.tasks.cancel.transition")
            else:
                why = f"the cancelled task is {brief(shown)}"
                row = "mcp.tasks.cancel.transition"
                yield broken(*seqs, why=why, pointer="/result/status", requirement=row)
                continue
            for sight in later:
                if sight.status == "cancelled":
                    yield ok(*seqs, *sight.seqs, requirement="mcp.tasks.cancel.sticky")
                elif sight.status is not ABSENT:
                    why = f"the task was cancelled, and is {brief(sight.status)} now"
                    where = f"{sight.pointer}/status"
                    row = "mcp.tasks.cancel.sticky"
                    yield broken(*seqs, *sight.seqs, why=why, pointer=where, requirement=row)


CHECKS = (
    ids_are_strings,
    ids_are_unique,
    begins_working,
    moves_as_it_may,
    carries_its_times,
    tells_its_ttl,
    creates_a_task,
    creates_soon,
    waits_for_the_end,
    gives_the_outcome,
    gives_what_a_call_gives,
    failures_are_explained,
    errors_fail_the_task,
    lists_every_task,
    refuses_to_cancel_the_finished,
    cancelled_for_good,
)
