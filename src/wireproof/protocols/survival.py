"""Whether a target outlives what it is sent. No sentence obliges it, so the row is advice; the note names the bytes that came last."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from wireproof.judge.downfall import lost_since
from wireproof.judge.matching import brief
from wireproof.judge.pack import Note, broken, ok
from wireproof.model.wire import Kind, Record, Way

_SENT: Final = (Kind.MESSAGE, Kind.BYTES, Kind.REQUEST)
_SHOWN: Final = 300
"""Characters of one sent message in a sentence; all of it is in the record that the note names."""


def survived(records: Sequence[Record], *, http: bool) -> Iterator[Note]:
    """While its input is open a process does not end; a server behind a URL goes on taking connections, and answers more than errors."""
    down = lost_since(records) if http else None
    if down is not None:
        last = _deliberate_before(records, down)
        what = f"; what it was sent before was {_shown(last)}" if last else ""
        why = f"from then on the target answers every request with a server error, first with {down.meta.get('status')}{what}"
        yield broken(*((last.seq,) if last else ()), down.seq, why=why)
        return
    end = _refused(records) if http else _exited(records)
    heard = [one.seq for one in records if one.way is Way.IN]
    if end is None:
        if heard:
            yield ok(heard[-1])
        return
    if not heard or heard[0] > end.seq:
        return  # it never was there
    if http:
        yield broken(end.seq, why="the target takes no connection any more")
        # On each connection something else was on its way; what broke rules on purpose is named, with the exchange that shows it again.
        for one in _on_their_way(records, end):
            why = f"the target was lost while it was sent {_shown(one)}"
            yield broken(end.seq, one.seq, why=why, subject=one.span or "")
        return
    guilty = _unanswered(records, end)
    what = ", then ".join(_shown(one) for one in guilty)
    why = f"the target {_ending(end)}; the last thing it was sent was {what}"
    yield broken(end.seq, *(one.seq for one in guilty), why=why)


def _exited(records: Sequence[Record]) -> Record | None:
    """How a process ended before we closed its input."""
    for one in records:
        if one.kind is Kind.CLOSED:
            return None
        if one.kind is Kind.EXIT:
            return one
    return None


def _refused(records: Sequence[Record]) -> Record | None:
    """The first connection that was refused."""
    return next((one for one in records if one.kind is Kind.FAULT and (one.fault or "").startswith("refused")), None)


def _deliberate_before(records: Sequence[Record], down: Record) -> Record | None:
    """The last thing before that broke rules on purpose."""
    sent = [one for one in records if one.seq < down.seq and one.way is Way.OUT and one.kind in _SENT]
    return next((one for one in reversed(sent) if one.meta.get("deliberate")), None)


def _on_their_way(records: Sequence[Record], end: Record) -> list[Record]:
    """Over HTTP: deliberate faults that had no answer yet."""
    headed = {one.channel for one in records if one.kind is Kind.HEAD}
    sent = [
        one for one in records if one.seq < end.seq and one.way is Way.OUT and one.kind in (Kind.MESSAGE, Kind.BYTES)
    ]
    odd = [one for one in sent if one.channel not in headed and one.meta.get("deliberate")]
    return [one for one in odd if one.kind is Kind.BYTES] or odd


def _unanswered(records: Sequence[Record], end: Record) -> list[Record]:
    """What a process was sent since it last said something. If some of that broke rules on purpose, only that: a fence is not to blame."""
    sent = [one for one in records if one.seq < end.seq and one.way is Way.OUT and one.kind in _SENT]
    spoke = max((one.seq for one in records if one.seq < end.seq and one.way is Way.IN), default=0)
    since = [one for one in sent if one.seq > spoke] or sent[-1:]
    return ([one for one in since if one.meta.get("deliberate")] or since)[:3]


def _ending(end: Record) -> str:
    code, signal = end.meta.get("code"), end.meta.get("signal")
    return f"was ended by {signal}" if signal else f"exited with code {code}" if code is not None else "exited"


def _shown(record: Record) -> str:
    if record.kind is Kind.REQUEST:
        return f"{record.meta.get('method')} {record.meta.get('target')}"
    text = record.raw.decode("utf-8", "backslashreplace")
    return f"{brief(text, _SHOWN)} ({len(record.raw)} bytes)"
