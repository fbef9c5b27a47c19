"""A JSON value as HTML that folds: short parts on one line, what leads to the marked place open, what is large cut with a note.

Everything that is written is escaped here; what comes out is Markup.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup

from wireproof.model.jsontext import dump
from wireproof.report.ladder import shortened
from wireproof.report.words import plural, printable

_INLINE: Final = 72
"""Characters of a container that stays on one line."""
_STRING: Final = 1200
_ITEMS: Final = 40
_LINES: Final = 260
_DEPTH: Final = 24
_GLANCE: Final = 400


def clipped(text: str, most: int) -> str:
    """Harmless text of `most` characters, with a note of how many were left out."""
    if len(text) <= most:
        return printable(text)
    return f"{printable(text[:most])}… ({len(text) - most:,} more characters)"


@dataclass(slots=True)
class _Room:
    lines: int


def tree(value: Any, pointer: str = "") -> Markup:
    """The value; the place at `pointer` (RFC 6901) is marked, or where it is missing, what should hold it."""
    path = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    return Markup("").join(_node(value, "", path, _Room(lines=_LINES), depth=0, marked=bool(pointer)))


def _node(value: Any, label: str, path: Sequence[str], room: _Room, *, depth: int, marked: bool) -> Iterator[Markup]:
    """`marked`: the pointer leads here or further in; `path` is what is left of it."""
    here = marked and not path
    missing = ""
    if marked and path and not _has(value, path[0]):
        missing, here = path[0], True
    room.lines -= 1
    if room.lines < 0 and not marked:
        if room.lines == -1:
            yield Markup('<div class="cut">… the rest is left out here; the journal has it</div>')
        return
    key = Markup('<span class="k">{}</span>: ').format(clipped(dump(label), 200)) if label else Markup("")
    flag = (
        Markup(' <span class="here">◀ {}</span>').format(f"no {printable(missing[:80])}" if missing else "here")
        if here
        else ""
    )
    kind = Markup(' class="hit"') if here else Markup("")
    inner = marked and not here
    if not isinstance(value, dict | list) or depth >= _DEPTH or not (inner or _large(value)):
        yield Markup("<div{}>{}{}{}</div>").format(kind, key, _scalar(value), flag)
        return
    size = plural(len(value), "member" if isinstance(value, dict) else "item")
    opened = Markup(" open") if depth == 0 or marked else Markup("")
    brace = "{" if isinstance(value, dict) else "["
    yield Markup("<details{}{}><summary>{}{} <small>{}</small>{}</summary>").format(
        kind, opened, key, brace, size, flag
    )
    pairs = list(value.items()) if isinstance(value, dict) else [(str(at), one) for at, one in enumerate(value)]
    named = isinstance(value, dict)
    for at, (name, one) in enumerate(pairs):
        leads = inner and path[0] == name
        if at < _ITEMS or leads:
            yield from _node(
                one, name if named or leads else "", path[1:] if leads else (), room, depth=depth + 1, marked=leads
            )
    if len(pairs) > _ITEMS:
        yield Markup('<div class="cut">… {} more</div>').format(len(pairs) - _ITEMS)
    yield Markup('<span class="b">{}</span></details>').format("}" if named else "]")


def _has(value: Any, part: str) -> bool:
    if isinstance(value, dict):
        return part in value
    return isinstance(value, list) and part.isdigit() and int(part) < len(value)


def _large(value: Any) -> bool:
    """Is it longer on one line than a line is? Looks no further than it must."""
    if not value:
        return False
    if len(value) > _GLANCE:
        return True
    total = 0
    stack = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, dict):
            total += sum(len(key) + 4 for key in one)
            stack += one.values()
        elif isinstance(one, list):
            total += 2 * len(one)
            stack += one
        else:
            total += len(one) + 2 if isinstance(one, str) else 4
        if total > _INLINE:
            return True
    return False


def _scalar(value: Any) -> Markup:
    kind = "s" if isinstance(value, str) else "c" if isinstance(value, dict | list) else "n"
    if kind == "s":
        shown = value[:_STRING]
        more = f"… ({len(value) - _STRING:,} more characters)" if len(value) > _STRING else ""
        return Markup('<span class="s">{}</span>{}').format(printable(dump(shown)), more)
    text = shortened(value) if kind == "c" else dump(value)
    return Markup('<span class="{}">{}</span>').format(kind, clipped(text, _STRING))
