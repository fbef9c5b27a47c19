"""What a run tells while it goes on: a typed stream that the journal keeps and every report folds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wireproof.model.verdict import Finding
from wireproof.model.wire import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    """First line of a journal."""

    versions: Mapping[str, str]
    suite: Mapping[str, str]
    target: Mapping[str, Any]
    seed: int
    started_at: str
    options: Mapping[str, Any] = field(default_factory=lambda: {"words": []})
    redacted: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptOpened:
    transcript: str
    protocol: str
    revision: str
    transport: str
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    transcript: str
    record: Record


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangePlayed:
    """An exchange was played to its end (or as far as it went) in a transcript. `exchange` is the literal that was played."""

    transcript: str
    exchange: str
    span: str
    literal: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surveyed:
    """What the target showed of itself in one revision and transport. `facts` is what `needs` are read against."""

    protocol: str
    revision: str
    transport: str
    role: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What will be played in one revision and transport, by id; `omitted` says of rows why nothing decides them.

    `judged` are the rows that this suite can decide there at all: the requirement set that a class is counted over. `calls` are the
    target's tools that will be called.
    """

    protocol: str
    revision: str
    transport: str
    exchanges: tuple[str, ...]
    omitted: Mapping[str, str]
    judged: tuple[str, ...]
    selection: Mapping[str, tuple[str, ...]]
    calls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Findings of one revision and transport: after confirmation, final."""

    protocol: str
    revision: str
    transport: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A sentence for the user: what was detected, what is about to be called, what was tried."""

    text: str
    level: str = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished:
    duration_s: float
    interrupted: bool = False
    exit_code: int = 0


Event = RunStarted | TranscriptOpened | Recorded | ExchangePlayed | Surveyed | Planned | Judged | Told | RunFinished
