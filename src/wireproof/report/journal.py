"""The journal: one JSON line an event, the only artefact of record. What is written here can be judged again.

A torn last line is tolerated. Bytes are stored as text when they are UTF-8 and as base64 otherwise; messages are not stored
but parsed again from their bytes, so that a reader sees what the judge saw.
"""

from __future__ import annotations

import base64
import itertools
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, Final, Self

from wireproof.model.errors import UsageError
from wireproof.model.events import (
    Event,
    ExchangePlayed,
    Judged,
    Planned,
    Recorded,
    RunFinished,
    RunStarted,
    Surveyed,
    Told,
    TranscriptOpened,
)
from wireproof.model.jsontext import ABSENT, parse
from wireproof.model.verdict import Finding, Verdict
from wireproof.model.wire import Kind, Record, Way

KEEP: Final = 20
KEEP_UNANSWERED: Final = 5
UNANSWERED: Final = "-unanswered"
"""Ends the name of a run's folder when nothing answered."""
FORMAT: Final = 1
_KINDS: Final[Mapping[str, type[Any]]] = {
    "run-started": RunStarted,
    "transcript-opened": TranscriptOpened,
    "exchange-played": ExchangePlayed,
    "surveyed": Surveyed,
    "planned": Planned,
    "told": Told,
    "run-finished": RunFinished,
}


def record_line(record: Record) -> dict[str, Any]:
    """A record as JSON; members that say nothing are left out."""
    raw: dict[str, Any] = {"seq": record.seq, "at_ns": record.at_ns, "way": record.way.value, "kind": record.kind.value}
    if record.channel != "main":
        raw["channel"] = record.channel
    if record.span is not None:
        raw["span"] = record.span
    if record.raw:
        try:
            raw["text"] = record.raw.decode("utf-8")
        except UnicodeDecodeError:
            raw["base64"] = base64.b64encode(record.raw).decode("ascii")
    if record.message is not ABSENT:
        raw["json"] = True
        if "rpc" in record.meta:  # protobuf, which nobody reads who only has the journal
            raw["message"] = record.message
    if record.fault is not None:
        raw["fault"] = record.fault
    if record.meta:
        raw["meta"] = dict(record.meta)
    return raw


def record_of(raw: Mapping[str, Any]) -> Record:
    """The record of a line."""
    data = raw["text"].encode("utf-8") if "text" in raw else base64.b64decode(raw.get("base64", ""))
    message = raw["message"] if "message" in raw else parse(data)[0] if raw.get("json") else ABSENT
    return Record(
        seq=raw["seq"],
        at_ns=raw["at_ns"],
        way=Way(raw["way"]),
        kind=Kind(raw["kind"]),
        channel=raw.get("channel", "main"),
        span=raw.get("span"),
        raw=data,
        message=message,
        fault=raw.get("fault"),
        meta=raw.get("meta", {}),
    )


def event_line(event: Event) -> dict[str, Any]:
    """An event as one JSON object; `event` names its kind."""
    if isinstance(event, Recorded):
        return {"event": "record", "transcript": event.transcript, **record_line(event.record)}
    if isinstance(event, Judged):
        findings = [
            {key: value for key, value in asdict(one).items() if value not in ("", (), False) or key == "verdict"}
            for one in event.findings
        ]
        place = {"protocol": event.protocol, "revision": event.revision, "transport": event.transport}
        return {"event": "judged", **place, "findings": findings}
    name = next(name for name, kind in _KINDS.items() if type(event) is kind)
    return {"event": name, **asdict(event)}


def event_of(raw: Mapping[str, Any]) -> Event:
    """The event of a line. KeyError or TypeError for a line of another format."""
    members = {key: value for key, value in raw.items() if key != "event"}
    if raw["event"] == "record":
        return Recorded(transcript=raw["transcript"], record=record_of(raw))
    if raw["event"] == "judged":
        findings = tuple(
            Finding(
                **{
                    **one,
                    "verdict": Verdict(one["verdict"]),
                    "evidence": tuple(one.get("evidence", ())),
                    "diff": tuple(one.get("diff", ())),
                }
            )
            for one in raw["findings"]
        )
        return Judged(**{**members, "findings": findings})
    made: Event = _KINDS[raw["event"]](**members)
    return made


class JournalWriter:
    """Appends events to a file, flushed one by one, so that what was observed survives whatever comes next.

    The folders that it lies in are made. UsageError when it cannot be written, also later.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: IO[str] = path.open("w", encoding="utf-8", newline="\n")
        except OSError as error:
            raise _unwritable(path, error) from None
        self._write({"journal": FORMAT})

    def _write(self, line: Mapping[str, Any]) -> None:
        if self._file.closed:  # it could not be written, which was said; the run is ending
            return
        try:
            self._file.write(json.dumps(line, separators=(",", ":")) + "\n")
            self._file.flush()
        except OSError as error:  # such as a full disk
            self.close()
            raise _unwritable(self.path, error) from None

    def __call__(self, event: Event) -> None:
        self._write(event_line(event))

    def close(self) -> None:
        with suppress(OSError):  # what could not be written was said already
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read_journal(path: Path) -> Iterator[Event]:
    """The events of a journal, or of the one in a run's folder. UsageError when it is none, or is torn before its end."""
    path = path / "journal.jsonl" if path.is_dir() else path
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise UsageError("the journal cannot be read: it is not UTF-8", where=str(path)) from None
    except OSError as error:
        raise UsageError(f"the journal cannot be read: {error.strerror or error}", where=str(path)) from None
    yield from events_of(text, str(path))


def events_of(text: str, where: str) -> Iterator[Event]:
    """The events of a journal's text, which comes from `where`. UsageError as of `read_journal`."""
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        try:
            raw = json.loads(line)
            if number == 1:
                if raw.get("journal") != FORMAT:
                    raise UsageError("this is no journal of a format that this version knows", where=f"{where}:1")
                continue
            yield event_of(raw)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            if number == len(lines) and number > 1:
                return
            what = "this is no journal of a run" if number == 1 else "this line is no journal line"
            raise UsageError(
                what, where=f"{where}:{number}", hint="reports are made of journal.jsonl" * (number == 1)
            ) from None


def _unwritable(path: Path, error: OSError) -> UsageError:
    return UsageError(
        f"the journal cannot be written: {error.strerror or error}",
        where=str(path),
        hint="--journal FILE puts it elsewhere",
    )


def new_run_folder(base: Path, stamp: str) -> Path:
    """`<base>/runs/<stamp>`, made; `<base>` ignores itself in git. When the run is over: `settle_run_folder`.

    UsageError when it cannot be made.
    """
    runs = base / "runs"
    try:
        runs.mkdir(parents=True, exist_ok=True)
        ignore = base / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
        taken = {one.name.removesuffix(UNANSWERED) for one in runs.iterdir()}
        for count in itertools.count(1):
            folder = runs / (stamp if count == 1 else f"{stamp}-{count}")
            if folder.name not in taken:
                with suppress(FileExistsError):  # another run may begin in the same second
                    folder.mkdir()
                    break
    except OSError as error:
        raise _unwritable(runs, error) from None
    return folder


def settle_run_folder(folder: Path, *, answered: bool) -> Path:
    """Where the folder of a run lies for good: one in which nothing answered is called so. Of either kind the newest stay, KEEP and
    KEEP_UNANSWERED, so that starts which fail cost no run that did not."""
    if not answered:
        folder = folder.rename(folder.with_name(folder.name + UNANSWERED))
    every = sorted((one for one in folder.parent.iterdir() if one.is_dir()), key=lambda one: one.name)
    failed = [one for one in every if one.name.endswith(UNANSWERED)]
    for one in [*[one for one in every if one not in failed][:-KEEP], *failed[:-KEEP_UNANSWERED]]:
        shutil.rmtree(one, ignore_errors=True)
    return folder


def newest_journal(base: Path) -> Path:
    """The journal of the newest run in `<base>/runs` in which something answered. UsageError where none is kept."""
    found = [one for one in sorted((base / "runs").glob("*/journal.jsonl")) if not one.parent.name.endswith(UNANSWERED)]
    if not found:
        raise UsageError("no run is kept here", hint="wireproof run first, or name a journal or a JSON report")
    return found[-1]
