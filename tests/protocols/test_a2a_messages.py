"""Our table of protobuf messages against the SDK's generated ones, and what is made of bytes."""

from __future__ import annotations

from typing import Any

import pytest
from a2a.compat.v0_3 import a2a_v0_3_pb2
from a2a.types import a2a_pb2
from google.protobuf import struct_pb2
from google.rpc import error_details_pb2, status_pb2

from wireproof.library.messages import messages_of
from wireproof.protocols.a2a.protobuf import Unwritable, decoded, encoded, status_object

THEIRS = {"1.0": a2a_pb2, "0.3": a2a_v0_3_pb2}


def described(kind: Any) -> dict[str, Any]:
    """A message descriptor in plain values: what the wire and its JSON form depend on."""
    made = {}
    for field in kind.fields:
        held = field.message_type or field.enum_type
        name = held.full_name if held is not None else ""
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            name = repr(described(field.message_type))
        union = field.containing_oneof
        made[field.name] = (
            field.number,
            field.type,
            field.is_repeated,
            field.json_name,
            name,
            field.has_presence,
            union.name if union is not None else "",
        )
    return made


@pytest.mark.parametrize("revision", ["0.3", "1.0"])
def test_the_table_says_what_the_sdk_was_generated_from(revision: str) -> None:
    ours, theirs = messages_of("a2a", revision), THEIRS[revision].DESCRIPTOR
    known = theirs.message_types_by_name
    assert ours.package == theirs.package
    assert set(ours.fields) == set(known)
    for name in known:
        assert described(ours.classes[name].DESCRIPTOR) == described(known[name]), name
    assert {name: list(values) for name, values in ours.enums.items()} == {
        name: [one.name for one in enum.values] for name, enum in theirs.enum_types_by_name.items()
    }
    service = theirs.services_by_name[ours.service]
    assert {one.name: (one.request, one.answer, one.streams) for one in ours.rpcs.values()} == {
        one.name: (one.input_type.name, one.output_type.name, one.server_streaming) for one in service.methods
    }


@pytest.mark.parametrize("revision", ["0.3", "1.0"])
def test_the_table_knows_which_fields_are_required(revision: str) -> None:
    from google.api import field_behavior_pb2

    ours = messages_of("a2a", revision)
    for name, kind in THEIRS[revision].DESCRIPTOR.message_types_by_name.items():
        told = {
            one.name
            for one in kind.fields
            if field_behavior_pb2.REQUIRED in one.GetOptions().Extensions[field_behavior_pb2.field_behavior]
        }
        assert ours.required(name) == told, name


def test_what_is_written_is_read_by_others() -> None:
    parts: list[Any] = [{"text": ""}, {"data": {"a": [1, 2.5, None, True]}}, {"raw": "AAEC"}]
    data = encoded("1.0", "SendMessage", {"message": {"messageId": "m", "role": "ROLE_USER", "parts": parts}})
    read = a2a_pb2.SendMessageRequest.FromString(data)
    assert read.message.parts[0].WhichOneof("content") == "text"
    assert read.message.parts[2].raw == b"\x00\x01\x02"
    assert decoded("1.0", "CreateTaskPushNotificationConfig", b"") == ({}, None)


@pytest.mark.parametrize("params", [{"id": 1}, {"nonsense": "x"}, {"historyLength": "many"}, [], {"id": ["x"]}])
def test_what_protobuf_cannot_say_is_told(params: Any) -> None:
    with pytest.raises(Unwritable):
        encoded("1.0", "GetTask", params)


def test_what_others_write_is_read() -> None:
    task = a2a_pb2.Task(id="t", context_id="c")
    task.status.state = a2a_pb2.TASK_STATE_COMPLETED
    task.status.timestamp.FromJsonString("2026-01-01T00:00:00.120Z")
    task.metadata.CopyFrom(struct_pb2.Struct())
    task.metadata.update({"a": {"b": 1}})
    task.artifacts.add(artifact_id="a").parts.add(text="")
    assert decoded("1.0", "GetTask", task.SerializeToString()) == (
        {
            "id": "t",
            "contextId": "c",
            "status": {"state": "TASK_STATE_COMPLETED", "timestamp": "2026-01-01T00:00:00.120Z"},
            "artifacts": [{"artifactId": "a", "parts": [{"text": ""}]}],
            "metadata": {"a": {"b": 1}},
        },
        None,
    )


def test_required_members_are_there_where_absence_and_default_are_one() -> None:
    assert decoded("1.0", "ListTasks", b"") == (
        {"tasks": [], "nextPageToken": "", "pageSize": 0, "totalSize": 0},
        None,
    )


def test_unknown_fields_and_numbers_are_kept() -> None:
    assert decoded("1.0", "GetTask", b"\x0a\x01x\xa0\x06\x05\x1a\x02\x08\x63") == (
        {"id": "x", "?100": 5, "status": {"state": 99}},
        None,
    )


def test_a_known_number_of_another_wire_type_is_told() -> None:
    value, fault = decoded("1.0", "GetTask", b"\x18\x01\x0a\x01x")
    assert value == {"id": "x", "?3": 1}
    assert fault == "protobuf: field 3 (status) of Task came as wire type 0"


def test_bytes_that_are_no_message_are_told() -> None:
    value, fault = decoded("1.0", "GetTask", b"\x0a\x05x")
    assert not isinstance(value, dict)
    assert fault is not None
    assert fault.startswith("protobuf: this is no Task")


def test_errors_have_the_form_of_google_rpc_status() -> None:
    status = status_pb2.Status(code=5, message="gone")
    status.details.add().Pack(error_details_pb2.ErrorInfo(reason="TASK_NOT_FOUND", domain="a2a-protocol.org"))
    value, fault = status_object(5, "gone", status.SerializeToString())
    assert fault is None
    info = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "TASK_NOT_FOUND",
        "domain": "a2a-protocol.org",
    }
    assert value == {"error": {"code": 5, "status": "NOT_FOUND", "message": "gone", "details": [info]}}
    assert (
        status_object(9, "", status.SerializeToString())[1] == "grpc-status-details-bin tells code 5, the status is 9"
    )
