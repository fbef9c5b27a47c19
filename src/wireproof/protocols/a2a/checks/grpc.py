"""What gRPC itself asks: the service of the version's proto, its methods, protobuf on the wire, status and details of errors
(specification 5.4, 10; 0.3: 3.2.2, 3.5.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from wireproof.judge.pack import Check, Note, broken, check, ok
from wireproof.model.wire import header
from wireproof.protocols.a2a.conversation import Seen, Talk
from wireproof.protocols.a2a.meaning import DOMAIN, REASONS, info
from wireproof.protocols.a2a.operations import OPERATIONS
from wireproof.protocols.a2a.told import tasks_of
from wireproof.protocols.a2a.tracker import Call, fields

_T: Final = "a2a.transport.grpc-"
_STREAM: Final = "a2a.stream.grpc-server-streaming"
_WIRE: Final[Mapping[bool, tuple[str, ...]]] = {
    True: (f"{_T}form",),
    False: (f"{_T}proto.v03", f"{_T}proto3.v03", f"{_T}rules.v03"),
}
_THERE: Final[Mapping[bool, tuple[str, ...]]] = {
    True: (f"{_T}methods",),
    False: (f"{_T}service.v03", f"{_T}method-form.v03", f"{_T}rules.v03", "a2a.equivalence.grpc-all-methods.v03"),
}
_GATES: Final[Mapping[str, str]] = {
    "SendStreamingMessage": "streaming",
    "SubscribeToTask": "streaming",
    "GetExtendedAgentCard": "extendedAgentCard",
    **{name: "pushNotifications" for name in OPERATIONS if "PushNotificationConfig" in name},
}
_UNIMPLEMENTED: Final = 12
_UNKNOWN: Final = 2
_STRANGE: Final = "VersionNotSupportedError"
_PAYLOADS: Final = ("task", "message", "statusUpdate", "artifactUpdate")
_STATUSES: Final[Mapping[str, str]] = {
    "TaskNotFoundError": "NOT_FOUND",
    "ContentTypeNotSupportedError": "INVALID_ARGUMENT",
    "InvalidAgentResponseError": "INTERNAL",
}
_EARLIER: Final = ("PushNotificationNotSupportedError", "UnsupportedOperationError", "VersionNotSupportedError")
"""Errors that 1.0.0 told by UNIMPLEMENTED."""


def _calls(talk: Talk) -> Iterator[Call]:
    if talk.transport == "grpc":
        yield from (one for one in talk.operations if one.head is not None and one.operation in OPERATIONS)


def _status(call: Call) -> Any:
    """The gRPC status of an error; 0 where there was none."""
    return next((one.meta["grpc_status"] for one in call.messages if one.meta.get("grpc_status")), 0)


@check(*dict.fromkeys((*_WIRE[True], *_WIRE[False])))
def messages_are_protobuf(talk: Talk) -> Iterator[Note]:
    """Each answer is the message that the proto names for its method: it can be read, and every field has its wire type."""
    for call in _calls(talk):
        for one in call.messages:
            if one.meta.get("grpc_status"):
                continue
            for row in _WIRE[talk.current]:
                if one.fault:
                    yield broken(
                        call.seq,
                        one.seq,
                        why=f"the answer of {call.operation} cannot be read: {one.fault}",
                        requirement=row,
                    )
                else:
                    yield ok(call.seq, one.seq, requirement=row)


@check(*dict.fromkeys((*_THERE[True], *_THERE[False])))
def methods_there(talk: Talk) -> Iterator[Note]:
    """The service has every method that the card does not rule out; deleting answers with an empty message."""
    for call in _calls(talk):
        gate = _GATES.get(call.operation)
        if (
            not call.lawful
            or (gate is not None and not talk.has(gate))
            or (call.operation == "ListTasks" and not talk.current)
        ):
            continue
        answers = talk.of(call)
        error = answers[0].error if answers else None
        absent = error is not None and _status(call) == _UNIMPLEMENTED and info(error) is None
        filled = call.operation.startswith("Delete") and any(one.result for one in answers)
        for row in _THERE[talk.current]:
            seqs = answers[0].seqs if answers else (call.seq,)
            if absent:
                yield broken(*seqs, why=f"there is no method for {call.operation}: UNIMPLEMENTED", requirement=row)
            elif filled:
                yield broken(
                    *seqs, why="deleting a config was answered with more than an empty message", requirement=row
                )
            elif answers:
                yield ok(*seqs, requirement=row)


@check(_STREAM)
def streams_of_responses(talk: Talk) -> Iterator[Note]:
    """What comes on a streaming method are StreamResponse messages, each with one payload."""
    for call in _calls(talk):
        if not OPERATIONS[call.operation].streams or not talk.current:
            continue
        for one in call.messages:
            if one.meta.get("grpc_status"):
                continue
            held = one.message if isinstance(one.message, dict) else {}
            if one.fault or not any(name in held for name in _PAYLOADS):
                yield broken(
                    call.seq,
                    one.seq,
                    why=f"a streamed message is no StreamResponse: {one.fault or 'it has no payload'}",
                )
            else:
                yield ok(call.seq, one.seq)


def _errors(talk: Talk) -> Iterator[tuple[Seen, Mapping[str, Any]]]:
    if talk.transport == "grpc" and talk.current:
        for seen in talk.errors():
            held = seen.raw.get("error") if isinstance(seen.raw, dict) else None
            if isinstance(held, dict):
                yield seen, held


@check("a2a.errors.grpc-error-info")
def info_is_whole(talk: Talk) -> Iterator[Note]:
    """An ErrorInfo among the details of an error of A2A names its reason and A2A's domain, and the details can be read."""
    for seen, error in _errors(talk):
        told = info(error)
        if seen.record.fault:
            yield broken(*seen.seqs, why=seen.record.fault, pointer="/error/details")
        elif told is not None and told.get("reason") in REASONS:
            domain = told.get("domain")
            if domain == DOMAIN:
                yield ok(*seen.seqs)
            else:
                yield broken(*seen.seqs, why=f"the domain of an ErrorInfo is {domain!r}", pointer="/error/details")


@check("a2a.errors.grpc-status")
def status_fits_reason(talk: Talk) -> Iterator[Note]:
    """The gRPC status of an error is that of the reason in its ErrorInfo; what 1.0.0 had for some of them passes with a remark."""
    for seen, error in _errors(talk):
        told = info(error)
        name = REASONS.get(str(told.get("reason"))) if told is not None else None
        if name is None:
            continue
        wanted, status = _STATUSES.get(name, "FAILED_PRECONDITION"), error.get("status")
        if status == wanted:
            yield ok(*seen.seqs)
        elif status == "UNIMPLEMENTED" and name in _EARLIER:
            yield ok(*seen.seqs, remark=f"{name} is UNIMPLEMENTED, as in 1.0.0")
        else:
            yield broken(*seen.seqs, why=f"{name} came with status {status}; {wanted} is due", pointer="/error/status")


@check("a2a.errors.grpc-status.v03")
def status_says_something(talk: Talk) -> Iterator[Note]:
    """0.3 gives no table, but a task that nobody knows is no UNKNOWN failure."""
    for call in _calls(talk):
        if talk.current or not call.lawful or call.operation not in ("GetTask", "CancelTask") or not call.messages:
            continue
        status = _status(call)
        if status == _UNKNOWN:
            yield broken(call.seq, call.messages[0].seq, why=f"{call.operation} was refused with status UNKNOWN")
        elif status:
            yield ok(call.seq, call.messages[0].seq)


@check("a2a.data-model.fields-task-status")
def states_are_set(talk: Talk) -> Iterator[Note]:
    """A status has a state; protobuf tells one that is not set by the value 0 (specification 5.7)."""
    for seen in (
        talk.results("GetTask", "SendMessage", "CancelTask") if talk.current and talk.transport == "grpc" else ()
    ):
        for task in tasks_of(seen):
            status = task.get("status")
            if isinstance(status, dict) and status.get("state") in (None, "TASK_STATE_UNSPECIFIED"):
                yield broken(*seen.seqs, why="a status has no state", pointer="/result")
            elif isinstance(status, dict):
                yield ok(*seen.seqs)


@check("a2a.service-params.grpc-metadata-read", "a2a.service-params.grpc-metadata-keys")
def metadata_read(talk: Talk) -> Iterator[Note]:
    """Metadata are read where a version that nobody has is refused, or an extension that was offered is told to be activated; they are not
    where neither ever comes about. Who reads the one and not the other breaks rows of its own."""
    rows = ("a2a.service-params.grpc-metadata-read", "a2a.service-params.grpc-metadata-keys")
    own = (talk.facts.get("extension") or {}).get("uri")
    strange, offering = [], []
    for call in _calls(talk) if talk.current else ():
        if header(fields(call.record), "a2a-version") == "99.0":
            strange.append(call)
        elif own and own in (header(fields(call.record), "a2a-extensions") or ""):
            offering.append(call)
    refused = [
        one for one in strange if any(seen.error and seen.error.get("meaning") == _STRANGE for seen in talk.of(one))
    ]
    activated = [one for one in offering if header(one.headers, "a2a-extensions")]
    shown = refused or activated
    for row in rows:
        if shown and shown[0].messages:
            yield ok(shown[0].seq, shown[0].messages[0].seq, requirement=row)
        elif strange and any(one.messages for one in offering):
            why = "neither the version nor the extensions in the metadata of a call made any difference"
            yield broken(strange[0].seq, offering[0].seq, why=why, requirement=row)


CHECKS: tuple[Check, ...] = (
    metadata_read,
    messages_are_protobuf,
    methods_there,
    streams_of_responses,
    info_is_whole,
    status_fits_reason,
    status_says_something,
    states_are_set,
)
