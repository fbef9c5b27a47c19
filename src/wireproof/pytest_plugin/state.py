"""What lives as long as one pytest session: the subjects, what their selected items need, and the count of what came of it."""

from __future__ import annotations

import shlex
import shutil
import tempfile
from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest

from wireproof.engine.detect import USUAL
from wireproof.engine.taken import taken_for
from wireproof.library.configuration import find_config, load_config
from wireproof.model.errors import WireproofError
from wireproof.model.target import Target
from wireproof.pytest_plugin.exchanges import ExchangeFile
from wireproof.pytest_plugin.items import PROPERTY, SEARCH, LaneItem, SubjectItem
from wireproof.pytest_plugin.nodes import ConfigurationFile, SubjectNode
from wireproof.pytest_plugin.profile import checked_depth, effort_of
from wireproof.pytest_plugin.subject import Subject, configured, plain
from wireproof.report.words import plural

_SHARED: Final = "wireproof_shared"
_SPOKEN: Final = "wireproof_spoken"
_GRADED: Final = ("passed", "failed")


class State:
    """Registered as a plugin of its own where wireproof is asked for. Raises pytest.UsageError for what cannot be meant."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._files: dict[Path, ConfigurationFile] = {}
        self._counts: Counter[str] = Counter()
        self._searches: list[str] = []
        self._every: list[Subject] | None = None
        given: dict[str, Any] = getattr(config, "workerinput", {})
        shared = given.get(_SHARED)
        self._spoken: tuple[str, str] | None = tuple(given[_SPOKEN]) if given.get(_SPOKEN) else None
        self._mine = shared is None
        self.shared = Path(shared) if shared else Path(tempfile.mkdtemp(prefix="wireproof-"))
        """A folder that all workers of this session see."""

    # -- collection -------------------------------------------------------------------------------------------------

    def file(self, path: Path, parent: pytest.Collector) -> ConfigurationFile | None:
        """The node of a configuration file; None where it is there already."""
        if path.resolve() in self._files:
            return None
        made: ConfigurationFile = ConfigurationFile.from_parent(
            parent, path=path, subjects=self._configured(path), shared=self.shared
        )
        self._files[path.resolve()] = made
        return made

    def exchanges(self, path: Path, parent: pytest.Collector) -> ExchangeFile:
        """The node of a file of exchanges, which are played against every target that is asked for."""
        made: ExchangeFile = ExchangeFile.from_parent(parent, path=path, subjects=self._subjects(), shared=self.shared)
        return made

    def _configured(self, path: Path) -> list[Subject]:
        try:
            config = load_config(path)
            names: list[str] = self._config.getoption("--wireproof-target")
            targets = [config.target(name) for name in names] or list(config.targets)
            return [configured(one, self._options()) for one in targets]
        except WireproofError as error:
            raise pytest.UsageError(told(error)) from error

    def _subjects(self) -> list[Subject]:
        """All that are asked for, on the command line and in a configuration."""
        if self._every is None:
            path = find_config(self._config.rootpath) if self._by_configuration else None
            self._every = [*(self._configured(path) if path is not None else ()), *self._plain()]
        return self._every

    @property
    def _by_configuration(self) -> bool:
        return bool(self._config.getoption("--wireproof") or self._config.getoption("--wireproof-target"))

    def _plain(self) -> list[Subject]:
        try:
            return [plain(target, self._protocol(target), self._options()) for target in plain_targets(self._config)]
        except WireproofError as error:
            raise pytest.UsageError(told(error)) from error

    def _protocol(self, target: Target) -> str:
        """What it speaks; looked for once in a session, by the controller where there are workers. Nothing is started."""
        if not target.url:
            return USUAL
        if self._spoken is None:
            said, named = self._config.getoption("--wireproof-protocol"), self._config.getoption("--wireproof-revision")
            self._spoken = taken_for(target, said=said, named=named, option="--wireproof-protocol")
        return self._spoken[0]

    def pytest_report_collectionfinish(self) -> list[str]:
        """Says what a URL was taken for, where it was looked for."""
        return [f"wireproof: {self._spoken[1]}"] if self._spoken and self._spoken[1] else []

    def _options(self) -> dict[str, Any]:
        return {
            "revisions": tuple(self._config.getoption("--wireproof-revision")),
            "strict": self._config.getoption("--wireproof-strict"),
            "depth": checked_depth(self._config.getoption("--wireproof-depth")),
            "effort": partial(effort_of, self._config),
            "root": self._config.rootpath,
        }

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        """Adds what no file of the collected folders brought; before others deselect."""
        for node in self._nodes(session):
            items.extend(session.genitems(node))

    def _nodes(self, session: pytest.Session) -> Iterator[pytest.Collector]:
        if self._by_configuration and not self._files:
            path = find_config(self._config.rootpath)
            if path is None:
                raise pytest.UsageError(
                    "--wireproof: there is no wireproof.toml and no [tool.wireproof] in a pyproject.toml; wireproof init writes one"
                )
            node = self.file(path, session)
            if node is not None:
                yield node
        for subject in self._plain():
            yield SubjectNode.from_parent(
                session, name=subject.name, nodeid=f"wireproof::{subject.name}", subject=subject, shared=self.shared
            )

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Tells every subject which of its items are left, which is what it has to play."""
        chosen: dict[int, list[LaneItem]] = {}
        for item in session.items:
            if isinstance(item, LaneItem):
                chosen.setdefault(id(item.playing), []).append(item)
        for items in chosen.values():
            items[0].playing.choose(items)

    # -- running ----------------------------------------------------------------------------------------------------

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
        """Of a revision that is not offered, and of a target that cannot be played, one item tells; the others stay silent."""
        if not isinstance(item, LaneItem) or not item.mute:
            return None
        # The item before left standing what this one would share with it, which the next one need not.
        item.session._setupstate.teardown_exact(nextitem)  # noqa: SLF001
        return True

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """What is skipped is said to be so where its target is asked for, and not in a line of ours; -rs says of which item."""
        report = yield
        if isinstance(item, SubjectItem) and report.skipped and isinstance(report.longrepr, tuple):
            subject, (_, _, why) = item.playing.subject, report.longrepr
            place = str(subject.path) if subject.path else f"wireproof::{subject.name}"
            said = f"{item.name}: {why.removeprefix('Skipped: ')}"
            report.longrepr = (place, subject.line, said)  # type: ignore[assignment]
        return report

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """xdist: every worker shares the folder of the controller."""
        node.workerinput[_SHARED] = str(self.shared)
        self._subjects()  # what cannot be meant is told here: what a worker raises nobody sees
        node.workerinput[_SPOKEN] = list(self._spoken) if self._spoken else None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Counts verdicts; with xdist this is the controller's."""
        for name, value in report.user_properties if report.when == "teardown" else ():
            if name == PROPERTY:
                self._counts[str(value)] += 1
            elif name == SEARCH:
                self._searches.append(str(value))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """What was not judged is as visible as what was."""
        if not self._counts and not self._searches:
            return
        told = [f"{self._counts[name]} {words}" for name, words in _WORDS.items() if self._counts[name]]
        terminalreporter.write_sep("-", "wireproof")
        if told:
            terminalreporter.write_line(f"{plural(sum(self._counts.values()), 'requirement')}: {', '.join(told)}")
        for one in self._searches:
            terminalreporter.write_line(one)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """A run that graded nothing is no success."""
        calm = exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
        graded = bool(self._searches) or any(self._counts[name] for name in _GRADED)
        if self._mine and calm and not graded and not self._config.getoption("collectonly"):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_unconfigure(self) -> None:
        if self._mine:
            shutil.rmtree(self.shared, ignore_errors=True)


def plain_targets(config: pytest.Config) -> Iterable[Target]:
    """The targets of the command line. Raises pytest.UsageError for words that name none."""
    command, url = config.getoption("--wireproof-stdio"), config.getoption("--wireproof-url")
    if command:
        try:
            words = tuple(shlex.split(command))
        except ValueError as error:
            raise pytest.UsageError(f"--wireproof-stdio: {error} in {command!r}") from error
        if not words:
            raise pytest.UsageError("--wireproof-stdio: no command is given")
        yield Target(command=words)
    if url:
        if not url.lower().startswith(("http://", "https://")):
            raise pytest.UsageError(f"--wireproof-url: {url!r} is no http:// or https:// address")
        yield Target(url=url)


_WORDS: Final = {
    "passed": "passed",
    "failed": "failed",
    "errored": "errored",
    "blocked": "blocked",
    "unobserved": "not observed",
    "not_applicable": "not applicable",
    "not_offered": "not offered",
}


def told(error: WireproofError) -> str:
    return error.placed + (f"\n  {error.hint}" if error.hint else "")
