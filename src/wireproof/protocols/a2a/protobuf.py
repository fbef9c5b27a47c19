"""Between protobuf bytes and the JSON that every other binding has: requests are written, answers and errors are read.

What a table of ours does not know is kept, under `?NUMBER`; a known number that came as another wire type is told as a fault, because no
reader finds such a field. protobuf comes with the extra `grpc`.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from wireproof.library.messages import Messages, messages_of
from wireproof.model.jsontext import ABSENT, JSON

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
STATUSES: Final = (
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
)
"""gRPC's status codes by number."""


class Unwritable(ValueError):
    """These parameters have no form in protobuf: another type, or a member that no message has."""


def encoded(revision: str, method: str, params: JSON) -> bytes:
    """The request message of a method; nothing for a method that the version does not know. Raises Unwritable."""
    from google.protobuf import json_format

    table = messages_of("a2a", revision)
    rpc = table.rpcs.get(method)
    if rpc is None:
        return b""
    if not isinstance(params, dict):
        raise Unwritable(f"the parameters of {method} are no object")
    try:
        made = json_format.ParseDict(params, table.classes[rpc.request]())
    except (json_format.ParseError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise Unwritable(str(error)) from None
    return bytes(made.SerializeToString(deterministic=True))


def decoded(revision: str, method: str, data: bytes) -> tuple[JSON, str | None]:
    """(the answer of a method as JSON, what is wrong with its bytes); ABSENT where they cannot be read at all."""
    table = messages_of("a2a", revision)
    rpc = table.rpcs.get(method)
    return _read(table, rpc.answer if rpc is not None else "Empty", data)


def status_object(code: int, text: str, details: bytes) -> tuple[JSON, str | None]:
    """An error as google.rpc.Status in JSON under `error`, as HTTP+JSON has it, and what is wrong with the bytes of its details."""
    name = STATUSES[code] if 0 <= code < len(STATUSES) else str(code)
    made: dict[str, Any] = {"code": code, "status": name, "message": text}
    if not details:
        return {"error": made}, None
    table = messages_of("a2a", "rpc")
    held, fault = _read(table, "Status", details)
    if not isinstance(held, dict):
        return {"error": made}, f"grpc-status-details-bin: {fault}"
    listed = held.get("details", [])
    made["details"] = [_typed(table, one) for one in listed]
    if held.get("code", 0) != code:
        fault = f"grpc-status-details-bin tells code {held.get('code', 0)}, the status is {code}"
    return {"error": made}, fault


def _typed(table: Messages, held: Mapping[str, Any]) -> dict[str, Any]:
    """An Any as ProtoJSON writes it, where its type is one that we know."""
    url = str(held.get("typeUrl", ""))
    data = base64.b64decode(held.get("value", ""))
    name = url.rpartition("google.rpc.")[2]
    if "google.rpc." in url and name in table.fields:
        value, _ = _read(table, name, data)
        if isinstance(value, dict):
            return {"@type": url, **value}
    return {"@type": url, "value": held.get("value", "")}


def _read(table: Messages, name: str, data: bytes) -> tuple[JSON, str | None]:
    from google.protobuf.message import DecodeError

    made = table.classes[name]()
    try:
        made.ParseFromString(data)
    except DecodeError as error:
        return ABSENT, f"protobuf: this is no {name}: {error}"
    faults: list[str] = []
    value = _object(table, made, faults)
    return value, f"protobuf: {faults[0]}" if faults else None


def _object(table: Messages, message: Any, faults: list[str]) -> Any:
    from google.protobuf.unknown_fields import UnknownFieldSet

    kind = message.DESCRIPTOR
    if kind.full_name.startswith("google.protobuf.") and kind.name in ("Struct", "Value", "Timestamp"):
        return _WELL_KNOWN[kind.name](message)
    required = table.required(kind.name)
    made: dict[str, Any] = {}
    for field in kind.fields:
        held = getattr(message, field.name)
        if field.has_presence and not message.HasField(field.name):
            continue
        if not field.has_presence and not held and (field.name not in required or _names(field)):
            continue
        made[field.json_name] = _value(table, field, held, faults)
    for one in UnknownFieldSet(message):
        field = kind.fields_by_number.get(one.field_number)
        if field is not None:
            faults.append(f"field {one.field_number} ({field.name}) of {kind.name} came as wire type {one.wire_type}")
        made[f"?{one.field_number}"] = _unknown(one.data)
    return made


def _names(field: Any) -> bool:
    """Is that an id, an address or a scheme? Where it is empty it was left out: nothing is called by an empty text."""
    return not field.is_repeated and (field.name in ("id", "url", "scheme") or str(field.name).endswith("_id"))


def _unknown(data: Any) -> JSON:
    if isinstance(data, bytes):
        return base64.b64encode(data).decode("ascii")
    return data if isinstance(data, int) else str(data)


def _value(table: Messages, field: Any, held: Any, faults: list[str]) -> JSON:
    entry = field.message_type
    if entry is not None and entry.GetOptions().map_entry:
        inner = entry.fields_by_name["value"]
        return {key: _one(table, inner, held[key], faults) for key in sorted(held)}
    if field.is_repeated:
        return [_one(table, field, one, faults) for one in held]
    return _one(table, field, held, faults)


def _one(table: Messages, field: Any, held: Any, faults: list[str]) -> JSON:
    if field.message_type is not None:
        return _object(table, held, faults)
    if field.enum_type is not None:
        known = field.enum_type.values_by_number.get(held)
        return known.name if known is not None else int(held)
    return base64.b64encode(held).decode("ascii") if isinstance(held, bytes) else held


def _timestamp(message: Any) -> JSON:
    """RFC 3339 in UTC; as an object where it is none, which its schema tells."""
    try:
        if not 0 <= message.nanos < 1_000_000_000:
            raise OverflowError
        moment = _EPOCH + timedelta(seconds=message.seconds)
    except OverflowError:
        return {"seconds": message.seconds, "nanos": message.nanos}
    digits = f"{message.nanos:09d}"
    fraction = next((digits[:size] for size in (3, 6) if not int(digits[size:])), digits) if message.nanos else ""
    return moment.strftime("%Y-%m-%dT%H:%M:%S") + (f".{fraction}" if fraction else "") + "Z"


def _struct(message: Any) -> JSON:
    return {key: _any_value(message.fields[key]) for key in sorted(message.fields)}


def _any_value(message: Any) -> JSON:
    match message.WhichOneof("kind"):
        case "struct_value":
            return _struct(message.struct_value)
        case "list_value":
            return [_any_value(one) for one in message.list_value.values]
        case "number_value":
            number = message.number_value
            if number != number or number in (float("inf"), float("-inf")):
                return str(number)
            return int(number) if number.is_integer() and abs(number) < 2**53 else number
        case "string_value" | "bool_value" as name:
            held: JSON = getattr(message, name)
            return held
    return None


_WELL_KNOWN: Final = {"Struct": _struct, "Value": _any_value, "Timestamp": _timestamp}
