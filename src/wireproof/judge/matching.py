"""Does an observation fit a pattern? Two matchers only: deep subset and JSON Schema."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from wireproof.model.exchange import Pattern
from wireproof.model.jsontext import ABSENT, JSON, dump, pointer_of, same
from wireproof.model.wire import Headers, Kind, Record, Way, header

Validate = Callable[[JSON, JSON], list[tuple[str, str]]]
"""(definition name or inline schema, instance) -> [(pointer, why)]; empty when valid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What an expectation is held against."""

    outcome: str
    message: JSON = ABSENT
    status: int | None = None
    headers: Headers = ()
    has_status: bool = False


def subset(pattern: JSON, value: JSON, path: tuple[str | int, ...] = ()) -> tuple[str, str] | None:
    """None when `pattern` is contained in `value`, else (pointer, why). Objects may have more members; arrays item by item, same length."""
    if isinstance(pattern, dict):
        if not isinstance(value, dict):
            return pointer_of(path), f"expected an object, got {brief(value)}"
        for key, wanted in pattern.items():
            if key not in value:
                return pointer_of((*path, key)), f"member {key!r} is missing"
            if (miss := subset(wanted, value[key], (*path, key))) is not None:
                return miss
        return None
    if isinstance(pattern, list):
        if not isinstance(value, list) or len(value) != len(pattern):
            return pointer_of(path), f"expected an array of {len(pattern)}, got {brief(value)}"
        for index, wanted in enumerate(pattern):
            if (miss := subset(wanted, value[index], (*path, index))) is not None:
                return miss
        return None
    return None if same(pattern, value) else (pointer_of(path), f"expected {brief(pattern)}, got {brief(value)}")


def brief(value: JSON, limit: int = 80) -> str:
    """A value in one short piece of JSON text, for sentences."""
    if value is ABSENT:
        return "nothing"
    text = dump(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def fits(pattern: Pattern, seen: Observation, validate: Validate) -> tuple[str, str] | None:
    """None when the observation fits, else (pointer, why not)."""
    wanted = pattern.outcome or "answered"
    message_needed = pattern.match is not ABSENT or pattern.schema is not ABSENT
    if wanted != seen.outcome and not (wanted == "answered" and seen.outcome == "end" and not message_needed):
        return "", f"expected {_WANTED.get(wanted, wanted)}, but {_OUTCOMES.get(seen.outcome, seen.outcome)}"
    if pattern.status and seen.has_status and seen.status not in pattern.status:
        return "", f"HTTP status {seen.status}, expected {' or '.join(map(str, pattern.status))}"
    if seen.has_status:
        for name, schema in pattern.headers.items():
            problems = validate(schema, header(seen.headers, name))
            if problems:
                return "", f"HTTP header {name}: {problems[0][1]}"
    if pattern.match is not ABSENT and seen.message is ABSENT and seen.outcome == "answered":
        return "", "what came is no JSON"
    if pattern.match is not ABSENT and (miss := subset(pattern.match, seen.message)) is not None:
        return miss
    if pattern.schema is not ABSENT:
        if seen.message is ABSENT:
            return "", "there is no message"
        problems = validate(pattern.schema, seen.message)
        if problems:
            return problems[0]
    return None


_WANTED = {
    "answered": "an answer",
    "timeout": "no answer",
    "closed": "a closed connection",
    "exit": "the target to exit",
    "end": "an HTTP response without a message",
    "fault": "a broken transport",
}
_OUTCOMES = {
    "answered": "an answer came",
    "timeout": "no answer came",
    "closed": "the connection was closed",
    "exit": "the target exited",
    "end": "the HTTP response ended without a message",
    "fault": "the transport broke",
    "dead": "the target stopped answering altogether",
}


def first_fit(
    patterns: tuple[Pattern, ...], seen: Observation, validate: Validate
) -> tuple[Pattern | None, tuple[str, str]]:
    """The first pattern that fits, or None and the miss that went deepest (the longest pointer), to explain with."""
    best = ("", "nothing matches")
    for pattern in patterns:
        miss = fits(pattern, seen, validate)
        if miss is None:
            return pattern, ("", "")
        if best[1] == "nothing matches" or len(miss[0]) > len(best[0]):
            best = miss
    return None, best


def astray(records: Sequence[Record], since: int, until: int) -> Record | None:
    """The first response between two seqs whose id none of our other messages had, in value or as text: perhaps the answer to the
    request `since`, which is missed, under another id. None where `since` is no request."""
    asked = [
        one for one in records[:until] if one.way is Way.OUT and isinstance(one.message, dict) and "id" in one.message
    ]
    mine = next((one for one in asked if one.seq == since and "method" in one.message), None)
    others = {str(one.message["id"]) for one in asked if one is not mine}
    own = mine.message["id"] if mine is not None else ABSENT
    for one in records[since:until] if mine is not None else ():
        if one.way is not Way.IN or one.kind is not Kind.MESSAGE or not isinstance(one.message, dict):
            continue
        responds = "method" not in one.message and ("result" in one.message or "error" in one.message)
        late = same(one.message.get("id"), own)  # the answer itself, after its time
        if responds and not late and one.message.get("id") is not None and str(one.message["id"]) not in others:
            return one
    return None


def under_another_id(stray: Record | None) -> str:
    """What is added to the sentence that no answer came; empty when nothing came astray."""
    identity = stray.message.get("id") if stray is not None and isinstance(stray.message, dict) else ABSENT
    return "" if identity is ABSENT else f"; a response came with the id {brief(identity)}, which no request has"
