"""Strict YAML: JSON's types inside, and every node knows its line.

YAML is for people to write, JSON is what is meant. So only JSON's own scalars resolve (`on`, `yes` and `2025-11-25`
stay strings), keys are strings, and what would make a file mean more than it shows is refused: duplicate keys, anchors,
aliases, tags, merge keys, a second document. An empty value is null. Faults are UsageError with `where` = "file:line".
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import isinf
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from wireproof.library.schemas import own_problem
from wireproof.model.errors import UsageError
from wireproof.model.jsontext import JSON

MAX_NESTING: Final = 100

# libyaml's parser is several times as fast; PyYAML's wheels carry it, some builds do not. Only its events are used.
_Parser: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?\Z")
_WORDS: Final[dict[str, JSON]] = {"true": True, "false": False, "null": None, "": None}
_NUMBER_STARTS: Final = frozenset("-0123456789")


class Spot(NamedTuple):
    """The line of one node (from 1; a member of a mapping counts from its key) and the spots inside it.

    A file has thousands, and a frozen dataclass takes thrice as long to make.
    """

    line: int
    inside: dict[str, Spot] | list[Spot] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Which line each value of a file came from."""

    root: Spot

    def at(self, pointer: str) -> int:
        """Line (from 1) of the value at a JSON pointer; of its nearest ancestor where it leads nowhere."""
        spot = self.root
        for token in pointer.split("/")[1:]:
            below = _step(spot, token.replace("~1", "/").replace("~0", "~"))
            if below is None:
                break
            spot = below
        return spot.line


def _step(spot: Spot, token: str) -> Spot | None:
    below: Spot | None = None
    if isinstance(spot.inside, dict):
        below = spot.inside.get(token)
    elif isinstance(spot.inside, list) and token.isdigit() and int(token) < len(spot.inside):
        below = spot.inside[int(token)]
    return below


def shown(path: Path | str) -> str:
    """A path as messages print it: relative to the working directory where it lies below it."""
    return _shown(str(path), str(Path.cwd()))


@lru_cache(maxsize=256)
def _shown(path: str, folder: str) -> str:
    """Resolved once, because every row of a file says where it stands."""
    try:
        return Path(path).resolve().relative_to(folder).as_posix()
    except ValueError:
        return path


def read_yaml(path: Path) -> tuple[JSON, Lines]:
    """Read one file. UsageError with file:line for anything that is not strict."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror or error}", where=shown(path)) from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise UsageError("is not UTF-8", where=f"{shown(path)}:{line}") from None
    return parse_yaml(text, path)


def parse_yaml(text: str, path: Path | str) -> tuple[JSON, Lines]:
    """The same for a text at hand; `path` is the name for messages."""
    try:
        return _Builder(text, shown(path)).build()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = error.problem or "is not YAML"
        hint = f"it began as: {error.context}" if error.context else ""
        raise UsageError(what, where=f"{shown(path)}:{mark.line + 1 if mark else 1}", hint=hint) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, int(error.position)) + 1
        what = f"holds a character that YAML forbids: {error.reason}"
        raise UsageError(what, where=f"{shown(path)}:{line}") from None


class _Builder:
    """One pass over the parser's events that builds values and spots side by side, no deeper than MAX_NESTING."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.parser = _Parser(text)
        self.events: Iterator[Any] = iter(self.parser.get_event, None)

    def refuse(self, what: str, event: Any, hint: str = "") -> UsageError:
        return UsageError(what, where=f"{self.file}:{event.start_mark.line + 1}", hint=hint)

    def build(self) -> tuple[JSON, Lines]:
        try:
            next(self.events)  # the start of the stream
            event = next(self.events)
            if isinstance(event, yaml.StreamEndEvent):
                raise self.refuse("is empty", event)
            value, spot = self.node(next(self.events), 0)
            next(self.events)  # the end of the document
            event = next(self.events)
            if not isinstance(event, yaml.StreamEndEvent):
                raise self.refuse("a second document begins here", event, "one document a file")
        finally:
            self.parser.dispose()
        return value, Lines(root=spot)

    def node(self, event: Any, depth: int) -> tuple[JSON, Spot]:
        kind = type(event)
        if kind is yaml.AliasEvent:
            raise self.refuse(f"an alias (*{event.anchor}) stands here", event, "write the value out")
        if event.anchor is not None:
            raise self.refuse(f"an anchor (&{event.anchor}) stands here", event, "write the value out where it is used")
        if event.tag is not None:
            raise self.refuse(f"a tag ({event.tag}) stands here", event, "only JSON's types are known")
        line = event.start_mark.line + 1
        if kind is yaml.ScalarEvent:
            return (event.value if event.style else self.plain(event)), Spot(line=line)
        if depth >= MAX_NESTING:
            raise self.refuse(f"nests deeper than {MAX_NESTING} levels", event)
        return self.mapping(line, depth) if kind is yaml.MappingStartEvent else self.sequence(line, depth)

    def sequence(self, line: int, depth: int) -> tuple[JSON, Spot]:
        values: list[JSON] = []
        spots: list[Spot] = []
        for event in self.events:
            if type(event) is yaml.SequenceEndEvent:
                break
            value, spot = self.node(event, depth + 1)
            values.append(value)
            spots.append(spot)
        return values, Spot(line=line, inside=spots)

    def mapping(self, line: int, depth: int) -> tuple[JSON, Spot]:
        values: dict[str, JSON] = {}
        spots: dict[str, Spot] = {}
        for event in self.events:
            if type(event) is yaml.MappingEndEvent:
                break
            key = self.key(event, depth)
            if key in values:
                hint = f"first in line {spots[key].line}"
                raise self.refuse(f"the key {key!r} stands here a second time", event, hint)
            value, spot = self.node(next(self.events), depth + 1)
            values[key] = value
            spots[key] = Spot(line=event.start_mark.line + 1, inside=spot.inside)
        return values, Spot(line=line, inside=spots)

    def key(self, event: Any, depth: int) -> str:
        key, _ = self.node(event, depth)
        if not isinstance(key, str):
            raise self.refuse("a key is not a string", event, 'quote it: "..."')
        if key == "<<" and not event.style:
            raise self.refuse("a merge key (<<) stands here", event, "write the members out")
        return sys.intern(key)

    def plain(self, event: Any) -> JSON:
        text: str = event.value
        if text in _WORDS:
            return _WORDS[text]
        if text[0] in _NUMBER_STARTS and (number := _NUMBER.match(text)):
            if number[1] or number[2]:
                value = float(text)
                if isinf(value):
                    raise self.refuse(f"the number {text} is too large for a double", event, "send it with `bytes:`")
                return value
            if len(text) > 1000:
                raise self.refuse("an integer of more than 1000 digits stands here", event, "send it with `bytes:`")
            return int(text)
        return text


def validate(value: JSON, lines: Lines, schema_name: str, path: Path | str) -> None:
    """Hold a file's value against schemas/wireproof/<schema_name>.schema.json; UsageError with file:line."""
    problem = own_problem(schema_name, value)
    if problem is not None:
        raise UsageError(
            f"{problem.pointer or 'the file'}: {problem.message}",
            where=f"{shown(path)}:{lines.at(problem.pointer)}",
            hint=problem.hint,
        )
