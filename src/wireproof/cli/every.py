"""`wireproof run --all`: every configured target in a process of its own, some at once, what each says in one piece."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from types import FrameType
from typing import Any, Final, Self
from urllib.parse import urlsplit

import click

from wireproof.cli.job import Job
from wireproof.cli.main import INTERRUPTED, harmless
from wireproof.cli.outputs import PIPE_WIDTH, show_as, terminal_console
from wireproof.library.catalogue import order_of
from wireproof.model.errors import InternalError, UsageError
from wireproof.report import interop_tables
from wireproof.report.baseline import weigh
from wireproof.report.interop import interop
from wireproof.report.json import report_value
from wireproof.report.matrix import Report
from wireproof.report.overview import CODES, Outcome, overview, worst
from wireproof.report.reading import journalled

_MOST_AT_ONCE: Final = 8
_GRACE_S: Final = 60.0
"""After Ctrl-C a run may judge what it saw for so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ended:
    """How a process ended; `journal` as it said, where it got so far."""

    job: Job
    code: int
    out: str
    err: str
    journal: Path | None


def tell(part: str, outcome: Outcome) -> None:
    """In the process of one target: leaves its outcome where the one that started it looks."""
    Path(json.loads(part)["outcome"]).write_text(json.dumps({"journal": str(outcome.journal)}), encoding="utf-8")


def prepare(part: str) -> None:
    """In the process of one target: what it prints is as wide and as coloured as the one that started it would print."""
    said = json.loads(part)
    show_as(width=said["width"], colours=said["colours"])


def run_every(jobs: Sequence[Job], words: Sequence[str], *, at_once: int | None) -> int:
    """Plays all, `at_once` at the same time, prints each when it is done, then how all ended and the matrix; the exit code.

    `words`: of the command line, `--all` among them. Targets behind one host and port are played one after the other.
    """
    outcomes: dict[str, Outcome] = {}
    with tempfile.TemporaryDirectory(prefix="wireproof-") as scratch:
        runs = _Runs(words, Path(scratch))
        for ended in runs.played(jobs, at_once or max(2, min(_MOST_AT_ONCE, os.cpu_count() or 2))):
            outcomes[ended.job.name] = _shown(ended)
    ordered = [outcomes[job.name] for job in jobs if job.name in outcomes]
    overview(ordered, terminal_console(), planned=len(jobs))
    _matrix(ordered)
    return INTERRUPTED if runs.stopped else worst(one.code for one in ordered)


class _Runs:
    """The processes. Ctrl-C is passed on once to those that run, and no other is started."""

    def __init__(self, words: Sequence[str], scratch: Path) -> None:
        self.stopped = False
        self._words = [word for word in words if word not in ("--all", "--")]
        self._scratch = scratch
        self._lock = threading.Lock()
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def played(self, jobs: Sequence[Job], at_once: int) -> Iterable[_Ended]:
        """Each as it ends."""
        restore = self._listen()
        queue: SimpleQueue[_Ended | None] = SimpleQueue()
        chains = _chains(jobs)
        try:
            with ThreadPoolExecutor(at_once) as pool, _Line(len(jobs)) as line:
                futures = [pool.submit(self._chain, chain, queue) for chain in chains]
                left, done = len(chains), 0
                while left:
                    line.show(done, self._names())
                    ended = self._next(queue)
                    line.clear()
                    if ended is None:
                        left -= 1
                    else:
                        done += 1
                        yield ended
                for future in futures:
                    future.result()
        except BaseException:
            self.stop()
            raise
        finally:
            restore()

    @staticmethod
    def _next(queue: SimpleQueue[_Ended | None]) -> _Ended | None:
        """Waits in short steps, because elsewhere than on POSIX a signal does not end a longer one."""
        while True:
            with suppress(Empty):
                return queue.get(timeout=0.5)

    def stop(self) -> None:
        """Ends those that run, which judge what they saw first."""
        with self._lock:
            first, self.stopped = not self.stopped, True
            children = list(self._children.values())
        if first:
            for child in children:
                _interrupt(child)

    def _chain(self, jobs: Sequence[Job], queue: SimpleQueue[_Ended | None]) -> None:
        try:
            for job in jobs:
                if not self.stopped:
                    queue.put(self._one(job, self._scratch / f"{threading.get_ident()}.json"))
        finally:
            queue.put(None)

    def _one(self, job: Job, outcome: Path) -> _Ended:
        console = terminal_console()
        part = {"outcome": str(outcome), "width": console.width or PIPE_WIDTH, "colours": console.is_terminal}
        child = subprocess.Popen(
            [*_program(), "run", "--part-of", json.dumps(part), job.name, *self._words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        with self._lock:
            self._children[job.name] = child
            late = self.stopped
        if late:
            _interrupt(child)
        out, err = child.communicate()
        with self._lock:
            del self._children[job.name]
        said: Mapping[str, Any] = json.loads(outcome.read_text(encoding="utf-8")) if outcome.exists() else {}
        outcome.unlink(missing_ok=True)
        return _Ended(
            job=job,
            code=child.returncode if child.returncode in CODES else InternalError.exit_code,
            out=out.decode("utf-8", "replace"),
            err=err.decode("utf-8", "replace"),
            journal=Path(said["journal"]) if said.get("journal") else None,
        )

    def _names(self) -> list[str]:
        with self._lock:
            return list(self._children)

    def _listen(self) -> Callable[[], None]:
        """Takes the signals that end a run; what puts things back."""
        if threading.current_thread() is not threading.main_thread():
            return lambda: None

        def take(_number: int, _frame: FrameType | None) -> None:
            threading.Thread(target=self.stop, daemon=True).start()  # a lock may be held where the signal came

        names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
        numbers = [one for one in (getattr(signal, name) for name in names) if signal.getsignal(one) != signal.SIG_IGN]
        before = {number: signal.signal(number, take) for number in numbers}

        def restore() -> None:
            for number, old in before.items():
                signal.signal(number, old)

        return restore


class _Line:
    """On a terminal, one line on stderr that says what is being played."""

    def __init__(self, planned: int) -> None:
        self._planned = planned
        self._enabled = sys.stderr.isatty()

    def show(self, done: int, names: Sequence[str]) -> None:
        if self._enabled:
            text = f"{done} of {self._planned} targets played" + (f"; playing {', '.join(names)}" if names else "")
            sys.stderr.write("\r\x1b[2K" + harmless(text)[: max(20, (terminal_console().width or 80) - 1)])
            sys.stderr.flush()

    def clear(self) -> None:
        if self._enabled:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()


def _chains(jobs: Sequence[Job]) -> list[list[Job]]:
    """Those that would be in each other's way, because they are behind the same host and port, one after the other."""
    made: dict[str, list[Job]] = {}
    for job in jobs:
        made.setdefault(urlsplit(job.target.url).netloc if job.target.url else f"/{job.name}", []).append(job)
    return list(made.values())


def _program() -> list[str]:
    """This wireproof once more, started as it was, because it prints how it is started."""
    started = Path(sys.argv[0])
    if started.stem == "wireproof" and started.is_file() and os.name == "posix":
        return [sys.executable, str(started)]
    return [sys.executable, "-m", "wireproof"]


def _interrupt(child: subprocess.Popen[bytes]) -> None:
    """As Ctrl-C would; one that does not end in time is killed."""
    if os.name == "posix":
        child.send_signal(signal.SIGINT)
    else:
        child.terminate()
    timer = threading.Timer(_GRACE_S, child.kill)
    timer.daemon = True
    timer.start()


def _shown(ended: _Ended) -> Outcome:
    """Prints what one said, and reads its journal."""
    click.echo(f"=== {harmless(ended.job.name)}")
    sys.stdout.flush()
    if ended.err:
        click.echo(ended.err.rstrip("\n"), err=True)
    if ended.out:
        click.echo(ended.out.rstrip("\n"), color=True if "\x1b" in ended.out else None)
    click.echo("")
    report: Report | None = None
    if ended.journal is not None and ended.code not in (UsageError.exit_code, InternalError.exit_code):
        try:
            report = journalled(ended.journal)
        except UsageError as error:
            click.echo(f"wireproof: {harmless(error.message)}", err=True)
        else:
            weigh(report, ended.job.baseline, usual=ended.job.usual)
    return Outcome(name=ended.job.name, code=ended.code, journal=ended.journal, report=report)


def _matrix(outcomes: Sequence[Outcome]) -> None:
    """The matrix of those that were judged."""
    values = [(one.name, report_value(one.report), one.report) for one in outcomes if one.report and one.report.lanes]
    if not values:
        return
    lanes = {id(value): tuple(report.lanes) for _, value, report in values}
    made = interop(
        [(name, value) for name, value, _ in values],
        lambda value: lanes[id(value)],
        order_of,
        mixed=True,
        now=datetime.now(UTC),
    )
    click.echo("")
    interop_tables.render(made, terminal_console())
