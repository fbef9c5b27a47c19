"""What belongs to a task and how it is marked: requests for input, progress, results; and which cancellation is for what (2025-11-25)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from wireproof.judge.matching import brief
from wireproof.judge.pack import Note, broken, check, ok
from wireproof.model.jsontext import ABSENT, JSON, same
from wireproof.model.wire import Kind, Record, Way
from wireproof.protocols.jsonrpc import Shape, shape
from wireproof.protocols.mcp.checks.initiative import INPUT
from wireproof.protocols.mcp.conversation import Inbound, Talk
from wireproof.protocols.mcp.taskbook import STATUS_TOLD, Task, in_line, progress_token, related_id, whose
from wireproof.protocols.mcp.trips import posts

_ALL: Final = "mcp.tasks.related.all"
_CONFIRMS: Final = ("confirm_delete", "multi_input")
"""Tools of harnesses that cannot go on without the input that they ask for."""
_SETTLED: Final = 0.9
"""Seconds in which a server has taken note of an answer."""


@check("mcp.tasks.result.related", _ALL)
def results_are_marked(talk: Talk) -> Iterator[Note]:
    """What tasks/result gives carries related-task metadata with the id of the task. An error has no place for it."""
    for call, result in talk.results("tasks/result"):
        task = talk.tasks.named(call)
        if task is None:
            continue
        mark, seqs = related_id(result), talk.answer_seqs(call)
        for row in ("mcp.tasks.result.related", _ALL):
            if same(mark, task.id):
                yield ok(*seqs, requirement=row)
            else:
                yield broken(*seqs, why=_unmarked("the result", mark), pointer="/result/_meta", requirement=row)


def _unmarked(what: str, mark: JSON) -> str:
    if mark is ABSENT:
        return f"{what} has no related-task metadata"
    return f"the related-task metadata of {what} names {brief(mark)}"


@check("mcp.tasks.related.omit-result")
def states_are_unmarked(talk: Talk) -> Iterator[Note]:
    """Results of tasks/get, tasks/list and tasks/cancel name their tasks themselves and carry no related-task metadata."""
    for call, result in talk.results("tasks/get", "tasks/list", "tasks/cancel"):
        if related_id(result) is ABSENT:
            yield ok(*talk.answer_seqs(call))
        else:
            why = f"the result of {call.method} carries related-task metadata"
            yield broken(*talk.answer_seqs(call), why=why, pointer="/result/_meta")


@check("mcp.tasks.related.omit-status")
def status_is_unmarked(talk: Talk) -> Iterator[Note]:
    """Status notifications carry no related-task metadata."""
    for one in talk.notifications_in:
        if one.method != STATUS_TOLD:
            continue
        if related_id(one.params) is ABSENT:
            yield ok(one.seq)
        else:
            yield broken(one.seq, why="the notification carries related-task metadata", pointer="/params/_meta")


@check("mcp.tasks.related.source-of-truth", "mcp.tasks.related.ignore")
def parameters_decide(talk: Talk) -> Iterator[Note]:
    """tasks/get and tasks/cancel answer for the task that their parameter names, whatever the metadata says."""
    for call, result in talk.results("tasks/get", "tasks/cancel"):
        mark, task = related_id(call.params), talk.tasks.named(call)
        shown = result.get("taskId")
        if mark is ABSENT or task is None or same(mark, task.id) or not isinstance(shown, str):
            continue
        for row in ("mcp.tasks.related.source-of-truth", "mcp.tasks.related.ignore"):
            if shown == task.id:
                yield ok(*talk.answer_seqs(call), requirement=row)
            else:
                why = f"{call.method} for {brief(task.id)} was answered for {brief(shown)}"
                yield broken(*talk.answer_seqs(call), why=why, pointer="/result/taskId", requirement=row)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ask:
    """A request of the server for input that a task needs. `marked`: it says so itself. `reply`: our answer to it."""

    task: Task
    inbound: Inbound
    mark: JSON
    marked: bool
    reply: Record | None


def _asks(talk: Talk) -> Iterator[_Ask]:
    """Requests for input that say which task they are of, and those that can be of no other: there is one task that waits for
    input, none of its own requests was seen, and no other request of ours is open that could have caused them."""
    asked = [one for one in talk.requests_in if one.method in INPUT]
    marked = {one.seq: talk.tasks.known(related_id(one.params)) for one in asked}
    owners = [task.id for task in marked.values() if task is not None]
    for one in asked:
        task = marked.get(one.seq)
        reply = _reply(talk, one)
        found = [task] if task is not None else _waiting(talk, one, reply)
        if len(found) == 1 and (task is not None or found[0].id not in owners):
            mark = related_id(one.params)
            yield _Ask(task=found[0], inbound=one, mark=mark, marked=task is not None, reply=reply)


def _reply(talk: Talk, one: Inbound) -> Record | None:
    identity = one.record.message.get("id")
    for record in talk.records[one.seq :]:
        message = record.message
        ours = record.way is Way.OUT and record.kind is Kind.MESSAGE and shape(message) is Shape.RESPONSE
        if ours and same(message.get("id"), identity):
            return record
    return None


def _waiting(talk: Talk, one: Inbound, reply: Record | None) -> list[Task]:
    """Tasks that wait for input when this request comes, if nothing else of ours is under way."""
    for call in talk.requests:
        pending = call.seq < one.seq and (call.answer is None or call.answer.seq > one.seq)
        harmless = call.method.startswith("tasks/") or call.method == "ping" or call in talk.tasks.creations
        if pending and not harmless:
            return []
    until = reply.seq if reply is not None else len(talk.records)
    return [task for task in talk.tasks.tasks if _waits(task, one.seq, until)]


def _waits(task: Task, seq: int, until: int) -> bool:
    """Is it shown as waiting for input around record `seq`, before what was asked is answered at `until`?"""
    before = [one for one in task.sights if one.seq < seq]
    after = [one for one in task.sights if seq < one.seq < until]
    return "input_required" in [one.status for one in (*before[-1:], *after[:1])] and task.ended_before(seq) is None


@check("mcp.tasks.input.related", "mcp.tasks.related.elicitation", _ALL)
def asks_are_marked(talk: Talk) -> Iterator[Note]:
    """A request for input that a task needs carries related-task metadata with the task's id."""
    for ask in _asks(talk):
        rows = ["mcp.tasks.input.related", _ALL]
        if ask.inbound.method == "elicitation/create":
            rows.append("mcp.tasks.related.elicitation")
        for row in rows:
            if ask.marked:
                yield ok(ask.task.created, ask.inbound.seq, requirement=row)
            else:
                why = _unmarked(ask.inbound.method, ask.mark)
                yield broken(ask.task.created, ask.inbound.seq, why=why, pointer="/params/_meta", requirement=row)


@check("mcp.tasks.input.move")
def moves_to_input_required(talk: Talk) -> Iterator[Note]:
    """While a task waits for the answer to what it asked, tasks/get shows input_required. Whether it must wait is known of some tools only."""
    for ask in _asks(talk):
        until = ask.reply.seq if ask.reply is not None else len(talk.records)
        creation = ask.task.creation.params if ask.task.creation is not None else {}
        needed = isinstance(creation, dict) and creation.get("name") in _CONFIRMS
        for sight in ask.task.later(ask.inbound.seq):
            if sight.seq > until:
                continue
            if sight.status == "input_required":
                yield ok(ask.inbound.seq, *sight.seqs)
            elif sight.status == "working" and needed and talk.has(f"fixture:{creation['name']}"):
                why = "the task asks for input and is still shown as working"
                yield broken(ask.inbound.seq, *sight.seqs, why=why, pointer=f"{sight.pointer}/status")


@check("mcp.tasks.input.leave")
def leaves_input_required(talk: Talk) -> Iterator[Note]:
    """Once all that was asked is answered, the task is input_required no more; a server has some time to take note of it."""
    for task in talk.tasks.tasks:
        asks = [one for one in _asks(talk) if one.task is task]
        replies = [one.reply.seq for one in asks if one.reply is not None]
        if not asks or len(replies) != len(asks):
            continue
        last = max(replies)
        for sight in task.later(last):
            fetching = [one for one in task.asked("tasks/result") if one.seq < sight.seqs[0]]
            seqs = (asks[-1].inbound.seq, last, *sight.seqs)
            if sight.status != "input_required":
                yield ok(*seqs)
            elif fetching and talk.tasks.seconds(last, sight.seqs[0]) >= _SETTLED:
                why = "all that the task asked for was answered, and it is still input_required"
                yield broken(*seqs, why=why, pointer=f"{sight.pointer}/status")


@check("mcp.tasks.input.no-upgrade")
def polls_get_no_stream(talk: Talk) -> Iterator[Note]:
    """tasks/get over HTTP is answered by JSON where the server can do that: where other requests are, and nothing else waits to be sent."""
    if not talk.http:
        return
    answered = [one for one in posts(talk, Shape.REQUEST) if one.status == 200 and one.answer is not None]
    plain = any(one.content_type == "application/json" for one in answered)
    for trip in answered:
        if trip.call is None or trip.call.method != "tasks/get" or not isinstance(trip.call.result, dict):
            continue
        if trip.content_type == "application/json":
            yield ok(*trip.seqs)
        elif trip.streams and plain and [one.kind for one in trip.parts].count(Kind.MESSAGE) == 1:
            yield broken(*trip.seqs, why="tasks/get is answered with a stream, and other requests with JSON")


_TOKEN_ROWS: Final = ("mcp.progress.task-token-continues", "mcp.progress.task-same-token")


@check(*_TOKEN_ROWS, _ALL)
def progress_is_the_tasks(talk: Talk) -> Iterator[Note]:
    """Progress of a task, after it was created, has the token of the request that created it; related-task metadata names that task.

    Whether it must be there at all can be read in two ways: messages of a task carry it, yet progress of a task is as the page on
    progress has it, where the token alone says what it is about.
    """
    for task in talk.tasks.tasks:
        token = progress_token(task.creation)
        if token is ABSENT:
            continue
        for one, mark in _progress(talk, task, token):
            if not same(mark, task.id) and not _surely_later(talk, task, one):
                continue
            seqs = (task.created, one.seq)
            for row in _TOKEN_ROWS:
                if same(_params(one).get("progressToken"), token):
                    yield ok(*seqs, requirement=row)
                else:
                    why = f"progress of the task has the token {brief(_params(one).get('progressToken'))}"
                    yield broken(*seqs, why=why, pointer="/params/progressToken", requirement=row)
            if same(mark, task.id):
                yield ok(*seqs, requirement=_ALL)
            elif mark is not ABSENT:
                why = _unmarked("progress of the task", mark)
                yield broken(*seqs, why=why, pointer="/params/_meta", requirement=_ALL)


def _surely_later(talk: Talk, task: Task, one: Inbound) -> bool:
    """Was it written when the task had been created? Over HTTP a stream that was open before brings nothing much older than it comes."""
    made = task.creation.answer.seq if task.creation is not None and task.creation.answer is not None else task.created
    if not talk.http:
        return one.seq > made
    opened = next((each.seq for each in talk.records if each.channel == one.record.channel), made)
    trips = (each for each in talk.requests if each.seq > made and each.answer is not None)
    return opened < made and any(each.answer is not None and each.answer.seq < one.seq for each in trips)


def _params(one: Inbound) -> dict[str, Any]:
    return one.params if isinstance(one.params, dict) else {}


def _progress(talk: Talk, task: Task, token: JSON) -> Iterator[tuple[Inbound, JSON]]:
    """Progress after the creation that is marked as the task's, or has its token, with its mark."""
    for one in talk.notifications_in:
        mark = related_id(one.params)
        if one.method != "notifications/progress" or one.seq < task.created:
            continue
        if same(mark, task.id) or same(_params(one).get("progressToken"), token):
            yield one, mark


@check("mcp.progress.task-stop", "mcp.tasks.cancel.stop")
def progress_ends_with_the_task(talk: Talk) -> Iterator[Note]:
    """No progress comes once the task was shown at its end; after a cancellation that shows that the work was stopped."""
    for task in talk.tasks.tasks:
        token, end = progress_token(task.creation), task.end
        if token is ABSENT or end is None:
            continue
        progress = [one for one, _ in _progress(talk, task, token)]
        late = [one for one in progress if in_line(talk, end.seq, one)]
        rows = ["mcp.progress.task-stop"]
        if end.status == "cancelled" and any(isinstance(one.result, dict) for one in task.asked("tasks/cancel")):
            rows.append("mcp.tasks.cancel.stop")
        for row in rows:
            if late:
                why = f"progress goes on though the task is {end.status}"
                yield broken(*end.seqs, late[0].seq, why=why, requirement=row)
            elif progress and any(call.seq > end.seq and call.answer is not None for call in talk.requests):
                yield ok(progress[-1].seq, *end.seqs, requirement=row)


@check("mcp.tasks.auth.list-own")
def lists_no_tasks_of_others(talk: Talk) -> Iterator[Note]:
    """What tasks/list shows to a user has no task of another one: who is somebody else, the exchange says by the token that it sends."""
    for call, result in talk.results("tasks/list"):
        mine = whose(talk, call)
        made = [one for one in talk.tasks.tasks if one.creation is not None and one.created < call.seq]
        others = [one for one in made if whose(talk, one.creation) != mine]
        shown = [one for one in others if any(sight.call is call for sight in one.sights)]
        for task in shown:
            why = f"the list shows {brief(task.id)}, a task of another user"
            yield broken(task.created, *talk.answer_seqs(call), why=why, pointer="/result/tasks")
        if others and not shown and isinstance(result.get("tasks"), list):
            yield ok(others[0].created, *talk.answer_seqs(call))


@check("mcp.cancel.request-id-for-non-task", "mcp.cancel.tasks-use-cancel")
def cancels_by_the_right_name(talk: Talk) -> Iterator[Note]:
    """A cancelled notification names the request; one that made a task on our side is cancelled by tasks/cancel."""
    augmented = [one for one in talk.requests_in if isinstance(_params(one).get("task"), dict)]
    for one in talk.inbound:
        if one.method == "tasks/cancel" and augmented:
            yield ok(one.seq, requirement="mcp.cancel.tasks-use-cancel")
        if one.method != "notifications/cancelled":
            continue
        identity = _params(one).get("requestId", ABSENT)
        if identity is ABSENT:
            why = "the cancellation does not say which request it is for"
            row = "mcp.cancel.request-id-for-non-task"
            yield broken(one.seq, why=why, pointer="/params/requestId", requirement=row)
            continue
        tasks = [each for each in augmented if same(each.record.message.get("id"), identity)]
        if any(_became_task(talk, each) for each in tasks):
            why = "a request that runs as a task was cancelled by a notification"
            row = "mcp.cancel.tasks-use-cancel"
            yield broken(tasks[0].seq, one.seq, why=why, pointer="/params/requestId", requirement=row)
        else:
            yield ok(one.seq, requirement="mcp.cancel.request-id-for-non-task")


def _became_task(talk: Talk, one: Inbound) -> bool:
    """Did we answer the server's request by a task?"""
    reply = _reply(talk, one)
    result = reply.message.get("result") if reply is not None else None
    return isinstance(result, dict) and isinstance(result.get("task"), dict)


CHECKS = (
    results_are_marked,
    states_are_unmarked,
    status_is_unmarked,
    parameters_decide,
    asks_are_marked,
    moves_to_input_required,
    leaves_input_required,
    polls_get_no_stream,
    progress_is_the_tasks,
    progress_ends_with_the_task,
    lists_no_tasks_of_others,
    cancels_by_the_right_name,
)
