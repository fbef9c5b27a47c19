"""What generated exchanges with an agent are put together from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from wireproof.model.exchange import Exchange, Expect, Origin, Pattern, Request, Step
from wireproof.model.jsontext import JSON, dump
from wireproof.protocols.a2a.operations import OPERATIONS, SENDS

NOBODY: Final = "5f0c1a52-6d0b-4c55-9f2e-0d3e1b7c9a10"
"""The id of a task that nobody has: a UUID, since ids of another form may be refused for it (specification 3.3.2)."""
ANSWERED: Final[JSON] = {"type": "object", "anyOf": [{"required": ["result"]}, {"required": ["error"]}]}
SURVIVES: Final = "robust.target.survives"
_PLACES: Final = ("${", "{{")
_FAULTS: Final = (Pattern(outcome="timeout"), Pattern(outcome="end"), Pattern(outcome="fault"))


def generated(family: str, steps: Sequence[Step], subject: str | None = None) -> Exchange:
    """An exchange as search plays it; it gets an id of its own when it is kept."""
    return Exchange(
        id=f"a2a.generated.{family}",
        title="Found by search",
        protocol="a2a",
        topic="generated",
        steps=tuple(steps),
        subject=subject,
        origin=Origin.GENERATED,
    )


def any_answer(request: Request) -> Expect:
    """Waits for an answer, of a stream for its end, and takes whatever comes of it: no rule says how long a request may take."""
    operation = OPERATIONS.get(request.method)
    if operation is not None and operation.streams:
        ended = Pattern(schema={"type": "object"})
        return Expect(of=request.name, event="end", any_of=(ended, *_FAULTS))
    return Expect(of=request.name, any_of=(Pattern(schema=ANSWERED), *_FAULTS))


def still_alive(row: str = SURVIVES) -> tuple[Step, ...]:
    """A request that every agent answers, with an error, after whatever was sent before it."""
    request = Request(method="GetTask", params={"id": NOBODY}, name="after")
    why = "after that the agent does not answer a plain request any more"
    return request, Expect(of="after", any_of=(Pattern(schema=ANSWERED),), about=(row,), alive=True, why=why)


def sending(exchange: Exchange) -> int:
    """How many messages it sends to the agent."""
    return sum(isinstance(one, Request) and one.method in SENDS for one in exchange.steps)


def literal_value(value: JSON) -> bool:
    """Can the value stand in an exchange file as it is: no placeholder, no half of a surrogate pair?"""
    text = dump(value)
    return not any(one in text for one in _PLACES) and not any("\ud800" <= char <= "\udfff" for char in text)
