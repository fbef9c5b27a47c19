"""Envelope and error rules of basic/index (Requests, Responses, Notifications), read off every message.

Each check goes over all conversations, scripted or generated. What we broke on purpose never counts against the target.
"""

from __future__ import annotations

from collections.abc import Iterator

from wireproof.judge.matching import brief
from wireproof.judge.pack import Note, broken, check, ok
from wireproof.model.jsontext import ABSENT, same
from wireproof.protocols.jsonrpc import Shape, shape
from wireproof.protocols.mcp.conversation import Talk


@check("mcp.base.jsonrpc")
def jsonrpc_message(talk: Talk) -> Iterator[Note]:
    """Each message is a JSON-RPC 2.0 request, notification or response (before 2025-06-18 also a batch of them)."""
    for record in talk.messages_in:
        items = record.message if isinstance(record.message, list) else [record.message]
        for item in items:
            if not isinstance(item, dict):
                if record.message is not ABSENT:
                    yield broken(record.seq, why=f"{brief(item)} is no JSON-RPC message")
            elif item.get("jsonrpc") != "2.0":
                yield broken(
                    record.seq, why=f'jsonrpc is {brief(item.get("jsonrpc", ABSENT))}, not "2.0"', pointer="/jsonrpc"
                )
            elif shape(item) is Shape.OTHER:
                yield broken(record.seq, why=f"neither method nor result nor error: {brief(item)}")
            else:
                yield ok(record.seq)


@check("mcp.base.response.id-echo", "mcp.base.error.id-echo")
def id_echo(talk: Talk) -> Iterator[Note]:
    """A response repeats the id of its request, value and JSON type; until 2025-06-18 one row covers errors too."""
    separate = talk.revision.traits.get("error_id_optional", False)
    for call, record, message in talk.responses:
        if call is None or isinstance(call.message, list) or not call.lawful or call.id is ABSENT:
            continue
        error = "error" in message
        row = "mcp.base.error.id-echo" if error and separate else "mcp.base.response.id-echo"
        echoed = message.get("id", ABSENT)
        if same(echoed, call.id):
            yield ok(call.seq, record.seq, requirement=row)
        else:
            yield broken(
                call.seq,
                record.seq,
                why=f"request id {brief(call.id)} came back as {brief(echoed)}",
                pointer="/id",
                requirement=row,
            )


@check("mcp.base.response.one-of")
def result_or_error(talk: Talk) -> Iterator[Note]:
    """A response sets result or error."""
    for call in talk.requests:
        answer = call.answer
        if answer is None or not isinstance(answer.message, dict):
            continue
        if "result" in answer.message or "error" in answer.message:
            yield ok(call.seq, answer.seq)
        else:
            yield broken(call.seq, answer.seq, why="the response has neither result nor error")


@check("mcp.base.response.not-both")
def not_both(talk: Talk) -> Iterator[Note]:
    """A response never sets result and error together."""
    for call, record, message in talk.responses:
        seqs = (call.seq, record.seq) if call else (record.seq,)
        if "result" in message and "error" in message:
            yield broken(*seqs, why="the response has result and error at once", pointer="/error")
        else:
            yield ok(*seqs)


@check("mcp.base.error.shape", "mcp.base.error.code-integer")
def error_shape(talk: Talk) -> Iterator[Note]:
    """An error is an object with at least code, an integer, and message."""
    for call, record, message in talk.responses:
        if "error" not in message:
            continue
        seqs = (call.seq, record.seq) if call else (record.seq,)
        error = message["error"]
        if not isinstance(error, dict) or "code" not in error or "message" not in error:
            yield broken(*seqs, why=f"error is {brief(error)}", pointer="/error", requirement="mcp.base.error.shape")
            continue
        yield ok(*seqs, requirement="mcp.base.error.shape")
        code = error["code"]
        whole = not isinstance(code, bool) and (
            isinstance(code, int) or (isinstance(code, float) and code.is_integer())
        )
        if whole:
            yield ok(*seqs, requirement="mcp.base.error.code-integer")
        else:
            yield broken(
                *seqs,
                why=f"error.code is {brief(code)}",
                pointer="/error/code",
                requirement="mcp.base.error.code-integer",
            )


CHECKS = (jsonrpc_message, id_echo, result_or_error, not_both, error_shape)
