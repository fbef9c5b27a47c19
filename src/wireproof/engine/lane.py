"""One lane: one revision on one transport, from opening to settled findings."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import asdict
from typing import Any, Final
from urllib.parse import urlsplit

import anyio
from anyio.abc import TaskGroup

from wireproof.engine.hosting import host
from wireproof.engine.plan import Plan, Selection, fits, in_force, left_alone, make_plan
from wireproof.engine.player import Player
from wireproof.engine.repetition import Repetition, Repetitions
from wireproof.engine.reticence import Reticence
from wireproof.engine.session import Emit, Session, gone, refused_last
from wireproof.engine.suite import Suite
from wireproof.engine.wishes import wishes
from wireproof.judge.judge import Lane, Played, settle
from wireproof.judge.pack import Lens
from wireproof.library.exchanges import literal
from wireproof.library.schemas import schemas_of
from wireproof.model.catalogue import Revision
from wireproof.model.errors import TargetUnreachable
from wireproof.model.events import ExchangePlayed, Judged, Planned, Surveyed, Told
from wireproof.model.exchange import Exchange, Isolation, Origin
from wireproof.model.jsontext import ABSENT, JSON
from wireproof.model.target import Target
from wireproof.model.verdict import Finding
from wireproof.model.wire import Kind, Transcript, Way
from wireproof.transports.dial import dial
from wireproof.version import __version__

FRESH_AT_ONCE: Final = 3
READERS: Final = 3
"""Connections to a URL on which what only reads is played at once."""
_MOST_SILENCES: Final = 5
"""After so many main sessions that fell silent in the middle, each waited for in vain, the rest of a lane is not played."""
_WORTH_SHARING: Final = 12
"""Exchanges from which on further connections are opened for them."""


class LaneRunner:
    """Opens, surveys, plans, plays, confirms and judges. `offered` is known after `open`."""

    def __init__(
        self,
        *,
        target: Target,
        suite: Suite,
        revision: Revision,
        transport: str,
        selection: Selection,
        emit: Emit,
        tasks: TaskGroup,
        names: Callable[[], str],
        redact: Callable[[bytes], bytes] | None = None,
        confirm: bool = True,
        stop: anyio.Event | None = None,
        slots: anyio.CapacityLimiter | None = None,
        repetitions: Repetitions | None = None,
        nonce: str = "",
    ) -> None:
        """`nonce`: of the run, in ids that no other run uses.

        `stop`: set at the first broken MUST of any lane, and looked at before each exchange; None plays all.

        `slots`: how many further connections there may be at once, over all lanes that share it. `repetitions`: what was played
        again by lanes of the same transport.
        """
        self.target, self.suite, self.revision, self.transport = target, suite, revision, transport
        self.selection, self.emit, self.tasks, self.redact = selection, emit, tasks, redact
        self.confirm = confirm
        self.nonce = nonce
        self.stop = stop
        self.rows = in_force(suite.catalogue, selection, revision, transport)
        self._names = names
        self._slots = slots or anyio.CapacityLimiter(FRESH_AT_ONCE)
        self.main: Session | None = None
        self.offered = False
        self.refused = False
        self.why_not = self.lacking = ""  # lacking: what is not installed here, without which it cannot be played
        self.explained = self.unnamed = False  # the target itself says why not; it does not even name this lane
        self.counteroffers: tuple[str, ...] = ()
        self.patience: float | None = None
        self.fault: TargetUnreachable | None = None
        self.sessions: list[tuple[Session, str, list[Exchange]]] = []
        self.findings: list[Finding] = []
        self.facts: dict[str, Any] = {}
        self.reticence = Reticence()
        self.plan = Plan()
        self._rtt = 0.0
        self.crowded = False
        self._gone, self._silences = False, 0
        self._closing: TaskGroup | None = None
        self.beyond: Callable[[], Awaitable[None]] | None = None  # the search, which comes after all scripts
        self._known: dict[tuple[str, int, int], list[Finding]] = {}
        self.repetition = Repetition(self, repetitions or Repetitions())

    # -- sessions ---------------------------------------------------------------------------------------------------

    async def session(self, purpose: str, exchange: Exchange | None = None, *, opening: bool = True) -> Session:
        """A fresh connection, opened as the revision asks. Raises TargetUnreachable when nothing could be started."""
        pack, revision, name = self.suite.pack, self.revision.id, self._names()
        link = await host(self.tasks, lambda: dial(self.target, roams=pack.roams))
        capabilities = exchange.capabilities if exchange is not None else ABSENT
        state = pack.binding.start(
            self.revision,
            self.transport,
            {
                "url": self.target.url,
                "capabilities": capabilities,
                "headers": self.target.headers,
                "version": __version__,
                "tools": self.facts.get("tools"),
                "liveness": self.facts.get("alive_by"),
                "facts": self.facts,
                "nonce": f"{self.nonce}-{name}",
            },
        )
        made = Session(
            link=link,
            transcript=Transcript(id=name, protocol=pack.name, revision=revision, transport=self.transport),
            binding=pack.binding,
            state=state,
            tracker=pack.tracker(),
            emit=self.emit,
            purpose=purpose,
            redact=self.redact,
            deadline=self.target.timeout,
            reticence=self.reticence,
            view=lambda records, out, seen: pack.view(records, out, seen, self.revision, self.transport),
            read=pack.read,
            # The first process has patience of its own, see `open`; a server behind a URL runs already.
            patience=self._start_wait if self.target.command and self.main is not None else 0.0,
        )
        made.rtt = self._rtt
        self.sessions.append((made, purpose, []))
        if await self._connect(made) and opening:
            await self._open(made, capabilities)
            if purpose == "confirm" and self.revision.era == "modern":
                await made.fence()  # what is played again was not the first thing that the process heard
        return made

    @property
    def _start_wait(self) -> float:
        """Seconds that a process may take to start when it has started before."""
        return self.target.timeout or self.target.startup_wait

    async def _connect(self, session: Session) -> bool:
        name = self.suite.pack.connecting(self.transport)
        if name is not None:
            await self._play(session, self._filled(self.suite.named(name)))
        return not any(one.kind is Kind.SKIPPED for one in session.records)

    async def _open(self, session: Session, capabilities: JSON = ABSENT) -> None:
        name = self.suite.pack.opening(self.revision)
        if name is None:
            session.opened = True
            return
        exchange = self._filled(self.suite.named(name), capabilities)
        slow = session.fixed_deadline
        first = self.main is None  # a server may be slow to start, but not each time
        session.fixed_deadline = self.target.startup_wait if first else self._start_wait
        await self._play(session, exchange)
        session.fixed_deadline = slow
        session.opened = bool(getattr(session.state, "negotiated", None))
        listening = self.suite.pack.listening(self.revision, self.transport)
        if session.opened and listening is not None:
            await self._play(session, self._filled(self.suite.named(listening)))

    async def _play(self, session: Session, exchange: Exchange) -> None:
        async def dial_again(one: Exchange, opening: bool) -> Session | None:
            try:
                made = await self.session(self._purpose(session), one, opening=opening)
            except TargetUnreachable:
                return None
            self.played_in(made).append(one)
            self.emit(ExchangePlayed(transcript=made.id, exchange=one.id, span=one.span, literal=literal(one)))
            return made

        player = Player(session, dial_again, self.target.tokens)
        self.played_in(session).append(exchange)
        self.emit(
            ExchangePlayed(transcript=session.id, exchange=exchange.id, span=exchange.span, literal=literal(exchange))
        )
        await player.play(exchange)
        self.main = player.sessions["main"] if session is self.main else self.main

    def _filled(self, exchange: Exchange, capabilities: JSON = ABSENT) -> Exchange:
        """An opening or survey exchange with what the lane itself knows filled in."""
        return self.suite.pack.fill(exchange, self._own_facts(capabilities))[0]

    def _own_facts(self, capabilities: JSON = ABSENT) -> dict[str, Any]:
        usual, url = self.revision.traits.get("client_capabilities", {}), urlsplit(self.target.url)
        return {
            "revision": self.revision.id,
            "client_capabilities": usual if capabilities is ABSENT else capabilities,
            "liveness": self.facts.get("alive_by") or self.revision.traits.get("liveness", ""),
            "version": __version__,
            "target": {"path": url.path.rstrip("/"), "authority": url.netloc, "url": self.target.url},
        }

    def played_in(self, session: Session) -> list[Exchange]:
        return next(played for one, _, played in self.sessions if one is session)

    def _purpose(self, session: Session) -> str:
        return next(purpose for one, purpose, _ in self.sessions if one is session)

    # -- stages -----------------------------------------------------------------------------------------------------

    @property
    def turned_away(self) -> bool:
        """Was the opening refused over HTTP without a word about versions, or did the process end before it said anything?"""
        if self.offered or self.refused or self.counteroffers or self.explained or not self.sessions:
            return False
        said = any(one.kind is Kind.MESSAGE and one.way is Way.IN for one in self.sessions[0][0].records)
        ended = any(one.kind is Kind.EXIT for one in self.sessions[0][0].records)
        return said if self.target.url else ended and not said

    async def open(self) -> bool:
        """Opens the main session and finds out whether the target offers this revision there; may be tried again."""
        self.main = None
        self.main = await self.session("main")
        usual = self.main.fixed_deadline
        self.main.fixed_deadline = self.patience or self.target.startup_wait
        for exchange in self._survey_exchanges("opening"):
            if exchange.needs and not set(self._survey()["tags"]).issuperset(exchange.needs):
                continue
            scope = {**self._survey(), **self._own_facts()} if exchange.needs else self._own_facts()
            for filled in self.suite.pack.fill(exchange, scope)[:1]:
                await self._play(self.main, filled)
        self.main.fixed_deadline = usual
        facts = self._survey()
        named = (facts.get("negotiated"), *facts.get("supported_versions", ()))
        self.offered = self.revision.id in named and (self.main.opened or self.revision.era == "modern")
        if not self.offered:
            self.counteroffers = tuple(one for one in named if isinstance(one, str) and one != self.revision.id)
            self.explained = bool(facts.get("why_not"))
            self.unnamed = bool(facts.get("unnamed"))
            self.lacking = str(facts.get("lacking", ""))
            self.why_not = str(facts.get("why_not") or self._why_not(facts))
            self.refused = bool(facts.get("protected"))
            await self.main.close()
        return self.offered

    def learn(self) -> None:
        """Takes what the main session has shown so far for the facts by which conversations are judged."""
        self.facts = {**self._survey(), **self._own_facts()}

    def _why_not(self, facts: dict[str, Any]) -> str:
        other = facts.get("negotiated") or ", ".join(facts.get("supported_versions", ()))
        return f"the server answered with {other}" if other else "no usable answer to the opening"

    def _survey_exchanges(self, stage: str) -> Iterable[Exchange]:
        prefix = f"{self.suite.pack.name}.survey.{stage}-"
        for one in self.suite.exchanges:
            wanted = one.origin is Origin.SURVEY and one.id.startswith(prefix)
            if wanted and fits(one, self.revision, self.transport, self.suite.orders):
                yield one

    def _survey(self) -> dict[str, Any]:
        own = {**wishes(self.target), "nonce": self.nonce}
        lens = self._lens({"eras": self.facts.get("eras", ()), **own})
        mains = [session.transcript for session, purpose, _ in self.sessions if purpose == "main"]
        return dict(self.suite.pack.survey(mains, lens))

    def _lens(self, facts: dict[str, Any]) -> Lens:
        return Lens(
            revision=self.revision,
            transport=self.transport,
            schemas=schemas_of(self.suite.pack.name, self.revision.id),
            facts=facts,
            tables=self.suite.tables,
        )

    async def run(self, eras: tuple[str, ...]) -> list[Finding]:
        """Everything after the opening. `eras` are facts that only all lanes together show (modern-only, dual-era)."""
        if self.main is None:
            return []
        tags = set(self._survey()["tags"])
        for exchange in self._survey_exchanges("list"):
            if tags.issuperset(exchange.needs):
                for filled in self.suite.pack.fill(exchange, {**self._survey(), **self._own_facts()}):
                    await self._play(self.main, filled)
        self.facts = self._survey()
        self.facts |= self._own_facts()
        self._rtt = self.main.rtt
        self._chart({*self.facts["tags"], *eras}, self.suite.exchanges)
        async with anyio.create_task_group() as self._closing:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._play_shared, tasks)
                for exchange in self.plan.fresh:
                    tasks.start_soon(self.play_alone, exchange, "fresh")
            if self.repetition.wants_control():
                await self.play_alone(None, "confirm")
            if self.main is not None:
                self._closing.start_soon(self.main.close)
            if self.confirm and not self.crowded:
                await self.repetition.rest()
        async with anyio.create_task_group() as self._closing:
            if self.confirm:  # once more, for what only the end showed
                await self.repetition.rest()
            if self.beyond is not None and not self._gone:
                await self.beyond()
        self._mind_the_end()
        return self.judge()

    async def run_refused(self) -> list[Finding]:
        """Instead of `run`, with a target that answers nothing without authorization: what that shows is judged, all else is blocked."""
        self.facts = {**self._survey(), **self._own_facts(), "refused": self.wants()}
        self._chart({"protected"}, (one for one in self.suite.exchanges if "protected" in one.needs))
        session = await self.session("main", opening=False)
        for exchange in self.plan.shared:
            await self._play(session, exchange)
        await session.close()
        return self.judge()

    def wants(self) -> str:
        """Of a target that answers nothing without authorization: what is known of that."""
        return str(self._survey().get("wants") or "the server wants authorization")

    @property
    def _here(self) -> dict[str, str]:
        return {"protocol": self.suite.pack.name, "revision": self.revision.id, "transport": self.transport}

    def _chart(self, tags: set[str], exchanges: Iterable[Exchange]) -> None:
        """Tells the facts and makes the plan."""
        near = {f"token:{name}" for name in self.target.tokens} | ({"loopback"} if self.target.local else set())
        self.facts["tags"] = sorted(tags | near)
        self.emit(Surveyed(**self._here, role="server", facts=self.facts))
        self.plan = make_plan(
            exchanges,
            pack=self.suite.pack,
            revision=self.revision,
            transport=self.transport,
            facts=self.facts,
            rows=self.rows,
            orders=self.suite.orders,
            selection=self.selection,
        )
        self._announce()

    def _announce(self) -> None:
        every = self.plan.every
        self.emit(
            Planned(
                **self._here,
                exchanges=tuple(one.span for one in every),
                calls=self.suite.pack.called(every, self.facts),
                omitted=self.plan.omitted,
                judged=self.suite.judged(self.revision, self.transport),
                selection=asdict(self.selection),
            )
        )
        for told in left_alone(self.facts, f"{self.revision.id} over {self.transport}"):
            self.emit(told)

    async def _play_shared(self, tasks: TaskGroup) -> None:
        """What only reads may be played on several connections at once; the rest, and then what comes last, on the main one alone."""
        reading = deque(one for one in self.plan.shared if one.reads_only)
        if self.target.url and len(reading) >= _WORTH_SHARING:
            async with anyio.create_task_group() as beside:
                for _ in range(READERS - 1):
                    beside.start_soon(self._read_beside, reading, tasks)
                await self._play_main(reading, tasks)
        else:
            await self._play_main(reading, tasks)
        await self._play_main(deque(one for one in self.plan.shared if not one.reads_only), tasks)
        await self._play_main(deque(self.plan.last), tasks)

    async def _play_main(self, waiting: deque[Exchange], tasks: TaskGroup) -> None:
        while waiting and not self.halted and not self._gone:
            lost = self.main is None or self.main.over or (self.main.mute and not await self._wakes(self.main))
            self._gone = lost and not await self._renew()
            if self.main is not None and not self._gone:
                await self._play_watched(self.main, waiting.popleft(), tasks)

    async def _read_beside(self, waiting: deque[Exchange], tasks: TaskGroup) -> None:
        """Helps the main session with what only reads; a server that gives no second session is left to the first."""
        try:
            session = await self.session("main")
        except TargetUnreachable:
            return
        self._mind_the_crowd(session, opening=True)
        while waiting and not self.halted and not session.over and not self.crowded:
            await self._play_watched(session, waiting.popleft(), tasks)
        await session.close()

    async def _play_watched(self, session: Session, exchange: Exchange, tasks: TaskGroup) -> None:
        """Plays it; what it shows to be broken is played again at once, beside the rest."""
        await self._play(session, exchange)
        if self.stop is not None:
            await self.repetition.look(session, "main")
        elif self.confirm:
            self.repetition.suspect(tasks, session, exchange)

    async def _wakes(self, session: Session) -> bool:
        """A server behind a URL cannot be started again: it may still be busy, and is waited for as long as for its start."""
        return bool(self.target.url) and await session.fence(self.target.timeout or self.target.startup_wait)

    async def _renew(self) -> bool:
        """Another main session, when the first ended or fell silent; False when the target did not come back, which is said."""
        if self.main is not None:
            self._silences += self.main.mute
            await self.main.close()
        why = f"it fell silent {self._silences} times" if self._silences >= _MOST_SILENCES else "it does not answer"
        try:
            if self._silences < _MOST_SILENCES:
                self.main = await self.session("main")
                if self.main.opened and (self.revision.era == "legacy" or await self.main.fence()):
                    return True
        except TargetUnreachable as error:
            why = error.message
        text = f"{self.revision.id} over {self.transport}: the target did not come back ({why}); the rest is not played"
        self.emit(Told(text=text, level="gone"))
        return False

    @property
    def halted(self) -> bool:
        return self.stop is not None and self.stop.is_set()

    async def play_alone(self, exchange: Exchange | None, purpose: str) -> list[Session]:
        """Plays it in a session of its own (None: the opening alone); gives that session, and those that it opened.

        They are closed by the way: waiting for the target to end keeps nobody from starting another.
        """
        before = len(self.sessions)
        async with self._slots:
            if self.crowded or (self.halted and purpose != "confirm"):
                return []
            opening = exchange.opening if exchange is not None and exchange.isolation is Isolation.FRESH else True
            try:
                session = await self.session(purpose, exchange, opening=opening)
            except TargetUnreachable as error:
                self.emit(Told(text=f"could not open another session: {error.message}", level="warning"))
                return []
            self._mind_the_crowd(session, opening=opening)
            # The opening was played by opening.
            if exchange is not None and exchange not in self.played_in(session):
                await self._play(session, exchange)
            if purpose == "fresh":
                await self.repetition.look(session, purpose)
            made = [one for one, which, played in self.sessions[before:] if which == purpose and exchange in played]
        made = list(dict.fromkeys((*made, session)))
        for one in made:
            if self.crowded or self._closing is None:
                await one.close()
            else:
                self._closing.start_soon(one.close)
        return made

    def _mind_the_crowd(self, session: Session, *, opening: bool) -> None:
        """Tells once that the target gives no second session; what needs one is not tried again then."""
        if opening and self.revision.era == "legacy" and not session.opened and not self.crowded:
            self.crowded = True
            if refused_last(session.records):
                return  # it is not busy with the first, it is gone: see `_mind_the_end`
            where = f"{self.revision.id} over {self.transport}"
            text = f"{where}: the target gives no second session beside the first, so nothing is played alone"
            self.emit(Told(text=text, level="warning"))

    def _mind_the_end(self) -> None:
        """Tells when a server behind a URL takes no connection any more, which blocks the rest; such a run is no clean one."""
        if self.target.url and self.main is not None and (what := gone(self.main.records, self.target.url)):
            text = f"{self.revision.id} over {self.transport}: {what}; the rest is blocked"
            self.emit(Told(text=text, level="gone"))

    async def play_row(self, exchanges: Iterable[Exchange]) -> None:
        """Plays these one after the other in a fresh session."""
        session = await self.session("confirm")
        for exchange in exchanges:
            if session.alive and exchange.origin is not Origin.SURVEY:
                await self._play(session, exchange)
        await session.close()

    def judgeable(self, only: tuple[Played, ...] | None = None) -> Lane:
        """What is judged: every session, or `only` these."""
        every = (
            Played(transcript=session.transcript, purpose=purpose, exchanges=tuple(played))
            for session, purpose, played in self.sessions
        )
        return Lane(
            lens=self._lens(self.facts),
            pack=self.suite.pack,
            requirements=self.rows,
            played=tuple(every) if only is None else only,
            omitted=self.plan.omitted,
            known=self._known,
        )

    def judge(self) -> list[Finding]:
        """Settles the findings of everything played so far, also after an interruption."""
        self.findings = settle(self.judgeable())
        self.emit(Judged(**self._here, findings=tuple(self.findings)))
        return self.findings
