"""Exchanges: what is played, as data. Scripted, survey, generated and recorded ones are the same type and file format.

Steps are a closed union without loops or conditions. The player consults correlation only; `about` on an expectation lists
the requirements that this step decides, and an expectation without `about` is a prerequisite of those that follow.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from wireproof.model.jsontext import ABSENT, JSON

_HOOK: Final = re.compile(r"\{\{hook\.([a-z0-9-]+)\}\}")


class Isolation(StrEnum):
    SHARED = "shared"  # may share a session with other exchanges
    FRESH = "fresh"  # a session of its own
    LAST = "last"  # shared, but played after all others: it changes what the server shows


class Origin(StrEnum):
    SCRIPTED = "scripted"
    SURVEY = "survey"
    GENERATED = "generated"
    RECORDED = "recorded"


Fields = Mapping[str, str | list[str] | None]
"""HTTP header fields by name: a value, several values that go out as fields of their own, or None for none at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request; the pack dresses it (id, `_meta`, headers). `id`, `meta`, `headers` override the dress; a value None takes that part away."""

    method: str
    params: JSON = ABSENT
    name: str
    id: JSON = ABSENT
    meta: Mapping[str, Any] = field(default_factory=dict)
    headers: Fields = field(default_factory=dict)
    connection: str = "main"
    deliberate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    method: str
    params: JSON = ABSENT
    name: str
    meta: Mapping[str, Any] = field(default_factory=dict)
    headers: Fields = field(default_factory=dict)
    connection: str = "main"
    deliberate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Respond:
    """An answer to a server request that an earlier expectation captured by `name`."""

    to: str
    result: JSON = ABSENT
    error: JSON = ABSENT
    connection: str = "main"


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """A literal JSON value; over HTTP it is POSTed with the session's headers, changed by `headers`."""

    message: JSON
    name: str
    headers: Fields = field(default_factory=dict)
    connection: str = "main"


@dataclass(frozen=True, slots=True, kw_only=True)
class SendBytes:
    """Raw bytes: a stdio line (newline added unless `end` says otherwise) or the body of a POST. `pieces`: offsets at which it is written apart."""

    data: bytes
    name: str
    headers: Fields = field(default_factory=dict)
    end: bytes | None = None
    pieces: tuple[int, ...] = ()
    connection: str = "main"


@dataclass(frozen=True, slots=True, kw_only=True)
class Http:
    """A literal HTTP request to the endpoint; `session: false` leaves the session's headers out."""

    method: str
    name: str
    path: str | None = None
    headers: Fields = field(default_factory=dict)
    body: JSON = ABSENT
    data: bytes | None = None
    session: bool = True
    connection: str = "main"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """One acceptable observation. All parts given must hold.

    `match`: deep subset of the message (arrays item by item); `schema`: a definition's name in the revision's schema, or an inline
    JSON Schema; `status`: HTTP statuses (True on a transport without statuses); `headers`: name to JSON Schema of the value (absent = null);
    `outcome`: answered, timeout, closed, exit; `remark`: said of a match that is lawful but unusual.
    """

    match: JSON = ABSENT
    schema: JSON = ABSENT
    status: tuple[int, ...] = ()
    headers: Mapping[str, JSON] = field(default_factory=dict)
    outcome: str | None = None
    remark: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expect:
    """Waits for the answer to the step `of`, for a message with method `message`, or for `event`: exit, eof, end, head,
    or for the next request to the webhook `{{hook.NAME}}` whose NAME is `hook`.

    Held against `any_of`; an answer that fits `or_lawful` instead leaves the rows unobserved. `capture`: name to JSON pointer into the message.
    `within` scales the session's deadline. `patience`: after this part of the deadline, a target that answers a fence meanwhile is waited
    for no longer (a placeholder before it is filled). `alive`: a target that answers nothing any more fails here too, instead of blocking the rows.
    """

    of: str | None = None
    message: str | None = None
    event: str | None = None
    any_of: tuple[Pattern, ...]
    or_lawful: tuple[Pattern, ...] = ()
    about: tuple[str, ...] = ()
    aspect: str | None = None
    capture: Mapping[str, str] = field(default_factory=dict)
    within: float = 1.0
    patience: float | str = 1.0
    alive: bool = False
    hook: str | None = None
    why: str | None = None
    name: str | None = None
    connection: str = "main"


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Nothing that matches may arrive until a fence (a well-formed request, and three times its round trip) has passed.

    `of`: no answer to that step; else `match`: no message that fits. Without both: nothing at all.
    """

    of: str | None = None
    match: JSON = ABSENT
    about: tuple[str, ...] = ()
    why: str | None = None
    or_lawful: tuple[Pattern, ...] = ()
    connection: str = "main"


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """One request again and again, at most `times`, each waiting for its answer, until `cursor` (a JSON pointer) is absent from the answer.

    The value found is put at params/`into` of the next request.
    """

    request: Request
    times: int
    cursor: str
    into: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """Closes a connection (stdio: closes stdin and waits for the exit), or with `of` the HTTP exchange that this step opened."""

    of: str | None = None
    connection: str = "main"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopen:
    """Opens a connection anew (a new process or session), with the pack's opening unless `opening` is false."""

    opening: bool = True
    connection: str = "main"


Step = Request | Notify | Respond | Send | SendBytes | Http | Expect | Silence | Repeat | Close | Reopen


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A conversation to play. `where` is file:line. `subject` is what for_each filled in. `provokes` are rows that no step
    decides but that ambient checks can judge by what comes of it."""

    id: str
    title: str
    protocol: str
    topic: str
    steps: tuple[Step, ...]
    since: str | None = None
    until: str | None = None
    role: str = "server"
    transports: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    for_each: str | None = None
    subject: str | None = None
    isolation: Isolation = Isolation.SHARED
    opening: bool = True
    reads_only: bool = False
    capabilities: JSON = ABSENT
    canned: Mapping[str, Any] = field(default_factory=dict)
    provokes: tuple[str, ...] = ()
    origin: Origin = Origin.SCRIPTED
    where: str = ""

    @property
    def about(self) -> tuple[str, ...]:
        """Every requirement that some step decides or that the exchange provokes, in order, once."""
        named = (row for step in self.steps if isinstance(step, Expect | Silence) for row in step.about)
        return tuple(dict.fromkeys((*named, *self.provokes)))

    @property
    def hooks(self) -> tuple[str, ...]:
        """The names of the webhooks that its steps speak of, in order, once."""
        return tuple(dict.fromkeys(_HOOK.findall(repr(self.steps))))

    @property
    def span(self) -> str:
        """The name of its records in a transcript."""
        return f"{self.id}[{self.subject}]" if self.subject else self.id
