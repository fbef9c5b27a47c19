"""Constants in the source of local modules: Hypothesis draws them, search does not."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import hypothesis
import pytest
from hypothesis import strategies as st

from wireproof.engine.constants import without_local_constants

_ODD = "odd 56473"


def _texts(context: AbstractContextManager[None]) -> list[str]:
    found: list[str] = []

    @hypothesis.seed(1)
    @hypothesis.settings(max_examples=600, database=None, phases=(hypothesis.Phase.generate,), deadline=None)
    @hypothesis.given(st.text())
    def collect(text: str) -> None:
        found.append(text)

    with context:
        collect()
    return found


def test_a_module_that_is_imported_changes_nothing_of_what_search_draws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _texts(without_local_constants())
    name = "local_module_of_the_test_of_constants"
    (tmp_path / f"{name}.py").write_text("".join(f"A{at} = {_ODD + str(at)!r}\n" for at in range(900)))
    monkeypatch.syspath_prepend(tmp_path)
    __import__(name)
    try:
        assert any(_ODD in text for text in _texts(nullcontext()))
        assert _texts(without_local_constants()) == before
        with ThreadPoolExecutor(1) as elsewhere:
            elsewhere.submit(_texts, nullcontext()).result()
            assert elsewhere.submit(_texts, without_local_constants()).result() == before
        assert not any(_ODD in text for text in before)
    finally:
        del sys.modules[name]
