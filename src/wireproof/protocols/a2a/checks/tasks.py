"""Tasks over time: their ids, their histories, their ends (specification 3.1.5, 3.2.4, 3.4.2)."""

from __future__ import annotations

from collections.abc import Iterator

from wireproof.judge.pack import Check, Note, broken, check, ok
from wireproof.protocols.a2a.asked import asked
from wireproof.protocols.a2a.conversation import Talk
from wireproof.protocols.a2a.told import task_of, tasks_of

_RUNNING = ("TASK_STATE_SUBMITTED", "TASK_STATE_WORKING")


@check("a2a.cancel.updated-task")
def canceled_stays(talk: Talk) -> Iterator[Note]:
    """A task that was told to be canceled does not work any more."""
    canceled: dict[str, tuple[int, ...]] = {}
    for seen in talk.results():
        for task in tasks_of(seen):
            state = task["status"].get("state") if isinstance(task.get("status"), dict) else None
            name = str(task.get("id"))
            if seen.call.operation == "CancelTask" and state == "TASK_STATE_CANCELED":
                canceled[name] = seen.seqs
            elif name in canceled and seen.call.seq > canceled[name][-1]:
                if state in _RUNNING:
                    why = f"a task that was told to be canceled is {state} afterwards"
                    yield broken(*canceled[name], *seen.seqs, why=why, pointer="/result/status/state")
                else:
                    yield ok(*canceled[name], *seen.seqs)


@check("a2a.task-id.returned")
def id_returned(talk: Talk) -> Iterator[Note]:
    """A task that a send tells of has its id."""
    for seen in talk.results("SendMessage") if talk.current else ():
        task = task_of(seen.result)
        if isinstance(task, dict):
            named = isinstance(task.get("id"), str) and bool(task["id"])
            yield ok(*seen.seqs) if named else broken(*seen.seqs, why="a task has no id", pointer="/result/task")


@check("a2a.task-id.unique")
def new_ids(talk: Talk) -> Iterator[Note]:
    """Messages that name no task, and are not the same message again, do not open tasks of the same id."""
    if not talk.current:
        return
    opened: dict[str, tuple[object, tuple[int, ...]]] = {}
    for seen in talk.results("SendMessage"):
        message, task = asked(seen.call).get("message"), task_of(seen.result)
        if not isinstance(message, dict) or message.get("taskId") or not isinstance(task, dict) or not task.get("id"):
            continue
        name, sent = str(task["id"]), message.get("messageId")
        if name in opened and opened[name][0] != sent:
            why = "two messages opened tasks of the same id"
            yield broken(*opened[name][1], *seen.seqs, why=why, pointer="/result/task/id")
        else:
            opened[name] = sent, seen.seqs
            yield ok(*seen.seqs)


@check("a2a.history.get-at-most", "a2a.history.send-at-most", "a2a.history.zero-left-out")
def history_length(talk: Talk) -> Iterator[Note]:
    """A task tells no more of its history than historyLength allows; with 0 none."""
    if not talk.current:
        return
    rows = {"GetTask": "a2a.history.get-at-most", "SendMessage": "a2a.history.send-at-most"}
    for seen in talk.results(*rows):
        sent = asked(seen.call)
        configuration = sent.get("configuration")
        holder = sent if seen.call.operation == "GetTask" else configuration if isinstance(configuration, dict) else {}
        length = holder.get("historyLength")
        task = seen.result if seen.call.operation == "GetTask" else task_of(seen.result)
        if not isinstance(length, int) or isinstance(length, bool) or length < 0 or not isinstance(task, dict):
            continue
        history = task.get("history", [])
        row = rows[seen.call.operation]
        if isinstance(history, list) and len(history) > length:
            why = f"a task has {len(history)} messages of history where {length} are the most"
            yield broken(*seen.seqs, why=why, pointer="/result", requirement=row)
        else:
            yield ok(*seen.seqs, requirement=row)
        if length == 0:
            zero = "a2a.history.zero-left-out"
            left = ok(*seen.seqs, requirement=zero)
            yield (
                left
                if "history" not in task
                else broken(*seen.seqs, why="history is there where 0 was asked for", requirement=zero)
            )


@check("a2a.context.generated-returned")
def context_told(talk: Talk) -> Iterator[Note]:
    """A context that the updates of a stream name is told by the Task of that stream, and by the Task that a send gives back."""
    if not talk.current:
        return
    for call in talk.operations:
        told = [seen for seen in talk.of(call) if isinstance(seen.result, dict)]
        tasks = [(seen, seen.result["task"]) for seen in told if isinstance(seen.result.get("task"), dict)]
        updates = (seen.result.get(name) for seen in told for name in ("statusUpdate", "artifactUpdate"))
        named = any(isinstance(one, dict) and one.get("contextId") for one in updates)
        for seen, task in tasks:
            if task.get("contextId"):
                yield ok(*seen.seqs)
            elif named:
                why = "a stream names a context in its updates and none in its task"
                yield broken(*seen.seqs, why=why, pointer="/result/task")


@check("a2a.exec-mode.blocking-latest-state")
def latest_state(talk: Talk) -> Iterator[Note]:
    """A send that waited until the task had ended tells the artifacts that the task has afterwards."""
    if not talk.current:
        return
    ended: dict[str, tuple[bool, tuple[int, ...]]] = {}
    for seen in talk.results("SendMessage", "GetTask"):
        for task in tasks_of(seen):
            state = task["status"].get("state") if isinstance(task.get("status"), dict) else None
            name = str(task.get("id"))
            if seen.call.operation == "SendMessage" and state in ("TASK_STATE_COMPLETED", "TASK_STATE_FAILED"):
                ended[name] = bool(task.get("artifacts")), seen.seqs
            elif seen.call.operation == "GetTask" and name in ended and task.get("artifacts"):
                told, seqs = ended[name]
                why = "a send that waited tells no artifacts of a task that has some"
                yield ok(*seqs, *seen.seqs) if told else broken(*seqs, *seen.seqs, why=why, pointer="/result/task")


@check("a2a.history.most-recent.v03")
def latest_history(talk: Talk) -> Iterator[Note]:
    """Of a task that rests, historyLength 1 gives the last message of the whole history."""
    whole: dict[str, tuple[list[object], tuple[int, ...]]] = {}
    for seen in talk.results("GetTask") if not talk.current else ():
        result = seen.result if isinstance(seen.result, dict) else {}
        held = result.get("history")
        told = [one.get("messageId") for one in held if isinstance(one, dict)] if isinstance(held, list) else []
        status = result.get("status")
        if not isinstance(status, dict) or status.get("state") in _RUNNING:
            continue
        count, name = asked(seen.call).get("historyLength"), str(result.get("id"))
        if count is None and len(set(map(str, told))) > 1:
            whole[name] = told, seen.seqs
        elif count == 1 and len(told) == 1 and name in whole and told[0] in whole[name][0]:
            every, seqs = whole[name]
            why = "historyLength 1 gives another message than the latest"
            if told[0] == every[-1]:
                yield ok(*seqs, *seen.seqs)
            else:
                yield broken(*seqs, *seen.seqs, why=why, pointer="/result/history")


CHECKS: tuple[Check, ...] = (
    latest_history,
    id_returned,
    canceled_stays,
    new_ids,
    history_length,
    context_told,
    latest_state,
)
