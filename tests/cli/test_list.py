"""`wireproof list`: of which protocol, and what is said where there is no such thing."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from wireproof.cli.list import command
from wireproof.engine.coverage import coverage
from wireproof.engine.run import load_suite
from wireproof.engine.selftest import Outcome, Trial
from wireproof.model.errors import UsageError

MCP, A2A = "mcp.ping.respond", "a2a.get.unknown-task"


def listed(*arguments: str) -> str:
    result = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


@pytest.mark.parametrize(
    ("arguments", "there", "missing"),
    [
        (("requirements",), (MCP, A2A), ()),
        (("requirements", "--protocol", "a2a"), (A2A,), (MCP,)),
        (("checks", "--revision", "0.3", "--transport", "rest"), ("operations_there",), ("list_pages", MCP)),
        (("exchanges", "--revision", "1.0"), ("exchanges (a2a)",), ("(mcp)",)),
        (("plan", "--transport", "stdio"), ("exchanges (mcp)",), ("(a2a)",)),
    ],
)
def test_what_is_listed(arguments: tuple[str, ...], there: tuple[str, ...], missing: tuple[str, ...]) -> None:
    text = listed(*arguments)
    assert all(one in text for one in there)
    assert not any(one in text for one in missing)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("checks", "--protocol", "acp"), "no protocol is called 'acp'"),
        (("exchanges", "--revision", "0.4"), "no revision is called '0.4'"),
        (("exchanges", "--protocol", "a2a", "--transport", "stdio"), "nothing there is played over stdio"),
        (("coverage", "--transport", "stdio"), "coverage of mcp is not counted over stdio"),
    ],
)
def test_what_there_is_not(arguments: tuple[str, ...], said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert caught.value.hint


def outcome(kind: str, name: str, row: str, transport: str, **said: object) -> Outcome:
    trial = Trial(kind=kind, name=name, about=row, implies=(), revision="1.0", transport=transport, protocol="a2a")
    return Outcome(trial=trial, **{"failed": (), "blamed": (), "verdicts": {}, "whys": {}, "seconds": 0.0, **said})  # type: ignore[arg-type]


def test_a_row_is_proven_for_each_binding_by_itself() -> None:
    suite = load_suite("a2a")
    row = "a2a.get.unknown-task"
    outcomes = [
        outcome("reference", "reference", "", "jsonrpc", verdicts={row: "passed"}),
        outcome("sin", "unknown-task-is-there", row, "jsonrpc", failed=(row,)),
    ]
    bars = {(one.revision, one.binding): one for one in coverage(suite, outcomes) if one.testable == "wire"}
    assert bars["1.0", "jsonrpc"].proven == 1
    assert bars["1.0", "rest"].proven == 0
    assert row in bars["1.0", "rest"].unproven_rows
