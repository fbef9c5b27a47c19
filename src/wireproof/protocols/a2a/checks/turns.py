"""Tasks that wait for their client, and what comes of its next message (specification 3.4.3, 7.6.1; 0.3: 4.5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from wireproof.judge.pack import Check, Note, broken, check, ok
from wireproof.protocols.a2a.asked import asked
from wireproof.protocols.a2a.conversation import Seen, Talk
from wireproof.protocols.a2a.streams import streams
from wireproof.protocols.a2a.told import task_of, tasks_of

_INPUT: Final = "TASK_STATE_INPUT_REQUIRED"
_AUTH: Final = "TASK_STATE_AUTH_REQUIRED"


def _status(task: Mapping[str, Any]) -> Mapping[str, Any]:
    held = task.get("status")
    return held if isinstance(held, dict) else {}


def _replies(talk: Talk, state: str) -> Iterator[tuple[Seen, Mapping[str, Any], Seen]]:
    """(answer that told a task in that state, the task, what the next message for it was answered)."""
    waiting: dict[str, tuple[Seen, Mapping[str, Any]]] = {}
    for seen in talk.seen:
        message = asked(seen.call).get("message") if seen.call.operation == "SendMessage" else None
        named = message.get("taskId") if isinstance(message, dict) else None
        if named in waiting and seen.call.lawful:
            before, task = waiting.pop(str(named))
            yield before, task, seen
        for task in tasks_of(seen):
            if _status(task).get("state") == state:
                waiting[str(task.get("id"))] = seen, task
            else:
                waiting.pop(str(task.get("id")), None)


@check("a2a.multi-turn.input-required-continued", "a2a.multi-turn.context-inferred")
def goes_on(talk: Talk) -> Iterator[Note]:
    """The message for a task that wants input goes into that task, and stays in its context although it names none."""
    for before, task, seen in _replies(talk, _INPUT) if talk.current else ():
        after = task_of(seen.result)
        message = asked(seen.call)["message"]
        if not isinstance(after, dict) or (message.get("contextId") or task.get("contextId")) != task.get("contextId"):
            continue
        row, seqs = "a2a.multi-turn.input-required-continued", (*before.seqs, *seen.seqs)
        if after.get("id") != task.get("id"):
            yield broken(
                *seqs, why="the answer to a task opened another one", pointer="/result/task/id", requirement=row
            )
        else:
            yield ok(*seqs, requirement=row)
        row, context = "a2a.multi-turn.context-inferred", task.get("contextId")
        if message.get("contextId") or not context or not after.get("contextId"):
            continue
        if after["contextId"] != context:
            why = "a message for a task, which names no context, was taken into another context than the task's"
            yield broken(*seqs, why=why, pointer="/result/task/contextId", requirement=row)
        else:
            yield ok(*seqs, requirement=row)


@check("a2a.in-task-auth.status-message", "a2a.in-task-auth.status-message.v03")
def says_what_it_wants(talk: Talk) -> Iterator[Note]:
    """A task that wants an authorization has a message that explains it, unless an extension that the agent insists on may do so."""
    if talk.has("extension-required"):
        return
    row = "a2a.in-task-auth.status-message" + ("" if talk.current else ".v03")
    for seen in talk.results("SendMessage"):
        task = task_of(seen.result)
        status = _status(task) if isinstance(task, dict) else {}
        if status.get("state") != _AUTH:
            continue
        if status.get("message"):
            yield ok(*seen.seqs, requirement=row)
        else:
            why = "a task wants an authorization and has no message that says which"
            yield broken(*seen.seqs, why=why, pointer="/result/task/status", requirement=row)


@check("a2a.in-task-auth.messages-accepted")
def listens(talk: Talk) -> Iterator[Note]:
    """A task that wants an authorization, and goes on wanting it, takes messages."""
    for before, task, seen in _replies(talk, _AUTH) if talk.current else ():
        if seen.error is not None:
            still = next(
                (one for one in talk.results("GetTask") if one.call.seq > seen.record.seq and _is(one, task)), None
            )
            if still is not None and _status(still.result).get("state") == _AUTH:
                why = f"a message for a task that wants an authorization was refused: {seen.error.get('meaning')}"
                yield broken(*before.seqs, *seen.seqs, still.record.seq, why=why)
        elif seen.result is not None:
            yield ok(*before.seqs, *seen.seqs)


def _is(seen: Seen, task: Mapping[str, Any]) -> bool:
    return isinstance(seen.result, dict) and seen.result.get("id") == task.get("id")


@check("a2a.exec-mode.return-immediately-elsewhere")
def streams_whole(talk: Talk) -> Iterator[Note]:
    """A stream that was asked to return at once tells an end of its task, or that it waits, before it closes, as any other does."""
    for stream in streams(talk, "SendStreamingMessage") if talk.current else ():
        configuration = asked(stream.call).get("configuration")
        at_once = configuration.get("returnImmediately") if isinstance(configuration, dict) else None
        if at_once is not True or stream.over is None:
            continue
        if stream.settled or any(one.kind == "message" for one in stream.events):
            yield ok(*stream.seqs)
        elif all(one.kind for one in stream.events):
            why = "a stream that shall return at once ended while its task was still worked on"
            yield broken(*stream.seqs, why=why)


@check("a2a.in-task-auth.streams-stay-open")
def stays_open(talk: Talk) -> Iterator[Note]:
    """A stream on which a task says that it waits for an authorization goes on until the task has ended. Where the client has to bring the
    authorization, closing is right too: so this is held only against agents that say to know our goal, which has it come another way."""
    for stream in streams(talk) if talk.current else ():
        waits = next((one for one in stream.events if one.state == _AUTH), None)
        if waits is None or stream.over is None:
            continue
        if stream.terminal is not None and stream.terminal.seq > waits.seq:
            yield ok(*stream.seqs)
        elif stream.events[-1] is waits and talk.has("knows:wants_auth"):
            yield broken(*stream.seqs, why="the stream of a task was closed while it waited for an authorization")


CHECKS: tuple[Check, ...] = (goes_on, says_what_it_wants, listens, streams_whole, stays_open)
