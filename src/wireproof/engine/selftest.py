"""Self-test: every faulty peer must make its row fail, no lawful peer may make any row fail, the reference peer passes.

Which peers there are, and where each shows what it does, is known to `engine.bench`.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import anyio

from wireproof.engine.bench import BENCHES, excused, fixtures, places, reference_places, shapes, variant_of
from wireproof.engine.lane import LaneRunner
from wireproof.engine.plan import Selection
from wireproof.engine.run import Options, Runner, load_suite
from wireproof.engine.suite import Suite
from wireproof.judge.judge import by_requirement, verdict_of
from wireproof.model.errors import TargetUnreachable
from wireproof.model.events import Event
from wireproof.model.exchange import Close, Exchange, Expect, Isolation, Origin, Reopen, Repeat, Silence
from wireproof.model.target import Target
from wireproof.model.verdict import Finding, Verdict

__all__ = [
    "HARDNESS",
    "Outcome",
    "Trial",
    "attempt",
    "excused",
    "fixtures",
    "selftest",
    "shapes",
    "target_of",
    "trials",
]

_LOST: Final = "robust.target.survives"
HARDNESS: Final = ("easy", "medium", "hard")
AT_ONCE: Final = 5
"""Trials at once for each core: most of a trial is waiting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One peer on one revision and transport. `kind` is sin, habit or reference; `about` is the row that a sin breaks.

    `rows`: only exchanges that decide one of these are played; empty: all.
    """

    kind: str
    name: str
    about: str
    implies: tuple[str, ...]
    revision: str
    transport: str
    since: str | None = None
    until: str | None = None
    rows: tuple[str, ...] = ()
    protocol: str = "mcp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a trial.

    `failed` are the rows that failed, `blamed` those of them that bind (advice blames nobody), `verdicts` all rows; `note` says why
    nothing could be judged. `hardness` says what it took to see a sin: easy (it shows in what is listed and read anyway), medium
    (one probe), hard (a sequence, timing, a boundary). `first` is the binding row that failed first, which need not be the one that
    the sin is about.
    """

    trial: Trial
    failed: tuple[str, ...]
    blamed: tuple[str, ...]
    verdicts: dict[str, str]
    whys: dict[str, str]
    seconds: float
    note: str = ""
    hardness: str = ""
    first: str = ""

    @property
    def killed(self) -> bool:
        """The sin's own row failed; or it was blocked, because a target that the sin ends was told to be lost before its turn came."""
        blocked = self.verdicts.get(self.trial.about) == Verdict.BLOCKED
        return self.trial.about in self.failed or (blocked and _LOST in self.failed and _LOST in self.trial.implies)

    @property
    def collateral(self) -> tuple[str, ...]:
        """Failed rows that the sin does not imply."""
        return tuple(row for row in self.failed if row != self.trial.about and row not in self.trial.implies)


def trials(suite: Suite, *, full: bool = False, names: Iterable[str] = ()) -> list[Trial]:
    """Every peer on its newest revision and first transport; with `full` on each revision and transport where it shows."""
    protocol = suite.pack.name
    _, sins, habits = fixtures(protocol)
    wanted = tuple(names)
    made: list[Trial] = []
    if not wanted:
        made += _reference(suite)
    made += _shapes(suite, wanted, full=full)
    for kind, variants in (("sin", sins), ("habit", habits)):
        for variant in variants:
            if wanted and variant.name not in wanted and variant.about not in wanted:
                continue
            row = suite.catalogue.requirements.get(variant.about)
            if kind == "sin" and row is not None and row.reason:
                continue  # the catalogue says why nobody can see this on the wire
            shown = places(suite, variant)
            made += [
                Trial(
                    kind=kind,
                    name=variant.name,
                    about=variant.about,
                    implies=tuple(variant.implies),
                    revision=revision,
                    transport=transport,
                    since=variant.since,
                    until=variant.until,
                    protocol=protocol,
                )
                for revision, transport in (shown if full else shown[:1])
            ]
    return made


def _of_reference(suite: Suite, name: str, revision: str, transport: str, **more: Any) -> Trial:
    return Trial(
        kind="reference",
        name=name,
        about="",
        implies=(),
        revision=revision,
        transport=transport,
        protocol=suite.pack.name,
        **more,
    )


def _reference(suite: Suite) -> list[Trial]:
    return [_of_reference(suite, "reference", *place) for place in reference_places(suite)]


def _shapes(suite: Suite, wanted: Sequence[str], *, full: bool) -> list[Trial]:
    """Each shape is played whole where it is played first, and elsewhere only what needs what it shows."""
    made: list[Trial] = []
    for shape in shapes(suite.pack.name):
        variant = shape.variant
        if wanted and variant.name not in wanted:
            continue
        for number, place in enumerate(places(suite, variant)):
            rows = (*_needing(suite, shape.shows), *shape.rows) if number and not full else ()
            made.append(_of_reference(suite, variant.name, *place, since=variant.since, until=variant.until, rows=rows))
    return made


def _needing(suite: Suite, facts: Iterable[str]) -> tuple[str, ...]:
    """Rows that need one of these facts, or that an exchange decides which does."""
    known = set(facts)
    rows = {one.id for one in suite.catalogue.requirements.values() if known.intersection(one.needs)}
    rows |= {row for one in suite.exchanges if known.intersection(one.needs) for row in one.about}
    return tuple(sorted(rows))


@contextmanager
def target_of(trial: Trial) -> Iterator[Target]:
    """The running peer of a trial as a target."""
    variant = variant_of(trial.protocol, trial.kind, trial.name)
    with BENCHES[trial.protocol].serve(variant, trial.transport) as target:
        yield target


def attempt(trial: Trial, suite: Suite, *, everything: bool) -> Outcome:
    """Plays one trial. `everything` False plays only what names the sin's row, besides survey and ambient checks."""
    deciding = (trial.about,) if trial.kind == "sin" and not everything else trial.rows
    options = Options(
        protocol=trial.protocol,
        selection=Selection(revisions=(trial.revision,), transports=(trial.transport,), deciding=deciding),
        confirm=trial.kind != "sin" or everything,
    )

    def ignore(_: Event) -> None:
        return None

    async def play() -> tuple[list[LaneRunner], str]:
        with target_of(trial) as target:
            runner = Runner(target, options, ignore, suite)
            note = ""
            try:
                await runner.run()
            except* TargetUnreachable as group:
                note = str(group.exceptions[0])
            return runner.lanes, note

    begun = time.perf_counter()
    lanes, note = anyio.run(play)
    verdicts: dict[str, str] = {}
    whys: dict[str, str] = {}
    for lane in lanes:
        if not lane.findings and lane.sessions:
            lane.judge()
        for row, group in by_requirement(lane.findings).items():
            verdict = verdict_of(group)
            verdicts[row] = verdict.value
            if verdict is not Verdict.PASSED:
                whys[row] = next((one.why for one in group if one.verdict is verdict and one.why), "")
    failed = tuple(row for row, verdict in verdicts.items() if verdict in (Verdict.FAILED, Verdict.ERRORED))
    requirements = suite.catalogue.requirements
    blamed = tuple(row for row in failed if requirements[row].binding or verdicts[row] == Verdict.ERRORED)
    return Outcome(
        trial=trial,
        failed=failed,
        blamed=blamed,
        verdicts=verdicts,
        whys=whys,
        seconds=time.perf_counter() - begun,
        note=note,
        hardness=_hardness(trial, lanes, suite),
        first=_first(lanes, suite),
    )


def _failed(lanes: Iterable[LaneRunner]) -> list[tuple[LaneRunner, Finding]]:
    return [(lane, one) for lane in lanes for one in lane.findings if one.verdict is Verdict.FAILED]


def _hardness(trial: Trial, lanes: Sequence[LaneRunner], suite: Suite) -> str:
    """Of a sin: easy, medium or hard; by the easiest exchange that showed it, or could have."""
    if trial.kind != "sin":
        return ""
    played = {one.span: one for lane in lanes for _, _, exchanges in lane.sessions for one in exchanges}
    shown = [played.get(one.exchange) for _, one in _failed(lanes) if one.requirement == trial.about]
    wanted = shown or [one for one in suite.exchanges if trial.about in one.about]
    return min((_effort(one) for one in wanted), key=HARDNESS.index, default=HARDNESS[-1])


def _effort(exchange: Exchange | None) -> str:
    if exchange is None or exchange.origin is Origin.SURVEY:
        return HARDNESS[0]
    sent = sum(not isinstance(step, Expect | Silence) for step in exchange.steps)
    timed = any(isinstance(step, Silence | Repeat | Close | Reopen) for step in exchange.steps)
    return HARDNESS[1] if sent <= 1 and not timed and exchange.isolation is Isolation.SHARED else HARDNESS[2]


def _first(lanes: Iterable[LaneRunner], suite: Suite) -> str:
    """The binding row that failed first, by the order in which connections were opened and records came."""
    rows = suite.catalogue.requirements
    found = [
        (int(one.transcript.removeprefix("t") or 0), max(one.evidence, default=0), one.requirement)
        for _, one in _failed(lanes)
        if rows[one.requirement].binding
    ]
    return min(found)[2] if found else ""


def selftest(
    suite: Suite,
    *,
    full: bool = False,
    names: Iterable[str] = (),
    listen: Callable[[Outcome], None] = lambda _: None,
    workers: int | None = None,
) -> list[Outcome]:
    """All outcomes, each told when it is known. `workers` processes share the work (default: AT_ONCE a core); 1 stays in this process.

    A sin that survives beside others is tried once more by itself: what wants exact timing is not missed because the machine was busy.
    """
    every = trials(suite, full=full, names=names)
    workers = min(workers or AT_ONCE * (os.cpu_count() or 1), max(1, len(every) // 8))
    if workers == 1:
        return [_told(attempt(trial, suite, everything=full), listen) for trial in every]
    context = multiprocessing.get_context(
        "spawn"
    )  # a forked child would inherit locks of threads that it does not have
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_prepare, initargs=(suite.pack.name,)) as pool:
        # Longest first, so that no process is left alone with one at the end: sins play only what names their row.
        order = sorted(every, key=lambda trial: trial.kind == "sin" and not full)
        waiting = {trial: pool.submit(_in_worker, trial, full) for trial in order}
        again: list[Trial] = []
        try:
            for done in as_completed(waiting.values()):
                outcome = done.result()
                if outcome.trial.kind == "sin" and not outcome.killed and outcome.trial.name not in excused():
                    again.append(outcome.trial)
                else:
                    listen(outcome)
            for trial in again:
                waiting[trial] = pool.submit(_in_worker, trial, full)
                listen(waiting[trial].result())
        except BaseException:  # such as Ctrl-C, which should not wait for what has not begun
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        return [waiting[trial].result() for trial in every]


def _told(outcome: Outcome, listen: Callable[[Outcome], None]) -> Outcome:
    listen(outcome)
    return outcome


def _prepare(protocol: str) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that waits for this one
    _worker_suite(protocol)


@cache
def _worker_suite(protocol: str) -> Suite:
    return load_suite(protocol)


def _in_worker(trial: Trial, full: bool) -> Outcome:
    return attempt(trial, _worker_suite(trial.protocol), everything=full)
