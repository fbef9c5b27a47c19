"""The signatures of cards: their headers, and the canonical form that they are made over (specification 8.4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from wireproof.judge.pack import Check, Note, broken, check, ok
from wireproof.protocols.a2a import signatures
from wireproof.protocols.a2a.conversation import Talk
from wireproof.protocols.a2a.signatures import Form

_HEADERS: Final = ("a2a.signing.header-alg", "a2a.signing.header-kid", "a2a.signing.header-typ")
_FORM: Final = (
    signatures.CANONICAL,
    signatures.PRESENCE,
    signatures.UNSET,
    signatures.SET,
    signatures.REQUIRED,
    signatures.LEFT_OUT,
    signatures.RFC_8785,
    signatures.EXCLUDED,
)


@check(*_HEADERS)
def signature_headers(talk: Talk) -> Iterator[Note]:
    """The protected header of each signature on the card has alg and kid, and typ JOSE."""
    for call in talk.cards if talk.current else ():
        record = call.messages[0]
        for index, entry, header in signatures.signatures(record.message):
            if not isinstance(entry.get("protected"), str):
                continue  # that is for another row to say
            place = f"/signatures/{index}/protected"
            for row, name in zip(_HEADERS, ("alg", "kid", "typ"), strict=True):
                held = header.get(name) if header is not None else None
                if header is None:
                    why = "the protected header is no JSON object in base64url"
                elif name == "typ":
                    why = "" if held == "JOSE" else f"typ of the protected header is {held!r} and not 'JOSE'"
                else:
                    why = "" if isinstance(held, str) and held else f"the protected header has no {name}"
                seqs = (call.seq, record.seq)
                yield broken(*seqs, why=why, pointer=place, requirement=row) if why else ok(*seqs, requirement=row)


@check(*_FORM)
def signature_form(talk: Talk) -> Iterator[Note]:
    """A signature whose key the agent itself serves is made over the canonical form of the card, with what belongs to it and nothing else."""
    if not talk.current:
        return
    try:
        import joserfc  # noqa: F401 - is it there?
        import rfc8785  # noqa: F401
    except ImportError:
        return
    for call in talk.cards:
        record = call.messages[0]
        for index, entry, header in signatures.signatures(record.message):
            found = _key(talk, header) if header is not None else None
            if found is None:
                continue
            key, seq = found
            try:
                yield from _judged(talk, record.message, entry, key, (call.seq, record.seq, seq), index)
            except ValueError:
                continue  # a number on the card that has no canonical form


def _judged(
    talk: Talk,
    card: Mapping[str, Any],
    entry: Mapping[str, Any],
    key: Mapping[str, Any],
    seqs: tuple[int, ...],
    index: int,
) -> Iterator[Note]:
    form = Form(card, talk.schemas.document["$defs"])
    place = f"/signatures/{index}"
    told = {name for name, differs in signatures.varied(form).items() if differs}
    if any(signatures.verifies(entry, payload, key) for payload in signatures.lawful(form)):
        for row in _FORM:
            if row in told:
                yield ok(*seqs, requirement=row)
        return
    for rows, slip, payload in signatures.mistaken(form):
        if signatures.verifies(entry, payload, key):
            for row in rows:
                yield broken(*seqs, why=f"the card was signed {slip}", pointer=place, requirement=row)
            return
    why = "the signature does not verify over the canonical form of the card with the key that it names"
    yield broken(*seqs, why=why, pointer=place, requirement=signatures.CANONICAL)


def _key(talk: Talk, header: Mapping[str, Any]) -> tuple[Mapping[str, Any], int] | None:
    """The key of that kid in a key set that was fetched, and where it stands; None where there is none or the algorithm has no public key."""
    if header.get("alg") not in signatures.ALGORITHMS:
        return None
    for call in talk.calls:
        for record in () if call.operation else call.messages:
            held = record.message.get("keys") if isinstance(record.message, dict) else None
            for key in held if isinstance(held, list) else ():
                if isinstance(key, dict) and key.get("kid") == header.get("kid"):
                    return key, record.seq
    return None


CHECKS: tuple[Check, ...] = (signature_headers, signature_form)
