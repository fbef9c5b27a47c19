"""The history of runs: `.wireproof/history.sqlite`, a summary of each run, kept beside the journals and longer than they are.

It is a convenience and no evidence: nothing is judged from it, a database that cannot be read stops no run, and it may be deleted.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from wireproof.model.errors import UsageError
from wireproof.report.matrix import Report

NAME: Final = "history.sqlite"
FORMAT: Final = 1
"""`user_version` of the database."""
_MARK: Final = 0x77697265
"""`application_id` of the database, by which ours is known."""
_PATIENCE_S: Final = 10.0
"""How long a run waits for another one that is writing."""
_TABLES: Final = """
CREATE TABLE run (
  id INTEGER PRIMARY KEY, target TEXT NOT NULL, started_at TEXT NOT NULL, duration_s REAL NOT NULL, suite_version TEXT NOT NULL,
  suite_digest TEXT NOT NULL, seed INTEGER NOT NULL, exit_code INTEGER NOT NULL, interrupted INTEGER NOT NULL, report TEXT
);
CREATE TABLE lane (
  run INTEGER NOT NULL REFERENCES run(id), protocol TEXT NOT NULL, revision TEXT NOT NULL, transport TEXT NOT NULL,
  class TEXT NOT NULL, passed INTEGER NOT NULL, applicable INTEGER NOT NULL, unobserved INTEGER NOT NULL,
  partial INTEGER NOT NULL, counts TEXT NOT NULL
);
CREATE INDEX run_of_target ON run (target, id);
CREATE INDEX lane_of_run ON lane (run);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastLane:
    """One revision on one transport, as a run left it. `name` is the class, empty where none was reached; `passed` of `applicable` MUST
    rows; `counts`: level group -> verdict -> rows."""

    protocol: str
    revision: str
    transport: str
    name: str
    passed: int
    applicable: int
    unobserved: int
    partial: bool
    counts: Mapping[str, Mapping[str, int]]

    @property
    def place(self) -> tuple[str, str, str]:
        return (self.protocol, self.revision, self.transport)

    @property
    def standing(self) -> str:
        """As `LaneReport.standing`."""
        return "part" if self.partial else self.name or "none"

    def broken(self, level: str) -> int:
        """Failed rows of a level group."""
        return self.counts.get(level, {}).get("failed", 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRun:
    """The summary of one run. `report` is where its report (else its journal) was written, empty where neither was kept."""

    target: str
    started_at: str
    duration_s: float
    suite_version: str
    suite_digest: str
    seed: int
    exit_code: int
    interrupted: bool
    report: str
    lanes: tuple[PastLane, ...]

    @property
    def started(self) -> datetime | None:
        """With its time zone; None where the text is no such date."""
        try:
            made = datetime.fromisoformat(self.started_at)
        except ValueError:
            return None
        return made if made.tzinfo is not None else None

    @property
    def whole(self) -> bool:
        return not self.interrupted and not any(one.partial for one in self.lanes)


def summary_of(report: Report, *, exit_code: int, place: Path | None = None) -> PastRun | None:
    """What of a report is kept; None of a run that never began. `place`: where its report or journal lies."""
    if report.started is None:
        return None
    started, finished = report.started, report.finished
    return PastRun(
        target=str(started.target.get("name", "")),
        started_at=started.started_at,
        duration_s=finished.duration_s if finished else 0.0,
        suite_version=str(started.suite.get("version", "")),
        suite_digest=str(started.suite.get("digest", "")),
        seed=started.seed,
        exit_code=exit_code,
        interrupted=bool(finished and finished.interrupted),
        report=str(place.absolute()) if place is not None else "",
        lanes=tuple(
            PastLane(
                protocol=lane.protocol,
                revision=lane.revision,
                transport=lane.transport,
                name=lane.reached.name,
                passed=lane.reached.passed,
                applicable=lane.reached.applicable,
                unobserved=lane.reached.unobserved,
                partial=lane.partial,
                counts=lane.counts(),
            )
            for lane in report.lanes
        ),
    )


def remember(base: Path, run: PastRun) -> None:
    """Adds a run to `<base>/history.sqlite`, which is made. Several processes may do so at once. UsageError when that cannot be done."""
    with _opened(base / NAME, make=True) as database:
        row = database.execute(
            "INSERT INTO run (target, started_at, duration_s, suite_version, suite_digest, seed, exit_code, interrupted, report)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                _text(run.target),
                _text(run.started_at),
                run.duration_s,
                _text(run.suite_version),
                _text(run.suite_digest),
                _number(run.seed),
                run.exit_code,
                run.interrupted,
                _text(run.report) or None,
            ),
        ).lastrowid
        database.executemany(
            "INSERT INTO lane VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    row,
                    *one.place,
                    one.name,
                    one.passed,
                    one.applicable,
                    one.unobserved,
                    one.partial,
                    json.dumps(one.counts, separators=(",", ":")),
                )
                for one in run.lanes
            ],
        )


def history(base: Path, target: str | None = None) -> list[PastRun]:
    """The runs in `<base>/history.sqlite` in the order in which they ended, of one target or of all. UsageError where there is none, or it
    cannot be read."""
    path = base / NAME
    if not path.exists():
        raise UsageError("no history is kept here", where=str(path), hint="wireproof run keeps one")
    with _opened(path) as database:
        lanes: dict[int, list[PastLane]] = {}
        for (
            run,
            protocol,
            revision,
            transport,
            name,
            passed,
            applicable,
            unobserved,
            partial,
            counts,
        ) in database.execute("SELECT * FROM lane ORDER BY rowid"):
            lane = PastLane(
                protocol=str(protocol),
                revision=str(revision),
                transport=str(transport),
                name=str(name),
                passed=int(passed),
                applicable=int(applicable),
                unobserved=int(unobserved),
                partial=bool(partial),
                counts=_counts(counts),
            )
            lanes.setdefault(int(run), []).append(lane)
        where, values = ("WHERE target = ?", (_text(target),)) if target is not None else ("", ())
        return [
            PastRun(
                target=str(row[1]),
                started_at=str(row[2]),
                duration_s=float(row[3]),
                suite_version=str(row[4]),
                suite_digest=str(row[5]),
                seed=int(row[6]),
                exit_code=int(row[7]),
                interrupted=bool(row[8]),
                report=str(row[9] or ""),
                lanes=tuple(lanes.get(int(row[0]), ())),
            )
            for row in database.execute(f"SELECT * FROM run {where} ORDER BY id", values)  # noqa: S608 - words of ours
        ]


@contextmanager
def _opened(path: Path, *, make: bool = False) -> Iterator[sqlite3.Connection]:
    """The database within one transaction, checked to be ours; `make` makes what is missing."""
    mode = "rwc" if make else "ro"
    try:
        with closing(
            sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=_PATIENCE_S)
        ) as database:
            database.isolation_level = None
            database.execute("BEGIN IMMEDIATE" if make else "BEGIN")
            _ours(database, path, make=make)
            yield database
            database.execute("COMMIT")
    except sqlite3.OperationalError as error:
        raise _unusable(path, f"the history cannot be {'written' if make else 'read'}: {error}") from None
    except (sqlite3.Error, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise _unusable(path, f"the history is damaged: {error}") from None


def _ours(database: sqlite3.Connection, path: Path, *, make: bool) -> None:
    mark = database.execute("PRAGMA application_id").fetchone()[0]
    version = database.execute("PRAGMA user_version").fetchone()[0]
    tables = database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if make and not mark and not version and not tables:
        for statement in _TABLES.split(";"):
            database.execute(statement)
        database.execute(f"PRAGMA application_id = {_MARK}")
        database.execute(f"PRAGMA user_version = {FORMAT}")
    elif mark != _MARK:
        raise _unusable(path, "is no history of wireproof")
    elif version != FORMAT:
        raise _unusable(path, f"is a history of format {version}; this version of wireproof knows format {FORMAT}")


def _unusable(path: Path, message: str) -> UsageError:
    return UsageError(message, where=str(path), hint="move it away; the next run begins a new one")


def _counts(text: str) -> Mapping[str, Mapping[str, int]]:
    value = json.loads(text)
    return {
        str(level): {str(verdict): int(count) for verdict, count in counts.items()} for level, counts in value.items()
    }


def _text(text: str) -> str:
    """Without lone surrogates, which a database cannot hold."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _number(value: int) -> int:
    """Within 64 bits; a larger seed is kept by its low ones."""
    return value if -(1 << 63) <= value < 1 << 63 else value & ((1 << 63) - 1)
