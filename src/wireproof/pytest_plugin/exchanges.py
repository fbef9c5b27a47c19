"""Files of exchanges in the test tree (`*.exchange.yaml`): one item for each target, revision and transport that they fit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from wireproof.engine.lint import lint
from wireproof.engine.plan import fits
from wireproof.engine.run import bare_suite, load_suite
from wireproof.library.exchanges import read_exchanges
from wireproof.model.errors import WireproofError
from wireproof.model.exchange import Exchange
from wireproof.model.verdict import Verdict
from wireproof.pytest_plugin.items import NOT_OFFERED, Broken, Errored, SubjectItem
from wireproof.pytest_plugin.playing import Playing, Unplayable
from wireproof.pytest_plugin.story import story
from wireproof.pytest_plugin.subject import Subject
from wireproof.report.matrix import LaneReport, Row


class ExchangeFile(pytest.File):
    """One file, against each target that is asked for. What is wrong in it is an error of collection, with its line."""

    def __init__(self, *, subjects: Sequence[Subject], shared: Path, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._subjects, self._shared = subjects, shared

    def collect(self) -> Iterable[pytest.Item]:
        for subject in self._subjects:
            try:
                problems, _ = lint([self.path], bare_suite(subject.options.protocol))
                if problems:
                    raise problems[0]
                exchanges = list(read_exchanges(self.path, protocol=subject.options.protocol))
                playing = Playing(self._narrowed(subject, exchanges), self._shared)
            except WireproofError as error:
                raise self.CollectError(f"{error.placed}\n{error.hint}".rstrip()) from None
            for revision in subject.revisions():
                for transport in subject.transports:
                    orders = playing.subject.suite.orders
                    if any(fits(one, revision, transport, orders) for one in exchanges):
                        yield ExchangeItem.from_parent(
                            self,
                            name=f"{subject.name}::{revision.id}::{transport}",
                            playing=playing,
                            exchanges=tuple(one.id for one in exchanges),
                            revision=revision.id,
                            transport=transport,
                        )

    def _narrowed(self, subject: Subject, exchanges: Sequence[Exchange]) -> Subject:
        """The same target, of which only these exchanges are asked."""
        more = (*subject.options.exchanges, self.path)
        selection = replace(subject.options.selection, exchanges=tuple(one.id for one in exchanges))
        return replace(
            subject,
            name=f"{subject.name}-{self.path.stem}",
            options=replace(subject.options, exchanges=more, selection=selection),
            suite=load_suite(subject.options.protocol, more),
            depth="",
        )


class ExchangeItem(SubjectItem):
    """The exchanges of one file in one revision over one transport. What they decide against the target fails, whatever its level."""

    def __init__(self, *, exchanges: tuple[str, ...], revision: str, transport: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._exchanges, self.revision, self.transport = exchanges, revision, transport
        self.add_marker(pytest.mark.wireproof_revision(id=revision))
        self.add_marker(pytest.mark.wireproof_transport(name=transport))

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, self.nodeid

    def runtest(self) -> None:
        try:
            lane = self.playing.lane(self.revision, self.transport)
        except Unplayable as error:
            self.tell("blocked")
            raise Errored(f"{self.playing.subject.name} cannot be tested: {error}") from None
        if lane is None:
            self.tell(NOT_OFFERED)
            pytest.skip(self.playing.why_not(self.revision, self.transport))
        rows = self._rows(lane)
        broken = next((one for one in rows if self.playing.report.counts(one)), None)
        if broken is not None:
            self.tell("failed")
            raise Broken(story(self.playing, lane, broken, again=self.nodeid))
        errored = next((one for one in rows if one.verdict is Verdict.ERRORED), None)
        if errored is not None:
            self.tell("errored")
            raise Errored(story(self.playing, lane, errored))
        self._settle(rows)

    def _rows(self, lane: LaneReport) -> list[Row]:
        """What these exchanges show, and nothing else of the same rows."""
        made = []
        for row in lane.rows:
            mine = tuple(one for one in row.findings if one.exchange.partition("[")[0] in self._exchanges)
            if mine:
                verdicts = {one.verdict for one in mine}
                worst = next(one for one in _WORST if one in verdicts)
                made.append(replace(row, verdict=worst, findings=mine))
        return made

    def _settle(self, rows: Sequence[Row]) -> None:
        if any(one.verdict is Verdict.PASSED for one in rows):
            self.tell("passed")
            return
        self.tell("blocked" if rows else "unobserved")
        pytest.skip(rows[0].why if rows else "nothing in it was played: what it needs is not there")


_WORST = (
    Verdict.FAILED,
    Verdict.ERRORED,
    Verdict.PASSED,
    Verdict.BLOCKED,
    Verdict.UNOBSERVED,
    Verdict.NOT_APPLICABLE,
)
