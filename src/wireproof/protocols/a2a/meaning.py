"""What an error means, whichever binding told it: one table (specification 5.4; JSON-RPC 2.0 section 5.1; 0.3: section 8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from wireproof.model.jsontext import JSON

INFO: Final = "google.rpc.ErrorInfo"
DOMAIN: Final = "a2a-protocol.org"
UNCLEAR: Final = "unclear"
"""The meaning of an error that could be several, over HTTP+JSON."""
OTHER: Final = "other"
"""The meaning of a JSON-RPC error whose code A2A does not define."""

CODES: Final[Mapping[int, str]] = {
    -32001: "TaskNotFoundError",
    -32002: "TaskNotCancelableError",
    -32003: "PushNotificationNotSupportedError",
    -32004: "UnsupportedOperationError",
    -32005: "ContentTypeNotSupportedError",
    -32006: "InvalidAgentResponseError",
    -32007: "ExtendedAgentCardNotConfiguredError",
    -32008: "ExtensionSupportRequiredError",
    -32009: "VersionNotSupportedError",
    -32700: "JSONParseError",
    -32600: "InvalidRequestError",
    -32601: "MethodNotFoundError",
    -32602: "InvalidParamsError",
    -32603: "InternalError",
}
REASONS: Final[Mapping[str, str]] = {
    "TASK_NOT_FOUND": "TaskNotFoundError",
    "TASK_NOT_CANCELABLE": "TaskNotCancelableError",
    "PUSH_NOTIFICATION_NOT_SUPPORTED": "PushNotificationNotSupportedError",
    "UNSUPPORTED_OPERATION": "UnsupportedOperationError",
    "CONTENT_TYPE_NOT_SUPPORTED": "ContentTypeNotSupportedError",
    "INVALID_AGENT_RESPONSE": "InvalidAgentResponseError",
    "EXTENDED_AGENT_CARD_NOT_CONFIGURED": "ExtendedAgentCardNotConfiguredError",
    "EXTENDED_CARD_NOT_CONFIGURED": "ExtendedAgentCardNotConfiguredError",
    "EXTENSION_SUPPORT_REQUIRED": "ExtensionSupportRequiredError",
    "VERSION_NOT_SUPPORTED": "VersionNotSupportedError",
}
_STATUSES: Final[Mapping[int, str]] = {
    404: "TaskNotFoundError",
    409: "TaskNotCancelableError",
    415: "ContentTypeNotSupportedError",
    502: "InvalidAgentResponseError",
    500: "InternalError",
}
"""What a status alone tells: the other errors share theirs (409, 415 and 502 are those of 1.0.0)."""


def info(error: JSON) -> Mapping[str, Any] | None:
    """The google.rpc.ErrorInfo of an error object: in `data` over JSON-RPC, in `details` over HTTP+JSON."""
    if not isinstance(error, dict):
        return None
    for holder in (error.get("data"), error.get("details")):
        for one in holder if isinstance(holder, list) else [holder]:
            if isinstance(one, dict) and str(one.get("@type", "")).endswith(INFO):
                return one
    return None


def meaning(error: JSON, *, rest: bool, status: int | None = None) -> str:
    """The name of the error; UNCLEAR where it could be several, OTHER where it is none of them. `status`: of the HTTP response (HTTP+JSON only)."""
    told = info(error)
    if told is not None and told.get("reason") in REASONS:
        return REASONS[str(told["reason"])]
    code = error.get("code") if isinstance(error, dict) else None
    if isinstance(code, int | float) and not isinstance(code, bool) and int(code) in CODES:
        return CODES[int(code)]
    if not rest:
        return OTHER
    if status in (400, 422) and isinstance(error, dict) and error.get("status") == "INVALID_ARGUMENT":
        return "InvalidParamsError"
    return _STATUSES.get(status or 0, UNCLEAR)
