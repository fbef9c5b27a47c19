"""Plays one exchange on live sessions. Waits on correlation only: the answer to this id, a method, the end of a stream, a deadline.

Every wait ends in an AWAIT record (meta: step, outcome, seq, and for silences the window `since`), which is all that the judge
needs to find what an expectation is about. Content is never consulted, except that `capture` reads a JSON pointer.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, Final

import anyio

from wireproof.engine.session import MIN_SILENCE, Session
from wireproof.engine.webhooks import delivered, places
from wireproof.model.exchange import (
    Close,
    Exchange,
    Expect,
    Http,
    Notify,
    Pattern,
    Reopen,
    Repeat,
    Request,
    Respond,
    Send,
    SendBytes,
    Silence,
    Step,
)
from wireproof.model.jsontext import ABSENT, dump, resolve_pointer
from wireproof.model.wire import Kind, Record, Way

Dial = Callable[[Exchange, bool], Awaitable[Session | None]]
"""(exchange, with opening) -> a fresh session, None when it could not be opened."""

_PLACE: Final = re.compile(r"\{\{([A-Za-z0-9_.-]+)\}\}")
EVENT_ID: Final = "event-id"
"""What a capture names instead of a pointer to keep the id of the SSE event that came last in the same response."""
OPTIONAL: Final = "?"
"""Ends the name of a capture that may find nothing: a member whose whole value is that capture is left out then."""
_EXIT_WAIT: Final = 3.0
_HARM_SHOWS: Final = 1.0
"""Seconds that the response to raw bytes may take to begin before the next step goes out on another connection, at most."""
_LONGEST_POLL: Final = 1.0
"""Seconds between two resumptions of a stream that names no time of its own, at most: they begin at once and wait longer each time."""


class _Stop(Exception):
    """The rest of an exchange cannot be played; the reason becomes a SKIPPED record. `lawful`: nothing is wrong, there is only no occasion."""

    def __init__(self, why: str, *, lawful: bool = False) -> None:
        super().__init__(why)
        self.lawful = lawful


class Player:
    """Plays exchanges on `main`; further connections are dialled when a step names them and closed at the end.

    `tokens` are secrets that steps name like captures, `{{token.NAME}}`, so that no plan and no journal holds them.
    """

    def __init__(self, main: Session, dial: Dial, tokens: Mapping[str, str] | None = None) -> None:
        self.sessions: dict[str, Session] = {"main": main}
        self._dial = dial
        self._tokens = {f"token.{name}": value for name, value in (tokens or {}).items()}

    async def play(self, exchange: Exchange) -> None:
        """Plays every step; afterwards each session's records of it carry the exchange's span."""
        captures: dict[str, Any] = dict(self._tokens)
        sent: dict[str, tuple[Session, Record]] = {}
        started = {name: len(session.records) for name, session in self.sessions.items()}
        claims = any(isinstance(step, Respond) for step in exchange.steps)
        for session in self.sessions.values():
            session.span, session.exchange, session.auto_respond = exchange.span, exchange, not claims
        index = 0
        try:
            captures |= await _hooks(self.sessions["main"], exchange)
            for index, raw in enumerate(exchange.steps):
                anew = isinstance(raw, Reopen)  # opens its connection itself
                session = self.sessions["main"] if anew else await self._session(_connection(raw), exchange, claims)
                step = _filled(raw, captures)
                await self._step(session, step, index, sent, captures, started, exchange)
        except _Stop as stop:
            self.sessions["main"].note(Kind.SKIPPED, step=index, why=str(stop), lawful=stop.lawful)
        finally:
            for name, session in list(self.sessions.items()):
                await session.drain()
                if name != "main":
                    await session.close()
                    del self.sessions[name]
                else:
                    session.span, session.exchange, session.auto_respond = None, None, True

    async def _session(self, name: str, exchange: Exchange, claims: bool) -> Session:
        if name not in self.sessions:
            await self._reopen(name, exchange, exchange.opening)
            self.sessions[name].auto_respond = not claims
        return self.sessions[name]

    async def _reopen(self, name: str, exchange: Exchange, opening: bool) -> None:
        made = await self._dial(exchange, opening)
        if made is None:
            raise _Stop(f"connection {name!r} could not be opened")
        old = self.sessions.get(name)
        if old is not None and old.alive:
            await old.close()
        made.span, made.exchange = exchange.span, exchange
        self.sessions[name] = made

    async def _step(
        self,
        session: Session,
        step: Step,
        index: int,
        sent: dict[str, tuple[Session, Record]],
        captures: dict[str, Any],
        started: Mapping[str, int],
        exchange: Exchange,
    ) -> None:
        match step:
            case Request() | Notify() | Send() | SendBytes() | Http():
                out = await session.send(step, index)
                sent[step.name] = (session, out)
                if (
                    isinstance(step, Notify) and out.channel != "main"
                ):  # what follows must not overtake it on another connection
                    await session.wait(lambda: session.ended(out.channel) is not None, session.deadline)
                if isinstance(step, SendBytes) and out.channel != "main":  # nor what is to show that they did no harm
                    await session.wait(lambda: _answered(session, out), min(session.deadline, _HARM_SHOWS))
            case Respond():
                if step.to not in captures:
                    raise _Stop(f"no request was captured as {step.to!r}")
                await session.send(replace(step, to=dump(captures[step.to])), index)
            case Expect():
                await self._expect(session, step, index, sent, captures, started)
            case Silence():
                await self._silence(session, step, index, sent, started)
            case Repeat():
                await self._repeat(session, step, index, sent)
            case Close():
                await self._close(session, step, index, sent)
            case Reopen():
                await self._reopen(step.connection, exchange, step.opening)

    async def _expect(
        self,
        session: Session,
        step: Expect,
        index: int,
        sent: Mapping[str, tuple[Session, Record]],
        captures: dict[str, Any],
        started: Mapping[str, int],
    ) -> None:
        limit = session.deadline * step.within
        more: dict[str, str] = {}
        if step.message is not None:
            asked = sent[step.of][1] if step.of is not None else None
            outcome, seq = await _inbound(session, step.message, started.get(step.connection, 0), limit, asked)
        elif step.of is not None:
            session, out = sent[step.of]
            if step.event in (None, "head", "end"):
                outcome, seq = await _patiently(session, out, limit, step)
            else:
                outcome, seq = await _event_on(session, out.channel, str(step.event), limit)
        elif step.hook is not None:
            hook = captures[f"hook.{step.hook}"]
            outcome, seq = await delivered(session, hook, limit)
            more["url"] = hook
        else:
            outcome, seq = await _happening(session, str(step.event), limit)
        session.note(Kind.AWAIT, step=index, outcome=outcome, seq=seq, **more)
        message = session.view(sent[step.of][1] if step.of is not None else None, seq)
        for name, pointer in step.capture.items():
            if pointer == EVENT_ID:
                captures[name] = _event_id(session, seq)
                continue
            value = resolve_pointer(message, pointer) if message is not ABSENT else ABSENT
            if value is ABSENT and not name.endswith(OPTIONAL):
                raise _Stop(f"nothing to capture at {pointer or '(whole message)'} for {name!r}")
            captures[name.removesuffix(OPTIONAL)] = value
        if step.name:
            captures[step.name] = message.get("id") if isinstance(message, dict) else None
        if outcome in ("timeout", "dead", "exit", "closed", "fault") and not _hoped(outcome, step.any_of):
            raise _Stop(f"step {index + 1} ended in {outcome}", lawful=_hoped(outcome, step.or_lawful))

    async def _silence(
        self,
        session: Session,
        step: Silence,
        index: int,
        sent: Mapping[str, tuple[Session, Record]],
        started: Mapping[str, int],
    ) -> None:
        since = started.get(step.connection, 0)
        if step.of is not None:
            session, out = sent[step.of]
            since = out.seq
            if out.channel != "main":
                await session.wait(lambda: session.ended(out.channel) is not None, max(1.0, 10 * session.rtt))
        held = await session.fence()
        if held:
            await session.quiet()
        answer = session.tracker.answer_to(session.records[since].seq) if step.of is not None else None
        outcome = "spoke" if answer else ("silent" if held else ("exit" if not session.alive else "dead"))
        session.note(Kind.AWAIT, step=index, outcome=outcome, seq=answer.seq if answer else None, since=since)

    async def _repeat(
        self, session: Session, step: Repeat, index: int, sent: dict[str, tuple[Session, Record]]
    ) -> None:
        request = step.request
        seen: list[Any] = []
        for _ in range(step.times):
            out = await session.send(request, index)
            sent[request.name] = (session, out)
            outcome, seq = await _answer(session, out, session.deadline, None)
            if outcome != "answered" or seq is None:
                session.note(Kind.AWAIT, step=index, outcome=outcome, seq=seq)
                raise _Stop(f"step {index + 1} ended in {outcome}")
            cursor = resolve_pointer(session.records[seq].message, step.cursor)
            if cursor is ABSENT or cursor is None or cursor in seen:
                break
            seen.append(cursor)
            params = dict(request.params) if isinstance(request.params, dict) else {}
            request = replace(request, params={**params, step.into: cursor})
        session.note(Kind.AWAIT, step=index, outcome="answered", seq=seq)

    async def _close(
        self, session: Session, step: Close, index: int, sent: Mapping[str, tuple[Session, Record]]
    ) -> None:
        if step.of is not None:
            session, out = sent[step.of]
            await session.link.close_channel(out.channel)
            await session.wait(lambda: session.ended(out.channel) is not None, 1.0)
            return
        await session.link.finish()
        session.note(Kind.CLOSED, step=index)


async def _hooks(session: Session, exchange: Exchange) -> dict[str, str]:
    try:
        return await places(session, exchange)
    except OSError as error:
        raise _Stop(f"no webhook could be opened: {error}", lawful=True) from error


def _hoped(outcome: str, patterns: tuple[Pattern, ...]) -> bool:
    return any(one.outcome == outcome for one in patterns)


def _answered(session: Session, out: Record) -> bool:
    """Has the response to this request begun, or its connection ended?"""
    kinds = (Kind.HEAD, Kind.END)
    return any(one.channel == out.channel and one.kind in kinds for one in session.records[out.seq + 1 :])


async def _patiently(session: Session, out: Record, limit: float, step: Expect) -> tuple[str, int | None]:
    """As `_answer`; a peer that answers something else after the first part of the time is not waited for any longer, since it is free."""
    first = limit * float(step.patience)
    begun = anyio.current_time()
    outcome, seq = await _answer(session, out, first, step.event)
    if outcome != "timeout" or first >= limit:
        return outcome, seq
    free = await session.fence(limit - first)  # a peer that does one thing at a time answers both by then
    left = 0.0 if free else max(0.0, limit - (anyio.current_time() - begun))
    return await _answer(session, out, left, step.event)


async def _answer(session: Session, out: Record, limit: float, event: str | None) -> tuple[str, int | None]:
    """Waits for the answer to what was sent as `out`: (outcome, seq of what decided it)."""
    tracker, limit = session.tracker, session.reticence.limit(out, limit)
    http = out.channel != "main"
    if event == "head":
        found = await session.wait(lambda: session.head(out.channel) is not None or _over(session, out), limit)
        head = session.head(out.channel)
        return ("answered", head.seq) if head and found else ("fault" if _over(session, out) else "timeout", None)

    def done() -> bool:
        if event is None and tracker.answer_to(out.seq) is not None:
            return True
        return _over(session, out)

    certain = _obliges(out.message)
    if event == "end":
        await session.wait(lambda: done() or tracker.concluded(out.seq), limit)
        if tracker.concluded(out.seq):  # all is said, so that it can only end
            await session.wait(done, session.deadline)
    elif http or certain:
        await session.wait(done, limit)
    else:
        await _fenced(session, done, limit)
    answer = tracker.answer_to(out.seq)
    if event is None and (answer is not None or not _over(session, out)):
        session.reticence.tell(out, answered=answer is not None)
    if answer is not None and event is None:
        return "answered", answer.seq
    end = session.ended(out.channel) if http else None
    if end is not None and event == "end":
        return "end", end.seq
    if end is not None:
        return await _after_end(session, out, end, limit)
    if not session.alive:
        return _gone(session), None
    return ("timeout" if await session.fence() else "dead"), None


def _obliges(message: Any) -> bool:
    """Must this be answered, by a result or an error? A request with a usable id must, however wrong it is otherwise, and may take its time."""
    if not isinstance(message, dict) or not isinstance(message.get("method"), str):
        return False
    return isinstance(message.get("id"), str | int) and not isinstance(message.get("id"), bool)


async def _fenced(session: Session, done: Callable[[], bool], limit: float) -> None:
    """What need not be answered: wait until a fence was answered and then a little, instead of a whole deadline."""
    begun = anyio.current_time()
    if await session.fence(limit):
        await session.wait(done, max(MIN_SILENCE, 3 * session.rtt))
    else:
        await session.wait(done, max(0.0, limit - (anyio.current_time() - begun)))


async def _after_end(session: Session, out: Record, end: Record, limit: float) -> tuple[str, int | None]:
    """An HTTP response is over without the awaited answer: resumable, elsewhere (2024-11-05), or really the end."""
    head = session.head(out.channel)
    status = head.meta.get("status") if head else None
    waits = isinstance(out.message, dict) and "id" in out.message and "method" in out.message
    if head is None:
        return "fault", end.seq
    if waits and session.transcript.transport == "sse" and isinstance(status, int) and 200 <= status < 300:
        await session.wait(lambda: session.tracker.answer_to(out.seq) is not None or not session.alive, limit)
        answer = session.tracker.answer_to(out.seq)
        if answer is not None:
            return "answered", answer.seq
        return ("timeout" if await session.fence() else "dead") if session.alive else "closed", None
    channel, source = out.channel, out.channel
    begun, pause = anyio.current_time(), 0.0
    while waits and status == 200:
        if session.last_event_id(channel) is not None:
            source = channel  # else that stream ended before it brought anything: it is taken up where it was
        resume = session.resume_step(source)
        left = limit - (anyio.current_time() - begun)
        if resume is None or left <= 0:
            break
        await anyio.sleep(max(pause, session.retry_after(channel)))
        pause = min(_LONGEST_POLL, 2 * pause or MIN_SILENCE)
        channel = (await session.send(resume)).channel
        current = channel

        def done(current: str = current) -> bool:
            return session.tracker.answer_to(out.seq) is not None or session.ended(current) is not None

        await session.wait(done, left)
        answer = session.tracker.answer_to(out.seq)
        if answer is not None:
            return "answered", answer.seq
        if session.ended(channel) is None:  # the stream goes on: the answer may still come on it
            return ("timeout" if await session.fence() else "dead"), None
        head = session.head(channel)
        status = head.meta.get("status") if head else None
    return "end", end.seq


async def _inbound(
    session: Session, method: str, since: int, limit: float, asked: Record | None
) -> tuple[str, int | None]:
    """The first message with that method since the exchange began which no earlier expectation took; where it is due because
    of a request, `asked`, the answer to that one if it comes instead."""
    taken = {one.meta.get("seq") for one in session.records[since:] if one.kind is Kind.AWAIT}

    def find() -> Record | None:
        for one in session.records[since:]:
            if (
                one.way is Way.IN
                and isinstance(one.message, dict)
                and one.message.get("method") == method
                and one.seq not in taken
            ):
                return one
        return None

    def answer() -> Record | None:
        return session.tracker.answer_to(asked.seq) if asked is not None else None

    def over() -> bool:
        return not session.alive or (asked is not None and _over(session, asked))

    await session.wait(lambda: find() is not None or answer() is not None or over(), limit)
    found = find() or answer()
    if found is not None:
        return "answered", found.seq
    if asked is not None and session.alive and _over(session, asked):
        return "end" if session.head(asked.channel) else "fault", None
    return ("timeout" if session.alive else "dead" if session.flooded else "closed"), None


async def _happening(session: Session, event: str, limit: float) -> tuple[str, int | None]:
    """exit, eof, or an SSE event by its name."""

    def find() -> Record | None:
        for one in reversed(session.records):
            if event in ("exit", "eof") and one.kind.value == event:
                return one
            if one.way is Way.IN and one.meta.get("event") == event:
                return one
        return None

    limit = max(limit, _EXIT_WAIT) if event == "exit" else limit
    await session.wait(lambda: find() is not None or session.link_over, limit)
    found = find()
    return ("answered", found.seq) if found else ("timeout", None)


def _event_id(session: Session, seq: int | None) -> str:
    """The id of the last SSE event on the channel of this record."""
    found = session.last_event_id(session.records[seq].channel) if seq is not None else None
    if found is None:
        raise _Stop("the stream's events carry no id", lawful=True)
    return found


async def _event_on(session: Session, channel: str, event: str, limit: float) -> tuple[str, int | None]:
    """The first SSE event of that name in the response on this channel."""

    def find() -> Record | None:
        for one in session.records:
            if one.channel == channel and one.way is Way.IN and one.meta.get("event") == event:
                return one
        return None

    await session.wait(lambda: find() is not None or session.ended(channel) is not None, limit)
    found = find()
    if found is not None:
        return "answered", found.seq
    end = session.ended(channel)
    return ("timeout", None) if end is None else ("closed" if session.head(channel) else "fault", end.seq)


def _gone(session: Session) -> str:
    """Why nothing more can come: we stopped listening to a flood (which shows nothing), the process ended, or the peer closed."""
    if session.flooded:
        return "dead"
    return "exit" if any(one.kind is Kind.EXIT for one in session.records) else "closed"


def _over(session: Session, out: Record) -> bool:
    if out.channel != "main":
        return session.ended(out.channel) is not None
    return not session.alive


def _connection(step: Step) -> str:
    return step.request.connection if isinstance(step, Repeat) else step.connection


def _filled(step: Any, captures: Mapping[str, Any]) -> Any:
    """The step with every {{capture}} replaced; a value that is exactly one placeholder keeps its JSON type."""
    if isinstance(step, Expect | Silence):
        return step
    changes = {}
    for field in fields(step):
        value = getattr(step, field.name)
        if is_dataclass(value):
            changes[field.name] = _filled(value, captures)
        elif field.name != "to":
            changes[field.name] = _fill(value, captures)
    return replace(step, **changes)


def _fill(value: Any, captures: Mapping[str, Any]) -> Any:
    if isinstance(value, str) and "{{" in value:
        whole = _PLACE.fullmatch(value)
        if whole:
            return _captured(whole.group(1), captures)
        return _PLACE.sub(lambda found: _text(_captured(found.group(1), captures)), value)
    if isinstance(value, Mapping):
        filled = {key: _fill(one, captures) for key, one in value.items()}
        return {key: one for key, one in filled.items() if one is not ABSENT or value[key] is ABSENT}
    if isinstance(value, list):
        return [_fill(one, captures) for one in value]
    return value


def _captured(name: str, captures: Mapping[str, Any]) -> Any:
    if name not in captures:
        raise _Stop(f"{name!r} was never captured")
    return captures[name]


def _text(value: Any) -> str:
    if value is ABSENT:
        raise _Stop("a part that may be left out was", lawful=True)
    return value if isinstance(value, str) else dump(value)
