"""Error answers: shape, message, and the ranges of codes (basic/index, Error Codes; JSON-RPC 2.0 section 5.1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from wireproof.judge.matching import brief
from wireproof.judge.pack import Note, broken, check, ok
from wireproof.model.jsontext import JSON
from wireproof.protocols.jsonrpc import Call
from wireproof.protocols.mcp.binding import META
from wireproof.protocols.mcp.conversation import Talk

STANDARD: Final = frozenset({-32700, -32600, -32601, -32602, -32603})
HEADER_MISMATCH, MISSING_CAPABILITY, UNSUPPORTED_VERSION = -32020, -32021, -32022
DEFINED: Final = frozenset({HEADER_MISMATCH, MISSING_CAPABILITY, UNSUPPORTED_VERSION})
LONGEST_MESSAGE: Final = 300
"""Characters of a message that still passes for one short sentence; more than two lines do not."""


def code_of(error: JSON) -> int | None:
    """The integer that the code is (1.0 is one too), else None."""
    code = error.get("code") if isinstance(error, dict) else None
    if isinstance(code, bool) or not isinstance(code, int | float):
        return None
    return int(code) if code == int(code) else None


@check(
    "mcp.base.error.shape",
    "mcp.base.error.code-integer",
    "jsonrpc.error.object",
    "jsonrpc.error.code-integer",
    "jsonrpc.error.message-string",
)
def error_shape(talk: Talk) -> Iterator[Note]:
    """An error is an object with at least code, an integer, and message, a string."""
    for call, record, message in talk.responses:
        if "error" not in message:
            continue
        seqs = (call.seq, record.seq) if call else (record.seq,)
        error = message["error"]
        whole = isinstance(error, dict) and "code" in error and "message" in error
        for row in ("mcp.base.error.shape", "jsonrpc.error.object"):
            if whole:
                yield ok(*seqs, requirement=row)
            else:
                yield broken(*seqs, why=f"error is {brief(error)}", pointer="/error", requirement=row)
        if not whole:
            continue
        for row in ("mcp.base.error.code-integer", "jsonrpc.error.code-integer"):
            if code_of(error) is not None:
                yield ok(*seqs, requirement=row)
            else:
                why = f"error.code is {brief(error['code'])}"
                yield broken(*seqs, why=why, pointer="/error/code", requirement=row)
        text, row = error["message"], "jsonrpc.error.message-string"
        if isinstance(text, str):
            yield ok(*seqs, requirement=row)
        else:
            yield broken(*seqs, why=f"error.message is {brief(text)}", pointer="/error/message", requirement=row)


@check("mcp.base.error.message-short", "jsonrpc.error.message-concise")
def message_short(talk: Talk) -> Iterator[Note]:
    """error.message is one short sentence. Lenient: two lines and 300 characters pass, and what it repeats of a long request is not counted."""
    for call, error in talk.errors():
        text = error.get("message")
        if not isinstance(text, str) or len(talk.records[call.seq].raw) > LONGEST_MESSAGE * 2:
            continue
        lines = [line for line in text.splitlines() if line.strip()]
        for row in ("mcp.base.error.message-short", "jsonrpc.error.message-concise"):
            if len(lines) > 2 or len(text) > LONGEST_MESSAGE:
                why = f"error.message has {len(lines)} lines and {len(text)} characters: {brief(text)}"
                yield broken(*talk.answer_seqs(call), why=why, pointer="/error/message", requirement=row)
            else:
                yield ok(*talk.answer_seqs(call), requirement=row)


@check("jsonrpc.error.reserved-range")
def reserved_by_jsonrpc(talk: Talk) -> Iterator[Note]:
    """Between -32768 and -32100 only the five codes of JSON-RPC are used."""
    for call, record, message in talk.responses:
        code = code_of(message.get("error"))
        if code is None:
            continue
        seqs = (call.seq, record.seq) if call else (record.seq,)
        if -32768 <= code <= -32100 and code not in STANDARD:
            yield broken(*seqs, why=f"{code} is reserved and means nothing", pointer="/error/code")
        else:
            yield ok(*seqs)


def modern_meta(call: Call) -> Mapping[str, Any]:
    """The `_meta` of a request when it is one of the modern era, else empty."""
    meta = call.params.get("_meta") if isinstance(call.params, dict) else None
    return meta if isinstance(meta, dict) and f"{META}protocolVersion" in meta else {}


def _modern_errors(talk: Talk) -> Iterator[tuple[Call, dict[str, JSON], int]]:
    """(request, error, code) of requests that were sent in the modern way: a server of both eras may serve others by older rules."""
    for call, error in talk.errors():
        code = code_of(error)
        if code is not None and modern_meta(call):
            yield call, error, code


@check("mcp.base.error.reserved-range-undefined")
def reserved_by_mcp(talk: Talk) -> Iterator[Note]:
    """Between -32099 and -32020 only the three codes that MCP defines are sent."""
    for call, _, code in _modern_errors(talk):
        if -32099 <= code <= -32020 and code not in DEFINED:
            why = f"{code} lies in the range that MCP defines, and it does not define it"
            yield broken(*talk.answer_seqs(call), why=why, pointer="/error/code")
        else:
            yield ok(*talk.answer_seqs(call))


@check("mcp.base.error.reserved-range-meaning")
def reserved_meaning(talk: Talk) -> Iterator[Note]:
    """-32020, -32021 and -32022 are sent only where they can mean what they are defined to mean."""
    for call, error, code in _modern_errors(talk):
        why = _misused(talk, call, error, code)
        if why:
            yield broken(*talk.answer_seqs(call), why=why, pointer="/error/code")
        else:
            yield ok(*talk.answer_seqs(call))


def _misused(talk: Talk, call: Call, error: Mapping[str, JSON], code: int) -> str:
    if code == HEADER_MISMATCH and not talk.http:
        return f"{code} says that headers and body differ, and there are no headers here"
    if code == UNSUPPORTED_VERSION and modern_meta(call).get(f"{META}protocolVersion") == talk.revision.id:
        plain = not talk.http or "mcp-protocol-version" not in _changed(talk, call)
        return f"{code} says that {talk.revision.id} is not supported, which it is" if plain else ""
    if code == MISSING_CAPABILITY:
        data = error.get("data")
        wanted = data.get("requiredCapabilities") if isinstance(data, dict) else None
        declared = modern_meta(call).get(f"{META}clientCapabilities")
        if isinstance(wanted, dict) and wanted and isinstance(declared, dict) and _contains(declared, wanted):
            return f"{code} asks for {brief(wanted)}, which the request declares"
    return ""


def _changed(talk: Talk, call: Call) -> tuple[str, ...]:
    """Names of the headers that the step itself set, in lower case."""
    exchange = talk.exchanges.get(call.span or "")
    step = exchange.steps[call.step] if exchange and call.step is not None and call.step < len(exchange.steps) else None
    return tuple(name.lower() for name in getattr(step, "headers", {}))


def _contains(declared: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    for key, value in wanted.items():
        mine = declared.get(key)
        if not isinstance(mine, dict) or (isinstance(value, dict) and not _contains(mine, value)):
            return False
    return True


@check("mcp.base.error.no-32002")
def retired_code(talk: Talk) -> Iterator[Note]:
    """-32002 is not sent any more; a resource that is not there gives -32602."""
    for call, _, code in _modern_errors(talk):
        if code == -32002:
            yield broken(*talk.answer_seqs(call), why="-32002 is retired in this revision", pointer="/error/code")
        elif call.method == "resources/read":
            yield ok(*talk.answer_seqs(call))


@check("mcp.base.error.app-codes-outside")
def application_codes(talk: Talk) -> Iterator[Note]:
    """Codes of one's own lie outside -32768..-32000. In -32000..-32019 older codes live on, and the wire does not tell new from old."""
    for call, _, code in _modern_errors(talk):
        if -32768 <= code <= -32020 and code not in STANDARD | DEFINED and code not in (-32042,):
            why = f"{code} is a code of the server's own inside the range that JSON-RPC reserves"
            yield broken(*talk.answer_seqs(call), why=why, pointer="/error/code")
        else:
            yield ok(*talk.answer_seqs(call))


CHECKS = (
    error_shape,
    message_short,
    reserved_by_jsonrpc,
    reserved_by_mcp,
    reserved_meaning,
    retired_code,
    application_codes,
)
