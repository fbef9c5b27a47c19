"""The Python API: `wireproof.run(target) -> Report`.

>>> import wireproof
>>> report = wireproof.run(wireproof.Target(command=("python", "server.py")))  # doctest: +SKIP
>>> report.exit_code()  # doctest: +SKIP
0
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anyio

from wireproof.engine.choice import check_choice
from wireproof.engine.run import Options, Runner, load_suite
from wireproof.engine.suite import Suite
from wireproof.model.errors import WireproofError
from wireproof.model.events import Event
from wireproof.model.target import Target
from wireproof.report.journal import JournalWriter
from wireproof.report.matrix import Fold, Report


def run(
    target: Target | str | Iterable[str],
    *,
    options: Options | None = None,
    journal: Path | None = None,
    listen: Callable[[Event], None] | None = None,
    suite: Suite | None = None,
) -> Report:
    """Plays a target and returns the report. `target`: a Target, a URL, or a command as a list of words.

    `journal` is a path to write the journal to; `listen` is called with every event. Raises UsageError for wrong options and
    TargetUnreachable when nothing that speaks the protocol answered. SIGINT ends the run early: what was seen is in the report.
    Called in an event loop, it plays in a thread with a loop of its own, and holds the caller's loop until it is done.
    """
    options = options or Options()
    suite = suite or load_suite(options.protocol, options.exchanges)
    aim = _target(target)
    check_choice(options.selection, suite, aim)
    fold = Fold(suite.catalogue)
    listeners: list[Callable[[Event], None]] = [fold]
    if listen is not None:
        listeners.append(listen)
    writer = JournalWriter(journal) if journal is not None else None
    if writer is not None:
        listeners.insert(0, writer)

    def emit(event: Event) -> None:
        for one in listeners:
            one(event)

    runner = Runner(aim, options, emit, suite)
    try:
        _play(runner)
    finally:
        if writer is not None:
            writer.close()
    return fold.report


def _play(runner: Runner) -> None:
    try:
        anyio.get_current_task()
    except RuntimeError:  # no event loop runs here
        anyio.run(_guarded, runner)
        return
    with ThreadPoolExecutor(1) as apart:
        apart.submit(anyio.run, _guarded, runner).result()


def _target(target: Target | str | Iterable[str]) -> Target:
    if isinstance(target, Target):
        return target
    return Target(url=target) if isinstance(target, str) else Target(command=tuple(target))


async def _guarded(runner: Runner) -> None:
    """Runs until done or until Ctrl-C, which cancels play and judges what was seen. A lone error leaves its group unwrapped.

    Further signals are taken and ignored until all processes of ours are gone.
    """
    stopped = False
    play = anyio.CancelScope()

    async def watch() -> None:
        nonlocal stopped
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async for _ in signals:
                stopped = True
                play.cancel()

    try:
        async with anyio.create_task_group() as tasks:
            if threading.current_thread() is threading.main_thread() and sys.platform != "win32":
                tasks.start_soon(watch)  # elsewhere signals cannot be received; there Ctrl-C is a KeyboardInterrupt
            with play:
                await runner.run()
            tasks.cancel_scope.cancel()
    except BaseExceptionGroup as group:
        raise _first(group) from None
    if stopped:
        runner.interrupted()


def _first(group: BaseExceptionGroup[Any]) -> BaseException:
    """Our own typed error out of a group, else its first one."""
    ours, _ = group.split(WireproofError)
    found: BaseException = ours if ours is not None else group
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found
