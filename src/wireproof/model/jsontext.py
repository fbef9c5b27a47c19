"""JSON text as it crossed the wire: what ordinary parsers forgive stays visible.

`parse` never raises on bad text; it names the fault (RFC 8259; JSON-RPC 2.0 section 4). A fault is one short machine word
followed by detail, so that a check can match on the word and a reader understands the rest.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

JSON = Any  # None | bool | int | float | str | list | dict: recursion buys nothing at our boundaries

MAX_DEPTH: Final = 200
MAX_SAFE_INTEGER: Final = 2**53 - 1
_QUOTED: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)
"""A string of JSON, or one that nobody closed."""
_BRACKETS: Final = re.compile(r"[\[\]{}]")


class _Absent:
    __slots__ = ()

    def __repr__(self) -> str:
        return "ABSENT"

    def __bool__(self) -> bool:
        return False


ABSENT: Final = _Absent()
"""No JSON value at all: not the same as `null`."""


class _Watch:
    """Collects what the standard parser would pass over in silence."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    def pairs(self, pairs: list[tuple[str, JSON]]) -> dict[str, JSON]:
        made = dict(pairs)
        if len(made) != len(pairs):
            seen: set[str] = set()
            for key, _ in pairs:
                if key in seen:
                    self.faults.append(f"duplicate-key: {key!r}")
                seen.add(key)
        return made

    def constant(self, text: str) -> JSON:
        self.faults.append(f"non-json-number: {text}")
        return None

    def integer(self, text: str) -> int | None:
        if len(text) > 1000:
            self.faults.append(f"huge-integer: {len(text)} digits")
            return None
        return int(text)


def deeper_than(text: str, limit: int) -> bool:
    """Are brackets outside strings nested more deeply? Cheap, and independent of the parser's own recursion."""
    return text.count("[") + text.count("{") > limit and _depth_of(text) > limit


def _depth_of(text: str) -> int:
    deepest = depth = 0
    for bracket in _BRACKETS.findall(_QUOTED.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def parse(raw: bytes) -> tuple[JSON, str | None]:
    """Parse one JSON text. Returns (value or ABSENT, fault or None); a value may come with a fault (duplicate keys, BOM, lone surrogates)."""
    watch = _Watch()
    if raw.startswith(b"\xef\xbb\xbf"):
        watch.faults.append("bom: text starts with a byte order mark")
        raw = raw[3:]
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return ABSENT, f"not-utf8: byte {error.start}"
    if deeper_than(text, MAX_DEPTH):
        return ABSENT, f"too-deep: more than {MAX_DEPTH} levels"
    try:
        value = json.loads(text, object_pairs_hook=watch.pairs, parse_constant=watch.constant, parse_int=watch.integer)
    except (ValueError, RecursionError) as error:
        return ABSENT, f"not-json: {error}"
    if "\\u" in text and _has_lone_surrogate(value):
        watch.faults.append("lone-surrogate: a string holds half of a surrogate pair")
    return value, "; ".join(watch.faults) or None


def _has_lone_surrogate(value: JSON) -> bool:
    if isinstance(value, str):
        return any(0xD800 <= ord(char) <= 0xDFFF for char in value)
    if isinstance(value, list):
        return any(_has_lone_surrogate(item) for item in value)
    if isinstance(value, dict):
        return any(_has_lone_surrogate(key) or _has_lone_surrogate(item) for key, item in value.items())
    return False


def dump(value: JSON) -> str:
    """The compact JSON text that we write: one line, UTF-8 characters kept, lone surrogates escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"))
    return text


def resolve_pointer(value: JSON, pointer: str) -> JSON:
    """RFC 6901; ABSENT where the pointer leads nowhere."""
    if pointer == "":
        return value
    for token in pointer.removeprefix("/").split("/"):
        token = token.replace("~1", "/").replace("~0", "~")
        if isinstance(value, Mapping) and token in value:
            value = value[token]
        elif isinstance(value, Sequence) and not isinstance(value, str) and token.isdigit() and int(token) < len(value):
            value = value[int(token)]
        else:
            return ABSENT
    return value


def pointer_of(path: Sequence[str | int]) -> str:
    """A JSON pointer from a path of keys and indexes."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def same(one: JSON, other: JSON) -> bool:
    """Equality of JSON values: type-strict where Python is not (1 is not true; 1 and 1.0 are the same number)."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(item, other[key]) for key, item in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return (type(one) in (int, float) and type(other) in (int, float) and one == other) or (
        type(one) is type(other) and bool(one == other)
    )
