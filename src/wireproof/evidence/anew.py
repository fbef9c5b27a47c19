"""The second depth of checking: are the verdicts of a bundle those that its transcript gives? It is judged again and compared, row by row."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wireproof.engine.rejudge import gather, rejudge
from wireproof.engine.suite import Suite
from wireproof.evidence.files import JOURNAL, REPORT
from wireproof.model.errors import UsageError
from wireproof.model.events import Event, Judged
from wireproof.report.json import report_value
from wireproof.report.matrix import fold

_SAYS = (
    "verdict",
    "why",
    "subject",
    "exchange",
    "check",
    "evidence",
    "fingerprint",
    "occasions",
    "remark",
    "diff",
    "aspect",
    "flaky",
)
_ASTRAY = (LookupError, StopIteration, TypeError, ValueError, AttributeError, RecursionError)
_MEMBERS = ("counts", "class", "survey", "partial", "protocol", "role", "set")


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """Where a report and the transcript part. `pointer` into the report; `stored` and `anew` are what each says; `evidence` names the line and
    the bytes of the transcript that the new verdict rests upon, empty where it rests on none."""

    pointer: str
    subject: str
    stored: str
    anew: str
    evidence: str = ""

    def __str__(self) -> str:
        text = (
            f"{self.subject}: the report says {self.stored}, the transcript gives {self.anew} ({REPORT}{self.pointer})"
        )
        return f"{text}; see {self.evidence}" if self.evidence else text


def judged_anew(events: Sequence[Event], suite: Suite) -> Mapping[str, Any]:
    """The JSON report that the transcript of these events gives with the checks that are here; nothing is played. UsageError for events that
    hang together in no way that a run of wireproof has."""
    try:
        fresh = {(one.revision, one.transport): one for one in rejudge(gather(events), suite)}
        replaced = [fresh.get((one.revision, one.transport), one) if isinstance(one, Judged) else one for one in events]
        return report_value(fold(replaced, suite.catalogue))
    except _ASTRAY as error:  # the events conform to their schema, but somebody else may have written them
        raise UsageError(
            f"the transcript cannot be judged: no run of wireproof leaves such a one ({type(error).__name__}: {error})",
            where=JOURNAL,
        ) from None


def disagreements(report: Mapping[str, Any], anew: Mapping[str, Any], journal: bytes) -> Iterator[Disagreement]:
    """Where the two reports part, in the order of the first. `journal`: the text that the second was made of."""
    lines = _Lines(journal)
    after = {(run["revision"], run["transport"]): run for run in anew["runs"]}
    for index, run in enumerate(report["runs"]):
        place = f"{run['revision']} over {run['transport']}"
        other = after.pop((run["revision"], run["transport"]), None)
        if other is None:
            yield Disagreement(pointer=f"/runs/{index}", subject=place, stored="it was judged", anew="nothing of it")
            continue
        yield from _rows(run, other, f"/runs/{index}", place, lines)
        for name in _MEMBERS:
            if run.get(name) != other.get(name):
                yield Disagreement(
                    pointer=f"/runs/{index}/{name}",
                    subject=f"{name} of {place}",
                    stored=_brief(run.get(name)),
                    anew=_brief(other.get(name)),
                )
    for revision, transport in after:
        yield Disagreement(
            pointer="/runs", subject=f"{revision} over {transport}", stored="nothing of it", anew="that it was judged"
        )
    for name in report:
        if name != "runs" and report[name] != anew.get(name):
            yield Disagreement(
                pointer=f"/{name}", subject=name, stored=_brief(report[name]), anew=_brief(anew.get(name))
            )


def _rows(
    run: Mapping[str, Any], other: Mapping[str, Any], where: str, place: str, lines: _Lines
) -> Iterator[Disagreement]:
    after = {row["id"]: row for row in other["requirements"]}
    for index, row in enumerate(run["requirements"]):
        new = after.pop(row["id"], None)
        here, subject = f"{where}/requirements/{index}", f"{row['id']} in {place}"
        if new is None:
            yield Disagreement(pointer=here, subject=subject, stored=row["verdict"], anew="nothing of it")
        elif row["verdict"] != new["verdict"]:
            evidence = lines.of(new) or lines.of(row)
            yield Disagreement(
                pointer=f"{here}/verdict",
                subject=subject,
                stored=row["verdict"],
                anew=new["verdict"],
                evidence=evidence,
            )
        elif (parts := _findings(row, new)) is not None:
            yield Disagreement(
                pointer=f"{here}/findings", subject=subject, stored=parts[0], anew=parts[1], evidence=lines.of(new)
            )
    for name, row in after.items():
        yield Disagreement(
            pointer=f"{where}/requirements", subject=f"{name} in {place}", stored="nothing of it", anew=row["verdict"]
        )


def _findings(row: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, str] | None:
    """What findings of one row say differently, the first of it; their order means nothing."""
    mine, others = ([{name: one.get(name) for name in _SAYS} for one in each["findings"]] for each in (row, new))
    left = [one for one in mine if one not in others]
    right = [one for one in others if one not in mine]
    if not left and not right and len(mine) == len(others):
        return None
    if not left or not right:
        return f"{len(mine)} findings", f"{len(others)}"
    name = next((name for name in _SAYS if left[0][name] != right[0][name]), "verdict")
    return f"{name} {_brief(left[0][name])}", _brief(right[0][name])


def _brief(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=True)
    return text if len(text) <= 120 else f"{text[:117]}..."


class _Lines:
    """Where in the journal each record stands; looked through once, and only when somebody asks."""

    def __init__(self, journal: bytes) -> None:
        self._journal = journal
        self._places: dict[tuple[str, int], tuple[int, int, int]] = {}

    def of(self, row: Mapping[str, Any]) -> str:
        """The last record that the row's verdict rests upon, in words; empty where there is none."""
        found = [
            one["evidence"]
            for one in row["findings"]
            if one["verdict"] == row["verdict"] and one["evidence"]["records"]
        ]
        if not found:
            return ""
        evidence = found[0]
        if not self._places:
            self._read()
        key = evidence["transcript"], evidence["records"][-1]
        if key not in self._places:
            return f"record {key[1]} of {key[0]}, which {JOURNAL} does not have"
        number, first, last = self._places[key]
        pointer = f", at {evidence['pointer']} of its message" if evidence["pointer"] else ""
        return f"{JOURNAL}:{number} (bytes {first} to {last}: record {key[1]} of {key[0]}{pointer})"

    def _read(self) -> None:
        first = 0
        for number, line in enumerate(self._journal.split(b"\n"), 1):
            if line.startswith(b'{"event":"record"'):
                value = json.loads(line)
                self._places[value["transcript"], value["seq"]] = (number, first, first + len(line) - 1)
            first += len(line) + 1
