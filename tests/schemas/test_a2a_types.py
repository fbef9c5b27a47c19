"""Our A2A schemas against the types of a2a-sdk, which were made apart from them: protobuf messages for 1.0, pydantic models for 0.3."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from a2a.compat.v0_3 import types as v03
from a2a.types import a2a_pb2
from google.api.field_behavior_pb2 import FieldBehavior, field_behavior
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.message import Message as ProtoMessage
from google.protobuf.struct_pb2 import Value
from pydantic import BaseModel, RootModel, TypeAdapter

from tests.schemas.comparison import ENOUGH, Comparison, Difference, Judge, document, gone, known, listed, report
from tests.schemas.instances import Path
from tests.schemas.test_wire_types import judge_of

FEWEST = {"0.3": 75, "1.0": 44}
VALUE = Value.DESCRIPTOR
"""Any JSON value: null is one."""
OPTIONAL = frozenset(("preferred_transport",))
"""Members of 0.3 with a default that the published schema does not require."""


@cache
def proto_types() -> dict[str, type[ProtoMessage]]:
    return {
        name: kind for name, kind in vars(a2a_pb2).items() if isinstance(kind, type) and issubclass(kind, ProtoMessage)
    }


def is_map(one: FieldDescriptor) -> bool:
    return one.message_type is not None and one.message_type.GetOptions().map_entry


def known_part(value: Any, kind: Descriptor) -> Any:
    """The value less the members that the message does not know, all the way down: what ProtoJSON readers are told to ignore."""
    if not isinstance(value, dict) or kind.full_name.startswith("google.protobuf."):
        return value
    fields = {one.json_name: one for one in kind.fields}
    return {name: known_field(one, fields[name]) for name, one in value.items() if name in fields}


def known_field(value: Any, one: FieldDescriptor) -> Any:
    if one.message_type is None:
        return value
    if is_map(one):
        inner = one.message_type.fields_by_name["value"].message_type
        items = value.items() if isinstance(value, dict) and inner is not None else ()
        return {key: known_part(each, inner) for key, each in items} if items else value
    if one.is_repeated:
        return [known_part(each, one.message_type) for each in value] if isinstance(value, list) else value
    return known_part(value, one.message_type)


def absent(value: Any, kind: Descriptor, path: Path = ()) -> Iterator[Path]:
    """Members that the proto annotates as required and that are not there, all the way down. Zero enum values count as not there."""
    if not isinstance(value, dict) or kind.full_name.startswith("google.protobuf."):
        return
    for one in kind.fields:
        name = one.json_name
        needed = FieldBehavior.REQUIRED in one.GetOptions().Extensions[field_behavior]
        held = value.get(name)
        unset = one.enum_type is not None and held == one.enum_type.values[0].name
        if needed and (name not in value or held is None or unset):
            yield path
        if held is None or one.message_type is None:
            continue
        if is_map(one):
            inner = one.message_type.fields_by_name["value"].message_type
            if inner is not None and isinstance(held, dict):
                for key, each in held.items():
                    yield from absent(each, inner, (*path, name, key))
        elif isinstance(held, list):
            for index, each in enumerate(held):
                yield from absent(each, one.message_type, (*path, name, index))
        else:
            yield from absent(held, one.message_type, (*path, name))
    for choice in kind.oneofs:
        held = [one for one in choice.fields if value.get(one.json_name) is not None]
        nulls = [one for one in choice.fields if one.message_type is VALUE and one.json_name in value]
        if len(choice.fields) > 1 and not (held or nulls):
            yield path


def misread(value: Any, kind: Descriptor, path: Path = ()) -> Iterator[Path]:
    """Where something else stands for a message: an empty list passes for one in this reader, which no other does."""
    if not isinstance(value, dict):
        yield path
        return
    for one in kind.fields:
        held = value.get(one.json_name)
        if held is None or one.message_type is None or one.message_type.full_name.startswith("google.protobuf."):
            continue
        below = (*path, one.json_name)
        inner = one.message_type.fields_by_name["value"].message_type if is_map(one) else one.message_type
        if inner is None:
            continue
        if is_map(one):
            for key, each in held.items() if isinstance(held, dict) else ():
                yield from misread(each, inner, (*below, key))
        elif one.is_repeated:
            for index, each in enumerate(held) if isinstance(held, list) else ():
                yield from misread(each, inner, (*below, index))
        else:
            yield from misread(held, inner, below)


def problems(instance: Any, kind: type[ProtoMessage]) -> Iterator[Path]:
    """Where the instance is no such message; at one place at least when it is none."""
    part = known_part(instance, kind.DESCRIPTOR)
    lists = list(misread(part, kind.DESCRIPTOR))
    yield from lists
    if not lists and not readable(part, kind):
        yield _deepest(part, kind.DESCRIPTOR)
    elif not lists:
        yield from absent(part, kind.DESCRIPTOR)


def readable(part: Any, kind: type[ProtoMessage]) -> bool:
    try:
        ParseDict(part, kind())
    except (ParseError, TypeError, ValueError, AttributeError):
        return False
    return True


def conforms(instance: Any, kind: type[ProtoMessage]) -> bool:
    """The same without the places, which cost more."""
    part = known_part(instance, kind.DESCRIPTOR)
    for _ in misread(part, kind.DESCRIPTOR):
        return False
    return readable(part, kind) and not any(True for _ in absent(part, kind.DESCRIPTOR))


def _deepest(part: Any, kind: Descriptor, path: Path = ()) -> Path:
    """Where the reader stops: the innermost member that cannot be read by itself."""
    for one in kind.fields:
        if one.json_name in part and one.message_type is not None and not kind.full_name.startswith("google."):
            held = part[one.json_name]
            steps: list[tuple[Path, Any]] = [((*path, one.json_name), held)]
            if isinstance(held, list):
                steps = [((*path, one.json_name, index), each) for index, each in enumerate(held)]
            for step, each in steps:
                if isinstance(each, dict) and not is_map(one) and _unreadable(each, one.message_type):
                    return _deepest(each, one.message_type, step)
        if one.json_name in part and _unreadable({one.json_name: part[one.json_name]}, kind):
            return (*path, one.json_name)
    return path


def _unreadable(value: Any, kind: Descriptor) -> bool:
    made = proto_types().get(kind.name)
    return made is not None and not readable(value, made)


def proto_judge(kind: type[ProtoMessage]) -> Judge:
    return Judge(valid=lambda instance: conforms(instance, kind), places=lambda instance: problems(instance, kind))


def model_judge(kind: Any) -> Judge:
    """A judge from a pydantic model that also misses what the model would make up: its constants, such as `kind`, have defaults."""
    judge = judge_of(kind)
    adapter = TypeAdapter(kind)

    def places(instance: Any) -> list[Path]:
        return list(judge.places(instance)) or list(made_up(adapter.validate_python(instance)))

    return Judge(valid=lambda instance: judge.valid(instance) and not places(instance), places=places)


def is_response(value: BaseModel) -> bool:
    return type(value).__name__.endswith("Response")


def made_up(value: Any, path: Path = ()) -> Iterator[Path]:
    """Required members that were not given, or given as null."""
    if isinstance(value, RootModel):
        yield from made_up(value.root, path)
    elif isinstance(value, BaseModel):
        for name, one in type(value).model_fields.items():
            given = getattr(value, name)
            constant = isinstance(one.default, str | int) and name not in OPTIONAL
            if (constant or (name == "id" and is_response(value))) and name not in value.model_fields_set:
                yield path
            elif constant and given is None:
                yield (*path, one.alias or name)
            yield from made_up(given, (*path, one.alias or name))
    elif isinstance(value, list | dict):
        for key, each in enumerate(value) if isinstance(value, list) else value.items():
            yield from made_up(each, (*path, key))


@cache
def theirs_of(revision: str) -> dict[str, Judge]:
    names = document(revision)["$defs"]
    if revision == "1.0":
        return {name: proto_judge(kind) for name, kind in proto_types().items() if name in names}
    return {name: model_judge(vars(v03)[name]) for name in names if name in vars(v03)}


def names_of(revision: str) -> set[str]:
    """The members that their types know, as they are written on the wire."""
    if revision == "1.0":
        return {one.json_name for kind in proto_types().values() for one in kind.DESCRIPTOR.fields}
    models = [kind for kind in vars(v03).values() if isinstance(kind, type) and issubclass(kind, BaseModel)]
    return {one.alias or name for model in models for name, one in model.model_fields.items()}


def is_envelope(name: str) -> bool:
    """Of 0.3: a request, a response or an error, which adds a few constants to a definition that is compared by itself."""
    return name.endswith(("Request", "Response", "Error")) and name not in ("JSONRPCRequest", "JSONRPCErrorResponse")


@pytest.mark.parametrize("revision", FEWEST)
def test_same_verdicts(revision: str) -> None:
    hold(revision, [name for name in theirs_of(revision) if revision != "0.3" or not is_envelope(name)])


@pytest.mark.oracle
def test_same_verdicts_on_envelopes() -> None:
    hold("0.3", [name for name in theirs_of("0.3") if is_envelope(name)])


def hold(revision: str, names: list[str]) -> None:
    """Fails where the two sides part on one of the definitions, and no row lists it."""
    comparison = Comparison(revision, theirs_of(revision), null_is_absent=True, names=names_of(revision))
    assert len(comparison.shared) >= FEWEST[revision]
    found: dict[Difference, Any] = {}
    few = []
    is_known = known("a2a-sdk")
    for name in names:
        tally = comparison.compare(name)
        found |= {one: value for one, value in tally.differences.items() if not is_known(one)}
        if tally.valid < ENOUGH or tally.invalid < ENOUGH:
            few.append(name)
    assert few == []
    assert not found, f"differences that no row lists:\n{report(found)}"


def test_every_message_of_the_proto_is_there() -> None:
    assert set(proto_types()) - set(document("1.0")["$defs"]) == set()


@pytest.mark.parametrize("revision", FEWEST)
def test_listed_differences_still_occur(revision: str) -> None:
    assert gone("a2a-sdk", revision, theirs_of(revision)) == []


def test_every_row_names_a_version_that_is_compared() -> None:
    assert {revision for row in listed("a2a-sdk") for revision in row["revisions"]} <= set(FEWEST)
