"""JSON-RPC messages broken by one step, each with the name of the rule that it breaks. Importing this module imports Hypothesis.

    envelopes(message)   the literal message with one member of its envelope changed
    texts(message)       its JSON text with one fault that a parser should see
    headers(given)       the HTTP headers of a message with one of them changed, so that headers and body disagree

Whether a peer is obliged to refuse is no business of this room: `Fault.rule` says what was broken, the protocol's rows say what follows.
JSON-RPC 2.0, sections 4 and 5.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from wireproof.model.jsontext import JSON


class Rule(StrEnum):
    """What a fault breaks."""

    MESSAGE_OBJECT = "message-object"
    """A message is an object."""
    VERSION_PRESENT = "version-present"
    VERSION_VALUE = "version-value"
    """`jsonrpc` is the string 2.0."""
    METHOD_PRESENT = "method-present"
    METHOD_STRING = "method-string"
    METHOD_KNOWN = "method-known"
    """Nobody offers this method."""
    PARAMS_STRUCTURED = "params-structured"
    """`params` is an object; JSON-RPC alone would take an array too."""
    ID_NULL = "id-null"
    """Lawful and discouraged in JSON-RPC, forbidden by MCP."""
    ID_FRACTION = "id-fraction"
    """JSON-RPC says that numbers should have no fraction; MCP wants integers."""
    ID_TYPE = "id-type"
    """An id is a string or a number."""
    ONE_KIND = "one-kind"
    """A message is a request or a response, not both."""
    JSON_TEXT = "json-text"
    """The text is no JSON (RFC 8259)."""
    TEXT_UTF8 = "text-utf8"
    """The bytes are no UTF-8."""
    KEYS_UNIQUE = "keys-unique"
    """RFC 8259 section 4: names should be unique."""
    SURROGATE_PAIRED = "surrogate-paired"
    """RFC 8259 section 8.2: the grammar lets half a pair through, and readers are unpredictable."""
    HEADER_PRESENT = "header-present"
    HEADER_AGREES = "header-agrees"
    """A header says another thing than the body or than the session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One broken message: `message` (JSON value), `text` (bytes on the wire) or `headers`, whichever was asked for."""

    rule: Rule
    pointer: str
    """JSON pointer of the member that was changed, or the header's name."""
    step: str
    """What was done, in a few words; the same words for the same step."""
    message: JSON = None
    text: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    id_kept: bool = True
    """Whether a peer can still read the id and so answer to it."""


_VERSIONS: tuple[JSON, ...] = ("1.0", "2", "2.0 ", "2.1", "", 2, 2.0, None, True, ["2.0"])
_METHODS: tuple[JSON, ...] = (None, 7, True, [], {}, ["ping"])
_UNKNOWN: tuple[str, ...] = (
    "wireproof/absent",
    "",
    " ",
    "PING",
    "__proto__",
    "constructor",
    "rpc.discover",
    "\U0001f600",
    "a" * 300,
)
_PARAMS: tuple[JSON, ...] = ([], [1], "text", 7, True, False, None)
_IDS: tuple[JSON, ...] = (True, False, [], [1], {}, {"id": 1})
_FRACTIONS: tuple[JSON, ...] = (1.5, 0.1, -2.5, 1e-7)
_INSTEAD: tuple[JSON, ...] = (None, True, 0, 1.5, "text", "", [], [[]], [None])


def envelopes(message: Mapping[str, JSON]) -> SearchStrategy[Fault]:
    """The message with one step that breaks its envelope. A message with `id` is treated as a request, one without as a notification."""
    return st.one_of([st.sampled_from(faults) for faults in _groups(_envelope_faults(dict(message)))])


def _groups(faults: Iterator[Fault]) -> list[list[Fault]]:
    """By rule, so that a rule with many forms is not drawn more often than the others."""
    made: dict[Rule, list[Fault]] = {}
    for fault in faults:
        made.setdefault(fault.rule, []).append(fault)
    return list(made.values())


def _without(message: dict[str, JSON], name: str) -> dict[str, JSON]:
    return {key: value for key, value in message.items() if key != name}


def _envelope_faults(message: dict[str, JSON]) -> Iterator[Fault]:
    def changed(rule: Rule, name: str, value: JSON, kept: bool = True) -> Fault:
        step = f"{name} is {json.dumps(value)[:40]}"
        return Fault(rule=rule, pointer=f"/{name}", step=step, message={**message, name: value}, id_kept=kept)

    def dropped(rule: Rule, name: str) -> Fault:
        return Fault(rule=rule, pointer=f"/{name}", step=f"no {name}", message=_without(message, name))

    yield dropped(Rule.VERSION_PRESENT, "jsonrpc")
    yield from (changed(Rule.VERSION_VALUE, "jsonrpc", value) for value in _VERSIONS)
    if "method" in message:
        yield dropped(Rule.METHOD_PRESENT, "method")
        yield from (changed(Rule.METHOD_STRING, "method", value) for value in _METHODS)
        yield from (changed(Rule.METHOD_KNOWN, "method", value) for value in _UNKNOWN)
        yield from (changed(Rule.PARAMS_STRUCTURED, "params", value) for value in _PARAMS)
        yield changed(Rule.ONE_KIND, "result", {})
        yield changed(Rule.ONE_KIND, "error", {"code": -32603, "message": "both"})
    if "id" in message:
        yield changed(Rule.ID_NULL, "id", None, kept=False)
        yield from (changed(Rule.ID_TYPE, "id", value, kept=False) for value in _IDS)
        yield from (changed(Rule.ID_FRACTION, "id", value) for value in _FRACTIONS)
    for value in _INSTEAD:
        step = f"the message is {json.dumps(value)}"
        yield Fault(rule=Rule.MESSAGE_OBJECT, pointer="", step=step, message=value, id_kept=False)


def texts(message: Mapping[str, JSON]) -> SearchStrategy[Fault]:
    """The message's text with one fault. No line end is in it, so that it is one line on stdio."""
    whole = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
    listed = [st.sampled_from(faults) for faults in _groups(_text_faults(whole))]
    cuts = st.integers(1, len(whole) - 1).map(
        lambda at: _text(Rule.JSON_TEXT, "cut short", whole[:at].encode("utf-8", "replace"), kept=False)
    )
    return st.one_of(*listed, cuts)


def _text(rule: Rule, step: str, text: bytes, *, kept: bool) -> Fault:
    return Fault(rule=rule, pointer="", step=step, text=text, id_kept=kept)


def _text_faults(whole: str) -> Iterator[Fault]:
    raw = whole.encode("utf-8", "replace")
    forms = {
        "a comma before the end": raw[:-1] + b",}",
        "a second value behind it": raw + b" {}",
        "a bracket too many": raw + b"}",
        "single quotes": whole.replace('"', "'").encode("utf-8", "replace"),
        "a comment": raw[:-1] + b"/* */}",
        "NaN": raw[:-1] + b',"x":NaN}',
        "a number that starts with 0": raw[:-1] + b',"x":01}',
        "a tabulator inside a string": raw[:-1] + b',"x":"\t"}',
        "an unknown escape": raw[:-1] + b',"x":"\\x"}',
        "a name without quotes": raw[:-1] + b",x:1}",
        "nested deep without end": raw[:-1] + b',"x":' + b"[" * 2000,
    }
    yield from (_text(Rule.JSON_TEXT, step, text, kept=False) for step, text in forms.items())
    yield _text(Rule.TEXT_UTF8, "a byte that never occurs", raw[:-1] + b',"x":"\xff"}', kept=False)
    yield _text(Rule.TEXT_UTF8, "half a character", raw[:-1] + b',"x":"\xe4\xb8"}', kept=False)
    yield _text(Rule.TEXT_UTF8, "an encoded surrogate", raw[:-1] + b',"x":"\xed\xa0\x80"}', kept=False)
    yield _text(Rule.SURROGATE_PAIRED, "half a surrogate pair", raw[:-1] + b',"x":"\\ud800"}', kept=True)
    yield _text(Rule.KEYS_UNIQUE, "jsonrpc twice", b'{"jsonrpc":"2.0",' + raw[1:], kept=True)


def headers(given: Mapping[str, str]) -> SearchStrategy[Fault]:
    """The headers with one left out, emptied or saying another thing; `given` holds only those that must agree, at least one."""
    listed = tuple(given.items())
    faults: list[Fault] = []
    for at, (name, value) in enumerate(listed):
        others = (listed[:at], listed[at + 1 :])
        faults.append(
            Fault(rule=Rule.HEADER_PRESENT, pointer=name, step=f"no {name}", headers=(*others[0], *others[1]))
        )
        for said in ("", value + "x", value.swapcase(), "wireproof/absent", f"{value}, {value}"):
            if said != value:
                made = (*others[0], (name, said), *others[1])
                step = f"{name} is {said[:40]!r}"
                faults.append(Fault(rule=Rule.HEADER_AGREES, pointer=name, step=step, headers=made))
    return st.sampled_from(faults)
