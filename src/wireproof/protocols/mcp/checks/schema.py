"""Every message against the schema definition that its method names, each problem laid at the row that it belongs to.

Never against a union: the revision's schema files begin theirs with an open object, so a union accepts anything. Which row is
about which part is data: conformance/mcp/schema-rows.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from wireproof.judge.matching import brief, subset
from wireproof.judge.pack import Note, broken, check, errored, ok
from wireproof.model.exchange import Exchange, Repeat
from wireproof.model.jsontext import ABSENT, JSON
from wireproof.model.wire import Kind, Way
from wireproof.protocols.jsonrpc import Call, Shape, shape
from wireproof.protocols.mcp.conversation import Inbound, Talk
from wireproof.protocols.shapes import held


@check("mcp.schema.base.response.v1")
def answers_fit(talk: Talk) -> Iterator[Note]:
    """Each part of each message validates against its definition; a problem counts for the deepest row that covers it."""
    table = [row for row in talk.lens.tables.get("schema-rows", ()) if talk.schemas.has(row["definition"])]
    rows: dict[str, list[Mapping[str, Any]]] = {}
    for row in table:
        rows.setdefault(row["in"], []).append(row)
    for call, record, message in talk.responses:
        seqs = (call.seq, record.seq) if call is not None else (record.seq,)
        method = call.method if call is not None else ""
        if "result" in message and call is not None and call.lawful:
            yield from _judge(talk, _of(rows.get("result", ()), method), message, seqs)
        if "error" in message and not _foreign(call, message):
            yield from _judge(talk, _of(rows.get("error", ()), method), message, seqs)
    for inbound in talk.inbound:
        kind = "request" if shape(inbound.record.message) is Shape.REQUEST else "notification"
        yield from _judge(talk, _of(rows.get(kind, ()), inbound.method), inbound.record.message, (inbound.seq,))
    for record in talk.messages_in:
        if isinstance(record.message, list) and record.message:
            answers = any(shape(item) is Shape.RESPONSE for item in record.message)
            kind = "batch-response" if answers else "batch-request"
            yield from _judge(talk, rows.get(kind, []), record.message, (record.seq,))


def _of(rows: Sequence[Mapping[str, Any]], method: str) -> list[Mapping[str, Any]]:
    return [row for row in rows if method in row["method"] or row["method"] == ["*"]]


def _foreign(call: Call | None, message: Mapping[str, JSON]) -> bool:
    """The body of an HTTP refusal need not be JSON-RPC: OAuth, for one, has an `error` member of its own."""
    return "jsonrpc" not in message and call is not None and call.status is not None and call.status >= 400


def _applies(row: Mapping[str, Any], part: JSON) -> bool:
    """Is the row about this part? A result that is no object says nothing of what belongs in it; one that is not complete has a form of its own."""
    members = part if isinstance(part, dict) else {}
    if row["at"] == "/result" and not row.get("bare"):
        if not isinstance(part, dict):
            return False
        interim = isinstance(part.get("resultType"), str) and part["resultType"] != "complete"
        if interim and row["method"] != ["*"] and "when" not in row:
            return False
    if "when" in row and subset(row["when"], part) is not None:
        return False
    if any(members.get(name) is None for name in row.get("having", ())):
        return False
    return not any(members.get(name) is not None for name in row.get("lacking", ()))


def _judge(talk: Talk, rows: Sequence[Mapping[str, Any]], message: JSON, seqs: tuple[int, ...]) -> Iterator[Note]:
    return held(talk.schemas, rows, message, seqs, applies=_applies)


@check("mcp.schema.base.error-id-required", "mcp.schema.base.error-id-optional")
def error_ids(talk: Talk) -> Iterator[Note]:
    """The id of an error response is a string or an integer; to what could not be read, null or none at all is lawful too."""
    optional = talk.revision.traits.get("error_id_optional", False)
    row = "mcp.schema.base.error-id-optional" if optional else "mcp.schema.base.error-id-required"
    for call, record, message in talk.responses:
        if "error" not in message or _foreign(call, message):
            continue
        seqs = (call.seq, record.seq) if call is not None else (record.seq,)
        identity = message.get("id", ABSENT)
        readable = call is not None and call.lawful and not isinstance(call.message, list) and call.id is not ABSENT
        if isinstance(identity, str) or _integral(identity):
            yield ok(*seqs, requirement=row)
        elif isinstance(identity, float) and not readable:
            yield ok(*seqs, requirement=row, remark="the id is the fraction that it answers, as JSON-RPC asks for")
        elif identity is ABSENT and (optional or not readable):
            yield ok(*seqs, requirement=row, remark="" if optional else "an error without an id, to what had none")
        elif identity is None and not readable:
            yield ok(*seqs, requirement=row, remark="the id is null, as JSON-RPC asks for, which the schema leaves out")
        else:
            yield broken(*seqs, why=f"the error's id is {brief(identity)}", pointer="/id", requirement=row)


def _integral(value: JSON) -> bool:
    """An integer as JSON Schema counts them: 3.0 is one, true is none."""
    return not isinstance(value, bool) and (isinstance(value, int) or (isinstance(value, float) and value.is_integer()))


@check("mcp.base.jsonrpc")
def our_own_messages(talk: Talk) -> Iterator[Note]:
    """What wireproof itself sends is valid too, unless it breaks a rule on purpose: if not, nothing is the target's fault."""
    for call in talk.calls:
        known = talk.schemas.methods.get(call.method, {})
        definition = known.get("request" if shape(call.message) is Shape.REQUEST else "notification")
        if not call.lawful or definition is None or _echoes(talk.exchanges.get(call.span or ""), call.step):
            continue
        if not talk.schemas.valid(definition, call.message):
            where, why = (talk.schemas.explain(definition, call.message) or [("", "it is not valid")])[0]
            yield errored(call.seq, why=f"wireproof's own {call.method}: {why}", pointer=where)
    asked: dict[str, list[Inbound]] = {}
    for one in talk.requests_in:
        asked.setdefault(brief(one.record.message.get("id")), []).append(one)
    for record in talk.records:
        if record.way is not Way.OUT or record.kind is not Kind.MESSAGE or record.meta.get("deliberate"):
            continue
        message = record.message
        if shape(message) is not Shape.RESPONSE or "result" not in message:
            continue
        before = asked.get(brief(message.get("id")), ())
        # A server without sessions may begin to count anew.
        question = next((one for one in reversed(before) if one.seq < record.seq), None)
        known = talk.schemas.methods.get(question.method, {}) if question is not None else {}
        if question is None or "request" not in known:
            continue
        if not talk.schemas.valid(known["request"], question.record.message):
            continue  # to an invalid question there may be no valid answer
        definition = "CreateTaskResult" if _became_task(question, message["result"]) else known.get("result")
        if definition is not None and not talk.schemas.valid(definition, message["result"]):
            where, why = (talk.schemas.explain(definition, message["result"]) or [("", "it is not valid")])[0]
            yield errored(record.seq, why=f"wireproof's own answer: {why}", pointer="/result" + where)


def _became_task(question: Inbound, result: JSON) -> bool:
    """Did the server ask for a task (2025-11-25), and is the answer one?"""
    wanted = isinstance(question.params, dict) and "task" in question.params
    return wanted and isinstance(result, dict) and "task" in result


def _echoes(exchange: Exchange | None, step: int | None) -> bool:
    """Does the step send back something that the target gave? Then its form is the target's."""
    if exchange is None or step is None or step >= len(exchange.steps):
        return False
    return isinstance(exchange.steps[step], Repeat) or "{{" in repr(exchange.steps[step])


CHECKS = (answers_fit, error_ids, our_own_messages)
