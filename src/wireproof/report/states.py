"""What a row came to, as people are shown it: the verdicts, and apart from what had no occasion, what nobody can judge here."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from wireproof.model.verdict import Verdict
from wireproof.report.matrix import LaneReport, Row


class State(StrEnum):
    """Values are class names and URL words of the pages: they stay."""

    FAILED = "failed"
    ERRORED = "errored"
    BLOCKED = "blocked"
    PASSED = "passed"
    UNOBSERVED = "unobserved"
    NOT_JUDGED = "not-judged"
    NOT_APPLICABLE = "not-applicable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a state is shown where colour does not count: a sign, words, and the letter that stands for it in compact data."""

    sign: str
    words: str
    letter: str
    meaning: str


LOOKS: Final = {
    State.FAILED: Look(sign="✗", words="failed", letter="f", meaning="the target breaks it, and the bytes show that"),
    State.ERRORED: Look(
        sign="!", words="our own error", letter="e", meaning="wireproof could not judge it by its own fault"
    ),
    State.BLOCKED: Look(sign="■", words="blocked", letter="b", meaning="something that it needs did not hold"),
    State.PASSED: Look(sign="✓", words="passed", letter="p", meaning="an occasion arose, and the target kept it"),
    State.UNOBSERVED: Look(
        sign="○", words="not observed", letter="u", meaning="it could be judged, but no occasion arose"
    ),
    State.NOT_JUDGED: Look(sign="?", words="not judged", letter="j", meaning="nothing in this suite decides it here"),
    State.NOT_APPLICABLE: Look(
        sign="-", words="does not apply", letter="n", meaning="the target declares that it does without"
    ),
}


def state_of(lane: LaneReport, row: Row) -> State:
    """Of an unobserved row the requirement set says whether it could have been judged."""
    match row.verdict:
        case Verdict.UNOBSERVED:
            return State.UNOBSERVED if row.requirement.id in lane.judged else State.NOT_JUDGED
        case Verdict.NOT_APPLICABLE:
            return State.NOT_APPLICABLE
        case verdict:
            return State(verdict.value)


def counts_of(lane: LaneReport) -> Counter[State]:
    """How many rows of a lane are in each state."""
    return Counter(state_of(lane, row) for row in lane.rows)


def topics_of(lane: LaneReport) -> dict[str, Counter[State]]:
    """Topic -> counts of states, in catalogue order."""
    made: dict[str, Counter[State]] = {}
    for row in lane.rows:
        made.setdefault(row.requirement.topic, Counter())[state_of(lane, row)] += 1
    return made
