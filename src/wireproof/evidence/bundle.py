"""A bundle: one run packed for others, signed. Made here, and opened here: files become values, or faults that say what is wrong where."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from wireproof.evidence.digests import digest_value
from wireproof.evidence.dsse import seal
from wireproof.evidence.files import (
    CONFIGURATION,
    DIGESTS,
    JOURNAL,
    KEY,
    MAX_JOURNAL,
    MEGABYTE,
    REPORT,
    STATEMENT,
    TRANSCRIPT,
    packed,
)
from wireproof.evidence.keys import SigningKey
from wireproof.evidence.statement import configuration_value, statement_value
from wireproof.library.schemas import own_problem
from wireproof.library.shelf import digest, short_digest
from wireproof.model.errors import UsageError
from wireproof.model.events import Event, Judged, RunFinished, RunStarted
from wireproof.report.journal import events_of
from wireproof.report.json import render, report_value
from wireproof.report.matrix import fold
from wireproof.report.soundness import Rules, faults

_HASHED: Final = (REPORT, TRANSCRIPT, JOURNAL, CONFIGURATION)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundled:
    """A bundle that was made: its files by name, the report and the statement in them."""

    files: Mapping[str, bytes]
    report: Mapping[str, Any]
    statement: Mapping[str, Any]


def make_bundle(
    journal: bytes,
    where: str,
    rules: Callable[[str], Rules],
    key: SigningKey,
    *,
    now: datetime,
    subjects: Iterable[Mapping[str, Any]] = (),
    url: str = "",
) -> Bundled:
    """The bundle of a journal's text, which comes from `where`. UsageError for a journal that is torn, of another suite, judged nothing,
    or says what cannot be. `rules` gives the suite of a protocol."""
    events = finished_events(journal, where)
    started = next(one for one in events if isinstance(one, RunStarted))
    if started.suite.get("digest") != digest():
        raise UsageError(
            f"the run was judged by another suite ({started.suite.get('digest', '')[:12]}; here is {short_digest()})",
            where=where,
            hint="bundle it with the version of wireproof that ran it, or run again",
        )
    held = rules(started.suite["protocol"])
    folded = fold(events, held.catalogue)
    if not any(row.verdict in ("passed", "failed") for lane in folded.lanes for row in lane.rows):
        raise UsageError("the run judged nothing, so there is nothing to show", where=where)
    value = report_value(folded)
    if found := [str(one) for one in faults(value, held, now=now)]:
        raise UsageError("the journal does not agree with itself", where=where, hint="\n".join(found[:5]))
    files = {
        REPORT: render(folded).encode("utf-8"),
        JOURNAL: journal,
        TRANSCRIPT: packed(journal),
        CONFIGURATION: _text(configuration_value(events)),
        KEY: key.public.pem,
    }
    files[DIGESTS] = _digests(files)
    statement = statement_value(value, files, subjects=subjects, url=url)
    files[STATEMENT] = _text(seal(payload_of(statement), [key]))
    del files[JOURNAL]
    return Bundled(files=files, report=value, statement=statement)


def payload_of(statement: Mapping[str, Any]) -> bytes:
    """A statement as it is signed."""
    return json.dumps(statement, ensure_ascii=True).encode("ascii")


def remade(name: str, files: Mapping[str, bytes], rules: Callable[[str], Rules]) -> bytes | None:
    """A file of a bundle as its other files would have it; None for one that does not follow from them. UsageError, or what the journal
    of somebody else raises, where they do not let it be made."""
    if name == TRANSCRIPT:
        return packed(files[JOURNAL])
    if name == DIGESTS:
        return _digests(files)
    if name not in (REPORT, CONFIGURATION):
        return None
    events = finished_events(files[JOURNAL], JOURNAL)
    if name == CONFIGURATION:
        return _text(configuration_value(events))
    started = next(one for one in events if isinstance(one, RunStarted))
    return render(fold(events, rules(started.suite["protocol"]).catalogue)).encode("utf-8")


def _digests(files: Mapping[str, bytes]) -> bytes:
    return _text({"format": 1, "files": {name: digest_value(files[name]) for name in _HASHED}})


def journal_bytes(path: Path) -> bytes:
    """The text of a journal, or of the one in a run's folder. UsageError where it cannot be read or is too long for a bundle."""
    path = path / "journal.jsonl" if path.is_dir() else path
    try:
        with path.open("rb") as file:
            data = file.read(MAX_JOURNAL + 1)
    except OSError as error:
        raise UsageError(f"the journal cannot be read: {error.strerror or error}", where=str(path)) from None
    if len(data) > MAX_JOURNAL:
        raise UsageError(f"the journal has more than {MAX_JOURNAL // MEGABYTE} MB", where=str(path))
    return data


def finished_events(journal: bytes, where: str) -> list[Event]:
    """All events of a journal that was written to its end. UsageError for another."""
    try:
        text = journal.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"the journal is not UTF-8 at byte {error.start}", where=where) from None
    events = list(events_of(text, where))
    if not events or not isinstance(events[-1], RunFinished) or not text.endswith("\n"):
        raise UsageError(
            f"the journal ends before its run did (after line {len(events) + 1})",
            where=where,
            hint="only a run that was journalled to its end can be shown; run again",
        )
    if not isinstance(events[0], RunStarted):
        raise UsageError("the journal does not say how its run began", where=where)
    if not any(isinstance(one, Judged) for one in events):
        raise UsageError("the run judged nothing, so there is nothing to show", where=where)
    return events


def parsed(data: bytes, schema: str) -> Any:
    """The value of a file that its schema accepts. ValueError, in words for a reader, for another."""
    try:
        value = strict(data)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"is no JSON: {error}") from None
    if isinstance(value, dict) and isinstance(other := value.get("format"), int) and other != 1:
        raise UsageError(
            f"the bundle has a {schema} of format {other}, which this version of wireproof does not read",
            hint="use the version of wireproof that made it",
        )
    problem = own_problem(schema, value)
    if problem is not None:
        raise ValueError(f"{problem.pointer or 'the whole'}: {problem.message}")
    return value


def strict(data: bytes) -> Any:
    """JSON that no two readers understand differently: ValueError for members that stand twice, and for NaN. A number that was too large for a
    double stands in journals as Infinity."""
    return json.loads(data, object_pairs_hook=_members, parse_constant=_constant)


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the member {twice!r} stands twice")
    return made


def _constant(name: str) -> float:
    if name == "NaN":
        raise ValueError(f"{name} is no number")
    return float(name)


def _text(value: Any) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=True) + "\n").encode("ascii")
