"""What every error of 1.0 must carry, wherever one comes (specification 3.3.2, 5.4, 9.5, 11.6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from wireproof.judge.pack import Check, Note, broken, check, ok
from wireproof.protocols.a2a.conversation import Seen, Talk
from wireproof.protocols.a2a.meaning import CODES, REASONS, info


def _errors(talk: Talk) -> Iterator[tuple[Seen, Mapping[str, Any]]]:
    """(answer, error object as it came) of each error of 1.0 that has one."""
    if not talk.current:
        return
    for seen in talk.errors():
        held = seen.raw.get("error") if isinstance(seen.raw, dict) else None
        if isinstance(held, dict):
            yield seen, held


@check("a2a.errors.code-and-message")
def code_and_message(talk: Talk) -> Iterator[Note]:
    """Every error has a code for machines and a message for people."""
    for seen, error in _errors(talk):
        lacking = [name for name in ("code", "message") if error.get(name) in (None, "")]
        if lacking:
            yield broken(*seen.seqs, why=f"an error has no {' and no '.join(lacking)}", pointer="/error")
        else:
            yield ok(*seen.seqs)


@check("a2a.errors.detail-type-key")
def detail_type_key(talk: Talk) -> Iterator[Note]:
    """Each object among the details of an error says its type."""
    for seen, error in _errors(talk):
        name = "data" if talk.transport == "jsonrpc" else "details"
        details = error.get(name)
        objects = [one for one in details if isinstance(one, dict)] if isinstance(details, list) else []
        lacking = next((place for place, one in enumerate(objects) if "@type" not in one), None)
        if lacking is not None:
            yield broken(*seen.seqs, why="a detail of an error has no @type", pointer=f"/error/{name}/{lacking}")
        elif objects:
            yield ok(*seen.seqs)


@check("a2a.errors.jsonrpc-a2a-codes", "a2a.errors.binding-code")
def codes_fit_reasons(talk: Talk) -> Iterator[Note]:
    """Over JSON-RPC the code of an error is that of the reason in its ErrorInfo."""
    if talk.transport != "jsonrpc":
        return
    for seen, error in _errors(talk):
        told = info(error)
        name = REASONS.get(str(told.get("reason"))) if told is not None else None
        if name is None:
            continue
        for row in ("a2a.errors.jsonrpc-a2a-codes", "a2a.errors.binding-code"):
            if CODES.get(error.get("code")) == name:  # type: ignore[arg-type]
                yield ok(*seen.seqs, requirement=row)
            else:
                why = f"the error is {name} by its reason, and its code is {error.get('code')}"
                yield broken(*seen.seqs, why=why, pointer="/error/code", requirement=row)


_WELL_KNOWN: Final = "google.rpc."


@check("a2a.errors.detail-google-types", "a2a.errors.jsonrpc-data-well-known")
def google_types(talk: Talk) -> Iterator[Note]:
    """Where an error has typed details, one of them at least is of a type that others know."""
    for seen, error in _errors(talk):
        name = "data" if talk.transport == "jsonrpc" else "details"
        held = error.get(name)
        objects = [one for one in held if isinstance(one, dict)] if isinstance(held, list) else []
        if not objects:
            continue
        rows = ["a2a.errors.detail-google-types"]
        rows += ["a2a.errors.jsonrpc-data-well-known"] if talk.transport == "jsonrpc" else []
        known = any(_WELL_KNOWN in str(one.get("@type", "")) for one in objects)
        for row in rows:
            why = "no detail of the error is of a google.rpc type"
            yield (
                ok(*seen.seqs, requirement=row)
                if known
                else broken(*seen.seqs, why=why, pointer=f"/error/{name}", requirement=row)
            )


@check("a2a.errors.rest-bad-request")
def bad_request(talk: Talk) -> Iterator[Note]:
    """Over HTTP+JSON the refusal of a parameter has a google.rpc.BadRequest among its details."""
    for seen, error in _errors(talk) if talk.transport == "rest" else ():
        if seen.error is None or seen.error.get("meaning") != "InvalidParamsError":
            continue
        held = error.get("details")
        types = [str(one.get("@type", "")) for one in held if isinstance(one, dict)] if isinstance(held, list) else []
        if any(one.endswith("google.rpc.BadRequest") for one in types):
            yield ok(*seen.seqs)
        else:
            yield broken(*seen.seqs, why="a refusal of a parameter has no BadRequest", pointer="/error/details")


CHECKS: tuple[Check, ...] = (code_and_message, detail_type_key, codes_fit_reasons, google_types, bad_request)
