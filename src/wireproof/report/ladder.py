"""The ladder: one exchange as a reader follows it, out and in, with milliseconds, the offending record marked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from wireproof.model.jsontext import ABSENT, dump
from wireproof.model.wire import Kind, Record, Way
from wireproof.report.words import condensed, printable

_ITEMS: Final = 3
_STRING: Final = 60
_AFTER: Final = 5
_CHATTER: Final = 3
_USUAL: Final = (("content-type", "application/json"), ("accept", "application/json,text/event-stream"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One line. `seq` is the record that it tells; `mark` True: this is the evidence."""

    seq: int
    arrow: str
    at_ms: float
    text: str
    mark: bool


def ladder(
    records: Sequence[Record],
    evidence: Iterable[int],
    *,
    span: str | None = None,
    pointer: str = "",
    most: int = 10,
    width: int = 400,
    marked_width: int = 400,
) -> list[Rung]:
    """The rungs around the evidence in the order of time: its own span, or the one that is named, without notes that say nothing to a reader.

    Texts have `width` characters at most, those of the evidence `marked_width`; JSON that is longer is shown with its inner parts left out,
    except where `pointer` leads in the last record of the evidence.
    """
    marked = set(evidence)
    wanted = [records[seq] for seq in sorted(marked) if seq < len(records)]
    if not wanted and span is None:
        return []
    span = span or wanted[-1].span
    mine = [one for one in records if one.span == span and _tells(one)] if span else wanted
    mine = sorted(
        {one.seq: one for one in (*mine, *wanted) if _tells(one)}.values(), key=lambda one: (one.at_ns, one.seq)
    )
    mine, left = _without_chatter(mine, marked)
    if len(mine) > most:
        last = max((index for index, one in enumerate(mine) if one.seq in marked), default=len(mine))
        keep = {one.seq for one in mine[max(0, last - most + _AFTER) : last + _AFTER]} | marked
        mine = [one for one in mine if one.seq in keep][-most:]
    begun = mine[0].at_ns if mine else 0
    rungs = []
    for one in mine:
        mark = one.seq in marked
        more = f" ({left[one.seq]} lines before it)" if one.seq in left else ""
        room = (marked_width if mark else width) - len(more)
        text = _text(one, room, pointer if wanted and one is wanted[-1] else "", headers=mark)
        at_ms = (one.at_ns - begun) / 1e6
        rungs.append(Rung(seq=one.seq, arrow=_arrow(one), at_ms=at_ms, text=text + more, mark=mark))
    return rungs


def _without_chatter(records: Sequence[Record], marked: Collection[int]) -> tuple[list[Record], dict[int, int]]:
    """Of many lines of stderr in a row the first and the last; and before which seq how many were left out."""
    kept: list[Record] = []
    left: dict[int, int] = {}
    for quiet, group in groupby(records, key=lambda one: one.kind is Kind.STDERR and one.seq not in marked):
        some = list(group)
        if quiet and len(some) > _CHATTER:
            left[some[-1].seq] = len(some) - 2
            some = [some[0], some[-1]]
        kept += some
    return kept, left


def _tells(record: Record) -> bool:
    return record.kind not in (Kind.AWAIT, Kind.OPENED, Kind.SKIPPED) and not (
        record.kind is Kind.END and record.meta.get("complete")
    )


def _arrow(record: Record) -> str:
    return {"out": "->", "in": "<-"}.get(record.way.value, "--")


def _text(record: Record, width: int, pointer: str, *, headers: bool) -> str:
    """What a rung says; with `headers` those of a request that differ from what every client sends."""
    body = record.raw.decode("utf-8", "backslashreplace")
    if len(body) > width and isinstance(record.message, dict | list):
        body = shortened(record.message, pointer)
    elif len(body) > width and record.message is ABSENT and record.kind is not Kind.STDERR:
        body = f"{condensed(body)} ({len(record.raw)} bytes)"
    if record.way is Way.OUT and "method" in record.meta and "target" in record.meta:
        sent = record.meta.get("headers", ()) if headers else ()
        names = " ".join(f"{key}: {value};" for key, value in sent if _notable(key) and not _usual(key, value))
        body = " ".join(filter(None, (record.meta["method"], record.meta["target"], names, body)))
    elif record.kind is Kind.HEAD:
        names = " ".join(f"{key}: {value};" for key, value in record.meta.get("headers", ()) if _notable(key))
        body = f"HTTP {record.meta.get('status')} {names}".strip()
    elif record.kind is Kind.DELIVERY:
        body = f"webhook: {record.meta.get('method')} {record.meta.get('target')} {body}"
    elif record.kind is Kind.EVENT:
        body = f"SSE event {record.meta.get('event') or ''} id={record.meta.get('id')} {body}".strip()
    elif record.kind is Kind.STDERR:
        body = f"stderr: {body}"
    elif record.kind is Kind.EXIT:
        body = f"exit, code {record.meta.get('code')}"
    elif record.kind in (Kind.EOF, Kind.CLOSED, Kind.FAULT, Kind.END):
        body = f"{record.kind.value}: {record.fault or record.meta.get('why') or ''}".rstrip(": ")
    body = printable(body)
    return body if len(body) <= width else body[: width - 1] + "…"


def shortened(message: Any, pointer: str = "") -> str:
    """A message as JSON on one line in which inner parts are left out (…), but for what lies on the way to `pointer`."""
    path = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    return _short(message, 2, path)


def _short(value: Any, depth: int, path: Sequence[str]) -> str:
    if isinstance(value, dict):
        if value and depth <= 0 and not path:
            return "{…}"
        members = (f"{dump(key)}:{_short(item, depth - 1, _below(path, key))}" for key, item in value.items())
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        if value and depth <= 0 and not path:
            return "[…]"
        shown = [_short(item, depth - 1, _below(path, str(index))) for index, item in enumerate(value[:_ITEMS])]
        if path and path[0].isdigit() and _ITEMS <= int(path[0]) < len(value):
            shown.append(f"…{path[0]}: {_short(value[int(path[0])], depth - 1, path[1:])}")
        return "[" + ",".join(shown) + (f",… {len(value)} items]" if len(value) > _ITEMS else "]")
    text = dump(value)
    return text if len(text) <= _STRING or path else text[: _STRING - 2] + '…"'


def _below(path: Sequence[str], key: str) -> Sequence[str]:
    return (path[1:] or [""]) if path and path[0] == key else ()


def _usual(name: str, value: str) -> bool:
    """What a client's POST says anyway."""
    return (name.lower(), value.replace(" ", "")) in _USUAL


def _notable(name: str) -> bool:
    lowered = name.lower()
    return lowered.startswith("mcp-") or lowered in (
        "content-type",
        "origin",
        "accept",
        "last-event-id",
        "host",
        "www-authenticate",
    )
