"""What a configuration file says: named targets, what is played of the suite against each, and where the reports go.

Interface, for the command line, the pytest plugin and whoever else runs configured targets:

    from wireproof.library.configuration import find_config, load_config, resolve
    config = load_config(find_config(Path.cwd()))     # reads and checks, needs no environment and starts nothing
    one = config.target("my-server")                  # or config.targets; each knows its file:line
    target = resolve(one, os.environ)                 # a Target, with headers and tokens from the environment and all secrets named

    from wireproof.engine.configured import baseline_of, check_configured, options_of, usual_of
    suite = load_suite(one.protocol, one.exchanges)
    check_configured(one, suite)                      # names that do not exist, at their lines
    baseline = baseline_of(one, suite.catalogue)      # None when it has none
    report = wireproof.run(target, options=options_of(one), suite=suite)  # starts and stops target.starts
    weigh(report, baseline, usual=usual_of(one))      # wireproof.report.baseline; then report.exit_code(strict=one.strict)

After `weigh`, `report.weighed.standing(finding)` says of a failed finding whether it is new, known, expired or known-flaky, and
`report.weighed.stale` lists the entries whose failures are gone.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from wireproof.model.errors import UsageError
from wireproof.model.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFile:
    """A report to write: the name of a format, and the file. `where` is the file:line that asks for it."""

    form: str
    path: Path
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredTarget:
    """One target of a configuration, with what is chosen for it. Paths are absolute; empty tuples choose everything.

    `target` lacks what comes from the environment: `header_env` and `token_env` map names of headers and tokens to variables.
    `depth` is how hard is searched with generated exchanges, empty: not at all. `places` maps a key of the file (`revisions`,
    `baseline`, ...) to its file:line. `usual_baseline` says that no baseline was named and `baseline` is the file of the usual name,
    which need not exist.
    """

    name: str
    where: str
    target: Target
    protocol: str = "mcp"
    header_env: Mapping[str, str] = field(default_factory=dict)
    token_env: Mapping[str, str] = field(default_factory=dict)
    revisions: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    level: tuple[str, ...] = ()
    transports: tuple[str, ...] = ()
    exchanges: tuple[Path, ...] = ()
    depth: str = ""
    strict: bool = False
    baseline: Path | None = None
    usual_baseline: bool = False
    reports: tuple[ReportFile, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A configuration file that was read: targets in the order of the file, names unique."""

    path: Path
    targets: tuple[ConfiguredTarget, ...]

    def target(self, name: str) -> ConfiguredTarget:
        """The target of that name. UsageError with the nearest one when there is none."""
        for one in self.targets:
            if one.name == name:
                return one
        names = [one.name for one in self.targets]
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(names)}"
        raise UsageError(f"no target is called {name!r}", where=str(self.path), hint=hint)
