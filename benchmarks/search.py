"""How often search finds what was planted, and in which form: `make bench-search`.

    python benchmarks/search.py [--seeds N] [--only NAME ...] [--depth standard] [--examples N] [--families NAME ...] [--scripted] [--cpu]

Each fault of fixtures/planted is searched for with each seed, nothing scripted played, until something is found or the depth is used up. It
counts as found when its row fails, and as made small when the exchange that was kept has the form of the reproducer that was written
down before. `--scripted` shows first that no script finds any of them. Exit code 1 when less than 95 in 100 are found in that form.
"""

from __future__ import annotations

import argparse
import importlib
import json
import re
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import wireproof
from wireproof.engine import search
from wireproof.engine.effort import Depth, Effort
from wireproof.engine.plan import Selection
from wireproof.engine.run import Options, load_suite
from wireproof.engine.suite import Suite
from wireproof.library.exchanges import read_exchanges
from wireproof.library.shelf import load_fixtures, shelf
from wireproof.model.exchange import Close, Exchange, Expect, Http, Notify, Reopen, Request, Send, SendBytes
from wireproof.model.jsontext import ABSENT
from wireproof.model.target import CallPolicy, Target

CALLS = CallPolicy(read_only=True, profile="none")
NOTHING_SCRIPTED = ("-",)
BAR = 0.95
CHECKED = {
    "value-past-doubles": ("call add", 200),
    "value-past-int64": ("call add", 200),
    "text-nul": ("call say", 200),
    "text-id-composed": ("id", 600),
    "cursor-after-level": ("walk-pages", 100),
    "pipelining-level-then-sum": ("walk-overlap", 100),
    "sequence-subscribed-again": ("walk", 100),
    "state-quiet-subscriber": ("conversation", 150),
}
"""What `--check` searches for with one seed: fault to (family, examples), so that no time limit decides."""
_CAPTURE = re.compile(r"\{\{(\w+)\}\}")
_LAST = "after"
_ALIKE = {"uri": "resource", "prompt": "prompt", "requestId": "id", "reason": "reason"}
"""Members whose value might as well be another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One fault with one seed. `form`: the kept exchange has the reproducer's form; `seconds` of the whole run."""

    name: str
    seed: int
    found: bool
    form: bool
    seconds: float
    text: str


def planted() -> tuple[Any, ...]:
    """The planted faults."""
    load_fixtures()
    faults: tuple[Any, ...] = importlib.import_module("wireproof_fixtures.planted.mcp").PLANTED
    return faults


def reproducer(fault: Any) -> Exchange:
    """The smallest exchange that shows it, as it was written down."""
    path = shelf("fixtures") / "planted" / "mcp" / f"{fault.family}.yaml"
    return next(one for one in read_exchanges(path, protocol="mcp") if one.id == f"planted.{fault.name}")


def form(exchange: Exchange, witness: Callable[[Any], bool] | None = None) -> tuple[Any, ...]:
    """What is sent, in order, and what is waited for before the next is sent. Left out are the plain request at the end and what might as well
    be another: names, ids, lists, resources and prompts count by which of them are the same, a value by what makes it a witness."""
    every = (Request, Notify, Send, SendBytes, Http, Close, Reopen)
    sends = [one for one in exchange.steps if isinstance(one, every) and getattr(one, "name", "") != _LAST]
    places = {getattr(one, "name", ""): place for place, one in enumerate(sends)}
    captured = {
        name.removesuffix("?"): places.get(one.of or "")
        for one in exchange.steps
        if isinstance(one, Expect)
        for name in one.capture
    }
    alike: dict[str, str] = {}

    def named(kind: str, value: Any) -> str:
        """The first of a kind is 1, the second that is another one is 2."""
        known = sum(one.startswith(f"<{kind} ") for one in alike.values())
        return alike.setdefault(f"{kind} {json.dumps(value)}", f"<{kind} {known + 1}>")

    def shown(key: str, value: Any) -> Any:
        if isinstance(value, str) and (capture := _CAPTURE.fullmatch(value)):
            return f"<cursor of {captured.get(capture[1])}>"
        if isinstance(value, str) and witness is not None and witness(value):
            return "<witness>"
        if key in _ALIKE:
            return named(_ALIKE[key], value)
        if isinstance(value, dict):
            return tuple(sorted((name, shown(name, one)) for name, one in value.items()))
        return repr(value)

    made: list[Any] = []
    for place, step in enumerate(exchange.steps):
        if not any(step is one for one in sends):
            continue
        following = exchange.steps[place + 1] if place + 1 < len(exchange.steps) else None
        waited = isinstance(following, Expect) and following.of == getattr(step, "name", "")
        method = str(getattr(step, "method", ""))
        method = named("list", method) if method.endswith("/list") else method
        params = getattr(step, "params", ABSENT)
        if method == "prompts/get":
            params = {"prompt": params}
        identity = getattr(step, "id", ABSENT)
        own = "<witness>" if witness is not None and isinstance(identity, str) and witness(identity) else ""
        told = None if params is ABSENT else shown("", params)
        made.append((type(step).__name__, method, told, own, waited or isinstance(step, Notify | Close | Reopen)))
    return tuple(made)


def target_of(fault: Any) -> Target:
    """The peer with the fault, in this process."""
    serve = importlib.import_module("wireproof_fixtures.mcp").serve_lines
    return Target(name=fault.name, serve=partial(serve, fault.variant), timeout=5.0, startup_wait=5.0, calls=CALLS)


def attempt(fault: Any, seed: int, suite: Suite, effort: Effort) -> Trial:
    """Searches for one fault with one seed."""
    begun = time.monotonic()
    with TemporaryDirectory() as folder:
        options = Options(
            selection=Selection(revisions=(fault.variant.since,), deciding=NOTHING_SCRIPTED),
            seed=seed,
            effort=replace(effort, failures=Path(folder), first=True),
        )
        report = wireproof.run(target_of(fault), options=options, suite=suite)
        kept = [one for path in sorted(Path(folder).iterdir()) for one in read_exchanges(path, protocol="mcp")]
    found = any(
        row.requirement.id == fault.row and row.verdict == "failed" for lane in report.lanes for row in lane.rows
    )
    wanted = form(reproducer(fault), fault.witness)
    forms = [form(one, fault.witness) for one in kept]
    return Trial(
        name=fault.name,
        seed=seed,
        found=found,
        form=wanted in forms,
        seconds=time.monotonic() - begun,
        text="" if wanted in forms else f"wanted {wanted}\n     kept {forms}",
    )


def survives(fault: Any, suite: Suite) -> list[str]:
    """Rows that scripts alone show to be broken at the peer with the fault: none, if it was planted well."""
    options = Options(selection=Selection(revisions=(fault.variant.since,)))
    report = wireproof.run(target_of(fault), options=options, suite=suite)
    return [row.requirement.id for lane in report.lanes for row in lane.rows if row.verdict == "failed"]


def check(suite: Suite) -> int:
    """Exit code 0 when each of the eight is found as it was written down."""
    good = 0
    for fault in planted():
        if fault.name in CHECKED:
            family, examples = CHECKED[fault.name]
            one = attempt(fault, 0, suite, Effort(depth=Depth.THOROUGH, examples=examples, families=(family,)))
            good += one.form
            print(f"{one.name:40} {one.seconds:5.1f} s  {'found' if one.form else one.text or 'missed'}", flush=True)
    print(f"{good} of {len(CHECKED)} found as written down")
    return 0 if good == len(CHECKED) else 1


def main(words: Iterable[str]) -> int:
    """Prints a line a trial and the count."""
    parser = argparse.ArgumentParser(description="How often search finds what was planted.")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--depth", type=Depth, default=Depth.STANDARD)
    parser.add_argument("--examples", type=int)
    parser.add_argument("--families", nargs="*", default=[])
    parser.add_argument("--scripted", action="store_true")
    parser.add_argument("--check", action="store_true", help="eight faults with one seed, each in one family")
    parser.add_argument(
        "--cpu", action="store_true", help="the time of a depth counts in seconds of CPU: where much else runs"
    )
    given = parser.parse_args(list(words))
    if given.cpu:
        search.time = SimpleNamespace(monotonic=time.process_time)
    if given.check:
        return check(load_suite())
    suite, effort = load_suite(), Effort(depth=given.depth, examples=given.examples, families=tuple(given.families))
    faults = [one for one in planted() if not given.only or any(one.name.startswith(name) for name in given.only)]
    killed = 0
    for fault in faults if given.scripted else ():
        broken = survives(fault, suite)
        killed += bool(broken)
        print(f"scripted  {fault.name:40} {'survives' if not broken else ', '.join(broken)}", flush=True)
    trials = []
    for seed in range(given.first, given.first + given.seeds):
        for fault in faults:
            trials.append(attempt(fault, seed, suite, effort))
            one = trials[-1]
            verdict = "found" if one.form else "found in another form" if one.found else "missed"
            print(f"seed {seed:3}  {one.name:40} {one.seconds:5.1f} s  {verdict}", flush=True)
            if one.found and not one.form:
                print(f"     {one.text}", flush=True)
    good, found = sum(one.form for one in trials), sum(one.found for one in trials)
    print(
        f"{good} of {len(trials)} found as written down, {found} found at all; {killed} of {len(faults)} shown by scripts alone"
    )
    return 0 if trials and good >= BAR * len(trials) and not killed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
