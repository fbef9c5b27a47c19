"""The single requests that conversations with an agent are made of, and what kind of answer each gets when it comes alone.

Those about tasks are about tasks that the same conversation opened: `done` ended at once, `open` waits for input.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from wireproof.judge.pack import Lens
from wireproof.model.exchange import Exchange, Expect, Pattern, Request, Step
from wireproof.model.jsontext import ABSENT, JSON
from wireproof.protocols.a2a.operations import OPERATIONS, SENDS
from wireproof.protocols.a2a.strategies.building import NOBODY, any_answer, generated

RESULT, ERROR = "result", "error"
"""Kinds of answer."""
_HOOK: Final = "https://wireproof.invalid/generated"
_OPENS: Final = {"done": "completes", "open": "needs_input"}
"""A task of a conversation to the goal of the message that opens it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One request. `task`: which task of the conversation it is about, empty where it is about none; `opens`: which it opens; `spends`: that
    task is another one afterwards. `prefix` is that of its message's id."""

    key: str
    operation: str
    params: JSON = ABSENT
    task: str = ""
    opens: str = ""
    spends: bool = False
    prefix: str = ""

    @property
    def streams(self) -> bool:
        return OPERATIONS[self.operation].streams


def cooperative(facts: Mapping[str, Any]) -> bool:
    """Was the agent declared to honour prefixes, so that messages cost nothing and do what they are meant to?"""
    return bool(facts.get("goals", {}).get("completes", {}).get("prefix", "wireproof") != "wireproof")


def acts(facts: Mapping[str, Any], lens: Lens) -> tuple[Act, ...]:
    """In a fixed order, the simplest first: shrinking goes that way."""
    return tuple(_acts(facts, lens))


def _acts(facts: Mapping[str, Any], lens: Lens) -> Iterator[Act]:
    tags = facts.get("tags", ())
    lists = bool(lens.revision.traits.get("version_header"))
    yield Act(key="get-unknown", operation="GetTask", params={"id": NOBODY})
    yield Act(key="cancel-unknown", operation="CancelTask", params={"id": NOBODY})
    if lists:
        yield Act(key="list", operation="ListTasks", params={"pageSize": 1})
    if "pushNotifications" in tags:
        yield Act(key="configs-unknown", operation="ListTaskPushNotificationConfigs", params={"taskId": NOBODY})
    if "extendedAgentCard" in tags:
        yield Act(key="card", operation="GetExtendedAgentCard")
    if not cooperative(facts):
        return
    goals = facts["goals"]
    for task, goal in _OPENS.items():
        yield _send(f"send-{task}", goals[goal], opens=task)
    for task in _OPENS:
        yield Act(key=f"get-{task}", operation="GetTask", params={"id": f"{{{{{task}}}}}"}, task=task)
    yield Act(key="history", operation="GetTask", params={"id": "{{done}}", "historyLength": 0}, task="done")
    yield Act(key="cancel-done", operation="CancelTask", params={"id": "{{done}}"}, task="done")
    yield _send("again", goals["completes"], task="done")
    yield _send("message", goals["message"])
    yield _send("answer", goals["completes"], task="open", spends=True)
    yield Act(key="cancel-open", operation="CancelTask", params={"id": "{{open}}"}, task="open", spends=True)
    if "streaming" in tags:
        yield _send("stream", goals["streams"], operation="SendStreamingMessage")
        yield Act(key="subscribe-done", operation="SubscribeToTask", params={"id": "{{done}}"}, task="done")
    if "pushNotifications" in tags:
        config = {"taskId": "{{open}}", "url": _HOOK}
        yield Act(key="config", operation="CreateTaskPushNotificationConfig", params=config, task="open")
        listed = {"taskId": "{{open}}"}
        yield Act(key="configs", operation="ListTaskPushNotificationConfigs", params=listed, task="open")


def _send(key: str, goal: Mapping[str, str], operation: str = "SendMessage", **more: Any) -> Act:
    message: dict[str, JSON] = {"parts": [{"text": goal["text"]}]}
    if more.get("task"):
        message["taskId"] = f"{{{{{more['task']}}}}}"
    return Act(key=key, operation=operation, params={"message": message}, prefix=goal["prefix"], **more)


def request_of(act: Act, name: str) -> Request:
    """The act as a step."""
    meta = {"prefix": act.prefix} if act.operation in SENDS else {}
    return Request(method=act.operation, params=act.params, name=name, meta=meta)


def opening(act: Act, name: str) -> tuple[Step, ...]:
    """The act, whose task is captured under its name where there is one."""
    request = request_of(act, name)
    task = f"{act.opens}?"
    return request, Expect(of=name, any_of=any_answer(request).any_of, capture={task: "/result/task/id"})


def openers(every: tuple[Act, ...]) -> dict[str, Act]:
    """Task to the act that opens it."""
    return {one.opens: one for one in every if one.opens}


def probes(facts: Mapping[str, Any], lens: Lens) -> tuple[Exchange, ...]:
    """Each act alone, with a task of its own: what answer it gets then is what it must get in company. `Exchange.subject` is the act's
    key; the answer that counts is that to the step `probe`."""
    every = acts(facts, lens)
    first = openers(every)
    made = []
    for act in every:
        if act.streams:
            continue  # a stream is no single answer
        before = opening(first[act.task], "before") if act.task else ()
        request = request_of(act, "probe")
        made.append(generated("probe", (*before, request, any_answer(request)), act.key))
    return tuple(made)


def kind_of(message: JSON) -> str | None:
    """The kind of an answer in neutral form; None for what is none."""
    if not isinstance(message, dict):
        return None
    return ERROR if "error" in message else RESULT if "result" in message else None


def pattern_of(kind: str) -> Pattern:
    """What an answer of that kind matches."""
    return Pattern(schema={"type": "object", "required": [kind]})
