"""Server-sent events, read incrementally by the rules of the WHATWG HTML standard (section "Server-sent events").

It works on bytes, so that data which is not UTF-8 reaches the judge as it came; only names, ids and comments are decoded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from wireproof.transports.link import MAX_FRAME

RAW_KEPT: Final = 4096
_BOM: Final = b"\xef\xbb\xbf"
_LINE_END: Final = re.compile(rb"\r\n|\n|\r")
_DIGITS: Final = re.compile(rb"[0-9]{1,15}")


class EventTooLong(Exception):
    """An event of more than the limit: `kept` is its beginning, `before` the events that came with it. The parser is of no more use."""

    def __init__(self, limit: int, kept: bytes) -> None:
        super().__init__(f"an event of more than {limit} bytes")
        self.kept = kept
        self.before: list[SseEvent] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class SseEvent:
    """What one blank line ended, or a comment that stood outside of an event.

    A field that was not there is None. `data` is its lines joined by LF. `raw` is the text as it came, at most RAW_KEPT bytes
    (of a CR LF that two reads tore apart the LF is missing).
    """

    data: bytes | None = None
    event: str | None = None
    id: str | None = None
    retry: int | None = None
    comment: str | None = None
    raw: bytes = b""


class SseParser:
    """Feed it bytes cut anywhere; it gives each event as soon as its blank line is there, each lone comment with its line."""

    def __init__(self, limit: int = MAX_FRAME) -> None:
        self._limit = limit
        self._buffer = bytearray()
        self._scanned = 0
        self._begun = False
        self._skip_lf = False
        self._reset()

    def _reset(self) -> None:
        self._in_event = False
        self._size = 0
        self._data: list[bytes] | None = None
        self._event: str | None = None
        self._id: str | None = None
        self._retry: int | None = None
        self._comments: list[str] = []
        self._raw = bytearray()

    @property
    def pending(self) -> bytes:
        """The beginning of an event whose blank line has not come, at most RAW_KEPT bytes."""
        return (bytes(self._raw) + bytes(self._buffer[:RAW_KEPT]))[:RAW_KEPT]

    def feed(self, chunk: bytes) -> list[SseEvent]:
        """Raises EventTooLong."""
        if self._skip_lf and chunk:
            self._skip_lf = False
            chunk = chunk.removeprefix(b"\n")
        buffer = self._buffer
        buffer += chunk
        if not self._begun:
            if len(buffer) < len(_BOM) and _BOM.startswith(buffer):
                return []
            self._begun = True
            if buffer.startswith(_BOM):
                del buffer[: len(_BOM)]
        made: list[SseEvent] = []
        try:
            self._cut_lines(made)
        except EventTooLong as error:
            error.before = made
            raise
        return made

    def _cut_lines(self, made: list[SseEvent]) -> None:
        buffer = self._buffer
        begin = 0
        search_from = self._scanned
        while (end := _LINE_END.search(buffer, search_from)) is not None:
            self._take(bytes(buffer[begin : end.start()]), end.group(), made)
            begin = search_from = end.end()
            self._skip_lf = begin == len(buffer) and end.group() == b"\r"
        del buffer[:begin]
        self._scanned = len(buffer)
        self._check(len(buffer))

    def _check(self, more: int, line: bytes = b"") -> None:
        if self._size + more > self._limit:
            raise EventTooLong(self._limit, bytes(self._raw + line)[:RAW_KEPT] if line else self.pending)

    def _take(self, line: bytes, end: bytes, made: list[SseEvent]) -> None:
        self._check(len(line), line)
        if not line:
            if self._in_event:
                made.append(self._finished(end))
            self._reset()
            return
        if line.startswith(b":"):
            comment = _text(line[1:].removeprefix(b" "))
            if not self._in_event:
                made.append(SseEvent(comment=comment, raw=(line + end)[:RAW_KEPT]))
                return
            self._comments.append(comment)
        else:
            self._in_event = True
            self._field(line)
        self._size += len(line) + len(end)
        if len(self._raw) < RAW_KEPT:
            self._raw += (line + end)[:RAW_KEPT]

    def _field(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            if self._data is None:
                self._data = []
            self._data.append(value)
        elif name == b"event":
            self._event = _text(value)
        elif name == b"id" and b"\0" not in value:
            self._id = _text(value)
        elif name == b"retry" and _DIGITS.fullmatch(value):
            self._retry = int(value)

    def _finished(self, end: bytes) -> SseEvent:
        return SseEvent(
            data=b"\n".join(self._data) if self._data is not None else None,
            event=self._event,
            id=self._id,
            retry=self._retry,
            comment="\n".join(self._comments) if self._comments else None,
            raw=bytes((self._raw + end)[:RAW_KEPT]),
        )


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
