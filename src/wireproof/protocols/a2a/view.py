"""An answer as exchanges see it: in the form of 1.0, whichever binding and version it came by.

    {"result": X, "raw": the message}      {"error": {"meaning": ..., ...}, "raw": the message}      {"events": [...], "errors": [...]}

Nothing is judged here: what is not as it should be stays as it came, and the form of messages is for checks that read the raw ones.
"""

from __future__ import annotations

from collections.abc import Sequence

from wireproof.model.jsontext import ABSENT, JSON
from wireproof.model.wire import Kind, Record, Way
from wireproof.protocols.a2a import older
from wireproof.protocols.a2a.meaning import meaning


def outcome(operation: str, message: JSON, *, transport: str, modern: bool, status: int | None) -> JSON:
    """The view of one message that answers an operation; of one event where it streams."""
    if message is ABSENT:
        return ABSENT
    if not operation:
        return message
    rest = transport != "jsonrpc"  # gRPC's answers are read into the same form
    error = _error(message, rest=rest, status=status)
    if error is not ABSENT:
        held = dict(error) if isinstance(error, dict) else {"value": error}
        return {"error": {**held, "meaning": meaning(error, rest=rest, status=status)}, "raw": message}
    result = message if rest else message.get("result", ABSENT) if isinstance(message, dict) else ABSENT
    if result is ABSENT:
        return {"raw": message}
    return {"result": result if modern else older.result(operation, result), "raw": message}


def _error(message: JSON, *, rest: bool, status: int | None) -> JSON:
    """The error object inside; over HTTP+JSON the whole body of a refusal that has none."""
    held = message.get("error", ABSENT) if isinstance(message, dict) else ABSENT
    if not rest:
        return held
    if held is not ABSENT and (status is None or status >= 400 or isinstance(held, dict)):
        return held
    return message if status is not None and status >= 400 else ABSENT


def view(
    records: Sequence[Record], out: Record | None, decisive: Record | None, *, transport: str, modern: bool
) -> JSON:
    """The pack's `view`: of the record that ended the waiting for an answer to `out`. An END stands for all that came before it."""
    if decisive is None:
        return ABSENT
    operation = str(out.meta.get("operation", "")) if out is not None else ""
    transport = str(out.meta.get("binding", transport)) if out is not None else transport
    head = next((one for one in records if one.kind is Kind.HEAD and one.channel == decisive.channel), None)
    status = head.meta.get("status") if head is not None else None
    if decisive.kind is not Kind.END:
        return outcome(operation, decisive.message, transport=transport, modern=modern, status=status)
    if not operation:
        return ABSENT
    mine = [
        outcome(operation, one.message, transport=transport, modern=modern, status=status)
        for one in records[: decisive.seq]
        if one.channel == decisive.channel and one.way is Way.IN and one.kind is Kind.MESSAGE
    ]
    seen = [one for one in mine if isinstance(one, dict)]
    return {
        "events": [one["result"] for one in seen if "result" in one],
        "errors": [one["error"] for one in seen if "error" in one],
    }
