"""Protobuf messages of a protocol: descriptors made of our own tables (`schemas/<protocol>/messages.yaml`), never of an SDK's.

protobuf comes with the extra `grpc` and is imported where it is used. The descriptors have a pool of their own, so that what another
package registers under the same names changes nothing here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any, Final

from wireproof.library.shelf import shelf
from wireproof.library.source import read_yaml
from wireproof.model.errors import InternalError

_SCALARS: Final = ("string", "bytes", "bool", "int32")
_WELL_KNOWN: Final = {"Struct": "struct", "Value": "struct", "Timestamp": "timestamp", "Empty": "empty", "Any": "any"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field as the table tells it. `type` is a scalar, or the name of a message or enum; `json` its name in JSON where it is told."""

    name: str
    number: int
    type: str
    repeated: bool = False
    mapped: bool = False
    optional: bool = False
    required: bool = False
    one_of: str = ""
    json: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rpc:
    """One method of the service: the names of its request and of its answer."""

    name: str
    request: str
    answer: str
    streams: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Messages:
    """One version's table. `classes` are protobuf's, by message name, well-known types among them."""

    package: str
    service: str
    rpcs: Mapping[str, Rpc]
    enums: Mapping[str, tuple[str, ...]]
    fields: Mapping[str, tuple[Field, ...]]
    classes: Mapping[str, Any]

    def required(self, message: str) -> frozenset[str]:
        """The names of the fields that are annotated as required."""
        return frozenset(one.name for one in self.fields.get(message, ()) if one.required)


def available() -> bool:
    """Are grpcio and protobuf, the extra `grpc`, installed?"""
    try:
        return find_spec("grpc") is not None and find_spec("google.protobuf") is not None
    except ModuleNotFoundError:  # of the package google itself
        return False


@cache
def messages_of(protocol: str, name: str) -> Messages:
    """The messages of one version, or of `rpc` (errors). Raises ImportError without the extra."""
    table, _ = read_yaml(shelf("schemas") / protocol / "messages.yaml")
    if name not in table:
        raise InternalError(f"{protocol} has no protobuf messages of {name}")
    raw = table[name]
    fields = {
        message: tuple(_field(key, text) for key, text in members.items())
        for message, members in raw["messages"].items()
    }
    enums = {key: tuple(names) for key, names in raw["enums"].items()}
    rpcs = {}
    for key, (request, answer) in raw["methods"].items():
        rpcs[key] = Rpc(name=key, request=request, answer=answer.split()[-1], streams=answer.startswith("stream "))
    return Messages(
        package=raw["package"],
        service=raw["service"],
        rpcs=rpcs,
        enums=enums,
        fields=fields,
        classes=_classes(raw["package"], enums, fields),
    )


def _field(name: str, text: str) -> Field:
    """`3 required in content repeated string as other`, as the head of the table explains."""
    words = text.split()
    told, json = (words[:-2], words[-1]) if words[-2] == "as" else (words, "")
    flags = told[1:-1]
    return Field(
        name=name,
        number=int(told[0]),
        type=told[-1],
        repeated="repeated" in flags,
        mapped="map" in flags,
        optional="optional" in flags,
        required="required" in flags,
        one_of=flags[flags.index("in") + 1] if "in" in flags else "",
        json=json,
    )


def _classes(
    package: str, enums: Mapping[str, tuple[str, ...]], fields: Mapping[str, tuple[Field, ...]]
) -> Mapping[str, Any]:
    from google.protobuf import (
        any_pb2,
        descriptor_pb2,
        descriptor_pool,
        empty_pb2,
        message_factory,
        struct_pb2,
        timestamp_pb2,
    )

    known = {"any": any_pb2, "empty": empty_pb2, "struct": struct_pb2, "timestamp": timestamp_pb2}
    pool: Any = descriptor_pool.DescriptorPool()
    for one in known.values():
        pool.AddSerializedFile(one.DESCRIPTOR.serialized_pb)
    file = descriptor_pb2.FileDescriptorProto(name=f"{package}.proto", package=package, syntax="proto3")
    file.dependency.extend(f"google/protobuf/{name}.proto" for name in known)
    for name, values in enums.items():
        enum = file.enum_type.add(name=name)
        for number, value in enumerate(values):
            enum.value.add(name=value, number=number)
    for name, members in fields.items():
        _describe(file.message_type.add(name=name), members, package, enums)
    pool.Add(file)
    made = {name: pool.FindMessageTypeByName(f"{package}.{name}") for name in fields}
    made |= {name: pool.FindMessageTypeByName(f"google.protobuf.{name}") for name in _WELL_KNOWN}
    return {name: message_factory.GetMessageClass(one) for name, one in made.items()}


def _describe(message: Any, members: tuple[Field, ...], package: str, enums: Mapping[str, tuple[str, ...]]) -> None:
    unions: dict[str, int] = {}
    for one in members:
        union = one.one_of or (f"_{one.name}" if one.optional else "")
        if one.one_of and union not in unions:
            unions[union] = len(message.oneof_decl)
            message.oneof_decl.add(name=union)
    for one in members:
        made = message.field.add(name=one.name, number=one.number, label=3 if one.repeated or one.mapped else 1)
        if one.json:
            made.json_name = one.json
        if one.mapped:
            entry = message.nested_type.add(name="".join(word.title() for word in one.name.split("_")) + "Entry")
            entry.options.map_entry = True
            _typed(entry.field.add(name="key", number=1, label=1), "string", package, enums)
            _typed(entry.field.add(name="value", number=2, label=1), one.type, package, enums)
            made.type, made.type_name = 11, f".{package}.{message.name}.{entry.name}"
            continue
        _typed(made, one.type, package, enums)
        if one.one_of:
            made.oneof_index = unions[one.one_of]
        elif one.optional:  # proto3's presence is a one-of with a single member, after all real ones
            made.oneof_index, made.proto3_optional = len(message.oneof_decl), True
            message.oneof_decl.add(name=f"_{one.name}")


def _typed(made: Any, kind: str, package: str, enums: Mapping[str, tuple[str, ...]]) -> None:
    numbers = {"string": 9, "bytes": 12, "bool": 8, "int32": 5}
    if kind in _SCALARS:
        made.type = numbers[kind]
    elif kind in _WELL_KNOWN:
        made.type, made.type_name = 11, f".google.protobuf.{kind}"
    else:
        made.type, made.type_name = 14 if kind in enums else 11, f".{package}.{kind}"
