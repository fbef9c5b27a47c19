"""What crosses the boundary: frames go out, arrivals come in, records keep both, a transcript is one connection.

Two laws. Silence is evidence, so it is a record (way NOTE). A record is never changed after it was made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from wireproof.model.jsontext import ABSENT, JSON

LINES = ("stdio", "memory")
"""Transports on which one line is one message; on all others each request has an exchange of its own, with a status."""

Headers = tuple[tuple[str, str], ...]
"""Header fields in wire order; names keep their spelling, so look them up with `header`."""


class Way(StrEnum):
    OUT = "out"
    IN = "in"
    NOTE = "note"


class Kind(StrEnum):
    """What a record holds. `message` to `bytes` carry protocol data; the others are facts about the channel."""

    MESSAGE = "message"  # a JSON text: a stdio line, an HTTP body, the data of an SSE event
    BYTES = "bytes"  # sent as they are, or received where no framing could be found
    REQUEST = "request"  # head of an HTTP request that we sent; meta: method, target, headers
    HEAD = "head"  # head of an HTTP response; meta: status, reason, headers
    EVENT = "event"  # an SSE event without JSON data (comment, priming, endpoint); meta: event, id, retry, comment
    END = "end"  # an HTTP response is complete (meta.complete) or its stream was cut
    DELIVERY = "delivery"  # a request that came to our webhook; meta: url (of the place it came to), method, target, headers, status (ours)
    STDERR = "stderr"
    EXIT = "exit"  # meta: code
    EOF = "eof"  # the peer closed its side
    FAULT = "fault"  # the framing of the transport itself is broken (h11's protocol error, line over the cap, refused connection)
    OPENED = "opened"
    CLOSED = "closed"  # we closed
    AWAIT = "await"  # the player stopped waiting; meta: step, outcome, seq
    SKIPPED = "skipped"  # the player did not play the rest of an exchange; meta: step, why


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One thing for a link to send. stdio: `data` is the line without its newline. HTTP: a request; meta method, target, headers.

    `channel` names the HTTP exchange that the frame opens; on a line link it is always "main".
    `meta["end"]` (line links) replaces the newline; `meta["verbatim"]` sends `data` as the whole HTTP request.
    """

    data: bytes
    channel: str = "main"
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One thing that a link received, or learned about its channel."""

    kind: Kind
    at_ns: int
    data: bytes = b""
    channel: str = "main"
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One line of a transcript. `seq` numbers the records of one transcript; `at_ns` counts from its opening."""

    seq: int
    at_ns: int
    way: Way
    kind: Kind
    channel: str = "main"
    span: str | None = None
    raw: bytes = b""
    message: JSON = ABSENT
    fault: str | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """Everything of one connection (of one session: for HTTP its requests share one transcript), in order of recording."""

    id: str
    protocol: str
    revision: str
    transport: str
    records: tuple[Record, ...] = ()

    def span(self, name: str) -> tuple[Record, ...]:
        return tuple(record for record in self.records if record.span == name)


def header(headers: Headers | list[list[str]] | None, name: str) -> str | None:
    """The first field of that name, whatever its case (RFC 9110 section 5.1)."""
    wanted = name.lower()
    return next((value for key, value in headers or () if key.lower() == wanted), None)
