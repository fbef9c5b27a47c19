"""The pytest plugin: each requirement, revision and transport is a test item; what all of them need is played once.

Zero code: `pytest --wireproof-stdio "python server.py"`, `--wireproof-url URL`, or `--wireproof` for the targets of a configuration.
Nothing of wireproof, and no library that it needs, is imported before one of these options or a wireproof.toml among the arguments asks
for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from wireproof.pytest_plugin.raw import Opener
    from wireproof.pytest_plugin.state import State
    from wireproof.report.matrix import Report

CONFIG_NAME: Final = "wireproof.toml"
EXCHANGES: Final = ".exchange.yaml"
_MARKERS: Final = (
    "wireproof: a requirement of an agent protocol, held against a target",
    "wireproof_must: a requirement that binds",
    "wireproof_should: a recommendation",
    "wireproof_generated: generated exchanges",
    "wireproof_topic(name): the chapter that the requirement stands in",
    "wireproof_revision(id): the protocol revision",
    "wireproof_transport(name): stdio or http",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options; they cost nothing when they are not used."""
    group = parser.getgroup("wireproof", "conformance of agent protocols")
    group.addoption(
        "--wireproof",
        action="store_true",
        help="Test the targets of wireproof.toml or [tool.wireproof] of pyproject.toml.",
    )
    group.addoption(
        "--wireproof-target",
        action="append",
        default=[],
        metavar="NAME",
        help="Only this configured target (repeatable).",
    )
    group.addoption("--wireproof-stdio", metavar="COMMAND", help="Test the server that this command starts on stdio.")
    group.addoption("--wireproof-url", metavar="URL", help="Test the server, or the A2A agent, behind this URL.")
    group.addoption(
        "--wireproof-protocol",
        metavar="NAME",
        help="mcp or a2a: what --wireproof-url speaks. Default: what it publishes; an Agent Card makes it an A2A agent.",
    )
    group.addoption(
        "--wireproof-revision",
        action="append",
        default=[],
        metavar="ID",
        help="Only this protocol revision (repeatable).",
    )
    group.addoption(
        "--wireproof-strict",
        action="store_true",
        help="A broken SHOULD fails its test; else it is an expected failure.",
    )
    group.addoption(
        "--wireproof-depth",
        metavar="DEPTH",
        help="Search besides, with generated exchanges: quick, standard or thorough. An item for each revision and transport.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Registers the markers, and what lives as long as the session where somebody asks for it."""
    for line in _MARKERS:
        config.addinivalue_line("markers", line)
    if _asked(config):
        from wireproof.pytest_plugin.state import State

        config.pluginmanager.register(State(config), "wireproof-state")


def _asked(config: pytest.Config) -> bool:
    named = any(str(one).split("::")[0].endswith(CONFIG_NAME) for one in config.args)
    options = ("--wireproof", "--wireproof-target", "--wireproof-stdio", "--wireproof-url")
    return named or any(config.getoption(one) for one in options)


def _state(config: pytest.Config) -> State | None:
    found: State | None = config.pluginmanager.get_plugin("wireproof-state")
    return found


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A wireproof.toml that is asked for, by name or with --wireproof; with a target, exchanges of the user's own."""
    state = _state(parent.config)
    if state is not None and file_path.name == CONFIG_NAME:
        return state.file(file_path, parent)
    if state is not None and file_path.name.endswith(EXCHANGES):
        return state.exchanges(file_path, parent)
    return None


@pytest.fixture(scope="session")
def wireproof_report() -> Callable[..., Report]:
    """`wireproof_report(target, **options)` plays a target and returns the `wireproof.Report`; see `wireproof.run`."""
    import wireproof

    def run(target: Any, **options: Any) -> Report:
        return wireproof.run(target, **options)

    return run


@pytest.fixture
def wireproof_mcp(pytestconfig: pytest.Config) -> Opener:
    """`with wireproof_mcp(target, ...) as server:` is a raw connection to an MCP server: send anything, see everything."""
    from wireproof.pytest_plugin.raw import Opener

    return Opener(pytestconfig, "mcp")


@pytest.fixture
def wireproof_a2a(pytestconfig: pytest.Config) -> Opener:
    """`with wireproof_a2a(target, ...) as agent:` is a raw connection to an A2A agent: send anything, see everything."""
    from wireproof.pytest_plugin.raw import Opener

    return Opener(pytestconfig, "a2a")
