"""The tasks of one conversation (basic/utilities/tasks, 2025-11-25): who created them, and everything that the server said of their state.

When a server wrote an answer shows only within bounds: after the request that it answers and before it came. Two statements stand in
a certain order only if the request for the later one was sent when the earlier one had come; a notification may have been under way
for any time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from wireproof.model.jsontext import ABSENT, JSON
from wireproof.protocols.jsonrpc import Call
from wireproof.protocols.mcp.binding import META

if TYPE_CHECKING:
    from wireproof.protocols.mcp.conversation import Inbound, Talk

RELATED: Final = f"{META}related-task"
STATUSES: Final = ("working", "input_required", "completed", "failed", "cancelled")
TERMINAL: Final = ("completed", "failed", "cancelled")
STATUS_TOLD: Final = "notifications/tasks/status"
_STATES: Final = {"tasks/get": "/result", "tasks/cancel": "/result"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """One statement of the server about the state of a task. `call` is the request that it answers, None for a notification."""

    seq: int
    method: str
    """What was answered, or the notification's own method."""
    state: Mapping[str, JSON]
    pointer: str
    call: Call | None

    @property
    def status(self) -> JSON:
        return self.state.get("status", ABSENT)

    @property
    def terminal(self) -> bool:
        return self.status in TERMINAL

    @property
    def seqs(self) -> tuple[int, ...]:
        return (self.call.seq, self.seq) if self.call is not None else (self.seq,)

    def later_than(self, seq: int) -> bool:
        """Was it certainly made after record `seq`?"""
        return self.call is not None and self.call.seq > seq


@dataclass(slots=True, kw_only=True)
class Task:
    """One task by its id. `creation` is the request that made it, None where it was not seen."""

    id: str
    creation: Call | None = None
    sights: list[Sight] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    """Our requests that name it in their parameters."""

    @property
    def created(self) -> int:
        """seq of the record that first told of it."""
        return self.sights[0].seq

    @property
    def end(self) -> Sight | None:
        """The first statement that shows it at its end."""
        return next((one for one in self.sights if one.terminal), None)

    def ended_before(self, seq: int) -> Sight | None:
        """What showed it at its end before record `seq`."""
        return self.end if self.end is not None and self.end.seq < seq else None

    def asked(self, method: str) -> Iterator[Call]:
        """Our lawful requests of one method that name it."""
        return (one for one in self.calls if one.method == method and one.lawful)

    def later(self, seq: int) -> Iterator[Sight]:
        """Statements made after record `seq` for certain."""
        return (one for one in self.sights if one.later_than(seq))


class TaskBook:
    """`tasks` in order of appearance, `creations`: our tool calls that asked for a task, whatever became of them.

    An id that is given to another request again begins a task of its own; what names it means the latest that has it.
    """

    def __init__(self, talk: Talk) -> None:
        self._records = talk.records
        self.tasks: list[Task] = []
        self.sights: list[Sight] = sorted(_sights(talk), key=lambda one: one.seq)
        self.creations = [one for one in talk.requests if one.method == "tools/call" and _augmented(one)]
        for sight in self.sights:
            identity = sight.state.get("taskId")
            if isinstance(identity, str):
                self._file(identity, sight)
        for call in talk.requests:
            found = self.named(call)
            if found is not None:
                found.calls.append(call)

    def _file(self, identity: str, sight: Sight) -> None:
        task = self.known(identity)
        if task is None or (sight.method == "tools/call" and task.creation is not None):
            task = Task(id=identity)
            self.tasks.append(task)
        task.sights.append(sight)
        if sight.method == "tools/call":
            task.creation = sight.call

    def known(self, identity: JSON, seq: int | None = None) -> Task | None:
        """The latest task of that id that was seen before record `seq`."""
        same = (one for one in reversed(self.tasks) if one.id == identity and (seq is None or one.created < seq))
        return next(same, None)

    def named(self, call: Call) -> Task | None:
        """The task that a tasks/* request is about, if it was seen."""
        identity = call.params.get("taskId") if isinstance(call.params, dict) else None
        return self.known(identity, call.seq) if call.method.startswith("tasks/") else None

    def gone(self, task: Task, seq: int) -> bool:
        """May it have been deleted when record `seq` came: was it cancelled, or is its ttl over, counted from its creation?"""
        begun = self._records[task.creation.seq if task.creation is not None else task.created].at_ns
        age = (self._records[seq].at_ns - begun) / 1e6
        for sight in task.sights:
            ttl = sight.state.get("ttl")
            if isinstance(ttl, int | float) and not isinstance(ttl, bool) and age >= ttl:
                return True
        return any(one.seq < seq for one in task.asked("tasks/cancel")) or any(
            one.seq < seq and one.status == "cancelled" for one in task.sights
        )

    def seconds(self, first: int, last: int) -> float:
        """Time between two records."""
        return (self._records[last].at_ns - self._records[first].at_ns) / 1e9


def related_id(holder: Any) -> JSON:
    """The taskId of related-task metadata in params or a result; ABSENT without such metadata."""
    meta = holder.get("_meta") if isinstance(holder, dict) else None
    mark = meta.get(RELATED, ABSENT) if isinstance(meta, dict) else ABSENT
    if mark is ABSENT:
        return ABSENT
    return mark.get("taskId") if isinstance(mark, dict) else None


def progress_token(call: Call | None) -> JSON:
    """The progress token that a request of ours carries, or ABSENT."""
    meta = call.params.get("_meta") if call is not None and isinstance(call.params, dict) else None
    return meta.get("progressToken", ABSENT) if isinstance(meta, dict) else ABSENT


def whose(talk: Talk, call: Call | None) -> str:
    """Whose token a request carries, as the step of the exchange has it; empty for the usual one."""
    exchange = talk.exchanges.get(call.span or "") if call is not None else None
    if exchange is None or call is None or call.step is None or call.step >= len(exchange.steps):
        return ""
    headers = getattr(exchange.steps[call.step], "headers", {})
    return str(headers.get("Authorization") or "")


def _augmented(call: Call) -> bool:
    return isinstance(call.params, dict) and isinstance(call.params.get("task"), dict)


def _sights(talk: Talk) -> Iterator[Sight]:
    for call, result in talk.results():
        seq = call.answer.seq if call.answer is not None else call.seq
        if call.method == "tools/call" and _augmented(call) and isinstance(result.get("task"), dict):
            yield Sight(seq=seq, method=call.method, state=result["task"], pointer="/result/task", call=call)
        elif call.method in _STATES:
            yield Sight(seq=seq, method=call.method, state=result, pointer=_STATES[call.method], call=call)
        elif call.method == "tasks/list" and isinstance(result.get("tasks"), list):
            for index, state in enumerate(result["tasks"]):
                if isinstance(state, dict):
                    yield Sight(seq=seq, method=call.method, state=state, pointer=f"/result/tasks/{index}", call=call)
    for one in talk.notifications_in:
        if one.method == STATUS_TOLD and isinstance(one.params, dict):
            yield Sight(seq=one.seq, method=one.method, state=one.params, pointer="/params", call=None)


def in_line(talk: Talk, earlier: int, later: Inbound) -> bool:
    """Was a message certainly written after what record `earlier` told: on the same channel, and a whole round trip later?"""
    if later.seq <= earlier or (talk.http and talk.records[earlier].channel != later.record.channel):
        return False
    return any(call.seq > earlier and call.answer is not None and call.answer.seq < later.seq for call in talk.requests)
