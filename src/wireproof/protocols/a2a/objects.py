"""The objects inside a message, each with the definition that it should be of: the schema leads, and what it does not know is passed over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from wireproof.model.jsontext import JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """An object inside a message: where it stands, its definition's name and what that says of its members."""

    pointer: str
    definition: str
    value: Mapping[str, Any]
    schema: Mapping[str, Any]

    @property
    def members(self) -> Mapping[str, Any]:
        members: Mapping[str, Any] = self.schema.get("properties", {})
        return members

    def at(self, member: str) -> str:
        return f"{self.pointer}/{_escaped(member)}"


def objects(value: JSON, definition: str, definitions: Mapping[str, Any], pointer: str = "") -> Iterator[Part]:
    """Every object of a named definition, the outermost first. Unions are not entered: the wire names what stands in them otherwise."""
    schema = definitions.get(definition)
    if not isinstance(value, dict) or not isinstance(schema, dict):
        return
    part = Part(pointer=pointer, definition=definition, value=value, schema=schema)
    yield part
    for member, inner in part.members.items():
        if member in value:
            yield from _inside(value[member], inner, definitions, part.at(member))


def _inside(value: JSON, schema: Mapping[str, Any], definitions: Mapping[str, Any], pointer: str) -> Iterator[Part]:
    if reference := schema.get("$ref"):
        yield from objects(value, reference.rpartition("/")[2], definitions, pointer)
    elif isinstance(value, list) and "items" in schema:
        for index, one in enumerate(value):
            yield from _inside(one, schema["items"], definitions, f"{pointer}/{index}")
    elif isinstance(value, dict) and isinstance(inner := schema.get("additionalProperties"), dict):
        for key, one in value.items():
            yield from _inside(one, inner, definitions, f"{pointer}/{_escaped(key)}")


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
