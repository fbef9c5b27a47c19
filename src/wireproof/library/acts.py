"""Files of ACTS (`*.acts.yaml`, the test format proposed to A2A), read as exchanges of our own.

A test becomes an exchange whose expectations decide the row `a2a.acts.expected`, its id being the subject. The files that are published with
the format break its grammar in places, so both ways are read. What our player cannot play, or what contradicts the specification, is
left out with the reason: `Acts.left`. Grammar: docs/acts-specification.md of a2aproject/A2A, branch conformance-spec.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from wireproof.library.source import read_yaml, shown, validate
from wireproof.model.jsontext import JSON

SUFFIX: Final = ".acts.yaml"
ROW: Final = "a2a.acts.expected"
_OPERATIONS: Final = {
    "send_message": "SendMessage",
    "send_streaming_message": "SendStreamingMessage",
    "get_task": "GetTask",
    "list_tasks": "ListTasks",
    "cancel_task": "CancelTask",
    "subscribe_to_task": "SubscribeToTask",
    "get_extended_agent_card": "GetExtendedAgentCard",
    "create_push_config": "CreateTaskPushNotificationConfig",
    "set_push_notification_config": "CreateTaskPushNotificationConfig",
    "get_push_config": "GetTaskPushNotificationConfig",
    "get_push_notification_config": "GetTaskPushNotificationConfig",
    "list_push_configs": "ListTaskPushNotificationConfigs",
    "list_push_notification_configs": "ListTaskPushNotificationConfigs",
    "delete_push_config": "DeleteTaskPushNotificationConfig",
    "delete_push_notification_config": "DeleteTaskPushNotificationConfig",
}
_STREAMED: Final = ("SendStreamingMessage", "SubscribeToTask")
_CODES: Final = {
    -32001: "TaskNotFoundError",
    -32002: "TaskNotCancelableError",
    -32003: "PushNotificationNotSupportedError",
    -32004: "UnsupportedOperationError",
    -32005: "ContentTypeNotSupportedError",
    -32009: "VersionNotSupportedError",
    -32602: "InvalidParamsError",
}
_WEBHOOKS: Final = ("webhookUrl", "env.WEBHOOK_URL")
_KINDS: Final = ("string", "number", "boolean", "array", "object", "null")
_PLACE: Final = re.compile(r"\{\{\s*([^{}]+?)\s*\}\}")
_CAPABILITIES: Final = ("streaming", "pushNotifications", "extendedAgentCard")
_DEADLINE: Final = 10
"""How much longer than usual an agent may take, which may have a model to ask."""


class _Left(Exception):
    """The test is not played; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acts:
    """What one file holds: `exchanges` in the form that a file of exchanges has, each with its line, and tests that are left out, with why."""

    exchanges: tuple[tuple[dict[str, Any], str], ...] = ()
    left: Mapping[str, str] = field(default_factory=dict)


def is_acts(path: Path) -> bool:
    """Is it one by its name?"""
    return path.name.endswith(SUFFIX)


def read_acts(path: Path) -> Acts:
    """The tests of one file. UsageError with file:line for what is no ACTS."""
    value, lines = read_yaml(path)
    validate(value, lines, "acts", path)
    file = shown(path)
    variables = value.get("variables") or {}
    made: list[tuple[dict[str, Any], str]] = []
    left: dict[str, str] = {}
    for place, test in _tests(value):
        where = f"{file}:{lines.at(place)}"
        try:
            made.append((_exchange(test, variables), where))
        except _Left as reason:
            left[test["id"]] = str(reason)
    return Acts(exchanges=tuple(made), left=left)


def left_out(places: Iterable[Path]) -> Iterator[str]:
    """A sentence for each file of ACTS of which something is not played: what, and why."""
    for path in files_of(places):
        read = read_acts(path) if is_acts(path) else Acts()
        if read.left:
            why: dict[str, list[str]] = {}
            for test, reason in read.left.items():
                why.setdefault(reason, []).append(test)
            told = "; ".join(f"{', '.join(tests)} ({reason})" for reason, tests in why.items())
            yield f"{shown(path)}: of {len(read.exchanges) + len(read.left)} tests {len(read.exchanges)} can be played; not {told}"


def files_of(places: Iterable[Path]) -> list[Path]:
    """The files that are named, and the YAML files in the folders that are."""
    return [file for place in places for file in (sorted(place.rglob("*.yaml")) if place.is_dir() else [place])]


def _tests(value: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each test, and the pointer to it."""
    for number, suite in enumerate(value.get("suites", ())):
        for index, test in enumerate(suite.get("tests") or ()):
            yield f"/suites/{number}/tests/{index}", test


def _exchange(test: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
    if test["id"] in CONTRADICTS:
        raise _Left(f"contradicts the specification: {CONTRADICTS[test['id']]}")
    if test.get("runner_requirements"):
        raise _Left(f"asks for {', '.join(map(str, test['runner_requirements']))} of the runner")
    if test.get("assertions"):
        raise _Left("asserts something over all its steps")
    wanted = test.get("preconditions") or {}
    needs = ["acts:prefixes"] if test.get("requires_behaviors") else []
    for name, due in (wanted.get("capabilities") or {}).items():
        if name not in _CAPABILITIES or not isinstance(due, bool):
            raise _Left(f"wants a card that says {name}: {due}")
        needs.append(name if due else f"without:{name}")
    if wanted.get("skills") or wanted.get("extensions"):
        raise _Left("wants skills or extensions of the agent")
    steps: list[dict[str, Any]] = []
    for one in test["steps"]:
        steps += _steps(one, test["id"], variables)
    bindings = list(test.get("transport") or wanted.get("transport") or ())
    if any(one.get("request") == "GetExtendedAgentCard" and "deliberate" not in one for one in steps):
        needs.append("credentials")
    if "{{hook." in repr(steps):
        needs.append("loopback")
    return {
        "id": f"acts.{re.sub('[^a-z0-9-]+', '-', test['id'].lower())}",
        "title": " ".join(test["name"].split()),
        "subject": test["id"],
        "since": "1.0",
        "needs": list(dict.fromkeys(needs)),
        **({"transports": [{"http_json": "rest"}.get(one, one) for one in bindings]} if bindings else {}),
        "steps": steps,
    }


def _steps(one: Mapping[str, Any], test: str, variables: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    name = re.sub("[^A-Za-z0-9_-]+", "-", str(one.get("id")))
    operation = _OPERATIONS.get(str(one.get("operation")))
    if one.get("operation") == "get_agent_card" and (one.get("params") or {}).get("extended") is True:
        one, operation = {**one, "params": {}}, "GetExtendedAgentCard"
    if "repeat" in one:
        raise _Left("asks again and again")
    wrong = "expect_error" in one
    if operation is not None:
        params = _params(operation, _said(one.get("params") or {}, test, variables))
        yield {"request": operation, "params": params, "name": name, **({"deliberate": True} if wrong else {})}
    elif one.get("operation") == "get_agent_card":
        yield {
            "http": "GET",
            "path": "${card.path}",
            "session": False,
            "headers": {"Accept": "application/json"},
            "name": name,
        }
    elif isinstance(one.get("raw"), dict):
        yield {**_raw(_said(one["raw"], test, variables)), "name": name}
    else:
        kinds = {"client_response": "a client", "assertion": "an assertion over other steps"}
        named = next((words for key, words in kinds.items() if key in one), f"the operation {one.get('operation')}")
        raise _Left(f"is about {named}")
    root = "/result" if operation is not None else ""
    captures = {f"{name}_{key}": _pointer(root, path) for key, path in (one.get("capture") or {}).items()}
    pattern: dict[str, Any] = _error(one["expect_error"]) if wrong else _expected(one, operation, test, variables)
    if wrong and operation is None:
        pattern = {"match": {"error": {}}}
    yield {
        "expect": pattern,
        "of": name,
        "within": _DEADLINE,
        "why": f"step {name} of {test} did not come out as expected",
        "about": [ROW],
        **({"capture": captures} if captures else {}),
    }


def _raw(raw: Mapping[str, Any]) -> dict[str, Any]:
    """A request as it stands; its path is below the URL of the interface, but for what is well known."""
    path = str(raw.get("path", "/"))
    if not path.startswith("/.well-known/"):
        path = "${interface.path}" + ("" if path == "/" else path)
    made: dict[str, Any] = {"http": str(raw.get("method", "POST")), "path": path, "session": False}
    made["headers"] = {key: str(value) for key, value in (raw.get("headers") or {}).items()}
    if "body_raw" in raw:
        made["data"] = str(raw["body_raw"])
    elif "body" in raw:
        made["body"] = _with_id(raw["body"])
        made["headers"].setdefault("Content-Type", "application/json")
    return made


def _params(operation: str, params: dict[str, Any]) -> dict[str, Any]:
    """In our form: what belongs to the message stands in it, and a config of notifications is flat, as 1.0 has it."""
    if "message" in params:
        outside = {key: params.pop(key) for key in ("taskId", "contextId") if key in params}
        params["message"] = {**outside, **params["message"]}
    config = params.pop("pushNotificationConfig", None) or params.pop("config", None)
    if operation == "CreateTaskPushNotificationConfig" and isinstance(config, dict):
        params = {**params, **config}
    return params


def _said(value: JSON, test: str, variables: Mapping[str, Any]) -> Any:
    """With variables in place; what was captured becomes a capture of ours."""

    def put(found: re.Match[str]) -> str:
        name = found.group(1)
        if name == "$uuid":
            return str(uuid.uuid5(uuid.NAMESPACE_URL, f"acts:{test}:{found.start()}"))
        if name in _WEBHOOKS:
            return "{{hook.acts}}"
        if name in variables:
            return str(variables[name])
        step, _, captured = name.partition(".")
        if step in ("env", "$env") or not captured:
            raise _Left(f"wants the variable {name}")
        return "{{" + re.sub("[^A-Za-z0-9_-]+", "-", step) + "_" + captured + "}}"

    if isinstance(value, str):
        return _PLACE.sub(put, value)
    if isinstance(value, Mapping):
        return {key: _said(one, test, variables) for key, one in value.items()}
    if isinstance(value, list):
        return [_said(one, test, variables) for one in value]
    return value


def _pointer(root: str, path: JSON) -> str:
    return f"{root}/" + "/".join(re.findall(r"[^.\[\]]+", str(path)))


def _with_id(body: JSON) -> JSON:
    """The published requests have messages without the messageId that 1.0 asks for; they get one, as those of operations do."""
    params = body.get("params") if isinstance(body, dict) else None
    message = params.get("message") if isinstance(params, dict) else None
    if (
        not isinstance(body, dict)
        or not isinstance(params, dict)
        or not isinstance(message, dict)
        or "messageId" in message
    ):
        return body
    named = {"messageId": str(uuid.uuid5(uuid.NAMESPACE_URL, repr(message))), **message}
    return {**body, "params": {**params, "message": named}}


# -- expectations ---------------------------------------------------------------------------------------------------


def _expected(one: Mapping[str, Any], operation: str | None, test: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    block = one.get("expect") or {}
    if operation is not None and ("error" in block or block.get("status") == "error"):
        return _error(block.get("error", {}))
    if operation in _STREAMED or "expect_stream" in one:
        _first_event_only(one)
        return {"schema": {"type": "object", "required": ["result"]}}
    body = block.get("body", {key: value for key, value in block.items() if key not in ("status", "headers")})
    if block.get("headers"):
        raise _Left("looks at headers")
    wanted = [_schema(_said(body, test, variables))] if body else []
    wanted += [_asserted(each, str(one.get("id"))) for each in one.get("assertions") or ()]
    held: dict[str, Any] = {"allOf": wanted} if wanted else {}
    if operation is not None:
        held = {"type": "object", "required": ["result"], "properties": {"result": held}}
    status = block.get("status")
    statuses = status.get("one_of") if isinstance(status, dict) else [status] if status is not None else []
    if operation is not None and statuses == [200]:
        statuses = [200, 201, 202, 204]  # of an operation it says no more than that it went well
    return {**({"schema": held} if wanted or operation else {}), **({"status": statuses} if statuses else {})}


def _asserted(one: Mapping[str, Any], step: str) -> dict[str, Any]:
    """What is said of some parts of an answer, as a JSON Schema of the whole."""
    if str(one.get("source")).strip("{} ") not in (step, f"{step}.response"):
        raise _Left("asserts something of another step")
    for kind in ("any", "all", "none"):
        if isinstance(one.get(kind), dict):
            return _within(
                re.findall(r"[^.\[\]]+", str(one[kind].get("path", ""))), kind, _schema(one[kind].get("match", {}))
            )
    return _within(re.findall(r"[^.\[\]]+", str(one.get("path", ""))), "any", _schema(one.get("match", {})))


def _within(words: list[str], kind: str, held: dict[str, Any]) -> dict[str, Any]:
    if not words:
        return held
    first, rest = words[0], _within(words[1:], kind, held)
    if first == "*" and kind == "any":
        return {"type": "array", "contains": rest}
    if first == "*":
        return {"items": rest} if kind == "all" or words[1:].count("*") else {"not": {"contains": rest}}
    if first.isdigit():
        return {"type": "array", "minItems": int(first) + 1, "prefixItems": [*([{}] * int(first)), rest]}
    return {"type": "object", "properties": {first: rest}, **({"required": [first]} if kind == "any" else {})}


def _first_event_only(one: Mapping[str, Any]) -> None:
    stream = one.get("expect_stream") or {}
    if one.get("capture") or set(stream) - {"min_count", "timeout_ms", "ordering"} or stream.get("min_count", 1) > 1:
        raise _Left("looks at the events of a stream one by one")


def _error(block: Mapping[str, Any]) -> dict[str, Any]:
    """Errors go by what they mean: the codes of the table in ACTS are those of JSON-RPC alone, and some of them of no version of A2A."""
    code = block.get("error_type", block.get("code"))
    codes = code.get("one_of", ()) if isinstance(code, dict) else (code,)
    named = [one if isinstance(one, str) else _CODES.get(one, "") for one in codes]
    if not named or not all(one in _CODES.values() for one in named):
        return {"match": {"error": {}}}
    return {"any_of": [{"match": {"error": {"meaning": one}}} for one in (*named, "unclear")]}


def _schema(value: JSON) -> dict[str, Any]:
    """An assertion as a JSON Schema; what names an operator is one, everything else is nested."""
    if isinstance(value, list):
        return {"type": "array", "minItems": len(value), "prefixItems": [_schema(one) for one in value]}
    if not isinstance(value, dict):
        return {"type": "string"} if isinstance(value, str) and "{{" in value else {"const": value}
    if value and all(key in _OPERATORS and _OPERATORS[key](value[key]) is not None for key in value):
        held = [_OPERATORS[key](value[key]) for key in value if key not in ("exists", "absent")]
        return {"allOf": held} if held else {}
    absent = [key for key, held in value.items() if _may_lack(held) and not held.get("any_of")]
    others = {key: held for key, held in value.items() if key not in absent}
    made: dict[str, Any] = {"type": "object", "required": [key for key, held in others.items() if not _may_lack(held)]}
    made["properties"] = {**{key: _schema(held) for key, held in others.items()}, **dict.fromkeys(absent, False)}
    return made


def _may_lack(value: JSON) -> bool:
    """May a member be absent by what is said of it?"""
    if not isinstance(value, dict):
        return False
    return value.get("absent") is True or any(_may_lack(one) for one in value.get("any_of") or ())


def _all_of(value: JSON) -> dict[str, Any] | None:
    return {"allOf": [_schema(one) for one in value]} if isinstance(value, list) else None


def _any_of(value: JSON) -> dict[str, Any] | None:
    """Of alternatives; that a member is absent is for the object to say that lacks it."""
    if not isinstance(value, list):
        return None
    held = [_schema(one) for one in value if not _may_lack(one)]
    return {"anyOf": held} if held else {}


def _text(pattern: str) -> Any:
    return lambda value: (
        {"type": "string", "pattern": pattern.format(re.escape(value))} if isinstance(value, str) else None
    )


def _number(keyword: str) -> Any:
    return lambda value: {keyword: value} if isinstance(value, int | float) and not isinstance(value, bool) else None


_OPERATORS: Final[Mapping[str, Any]] = {
    "type": lambda value: {"type": value} if value in _KINDS else None,
    "exists": lambda value: {} if value is True else None,
    "absent": lambda value: {} if value is True else None,
    "contains": _text("{}"),
    "starts_with": _text("^{}"),
    "ends_with": _text("{}$"),
    "matches": lambda value: {"type": "string", "pattern": value} if isinstance(value, str) else None,
    "gte": _number("minimum"),
    "lte": _number("maximum"),
    "gt": _number("exclusiveMinimum"),
    "lt": _number("exclusiveMaximum"),
    "count": lambda value: {"minItems": value, "maxItems": value} if isinstance(value, int) else None,
    "count_gte": _number("minItems"),
    "count_lte": _number("maxItems"),
    "one_of": lambda value: (
        {"enum": value}
        if isinstance(value, list) and not any(isinstance(one, dict) for one in value)
        else _any_of(value)
    ),
    "all_of": _all_of,
    "any_of": _any_of,
    "not": lambda value: {"not": _schema(value)},
    "items": lambda value: _schema(value) if isinstance(value, list) else {"items": _schema(value)},
}

CONTRADICTS: Final[Mapping[str, str]] = {
    "CARD-DISC-002": "the binding over plain HTTP is called HTTP+JSON, not REST (4.4.6)",
    "CORE-CTX-001": "an agent may keep a contextId of the client's making (3.4.1)",
    "CORE-ERR-008": "the task of a message is named in the message, not beside it (4.1.4)",
    "CORE-HIST-005": "the history has what the agent said too, so its third message need not be the client's (4.1.1)",
    "CORE-SEND-004": "metadata of a part says nothing of its media type, which mediaType does (4.1.6)",
    "DM-ART-003": "a part of 1.0 has raw or url, filename and mediaType, and no member file (4.1.6)",
    "DM-ART-004": "a part of 1.0 has raw or url, filename and mediaType, and no member fileUrl (4.1.6)",
    "DM-FMT-003": "a contextId that the agent generates stands in its answer, be it a message (3.4.1)",
    "REST-PD-001": "errors over HTTP+JSON are google.rpc.Status, not problem details (11.6)",
    "VER-NEG-002": "a request that names no version is one of 0.3 (3.6.2)",
}
"""Published tests that fail conforming agents: their ids, and which sentence they contradict."""
