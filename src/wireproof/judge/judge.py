"""Judging: a transcript and the exchanges that were played in it become findings.

Two laws. Judging reads records and nothing else, so a live run and its journal give identical findings. What was not seen is
never green: a row that no finding names is not applicable for a declared reason, or unobserved.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from wireproof.judge.downfall import lost_since, met_errors, only_errors
from wireproof.judge.matching import Observation, astray, brief, first_fit, subset, under_another_id
from wireproof.judge.pack import Lens, Note, Pack
from wireproof.judge.scene import Scene
from wireproof.model.catalogue import Grade, Level, Requirement
from wireproof.model.exchange import Exchange, Expect, Silence
from wireproof.model.jsontext import ABSENT, JSON
from wireproof.model.verdict import RANK, Finding, Verdict, fingerprint
from wireproof.model.wire import Kind, Record, Transcript, Way

ROLE: Final = "server"
_INDEX: Final = re.compile(r"/\d+")
_UNREACHABLE: Final = ("refused", "dns", "tls")
_GONE: Final = ("dead", "exit", "closed")
"""Outcomes of waiting that show nothing but that the target stopped: of what was asked they say neither good nor bad."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """One connection with what was played in it. `purpose` is "main", "fresh" or "confirm"."""

    transcript: Transcript
    purpose: str
    exchanges: tuple[Exchange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """Everything of one revision and transport that judging needs."""

    lens: Lens
    pack: Pack
    requirements: Mapping[str, Requirement]
    played: tuple[Played, ...] = ()
    omitted: Mapping[str, str] = field(default_factory=dict)
    role: str = ROLE
    known: dict[tuple[str, int, int], list[Finding]] = field(default_factory=dict, compare=False, repr=False)
    """What was judged already, by transcript id and by how many records and exchanges it had then: judging is pure, so once is enough."""
    ends: dict[tuple[str, int], Record | None] = field(default_factory=dict, compare=False, repr=False)
    """Since when a web server was lost, by transcript id and how many records it had then."""

    def lost_in(self, transcript: Transcript) -> Record | None:
        """The record since which the web server was lost in that conversation, as far as it has gone."""
        key = transcript.id, len(transcript.records)
        if key not in self.ends:
            self.ends[key] = lost_since(transcript.records)
        return self.ends[key]


def judge_played(lane: Lane, played: Played) -> list[Finding]:
    """Scripted and ambient findings of one connection, with fingerprints; rows out of force are left out."""
    key = (played.transcript.id, len(played.transcript.records), len(played.exchanges))
    if key not in lane.known:
        found: list[Finding] = []
        for exchange in played.exchanges:
            found += scripted(exchange, played.transcript, lane)
        found += ambient(played, lane)
        lane.known[key] = [
            replace(one, transcript=played.transcript.id, fingerprint=_identity(lane, one))
            for one in found
            if one.requirement in lane.requirements
        ]
    return lane.known[key]


def likeness(one: Finding) -> tuple[str, str, str, str]:
    """What findings of different revisions have in common when they show the same thing: row, exchange or check, subject, place."""
    shown_by = one.exchange if one.check.startswith("expect") else one.check
    return one.requirement, shown_by, one.subject, _INDEX.sub("/*", one.pointer)


def _identity(lane: Lane, one: Finding) -> str:
    row, shown_by, subject, place = likeness(one)
    return fingerprint(
        protocol=lane.lens.revision.protocol,
        revision=lane.lens.revision.id,
        transport=lane.lens.transport,
        role=lane.role,
        requirement=row,
        exchange=shown_by,
        subject=subject,
        pointer=place,
    )


def scripted(exchange: Exchange, transcript: Transcript, lane: Lane) -> list[Finding]:
    """What the expectations of one exchange decide."""
    scene = Scene(exchange, transcript, lane.pack, lane.lens, lane.lost_in(transcript))
    if not scene.mine:
        return []
    found: list[Finding] = []
    gone = _lost_before(scene)
    for index, step in enumerate(exchange.steps):
        if not isinstance(step, Expect | Silence):
            continue
        if gone is None:
            judged, gone = _decide(index, step, scene, exchange, lane)
            found += judged
        else:
            found += _all(step, exchange, index, verdict=gone[0], why=gone[1], blocked_by=gone[2])
    return found


def _lost_before(scene: Scene) -> _Gone:
    """Had the target failed for good before the first step was sent?"""
    down = scene.down
    begun = next((one.seq for one in scene.mine if one.way is Way.OUT), None)
    if down is None or begun is None or begun < down.seq:
        return None
    return Verdict.BLOCKED, f"the target had failed by then: {_only_errors(down)}", f"record {down.seq}"


def _only_errors(down: Record) -> str:
    return f"every request since is answered with a server error, the first with status {down.meta.get('status')}"


def _all(step: Expect | Silence, exchange: Exchange, index: int, **parts: Any) -> list[Finding]:
    aspect = getattr(step, "aspect", None) or ""
    return [
        Finding(
            requirement=row,
            subject=exchange.subject or "",
            exchange=exchange.id,
            check=f"expect:{index + 1}",
            aspect=aspect,
            **parts,
        )
        for row in step.about
    ]


_Gone = tuple[Verdict, str, str] | None


def _decide(
    index: int, step: Expect | Silence, scene: Scene, exchange: Exchange, lane: Lane
) -> tuple[list[Finding], _Gone]:
    note = scene.awaits.get(index)
    if note is None:
        if scene.skipped is None:
            return [], None  # played on another connection of the exchange, or never: then the row stays unobserved
        why = str(scene.skipped.meta.get("why"))
        by = f"record {scene.skipped.seq}"
        if scene.skipped.meta.get("lawful"):
            return _all(step, exchange, index, verdict=Verdict.UNOBSERVED, why=why), None
        return _all(step, exchange, index, verdict=Verdict.BLOCKED, why=why, blocked_by=by), None
    if isinstance(step, Silence):
        return _silence(index, step, note, scene, exchange)
    seen, evidence = scene.observe(step, note)
    pattern, (pointer, miss) = first_fit(step.any_of, seen, _validator(lane))
    if pattern is not None:
        remark = pattern.remark or ""
        return _all(step, exchange, index, verdict=Verdict.PASSED, evidence=evidence, remark=remark), None
    if step.or_lawful:
        other, _ = first_fit(step.or_lawful, seen, _validator(lane))
        if other is not None:
            why = other.remark or "the target answered in another lawful way, which shows nothing of this row"
            return _all(step, exchange, index, verdict=Verdict.UNOBSERVED, why=why, evidence=evidence), (
                Verdict.UNOBSERVED,
                why,
                "",
            )
    if seen.outcome in ("timeout", "dead") and (out := scene.sent.get(step.of or "")) is not None:
        stray = astray(scene.records, out.seq, note.seq)
        miss, evidence = miss + under_another_id(stray), (*evidence, *((stray.seq,) if stray else ()))
    if not step.about:
        why = f"a prerequisite did not hold: {miss}"
        return [], (Verdict.BLOCKED, why, f"record {evidence[-1]}")
    if (seen.outcome in _GONE and not step.alive) or _lost(seen, scene, note):
        return _all(step, exchange, index, verdict=Verdict.BLOCKED, why=miss, blocked_by=f"record {note.seq}"), (
            Verdict.BLOCKED,
            miss,
            f"record {note.seq}",
        )
    why = f"{step.why}: {miss}" if step.why else miss
    failed = _all(step, exchange, index, verdict=Verdict.FAILED, why=why, evidence=evidence, pointer=pointer)
    return _excused(failed, step, scene, lane), None


def _excused(failed: list[Finding], step: Expect, scene: Scene, lane: Lane) -> list[Finding]:
    """The target had ended the session by then, which only advice speaks against: that it outlives what is malformed."""
    out = scene.sent.get(step.of or "")
    head = scene.heads.get(out.channel) if out is not None else None
    over = scene.dismissed
    if over is None or head is None or head.seq < over.seq or head.meta.get("status") != over.meta.get("status"):
        return failed
    why, by = "the target had ended the session, which it may at any time", f"record {over.seq}"
    return [
        one
        if (row := lane.requirements.get(one.requirement)) is not None and row.level is Level.ADVICE
        else replace(one, verdict=Verdict.BLOCKED, why=why, blocked_by=by, evidence=(), pointer="")
        for one in failed
    ]


def _lost(seen: Observation, scene: Scene, note: Record) -> bool:
    """Could nobody be reached, or did the target go for good while it answered? Then one row says so, and nothing is shown of the others."""
    if seen.outcome not in ("fault", "end"):
        return False
    faults = [one for one in scene.mine if one.seq < note.seq and one.kind is Kind.FAULT]
    if any((one.fault or "").startswith(_UNREACHABLE) for one in faults):
        return True
    seq = note.meta.get("seq")
    if seen.outcome == "end" and (seq is None or scene.records[seq].meta.get("complete") is not False):
        return False
    after = next((one for one in scene.records[note.seq :] if one.kind in (Kind.HEAD, Kind.FAULT)), None)
    return after is not None and (after.fault or "").startswith("refused")


def _silence(index: int, step: Silence, note: Record, scene: Scene, exchange: Exchange) -> tuple[list[Finding], _Gone]:
    outcome = note.meta.get("outcome")
    if outcome in _GONE:
        why = "the target stopped answering, so silence proves nothing"
        return _all(step, exchange, index, verdict=Verdict.BLOCKED, why=why, blocked_by=f"record {note.seq}"), None
    since = int(note.meta.get("since") or 0)
    window = [one for one in scene.records[since : note.seq] if one.way is Way.IN and one.kind is Kind.MESSAGE]
    noise: list[Record] = []
    if step.of is not None:
        seq = note.meta.get("seq")
        noise = [scene.records[seq]] if seq is not None else []
    elif step.match is not ABSENT:
        noise = [one for one in window if subset(step.match, one.message) is None]
    if not noise:
        evidence = tuple(one.seq for one in scene.mine if one.way is Way.OUT)[-2:]
        return _all(step, exchange, index, verdict=Verdict.PASSED, evidence=(*evidence, note.seq)), None
    why = f"{step.why + ': ' if step.why else ''}nothing may come here, but {brief(noise[0].message)} came"
    out = scene.sent.get(step.of or "")
    evidence = (*((out.seq,) if out else ()), noise[0].seq)
    return _all(step, exchange, index, verdict=Verdict.FAILED, why=why, evidence=evidence), None


def _validator(lane: Lane) -> Any:
    schemas = lane.lens.schemas

    def validate(schema: JSON, instance: JSON) -> list[tuple[str, str]]:
        if isinstance(schema, str):
            return [] if schemas.valid(schema, instance) else schemas.explain(schema, instance)
        return schemas.inline(schema, instance)

    return validate


def ambient(played: Played, lane: Lane, *, within: str | None = None) -> list[Finding]:
    """Every check of the pack over one conversation; equal occasions are one finding with a count. `within`: only what that span shows."""
    exchanges = {one.span: one for one in played.exchanges}
    talk = lane.pack.conversation(played.transcript, lane.lens, exchanges)
    records = played.transcript.records
    down = lane.lost_in(played.transcript)
    found: list[Finding] = []
    for check in lane.pack.checks:
        groups: dict[tuple[str, Verdict, str, str, str], list[Note]] = defaultdict(list)
        for note in check.body(talk):
            if within is not None and not any(records[seq].span == within for seq in note.seqs if seq < len(records)):
                continue
            if down is not None and not note.ok and note.seqs and min(note.seqs) > down.seq:
                continue  # shows only that it had failed
            row = note.requirement or check.rows[0]
            place = _INDEX.sub("/*", note.pointer)
            subject = "" if note.ok else note.subject
            verdict = Verdict.PASSED if note.ok else Verdict.ERRORED if note.ours else Verdict.FAILED
            groups[(row, verdict, subject, place, note.remark)].append(note)
        for (row, verdict, subject, _, remark), notes in groups.items():
            first = notes[0]
            spans = [
                next((records[seq].span for seq in reversed(one.seqs) if seq < len(records)), None) for one in notes
            ]
            exchange = exchanges.get(spans[0] or "")
            others = {one.id: one.span for each in reversed(spans) if (one := exchanges.get(each or "")) is not None}
            found.append(
                Finding(
                    requirement=row,
                    verdict=verdict,
                    why=first.why,
                    subject=subject,
                    check=check.name,
                    exchange=exchange.span if exchange else "",
                    evidence=first.seqs,
                    pointer=first.pointer,
                    remark=remark,
                    diff=first.diff,
                    occasions=len(notes),
                    elsewhere=tuple(each for name, each in others.items() if exchange is None or name != exchange.id)
                    if verdict is Verdict.FAILED
                    else (),
                )
            )
    return found


def heard(lane: Lane) -> list[Played]:
    """The sessions that count. Nothing obliges a server to serve a second session beside the first: where it turned one away, or could
    not be started twice, that session shows nothing, and neither do those that were opened in ways of their own."""
    met = [one for one in lane.played if one.purpose == "main" or not _turned_down(one.transcript)]
    met = [one for one in met if one.purpose != "confirm" or not only_errors(one.transcript.records)]
    opened = [lane.pack.opened(one.transcript) for one in met]
    if not (True in opened and False in opened):
        return met
    return [
        one
        for one, was in zip(met, opened, strict=True)
        if was or (was is None and one.purpose not in ("fresh", "confirm"))
    ]


def _turned_down(transcript: Transcript) -> bool:
    """Was every connection refused? What is not there any more shows nothing, when it is tried again."""
    refused = any(one.kind is Kind.FAULT and (one.fault or "").startswith("refused") for one in transcript.records)
    return refused and not any(one.way is Way.IN for one in transcript.records)


def worth_repeating(lane: Lane, one: Finding) -> bool:
    """Advice about wording fails nobody, so it is not worth a process; that a target stopped answering is, whatever the level."""
    row = lane.requirements[one.requirement]
    return one.verdict is Verdict.FAILED and (row.level is not Level.ADVICE or row.grade is Grade.ROBUST)


def _binds(lane: Lane, one: Finding) -> bool:
    return lane.requirements[one.requirement].level is not Level.ADVICE


def needing_confirmation(lane: Lane) -> list[tuple[Finding, Exchange | None]]:
    """Failed findings of what was played once, each with the exchange that shows it (None: the opening alone)."""
    wanted: list[tuple[Finding, Exchange | None]] = []
    for played in heard(lane):
        if played.purpose == "confirm":
            continue
        by_span = {one.span: one for one in played.exchanges} | {one.id: one for one in played.exchanges}
        for one in judge_played(lane, played):
            if worth_repeating(lane, one):
                wanted.append((one, by_span.get(f"{one.exchange}[{one.subject}]", by_span.get(one.exchange))))
    return wanted


def _confirmations(lane: Lane) -> tuple[dict[str, Finding], set[str]]:
    """(what failed again, by fingerprint; spans and ids of what was played again)."""
    confirmed: dict[str, Finding] = {}
    retried: set[str] = set()
    for played in heard(lane):
        if played.purpose != "confirm":
            continue
        retried |= {name for one in played.exchanges for name in (one.span, one.id)} or {""}
        for one in judge_played(lane, played):
            if one.verdict is Verdict.FAILED:
                confirmed.setdefault(one.fingerprint, one)
    return confirmed, retried


def unrepeated(lane: Lane) -> list[str]:
    """Spans of exchanges that failed in a shared session, were played again, and did not fail again so far."""
    confirmed, retried = _confirmations(lane)
    spans = {
        exchange.span: None
        for one, exchange in needing_confirmation(lane)
        if exchange is not None and one.fingerprint not in confirmed and exchange.span in retried
    }
    return list(spans)


def shown_elsewhere(lane: Lane) -> list[Exchange]:
    """Exchanges that showed what another was played again for in vain: there it may need less of what came before."""
    confirmed, retried = _confirmations(lane)
    wanted: dict[str, Exchange] = {}
    for played in heard(lane):
        if played.purpose == "confirm":
            continue
        by_span = {one.span: one for one in played.exchanges}
        for one in judge_played(lane, played):
            if worth_repeating(lane, one) and one.fingerprint not in confirmed and one.exchange in retried:
                wanted |= {span: by_span[span] for span in one.elsewhere if span in by_span and span not in retried}
    return list(wanted.values())


def settle(lane: Lane) -> list[Finding]:
    """Final findings: what failed counts if another session repeats it, and is flaky otherwise; uncovered rows are told why."""
    confirmed, retried = _confirmations(lane)
    lost = any(lane.lost_in(one.transcript) is not None for one in lane.played)
    final: list[Finding] = []
    for played in heard(lane):
        if played.purpose == "confirm":
            continue
        for one in judge_played(lane, played):
            if one.verdict is not Verdict.FAILED:
                final.append(one)
            elif one.fingerprint in confirmed:
                final.append(replace(confirmed[one.fingerprint], occasions=one.occasions, elsewhere=()))
            elif one.exchange in retried or f"{one.exchange}[{one.subject}]" in retried:
                why = f"failed once, not when repeated: {one.why}"
                final.append(replace(one, verdict=Verdict.UNOBSERVED, flaky=True, why=why, elsewhere=()))
            elif lost and _binds(lane, one) and met_errors(played.transcript.records, one.evidence):
                why = f"the target was lost at about that time, so this shows nothing: {one.why}"
                final.append(replace(one, verdict=Verdict.BLOCKED, why=why, blocked_by="server errors", elsewhere=()))
            else:
                final.append(replace(one, elsewhere=()))
    final = [one for one in _merged(final) if _counts(lane, one)]
    return final + list(_uncovered(lane, {one.requirement for one in final}))


def _counts(lane: Lane, one: Finding) -> bool:
    """A row that does not apply is told so, whatever was seen in passing; only what is broken is said all the same."""
    if _barred(lane, lane.requirements[one.requirement]):
        return False
    if one.verdict in (Verdict.FAILED, Verdict.ERRORED):
        return True
    return lane.pack.applies(lane.requirements[one.requirement], lane.lens.facts) is None


def _merged(findings: Iterable[Finding]) -> list[Finding]:
    """The same fingerprint from several sessions is one finding (passed ones are summed)."""
    merged: dict[tuple[str, str, str], Finding] = {}
    for one in findings:
        key = (one.fingerprint, one.verdict.value, one.remark)
        old = merged.get(key)
        merged[key] = one if old is None else replace(old, occasions=old.occasions + one.occasions)
    return list(merged.values())


def _barred(lane: Lane, requirement: Requirement) -> bool:
    """Where the target refuses whom it does not know, only rows about that can be judged."""
    told = lane.lens.facts.get("refused")
    return bool(told) and (not requirement.needs or lane.pack.applies(requirement, lane.lens.facts) is not None)


def _uncovered(lane: Lane, named: set[str]) -> Iterator[Finding]:
    for row, requirement in lane.requirements.items():
        reason = lane.pack.applies(requirement, lane.lens.facts)
        if row in named:
            continue
        if _barred(lane, requirement):
            why = str(lane.lens.facts.get("refused"))
            yield Finding(requirement=row, verdict=Verdict.BLOCKED, why=why, blocked_by="status 401")
        elif reason is not None:
            yield Finding(requirement=row, verdict=Verdict.NOT_APPLICABLE, why=reason)
        else:
            why = lane.omitted.get(row) or requirement.reason or _WHY_NOT.get(requirement.testable.value, _NOTHING)
            yield Finding(requirement=row, verdict=Verdict.UNOBSERVED, why=why)


_NOTHING: Final = "no occasion arose"
_WHY_NOT: Final = {
    "fixture": "needs a target that cooperates (a purpose-built tool or server)",
    "client": "shows only when a client is tested",
    "manual": "cannot be seen on the wire",
}


def verdict_of(findings: Sequence[Finding]) -> Verdict:
    """The verdict of one row; one that has aspects passes only with each of them, which `settle` has seen to."""
    present = {one.verdict for one in findings}
    return next(one for one in RANK if one in present)


def by_requirement(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    rows: dict[str, list[Finding]] = defaultdict(list)
    for one in findings:
        rows[one.requirement].append(one)
    return dict(rows)
