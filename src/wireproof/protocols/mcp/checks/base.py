"""Envelope and error rules of basic/index (Requests, Responses, Notifications), read off every message.

Each check goes over all conversations, scripted or generated. What we broke on purpose never counts against the target.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from wireproof.judge.matching import astray, brief, under_another_id
from wireproof.judge.pack import Note, broken, check, ok
from wireproof.model.exchange import Expect, Repeat
from wireproof.model.jsontext import ABSENT, JSON, same
from wireproof.model.wire import Kind, Record
from wireproof.protocols.jsonrpc import Call, Shape, shape
from wireproof.protocols.mcp.conversation import Inbound, Talk


@check("mcp.base.jsonrpc", "jsonrpc.version")
def jsonrpc_message(talk: Talk) -> Iterator[Note]:
    """Each message is a JSON-RPC 2.0 request, notification or response (before 2025-06-18 also a batch of them)."""
    for record in talk.messages_in:
        items = record.message if isinstance(record.message, list) else [record.message]
        for item in items:
            if not isinstance(item, dict):
                if record.message is not ABSENT:
                    yield broken(record.seq, why=f"{brief(item)} is no JSON-RPC message")
                continue
            version = item.get("jsonrpc", ABSENT)
            if version != "2.0":
                # What has nothing of a message is no message without a version: one fault, not two.
                rows = ("mcp.base.jsonrpc",) if shape(item) is Shape.OTHER else ("mcp.base.jsonrpc", "jsonrpc.version")
                for row in rows:
                    why = f'jsonrpc is {brief(version)}, not "2.0"'
                    yield broken(record.seq, why=why, pointer="/jsonrpc", requirement=row)
                continue
            yield ok(record.seq, requirement="jsonrpc.version")
            why = _malformed(item)
            if why:
                yield broken(record.seq, why=why)
            else:
                yield ok(record.seq)


def _malformed(item: dict[str, JSON]) -> str:
    """Why an object is no message of JSON-RPC 2.0, else empty. What is inside of an error is for other rows."""
    if shape(item) is Shape.OTHER:
        return f"neither method nor result nor error: {brief(item)}"
    if "result" in item and "error" in item:
        return "result and error at once"
    if "method" in item and not isinstance(item["method"], str):
        return f"method is {brief(item['method'])}"
    identity = item.get("id")
    if isinstance(identity, bool | list | dict):
        return f"the id is {brief(identity)}"
    return ""


@check("mcp.base.response.id-echo", "mcp.base.error.id-echo", "jsonrpc.response.id-echo")
def id_echo(talk: Talk) -> Iterator[Note]:
    """A response repeats the id of its request, value and JSON type; until 2025-06-18 one row covers errors too."""
    separate = talk.revision.traits.get("error_id_optional", False)
    for call, record, message in talk.responses:
        if call is None or isinstance(call.message, list) or not call.lawful or call.id is ABSENT:
            continue
        error = "error" in message
        row = "mcp.base.error.id-echo" if error and separate else "mcp.base.response.id-echo"
        echoed = message.get("id", ABSENT)
        if not same(echoed, call.id) and _answered_rightly(call):
            continue  # what else came while it waited is no answer to it
        for name in (row, "jsonrpc.response.id-echo"):
            if same(echoed, call.id):
                yield ok(call.seq, record.seq, requirement=name)
            else:
                why = f"request id {brief(call.id)} came back as {brief(echoed)}"
                yield broken(call.seq, record.seq, why=why, pointer="/id", requirement=name)


def _answered_rightly(call: Call) -> bool:
    return any(isinstance(one.message, dict) and same(one.message.get("id", ABSENT), call.id) for one in call.answers)


@check("mcp.base.response.one-of", "mcp.base.response.has-result", "jsonrpc.response.one-of")
def result_or_error(talk: Talk) -> Iterator[Note]:
    """A response sets result or error; from 2025-11-25 on two kinds of response, of which one has a result and the other an error."""
    rows = ("mcp.base.response.one-of", "mcp.base.response.has-result", "jsonrpc.response.one-of")
    for call in talk.requests:
        answer = call.answer
        if answer is None or not isinstance(answer.message, dict):
            continue
        if "result" in answer.message or "error" in answer.message:
            for row in rows if "result" in answer.message else (rows[0], rows[2]):
                yield ok(call.seq, answer.seq, requirement=row)
        else:
            for row in rows:
                why = "the response has neither result nor error"
                yield broken(call.seq, answer.seq, why=why, requirement=row)


@check("mcp.base.response.not-both", "jsonrpc.response.not-both")
def not_both(talk: Talk) -> Iterator[Note]:
    """A response never sets result and error together."""
    for call, record, message in talk.responses:
        seqs = (call.seq, record.seq) if call else (record.seq,)
        for row in ("mcp.base.response.not-both", "jsonrpc.response.not-both"):
            if "result" in message and "error" in message:
                why = "the response has result and error at once"
                yield broken(*seqs, why=why, pointer="/error", requirement=row)
            else:
                yield ok(*seqs, requirement=row)


@check("mcp.base.utf8")
def utf8(talk: Talk) -> Iterator[Note]:
    """Messages are UTF-8."""
    for record in talk.messages_in:
        if (record.fault or "").startswith("not-utf8"):
            yield broken(record.seq, why=f"the message is not UTF-8 ({record.fault})")
        else:
            yield ok(record.seq)


@check("jsonrpc.request.answered")
def answered(talk: Talk) -> Iterator[Note]:
    """A well-formed request that was waited for, while the server answered others, has its response.

    Work that may take its time (calls, reads, listening) and what was cancelled are left out.
    """
    waited = {(one.span, one.meta.get("step")): one for one in talk.records if one.kind is Kind.AWAIT}
    cancelled = [
        call.params.get("requestId")
        for call in talk.notifications_out
        if call.method == "notifications/cancelled" and isinstance(call.params, dict)
    ]
    for call in talk.requests:
        if not call.lawful or call.method in SLOW or any(same(call.id, one) for one in cancelled):
            continue
        if call.answer is not None:
            yield ok(*talk.answer_seqs(call))
            continue
        given_up = _given_up(talk, call, waited)
        if given_up is not None and not _cut_off(talk, call.seq, given_up):
            stray = astray(talk.records, call.seq, given_up)
            why = f"{call.method} was never answered, what was sent after it was{under_another_id(stray)}"
            yield broken(call.seq, given_up, *((stray.seq,) if stray else ()), why=why)


def _cut_off(talk: Talk, since: int, until: int) -> bool:
    """Did something come meanwhile of which we stopped reading, because no message of ours may be so long?"""
    return any(
        (one.fault or str(one.meta.get("why", ""))).startswith("frame-too-long") for one in talk.records[since:until]
    )


SLOW = ("tools/call", "prompts/get", "resources/read", "completion/complete", "subscriptions/listen", "tasks/result")


def _given_up(talk: Talk, call: Call, waited: Mapping[tuple[str | None, object], Record]) -> int | None:
    """The note that says that nobody answered, if the exchange waited for this very request."""
    exchange = talk.exchanges.get(call.span or "")
    name = talk.records[call.seq].meta.get("name")
    for index, step in enumerate(exchange.steps if exchange else ()):
        note = waited.get((call.span, index))
        if isinstance(step, Repeat):
            mine = step.request.name == name
        else:
            mine = isinstance(step, Expect) and step.of == name and step.message is None and step.event is None
        if mine and note is not None and note.seq > call.seq and note.meta.get("outcome") == "timeout":
            return note.seq
    return None


def _identity(value: JSON) -> tuple[bool, str | float] | None:
    """Equal for ids that are the same; None for what can be no id."""
    usable = isinstance(value, str | int | float) and not isinstance(value, bool)
    return (isinstance(value, str), value) if usable else None


@check("jsonrpc.request.answered-once")
def answered_once(talk: Talk) -> Iterator[Note]:
    """No second response to a request. Ids that were used twice on purpose, and streams that were taken up again, show nothing."""
    used = Counter(_identity(call.id) for call in talk.calls)
    for call in talk.requests:
        known = _identity(call.id)
        if call.answer is None or known is None or isinstance(call.id, float) or used[known] > 1:
            continue
        echoes = [
            one
            for one in call.answers
            if isinstance(one.message, dict) and same(one.message.get("id"), call.id)
            if one.channel == call.answer.channel
        ]
        if len(echoes) > 1:
            yield broken(call.seq, echoes[0].seq, echoes[1].seq, why=f"the request {brief(call.id)} has two responses")
        elif echoes:
            yield ok(call.seq, echoes[0].seq)


@check("mcp.base.request.id-unique-session")
def ids_used_once(talk: Talk) -> Iterator[Note]:
    """The server's own requests have ids that it did not use before in this session (until 2025-11-25).

    Over HTTP a server without sessions begins anew with every request of ours, and what comes on two streams is another rule's.
    """
    if talk.http:
        return
    before: dict[tuple[bool, str | float], Inbound] = {}
    for one in talk.requests_in:
        identity = one.record.message.get("id")
        known = _identity(identity)
        if known is None:
            continue
        first = before.setdefault(known, one)
        if first is one:
            yield ok(one.seq)
        else:
            why = f"{one.method} has the id {brief(identity)}, which {first.method} had before"
            yield broken(first.seq, one.seq, why=why, pointer="/id")


@check("mcp.base.notification.no-response", "jsonrpc.notification.never-answered")
def notifications_unanswered(talk: Talk) -> Iterator[Note]:
    """On a line: no error without an id comes that can only be about a notification."""
    for call in talk.notifications_out:
        if talk.http or not call.lawful or call.answer is None:
            continue
        for row in ("mcp.base.notification.no-response", "jsonrpc.notification.never-answered"):
            why = f"the notification {call.method} was answered by {brief(call.answer.message)}"
            yield broken(call.seq, call.answer.seq, why=why, requirement=row)


@check("mcp.base.notification.no-id", "jsonrpc.notification.no-id")
def notification_without_id(talk: Talk) -> Iterator[Note]:
    """What the protocol calls a notification has no id, not even null."""
    for inbound in talk.inbound:
        if not inbound.method.startswith("notifications/"):
            continue
        for row in ("mcp.base.notification.no-id", "jsonrpc.notification.no-id"):
            if "id" in inbound.record.message:
                identity = brief(inbound.record.message["id"])
                why = f"the notification {inbound.method} has the id {identity}"
                yield broken(inbound.seq, why=why, pointer="/id", requirement=row)
            else:
                yield ok(inbound.seq, requirement=row)


@check("jsonrpc.request.method-string", "jsonrpc.request.method-reserved", "jsonrpc.request.params-structured")
def server_calls(talk: Talk) -> Iterator[Note]:
    """Requests and notifications of the server: a string as method, not one of those that begin with rpc., structured params."""
    for inbound in talk.inbound:
        method, params = inbound.record.message.get("method"), inbound.params
        if isinstance(method, str):
            yield ok(inbound.seq, requirement="jsonrpc.request.method-string")
        else:
            yield broken(
                inbound.seq,
                why=f"method is {brief(method)}",
                pointer="/method",
                requirement="jsonrpc.request.method-string",
            )
        if inbound.method.startswith("rpc."):
            yield broken(
                inbound.seq,
                why=f"{inbound.method} is a name that JSON-RPC keeps to itself",
                pointer="/method",
                requirement="jsonrpc.request.method-reserved",
            )
        else:
            yield ok(inbound.seq, requirement="jsonrpc.request.method-reserved")
        if params is ABSENT or isinstance(params, dict | list):
            yield ok(inbound.seq, requirement="jsonrpc.request.params-structured")
        else:
            yield broken(
                inbound.seq,
                why=f"params is {brief(params)}",
                pointer="/params",
                requirement="jsonrpc.request.params-structured",
            )


CHECKS = (
    jsonrpc_message,
    id_echo,
    result_or_error,
    not_both,
    utf8,
    answered,
    answered_once,
    ids_used_once,
    notifications_unanswered,
    notification_without_id,
    server_calls,
)
