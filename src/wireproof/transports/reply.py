"""One HTTP response as arrivals: HEAD, then events or a body, then END. Shared by all HTTP links."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from wireproof.model.wire import Arrival, Kind
from wireproof.transports.inbox import Inbox
from wireproof.transports.link import MAX_FRAME, now_ns
from wireproof.transports.sse import EventTooLong, SseEvent, SseParser

RAW_KEPT: Final = 4096
_PARTIAL_KEPT: Final = 64 * 1024


class ReplyTooLong(Exception):
    """A body or an event over MAX_FRAME; its FAULT has been reported, the exchange is to be given up."""


class Reply:
    """Puts what is learnt of one exchange into the inbox. `extra` is added to the meta of every arrival."""

    def __init__(self, inbox: Inbox, channel: str, **extra: Any) -> None:
        self._inbox = inbox
        self._channel = channel
        self._extra = extra
        self._events: SseParser | None = None
        self._body: list[bytes] = []
        self._size = 0
        self._body_meta: dict[str, Any] = {}
        self.started = False
        """A HEAD was reported."""
        self.ended = False

    def head(self, status: int, reason: str, headers: Iterable[tuple[bytes, bytes]], version: str, **meta: Any) -> None:
        """Reports the response's head; header names and values as on the wire, decoded as Latin-1 so that no byte is lost."""
        pairs = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in headers]
        self.started = True
        facts = {"status": status, "reason": reason, "headers": pairs, "http_version": version}
        self._put(Kind.HEAD, {**facts, **meta})
        self._prepare(pairs)

    def _prepare(self, pairs: list[list[str]]) -> None:
        fields = {name.lower(): value for name, value in reversed(pairs)}
        content_type, coding = fields.get("content-type", ""), fields.get("content-encoding", "").strip().lower()
        packed = coding not in ("", "identity")  # never asked for by us unless the frame says so; left as it is
        self._body_meta = {"content_type": content_type} | ({"content_encoding": coding} if packed else {})
        if content_type.partition(";")[0].strip().lower() == "text/event-stream" and not packed:
            self._events = SseParser()

    async def data(self, chunk: bytes) -> None:
        """Takes a part of the body, and waits while the inbox is full. Raises ReplyTooLong."""
        if self._events is not None:
            try:
                events = self._events.feed(chunk)
            except EventTooLong as error:
                for event in error.before:
                    self._event(event)
                self._events = None
                self.fault(f"frame-too-long: {error}", error.kept)
                raise ReplyTooLong from error
            for event in events:
                self._event(event)
        else:
            self._size += len(chunk)
            if self._size > MAX_FRAME:
                self.fault(
                    f"frame-too-long: a body of more than {MAX_FRAME} bytes", b"".join(self._body)[:RAW_KEPT] or chunk
                )
                self._body.clear()
                raise ReplyTooLong
            self._body.append(chunk)
        await self._inbox.room()

    def _event(self, event: SseEvent) -> None:
        meta: dict[str, Any] = {"event": event.event, "id": event.id, "retry": event.retry, "sse": True}
        meta["raw"] = event.raw.decode("utf-8", "replace")
        if event.comment is not None:
            meta["comment"] = event.comment
        if event.data:
            meta["event"] = event.event or "message"  # the type under which it is dispatched
            self._put(Kind.MESSAGE, meta, event.data)
        else:
            meta["data"] = None if event.data is None else ""
            self._put(Kind.EVENT, meta)

    async def message(self, data: bytes, **meta: Any) -> None:
        """Reports one message that its transport has framed, and waits while the inbox is full."""
        self._put(Kind.MESSAGE, meta, data)
        await self._inbox.room()

    def fault(self, why: str, data: bytes = b"") -> None:
        """Reports that the framing broke; `why` begins with one word and a colon."""
        self._put(Kind.FAULT, {"why": why}, data[:RAW_KEPT])

    def end(self, *, complete: bool, why: str = "", **meta: Any) -> None:
        """The exchange is over; only the first call counts. What a cut response left unfinished goes before it as BYTES."""
        if self.ended:
            return
        self.ended = True
        body = b"".join(self._body)
        if complete and body:
            self._put(Kind.MESSAGE, self._body_meta, body)
        rest = body if not complete else b""
        if self._events is not None:
            rest = self._events.pending
        if rest:
            self._put(Kind.BYTES, {"partial": True}, rest[:_PARTIAL_KEPT])
        self._put(Kind.END, {"complete": complete, "why": why, **meta})

    def _put(self, kind: Kind, meta: Mapping[str, Any], data: bytes = b"") -> None:
        arrival = Arrival(kind=kind, at_ns=now_ns(), data=data, channel=self._channel, meta={**meta, **self._extra})
        self._inbox.put(arrival, always=kind in (Kind.HEAD, Kind.END))
