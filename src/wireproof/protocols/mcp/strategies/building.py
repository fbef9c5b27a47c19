"""What generated exchanges are put together from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from wireproof.judge.pack import Lens
from wireproof.model.exchange import Exchange, Expect, Origin, Pattern, Request, Step
from wireproof.model.jsontext import JSON, dump

RESULT: Final[JSON] = {"type": "object", "required": ["result"]}
ANSWERED: Final[JSON] = {"type": "object", "anyOf": [{"required": ["result"]}, {"required": ["error"]}]}
SURVIVES: Final = "robust.target.survives"
_PLACES: Final = ("${", "{{")
"""What begins a placeholder of an exchange file: no drawn value may hold it, or the file would mean something else."""


def generated(family: str, steps: Sequence[Step], subject: str | None = None) -> Exchange:
    """An exchange as search plays it; it gets an id of its own when it is kept."""
    return Exchange(
        id=f"mcp.generated.{family}",
        title="Found by search",
        protocol="mcp",
        topic="generated",
        steps=tuple(steps),
        subject=subject,
        origin=Origin.GENERATED,
    )


def liveness_of(facts: Mapping[str, Any], lens: Lens) -> str:
    """The plain request that this server answers: the revision's own, or a list where the survey saw that it does not."""
    return str(facts.get("alive_by") or lens.revision.traits.get("liveness", ""))


def calling(exchange: Exchange) -> int:
    """How many tools it calls."""
    return sum(isinstance(one, Request) and one.method == "tools/call" for one in exchange.steps)


def any_answer(name: str, patience: float = 1.0) -> Expect:
    """Waits for an answer and takes whatever comes of it: no rule says how long a request may take."""
    lawful = (Pattern(schema=ANSWERED), Pattern(outcome="timeout"), Pattern(outcome="end"), Pattern(outcome="fault"))
    return Expect(of=name, any_of=lawful, patience=patience)


def still_alive(liveness: str, row: str = SURVIVES) -> tuple[Step, ...]:
    """A request that every server answers, after whatever was sent before it."""
    request = Request(method=liveness, name="after")
    why = "after that the server does not answer a plain request any more"
    return request, Expect(of="after", any_of=(Pattern(schema=RESULT),), about=(row,), alive=True, why=why)


def literal_value(value: JSON) -> bool:
    """Can the value stand in an exchange file as it is: no placeholder, no half of a surrogate pair?"""
    text = dump(value)
    return not any(one in text for one in _PLACES) and not any("\ud800" <= char <= "\udfff" for char in text)
