"""What all items have in common: where they are configured, what they tell the summary, and failures without a traceback of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from wireproof.model.catalogue import Requirement
from wireproof.pytest_plugin.playing import Playing, Unplayable

PROPERTY: Final = "wireproof"
"""The user property of a test report that carries the verdict."""
SEARCH: Final = "wireproof-search"
"""That which carries what came of a search, in a sentence."""
NOT_OFFERED: Final = "not_offered"


class Broken(Exception):
    """A broken requirement; `str` is what a reader is told."""


class Errored(Exception):
    """wireproof's own fault, or a target that cannot be played; `str` is what a reader is told."""


class SubjectItem(pytest.Item):
    """An item about one subject."""

    def __init__(self, *, playing: Playing, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.playing = playing
        self.add_marker(pytest.mark.wireproof)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        subject = self.playing.subject
        line = subject.line - 1 if subject.line else None
        return subject.path or self.config.rootpath, line, self.nodeid

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, Broken | Errored):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def tell(self, verdict: str, name: str = PROPERTY) -> None:
        """Leaves a word in the report of this test."""
        self.user_properties.append((name, verdict))


class LaneItem(SubjectItem):
    """An item about one revision over one transport; `requirement` is what it judges there, None where that is the search.

    `alias` is a word for -k that is this item's alone.
    """

    requirement: Requirement | None = None

    def __init__(self, *, revision: str, transport: str, alias: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.revision, self.transport = revision, transport
        self.add_marker(pytest.mark.wireproof_revision(id=revision))
        self.add_marker(pytest.mark.wireproof_transport(name=transport))
        self.alias = alias
        self.extra_keyword_matches.add(alias)

    @property
    def mute(self) -> bool:
        """Has another item of the same revision told already that there is nothing to judge?"""
        try:
            return self.playing.lane(self.revision, self.transport) is None and not self.playing.speaks(self)
        except Unplayable:
            return not self.playing.first(self)
