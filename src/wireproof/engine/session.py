"""One live connection: frames out, arrivals in, every one of them a record.

Pull model: arrivals are taken from the link while somebody waits, so a session needs no task of its own and its records are
made in one place. Waiting consults correlation only.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

import anyio

from wireproof.engine.reticence import Reticence
from wireproof.judge.pack import Binding, Outgoing, Tracker, as_json
from wireproof.model.events import Event, Recorded, TranscriptOpened
from wireproof.model.exchange import Exchange, Http, Notify, Origin, Request, Respond
from wireproof.model.jsontext import ABSENT, dump, parse
from wireproof.model.wire import Arrival, Frame, Kind, Record, Transcript, Way
from wireproof.transports.link import Link, LinkClosed, now_ns
from wireproof.transports.webhook import Webhook

Emit = Callable[[Event], None]
View = Callable[[Sequence[Record], Record | None, Record | None], Any]
Read = Callable[[bytes, Mapping[str, Any]], tuple[Any, str | None]]

DEADLINE: Final = 5.0
"""Seconds that an answer may take when nothing was measured yet after the opening."""
MIN_SILENCE: Final = 0.05
LONGEST_RETRY: Final = 5.0
"""Seconds that are waited, at most, when a server says when its stream may be taken up again."""
LEAVE_WAIT: Final = 1.0
MUTE_FENCE: Final = 1.0
EXIT_WAIT: Final = 0.5
MAX_RECORDS: Final = 200_000
_INBOUND: Final = (Kind.MESSAGE, Kind.BYTES, Kind.HEAD, Kind.EVENT, Kind.DELIVERY)
FLOOD: Final = 5_000
"""Arrivals among which nothing was that we waited for: a peer that says more is not listened to any longer on this connection."""


class Session:
    """A link, the binding's state, the tracker, and the transcript that grows. `rtt` is the longest measured round trip in seconds."""

    def __init__(
        self,
        *,
        link: Link,
        transcript: Transcript,
        binding: Binding,
        state: Any,
        tracker: Tracker,
        emit: Emit,
        purpose: str,
        redact: Callable[[bytes], bytes] | None = None,
        deadline: float | None = None,
        patience: float = 0.0,
        reticence: Reticence | None = None,
        view: View | None = None,
        read: Read = as_json,
    ) -> None:
        """`deadline`: seconds that replace the measured ones; `patience`: seconds for the first word of a peer that may still be starting;
        `reticence`: what is known from other connections of what the target leaves unanswered; `view`: what captures are taken from;
        `read`: what the bytes of an arriving message say, given its meta."""
        self.link = link
        self._view = view
        self._read = read
        self.state = state
        self.tracker = tracker
        self.binding = binding
        self.records: list[Record] = []
        self.span: str | None = None
        self.exchange: Exchange | None = None
        self.auto_respond = True
        self.alive = True
        self.opened = False
        self.rtt = 0.0
        self._identity = transcript
        self._emit = emit
        self._redact = redact
        self.fixed_deadline = deadline
        self._patience = patience
        self.mute = False
        self._answering = ""
        self.reticence = reticence or Reticence()
        self._heard = 0
        self._spans: dict[str, str | None] = {}
        self._last_event_id: dict[str, str] = {}
        self._retry: dict[str, float] = {}
        self._stream: str | None = None
        self._heads: dict[str, Record] = {}
        self._ends: dict[str, Record] = {}
        self._closed = False
        self._started = now_ns()
        self.link_over = False
        self.flooded = False
        self._unasked = 0
        self._webhook: Webhook | None = None
        self.owners: dict[str, str | None] = {}  # URL of a place of the webhook to the exchange that speaks of it
        self._beside: deque[Arrival] = deque()
        self._pulling: anyio.CancelScope | None = None
        emit(
            TranscriptOpened(
                transcript=transcript.id,
                protocol=transcript.protocol,
                revision=transcript.revision,
                transport=transcript.transport,
                purpose=purpose,
            )
        )

    @property
    def id(self) -> str:
        return self._identity.id

    @property
    def transcript(self) -> Transcript:
        return self.excerpt(tuple(self.records))

    def excerpt(self, records: tuple[Record, ...]) -> Transcript:
        """A transcript of this connection that consists of those records."""
        return replace(self._identity, records=records)

    @property
    def deadline(self) -> float:
        """Seconds: the user's, else thirty round trips but never less than DEADLINE; more for the first word of a new process."""
        usual = self.fixed_deadline or max(DEADLINE, 30 * self.rtt)
        return usual if self._heard else max(usual, self._patience)

    def record(self, way: Way, kind: Kind, *, at_ns: int | None = None, **parts: Any) -> Record:
        """Makes one record, feeds it to the tracker and the binding, and tells it to the journal."""
        raw: bytes = parts.get("raw", b"")
        message, fault = parts.pop("message", ABSENT), parts.pop("fault", None)
        if self._redact is not None:
            clean = self._redact(raw)
            if clean != raw:
                parts["raw"] = raw = clean
                if message is not ABSENT and "rpc" not in parts.get("meta", {}):
                    message, fault = parse(raw)
            if message is not ABSENT and "rpc" in parts.get("meta", {}):
                message, _ = parse(self._redact(dump(message).encode("utf-8", "surrogatepass")))
            parts["meta"] = _redact_meta(parts.get("meta", {}), self._redact)
            fault = fault and self._redact(fault.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")
        channel = parts.get("channel", "main")
        made = Record(
            seq=len(self.records),
            at_ns=(at_ns if at_ns is not None else now_ns()) - self._started,
            way=way,
            kind=kind,
            span=self._spans.get(channel, self.span) if channel != "main" else self.span,
            message=message,
            fault=fault,
            **parts,
        )
        self.records.append(made)
        if kind is Kind.HEAD:
            self._heads.setdefault(channel, made)
        elif kind is Kind.END:
            self._ends[channel] = made
        elif kind is Kind.CLOSED:
            self._closed = True
        self.tracker.feed(made)
        self._emit(Recorded(transcript=self.id, record=made))
        return made

    def note(self, kind: Kind, **meta: Any) -> Record:
        return self.record(Way.NOTE, kind, meta=meta)

    async def send(self, step: Outgoing, index: int | None = None) -> Record:
        """Dresses and sends one step; a peer that no longer reads becomes a record, not an exception."""
        self.state, frame, message = self.binding.dress(self.state, step)
        meta: dict[str, Any] = {"step": index} if index is not None else {}
        name = getattr(step, "name", None)
        if name:
            meta["name"] = name
        if _deliberate(step):
            meta["deliberate"] = True
        return await self._transmit(frame, message, meta)

    async def _transmit(self, frame: Frame, message: Any, meta: dict[str, Any]) -> Record:
        http = "method" in frame.meta
        if http:
            meta |= {
                key: frame.meta[key]
                for key in ("method", "target", "headers", "operation", "rpc", "binding")
                if key in frame.meta
            }
            frame = replace(frame, meta={**frame.meta, "retry_429": True})
        elif "end" in frame.meta:
            meta["end"] = frame.meta["end"].decode("latin-1")
        if frame.meta.get("method") == "GET" and self.exchange is not None and self.exchange.origin is Origin.SURVEY:
            # It goes on through the whole session, so what it brings belongs to whatever is played by then.
            self._stream = frame.channel if self._identity.transport == "sse" else None
        elif frame.channel != "main":
            self._spans[frame.channel] = self.span
        kind = Kind.MESSAGE if message is not ABSENT else Kind.REQUEST if http and not frame.data else Kind.BYTES
        made = self.record(Way.OUT, kind, channel=frame.channel, raw=frame.data, message=message, meta=meta)
        try:
            await self.link.send(frame)
        except LinkClosed:
            self.alive = False
        return made

    async def pull(self, seconds: float) -> bool:
        """Takes one arrival, or waits that long. False when nothing came or nothing can come any more."""
        if not self.alive and self.link_over:
            return False
        arrival: Arrival | None = None
        try:
            if not self._beside:
                with anyio.move_on_after(max(0.0, seconds)) as self._pulling:
                    arrival = await self.link.receive()
        except LinkClosed:
            self.alive, self.link_over = False, True
            return False
        finally:
            self._pulling = None
        if arrival is None and self._beside:
            arrival = self._beside.popleft()
        if arrival is None:
            return False
        await self._take(arrival)
        self._unasked += arrival.kind in (Kind.MESSAGE, Kind.BYTES, Kind.EVENT)
        if self._unasked > FLOOD:
            self.record(Way.NOTE, Kind.FAULT, fault=f"flood: {FLOOD} arrivals and nothing that answers")
            self.alive, self.link_over, self.flooded = False, True, True
        return True

    def bring(self, arrival: Arrival) -> None:
        """Adds what came by another way than the link: a call of the webhook."""
        self._beside.append(arrival)
        if self._pulling is not None:
            self._pulling.cancel()

    async def webhook(self) -> Webhook:
        """The webhook whose requests become records here; opened when first asked for. Raises OSError where none can be."""
        if self._webhook is None:
            made = Webhook(self.bring)
            await made.open()
            self._webhook = made
        return self._webhook

    async def _take(self, arrival: Arrival) -> None:
        message, fault = ABSENT, None
        if arrival.kind is Kind.MESSAGE and self._identity.transport == "sse" and not arrival.meta.get("sse"):
            arrival = replace(
                arrival, kind=Kind.BYTES
            )  # messages come on the stream alone; what a POST says is no message
        if arrival.kind is Kind.MESSAGE:
            message, fault = self._read(arrival.data, arrival.meta)
        elif arrival.kind is Kind.DELIVERY:  # it may be late: another exchange is played by then
            message, fault = parse(arrival.data)
            self._spans[arrival.channel] = self.owners.get(str(arrival.meta.get("url")), self.span)
        elif arrival.kind is Kind.FAULT:
            fault = str(arrival.meta.get("why", "")) or arrival.data[:200].decode("utf-8", "replace")
        way = Way.IN if arrival.kind in _INBOUND else Way.NOTE
        self._heard += way is Way.IN
        made = self.record(
            way,
            arrival.kind,
            at_ns=arrival.at_ns,
            channel=arrival.channel,
            raw=arrival.data,
            message=message,
            fault=fault,
            meta=dict(arrival.meta),
        )
        if made.kind in (Kind.EOF, Kind.EXIT) or (made.kind is Kind.END and made.channel == self._stream):
            self.alive = False
        if made.meta.get("id") and made.kind in (Kind.MESSAGE, Kind.EVENT):
            self._last_event_id[made.channel] = str(made.meta["id"])
        if made.meta.get("retry") is not None:
            self._retry[made.channel] = min(LONGEST_RETRY, int(made.meta["retry"]) / 1000)
        self.state = self.binding.observe(self.state, made)
        if self.auto_respond and self.alive and self.tracker.is_call(made):
            answer = self.binding.respond(self.state, made, self.exchange)
            if answer is not None:
                await self.send(answer)

    async def wait(self, done: Callable[[], bool], seconds: float) -> bool:
        """Pulls arrivals until `done`, at most that long."""
        limit = anyio.current_time() + seconds
        while not done():
            left = limit - anyio.current_time()
            if left <= 0 or len(self.records) > MAX_RECORDS:
                return done()
            if not await self.pull(left) and self.link_over:
                return done()
        self._unasked = 0
        return True

    async def drain(self) -> None:
        """Takes what has already arrived."""
        while await self.pull(0.0):
            pass

    async def fence(self, seconds: float | None = None) -> bool:
        """A well-formed request; True once it is answered. Measures the round trip.

        When the usual one stays unanswered (it may be the very thing that is broken), a second kind is tried, and comes first from then
        on. A peer that lets all of that pass without a word is `mute`.
        """
        before, since = self._heard, self._started
        for request in sorted(self.binding.fences(self.state), key=lambda one: one.method != self._answering):
            if not self.alive:
                return False
            heard, begun = self._heard, anyio.current_time()
            sent = await self.send(request)
            answered = partial(self._answered, sent.seq)
            if await self.wait(answered, seconds or self._fence_wait(before, since)):
                if heard:  # else it is the start of a process that was measured
                    self.rtt = max(self.rtt, anyio.current_time() - begun)
                self.mute = False
                self._answering = request.method
                return True
            since = self._started + sent.at_ns
        self.mute = self.alive and self._heard == before and seconds is None
        return False

    def _fence_wait(self, before: int, since: int) -> float:
        """The deadline; short for a peer that has let a whole one pass without a word, ever or since then: nobody waits for it three times."""
        silent = self._heard == before and (before == 0 or since > self._started)
        waited = (now_ns() - since) / 1e9 >= self.deadline
        return min(MUTE_FENCE, self.deadline) if silent and waited else self.deadline

    def _answered(self, seq: int) -> bool:
        return self.tracker.answer_to(seq) is not None

    async def quiet(self) -> None:
        """Listens for three round trips (at least MIN_SILENCE) after a fence was answered."""
        await self.wait(lambda: False, max(MIN_SILENCE, 3 * self.rtt))

    def view(self, out: Record | None, seq: int | None) -> Any:
        """What a capture is taken from: of record `seq`, which ended the waiting for an answer to `out`; ABSENT where nothing came."""
        decisive = self.records[seq] if seq is not None else None
        if self._view is None:
            return decisive.message if decisive is not None else ABSENT
        return self._view(self.records, out, decisive)

    def head(self, channel: str) -> Record | None:
        """The first head of one HTTP exchange, if it came."""
        return self._heads.get(channel)

    def ended(self, channel: str) -> Record | None:
        """The END of one HTTP exchange, if it came."""
        return self._ends.get(channel)

    def resume_step(self, channel: str) -> Http | None:
        """How a client of the legacy era goes on reading a stream that was cut after an event id (basic/transports, Resumability)."""
        last = self._last_event_id.get(channel)
        if last is None or getattr(self.state, "modern", True):
            return None
        return Http(method="GET", name="resume", headers={"Last-Event-ID": last})

    def last_event_id(self, channel: str) -> str | None:
        """The id of the last SSE event of one response that had one."""
        return self._last_event_id.get(channel)

    def retry_after(self, channel: str) -> float:
        """Seconds that the server asked for, with an SSE `retry` field, before its stream is taken up again."""
        return self._retry.get(channel, 0.0)

    @property
    def over(self) -> bool:
        """Nothing more can be played on it: the peer is gone, or one side ended the connection or the session."""
        return not self.alive or self.binding.ended(self.state) or self._closed

    async def _take_leave(self) -> None:
        farewell = self.binding.farewell(self.state) if self.alive else None
        if farewell is not None:
            sent = await self.send(farewell)
            await self.wait(lambda: self.ended(sent.channel) is not None, LEAVE_WAIT)

    async def close(self) -> None:
        """Takes leave as a well-behaved client does, closes the link and records what comes of it."""
        await self.drain()
        if (
            not self.alive and self._identity.transport == "stdio"
        ):  # let it be seen how it ended before we have a hand in it
            await self.wait(lambda: self.link_over, EXIT_WAIT)
        if not self._closed:
            await self._take_leave()
        self.note(Kind.CLOSED)
        if self._webhook is not None:
            self._webhook.close()
        with anyio.CancelScope(shield=True):
            await self.link.aclose()
            with anyio.move_on_after(1.0):
                while not self.link_over and await self.pull(0.5):
                    pass
        self.alive = False


def refused_last(records: Sequence[Record]) -> str:
    """Of which words the fault is, if the latest connection over HTTP was refused."""
    latest = next((one for one in reversed(records) if one.kind in (Kind.HEAD, Kind.FAULT)), None)
    words = (latest.fault or "") if latest is not None else ""
    return words if words.startswith("refused") else ""


def gone(records: Sequence[Record], url: str) -> str:
    """In words, that the latest connection was refused; an agent's card may name another place than `url`, at which it was asked for."""
    words = refused_last(records)
    if words and words.rpartition(" ")[2] not in url:
        return f"where the target sends us, {words.partition(': ')[2]}"
    return "the target is gone, it takes no connection any more" if words else ""


def _deliberate(step: Outgoing) -> bool:
    """Does the step depart from the rules on purpose? Literal steps always may; so does one that takes away or forges a header or a `_meta` key."""
    match step:
        case Respond():
            return False
        case Request() | Notify():
            return step.deliberate or bool(step.headers) or None in step.meta.values()
    return True


def _redact_meta(meta: Mapping[str, Any], redact: Callable[[bytes], bytes]) -> dict[str, Any]:
    def clean(value: Any) -> Any:
        if isinstance(value, str):
            return redact(value.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")
        if isinstance(value, list | tuple):
            return [clean(one) for one in value]
        if isinstance(value, Mapping):
            return {key: clean(one) for key, one in value.items()}
        return value

    return {key: clean(value) for key, value in meta.items()}
