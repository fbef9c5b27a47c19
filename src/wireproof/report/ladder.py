"""The ladder: one exchange as a reader follows it, out and in, with milliseconds, the offending record marked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from wireproof.model.wire import Kind, Record, Way


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One line. `mark` True: this is the evidence."""

    arrow: str
    at_ms: float
    text: str
    mark: bool


def ladder(records: Sequence[Record], evidence: Iterable[int], *, most: int = 14, width: int = 400) -> list[Rung]:
    """The rungs around the evidence: its own span, without notes that say nothing to a reader."""
    marked = set(evidence)
    wanted = [records[seq] for seq in sorted(marked) if seq < len(records)]
    if not wanted:
        return []
    span = wanted[-1].span
    begun = wanted[0].at_ns
    mine = [one for one in records if one.span == span and _tells(one)] if span else wanted
    mine = sorted({one.seq: one for one in (*mine, *wanted) if _tells(one)}.values(), key=lambda one: one.seq)
    if len(mine) > most:
        last = max((index for index, one in enumerate(mine) if one.seq in marked), default=len(mine))
        keep = {one.seq for one in mine[max(0, last - most + 3) : last + 3]} | marked
        mine = [one for one in mine if one.seq in keep][-most:]
    begun = mine[0].at_ns if mine else begun
    return [
        Rung(arrow=_arrow(one), at_ms=(one.at_ns - begun) / 1e6, text=_text(one, width), mark=one.seq in marked)
        for one in mine
    ]


def _tells(record: Record) -> bool:
    return record.kind not in (Kind.AWAIT, Kind.OPENED, Kind.SKIPPED) and not (
        record.kind is Kind.END and record.meta.get("complete")
    )


def _arrow(record: Record) -> str:
    return {"out": "->", "in": "<-"}.get(record.way.value, "--")


def _text(record: Record, width: int) -> str:
    body = record.raw.decode("utf-8", "backslashreplace")
    if record.way is Way.OUT and "method" in record.meta and "target" in record.meta:
        names = " ".join(f"{key}: {value};" for key, value in record.meta.get("headers", ()) if _notable(key))
        body = f"{record.meta['method']} {record.meta['target']} {names} {body}".strip()
    elif record.kind is Kind.HEAD:
        names = " ".join(f"{key}: {value};" for key, value in record.meta.get("headers", ()) if _notable(key))
        body = f"HTTP {record.meta.get('status')} {names}".strip()
    elif record.kind is Kind.EVENT:
        body = f"SSE event {record.meta.get('event') or ''} id={record.meta.get('id')} {body}".strip()
    elif record.kind is Kind.STDERR:
        body = f"stderr: {body}"
    elif record.kind is Kind.EXIT:
        body = f"exit, code {record.meta.get('code')}"
    elif record.kind in (Kind.EOF, Kind.CLOSED, Kind.FAULT, Kind.END):
        body = f"{record.kind.value}: {record.fault or record.meta.get('why') or ''}".rstrip(": ")
    body = "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in body)
    return body if len(body) <= width else body[: width - 1] + "…"


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
