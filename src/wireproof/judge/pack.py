"""What a protocol hands to the engine: a value made of functions; nothing to subclass.

A check is a generator over the facts of one conversation. It yields `ok`, `broken` or nothing, never raises on what a peer
did, never sends, sleeps or reads a clock. Registration is the tuple in the pack.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from wireproof.model.catalogue import Requirement, Revision
from wireproof.model.exchange import Exchange, Http, Notify, Request, Respond, Send, SendBytes
from wireproof.model.jsontext import ABSENT, JSON, parse
from wireproof.model.target import Target
from wireproof.model.wire import Frame, Record, Transcript

Outgoing = Request | Notify | Respond | Send | SendBytes | Http


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What a check says of one occasion. `ok` False is a breach; `seqs` are the records that show it. With `ours` the fault is
    not the target's but wireproof's own, and the verdict is errored."""

    ok: bool
    seqs: tuple[int, ...]
    why: str = ""
    pointer: str = ""
    subject: str = ""
    remark: str = ""
    requirement: str = ""
    ours: bool = False
    diff: tuple[str, ...] = ()
    """See `Finding.diff`."""


def ok(*seqs: int, subject: str = "", remark: str = "", requirement: str = "") -> Note:
    return Note(ok=True, seqs=seqs, subject=subject, remark=remark, requirement=requirement)


def broken(
    *seqs: int,
    why: str,
    pointer: str = "",
    subject: str = "",
    requirement: str = "",
    diff: tuple[str, ...] = (),
) -> Note:
    return Note(ok=False, seqs=seqs, why=why, pointer=pointer, subject=subject, requirement=requirement, diff=diff)


def errored(*seqs: int, why: str, pointer: str = "", requirement: str = "") -> Note:
    return Note(ok=False, seqs=seqs, why=why, pointer=pointer, requirement=requirement, ours=True)


CheckBody = Callable[[Any], Iterator[Note]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """An ambient check: `rows` are the requirements that it may judge, the first one being meant when a note names none."""

    name: str
    rows: tuple[str, ...]
    body: CheckBody
    doc: str


def check(*rows: str) -> Callable[[CheckBody], Check]:
    """Makes a check of a generator function; its docstring is what `explain` prints."""

    def made(body: CheckBody) -> Check:
        return Check(name=body.__name__, rows=rows, body=body, doc=(body.__doc__ or "").strip())

    return made


class Schemas(Protocol):
    """What checks ask of the library's compiled schemas of one revision."""

    @property
    def document(self) -> Mapping[str, Any]: ...
    @property
    def methods(self) -> Mapping[str, Mapping[str, str]]: ...
    @property
    def envelopes(self) -> Mapping[str, str]: ...
    def has(self, definition: str) -> bool: ...
    def valid(self, definition: str, instance: JSON) -> bool: ...
    def explain(self, definition: str, instance: JSON) -> list[tuple[str, str]]: ...
    def inline(self, schema: JSON, instance: JSON) -> list[tuple[str, str]]: ...
    def target_schema_problems(self, schema: JSON) -> list[str]: ...
    def target_problems(self, schema: JSON, instance: JSON) -> list[str]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Lens:
    """What a conversation is read through: the revision in force, its schemas, what the survey found, the data tables of the pack."""

    revision: Revision
    transport: str
    schemas: Schemas
    facts: Mapping[str, Any]
    tables: Mapping[str, Any] = field(default_factory=dict)


class Binding(Protocol):
    """Pure translation between operations and frames; its state is a value that goes in and comes out."""

    def start(self, revision: Revision, transport: str, options: Mapping[str, Any]) -> Any: ...
    def dress(self, state: Any, step: Outgoing) -> tuple[Any, Frame, JSON]: ...
    def observe(self, state: Any, record: Record) -> Any: ...
    def respond(self, state: Any, record: Record, exchange: Exchange | None) -> Respond | None: ...
    def fences(self, state: Any) -> tuple[Request, ...]: ...
    def farewell(self, state: Any) -> Outgoing | None: ...
    def ended(self, state: Any) -> bool: ...


class Tracker(Protocol):
    """Reads along, incrementally: which answer belongs to which request. Used alike while playing and while judging."""

    def feed(self, record: Record) -> None: ...
    def answer_to(self, seq: int) -> Record | None: ...
    def concluded(self, seq: int) -> bool: ...
    def is_call(self, record: Record) -> bool: ...


def as_it_came(
    _records: Sequence[Record], _out: Record | None, decisive: Record | None, _revision: Revision, _transport: str
) -> JSON:
    """The message of a record itself; ABSENT where there is none."""
    return decisive.message if decisive is not None else ABSENT


def as_json(raw: bytes, _meta: Mapping[str, Any]) -> tuple[JSON, str | None]:
    """The JSON text that a message is, and what is wrong with it."""
    return parse(raw)


def stdio_or_http(target: Target) -> tuple[tuple[str, ...], ...]:
    """A process speaks on a line; behind a URL is one of two transports, the older one tried where the newer is not there."""
    if target.url:
        return (("http",), ("sse",))
    return (("memory",),) if target.serve is not None else (("stdio",),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """What search draws exchanges of one kind from. `draws` is a Hypothesis strategy of literal exchanges (its type stays unnamed here,
    because Hypothesis is imported by search alone); `subject` is what of the target's the family is about.

    `calls`: what of the target's an exchange may set to work, `most_calls` times at most and `calling(exchange)` times in fact. `weight`:
    how many are drawn, beside other families; `most`: there are no more than these. `share`: its part of the time, as its weight where
    none is given. `alone`: each wants a session in which nothing was played before. `within`: where exchanges cannot be made smaller by
    themselves, the strategy of the parts of one that failed.
    """

    name: str
    draws: Any
    subject: str = ""
    calls: tuple[str, ...] = ()
    most_calls: int = 1
    calling: Callable[[Exchange], int] = lambda _exchange: 1
    weight: float = 1.0
    share: float | None = None
    most: int | None = None
    alone: bool = False
    within: Callable[[Exchange], Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """One protocol's behaviour. `strategies` is the name of a module that search resolves: it has `probes(facts, lens)`, `kind_of(message)`
    and `families(facts, lens, kinds, slow)`; empty: nothing can be drawn for this protocol."""

    name: str
    binding: Binding
    tracker: Callable[[], Tracker]
    conversation: Callable[[Transcript, Lens, Mapping[str, Exchange]], Any]
    checks: tuple[Check, ...]
    survey: Callable[[Iterable[Transcript], Lens], Mapping[str, Any]]
    connecting: Callable[[str], str | None]
    opening: Callable[[Revision], str | None]
    listening: Callable[[Revision, str], str | None]
    opened: Callable[[Transcript], bool | None]
    """Was the usual opening of a session answered as one? None where none was tried."""
    applies: Callable[[Requirement, Mapping[str, Any]], str | None]
    fill: Callable[[Exchange, Mapping[str, Any]], list[Exchange]]
    goals: tuple[str, ...] = ()
    """What the user may give words for, so that the target does it (`Target.goals`); empty: nothing is said in words."""
    dismissed: Callable[[Sequence[Record]], Record | None] = lambda _records: None
    """Where in a conversation the target ended the session, as it may: what it answers from there on shows nothing else."""
    transports: Callable[[Target], tuple[tuple[str, ...], ...]] = stdio_or_http
    """The transports, or bindings, to try on a target: groups of those that are played side by side, the next one only where none of the
    first was offered."""
    view: Callable[[Sequence[Record], Record | None, Record | None, Revision, str], JSON] = as_it_came
    """What expectations are held against and captures are taken from: of the records of a conversation, what was sent, and the record
    that ended the waiting (None: nothing came), in a revision on a transport."""
    read: Callable[[bytes, Mapping[str, Any]], tuple[JSON, str | None]] = as_json
    """What the bytes of a message that came say, as JSON, and what is wrong with them; given the meta of its arrival."""
    beacons: Callable[[str], Sequence[str]] | None = None
    """Where whoever speaks this protocol at a URL publishes that, the likeliest place first; None: nowhere."""
    recognised: Callable[[JSON], str] = lambda _document: ""
    """What a document found there is called, where it is the sign of this protocol; else empty."""
    roams: bool = False
    """Whether a target may lie on other origins than its URL, because it names its endpoints itself."""
    hints: Mapping[str, str] = field(default_factory=dict)
    """What to tell the user when nothing that speaks the protocol is found: see `engine.diagnose`."""
    called: Callable[[Iterable[Exchange], Mapping[str, Any]], tuple[str, ...]] = lambda _exchanges, _facts: ()
    """What of the target's the exchanges set to work, such as tools: the user is told before it is."""
    needs: Callable[[Mapping[str, Any]], frozenset[str]] = lambda _tables: frozenset()
    """The survey facts that exchanges may need, given the data tables; one that ends in a colon stands for all that begin so. Empty:
    nobody says which there are."""
    tables: Mapping[str, str] = field(default_factory=dict)
    strategies: str = ""
