"""Between the form of 1.0, in which exchanges are written and read, and the forms of 0.3: core JSON and the ProtoJSON of its proto.

Reading is lenient: what is not as it should be stays as it came, because its form is judged elsewhere, from the raw message.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from wireproof.model.jsontext import JSON

Object = dict[str, Any]
STATE: Final = "TASK_STATE_"
_ONE_OF: Final = {
    "task": "task",
    "message": "message",
    "status-update": "statusUpdate",
    "artifact-update": "artifactUpdate",
}


# Writing: parameters of ours, from 1.0 to 0.3


def params(operation: str, given: JSON, *, proto: bool, paths: bool = False) -> JSON:
    """The parameters of an operation in 0.3. `proto`: in the ProtoJSON of its proto instead of core JSON; `paths`: ids go into a path, in
    which they are not named."""
    if not isinstance(given, dict):
        return given
    made = {key: value for key, value in given.items() if key != "tenant"}
    if operation in ("SendMessage", "SendStreamingMessage"):
        if isinstance(made.get("message"), dict):
            made["message"] = message(made["message"], proto=proto)
        if isinstance(made.get("configuration"), dict):
            made["configuration"] = _configuration(made["configuration"], proto=proto)
        return made
    if operation == "CreateTaskPushNotificationConfig" and "url" in made:
        task = made.pop("taskId", None)
        named = {} if task is None else {"taskId": task}
        return {**named, "pushNotificationConfig": _config(made)}
    if paths:
        return made
    if operation in ("GetTaskPushNotificationConfig", "DeleteTaskPushNotificationConfig") and "taskId" in made:
        made["pushNotificationConfigId"] = made.pop("id", None)
        made["id"] = made.pop("taskId")
    if operation == "ListTaskPushNotificationConfigs" and "taskId" in made:
        made["id"] = made.pop("taskId")
    return made


def message(given: Object, *, proto: bool) -> Object:
    """A Message of 0.3. What is no part of 1.0 stays as it is."""
    made = dict(given)
    if isinstance(made.get("parts"), list):
        parts = [_part(one, proto=proto) if isinstance(one, dict) else one for one in made.pop("parts")]
        made["content" if proto else "parts"] = parts
    if not proto:
        role = made.get("role")
        made = {"kind": "message", **made}
        if isinstance(role, str):
            made["role"] = role.removeprefix("ROLE_").lower() if role.startswith("ROLE_") else role
    return made


def _part(given: Object, *, proto: bool) -> Object:
    kept: Object = {key: given[key] for key in ("metadata",) if key in given}
    if "text" in given:
        return {**({} if proto else {"kind": "text"}), **kept, "text": given["text"]}
    if "data" in given:
        data = given["data"]
        return {**kept, "data": {"data": data}} if proto else {"kind": "data", **kept, "data": data}
    raw, url = ("fileWithBytes", "fileWithUri") if proto else ("bytes", "uri")
    file = {new: given[old] for old, new in (("raw", raw), ("url", url)) if old in given}
    if not file:
        return given
    file |= {new: given[old] for old, new in (("mediaType", "mimeType"), ("filename", "name")) if old in given}
    return {**({} if proto else {"kind": "file"}), **kept, "file": file}


def _configuration(given: Object, *, proto: bool) -> Object:
    made = dict(given)
    if "returnImmediately" in made:
        made["blocking"] = made.pop("returnImmediately") is False
    if isinstance(made.get("taskPushNotificationConfig"), dict):
        name = "pushNotification" if proto else "pushNotificationConfig"
        made[name] = _config(made.pop("taskPushNotificationConfig"))
    return made


def _config(given: Object) -> Object:
    made = {key: value for key, value in given.items() if key not in ("taskId", "tenant")}
    held = made.get("authentication")
    if isinstance(held, dict) and "scheme" in held:
        rest = {key: value for key, value in held.items() if key != "scheme"}
        made["authentication"] = {"schemes": [held["scheme"]], **rest}
    return made


# Reading: results of theirs, from 0.3 to 1.0


def result(operation: str, given: JSON) -> JSON:
    """A result of 0.3, of either dialect, in the form of 1.0."""
    if operation in ("SendMessage", "SendStreamingMessage", "SubscribeToTask"):
        return event(given)
    if operation in ("GetTask", "CancelTask"):
        return task(given)
    if operation == "ListTasks":
        held = given.get("tasks") if isinstance(given, dict) else given
        return {"tasks": [task(one) for one in held]} if isinstance(held, list) else given
    if operation in ("CreateTaskPushNotificationConfig", "GetTaskPushNotificationConfig"):
        return config(given)
    if operation == "ListTaskPushNotificationConfigs":
        held = given.get("configs") if isinstance(given, dict) else given
        return {"configs": [config(one) for one in held]} if isinstance(held, list) else given
    return given


def event(given: JSON) -> JSON:
    """A Task, Message or update, bare with its kind or wrapped, as the one-of of 1.0."""
    if not isinstance(given, dict):
        return given
    if "kind" in given:
        name = _ONE_OF.get(str(given["kind"]))
        return {name: _READ[name](given)} if name else given
    held = {"task": "task", "message": "message", "msg": "message"}
    held |= {"statusUpdate": "statusUpdate", "artifactUpdate": "artifactUpdate"}
    return {held[key]: _READ[held[key]](value) if key in held else value for key, value in given.items() if key in held}


def task(given: JSON) -> JSON:
    """A Task."""
    if not isinstance(given, dict):
        return given
    made = {key: value for key, value in given.items() if key != "kind"}
    if "status" in made:
        made["status"] = _status(made["status"])
    if isinstance(made.get("artifacts"), list):
        made["artifacts"] = [_with_parts(one) for one in made["artifacts"]]
    if isinstance(made.get("history"), list):
        made["history"] = [_message(one) for one in made["history"]]
    return made


def _status(given: JSON) -> JSON:
    if not isinstance(given, dict):
        return given
    made = dict(given)
    state = made.get("state")
    if isinstance(state, str):
        made["state"] = new_state(state)
    if "message" in made or "update" in made:
        made["message"] = _message(made.pop("update", made.get("message")))
    return made


def new_state(state: str) -> str:
    """input-required, and TASK_STATE_CANCELLED of the older proto, by their names in 1.0."""
    if state.startswith(STATE):
        return STATE + "CANCELED" if state == STATE + "CANCELLED" else state
    return STATE + state.upper().replace("-", "_")


def _message(given: JSON) -> JSON:
    if not isinstance(given, dict):
        return given
    made = {key: value for key, value in given.items() if key != "kind"}
    role = made.get("role")
    if isinstance(role, str) and not role.startswith("ROLE_"):
        made["role"] = f"ROLE_{role.upper()}"
    if "content" in made and "parts" not in made:
        made["parts"] = made.pop("content")
    return _with_parts(made)


def _with_parts(given: JSON) -> JSON:
    if isinstance(given, dict) and isinstance(given.get("parts"), list):
        return {**given, "parts": [_new_part(one) for one in given["parts"]]}
    return given


def _new_part(given: JSON) -> JSON:
    if not isinstance(given, dict):
        return given
    made = {key: value for key, value in given.items() if key not in ("kind", "file")}
    held = given.get("data")
    if "kind" not in given and isinstance(held, dict) and set(held) == {"data"}:
        made["data"] = held["data"]
    file = given.get("file")
    if isinstance(file, dict):
        names = {"bytes": "raw", "fileWithBytes": "raw", "uri": "url", "fileWithUri": "url"}
        names |= {"mimeType": "mediaType", "name": "filename"}
        made |= {names.get(key, key): value for key, value in file.items()}
    return made


def _update(given: JSON) -> JSON:
    if not isinstance(given, dict):
        return given
    made = {key: value for key, value in given.items() if key != "kind"}
    if "status" in made:
        made["status"] = _status(made["status"])
    if "artifact" in made:
        made["artifact"] = _with_parts(made["artifact"])
    return made


def config(given: JSON) -> JSON:
    """A push notification config with its task, flat as in 1.0."""
    inner = given.get("pushNotificationConfig") if isinstance(given, dict) else None
    if not isinstance(given, dict) or not isinstance(inner, dict):
        return given
    made = dict(inner)
    if "taskId" in given:
        made["taskId"] = given["taskId"]
    elif isinstance(given.get("name"), str) and given["name"].count("/") >= 3:
        made["taskId"], made["id"] = given["name"].split("/")[1], given["name"].rsplit("/", 1)[1]
    held = made.get("authentication")
    if isinstance(held, dict) and isinstance(held.get("schemes"), list) and held["schemes"]:
        rest: Mapping[str, Any] = {key: value for key, value in held.items() if key != "schemes"}
        made["authentication"] = {"scheme": held["schemes"][0], **rest}
    return made


_READ: Final = {"task": task, "message": _message, "statusUpdate": _update, "artifactUpdate": _update}
