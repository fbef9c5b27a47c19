"""Benchmark: how fast generated exchanges are played, beside how fast Hypothesis draws the same without a target; and what a depth takes.

    python benchmarks/rates.py [--transports memory stdio http] [--examples N] [--depths]

At the reference peer, newest legacy revision, its tools that answer at once. An exchange counts as often as it sends something. `--depths` prints
instead how long search takes at each depth.
"""

from __future__ import annotations

import argparse
import importlib
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import hypothesis

import wireproof
from wireproof.engine import run as running
from wireproof.engine.effort import Depth, Effort
from wireproof.engine.plan import Selection
from wireproof.engine.run import Options
from wireproof.engine.search import Search
from wireproof.judge.pack import Family
from wireproof.library.shelf import load_fixtures, shelf
from wireproof.model.exchange import Exchange, Notify, Request, Send, SendBytes
from wireproof.model.target import CallPolicy, Target

REVISION = "2025-11-25"
CALLS = CallPolicy(read_only=True, profile="none")
AT_ONCE = {
    *("add", "json_schema_2020_12_tool", "test_simple_text", "test_image_content", "test_audio_content"),
    *("test_embedded_resource", "test_multiple_content_types", "test_resource_link", "test_error_handling"),
    *("test_sampling", "test_elicitation"),
}
"""Tools that answer at once: what a tool sleeps says nothing about who waits for it."""
AIMS = {"memory": 0.0, "stdio": 0.5, "http": 0.4}
"""Transport to the part of the rate of drawing that is asked for."""
ROWS: list[tuple[str, int, float, float]] = []
"""(family, messages, seconds with a target, seconds without one)."""


def sent(exchange: Exchange) -> int:
    """How many messages it sends."""
    return sum(isinstance(one, Request | Notify | Send | SendBytes) for one in exchange.steps)


class Timed(Search):
    """A search that knows only the tools that answer at once, and draws each family once more, with nobody to play it to."""

    async def run(self) -> None:
        facts = self._lane.facts
        every = [one for one in facts["tools"] if one["name"] in AT_ONCE]
        self._lane.facts = {**facts, "tools": every}
        try:
            await super().run()
        finally:
            self._lane.facts = facts

    def _search(self, family: Family) -> None:
        heard: list[Exchange] = []
        inner = self._hypothesis

        def listening(body: Any, *drawing: Any) -> None:
            def hearing(exchange: Exchange) -> None:
                heard.append(exchange)
                body(exchange)

            inner(hearing, *drawing)

        self._hypothesis = listening  # type: ignore[method-assign]
        begun = time.monotonic()
        try:
            super()._search(family)
        finally:
            played = time.monotonic() - begun
            self._hypothesis = inner  # type: ignore[method-assign]
            drawn = alone(family, len(heard))
            ROWS.append((f"{family.name} {family.subject}".strip(), sum(map(sent, heard)), played, drawn))


def alone(family: Family, count: int) -> float:
    """Seconds in which Hypothesis draws so many examples."""
    if not count:
        return 0.0

    @hypothesis.seed(0)
    @hypothesis.settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=(hypothesis.Phase.generate,),
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(family.draws)
    def body(_exchange: Exchange) -> None:
        return None

    begun = time.monotonic()
    body()
    return time.monotonic() - begun


@contextmanager
def target(transport: str) -> Iterator[Target]:
    """The reference peer over that transport."""
    load_fixtures()
    reference = importlib.import_module("wireproof_fixtures.variant").REFERENCE
    if transport == "stdio":
        command = (sys.executable, str(shelf("fixtures")), "mcp", "stdio")
        yield Target(name="reference", command=command, calls=CALLS)
    elif transport == "memory":
        serve = importlib.import_module("wireproof_fixtures.mcp").serve_lines
        yield Target(name="reference", serve=partial(serve, reference), calls=CALLS)
    else:
        command = [
            sys.executable,
            str(shelf("fixtures")),
            "mcp",
            "http",
        ]  # a process of its own, so that it has a core of its own
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as peer:
            assert peer.stdout is not None
            try:
                yield Target(name="reference", url=peer.stdout.readline().split()[-1], calls=CALLS)
            finally:
                peer.kill()


def options(effort: Effort) -> Options:
    return Options(selection=Selection(revisions=(REVISION,), transports=(), deciding=("-",)), effort=effort)


def rates(transport: str, examples: int) -> bool:
    """Prints a line a family and the whole; is the aim reached?"""
    ROWS.clear()
    running.Search = Timed  # type: ignore[misc]
    try:
        with target(transport) as aim:
            wireproof.run(aim, options=options(Effort(depth=Depth.THOROUGH, examples=examples)))
    finally:
        running.Search = Search  # type: ignore[misc]
    for name, count, played, drawn in ROWS:
        print(
            f"{transport:7} {name:40} {count:6} messages {count / played:7.0f}/s of {count / max(drawn, 1e-9):7.0f}/s"
        )
    count, played, drawn = (sum(row[part] for row in ROWS) for part in (1, 2, 3))
    part = drawn / played
    print(f"{transport:7} {'all':40} {count:6} messages {count / played:7.0f}/s, {part:.0%} of the rate of drawing")
    return part >= AIMS[transport]


def depths(transport: str) -> None:
    """Prints how long a whole run takes at each depth, nothing scripted played."""
    for depth in Depth:
        begun = time.monotonic()
        with target(transport) as aim:
            report = wireproof.run(aim, options=options(Effort(depth=depth)))
        said = [one.text for one in report.told if one.level == "search"]
        print(
            f"{transport:7} {depth.value:9} {time.monotonic() - begun:6.1f} s  {said[-1] if said else ''}", flush=True
        )


def main(words: Iterable[str]) -> int:
    """Exit code 1 when an aim is missed."""
    parser = argparse.ArgumentParser(description="How fast generated exchanges are played.")
    parser.add_argument("--transports", nargs="*", default=list(AIMS), choices=list(AIMS))
    parser.add_argument("--examples", type=int, default=40)
    parser.add_argument("--depths", action="store_true")
    given = parser.parse_args(list(words))
    if given.depths:
        for one in given.transports:
            depths(one)
        return 0
    reached = [rates(one, given.examples) for one in given.transports]
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
