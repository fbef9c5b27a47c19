"""JSON-RPC 2.0 read along: which answer belongs to which request, over one channel or many.

Two laws. Nothing here raises because of what a peer sent: an illegal message is a fact. Correlation is lenient (an id that only
changed its type still finds its request), because judging strictness is the business of checks, and waiting is not.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

from wireproof.model.jsontext import ABSENT, JSON, parse, same
from wireproof.model.wire import Headers, Kind, Record, Way


class Shape(StrEnum):
    REQUEST = "request"
    NOTIFICATION = "notification"
    RESPONSE = "response"
    BATCH = "batch"
    OTHER = "other"


def shape(message: JSON) -> Shape:
    """What a JSON value is meant to be, judged by its members alone (JSON-RPC 2.0 sections 4 to 6)."""
    if isinstance(message, list):
        return Shape.BATCH
    if not isinstance(message, dict):
        return Shape.OTHER
    if "result" in message or "error" in message:
        return Shape.RESPONSE
    if "method" in message:
        return Shape.REQUEST if "id" in message else Shape.NOTIFICATION
    return Shape.OTHER


@dataclass(slots=True, kw_only=True)
class Call:
    """One request that we sent and what came of it. `lawful` False: the exchange broke a rule on purpose in it."""

    seq: int
    channel: str
    span: str | None
    step: int | None
    method: str
    params: JSON
    id: JSON
    message: JSON
    lawful: bool
    answer: Record | None = None
    answers: list[Record] = field(default_factory=list)
    status: int | None = None
    headers: Headers = ()
    head: Record | None = None
    ended: bool = False
    due: tuple[JSON, ...] = ()
    """Ids of the requests inside, where one piece holds several: a batch, or raw lines."""
    lines: int = 0
    """Of raw bytes: how many lines they are, each of which may be refused by an error of its own."""

    @property
    def complete(self) -> bool:
        """Everything that is due has come: the answer, each answer of a batch, or one error for the whole of it."""
        if not self.due:
            return self.answer is not None
        seen = [one for record in self.answers for one in _ids(record.message)]
        return any(one is None for one in seen) or all(any(same(due, one) for one in seen) for due in self.due)

    @property
    def result(self) -> JSON:
        if self.answer is None or not isinstance(self.answer.message, dict):
            return ABSENT
        return self.answer.message.get("result", ABSENT)

    @property
    def error(self) -> JSON:
        if self.answer is None or not isinstance(self.answer.message, dict):
            return ABSENT
        return self.answer.message.get("error", ABSENT)


class Tracker:
    """Feeds on records in order. `calls` are ours; `inbound` are the peer's messages that answer nothing of ours."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.by_seq: dict[int, Call] = {}
        self.on_channel: dict[str, Call] = {}
        self.inbound: list[Record] = []
        self.strays: list[Record] = []
        self._pending: list[Call] = []
        self._noticed: Call | None = None
        self._patience = 0
        self._answering: set[str] = set()

    def feed(self, record: Record) -> None:
        if record.way is Way.OUT and record.kind in (Kind.MESSAGE, Kind.BYTES, Kind.REQUEST):
            self._sent(record)
        elif record.kind is Kind.HEAD and record.channel in self.on_channel:
            call = self.on_channel[record.channel]
            call.head, call.status = record, record.meta.get("status")
            call.headers = tuple((key, value) for key, value in record.meta.get("headers", ()))
        elif record.kind is Kind.END and record.channel in self.on_channel:
            self.on_channel[record.channel].ended = True
        elif record.way is Way.IN and record.kind is Kind.MESSAGE:
            self._received(record)

    def _sent(self, record: Record) -> None:
        message = record.message
        kind = shape(message)
        if kind is Shape.RESPONSE:
            self._answering.add(record.channel)
            self._noticed = None  # what is refused without an id from now on may be this response
            return
        whole = _written(record)
        identity = whole.get("id", ABSENT) if isinstance(whole, dict) else ABSENT
        call = Call(
            seq=record.seq,
            channel=record.channel,
            span=record.span,
            step=record.meta.get("step"),
            method=str(message.get("method", "")) if isinstance(message, dict) else "",
            params=message.get("params", ABSENT) if isinstance(message, dict) else ABSENT,
            id=identity,
            message=message,
            lawful=not record.meta.get("deliberate", False),
            due=_due(whole),
            lines=max(1, record.raw.count(b"\n")) if record.kind is Kind.BYTES else 0,
        )
        self.calls.append(call)
        self.by_seq[record.seq] = call
        if record.channel != "main":
            self.on_channel[record.channel] = call
        if kind is not Shape.NOTIFICATION:
            self._pending.append(call)
        self._notice(call, kind)

    def _notice(self, call: Call, kind: Shape) -> None:
        """Remembers the notification that an error without id must be about: nothing else of ours that could be meant is open."""
        if kind is Shape.NOTIFICATION:
            odd = any(one.id is ABSENT or one.id is None or not one.lawful for one in self._pending)
            self._noticed = None if odd or call.channel != "main" else call
            self._patience = 2  # later requests whose answers may overtake it
        elif kind is not Shape.REQUEST or not call.lawful:
            self._noticed = None

    def _received(self, record: Record) -> None:
        kind = shape(record.message)
        if kind in (Shape.REQUEST, Shape.NOTIFICATION):
            self.inbound.append(record)
            return
        if kind is Shape.BATCH and _asks_only(record.message):
            self.inbound += [replace(record, message=one) for one in record.message]
            return
        call = self._owner(record)
        if call is None:
            self.strays.append(record)
            return
        call.answers.append(record)
        if self._noticed is not None and call.seq > self._noticed.seq:
            self._patience -= 1
            if not self._patience:
                self._noticed = None
        if call.answer is None:
            call.answer = record
        if call in self._pending and call.complete:
            self._pending.remove(call)

    def _owner(self, record: Record) -> Call | None:
        """Whose answer is it? By id; else by HTTP exchange; else the only request that still waits."""
        ids = _ids(record.message)
        for call in reversed(self.calls):
            if call.id is not ABSENT and any(same(call.id, one) for one in ids):
                return call
            if any(same(due, one) for due in call.due for one in ids):
                return call
        for call in self._pending:
            if call.id is not ABSENT and any(str(call.id) == str(one) for one in ids if one is not None):
                return call
        if isinstance(record.message, list):
            batches = [call for call in self.calls if isinstance(call.message, list) and call.answer is None]
            if batches:
                return batches[-1]
        noise = shape(record.message) is Shape.OTHER
        if record.channel in self.on_channel:
            return None if noise and record.meta.get("sse") else self.on_channel[record.channel]
        if noise or (record.channel != "main" and record.channel in self._answering):
            return None  # noise on a line or a stream answers nobody, nor does what a response of ours is told
        if None in ids and _is_error(record.message):
            refused = next((one for one in reversed(self.calls) if len(one.answers) < one.lines), None)
            if refused is not None and refused not in self._pending:
                return refused  # each of its lines may be refused apart
            if self._noticed is not None:
                return self._noticed
        if len(self._pending) == 1:
            return self._pending[0]
        odd = [call for call in self._pending if call.id is ABSENT or call.id is None or not call.lawful]
        return odd[-1] if odd and None in ids else None

    def answer_to(self, seq: int) -> Record | None:
        """The first answer to what was sent as record `seq`; where several are due, the last, once all have come."""
        call = self.by_seq.get(seq)
        if call is None or not call.complete:
            return None
        return call.answers[-1] if call.due else call.answer

    def concluded(self, _seq: int) -> bool:
        """Nothing that is said on a stream tells that it is over."""
        return False

    def is_call(self, record: Record) -> bool:
        """A request of the peer that waits for our answer."""
        return record.way is Way.IN and record.kind is Kind.MESSAGE and shape(record.message) is Shape.REQUEST


def _written(record: Record) -> JSON:
    """What the record says to a reader of JSON lines: its message, or what its raw bytes hold; several lines are a list of lines."""
    if record.kind is not Kind.BYTES or record.message is not ABSENT:
        return record.message
    lines = record.raw.split(b"\n") if record.channel == "main" else [record.raw]
    values = [parse(line)[0] for line in lines if line.strip()]
    return values[0] if len(values) == 1 else values


def _due(whole: JSON) -> tuple[JSON, ...]:
    items = whole if isinstance(whole, list) else []
    return tuple(one["id"] for one in items if shape(one) is Shape.REQUEST and isinstance(one["id"], str | int))


def _asks_only(batch: list[JSON]) -> bool:
    """Requests and notifications of the peer, no response among them."""
    return bool(batch) and all(shape(one) in (Shape.REQUEST, Shape.NOTIFICATION) for one in batch)


def _is_error(message: JSON) -> bool:
    return isinstance(message, dict) and "error" in message


def _ids(message: JSON) -> list[JSON]:
    items = message if isinstance(message, list) else [message]
    return [item.get("id") for item in items if isinstance(item, dict)]
