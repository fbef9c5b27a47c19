"""How often search finds what was planted, and in which form: `make bench-search`.

    python benchmarks/search.py [--seeds N] [--only NAME ...] [--depth standard] [--scripted]

Each fault of fixtures/planted is searched for with each seed, nothing scripted played; it counts as found when its row fails, and as made small
when the exchange that was kept has the form of the reproducer that was written down before. `--scripted` shows first that no script finds
any of them. Exit code 1 when less than 95 in 100 are found in that form.
"""

from __future__ import annotations

import argparse
import importlib
import json
import re
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import wireproof
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
_CAPTURE = re.compile(r"\{\{(\w+)\}\}")
_LAST = "after"


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
    """What is sent, in order, and what is waited for before the next is sent. Left out are the plain request at the end, names, ids but for
    which of them are the same, and what a value is besides having what makes it a witness."""
    sends = [
        one for one in exchange.steps if isinstance(one, Request | Notify | Send | SendBytes | Http | Close | Reopen)
    ]
    sends = [one for one in sends if getattr(one, "name", "") != _LAST]
    names = {getattr(one, "name", ""): number for number, one in enumerate(sends)}
    captured = {
        name.removesuffix("?"): names.get(one.of or "")
        for one in exchange.steps
        if isinstance(one, Expect)
        for name in one.capture
    }
    own = {
        json.dumps(one.id): number
        for number, one in enumerate(sends)
        if isinstance(one, Request) and one.id is not ABSENT
    }
    made: list[Any] = []
    for number, step in enumerate(exchange.steps):
        if step not in sends:
            continue
        following = exchange.steps[number + 1] if number + 1 < len(exchange.steps) else None
        name = getattr(step, "name", "")
        waited = isinstance(following, Expect) and following.of == name
        params = getattr(step, "params", ABSENT)
        made.append(
            (
                type(step).__name__,
                getattr(step, "method", ""),
                _shown(None if params is ABSENT else params, captured, own, witness),
                _own_id(step, witness),
                waited or isinstance(step, Notify | Close | Reopen),
                names.get(step.of or "") if isinstance(step, Close) else None,
            )
        )
    return tuple(made)


def _own_id(step: Any, witness: Callable[[Any], bool] | None) -> str:
    identity = getattr(step, "id", ABSENT)
    if identity is ABSENT or not isinstance(identity, str) or witness is None:
        return ""
    return "<witness>" if witness(identity) else "<id>"


def _shown(value: Any, captured: dict[str, Any], own: dict[str, int], witness: Callable[[Any], bool] | None) -> Any:
    if isinstance(value, str):
        capture = _CAPTURE.fullmatch(value)
        if capture:
            return f"<cursor of {captured.get(capture[1])}>"
        if witness is not None and witness(value):
            return "<witness>"
    if not isinstance(value, dict | list) and json.dumps(value) in own:
        return f"<id of {own[json.dumps(value)]}>"
    if isinstance(value, dict):
        return tuple(sorted((key, _shown(one, captured, own, witness)) for key, one in value.items()))
    if isinstance(value, list):
        return tuple(_shown(one, captured, own, witness) for one in value)
    return repr(value) if isinstance(value, float | int) else value


def target_of(fault: Any) -> Target:
    """The peer with the fault, in this process."""
    serve = importlib.import_module("wireproof_fixtures.mcp").serve_lines
    return Target(name=fault.name, serve=partial(serve, fault.variant), timeout=1.0, startup_wait=1.0, calls=CALLS)


def attempt(fault: Any, seed: int, suite: Suite, depth: Depth = Depth.STANDARD) -> Trial:
    """Searches for one fault with one seed."""
    begun = time.monotonic()
    with TemporaryDirectory() as folder:
        options = Options(
            selection=Selection(revisions=(fault.variant.since,), deciding=NOTHING_SCRIPTED),
            seed=seed,
            effort=Effort(depth=depth, failures=Path(folder)),
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


def main(words: Iterable[str]) -> int:
    """Prints a line a trial and the count."""
    parser = argparse.ArgumentParser(description="How often search finds what was planted.")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--depth", type=Depth, default=Depth.STANDARD)
    parser.add_argument("--scripted", action="store_true")
    given = parser.parse_args(list(words))
    suite = load_suite()
    faults = [one for one in planted() if not given.only or any(one.name.startswith(name) for name in given.only)]
    killed = 0
    for fault in faults if given.scripted else ():
        broken = survives(fault, suite)
        killed += bool(broken)
        print(f"scripted  {fault.name:40} {'survives' if not broken else ', '.join(broken)}", flush=True)
    trials = []
    for seed in range(given.first, given.first + given.seeds):
        for fault in faults:
            trials.append(attempt(fault, seed, suite, given.depth))
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
