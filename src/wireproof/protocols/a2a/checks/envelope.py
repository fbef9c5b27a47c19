"""What a binding puts around results: JSON-RPC responses, media types, and whether the operations are there under their names and routes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from wireproof.judge.pack import Check, Note, broken, check, ok
from wireproof.model.jsontext import ABSENT, JSON, dump
from wireproof.model.wire import header
from wireproof.protocols.a2a.asked import asked
from wireproof.protocols.a2a.conversation import Seen, Talk
from wireproof.protocols.a2a.meaning import CODES
from wireproof.protocols.a2a.tracker import Call

_RESPONSES: Final = "a2a.transport.jsonrpc-responses"
_T: Final = "a2a.transport.jsonrpc-"
_ADHERED: Final = (_T + "adhered.v03", _T + "rules.v03")
_SLIPS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "version": ("jsonrpc.version", (_T + "response-version.v03", _T + "envelopes.v03", *_ADHERED)),
    "no-id": (
        "jsonrpc.response.id-echo",
        (_T + "id-always.v03", _T + "id-repeated.v03", _T + "envelopes.v03", *_ADHERED),
    ),
    "other-id": ("jsonrpc.response.id-echo", (_T + "id-repeated.v03", _T + "id-always.v03", *_ADHERED)),
    "neither": (
        "jsonrpc.response.one-of",
        (_T + "one-of.v03", _T + "result-on-success.v03", _T + "error-on-failure.v03", *_ADHERED),
    ),
    "result-beside": ("jsonrpc.response.not-both", (_T + "no-result-on-failure.v03", _T + "one-of.v03", *_ADHERED)),
    "error-beside": ("jsonrpc.response.not-both", (_T + "no-error-on-success.v03", _T + "one-of.v03", *_ADHERED)),
    "error-object": ("jsonrpc.error.object", _ADHERED),
    "code": ("jsonrpc.error.code-integer", _ADHERED),
    "message": ("jsonrpc.error.message-string", _ADHERED),
}
"""What can be wrong with a response: the row of JSON-RPC itself, and those of 0.3; in 1.0 one row says it all."""
_ALWAYS: Final = ("version", "no-id", "other-id", "neither")
_OF_ERRORS: Final = ("result-beside", "error-object", "code", "message")
_OLDER: Final = tuple(dict.fromkeys(row for _, rows in _SLIPS.values() for row in rows))
_JSONRPC: Final = tuple(dict.fromkeys(row for row, _ in _SLIPS.values()))
_MISSING: Final = "a2a.transport.jsonrpc-methods"
_MANDATORY: Final = {
    "SendMessage": "a2a.send.mandatory.v03",
    "GetTask": "a2a.get.mandatory.v03",
    "CancelTask": "a2a.cancel.mandatory.v03",
}
_CONCISE: Final = 500
"""Characters of an error message that still are a sentence: some tell the parameters that were wrong."""
_LINES: Final = 3
STREAMS: Final = ("SendStreamingMessage", "SubscribeToTask")
_CORE: Final = ("SendMessage", "GetTask", "ListTasks", "CancelTask")
_ROUTES: Final = (
    "a2a.transport.rest-routes",
    "a2a.transport.rest-routes.v03",
    "a2a.transport.rest-verbs.v03",
    "a2a.transport.rest-route-form.v03",
    "a2a.transport.rest-rules.v03",
)


@check(_RESPONSES, *_OLDER, *_JSONRPC, _T + "answer-body.v03")
def responses(talk: Talk) -> Iterator[Note]:
    """Each response is one of JSON-RPC 2.0: its version, the id of its request, and exactly one of result and error."""
    for one in talk.seen if talk.transport == "jsonrpc" else ():
        if one.raw is ABSENT or _from_outside(one):
            continue
        if not isinstance(one.raw, dict):
            row = _RESPONSES if talk.current else _T + "answer-body.v03"
            yield broken(*one.seqs, why="the response is no JSON object", requirement=row)
            continue
        wrong = dict(_slips(one.raw, one.call.record.message))
        for slip, why in wrong.items():
            own, older = _SLIPS[slip]
            for row in (own, *((_RESPONSES,) if talk.current else older)):
                yield broken(*one.seqs, why=why, requirement=row)
        yield from _kept(talk, one, set(wrong))


def _from_outside(one: Seen) -> bool:
    """Was that said before the request was read, by a gateway or a filter? Then it can bear no id."""
    refused = one.call.status is not None and one.call.status >= 400
    return refused and (not isinstance(one.raw, dict) or one.raw.get("id") is None)


def _kept(talk: Talk, one: Seen, wrong: set[str]) -> Iterator[Note]:
    """What this response kept to, as far as it could be broken in it."""
    failed = isinstance(one.raw.get("error"), dict)
    told = [slip for slip in (*_ALWAYS, *(_OF_ERRORS if failed else ("error-beside",))) if slip in _SLIPS]
    lost = {row for slip in wrong for row in (_SLIPS[slip][0], *_SLIPS[slip][1])}
    rows = {row for slip in told for row in (_SLIPS[slip][0], *(() if talk.current else _SLIPS[slip][1]))}
    rows -= {_T + ("result-on-success.v03" if failed else "error-on-failure.v03")}
    rows |= set() if talk.current else {_T + "answer-body.v03"}
    rows |= {_RESPONSES} if talk.current and not wrong else set()
    for row in sorted(rows - lost):
        yield ok(*one.seqs, requirement=row)


def _slips(response: Mapping[str, Any], request: JSON) -> Iterator[tuple[str, str]]:
    """(slip, sentence) of what is wrong with a response."""
    if response.get("jsonrpc") != "2.0":
        yield (
            "version",
            f"jsonrpc is {response.get('jsonrpc')!r} and not '2.0'"
            if "jsonrpc" in response
            else "the response has no member jsonrpc",
        )
    sent = request.get("id", ABSENT) if isinstance(request, dict) else ABSENT
    if "id" not in response:
        yield "no-id", "the response has no id"
    elif sent is not ABSENT and not _same(response["id"], sent):
        yield "other-id", f"the id is {response['id']!r}, that of the request {sent!r}"
    error = response.get("error")
    if "result" not in response and "error" not in response:
        yield "neither", "the response has neither result nor error"
    elif "result" in response and "error" in response:
        slip = "error-beside" if error is None else "result-beside"
        yield slip, "the response has both result and error"
    if "error" not in response or error is None:
        return
    if not isinstance(error, dict):
        yield "error-object", "the error is no object"
        return
    if not isinstance(error.get("code"), int) or isinstance(error["code"], bool):
        yield "code", f"the error code is {error.get('code')!r}"
    if not isinstance(error.get("message"), str):
        yield "message", f"the error message is {error.get('message')!r}"


def _same(one: JSON, other: JSON) -> bool:
    return type(one) is type(other) and one == other


@check(
    "a2a.transport.jsonrpc-form",
    "a2a.transport.jsonrpc-content-type.v03",
    "a2a.transport.rest-content-type",
    "a2a.transport.rest-content-type.v03",
)
def media_types(talk: Talk) -> Iterator[Note]:
    """What is JSON says so in Content-Type; what streams says text/event-stream."""
    row = {
        ("jsonrpc", True): "a2a.transport.jsonrpc-form",
        ("jsonrpc", False): "a2a.transport.jsonrpc-content-type.v03",
        ("rest", True): "a2a.transport.rest-content-type",
        ("rest", False): "a2a.transport.rest-content-type.v03",
    }.get((talk.transport, talk.current))
    for call in talk.operations if row else ():
        if (
            call.status != 200
            or not call.messages
            or call.head is None
            or not isinstance(call.messages[0].message, dict)
        ):
            continue
        given = (header(call.headers, "content-type") or "").partition(";")[0].strip().lower()
        seqs = (call.seq, call.head.seq)
        fits = given == "text/event-stream" if call.streamed else given == "application/json" or given.endswith("+json")
        if fits:
            yield ok(*seqs, requirement=str(row))
        else:
            yield broken(*seqs, why=f"Content-Type is {given!r}", requirement=str(row))


@check(_MISSING, _T + "methods.v03", _T + "method-form.v03", *_MANDATORY.values(), *_ROUTES)
def operations_there(talk: Talk) -> Iterator[Note]:
    """The core operations are there under their names, and over HTTP+JSON under their routes."""
    for call in talk.operations:
        seen = talk.of(call)
        if (
            call.operation not in _CORE
            or not call.lawful
            or call.head is None
            or call.status in (401, 403, 429)
            or (call.status or 0) >= 502
        ):
            continue
        if not talk.current and call.operation == "ListTasks":
            continue
        error = seen[0].error if seen else None
        rows = _rows_of(talk, call.operation)
        if _absent(talk, call, error):
            name = str(call.record.meta.get("target", "")) if talk.transport == "rest" else call.operation
            why = f"{name} is not there: status {call.status}" + (f", error {error.get('code')}" if error else "")
            for row in rows:
                yield broken(*(seen[0].seqs if seen else (call.seq, call.head.seq)), why=why, requirement=row)
        elif seen:
            for row in rows:
                yield ok(*seen[0].seqs, requirement=row)


def _rows_of(talk: Talk, operation: str) -> tuple[str, ...]:
    rest = talk.transport == "rest"
    if talk.current:
        return (_ROUTES[0],) if rest else (_MISSING,)
    own = (_MANDATORY[operation],)
    return (*own, *_ROUTES[1:]) if rest else (*own, _T + "methods.v03", _T + "method-form.v03")


def _absent(talk: Talk, call: Call, error: Mapping[str, Any] | None) -> bool:
    """Does that say that there is no such operation? A 404 may as well speak of a task, so that it counts where none was named."""
    if (error is not None and error.get("meaning") == "MethodNotFoundError") or talk.transport != "rest":
        return error is not None and error.get("meaning") == "MethodNotFoundError"
    if call.status in (405, 501):
        return True
    body = call.record.message
    sent = body.get("message") if isinstance(body, dict) else None
    names_task = isinstance(sent, dict) and "taskId" in sent
    return call.status == 404 and (
        call.operation == "ListTasks" or (call.operation == "SendMessage" and not names_task)
    )


@check("jsonrpc.request.answered", "jsonrpc.request.answered-once", "a2a.send.answered-at-once")
def answered(talk: Talk) -> Iterator[Note]:
    """A request has one response: a 2xx that ends without any is none, and what does not stream has no second one."""
    for call in talk.operations:
        if not call.lawful or call.operation in STREAMS or not call.complete or not 200 <= (call.status or 0) < 300:
            continue
        known = [one for one in call.messages if one.message is not ABSENT]
        seqs = (call.seq, *(one.seq for one in known[:2]))
        rows = ["jsonrpc.request.answered"] if talk.transport == "jsonrpc" else []
        rows += ["a2a.send.answered-at-once"] if talk.current and call.operation == "SendMessage" else []
        for row in rows:
            why = f"{call.operation} was answered by status {call.status} and nothing else"
            yield ok(*seqs, requirement=row) if known else broken(*seqs, why=why, requirement=row)
        if talk.transport == "jsonrpc" and known:
            row = "jsonrpc.request.answered-once"
            why = f"{call.operation} was answered {len(known)} times"
            yield ok(*seqs, requirement=row) if len(known) == 1 else broken(*seqs, why=why, requirement=row)


@check("jsonrpc.error.reserved-range", "jsonrpc.error.message-concise")
def error_members(talk: Talk) -> Iterator[Note]:
    """Codes that JSON-RPC keeps for itself are its own five, and a message is of some lines and some hundred characters at most."""
    for seen in talk.errors() if talk.transport == "jsonrpc" else ():
        held = seen.raw.get("error") if isinstance(seen.raw, dict) else None
        code, text = (held.get("code"), held.get("message")) if isinstance(held, dict) else (None, None)
        if isinstance(code, int) and not isinstance(code, bool):
            row = "jsonrpc.error.reserved-range"
            reserved = -32768 <= code <= -32100 and code not in CODES
            why = f"{code} is reserved and means nothing"
            yield (
                broken(*seen.seqs, why=why, pointer="/error/code", requirement=row)
                if reserved
                else ok(*seen.seqs, requirement=row)
            )
        if isinstance(text, str):
            row = "jsonrpc.error.message-concise"
            long = len(text) > _CONCISE or len(text.strip().splitlines()) > _LINES
            why = f"the message has {len(text)} characters on {len(text.splitlines())} lines"
            yield (
                broken(*seen.seqs, why=why, pointer="/error/message", requirement=row)
                if long
                else ok(*seen.seqs, requirement=row)
            )


@check("jsonrpc.response.own-request")
def own_request(talk: Talk) -> Iterator[Note]:
    """A task that was asked for is not answered by one that another request of the same id had asked for."""
    if talk.transport != "jsonrpc":
        return
    earlier: dict[str, set[str]] = {}
    for seen in talk.results("GetTask"):
        sent = seen.call.record.message
        identity = dump(sent.get("id")) if isinstance(sent, dict) else ""
        wanted, told = asked(seen.call).get("id"), seen.result.get("id") if isinstance(seen.result, dict) else None
        if not isinstance(wanted, str) or not isinstance(told, str):
            continue
        others = earlier.setdefault(identity, set())
        if told != wanted and told in others:
            why = "the task is the one that an earlier request of the same id had asked for"
            yield broken(*seen.seqs, why=why, pointer="/result/id")
        elif others - {wanted} and told == wanted:
            yield ok(*seen.seqs)
        others.add(wanted)


CHECKS: tuple[Check, ...] = (responses, media_types, operations_there, answered, error_members, own_request)
