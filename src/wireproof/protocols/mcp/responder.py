"""The canned client: what wireproof answers when a legacy server asks for roots, sampling or elicitation, or pings.

An exchange's `client.canned` replaces the answer of a method: {"elicitation/create": {"result": {...}}} or {"error": {...}};
{"task": {...}} is the task that answers a request which shall run as one (2025-11-25), other requests of that method have the usual answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wireproof.model.exchange import Respond
from wireproof.model.jsontext import ABSENT, JSON, dump

_METHOD_NOT_FOUND = {"code": -32601, "message": "Method not found"}


def canned_answer(message: Mapping[str, Any], canned: Mapping[str, Any]) -> Respond | None:
    """A lawful answer to one server request; None when it has no usable id."""
    identity, method = message.get("id"), message.get("method")
    if isinstance(identity, bool) or not isinstance(identity, str | int) or not isinstance(method, str):
        return None
    to = dump(identity)
    own = canned.get(method, {})
    params = message.get("params")
    if "task" in own and isinstance(params, dict) and "task" in params:
        return Respond(to=to, result={"task": own["task"]})
    if "result" in own or "error" in own:
        return Respond(to=to, result=own.get("result", ABSENT), error=own.get("error", ABSENT))
    result = _result(method, params)
    if result is ABSENT:
        return Respond(to=to, error=_METHOD_NOT_FOUND)
    return Respond(to=to, result=result)


def _result(method: str, params: JSON) -> JSON:
    params = params if isinstance(params, dict) else {}
    match method:
        case "ping":
            return {}
        case "roots/list":
            return {"roots": [{"uri": "file:///wireproof", "name": "wireproof"}]}
        case "sampling/createMessage" if uses := _uses(params):
            return {"role": "assistant", "content": uses, "model": "wireproof-canned", "stopReason": "toolUse"}
        case "sampling/createMessage":
            return {
                "role": "assistant",
                "content": {"type": "text", "text": "A canned answer."},
                "model": "wireproof-canned",
                "stopReason": "endTurn",
            }
        case "elicitation/create" if params.get("mode") == "url":
            return {"action": "accept"}
        case "elicitation/create":
            return {"action": "accept", "content": _content(params.get("requestedSchema"))}
    return ABSENT


def _uses(params: Mapping[str, Any]) -> list[JSON]:
    """Where tools are offered (client/sampling, 2025-11-25 on) and none was used yet: two uses of the first one at once."""
    tools, choice, messages = params.get("tools"), params.get("toolChoice"), params.get("messages")
    forbidden = isinstance(choice, dict) and choice.get("mode") == "none"
    first = tools[0] if isinstance(tools, list) and tools and not forbidden else None
    if not isinstance(first, dict) or not isinstance(first.get("name"), str) or "tool_use" in dump(messages):
        return []
    given = _content(first.get("inputSchema"))
    return [
        {"type": "tool_use", "id": f"wireproof-use-{number}", "name": first["name"], "input": given}
        for number in (1, 2)
    ]


def _content(schema: JSON) -> dict[str, Any]:
    """Smallest lawful content for the flat schemas that elicitation allows (client/elicitation, 2025-06-18 on)."""
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(properties, dict):
        return {}
    return {name: _value(one) for name, one in properties.items() if isinstance(one, dict)}


def _value(schema: Mapping[str, Any]) -> JSON:
    if "default" in schema:
        return schema["default"]
    if isinstance(schema.get("enum"), list) and schema["enum"]:
        return schema["enum"][0]
    for union in ("oneOf", "anyOf"):
        options = schema.get(union)
        if isinstance(options, list) and options and isinstance(options[0], dict) and "const" in options[0]:
            return options[0]["const"]
    match schema.get("type"):
        case "boolean":
            return True
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "array":
            items = schema.get("items")
            return [_value(items)] if isinstance(items, dict) and schema.get("minItems", 0) else []
    formats = {"email": "someone@example.com", "uri": "https://example.com/", "date": "2025-01-01"}
    text = formats.get(str(schema.get("format")), "text")
    if schema.get("format") == "date-time":
        text = "2025-01-01T00:00:00Z"
    return text.ljust(int(schema.get("minLength", 0)), "x")
