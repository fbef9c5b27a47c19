"""The nodes of the collection tree: configuration file, subject, protocol, revision, transport, and one item a requirement."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from wireproof.model.catalogue import Requirement
from wireproof.model.verdict import Verdict
from wireproof.pytest_plugin.playing import Playing, Unplayable
from wireproof.pytest_plugin.story import baseline_story, story
from wireproof.pytest_plugin.subject import Subject
from wireproof.report.matrix import LaneReport, Row, counted_levels

PROPERTY: Final = "wireproof"
"""The user property of a test report that carries the verdict."""
NOT_OFFERED: Final = "not_offered"


class ConfigurationFile(pytest.File):
    """A wireproof.toml; its targets lie below it, so that their node ids are accepted back."""

    def __init__(self, *, subjects: Sequence[Subject], shared: Path, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._subjects, self._shared = subjects, shared

    def collect(self) -> Iterable[pytest.Collector]:
        for one in self._subjects:
            yield SubjectNode.from_parent(self, name=one.name, subject=one, shared=self._shared)


class SubjectNode(pytest.Collector):
    """One target."""

    def __init__(self, *, subject: Subject, shared: Path, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._playing = Playing(subject, shared)

    def collect(self) -> Iterable[pytest.Collector | pytest.Item]:
        subject = self._playing.subject
        yield Part.from_parent(self, name=subject.options.protocol, playing=self._playing, place=())
        if subject.baseline is not None:
            yield BaselineItem.from_parent(self, name="baseline", playing=self._playing)


class Part(pytest.Collector):
    """Protocol, revision, or transport: a step on the way to the requirements."""

    def __init__(self, *, playing: Playing, place: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._playing, self._place = playing, place

    def collect(self) -> Iterable[pytest.Collector | pytest.Item]:
        subject = self._playing.subject
        if not self._place:
            names = [one.id for one in subject.revisions()]
        elif len(self._place) == 1:
            names = list(subject.transports)
        else:
            yield from self._items()
            return
        for name in names:
            yield Part.from_parent(self, name=name, playing=self._playing, place=(*self._place, name))

    def _items(self) -> Iterable[pytest.Item]:
        revision, transport = self._place
        subject = self._playing.subject
        known = next(one for one in subject.revisions() if one.id == revision)
        rows = subject.rows(known, transport)
        self._playing.expect(len(rows))
        for row in rows:
            yield RequirementItem.from_parent(
                self, name=row.id, playing=self._playing, requirement=row, revision=revision, transport=transport
            )


class Broken(Exception):
    """A broken requirement; `str` is what a reader is told."""


class Errored(Exception):
    """wireproof's own fault, or a target that cannot be played; `str` is what a reader is told."""


class SubjectItem(pytest.Item):
    """What items have in common: where they are configured, and failures that are told without a traceback of ours."""

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


class RequirementItem(SubjectItem):
    """One requirement in one revision on one transport."""

    def __init__(self, *, requirement: Requirement, revision: str, transport: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.requirement, self.revision, self.transport = requirement, revision, transport
        group = requirement.level.group
        if group in ("MUST", "SHOULD"):
            self.add_marker(f"wireproof_{group.lower()}")
        self.add_marker(pytest.mark.wireproof_topic(name=requirement.topic))
        self.add_marker(pytest.mark.wireproof_revision(id=revision))
        self.add_marker(pytest.mark.wireproof_transport(name=transport))
        self.alias = f"{requirement.id}:{revision}:{transport}"
        self.extra_keyword_matches.add(self.alias)

    @property
    def mute(self) -> bool:
        """Has another item of the same revision told already that there is nothing to judge?"""
        try:
            return self.playing.lane(self.revision, self.transport) is None and not self.playing.speaks(self)
        except Unplayable:
            return not self.playing.first(self)

    def setup(self) -> None:
        """Errors are told here, so that they read as errors and not as failures. Nothing is asked of the target twice."""
        try:
            found = self._found()
        except Unplayable as error:
            self._tell("blocked")
            raise Errored(f"{self.playing.subject.name} cannot be tested: {error}") from None
        if found is None:
            self._tell(NOT_OFFERED)
            return
        lane, row = found
        self._tell(row.verdict.value)
        if row.verdict is Verdict.ERRORED:
            raise Errored(story(self.playing, lane, row))

    def runtest(self) -> None:
        """Passes, fails, is skipped with the reason, or fails as expected: what the verdict says."""
        found = self._found()
        if found is None:
            pytest.skip(self.playing.why_not(self.revision, self.transport))
        lane, row = found
        if row.verdict is Verdict.FAILED:
            self._failed(lane, row)
        elif row.verdict is not Verdict.PASSED:
            pytest.skip(f"{row.verdict.value.replace('_', ' ')}: {row.why}")

    def _failed(self, lane: LaneReport, row: Row) -> None:
        report, subject = self.playing.report, self.playing.subject
        if not report.fails(row, strict=subject.strict):
            why = row.requirement.level.value if report.counts(row) else "known"
            pytest.xfail(f"{why}: {row.why}")
        again = shlex.join([*subject.asked, "-k", self.alias] if subject.asked else [self.nodeid])
        raise Broken(story(self.playing, lane, row, again=again))

    def _found(self) -> tuple[LaneReport, Row] | None:
        lane = self.playing.lane(self.revision, self.transport)
        if lane is None:
            return None
        row = next((one for one in lane.rows if one.requirement.id == self.requirement.id), None)
        if row is None:
            row = Row(requirement=self.requirement, verdict=Verdict.UNOBSERVED, findings=())
        return lane, row

    def _tell(self, verdict: str) -> None:
        self.user_properties.append((PROPERTY, verdict))


class BaselineItem(SubjectItem):
    """Fails when the baseline lists what is no longer broken."""

    def runtest(self) -> None:
        try:
            weighed = self.playing.report.weighed
        except Unplayable as error:
            pytest.skip(str(error))
        counted = counted_levels(strict=self.playing.subject.strict)
        stale = [one for one in (weighed.stale if weighed else ()) if one.level in counted]
        if stale:
            raise Broken(baseline_story(self.playing.report))
