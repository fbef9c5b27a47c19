"""A small deterministic maker of instances: valid ones of a definition, and the same with one step that breaks them.

It reads our compiled schemas only, and of JSON Schema no more than they use. Every draw remembers where each definition
and each constraint was applied, so that a step can be made anywhere and a disagreement be laid at the innermost definition.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

Path = tuple[str | int, ...]
Schema = dict[str, Any]

MAP_KEYS: Final = ("key-a", "key-b")
EXTRA: Final = "x-extra"
_ABSENT: Final = object()
_DEEP: Final = 4
_STRINGS: Final = ("", "text", "Zoë ✓", "1.5")
_FORMATS: Final = {
    "uri": "file:///srv/a.txt",
    "byte": "AAEC",
    "uri-template": "file:///{path}",
    "date-time": "2026-05-28T11:34:16.5Z",
}
_NO_PATTERN: Final = "* no such thing *"
_ANYTHING: Final[tuple[Any, ...]] = (None, True, 7, 0.5, "text", [], [1, None], {}, {"a": {"b": [False]}})
_WRONG: Final[tuple[Any, ...]] = (None, True, 3, 1.5, "text", [], {}, ["text"], {"a": 1})
_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "null": (type(None),),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "string": (str,),
    "array": (list,),
    "object": (dict,),
}


@dataclass(slots=True)
class Draw:
    """One instance, the definitions that were applied in it and the places where a schema constrains it."""

    value: Any
    definitions: list[tuple[Path, str]] = field(default_factory=list)
    spots: list[tuple[Path, Schema]] = field(default_factory=list)


def is_of(value: Any, name: str) -> bool:
    """Whether a Python value is of that JSON type; True is no number."""
    return isinstance(value, _TYPES[name]) and (name == "boolean" or not isinstance(value, bool))


def at(value: Any, path: Path) -> Any:
    """The part of the value where a path leads; KeyError, IndexError or TypeError where it leads nowhere."""
    part = value
    for step in path:
        part = part[step]
    return part


def without(value: Any, path: Path) -> Any:
    """The value less the member at a path."""
    return _changed(value, path, _ABSENT)


def _changed(value: Any, path: Path, new: Any) -> Any:
    """A copy, shared where it can be, with `new` at the path; `_ABSENT` takes the member out."""
    if not path:
        return new
    head, rest = path[0], path[1:]
    copy: Any = list(value) if isinstance(value, list) else dict(value)
    if not rest and new is _ABSENT:
        del copy[head]
    else:
        copy[head] = _changed(copy[head], rest, new)
    return copy


def _choices(schema: Schema) -> list[str]:
    """The members of which exactly one must be there."""
    return [one["required"][0] for one in schema.get("oneOf", ())]


class Maker:
    """Draws instances of the definitions of one revision."""

    def __init__(self, document: Schema, seed: str) -> None:
        self.definitions: Schema = document["$defs"]
        self.random = random.Random(seed)

    def valid(self, definition: str, *, full: bool = False) -> Draw:
        """An instance that conforms; `full` has every member, three levels deep."""
        draw = Draw(value=None)
        draw.value = self._make({"$ref": f"#/$defs/{definition}"}, (), draw, 0, full)
        return draw

    def steps(self, draw: Draw) -> Iterator[tuple[Path, Any]]:
        """Every single step away from a draw: where it was made, and the whole instance after it."""
        for path, schema in draw.spots:
            yield from self._steps_at(draw, path, schema)

    def some_steps(self, draw: Draw, count: int) -> Iterator[tuple[Path, Any]]:
        """`count` steps away from a draw, each at a place chosen at random."""
        for _ in range(count):
            choices = list(self._steps_at(draw, *self.random.choice(draw.spots)))
            if choices:
                yield self.random.choice(choices)

    def strangers(self, draw: Draw, names: Iterable[str]) -> Iterator[tuple[Path, Any]]:
        """The draw with one member that its schema does not know, in each object that is the draw or has no name."""
        named = {path for path, _ in draw.definitions} - {()}
        for path, schema in draw.spots:
            if schema.get("type") != "object" or "additionalProperties" in schema or path in named:
                continue
            for name in names:
                if name not in schema.get("properties", {}):
                    owner = {**at(draw.value, path), name: [[]]}
                    yield (*path, name), _changed(draw.value, path, owner)

    def _steps_at(self, draw: Draw, path: Path, schema: Schema) -> Iterator[tuple[Path, Any]]:
        for name in schema.get("required", ()):
            yield (*path, name), _changed(draw.value, (*path, name), _ABSENT)
        for value in self._wrong(schema, draw, path):
            yield path, _changed(draw.value, path, value)
        if "oneOf" in schema:
            yield from self._other_choice(schema, draw, path)

    def _other_choice(self, schema: Schema, draw: Draw, path: Path) -> Iterator[tuple[Path, Any]]:
        """The object without the member that it chose, and with one more."""
        object_ = at(draw.value, path)
        for name in _choices(schema):
            if name in object_:
                yield path, _changed(draw.value, (*path, name), _ABSENT)
            else:
                second = self._make(schema["properties"][name], (), Draw(value=None), _DEEP, False)
                yield path, _changed(draw.value, path, {**object_, name: second})

    def _wrong(self, schema: Schema, draw: Draw, path: Path) -> Iterator[Any]:
        if "const" in schema:
            yield schema["const"] + 1 if isinstance(schema["const"], int) else f"{schema['const']}-x"
        if "enum" in schema:
            yield f"{schema['enum'][0]}-x"
        if "minimum" in schema:
            yield schema["minimum"] - 1
        if "maximum" in schema:
            yield schema["maximum"] + 1
        if "pattern" in schema:
            yield _NO_PATTERN
            if schema.get("format") == "date-time":
                yield "2026-05-28T12:34:16+01:00"
        if "maxItems" in schema:
            items = at(draw.value, path) or ["text"]
            yield [items[0]] * (schema["maxItems"] + 1)
        if types := schema.get("type"):
            names = [types] if isinstance(types, str) else types
            for value in _WRONG:
                if not any(is_of(value, name) for name in names):
                    yield value

    def _make(self, schema: Schema, path: Path, draw: Draw, depth: int, full: bool) -> Any:
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            draw.definitions.append((path, name))
            return self._make(self.definitions[name], path, draw, depth, full)
        if "anyOf" in schema:
            branches = schema["anyOf"]
            if depth > _DEEP:  # scalars first, or nothing ends
                branches = [one for one in branches if "type" in one and one["type"] != "array"] or branches
            return self._make(self.random.choice(branches), path, draw, depth, full)
        if "type" not in schema:
            return self.random.choice(_ANYTHING)
        draw.spots.append((path, schema))
        return self._typed(schema, path, draw, depth, full)

    def _typed(self, schema: Schema, path: Path, draw: Draw, depth: int, full: bool) -> Any:
        pick = self.random.choice
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return pick(schema["enum"])
        kind = schema["type"] if isinstance(schema["type"], str) else pick(schema["type"])
        match kind:
            case "null":
                return None
            case "boolean":
                return pick((True, False))
            case "string":
                if schema.get("contentEncoding") == "base64":
                    return pick(("AAEC", "", "_-8="))
                return _FORMATS.get(schema.get("format", "")) or pick(_STRINGS)
            case "integer" | "number":
                return self._number(kind, schema)
            case "array":
                return self._array(schema, path, draw, depth, full)
            case _:
                return self._object(schema, path, draw, depth, full)

    def _number(self, kind: str, schema: Schema) -> int | float:
        low, high = schema.get("minimum"), schema.get("maximum")
        numbers: list[int | float] = [0, 1, -1, 7, 2**31, *((0.5, 1e9 + 0.25) if kind == "number" else ())]
        fits = [one for one in numbers if (low is None or one >= low) and (high is None or one <= high)]
        return self.random.choice(fits)

    def _array(self, schema: Schema, path: Path, draw: Draw, depth: int, full: bool) -> list[Any]:
        if depth > _DEEP:
            return []
        size = 1 if full else self.random.choice((0, 1, 1, 2))
        return [self._make(schema["items"], (*path, index), draw, depth + 1, full) for index in range(size)]

    def _object(self, schema: Schema, path: Path, draw: Draw, depth: int, full: bool) -> dict[str, Any]:
        chance = self.random.random
        required = schema.get("required", ())
        likely = (1.0 if depth < 3 else 0.0) if full else (0.5, 0.25, 0.1, 0.05)[min(depth, 3)]
        made = {}
        choices = _choices(schema)
        chosen = self.random.choice(choices) if choices else None
        for name, member in schema.get("properties", {}).items():
            if name in choices and name != chosen:
                continue
            if name in required or name == chosen or chance() < likely:
                made[name] = self._make(member, (*path, name), draw, depth + 1, full)
        if "additionalProperties" in schema:
            for key in MAP_KEYS if depth <= _DEEP else ():
                if full or chance() < 0.5:
                    made[key] = self._make(schema["additionalProperties"], (*path, key), draw, depth + 1, full)
        elif chance() < 0.2:
            made[EXTRA] = self.random.choice(_ANYTHING)
        return made
