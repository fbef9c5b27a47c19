"""The self-test of A2A: faulty agents are caught, lawful ones and the reference agent are blamed for nothing."""

from __future__ import annotations

import pytest

from wireproof.engine.run import load_suite
from wireproof.engine.selftest import Outcome, excused, selftest


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    return selftest(load_suite("a2a"))


def test_every_sin_is_caught(outcomes: list[Outcome]) -> None:
    survivors = {one.trial.name for one in outcomes if one.trial.kind == "sin" and not one.killed}
    assert survivors - set(excused()) == set()


def test_every_excuse_is_still_needed(outcomes: list[Outcome]) -> None:
    caught = {one.trial.name for one in outcomes if one.trial.kind == "sin" and one.killed}
    assert caught & set(excused()) == set()


def test_nobody_lawful_is_blamed(outcomes: list[Outcome]) -> None:
    lawful = [one for one in outcomes if one.trial.kind != "sin"]
    assert {one.trial.transport for one in lawful} == {"jsonrpc", "rest", "grpc"}
    assert [
        (one.trial, [(row, one.whys.get(row)) for row in one.blamed], one.note)
        for one in lawful
        if one.blamed or one.note
    ] == []
