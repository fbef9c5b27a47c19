"""The nodes of the collection tree: configuration file, subject, protocol, revision, transport, and one item a requirement."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from wireproof.model.catalogue import Requirement
from wireproof.model.verdict import Verdict
from wireproof.pytest_plugin.generated import NAME, GeneratedItem, of_scripts
from wireproof.pytest_plugin.items import NOT_OFFERED, Broken, Errored, LaneItem, SubjectItem
from wireproof.pytest_plugin.playing import Playing, Unplayable
from wireproof.pytest_plugin.story import baseline_story, story
from wireproof.pytest_plugin.subject import Subject
from wireproof.report.matrix import LaneReport, Row, counted_levels


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
        self._playing.expect(len(rows) + bool(subject.depth))
        for row in rows:
            yield RequirementItem.from_parent(
                self, name=row.id, playing=self._playing, requirement=row, revision=revision, transport=transport
            )
        if subject.depth:
            yield GeneratedItem.from_parent(
                self, name=NAME, playing=self._playing, revision=revision, transport=transport
            )


class RequirementItem(LaneItem):
    """One requirement in one revision on one transport."""

    requirement: Requirement

    def __init__(self, *, requirement: Requirement, revision: str, transport: str, **kwargs: Any) -> None:
        alias = f"{requirement.id}:{revision}:{transport}"
        super().__init__(revision=revision, transport=transport, alias=alias, **kwargs)
        self.requirement = requirement
        group = requirement.level.group
        if group in ("MUST", "SHOULD"):
            self.add_marker(f"wireproof_{group.lower()}")
        self.add_marker(pytest.mark.wireproof_topic(name=requirement.topic))

    def setup(self) -> None:
        """Errors are told here, so that they read as errors and not as failures. Nothing is asked of the target twice."""
        try:
            found = self._found()
        except Unplayable as error:
            self.tell("blocked")
            raise Errored(f"{self.playing.subject.name} cannot be tested: {error}") from None
        if found is None:
            self.tell(NOT_OFFERED)
            return
        lane, row = found
        self.tell(row.verdict.value)
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
        return lane, of_scripts(row)


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
