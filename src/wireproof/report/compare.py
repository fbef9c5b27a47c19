"""Two reports beside each other: what is new, fixed, changed, gone. An exit code for gates."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from wireproof.model.errors import UsageError
from wireproof.model.verdict import Finding, Verdict
from wireproof.report.baseline import played_in
from wireproof.report.matrix import EXIT_FINDINGS, EXIT_OK, LaneReport, Report, Row, counted_levels

FORMAT: Final = 1
_JUDGED: Final = (Verdict.PASSED, Verdict.FAILED)


class Change(StrEnum):
    """NEW: fails now and did not. FIXED: failed, and its row was judged again without that failure. GONE: failed, and its row was not judged
    again. CHANGED: another verdict that is none of these."""

    NEW = "new"
    FIXED = "fixed"
    CHANGED = "changed"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One difference. `fingerprint`, `subject` and `why` are those of the failure, empty for a changed verdict; `excused` says that a
    baseline has the failure on record; verdicts are empty where a report does not have the row."""

    change: Change
    requirement: str
    level: str
    revision: str
    transport: str
    before: str
    after: str
    subject: str = ""
    fingerprint: str = ""
    why: str = ""
    excused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """All differences, in the order of the catalogue, and sentences about what makes the two hard to compare."""

    differences: tuple[Difference, ...]
    notes: tuple[str, ...]

    def of(self, change: Change) -> tuple[Difference, ...]:
        return tuple(one for one in self.differences if one.change is change)

    def exit_code(self, *, strict: bool = False) -> int:
        """1 when a MUST (with `strict` a SHOULD too) fails newly and no baseline has it on record, else 0."""
        red = any(
            one.level.split(" ")[0] in counted_levels(strict=strict) and not one.excused for one in self.of(Change.NEW)
        )
        return EXIT_FINDINGS if red else EXIT_OK


def compare(before: Report, after: Report) -> Comparison:
    """UsageError when one of the two judged nothing: that would look as if all were well."""
    for name, report in (("first", before), ("second", after)):
        if not report.lanes:
            raise UsageError(f"the {name} report judged nothing, so there is nothing to compare")
    return Comparison(differences=tuple(_differences(before, after)), notes=tuple(_notes(before, after)))


_Key = tuple[str, str, str]


def _rows(report: Report) -> dict[_Key, tuple[LaneReport, Row]]:
    return {
        (row.requirement.id, lane.revision, lane.transport): (lane, row) for lane in report.lanes for row in lane.rows
    }


def _failed(row: Row | None) -> dict[str, Finding]:
    if row is None:
        return {}
    return {one.fingerprint: one for one in row.findings if one.verdict is Verdict.FAILED}


def _differences(before: Report, after: Report) -> Iterator[Difference]:
    old, new = _rows(before), _rows(after)
    for key in dict.fromkeys([*new, *old]):
        then, now = old.get(key), new.get(key)
        lane, row = now or then or _never()
        place: dict[str, Any] = {
            "requirement": row.requirement.id,
            "level": row.requirement.level.value,
            "revision": lane.revision,
            "transport": lane.transport,
            "before": then[1].verdict.value if then else "",
            "after": now[1].verdict.value if now else "",
        }
        failed, fails = _failed(then[1] if then else None), _failed(now[1] if now else None)
        for name, one in fails.items():
            if name not in failed:
                excused = after.weighed is not None and after.weighed.excuses(one)
                yield Difference(change=Change.NEW, **place, **_shown(one), excused=excused)
        for name, one in failed.items():
            if name not in fails:
                shown = not after.played or not one.exchange or one.exchange in played_in(after, lane)
                change = Change.FIXED if shown and _judged_again(then, now) else Change.GONE
                yield Difference(change=change, **place, **_shown(one))
        if then and now and not failed and not fails and then[1].verdict is not now[1].verdict:
            yield Difference(change=Change.CHANGED, **place)


def _never() -> tuple[LaneReport, Row]:
    raise AssertionError("a key comes from one of the two")


def _shown(one: Finding) -> dict[str, Any]:
    return {"subject": one.subject, "fingerprint": one.fingerprint, "why": one.why}


def _judged_again(then: tuple[LaneReport, Row] | None, now: tuple[LaneReport, Row] | None) -> bool:
    """Was the row judged with all that showed the failure before?"""
    if then is None or now is None or now[1].verdict not in _JUDGED or now[1].flaky:
        return False
    return not now[0].left_out or dict(now[0].left_out) == dict(then[0].left_out)


def _notes(before: Report, after: Report) -> Iterator[str]:
    one, two = before.started, after.started
    if one is not None and two is not None and one.suite.get("digest") != two.suite.get("digest"):
        yield "the two were judged by different suites, so what changed may be the suite's doing"
    if one is not None and two is not None and one.target.get("name") != two.target.get("name"):
        yield f"the two are of different targets: {one.target.get('name')} and {two.target.get('name')}"
    for name, report in (("first", before), ("second", after)):
        if report.finished is None or report.finished.interrupted:
            yield f"the {name} run was interrupted: it shows nothing of what it did not reach"
        elif any(lane.left_out for lane in report.lanes):
            yield f"the {name} run played only a selection"
    lanes = [{(lane.revision, lane.transport) for lane in report.lanes} for report in (before, after)]
    for revision, transport in sorted(lanes[0] - lanes[1]):
        yield f"{revision} over {transport} was judged in the first report only"
    for revision, transport in sorted(lanes[1] - lanes[0]):
        yield f"{revision} over {transport} is judged in the second report only, so its failures count as new"


def comparison_value(made: Comparison, before: Report, after: Report, *, strict: bool = False) -> dict[str, Any]:
    """As schemas/wireproof/compare.schema.json has it."""
    return {
        "format": FORMAT,
        "before": _identity(before),
        "after": _identity(after),
        "exit_code": made.exit_code(strict=strict),
        "notes": list(made.notes),
        "counts": {change.value: len(made.of(change)) for change in Change},
        **{change.value: [_value(one) for one in made.of(change)] for change in Change},
    }


def _identity(report: Report) -> dict[str, Any]:
    started = report.started
    target: Mapping[str, Any] = started.target if started else {}
    return {
        "target": str(target.get("name", "")),
        "started_at": started.started_at if started else "",
        "suite": started.suite.get("digest", "") if started else "",
    }


def _value(one: Difference) -> dict[str, Any]:
    made: dict[str, Any] = {
        "requirement": one.requirement,
        "level": one.level,
        "revision": one.revision,
        "transport": one.transport,
        "before": one.before,
        "after": one.after,
    }
    for name in ("subject", "fingerprint", "why"):
        if text := getattr(one, name):
            made[name] = text
    return made | ({"known": True} if one.excused else {})


def comparison_text(made: Comparison, before: Report, after: Report, *, strict: bool = False) -> str:
    """Pretty JSON with a final newline."""
    return json.dumps(comparison_value(made, before, after, strict=strict), indent=1, ensure_ascii=True) + "\n"
