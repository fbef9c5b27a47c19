"""Plays a subject once a session: the first worker that comes plays, the others wait for its journal and read it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from filelock import FileLock

import wireproof
from wireproof.model.errors import WireproofError
from wireproof.report.baseline import weigh
from wireproof.report.journal import new_run_folder, read_journal, settle_run_folder
from wireproof.report.matrix import LaneReport, Report, fold

if TYPE_CHECKING:
    from wireproof.pytest_plugin.items import LaneItem
    from wireproof.pytest_plugin.subject import Subject

_WEB: Final = ("http", "sse")


class Unplayable(Exception):
    """The target could not be played; the message says why, for a reader."""


class Playing:
    """What was seen of one subject. `choose` says what is needed, `report` plays or reads it."""

    def __init__(self, subject: Subject, shared: Path) -> None:
        self.subject = subject
        whose = hashlib.sha256(repr((subject.asked, subject.path)).encode("utf-8", "surrogatepass")).hexdigest()[:8]
        name = f"{subject.name}-{whose}-{'-'.join(subject.transports)}"  # two files may have targets of one name
        self._place = shared / re.sub(r"[^A-Za-z0-9_.-]+", "-", name)
        self._items: Sequence[LaneItem] = ()
        self._every = 0
        self._report: Report | None = None
        self._trouble = ""
        self.journal: Path | None = None

    def expect(self, count: int) -> None:
        """So many items were collected, before any were deselected."""
        self._every += count

    def choose(self, items: Sequence[LaneItem]) -> None:
        """The items that are left to be run."""
        self._items = items

    def speaks(self, item: LaneItem) -> bool:
        """Is it the first of those that are left in its revision and on its transport?"""
        same = (one for one in self._items if (one.revision, one.transport) == (item.revision, item.transport))
        return next(same, item) is item

    def first(self, item: LaneItem) -> bool:
        """Is it the first of all that are left?"""
        return not self._items or self._items[0] is item

    @property
    def report(self) -> Report:
        """Raises Unplayable when nothing answered, or when something is wrong with what was asked."""
        if self._report is None and not self._trouble:
            self._settle()
        if self._report is None:
            raise Unplayable(self._trouble)
        return self._report

    def lane(self, revision: str, transport: str) -> LaneReport | None:
        """What was judged there; None when that revision is not offered. What is called http may be the older HTTP+SSE."""
        for one in self.report.lanes:
            alike = one.transport == transport or (one.transport in _WEB and transport in _WEB)
            if one.revision == revision and alike:
                return one
        return None

    def why_not(self, revision: str, transport: str) -> str:
        """Why a revision is not offered there, in the words of the run."""
        heads = [f"{revision} over {one}: not offered" for one in (transport, *(_WEB if transport in _WEB else ()))]
        told = (one.text for one in self.report.told if one.level == "offer" and one.text.startswith(tuple(heads)))
        return next(told, f"{revision} over {transport} is not offered")

    def _settle(self) -> None:
        """The lock is the operating system's: it ends with whoever holds it, and if that worker was killed while it played, the next one plays."""
        outcome = self._place.with_suffix(".json")
        with FileLock(self._place.with_suffix(".lock")):
            if outcome.exists():
                self._read(outcome)
                return
            self._trouble = "the run was broken off"
            try:
                self._play()
                self._trouble = ""
            except WireproofError as error:
                self._trouble = f"{error.placed}\n{error.hint}".rstrip()
            finally:
                draft = self._place.with_suffix(".draft")
                told = {"trouble": self._trouble, "journal": str(self.journal or "")}
                draft.write_text(json.dumps(told), encoding="utf-8")
                draft.replace(outcome)

    def _read(self, outcome: Path) -> None:
        told = json.loads(outcome.read_text(encoding="utf-8"))
        self._trouble = told["trouble"]
        if not self._trouble:
            self.journal = Path(told["journal"])
            self._weigh(fold(read_journal(self.journal), self.subject.suite.catalogue))

    def _play(self) -> None:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        folder = new_run_folder(self.subject.root / ".wireproof", stamp)
        report = None
        try:
            report = wireproof.run(
                self.subject.target(),
                options=self._options(),
                journal=folder / "journal.jsonl",
                suite=self.subject.suite,
            )
        finally:
            self.journal = settle_run_folder(folder, answered=bool(report and report.lanes)) / "journal.jsonl"
        self._weigh(report)

    def _weigh(self, report: Report) -> None:
        weigh(report, self.subject.baseline, usual=self.subject.usual)
        self._report = report

    def _options(self) -> wireproof.Options:
        """All that is configured, or what the items need that are left. A search comes after the scripts, so it needs all of its revision."""
        options = self.subject.options
        searched = tuple(dict.fromkeys(one.revision for one in self._items if one.requirement is None))
        if searched and self.subject.effort is not None:
            effort, seed = self.subject.effort()
            options = replace(options, effort=replace(effort, revisions=searched), seed=seed)
        if not self._items or len(self._items) >= self._every:
            return options
        revisions = tuple(dict.fromkeys(one.revision for one in self._items))
        chosen = replace(options.selection, revisions=revisions)
        if not searched:
            rows = dict.fromkeys(one.requirement.id for one in self._items if one.requirement is not None)
            chosen = replace(chosen, select=tuple(rows))
        kinds = tuple(dict.fromkeys(one.transport for one in self._items))
        if len(kinds) < len(self.subject.transports):
            chosen = replace(chosen, transports=kinds)
        return replace(options, selection=chosen)
