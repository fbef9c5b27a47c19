"""A2A over gRPC: where it is served, which call an operation is, and what came back (specification 10; 0.3: 3.2.2 and the proto a2a.v1).

Requests are made from the parameters that every binding has; answers become the JSON that HTTP+JSON has, errors too, so that all that is known
of that is known of this.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from wireproof.library.messages import available
from wireproof.model.exchange import Exchange, Http, Repeat, Request, Send, SendBytes
from wireproof.model.jsontext import ABSENT, JSON, parse
from wireproof.protocols.a2a import older
from wireproof.protocols.a2a.operations import OPERATIONS
from wireproof.protocols.a2a.protobuf import Unwritable, decoded, encoded, status_object

__all__ = ["available"]

PACKAGES: Final[Mapping[str, str]] = {"0.3": "a2a.v1", "1.0": "lf.a2a.v1"}
_REVISIONS: Final = {package: revision for revision, package in PACKAGES.items()}
_OLDER: Final = {
    "SubscribeToTask": "TaskSubscription",
    "ListTaskPushNotificationConfigs": "ListTaskPushNotificationConfig",
    "GetExtendedAgentCard": "GetAgentCard",
}
_TLS: Final = {"https": True, "grpcs": True, "http": False, "grpc": False}
_PORTS: Final = {True: 443, False: 80}


def place(url: str) -> str:
    """Where the calls of an interface go, as grpc:// (in the clear) or grpcs:// with host and port; empty for a URL that names no such place.

    Cards write host:port, dns:///host:port, grpc://, grpcs://, http:// and https://. Without a word on TLS it is used but on this machine.
    """
    text = url.strip()
    for prefix in ("dns:///", "dns:", "ipv4:", "ipv6:"):
        text = text.removeprefix(prefix)
    if "://" not in text:
        text = f"//{text}"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if not host or (parts.scheme and parts.scheme not in _TLS) or (not parts.scheme and port is None) or port == 0:
        return ""
    tls = _TLS.get(parts.scheme, not (host in ("localhost", "::1") or host.startswith("127.")))
    shown = f"[{host}]" if ":" in host else host
    return f"{'grpcs' if tls else 'grpc'}://{shown}:{port or _PORTS[tls]}"


def path_of(revision: str, operation: str) -> str:
    """/service/method of an operation, which has its 1.0 name; of what is none under that name."""
    method = _OLDER.get(operation, operation) if revision == "0.3" else operation
    return f"/{PACKAGES[revision]}.A2AService/{method}"


def parameters(revision: str, operation: str, params: JSON) -> JSON:
    """The request of an operation as ProtoJSON. `params` in the form of 1.0; ids are the names of resources in 0.3."""
    if params is ABSENT:
        return {}
    if revision != "0.3" or not isinstance(params, dict):
        return params
    made = older.params(operation, params, proto=True, paths=True)
    if not isinstance(made, dict):
        return made
    task = made.pop("taskId", None) if "PushNotificationConfig" in operation else made.pop("id", None)
    if operation in ("SendMessage", "SendStreamingMessage"):
        return {**made, **({"id": task} if task is not None else {})}
    parent = {} if task is None else {"parent": f"tasks/{task}"}
    if operation == "CreateTaskPushNotificationConfig":
        held = made.get("pushNotificationConfig")
        known = held.get("id", "") if isinstance(held, dict) else ""
        config = {} if held is None else {"config": {"pushNotificationConfig": held}}
        return {**parent, "configId": known, **config}
    if operation == "ListTaskPushNotificationConfigs":
        return {**parent, **made}
    if "PushNotificationConfig" in operation:
        config_id = made.pop("id", "")
        return {**made, **({} if task is None else {"name": f"tasks/{task}/pushNotificationConfigs/{config_id}"})}
    return {**made, **({} if task is None else {"name": f"tasks/{task}"})}


def request(revision: str, operation: str, params: JSON) -> tuple[bytes, JSON]:
    """(the bytes, the message in JSON) of a call. What has no form in protobuf is left out: `writable` says beforehand where that would be."""
    method = path_of(revision, operation).rpartition("/")[2]
    given = parameters(revision, operation, params)
    try:
        return encoded(revision, method, given), given
    except Unwritable:
        return b"", {}


def writable(exchange: Exchange, revision: str) -> bool:
    """Can all that an exchange sends be said over gRPC? Literal JSON, members of other types and members that no message has cannot."""
    return all(_sayable(step, revision) for step in _sent(exchange.steps))


def _sent(steps: Iterable[Any]) -> Iterable[Any]:
    return (step.request if isinstance(step, Repeat) else step for step in steps)


def _sayable(step: Any, revision: str) -> bool:
    if isinstance(step, Send | SendBytes):
        return False
    if isinstance(step, Http):
        return step.method in ("GET", "HEAD")  # documents beside the agent, such as its card
    if not isinstance(step, Request) or step.method not in OPERATIONS:
        return True
    method = path_of(revision, step.method).rpartition("/")[2]
    try:
        encoded(revision, method, parameters(revision, step.method, _numbered(step.params)))
    except Unwritable:
        return False
    return True


def _numbered(value: JSON) -> JSON:
    """Numbers as texts have no form in protobuf, though its JSON takes them."""
    if isinstance(value, dict):
        if any(isinstance(value.get(name), str) for name in ("historyLength", "pageSize")):
            return {**value, "historyLength": {}}
        return {key: _numbered(one) for key, one in value.items()}
    return value


def read(data: bytes, meta: Mapping[str, Any]) -> tuple[JSON, str | None]:
    """The pack's `read`: JSON as it came, or the message of a call."""
    path = meta.get("rpc")
    if path is None:
        return parse(data)
    if meta.get("grpc_status"):
        return status_object(int(meta["grpc_status"]), str(meta.get("grpc_message", "")), data)
    service, _, method = str(path).strip("/").partition("/")
    revision = _REVISIONS.get(service.rpartition(".")[0], "1.0")
    return decoded(revision, method, data)
