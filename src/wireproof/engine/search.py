"""Search: Hypothesis draws exchanges, the player plays them, the judge judges them, what breaks is made small and kept.

Hypothesis runs in a worker thread and reaches the event loop through a portal. Three things keep its world deterministic: an exchange is
drawn whole before it is played; what it showed is remembered, so the same values have the same outcome; and a failure counts only when
a fresh session repeats it, so a target's whims never look like ours. Hypothesis tells failures apart by type and line, so there is one
exception type for each (requirement, check); none of them leaves this module. What was found is played twice more in the open, once to
be seen and once to be confirmed, and so stands in the journal like any scripted exchange.
"""

from __future__ import annotations

import hashlib
import importlib
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

import anyio
from anyio.from_thread import BlockingPortal

from wireproof.engine.ahead import Ahead
from wireproof.engine.constants import without_local_constants
from wireproof.engine.crew import Crew
from wireproof.engine.earlier import earlier
from wireproof.engine.effort import SHRINKING, Effort
from wireproof.engine.lane import LaneRunner
from wireproof.engine.tryout import Lost, Tryout
from wireproof.judge.judge import ROLE, Lane, heard, judge_played
from wireproof.judge.pack import Family
from wireproof.library.exchanges import literal
from wireproof.library.found import Origin, save
from wireproof.model.catalogue import Level
from wireproof.model.events import Told
from wireproof.model.exchange import Exchange
from wireproof.model.jsontext import dump
from wireproof.model.verdict import Finding, Verdict, fingerprint

_PROBES: Final = 2
"""How often each request is asked alone."""
_SHRINK_CALLS: Final = 5000
"""Calls of tools that making a failure small may take, over all families of a lane."""
_PARTS: Final = 400
"""Parts of a whole exchange that are tried for a failure, before the smallest of them is made smaller."""
_ROUNDS: Final = 3
"""How often a family of whole exchanges is gone through again after something was found."""

_SCHEMAS: Final = ("name", "inputSchema", "outputSchema")
_SLOW: Final = 0.15
"""Seconds from which on a request counts as slow."""


class _Halt(BaseException):
    """Ends the drawing: of one family, or of all of them. No Exception, so that Hypothesis takes it for an interruption."""


class _Doubt(BaseException):
    """Ends the drawing ahead: something may have failed."""


class _Broken(Exception):
    """A failure, as Hypothesis sees it; the types that are raised are made by `_type_of`."""


@lru_cache(maxsize=4096)
def _type_of(requirement: str, check: str) -> type[_Broken]:
    return type(f"Broken[{requirement}, {check}]", (_Broken,), {})


Mark = tuple[str, str, str]
"""What makes two failures the same in one lane: requirement, check, subject."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A failure made small."""

    exchange: Exchange
    family: Family
    finding: Finding


class Search:
    """The search of one lane. `examples` were drawn, `played` exchanges played for it, shrinking and confirmation included."""

    def __init__(self, lane: LaneRunner, effort: Effort, seed: int) -> None:
        self._lane, self._effort, self._seed = lane, effort, seed
        self._where = f"{lane.revision.id} over {lane.transport}"
        self._module: Any = None
        self._families: tuple[Family, ...] = ()
        self._portal: BlockingPortal | None = None
        self._tryout: Tryout | None = None
        self._crew: Crew | None = None
        self._rows: set[str] = set()
        self._known: set[Mark] = set()
        self._confirmed: set[Mark] = set()
        self._outcomes: dict[str, tuple[Finding, ...]] = {}
        self._best: dict[Mark, Found] = {}
        self._first_failure: float | None = None
        self._until = self._family_until = 0.0
        self._calls = self._most_calls = 0
        self._why_over = ""
        self.examples = 0
        self.played = 0
        self.found: list[Found] = []

    async def run(self) -> None:
        """Searches, then plays what was found in the open. Anything that was found is in the lane's sessions afterwards."""
        lane = self._lane
        if not lane.suite.pack.strategies or lane.crowded or lane.main is None:
            return
        self._module = importlib.import_module(lane.suite.pack.strategies)
        # What scripts have shown to be broken is not looked for again.
        judged = lane.judgeable()
        self._rows = {row for row in lane.rows if not any(row == one.requirement for one in _failures(judged))}
        begun = time.monotonic()
        self._until = begun + self._effort.seconds
        try:
            async with Tryout.of(lane) as self._tryout:
                self._families = await self._draw_from(self._tryout)
                self._announce()
                async with Crew.of(self._tryout, lane) as self._crew, BlockingPortal() as self._portal:
                    await anyio.to_thread.run_sync(self._drive, abandon_on_cancel=True)
                self.played = self._crew.played
        except* Lost:
            self._why_over = "no further session could be opened"
        spent = time.monotonic() - begun
        shortest: dict[str, Found] = {}  # several checks may show the same; it goes by one name
        for one in sorted(self._best.values(), key=lambda one: len(one.exchange.steps), reverse=True):
            shortest[named(one, lane).id] = one
        self.found = sorted(shortest.values(), key=lambda one: (one.family.name, one.finding.requirement))
        self._conclude(spent)
        for one in self.found:
            await self._show(one)

    async def _draw_from(self, tryout: Tryout) -> tuple[Family, ...]:
        """Finds out what each probe is answered with when it comes alone, and makes the families of that."""
        kinds: dict[str, str] = {}
        slow: set[str] = set()
        probes = self._module.probes(self._lane.facts, tryout.lens)
        self._announce_probes(probes)
        for probe in probes:
            if time.monotonic() > self._until:
                break
            (one, first), (other, second) = [await tryout.answer(probe, "probe") for _ in range(_PROBES)]
            kind = self._module.kind_of(one)
            if kind is not None and kind == self._module.kind_of(other):
                kinds[probe.subject or ""] = kind
                slow |= {probe.subject or ""} if min(first, second) > _SLOW else set()
        made: tuple[Family, ...] = self._module.families(self._lane.facts, tryout.lens, kinds, slow)
        only = self._effort.families
        return tuple(one for one in made if not only or {one.name, f"{one.name} {one.subject}"}.intersection(only))

    def _announce_probes(self, probes: Sequence[Exchange]) -> None:
        """Says how often tools will be called to see what each request is answered with alone."""
        pack, facts = self._lane.suite.pack, self._lane.facts
        names = pack.called(probes, facts)
        if names:
            count = _PROBES * sum(bool(pack.called((one,), facts)) for one in probes)
            text = f"{self._where}: first at most {count} calls of {', '.join(names)}, each alone"
            self._lane.emit(Told(text=text, level="drawing"))

    def _announce(self) -> None:
        """Says what will be drawn and how often tools will be called, before any is."""
        drawn = [(one, self._most(one)) for one in self._families]
        calls = sum(count * one.most_calls for one, count in drawn if one.calls)
        self._most_calls = calls + _SHRINK_CALLS if calls else 0
        names = list(dict.fromkeys(name for one in self._families for name in one.calls))
        text = (
            f"{self._where}: generated exchanges, depth {self._effort.depth}, seed {self._seed}, schemas {self._schemas}: at most "
            f"{sum(count for _, count in drawn)} of {len(drawn)} families in {self._effort.seconds:g} s"
        )
        if names:
            text += f"; at most {self._most_calls} calls of {', '.join(names)}"
        self._lane.emit(Told(text=text, level="drawing"))

    @property
    def _schemas(self) -> str:
        """A short digest of the target's own schemas, which are one of the things that fix what is drawn."""
        every = [[one.get(name) for name in _SCHEMAS] for one in self._lane.facts.get("tools", ())]
        return hashlib.sha256(dump(every).encode("utf-8", "surrogatepass")).hexdigest()[:12]

    def _conclude(self, spent: float) -> None:
        what = f"{len(self.found)} failure{'' if len(self.found) == 1 else 's'}" if self.found else "nothing broken"
        text = f"{self._where}: {self.examples} examples drawn, {self.played} exchanges played in {spent:.1f} s: {what}"
        if self._why_over:
            text += f" ({self._why_over})"
        self._lane.emit(Told(text=text, level="search"))

    # -- in the worker thread ---------------------------------------------------------------------------------------

    def _drive(self) -> None:
        """Draws family by family; each has its share of the time that is left."""
        shares = [one.weight if one.share is None else one.share for one in self._families]
        for place, family in enumerate(self._families):
            now = time.monotonic()
            self._family_until = now + (self._until - now) * shares[place] / sum(shares[place:])
            self._first_failure = None
            try:
                self._search(family)
            except _Halt:
                if self._why_over:
                    return
            self._known |= {mark for mark, one in self._best.items() if one.family is family}
            if self._effort.first and self._best:
                self._why_over = "something was found"
                return

    def _search(self, family: Family) -> None:
        """One family; of one whose exchanges are whole, then parts of what failed. Raises _Halt when its time, or all time, is over."""
        from hypothesis import Phase

        both = (Phase.generate, Phase.shrink)
        count = self._most(family)
        if family.within is None:
            kept = self._earlier(family) is not None
            if self._doubtful(family, family.draws, count) or kept:
                self._draw(family, family.draws, count, (Phase.reuse, *both))
            return
        for _ in range(_ROUNDS):
            try:
                if self._doubtful(family, family.draws, count):
                    self._draw(family, family.draws, count, both[:1])
            except _Halt:
                if self._why_over and self._first_failure is None:
                    raise
            fresh = [one for mark, one in self._best.items() if one.family is family and mark not in self._known]
            for one in fresh:
                self._first_failure = time.monotonic()
                self._draw(family, family.within(one.exchange), _PARTS, both)
            self._known |= {mark for mark, one in self._best.items() if one.family is family}
            if not fresh:
                return
            self._first_failure = None

    def _most(self, family: Family) -> int:
        """Examples of that family, at most."""
        count = self._effort.examples_of(family.weight)
        return count if family.most is None else min(count, family.most)

    def _draw(self, family: Family, draws: Any, count: int, phases: tuple[Any, ...]) -> None:
        """So many examples of `draws`. Raises _Halt when the family's time, or all time, is over."""

        def body(exchange: Exchange) -> None:
            failures = self._outcome(exchange, family)
            if failures:
                self._keep(exchange, family, failures[0])
                raise _type_of(*_mark(failures[0])[:2])

        try:
            self._hypothesis(body, family, draws, count, phases)
        except _Broken:
            pass
        except BaseExceptionGroup as group:
            if group.split(_Broken)[1] is not None:
                raise

    def _hypothesis(
        self, body: Callable[[Exchange], None], family: Family, draws: Any, count: int, phases: tuple[Any, ...]
    ) -> None:
        """Runs `body` on so many draws; the same ones whenever nothing of it fails, whatever the phases."""
        import hypothesis

        given: Callable[..., Any] = hypothesis.given(draws)
        decorated: Any = given(body)
        decorated = hypothesis.seed(_seed_of(self._seed, self._lane, family))(decorated)
        decorated = hypothesis.settings(  # the outermost: a seed takes the database away
            max_examples=count,
            database=self._earlier(family) if hypothesis.Phase.reuse in phases else None,
            deadline=None,
            derandomize=False,  # the seed fixes what is drawn, whatever the profile of those who call us
            phases=phases,
            suppress_health_check=list(hypothesis.HealthCheck),
            verbosity=hypothesis.Verbosity.quiet,
            report_multiple_bugs=True,
            print_blob=False,
        )(decorated)
        with without_local_constants(), suppress(hypothesis.errors.Unsatisfiable):  # nothing can be drawn of it
            decorated()

    def _doubtful(self, family: Family, draws: Any, count: int) -> bool:
        """Plays ahead what would be drawn if nothing failed. Is there anything that Hypothesis should look at? Raises _Halt when there is
        nothing and the family's time, or all time, is over."""
        from hypothesis import Phase

        if self._portal is None or self._crew is None or self._tryout is None:
            raise _Halt
        if not self._tryout.shares(family):
            return True  # each wants a session of its own, and is played when it is drawn
        portal, crew = self._portal, self._crew
        ahead = Ahead(lambda exchanges: portal.start_task_soon(crew.together, exchanges, self._order))
        halted: _Halt | None = None

        def body(exchange: Exchange) -> None:
            self._mind_the_time()
            self.examples += 1
            key = dump(literal(exchange))
            if key in self._outcomes or ahead.knows(key):
                return
            self._mind_the_calls(calls := family.calling(exchange) if family.calls else 0)
            self._calls += calls
            if not ahead.offer(key, exchange):
                raise _Doubt

        try:
            with self._reaching():
                try:
                    self._hypothesis(body, family, draws, count, (Phase.generate,))
                except _Doubt:
                    pass
                except _Halt as halt:
                    halted = halt
                ahead.finish()
                if ahead.doubtful:
                    portal.call(crew.rest)
        finally:
            self._outcomes |= dict.fromkeys(ahead.clean, ())
        if ahead.doubtful:
            self._first_failure = time.monotonic()  # a doubt has the time of a failure
        elif halted is not None:
            raise halted
        return ahead.doubtful

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        """Raises _Halt, with a word on it, when the target or the event loop cannot be reached any more."""
        try:
            yield
        except Lost:
            self._why_over = "no further session could be opened"
            raise _Halt from None
        except (CancelledError, RuntimeError) as error:  # the run is over: cancelled, or its loop is gone
            if isinstance(error, RuntimeError) and "portal" not in str(error).lower():
                raise
            self._why_over = "interrupted"
            raise _Halt from None

    def _mind_the_calls(self, calls: int) -> None:
        """Raises _Halt where so many more could be more than was announced."""
        if self._most_calls and self._calls + 2 * calls + self._kept_back > self._most_calls:
            self._why_over = "the calls of tools that were announced are used up"
            raise _Halt

    def _earlier(self, family: Family) -> Any:
        """What earlier searches found in that family; None where nothing is kept."""
        if self._effort.earlier is None:
            return None
        lane = self._lane
        names = (lane.target.label, lane.revision.id, lane.transport, family.name, family.subject)
        return earlier(self._effort.earlier, *names)

    def _outcome(self, exchange: Exchange, family: Family) -> tuple[Finding, ...]:
        """What fails, the gravest first; the same for the same exchange whenever it is asked."""
        self._mind_the_time()
        key = dump(literal(exchange))
        if key not in self._outcomes:
            self.examples += 1
            self._mind_the_calls(calls := family.calling(exchange) if family.calls else 0)
            if self._portal is None or self._tryout is None:
                raise _Halt
            before = self._tryout.played
            with self._reaching():
                self._outcomes[key] = tuple(self._portal.call(self._try, exchange, family))
                self._calls += calls * (self._tryout.played - before)
        return tuple(one for one in self._outcomes[key] if _mark(one) not in self._known)

    @property
    def _kept_back(self) -> int:
        """Calls that playing what was found in the open will take."""
        return sum(2 * one.family.calling(one.exchange) for one in self._best.values() if one.family.calls)

    def _mind_the_time(self) -> None:
        now = time.monotonic()
        hard = self._effort.budget is not None and now > self._until
        if hard or (now > self._until and self._first_failure is None):
            self._why_over = "the time is over"
            raise _Halt
        limit = self._family_until if self._first_failure is None else self._first_failure + SHRINKING
        if now > limit:
            raise _Halt

    def _keep(self, exchange: Exchange, family: Family, finding: Finding) -> None:
        """Hypothesis tries simpler values as long as it can and ends with the simplest, so the last of the shortest that failed is it."""
        self._first_failure = self._first_failure or time.monotonic()
        old = self._best.get(_mark(finding))
        if old is None or len(exchange.steps) <= len(old.exchange.steps):
            self._best[_mark(finding)] = Found(exchange=exchange, family=family, finding=finding)

    # -- in the event loop ------------------------------------------------------------------------------------------

    async def _try(self, exchange: Exchange, family: Family) -> list[Finding]:
        """What fails twice. In shrinking, what is known already need not be confirmed where sessions are fresh anyway."""
        tryout = self._tryout
        if tryout is None:
            return []
        shares = tryout.shares(family)
        found = await (tryout.beside(exchange) if shares else tryout.alone(exchange))
        fresh = [one for one in self._order(found) if _mark(one) not in self._known]
        if not fresh or (not shares and all(_mark(one) in self._confirmed for one in fresh[:1])):
            return fresh
        again = {_mark(one) for one in await tryout.alone(exchange, patient=_mark(fresh[0]) not in self._confirmed)}
        twice = [one for one in fresh if _mark(one) in again]
        self._confirmed |= {_mark(one) for one in twice}
        return twice

    def _order(self, found: list[Finding]) -> list[Finding]:
        """Those that count, the gravest first; of equal weight by name, so that the first is always the same."""
        rows = self._lane.rows
        counted = {_mark(one): one for one in found if one.requirement in self._rows}
        return sorted(
            counted.values(), key=lambda one: (_gravity(rows[one.requirement].level), one.requirement, one.check)
        )

    async def _show(self, one: Found) -> None:
        """Plays it where everybody sees it, twice, and keeps the file."""
        lane = self._lane
        made = named(one, self._lane)
        for purpose in ("fresh", "confirm"):
            if not await lane.play_alone(made, purpose):
                lane.crowded = False  # search had sessions of its own all the time
                await lane.play_alone(made, purpose)
        if self._effort.failures is None:
            return
        origin = Origin(
            target=lane.target.label,
            revision=lane.revision.id,
            transport=lane.transport,
            seed=self._seed,
            strategy=f"{one.family.name} {one.family.subject}".strip(),
            requirement=one.finding.requirement,
            why=one.finding.why,
        )
        path = save(self._effort.failures, made, origin)
        self._lane.emit(Told(text=f"{self._where}: found {one.finding.requirement}, kept as {path}", level="found"))


def named(one: Found, lane: LaneRunner) -> Exchange:
    """The exchange under an id of its own, the same whenever the same is found: family and fingerprint."""
    identity = fingerprint(
        protocol=lane.suite.pack.name,
        revision=lane.revision.id,
        transport=lane.transport,
        role=ROLE,
        requirement=one.finding.requirement,
        exchange=one.exchange.id,
        subject=one.exchange.subject or one.finding.subject,
        pointer=one.finding.pointer,
    )
    row = lane.rows[one.finding.requirement]
    provokes = () if row.id in one.exchange.about else (row.id,)
    return replace(
        one.exchange,
        id=f"{one.exchange.id}.{identity}",
        title=f"Found by search: {row.title}",
        since=lane.revision.id,
        until=lane.revision.id,
        provokes=provokes,
        subject=None,
    )


def _failures(lane: Lane) -> list[Finding]:
    return [one for played in heard(lane) for one in judge_played(lane, played) if one.verdict is Verdict.FAILED]


def _mark(one: Finding) -> Mark:
    """Which step expected it says nothing: shrinking moves it."""
    return one.requirement, one.check.partition(":")[0], one.subject


def _gravity(level: Level) -> int:
    return {"MUST": 0, "SHOULD": 1}.get(level.group, 2)


def _seed_of(seed: int, lane: LaneRunner, family: Family) -> int:
    """A seed of the family's own, so that a family more or less leaves the others as they were."""
    text = f"{seed}\0{lane.revision.id}\0{family.name}\0{family.subject}"
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "big")
