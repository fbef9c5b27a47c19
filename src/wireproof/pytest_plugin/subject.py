"""A subject: one target as it shall be tested, with everything that is chosen for it. Nothing is started here."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from wireproof.engine.choice import check_choice
from wireproof.engine.configured import baseline_of, check_configured, options_of, usual_of
from wireproof.engine.detect import USUAL
from wireproof.engine.effort import Effort
from wireproof.engine.plan import Selection
from wireproof.engine.run import Options, load_suite
from wireproof.engine.suite import Suite
from wireproof.library.catalogue import protocols
from wireproof.library.configuration import resolve
from wireproof.model.baseline import Baseline
from wireproof.model.catalogue import Requirement, Revision
from wireproof.model.configuration import ConfiguredTarget
from wireproof.model.errors import UsageError
from wireproof.model.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """`target` is called when it is played, because it may read the environment.

    `asked` are the words that ask pytest for a subject of its command line; `path` and `line` are where a configured one stands. `root` is
    the folder under which journals are kept; `depth` is empty where nothing is generated, and `effort`, called when it is played, says how
    hard is searched and with which seed; `usual` is what `report.baseline.weigh` wants.
    """

    name: str
    target: Callable[[], Target]
    transports: tuple[str, ...]
    options: Options
    suite: Suite
    root: Path
    strict: bool = False
    depth: str = ""
    effort: Callable[[], tuple[Effort, int]] | None = None
    baseline: Baseline | None = None
    usual: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    asked: tuple[str, ...] = ()
    path: Path | None = None
    line: int | None = None

    def revisions(self) -> list[Revision]:
        """The revisions that are asked for, the newest first."""
        wanted = self.options.selection.revisions
        every = reversed(self.suite.catalogue.revisions)
        return [one for one in every if not wanted or one.id in wanted]

    def rows(self, revision: Revision, transport: str) -> list[Requirement]:
        """The rows that can be judged there."""
        known = self.suite.judged(revision, transport)
        in_force = self.suite.catalogue.in_force(revision.id, "server", transport)
        return [one for one in in_force if one.id in known and self.options.selection.takes(one)]


def plain(target: Target, protocol: str, given: Mapping[str, Any]) -> Subject:
    """The subject of a command or URL on pytest's command line. UsageError for a revision that there is not."""
    if protocol not in protocols():
        raise UsageError(f"no protocol is called {protocol!r}", hint=f"installed: {', '.join(protocols())}")
    suite = load_suite(protocol)
    options = Options(protocol=protocol, selection=Selection(revisions=given["revisions"]))
    check_choice(options.selection, suite, target)
    kind = "url" if target.url else "stdio"
    words = (f"--wireproof-{kind}", target.url or shlex.join(target.command))
    return Subject(
        name="http" if target.url else "stdio",
        asked=(*words, *(("--wireproof-protocol", protocol) if protocol != USUAL else ())),
        target=lambda: target,
        transports=_transports(suite, target, options.selection),
        options=options,
        suite=suite,
        root=given["root"],
        strict=given["strict"],
        **_search(given, ""),
    )


def _transports(suite: Suite, target: Target, selection: Selection) -> tuple[str, ...]:
    """Those that are tried side by side; another is an item only where it is asked for by name."""
    groups = suite.pack.transports(target)
    wanted = tuple(one for group in groups for one in group if one in selection.transports)
    return wanted or groups[0]


def configured(one: ConfiguredTarget, given: Mapping[str, Any]) -> Subject:
    """The subject of a configured target. UsageError with file:line for what is chosen and does not exist."""
    options = options_of(one)
    suite = load_suite(one.protocol, one.exchanges)
    check_configured(one, suite)
    if given["revisions"]:
        options = replace(options, selection=replace(options.selection, revisions=given["revisions"]))
        check_choice(options.selection, suite, one.target)
    file, _, line = one.where.rpartition(":")
    return Subject(
        name=one.name,
        target=lambda: replace(resolve(one, os.environ), again=(one.name,)),
        transports=_transports(suite, one.target, options.selection),
        options=options,
        suite=suite,
        root=given["root"],
        strict=given["strict"] or one.strict,
        **_search(given, one.depth),
        baseline=baseline_of(one, suite.catalogue),
        usual=usual_of(one),
        path=Path(file) if file else None,
        line=int(line) if line.isdigit() else None,
    )


def _search(given: Mapping[str, Any], usual: str) -> dict[str, Any]:
    """Members of a subject: the depth that is asked for, else that of its configuration."""
    depth = given["depth"] or usual
    return {"depth": depth, "effort": partial(given["effort"], depth)} if depth else {}
