"""What the user says to an agent so that it does something: in a configuration and on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.calling import wireproof
from tests.engine.test_agent_search import serving, variant

SELECTED = ("--revision", "1.0", "--transport", "jsonrpc", "--select", "a2a.multi-turn")
ASKS = "tck-input-required please"


def test_a_goal_is_reached_with_the_words_of_the_user(tmp_path: Path) -> None:
    kept = ("--journal", str(tmp_path / "journal.jsonl"))
    with serving(variant()) as url:
        without = wireproof("run", *kept, *SELECTED, url)
        called = wireproof("run", *kept, *SELECTED, "--prompt", f"needs_input={ASKS}", url)
    assert "0 not observed" not in without.out
    assert "multi-turn  ✓" not in without.out
    assert called.code == 0
    assert "multi-turn  ✓3" in called.out
    assert ASKS in " ".join(called.err.split())  # what is said is told before


def test_a_configuration_says_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with serving(variant()) as url:
        made = f'[targets.mine]\nprotocol = "a2a"\nurl = "{url}"\n[targets.mine.prompts]\nneeds_input = "{ASKS}"\n'
        Path("wireproof.toml").write_text(made, encoding="utf-8")
        called = wireproof("run", "mine", *SELECTED)
    assert called.code == 0
    assert "multi-turn  ✓3" in called.out


@pytest.mark.parametrize(
    ("protocol", "prompt", "said"),
    [
        ("a2a", 'complets = "x"', "did you mean completes?"),
        ("a2a", 'greet = { name = "Ada" }', "what is said to a target of A2A is a text"),
        ("mcp", 'greet = "Ada"', "prompts of MCP take arguments"),
    ],
)
def test_words_that_nothing_is_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, protocol: str, prompt: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    made = f'[targets.mine]\nprotocol = "{protocol}"\nurl = "http://127.0.0.1:1"\n[targets.mine.prompts]\n{prompt}\n'
    Path("wireproof.toml").write_text(made, encoding="utf-8")
    called = wireproof("run", "mine")
    assert called.code == 2
    assert said in " ".join(called.err.split())
    assert "wireproof.toml:4" in called.err
