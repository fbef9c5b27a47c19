"""A whole run: find every offered revision, play each in a lane of its own, settle. One typed stream of events comes out."""

from __future__ import annotations

import gc
import itertools
import platform
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import entry_points, version
from pathlib import Path
from typing import Final, NoReturn

import anyio
from anyio.abc import TaskGroup

from wireproof.engine.described import described, option_words
from wireproof.engine.detect import USUAL
from wireproof.engine.diagnose import diagnose
from wireproof.engine.effort import Effort
from wireproof.engine.lane import LaneRunner
from wireproof.engine.lint import faults
from wireproof.engine.plan import Selection
from wireproof.engine.redaction import redactor
from wireproof.engine.repetition import Repetitions
from wireproof.engine.search import Search
from wireproof.engine.suite import Suite
from wireproof.engine.unplayed import leave_unplayed
from wireproof.engine.unused import unused
from wireproof.judge.pack import Pack
from wireproof.library.acts import left_out
from wireproof.library.catalogue import load_catalogue
from wireproof.library.exchanges import load_exchanges
from wireproof.library.shelf import digest, shelf
from wireproof.library.source import read_yaml
from wireproof.model.catalogue import Revision
from wireproof.model.errors import TargetUnreachable, UsageError
from wireproof.model.events import Event, RunFinished, RunStarted, Told
from wireproof.model.target import Target
from wireproof.transports.asgi import Lifespan
from wireproof.transports.served import ServedTarget
from wireproof.version import SUITE_VERSION, __version__

Emit = Callable[[Event], None]
LANES_AT_ONCE: Final = 4
PROCESSES_AT_ONCE: Final = 4
"""Processes besides those of the main sessions: more than a small machine can start in time would only delay each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a run is done. `exchanges` are further files or folders of the user's; `confirm` False trusts shared sessions; `effort`: how
    hard is searched for what no script shows, None: not at all."""

    protocol: str = "mcp"
    selection: Selection = field(default_factory=Selection)
    exchanges: tuple[Path, ...] = ()
    seed: int = 0
    confirm: bool = True
    fail_fast: bool = False
    effort: Effort | None = None
    detected: str = ""  # why the target is taken for one of this protocol, in words for the user


def installed(protocol: str) -> bool:
    """Whether some installed distribution registers a pack of that name."""
    return any(one.name == protocol for one in entry_points(group="wireproof.protocols"))


def load_pack(name: str) -> Pack:
    """The pack that some installed distribution registers under `wireproof.protocols`. UsageError when there is none."""
    found = {one.name: one for one in entry_points(group="wireproof.protocols")}
    if name not in found:
        raise UsageError(f"no protocol is called {name!r}", hint=f"installed: {', '.join(sorted(found))}")
    pack: Pack = found[name].load()
    return pack


def bare_suite(protocol: str = "mcp") -> Suite:
    """Pack, catalogue and tables of one protocol, without exchanges."""
    pack = load_pack(protocol)
    tables = {name: read_yaml(shelf("conformance") / protocol / file)[0] for name, file in pack.tables.items()}
    return Suite(pack=pack, catalogue=load_catalogue(protocol), exchanges=(), tables=tables)


@contextmanager
def _unswept() -> Iterator[None]:
    """Without the search for cycles: of a hundred thousand values that are read and kept, it takes a third of the time and finds none."""
    swept = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if swept:
            gc.enable()


def load_suite(protocol: str = "mcp", extra: Iterable[Path] = ()) -> Suite:
    """Pack, catalogue, exchanges and tables of one protocol; references between them are checked, those of `extra` in full."""
    extra = tuple(extra)
    with _unswept():
        bare = bare_suite(protocol)
        catalogue, exchanges = bare.catalogue, load_exchanges(protocol, extra)
    for one in exchanges:
        for revision in (one.since, one.until):
            if revision is not None and revision not in {known.id for known in catalogue.revisions}:
                raise UsageError(f"{one.id}: no revision is called {revision!r}", where=one.where)
        for row in one.about:
            if row not in catalogue.requirements:
                near = catalogue.nearest(row)
                hint = f"did you mean {', '.join(near)}?" if near else "wireproof list requirements names them all"
                raise UsageError(f"{one.id}: no requirement is called {row!r}", where=one.where, hint=hint)
    ours = {one.id for one in load_exchanges(protocol)} if extra else set()
    own = tuple(one for one in exchanges if extra and one.id not in ours)
    for one in own:
        for fault in faults(one, bare):
            raise fault
    return replace(bare, exchanges=exchanges, own=tuple(one.id for one in own))


def _unheard(_: Event) -> None:
    return None


class Runner:
    """Plays one target. `lanes` are there after `run`, also when it was cancelled: what was seen is judged all the same."""

    def __init__(self, target: Target, options: Options, emit: Emit, suite: Suite | None = None) -> None:
        self.target, self.options, self.emit = target, options, emit
        self.suite = suite or load_suite(options.protocol, options.exchanges)
        self.lanes: list[LaneRunner] = []
        self._redact = redactor(target.secrets)
        self._counter = itertools.count(1)
        self._started = 0.0
        self._nonce = secrets.token_hex(4)
        self._stop: anyio.Event | None = None
        self._slots: anyio.CapacityLimiter | None = None
        self._repetitions: dict[str, Repetitions] = {}
        self._searching = anyio.Lock()

    async def run(self) -> None:
        """Raises TargetUnreachable when nothing that speaks the protocol answered."""
        self._started = time.monotonic()
        self.emit(self._start())
        if self.options.detected:
            usual = self.options.protocol == USUAL  # of which nobody needs to be told but in passing
            self.emit(Told(text=self.options.detected, level="offer" if usual else "detected"))
        for text in left_out(self.options.exchanges):
            self.emit(Told(text=text, level="warning"))
        async with self.served() as server:
            await self._play()
            if isinstance(server, ServedTarget) and server.ended:
                said = " ".join(self._clean(server.tail()).split())
                text = f"the server that was started ended by itself during the run ({server.ended}); {said or 'it wrote nothing'}"
                self.emit(Told(text=text, level="warning"))
        self._conclude()

    @asynccontextmanager
    async def served(self) -> AsyncIterator[ServedTarget | Lifespan | None]:
        """What the target says is to be started runs as long as the block. Raises TargetUnreachable when it does not start."""
        server: ServedTarget | Lifespan | None = ServedTarget(self.target) if self.target.starts else None
        if self.target.app is not None:
            server = Lifespan(self.target.app)
        try:
            if server is not None:
                await self._serve(server)
            yield server
        finally:
            if server is not None:
                await server.aclose()

    async def _serve(self, server: ServedTarget | Lifespan) -> None:
        try:
            await server.open()
        except TargetUnreachable as error:
            error.hint = self._clean(error.hint)
            self._give_up(error)

    async def _play(self) -> None:
        self._stop = anyio.Event() if self.options.fail_fast else None
        self._slots = anyio.CapacityLimiter(PROCESSES_AT_ONCE) if self.target.command else None
        async with anyio.create_task_group() as tasks:
            for group in self.transports():
                lanes = [
                    self.lane(revision, transport, tasks)
                    for transport in group
                    for revision in self._revisions(transport)
                ]
                self.lanes += lanes
                await self._run_lanes(lanes)
                for lane in (one for one in lanes if one.lacking and any(other.offered for other in lanes)):
                    leave_unplayed(lane)
                if any(lane.offered for lane in lanes):
                    self._tell_of_the_shut(lanes)
                    break
                if await self._run_refused(lanes):
                    break

    def _tell_of_the_shut(self, lanes: list[LaneRunner]) -> None:
        """What wants authorization beside what is open to all would else be missing without a word."""
        shut = [lane for lane in lanes if lane.refused]
        if shut:
            named = ", ".join(f"{lane.revision.id} over {lane.transport}" for lane in shut)
            text = f"not judged: {named}: {shut[0].wants()}; give credentials with --header-env Authorization=VARIABLE"
            self.emit(Told(text=text, level="warning"))

    async def _run_refused(self, lanes: list[LaneRunner]) -> bool:
        """Without authorization no revision shows itself; what a 401 alone tells is judged by the newest one that was asked for."""
        refused = [lane for lane in lanes if lane.refused]
        if not refused:
            return False
        newest = max(refused, key=lambda lane: lane.revision.order)
        text = (
            f"{self.target.label}: {newest.wants()}, so that alone is judged, by {newest.revision.id}; "
            "give credentials with --header-env Authorization=VARIABLE"
        )
        self.emit(Told(text=text, level="warning"))
        await newest.run_refused()
        return True

    def interrupted(self) -> None:
        """After Ctrl-C: judges what was seen and closes the stream of events."""
        for lane in self.lanes:
            if lane.offered and not lane.findings:
                lane.judge()
        self.emit(RunFinished(duration_s=self._seconds(), interrupted=True))

    def _seconds(self) -> float:
        return round(time.monotonic() - self._started, 3)

    def _conclude(self) -> None:
        if not any(lane.offered or lane.refused for lane in self.lanes):
            self._give_up(diagnose(self.target, self.lanes))
        for text in unused(self.target, self.options.selection, self.suite, self.lanes):
            self.emit(Told(text=text, level="warning"))
        self.emit(RunFinished(duration_s=self._seconds()))

    def _give_up(self, error: TargetUnreachable) -> NoReturn:
        self.emit(Told(text=f"{error.message}\n{error.hint}".rstrip(), level="unreachable"))
        self.emit(RunFinished(duration_s=self._seconds(), exit_code=error.exit_code))
        error.where = error.where or self.target.where
        raise error

    def _clean(self, text: str) -> str:
        """Without secrets, and harmless in a terminal but for its line breaks."""
        text = self._redact(text.encode()).decode("utf-8", "replace") if self._redact else text
        return "".join(char if char.isprintable() or char == "\n" else ascii(char)[1:-1] for char in text)

    def _start(self) -> RunStarted:
        return RunStarted(
            versions={
                "wireproof": __version__,
                "python": platform.python_version(),
                **{name: version(name) for name in ("anyio", "h11", "jsonschema-rs", "hypothesis")},
            },
            suite={"version": SUITE_VERSION, "digest": digest(), "protocol": self.options.protocol},
            target=described(self.target, self._redact),
            options={
                "words": [
                    *option_words(self.target, self._redact),
                    *(word for place in self.options.exchanges for word in ("--exchanges", str(place))),
                ],
                **({"target": self.target.again[-1]} if self.target.again else {}),
                **({"where": self.target.where} if self.target.where else {}),
                **({"search": self.options.effort.told} if self.options.effort is not None else {}),
            },
            seed=self.options.seed,
            started_at=datetime.now(UTC).isoformat(timespec="seconds"),
            redacted=len(self.target.secrets),
        )

    def transports(self) -> tuple[tuple[str, ...], ...]:
        """Groups of what may be tried, of which those that are wanted; all where nothing of the kind was asked for."""
        every, wanted = self.suite.pack.transports(self.target), self.options.selection.transports
        asked = tuple(tuple(one for one in group if not wanted or one in wanted) for group in every)
        return tuple(group for group in asked if group) or every[:1]

    def _revisions(self, transport: str) -> list[Revision]:
        wanted = self.options.selection.revisions
        every = [one for one in self.suite.catalogue.revisions if not wanted or one.id in wanted]
        if transport in ("http", "sse"):
            return [one for one in every if transport in one.traits.get("http_transports", ("http",))]
        return every

    async def _search(self, lane: LaneRunner, effort: Effort) -> None:
        """One lane after the other: deadlines are short there, and a machine that does several things at once misses them."""
        async with self._searching:
            if not lane.halted:
                await Search(lane, effort, self.options.seed).run()

    def lane(self, revision: Revision, transport: str, tasks: TaskGroup) -> LaneRunner:
        """One revision over one transport; what it opens lives in `tasks`."""
        made = LaneRunner(
            target=self.target,
            suite=self.suite,
            revision=revision,
            transport=transport,
            selection=self.options.selection,
            emit=self.emit,
            tasks=tasks,
            names=lambda: f"t{next(self._counter)}",
            redact=self._redact,
            confirm=self.options.confirm,
            stop=self._stop,
            slots=self._slots,
            repetitions=self._repetitions.setdefault(transport, Repetitions()),
            nonce=self._nonce,
        )
        effort = self.options.effort
        if effort is not None and (not effort.revisions or revision.id in effort.revisions):
            made.beyond = partial(self._search, made, effort)
        return made

    async def _run_lanes(self, lanes: list[LaneRunner]) -> None:
        """Legacy lanes open at once; the modern one waits for their start-up time, because a legacy server may stay silent on it.

        When they stay silent for long themselves, it no longer waits for them.
        """
        slots = anyio.CapacityLimiter(LANES_AT_ONCE)
        legacy = [lane for lane in lanes if lane.revision.era == "legacy"]
        modern = [lane for lane in lanes if lane.revision.era == "modern"]
        first = anyio.Event()
        left = len(legacy)
        started = anyio.current_time()
        if not legacy:
            first.set()

        async def one(lane: LaneRunner, settled: anyio.Event) -> None:
            nonlocal left
            async with slots:
                try:
                    offered = await self._open(lane)
                finally:
                    left -= 1
                    settled.set()
                if offered or left == 0:
                    first.set()
                if not lane.turned_away:
                    self._tell(lane)
                if offered:
                    await lane.run(())

        async with anyio.create_task_group() as tasks:
            at_once = list(legacy)
            if self.target.url and legacy:
                # Who gives one session only shall give it to the newest; a server that runs already keeps nobody waiting.
                newest = at_once.pop()
                settled = anyio.Event()
                tasks.start_soon(one, newest, settled)
                with anyio.move_on_after(self.target.startup_wait / 3):
                    await settled.wait()
            for lane in at_once:
                tasks.start_soon(one, lane, anyio.Event())
            with anyio.move_on_after(
                self.target.startup_wait / 3
            ):  # the user should not wait twice for what never answers
                await first.wait()
            startup = anyio.current_time() - started
            for lane in modern:
                patience = (
                    max(self.target.timeout or 3.0, 3 * startup) if any(other.offered for other in legacy) else None
                )
                tasks.start_soon(self._modern, lane, legacy, patience, first)
        await self._try_again(lanes)

    async def _try_again(self, lanes: list[LaneRunner]) -> None:
        """Revisions that were turned away while another held the only session of the target, now that it is free: one by one."""
        served = any(lane.offered for lane in lanes)
        for lane in reversed([lane for lane in lanes if lane.turned_away]):
            offered = served and await self._open(lane)
            self._tell(lane)
            if offered:
                await lane.run(())

    async def _modern(
        self, lane: LaneRunner, legacy: list[LaneRunner], patience: float | None, settled: anyio.Event
    ) -> None:
        lane.patience = patience
        offered = await self._open(lane)
        await settled.wait()  # only then is it known whether an older revision is offered too
        self._tell(lane)
        if offered:
            older = any(other.offered for other in legacy) if legacy else await self._speaks_legacy(lane)
            await lane.run(("dual-era",) if older else ("modern-only",))

    async def _speaks_legacy(self, lane: LaneRunner) -> bool:
        """Where no legacy lane was asked for: would the newest legacy revision be served? Of that look nothing is recorded."""
        known = [one for one in self.suite.catalogue.revisions if one.era == "legacy"]
        if not known:
            return False
        probe = self.lane(max(known, key=lambda one: one.order), lane.transport, lane.tasks)
        probe.emit = _unheard
        offered = await self._open(probe)
        if probe.main is not None and offered:
            await probe.main.close()
        return offered

    async def _open(self, lane: LaneRunner) -> bool:
        try:
            return await lane.open()
        except TargetUnreachable as error:
            lane.why_not = error.message
            lane.fault = error
            return False

    def _tell(self, lane: LaneRunner) -> None:
        if lane.unnamed:
            return  # nobody said that it would be there
        where = f"{lane.revision.id} over {lane.transport}"
        text = f"{where}: offered" if lane.offered else f"{where}: not offered ({lane.why_not})"
        self.emit(Told(text=text, level="offer"))
