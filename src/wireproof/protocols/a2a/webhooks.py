"""Webhooks read back from a conversation: which configs we asked for, and what was delivered to them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from wireproof.model.jsontext import JSON
from wireproof.model.wire import Kind, Record, header
from wireproof.protocols.a2a import older
from wireproof.protocols.a2a.asked import asked
from wireproof.protocols.a2a.conversation import Seen, Talk
from wireproof.protocols.a2a.operations import SENDS
from wireproof.protocols.a2a.tracker import Call, fields

_INLINE: Final = ("taskPushNotificationConfig", "pushNotificationConfig", "pushNotification")
_PROBES: Final = ("GET", "HEAD", "OPTIONS")
"""Methods by which an agent may look who is there before it posts anything."""
_IN_PATH: Final = re.compile(r"/tasks/([^/:?]+)/pushNotificationConfigs")


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A request that came to a webhook. `payload` is its body in 1.0 form: the one-of of a stream's event, where it is one."""

    record: Record
    payload: JSON

    @property
    def seq(self) -> int:
        return self.record.seq

    @property
    def method(self) -> str:
        return str(self.record.meta.get("method", ""))

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        return fields(self.record)

    def header(self, name: str) -> str | None:
        return header(self.headers, name)

    @property
    def text(self) -> str:
        """Everything that it says, wherever it stands."""
        said = [value for _, value in self.headers] + [str(self.record.meta.get("target", ""))]
        return "\n".join([*said, self.record.raw.decode("utf-8", "replace")])

    @property
    def state(self) -> str:
        """The state that it tells; empty for none."""
        held = self.payload if isinstance(self.payload, dict) else {}
        inner = held.get("task") or held.get("statusUpdate") or {}
        status = inner.get("status") if isinstance(inner, dict) else None
        return str(status.get("state", "")) if isinstance(status, dict) else ""


@dataclass(frozen=True, kw_only=True)
class Hook:
    """A config that we asked for. `answer` is what came back; `task` the id of its task, empty where none is known."""

    call: Call
    given: Mapping[str, Any]
    answer: Seen | None
    task: str
    deliveries: tuple[Delivery, ...]
    missed: Record | None
    """Where we stopped waiting for a delivery, in vain."""

    @property
    def inline(self) -> bool:
        return self.call.operation in SENDS

    @property
    def accepted(self) -> bool:
        """Was it taken, for a task?"""
        return self.answer is not None and self.answer.result is not None and bool(self.task)

    @property
    def token(self) -> str:
        return str(self.given.get("token") or "")

    @cached_property
    def authentication(self) -> tuple[str, str]:
        """(scheme, credentials); empty where none were given."""
        held = self.given.get("authentication")
        return (
            (str(held.get("scheme") or ""), str(held.get("credentials") or "")) if isinstance(held, dict) else ("", "")
        )

    @property
    def url(self) -> str:
        return str(self.given.get("url", ""))

    @property
    def seqs(self) -> tuple[int, ...]:
        return self.answer.seqs if self.answer is not None else (self.call.seq,)


def hooks(talk: Talk) -> Iterator[Hook]:
    """Every config with a URL that a call of ours asked for, in order."""
    came = [one for one in talk.records if one.kind is Kind.DELIVERY]
    waited = [one for one in talk.records if one.kind is Kind.AWAIT and one.meta.get("url")]
    for call in talk.operations:
        given = _given(call, current=talk.current)
        if given is None:
            continue
        url = str(given.get("url"))
        answer = next(iter(talk.of(call)), None)
        yield Hook(
            call=call,
            given=given,
            answer=answer,
            task=_task(call, given, answer),
            deliveries=tuple(
                Delivery(record=one, payload=_payload(one.message, current=talk.current))
                for one in came
                if one.meta.get("url") == url and one.meta.get("method") not in _PROBES
            ),
            missed=next((one for one in waited if one.meta["url"] == url and one.meta["outcome"] == "timeout"), None),
        )


def _given(call: Call, *, current: bool) -> Mapping[str, Any] | None:
    """The config that a call asks for, flat as in 1.0."""
    sent = asked(call)
    held: Any = sent if call.operation == "CreateTaskPushNotificationConfig" else None
    if call.operation in SENDS and isinstance(sent.get("configuration"), dict):
        held = next((sent["configuration"][name] for name in _INLINE if name in sent["configuration"]), None)
        held = held if current or held is None else {"pushNotificationConfig": held}
    flat = held if current else older.config(held)
    return flat if isinstance(flat, dict) and isinstance(flat.get("url"), str) else None


def _task(call: Call, given: Mapping[str, Any], answer: Seen | None) -> str:
    if call.operation in SENDS:
        result = answer.result if answer is not None else None
        task = result.get("task") if isinstance(result, dict) else None
        return str(task.get("id") or "") if isinstance(task, dict) else ""
    found = _IN_PATH.search(str(call.record.meta.get("target", "")))
    return str(given.get("taskId") or (found.group(1) if found else ""))


def _payload(message: JSON, *, current: bool) -> JSON:
    if current or not isinstance(message, dict):
        return message
    if "status" in message and "id" in message:
        return {"task": older.task(message)}
    return older.event(message)
