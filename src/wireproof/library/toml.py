"""TOML with lines: the values as `tomllib` reads them, and which line each came from.

`tomllib` alone decides what is TOML and what it means; the walk here runs only over text that it took, so it may be simple.
Dates and times become their text, because an unquoted 2025-11-25 is a revision to whoever writes it.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import re
import tomllib
from pathlib import Path
from typing import Any, Final

from wireproof.library.source import Lines, Spot, shown
from wireproof.model.errors import UsageError
from wireproof.model.jsontext import JSON

_PLACE: Final = re.compile(r" \(at line (\d+), column \d+\)\Z|(?P<end> \(at end of document\))\Z")
_TWICE: Final = re.compile(r"Cannot declare \((.+)\) twice")
_GAP: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY: Final = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""")
_TEXT: Final = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*"{3,5}|\'\'\'(?:[^\']|\'(?!\'\'))*\'{3,5}|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'', re.DOTALL
)
_BARE: Final = re.compile(r"[^,\]}\n#]+")


def read_toml(path: Path) -> tuple[JSON, Lines]:
    """Read one file. UsageError with file:line for anything that is no TOML."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror or error}", where=shown(path)) from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise UsageError("is not UTF-8", where=f"{shown(path)}:{line}") from None
    return parse_toml(text, path)


def parse_toml(text: str, path: Path | str) -> tuple[JSON, Lines]:
    """The same for a text at hand; `path` is the name for messages."""
    text = text.replace("\r\n", "\n")
    try:
        value = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _fault(str(error), text, path) from None
    lines = Lines(root=_Walk(text).spots())
    return _plain(value, lines, "", shown(path)), lines


def _fault(said: str, text: str, path: Path | str) -> UsageError:
    found = _PLACE.search(said)
    line = int(found[1]) if found and found[1] else text.count("\n") + 1
    what = _PLACE.sub("", said)
    twice = _TWICE.search(what)
    if twice:
        table = ".".join(re.findall(r"'([^']*)'", twice[1]))
        what = f"the table [{table}] stands here a second time"
        if table.startswith(("targets.", "tool.wireproof.targets.")):
            what = f"a second target is called {table.rpartition('targets.')[2]!r}"
    return UsageError(f"{what[:1].lower()}{what[1:]}", where=f"{shown(path)}:{line}")


def _plain(value: Any, lines: Lines, pointer: str, file: str) -> JSON:
    """The value in JSON's types. UsageError for a number that JSON does not have."""
    if isinstance(value, dict):
        return {
            key: _plain(one, lines, f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}", file)
            for key, one in value.items()
        }
    if isinstance(value, list):
        return [_plain(one, lines, f"{pointer}/{index}", file) for index, one in enumerate(value)]
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        raise UsageError(f"{pointer}: {value} is no number here", where=f"{file}:{lines.at(pointer)}")
    return value


class _Walk:
    """One walk over a text that is TOML, which notes the line of every key and item."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.counted, self.line = 0, 1

    def here(self) -> int:
        self.line += self.text.count("\n", self.counted, self.at)
        self.counted = self.at
        return self.line

    def gap(self) -> None:
        found = _GAP.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def next(self, what: re.Pattern[str]) -> str:
        found = what.match(self.text, self.at)
        if found is None:
            raise AssertionError(f"no TOML at character {self.at}, although it was parsed")
        self.at = found.end()
        return found[0]

    def spots(self) -> Spot:
        root = Spot(line=1, inside={})
        table = root
        while True:
            self.gap()
            if self.at >= len(self.text):
                return root
            line = self.here()
            if self.text[self.at] != "[":
                self.pair(table)
                continue
            many = self.text.startswith("[[", self.at)
            self.at += 2 if many else 1
            *outer, last = self.keys()
            self.at += 2 if many else 1
            table = _inside(_descend(root, outer, line), last, line, many=many)

    def keys(self) -> list[str]:
        """The parts of a dotted key; what follows it is not taken."""
        found = []
        while True:
            self.gap()
            word = self.next(_KEY)
            found.append(tomllib.loads(f"k={word}")["k"] if word[0] in "\"'" else word)
            self.gap()
            if self.text[self.at] != ".":
                return found
            self.at += 1

    def pair(self, table: Spot) -> None:
        line = self.here()
        *outer, last = self.keys()
        self.at += 1  # the equals sign
        self.gap()
        into = _descend(table, outer, line)
        if isinstance(into.inside, dict):
            into.inside[last] = Spot(line=line, inside=self.value())

    def value(self) -> dict[str, Spot] | list[Spot] | None:
        """What is inside of the value that begins here."""
        char = self.text[self.at]
        if char == "[":
            items: list[Spot] = []
            self.at += 1
            while self.more("]"):
                items.append(Spot(line=self.here(), inside=self.value()))
            return items
        if char == "{":
            table = Spot(line=self.here(), inside={})
            self.at += 1
            while self.more("}"):
                self.pair(table)
            return table.inside
        self.next(_TEXT if char in "\"'" else _BARE)
        return None

    def more(self, end: str) -> bool:
        """Does another item follow? Takes the comma before it, or the end."""
        self.gap()
        if self.text[self.at] == ",":
            self.at += 1
            self.gap()
        if self.text[self.at] != end:
            return True
        self.at += 1
        return False


def _descend(spot: Spot, keys: list[str], line: int) -> Spot:
    for key in keys:
        spot = _inside(spot, key, line, many=False)
    return spot


def _inside(spot: Spot, key: str, line: int, *, many: bool) -> Spot:
    """The table of that name in another, made when it is not there; of an array of tables the last, or with `many` one more."""
    if not isinstance(spot.inside, dict):
        return spot
    found = spot.inside.get(key)
    if many:
        if found is None:
            found = spot.inside[key] = Spot(line=line, inside=[])
        if isinstance(found.inside, list):
            found.inside.append(Spot(line=line, inside={}))
    if found is None:
        found = spot.inside[key] = Spot(line=line, inside={})
    return found.inside[-1] if isinstance(found.inside, list) and found.inside else found


def quoted(text: str) -> str:
    """A TOML basic string; TOML escapes as JSON does, but wants DEL escaped too."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")
