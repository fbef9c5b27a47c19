"""Does a JSON report agree with itself and with this suite? It carries no digest of its own, so everything that it says twice is
reckoned again: verdicts from findings, counts and classes from verdicts, rows from the requirement set.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from wireproof.judge.judge import likeness, verdict_of
from wireproof.library.catalogue import Catalogue
from wireproof.library.shelf import digest
from wireproof.library.validity import in_future
from wireproof.model.verdict import Finding, Verdict, fingerprint
from wireproof.report.json import class_value, set_name
from wireproof.report.matrix import EXIT_NOTHING, EXIT_OK, LaneReport, Report
from wireproof.report.reading import report_of

_CUT: Final = ("stopped", "gone")
"""Levels of sentences which say that a run ended before its time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What of the suite a report is held against. `judged` gives the ids of rows that it can decide in a revision and transport;
    `exchanges` are the ids of its exchanges."""

    catalogue: Catalogue
    judged: Callable[[str, str], Collection[str]]
    exchanges: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something in a report that cannot be so. `pointer`: where in the report, a JSON Pointer."""

    pointer: str
    message: str

    def __str__(self) -> str:
        return f"{self.pointer or '/'}: {self.message}"


def same_suite(value: Mapping[str, Any]) -> bool:
    """Was the report made with the suite that is here?"""
    return bool(value["suite"].get("digest") == digest())


def started_at(value: Mapping[str, Any]) -> datetime | None:
    """When the run began; None when the report does not say it."""
    try:
        began = datetime.fromisoformat(value["started_at"])
    except ValueError:
        return None
    return began if began.tzinfo is not None else began.replace(tzinfo=UTC)


def own_exchanges(run: Mapping[str, Any], rules: Rules) -> tuple[str, ...]:
    """Exchanges that decided something in a run and are none of the suite's."""
    named = {one["exchange"].partition("[")[0] for row in run["requirements"] for one in row["findings"]}
    return tuple(sorted(named - rules.exchanges - {""}))


def marks(value: Mapping[str, Any], run: Mapping[str, Any], rules: Rules) -> tuple[str, ...]:
    """What makes a run less than the whole: filtered, baseline, interrupted, cut short, own exchanges."""
    found = [
        ("filtered", run.get("partial", False)),
        ("baseline", "baseline" in value),
        ("interrupted", value["interrupted"]),
        ("cut short", any(one["level"] in _CUT for one in value["told"])),
        ("own exchanges", bool(own_exchanges(run, rules))),
    ]
    return tuple(name for name, holds in found if holds)


def lanes_of(value: Mapping[str, Any], rules: Rules) -> list[LaneReport]:
    """The runs of a report of this suite, with the rows that classes are counted over; in the order of the report."""
    made = []
    for lane, run in zip(report_of(value, rules.catalogue).lanes, value["runs"], strict=True):
        decided = {
            row["id"]
            for row in run["requirements"]
            for one in row["findings"]
            if one["exchange"].partition("[")[0] not in {*rules.exchanges, ""}
        }
        made.append(replace(lane, judged=frozenset(rules.judged(lane.revision, lane.transport)) | decided))
    return made


def faults(value: Mapping[str, Any], rules: Rules, *, now: datetime) -> Iterator[Fault]:
    """What in a report cannot be so; nothing for one as wireproof writes it. The report conforms to report.schema.json and was made
    with this suite (`same_suite`)."""
    began = started_at(value)
    if began is None:
        yield Fault(pointer="/started_at", message="does not say when the run began")
    elif in_future(began, now):
        yield Fault(pointer="/started_at", message=f"the run began in the future: {value['started_at']}")
    places: set[tuple[str, str]] = set()
    rows_are_ours = True
    for index, run in enumerate(value["runs"]):
        place = run["revision"], run["transport"]
        if place in places:
            yield Fault(pointer=f"/runs/{index}", message=f"{place[0]} over {place[1]} stands twice")
        places.add(place)
        if run["revision"] not in {one.id for one in rules.catalogue.revisions}:
            yield Fault(pointer=f"/runs/{index}/revision", message=f"there is no revision {run['revision']!r}")
            rows_are_ours = False
            continue
        strange = list(_rows(run, f"/runs/{index}", value["suite"], rules))
        yield from strange
        rows_are_ours = rows_are_ours and not strange
    if rows_are_ours:  # else what is reckoned from the rows says nothing new
        yield from _reckoned(value, rules)


def _rows(run: Mapping[str, Any], where: str, suite: Mapping[str, Any], rules: Rules) -> Iterator[Fault]:
    if run["set"] != set_name(run["protocol"], run["revision"], suite):
        yield Fault(pointer=f"{where}/set", message=f"{run['set']!r} is not the requirement set of this suite")
    owed = {one.id: one for one in rules.catalogue.in_force(run["revision"], run["role"], run["transport"])}
    ids = [row["id"] for row in run["requirements"]]
    for name, count in Counter(ids).items():
        if count > 1:
            yield Fault(pointer=f"{where}/requirements", message=f"{name} stands {count} times")
    if missing := [] if run.get("partial") else [name for name in owed if name not in ids]:
        yield Fault(
            pointer=f"{where}/requirements",
            message=f"{missing[0]} is missing{f' and {len(missing) - 1} more' if missing[1:] else ''}, although nothing was left out",
        )
    for index, row in enumerate(run["requirements"]):
        here = f"{where}/requirements/{index}"
        known = owed.get(row["id"])
        if known is None:
            yield Fault(pointer=f"{here}/id", message=f"{row['id']!r} is not owed in {run['revision']}")
            continue
        for name, ours in (("level", known.level.value), ("title", known.title), ("source", known.source)):
            if row[name] != ours:
                yield Fault(pointer=f"{here}/{name}", message=f"of {row['id']} is another in this suite: {ours}")
        yield from _findings(row, here, run)


def _findings(row: Mapping[str, Any], here: str, run: Mapping[str, Any]) -> Iterator[Fault]:
    found = [
        Finding(
            requirement=row["id"],
            verdict=Verdict(one["verdict"]),
            subject=one["subject"],
            exchange=one["exchange"],
            check=one["check"],
            pointer=one["evidence"]["pointer"],
            flaky=one.get("flaky", False),
            fingerprint=one["fingerprint"],
        )
        for one in row["findings"]
    ]
    for index, one in enumerate(found):
        if one.fingerprint and one.fingerprint != _identity(one, run):
            where = f"{here}/findings/{index}/fingerprint"
            yield Fault(pointer=where, message=f"{one.fingerprint} is not the fingerprint of this finding")
    if row["verdict"] != (ours := verdict_of(found).value):
        yield Fault(pointer=f"{here}/verdict", message=f"{row['id']} is {row['verdict']}, its findings say {ours}")


def _identity(one: Finding, run: Mapping[str, Any]) -> str:
    requirement, shown_by, subject, place = likeness(one)
    return fingerprint(
        protocol=run["protocol"],
        revision=run["revision"],
        transport=run["transport"],
        role=run["role"],
        requirement=requirement,
        exchange=shown_by,
        subject=subject,
        pointer=place,
    )


def _reckoned(value: Mapping[str, Any], rules: Rules) -> Iterator[Fault]:
    lanes = lanes_of(value, rules)
    for index, (lane, run) in enumerate(zip(lanes, value["runs"], strict=True)):
        ours = {(level, name): count for level, counts in lane.counts().items() for name, count in counts.items()}
        said = {(level, name): count for level, counts in run["counts"].items() for name, count in counts.items()}
        for level, name in sorted(key for key in {*ours, *said} if ours.get(key, 0) != said.get(key, 0)):
            message = f"says {said.get((level, name), 0)}, the rows are {ours.get((level, name), 0)}"
            yield Fault(pointer=f"/runs/{index}/counts/{level}/{name}", message=message)
        if not own_exchanges(run, rules) and run["class"] != (reached := class_value(lane)):
            yield Fault(
                pointer=f"/runs/{index}/class", message=f"{_shown(run['class'])}, the rows make it {_shown(reached)}"
            )
    if "baseline" not in value and lanes and value["exit_code"] != (code := _code(value, lanes)):
        yield Fault(pointer="/exit_code", message=f"says {value['exit_code']}, the rows make it {code}")


def _shown(reached: Mapping[str, Any]) -> str:
    name, counted = reached["name"] or "no class", f"{reached['passed']}/{reached['applicable']}"
    return f"{name} {counted}, {reached['unobserved']} not observed"


def _code(value: Mapping[str, Any], lanes: list[LaneReport]) -> int:
    report = Report(lanes=lanes, told=[])
    code = report.exit_code()
    gone = any(one["level"] == "gone" for one in value["told"])
    return 1 if gone and code in (EXIT_OK, EXIT_NOTHING) else code
