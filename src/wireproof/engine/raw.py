"""A raw connection: opened as the protocol asks, and from then on anything may be said on it. For wire-level tests of one's own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import anyio

from wireproof.engine.lane import LaneRunner
from wireproof.engine.run import Options, Runner
from wireproof.engine.session import Session
from wireproof.judge.judge import Played, ambient
from wireproof.model.catalogue import Revision
from wireproof.model.errors import TargetUnreachable, UsageError
from wireproof.model.exchange import Http, Notify, Request, Send, SendBytes
from wireproof.model.jsontext import ABSENT, JSON
from wireproof.model.target import Target
from wireproof.model.verdict import Finding, Verdict
from wireproof.model.wire import Kind, Record, Way

PATIENCE: Final = 5.0
"""Seconds that are waited where the caller names none."""


class RawConnection:
    """What is said goes out as it is, and all that comes is kept: nothing is corrected, nothing is raised for what a target does.

    Messages are JSON values as they came. Requests of the target are answered only where `answers` is true, then as a willing client does.
    """

    def __init__(self, lane: LaneRunner, session: Session, *, answers: bool) -> None:
        self._lane = lane
        self._session = session
        self._given = {one.seq for one in session.records}
        self._names = 0
        session.auto_respond = answers

    @property
    def revision(self) -> str:
        return self._lane.revision.id

    @property
    def transport(self) -> str:
        return self._lane.transport

    @property
    def records(self) -> tuple[Record, ...]:
        """Everything that crossed the boundary, the opening too, in its order."""
        return tuple(self._session.records)

    @property
    def messages(self) -> tuple[JSON, ...]:
        """The messages of the target so far, that can be read as JSON."""
        return tuple(one.message for one in self.records if _from_target(one))

    @property
    def stderr(self) -> str:
        """What a target on stdio wrote there so far."""
        written = b"\n".join(one.raw for one in self.records if one.kind is Kind.STDERR)
        return written.decode("utf-8", "replace")

    @property
    def alive(self) -> bool:
        """May there still come something?"""
        return self._session.alive

    async def request(
        self,
        method: str,
        params: JSON = ABSENT,
        *,
        seconds: float = PATIENCE,
        headers: Mapping[str, str | None] | None = None,
    ) -> JSON:
        """Sends a request with the dress of the revision (id, `_meta`, headers); its response, or None when none came in time."""
        sent = await self._session.send(
            Request(method=method, params=params, name=self._name(), headers=dict(headers or {}))
        )
        return await self._answer(sent, seconds)

    async def notify(self, method: str, params: JSON = ABSENT) -> None:
        await self._session.send(Notify(method=method, params=params, name=self._name()))

    async def send(self, message: JSON | bytes, *, headers: Mapping[str, str | None] | None = None) -> Record:
        """Sends a JSON value, or bytes, as they are: a line on stdio, the body of a POST over HTTP. The record of what went out."""
        given = dict(headers or {})
        if isinstance(message, bytes):
            return await self._session.send(SendBytes(data=message, name=self._name(), headers=given))
        return await self._session.send(Send(message=message, name=self._name(), headers=given))

    async def ask(self, message: JSON | bytes, *, seconds: float = PATIENCE) -> JSON:
        """As `send`, and waits for what answers it: by its id, and over HTTP in its response; None when nothing did in time."""
        return await self._answer(await self.send(message), seconds)

    async def http(
        self,
        method: str,
        *,
        path: str | None = None,
        headers: Mapping[str, str | None] | None = None,
        data: bytes | None = None,
        seconds: float = PATIENCE,
    ) -> Record | None:
        """A literal HTTP request to the endpoint; the record of the response's head (`meta`: status, headers), or None.

        Raises UsageError on stdio."""
        if not self._lane.target.url:
            raise UsageError(f"{self.transport} knows no HTTP requests")
        sent = await self._session.send(
            Http(method=method, name=self._name(), path=path, headers=dict(headers or {}), data=data)
        )
        await self._session.wait(lambda: self._head(sent) is not None or self._over(sent), seconds)
        return self._head(sent)

    def status(self, sent: Record) -> int | None:
        """The HTTP status that came for what was sent; None on stdio, or as long as none came."""
        head = self._head(sent)
        return head.meta.get("status") if head is not None else None

    async def message(self, *, method: str = "", seconds: float = PATIENCE) -> JSON:
        """The first message that was not given yet, as a response either; with `method` the first request or notification of that name.

        None when none came in time."""
        await self._session.wait(lambda: self._next(method) is not None, seconds)
        return self._give(self._next(method))

    async def quiet(self, seconds: float) -> bool:
        """Listens so long: True when the target said nothing."""
        before = len(self.messages)
        await self._session.wait(lambda: len(self.messages) > before, seconds)
        return len(self.messages) == before

    def findings(self) -> list[Finding]:
        """What the checks that judge every conversation find broken in this one so far."""
        self._lane.learn()
        played = Played(transcript=self._session.transcript, purpose="main", exchanges=())
        return [one for one in ambient(played, self._lane.judgeable()) if one.verdict is Verdict.FAILED]

    # -- parts --------------------------------------------------------------------------------------------------------

    def _name(self) -> str:
        self._names += 1
        return f"raw-{self._names}"

    def _head(self, sent: Record) -> Record | None:
        after = self._session.records[sent.seq + 1 :] if sent.channel != "main" else []
        return next((one for one in after if one.channel == sent.channel and one.kind is Kind.HEAD), None)

    def _over(self, sent: Record) -> bool:
        return sent.channel != "main" and self._session.ended(sent.channel) is not None

    async def _answer(self, sent: Record, seconds: float) -> JSON:
        tracker = self._session.tracker
        await self._session.wait(lambda: tracker.answer_to(sent.seq) is not None or self._over(sent), seconds)
        return self._give(tracker.answer_to(sent.seq))

    def _give(self, found: Record | None) -> JSON:
        if found is None:
            return None
        self._given.add(found.seq)
        return found.message

    def _next(self, method: str) -> Record | None:
        for one in self._session.records:
            named = isinstance(one.message, dict) and one.message.get("method") == method
            if _from_target(one) and one.seq not in self._given and (not method or named):
                return one
        return None


def _from_target(record: Record) -> bool:
    return record.way is Way.IN and record.kind is Kind.MESSAGE and record.message is not ABSENT


@asynccontextmanager
async def raw(
    target: Target,
    *,
    protocol: str = "mcp",
    revision: str = "",
    transport: str = "",
    opening: bool = True,
    answers: bool = True,
) -> AsyncIterator[RawConnection]:
    """A connection to the target in one revision (the newest that it offers) over one transport (the first that works).

    `opening` False: nothing is said before you do. Raises TargetUnreachable when the target offers nothing of it, UsageError for a
    revision that there is not.
    """
    runner = Runner(target, Options(protocol=protocol), lambda _: None)
    wanted = [one for one in reversed(runner.suite.catalogue.revisions) if revision in ("", one.id)]
    if not wanted:
        raise UsageError(f"no revision of {protocol} is called {revision!r}")
    ways = [one for group in runner.transports() for one in group if transport in ("", one)]
    if not ways:
        raise UsageError(f"{target.label} cannot be reached over {transport}")
    async with runner.served():
        tasks = anyio.create_task_group()
        await tasks.__aenter__()
        session: Session | None = None
        try:
            lane, session = await _opened(runner, wanted, ways, tasks, opening=opening)
            yield RawConnection(lane, session, answers=answers)
        finally:
            if session is not None:
                with anyio.CancelScope(shield=True):
                    await session.close()
            # Without the error of the block: the group would wrap it, and a failed assertion should stay one.
            await tasks.__aexit__(None, None, None)


async def _opened(
    runner: Runner, revisions: list[Revision], ways: list[str], tasks: Any, *, opening: bool
) -> tuple[LaneRunner, Session]:
    why = []
    for way in ways:
        for revision in revisions:
            lane = runner.lane(revision, way, tasks)
            if not opening:
                return lane, await lane.session("main", opening=False)
            if await lane.open() and lane.main is not None:
                return lane, lane.main
            why.append(f"{revision.id} over {way}: {lane.why_not}")
    raise TargetUnreachable(f"{runner.target.label} offers none of what is asked for", hint="\n".join(why))
