"""The operations of A2A by their 1.0 names, and what each binding and version calls them (specification 5.3; 0.3: 3.5.6)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

from wireproof.model.jsontext import JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation. `older` is its JSON-RPC method in 0.3, empty where there was none. `path` holds the parameters that it takes in
    braces, `verb` is how it is asked for over HTTP+JSON; `older_path` where 0.3 has another one."""

    name: str
    older: str
    verb: str
    path: str
    streams: bool = False
    older_path: str = ""


_CONFIGS: Final = "/tasks/{taskId}/pushNotificationConfigs"
_PUSH: Final = "tasks/pushNotificationConfig/"
OPERATIONS: Final[Mapping[str, Operation]] = {
    one.name: one
    for one in (
        Operation(name="SendMessage", older="message/send", verb="POST", path="/message:send"),
        Operation(
            name="SendStreamingMessage", older="message/stream", verb="POST", path="/message:stream", streams=True
        ),
        Operation(name="GetTask", older="tasks/get", verb="GET", path="/tasks/{id}"),
        Operation(name="ListTasks", older="", verb="GET", path="/tasks"),
        Operation(name="CancelTask", older="tasks/cancel", verb="POST", path="/tasks/{id}:cancel"),
        Operation(
            name="SubscribeToTask", older="tasks/resubscribe", verb="POST", path="/tasks/{id}:subscribe", streams=True
        ),
        Operation(name="CreateTaskPushNotificationConfig", older=_PUSH + "set", verb="POST", path=_CONFIGS),
        Operation(name="GetTaskPushNotificationConfig", older=_PUSH + "get", verb="GET", path=_CONFIGS + "/{id}"),
        Operation(name="ListTaskPushNotificationConfigs", older=_PUSH + "list", verb="GET", path=_CONFIGS),
        Operation(
            name="DeleteTaskPushNotificationConfig", older=_PUSH + "delete", verb="DELETE", path=_CONFIGS + "/{id}"
        ),
        Operation(
            name="GetExtendedAgentCard",
            older="agent/getAuthenticatedExtendedCard",
            verb="GET",
            path="/extendedAgentCard",
            older_path="/card",
        ),
    )
}
SENDS: Final = ("SendMessage", "SendStreamingMessage")
_OLDER: Final = {one.older: one.name for one in OPERATIONS.values() if one.older}
_PLACE: Final = re.compile(r"\{(\w+)\}")


def named(method: str) -> str:
    """The operation that a JSON-RPC method of either version means; the method itself where none does."""
    return _OLDER.get(method, method)


def route(operation: Operation, params: JSON, *, modern: bool, tenant: str = "") -> tuple[str, str, JSON]:
    """(verb, path with query below the interface's URL, body; None: no body) of a call over HTTP+JSON (specification 11.3).

    `params` in the form of the version. What the path has no room for goes into the query of a GET or the body of a POST.
    """
    given: dict[str, Any] = dict(params) if isinstance(params, dict) else {}
    path = operation.path if modern or not operation.older_path else operation.older_path
    for name in _PLACE.findall(path):
        path = path.replace("{" + name + "}", quote(_text(given.pop(name, "")), safe=""))
    named_tenant = given.pop("tenant", tenant) if modern else ""
    prefix = (f"/{quote(str(named_tenant), safe='')}" if named_tenant else "") if modern else "/v1"
    if operation.verb == "POST":
        return "POST", prefix + path, given if isinstance(params, dict) or params is None else params
    query = urlencode([(key, _text(one)) for key, item in given.items() for one in _several(item)])
    return operation.verb, prefix + path + (f"?{query}" if query else ""), None


def _several(value: JSON) -> list[JSON]:
    return value if isinstance(value, list) else [value]


def _text(value: JSON) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
