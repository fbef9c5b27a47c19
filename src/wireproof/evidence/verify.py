"""The first depth of checking, offline: signature, digests, schemas, and whether the files agree with each other and with the suite.

Each step needs the one before; what a step finds is said with its place. Whether the verdicts are right is another question
(`evidence.anew`), and whether the target would show them again a third (`wireproof reproduce`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from wireproof.evidence.bundle import finished_events, parsed, payload_of, remade, strict
from wireproof.evidence.digests import Place, difference, digest_value, first_difference, sha256
from wireproof.evidence.dsse import PAYLOAD_TYPE, Envelope, unseal
from wireproof.evidence.files import (
    CAPS,
    CONFIGURATION,
    DIGESTS,
    JOURNAL,
    KEY,
    OPTIONAL,
    REPORT,
    SIGSTORE,
    STATEMENT,
    TRANSCRIPT,
    Damaged,
    size_text,
    unpacked,
)
from wireproof.evidence.keyless import Identity, verified
from wireproof.evidence.keys import PublicKey, public_key_of
from wireproof.evidence.statement import MEDIA, configuration_value, differences, statement_value
from wireproof.library.schemas import own_problem
from wireproof.model.errors import UsageError
from wireproof.model.events import Event
from wireproof.report.soundness import Rules, faults, same_suite

_FEW: Final = 5
_ASTRAY: Final = (UsageError, LookupError, StopIteration, TypeError, ValueError, AttributeError, RecursionError)
"""What files that somebody else made or altered raise where they are read before they are checked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One step: `faults` is empty when it holds, and `notes` tell what was seen all the same."""

    name: str
    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class Verified:
    """What came of it. The members after `checks` are there as far as the steps went."""

    checks: list[Check] = field(default_factory=list)
    statement: Mapping[str, Any] = field(default_factory=dict)
    report: Mapping[str, Any] = field(default_factory=dict)
    journal: bytes = b""
    events: Sequence[Event] = ()

    @property
    def holds(self) -> bool:
        return not any(one.faults for one in self.checks)


def verify(
    files: Mapping[str, bytes],
    rules: Callable[[str], Rules],
    keys: Sequence[PublicKey],
    *,
    now: datetime,
    identity: Identity | None = None,
) -> Verified:
    """Checks the files of a bundle. `keys`: one of them must have signed it; none: the key that it brings along, which shows that nothing
    was altered since, but not who signed. `identity`: who must have signed it by sigstore. `rules` gives the suite of a protocol.
    UsageError for a format of another version, or without the library for signatures."""
    made = Verified()
    held = dict(files)
    opened: list[Envelope] = []
    steps: tuple[tuple[str, Callable[[], Iterator[str | Check]]], ...] = (
        ("files", lambda: _files(held)),
        ("signature", lambda: _signature(held, keys, opened)),
        *((("sigstore", lambda: _sigstore(held, opened[0], identity)),) if SIGSTORE in held or identity else ()),
        ("statement", lambda: _statement(opened[0], made)),
        ("digests", lambda: _digests(held, made, rules)),
        ("schemas", lambda: _schemas(held, made)),
        ("agreement", lambda: _agreement(held, made, rules, now)),
    )
    for name, step in steps:
        found = list(step())
        wrong = tuple(one for one in found if isinstance(one, str))
        notes = tuple(note for one in found if isinstance(one, Check) for note in one.notes)
        made.checks.append(Check(name=name, faults=wrong, notes=notes))
        if wrong:
            break
    return made


def _note(text: str) -> Check:
    return Check(name="", notes=(text,))


def _files(held: dict[str, bytes]) -> Iterator[str | Check]:
    for name in CAPS.keys() - OPTIONAL:
        if name not in held:
            yield f"{name} is missing"
    yield _note(f"{len(held)} files, {size_text(sum(map(len, held.values())))}")


def _signature(held: Mapping[str, bytes], keys: Sequence[PublicKey], opened: list[Envelope]) -> Iterator[str | Check]:
    try:
        envelope = unseal(parsed(held[STATEMENT], "envelope"))
    except ValueError as error:
        yield f"{STATEMENT}: {error}"
        return
    opened.append(envelope)
    vouched = ""
    if not keys:
        try:
            keys = [public_key_of(held[KEY], KEY)]
        except UsageError as error:
            if not error.where:  # the library is not there
                raise
            yield f"{KEY} {error.message}"
            return
        vouched = ", from the bundle itself: nothing shows whose it is (--key)"
    holding = [one for one in keys if envelope.signed_by(one)]
    if not holding:
        if (place := _in_payload(envelope, held, keys)) is not None:
            yield f"{STATEMENT} was altered since it was signed: its payload differs {place}"
            return
        names = ", ".join(keyid[:16] or "no name" for keyid, _ in envelope.signatures)
        wanted = ", ".join(one.keyid[:16] for one in keys)
        yield f"{STATEMENT} is not signed by the key {wanted}, or was altered (its signature names the key {names})"
        return
    yield from (_note(f"Ed25519 key {one.keyid[:16]}{vouched}") for one in holding)


def _sigstore(held: Mapping[str, bytes], envelope: Envelope, identity: Identity | None) -> Iterator[str | Check]:
    if SIGSTORE not in held:
        yield f"{SIGSTORE} is missing, so nothing shows who signed"
    elif identity is None:
        yield _note("not looked at: --identity and --issuer say whose signature it should be")
    else:
        try:
            payload = verified(held[SIGSTORE], identity)
        except ValueError as error:
            yield f"{SIGSTORE}: {error}"
            return
        if payload != envelope.payload:
            yield f"{SIGSTORE} is about another statement than {STATEMENT}: it differs {difference(payload, envelope.payload)}"
        else:
            yield _note(f"{identity.name}, says {identity.issuer}")


def _in_payload(envelope: Envelope, held: Mapping[str, bytes], keys: Sequence[PublicKey]) -> Place | None:
    """Where a payload differs from what the files make it, if that is what one of the keys signed."""
    try:
        theirs = strict(envelope.payload)
        files = {**held, JOURNAL: unpacked(held[TRANSCRIPT])}
        ours = statement_value(
            strict(held[REPORT]), files, subjects=theirs["subject"][1:], url=theirs["predicate"].get("url", "")
        )
    except (*_ASTRAY, Damaged):
        return None
    payload = payload_of(ours)
    known = replace(envelope, payload=payload, payload_type=PAYLOAD_TYPE)
    return difference(envelope.payload, payload) if any(known.signed_by(one) for one in keys) else None


def _statement(envelope: Envelope, made: Verified) -> Iterator[str | Check]:
    try:
        made.statement = parsed(envelope.payload, "statement")
    except ValueError as error:
        yield f"the statement: {error}"
        return
    yield _note(f"result {made.statement['predicate']['result']}")


def _digests(held: dict[str, bytes], made: Verified, rules: Callable[[str], Rules]) -> Iterator[str | Check]:
    entries = {
        one.get("name"): one.get("digest", {}).get("sha256") for one in made.statement["predicate"]["configuration"]
    }
    try:
        held[JOURNAL] = unpacked(held[TRANSCRIPT])
    except Damaged as error:
        yield str(error)
    known: Mapping[str, Any] = {}
    if (signed := entries.get(DIGESTS)) != sha256(held[DIGESTS]):
        yield f"{DIGESTS} is not the file that was signed{_differs(_in_remade(DIGESTS, held, signed, rules))}"
    else:
        try:
            known = parsed(held[DIGESTS], "digests")["files"]
        except ValueError as error:
            yield f"{DIGESTS}: {error}"
    told = {DIGESTS}
    if JOURNAL in held and sha256(held[JOURNAL]) != entries.get(JOURNAL):
        told.add(TRANSCRIPT)  # what it unpacks to says more
    for name in MEDIA:
        if name in told or name not in held or sha256(held[name]) == entries.get(name):
            continue
        told.add(name)
        place = first_difference(held[name], known[name]) if name in known else None
        if place is None or not place.alone:
            place = _in_remade(name, held, entries.get(name), rules) or place
        yield f"{name} is not the file that was signed{_differs(place)}"
    for name, entry in known.items():
        if name in held and name not in told and entry != digest_value(held[name]):
            yield f"{DIGESTS}: the entry {name} is not made of that file"
    made.journal = held.get(JOURNAL, b"")


def _differs(place: Place | None) -> str:
    return f": it differs {place}" if place else ""


def _in_remade(name: str, held: Mapping[str, bytes], signed: str | None, rules: Callable[[str], Rules]) -> Place | None:
    """Where a file differs from what the others make it, if that is what was signed."""
    try:
        other = remade(name, held, rules)
    except _ASTRAY:  # the others were altered too, or are of another suite
        return None
    return difference(held[name], other) if other is not None and sha256(other) == signed else None


def _schemas(held: Mapping[str, bytes], made: Verified) -> Iterator[str | Check]:
    for name, schema in ((REPORT, "report"), (CONFIGURATION, "bundle-configuration")):
        try:
            value = parsed(held[name], schema)
        except ValueError as error:
            yield f"{name}: {error}"
            continue
        if name == REPORT:
            made.report = value
    try:
        made.events = finished_events(made.journal, JOURNAL)
    except UsageError as error:
        yield f"{error.where}: {error.message}"
        return
    for number, line in enumerate(made.journal.decode("utf-8").splitlines(), 1):
        try:
            problem = own_problem("journal", strict(line.encode("utf-8")))
        except ValueError as error:
            yield f"{JOURNAL}:{number}: {error}"
            return
        if problem is not None:
            yield f"{JOURNAL}:{number}: {problem.pointer or 'the line'}: {problem.message}"
            return
    yield _note(f"{len(made.events) + 1} lines of transcript")


def _agreement(
    held: Mapping[str, bytes], made: Verified, rules: Callable[[str], Rules], now: datetime
) -> Iterator[str | Check]:
    configuration, ours = json.loads(held[CONFIGURATION]), configuration_value(made.events)
    yield from (
        f"{CONFIGURATION}: /{name} is not what the transcript says"
        for name in ours
        if configuration.get(name) != ours[name]
    )
    if "suite" in made.report and not {"digest", "version", "protocol"}.issubset(made.report["suite"]):
        yield f"{REPORT}: /suite does not name the suite"
        return
    yield from (
        f"{REPORT}: /{name} is not what the transcript says"
        for name in ("target", "seed", "started_at", "versions")
        if made.report[name] != ours[name]
    )
    yield from (f"the statement: {one}" for one in differences(statement_value(made.report, held), made.statement))
    if not same_suite(made.report):
        suite = made.report["suite"]["digest"][:12]
        yield _note(f"made with another suite ({suite}), so classes and counts were not reckoned again")
        return
    found = list(faults(made.report, rules(made.report["suite"]["protocol"]), now=now))
    yield from (f"{REPORT}: {one}" for one in found[:_FEW])
    if len(found) > _FEW:
        yield f"{REPORT}: and {len(found) - _FEW} more"
