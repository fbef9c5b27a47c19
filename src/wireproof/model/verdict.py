"""Verdicts and findings: what was judged of what was seen."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    NOT_APPLICABLE = "not_applicable"
    UNOBSERVED = "unobserved"
    BLOCKED = "blocked"
    ERRORED = "errored"


RANK = (
    Verdict.FAILED,
    Verdict.ERRORED,
    Verdict.PASSED,
    Verdict.BLOCKED,
    Verdict.UNOBSERVED,
    Verdict.NOT_APPLICABLE,
)
"""Which of several findings speaks for a row: the first of these that occurs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One judgement. `evidence` are seqs in the transcript `transcript`; `pointer` marks the place inside the offending message;
    `occasions` counts how often an ambient check saw the same, and `elsewhere` names the spans of other exchanges that showed it, until
    it is settled which of them repeats it. `diff`: where two answers should have been alike, a line `@ /pointer` for each place in which
    they differ, with a line `- value` or `+ value`, or both, after it."""

    requirement: str
    verdict: Verdict
    why: str = ""
    subject: str = ""
    check: str = ""
    exchange: str = ""
    transcript: str = ""
    evidence: tuple[int, ...] = ()
    pointer: str = ""
    aspect: str = ""
    remark: str = ""
    diff: tuple[str, ...] = ()
    blocked_by: str = ""
    flaky: bool = False
    occasions: int = 1
    elsewhere: tuple[str, ...] = ()
    fingerprint: str = ""


def fingerprint(
    *,
    protocol: str,
    revision: str,
    transport: str,
    role: str,
    requirement: str,
    exchange: str,
    subject: str,
    pointer: str,
) -> str:
    """Twelve hex digits that stay the same between runs: identity, never time, order or wording."""
    stable = "\0".join((protocol, revision, transport, role, requirement, exchange, subject, pointer))
    return hashlib.sha256(stable.encode("utf-8", "surrogatepass")).hexdigest()[:12]
