"""JSON Schema: one revision's compiled definitions, our own files' schemas, and schemas that a target hands us.

Two validators share the work. jsonschema-rs says yes or no, fast; jsonschema explains a no, and only against schemas of
ours. A schema that comes from a target meets jsonschema-rs alone, under caps. Nothing here ever fetches a reference.
Both packages are imported where they are used: they are slow to load and half of the commands need neither.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

from wireproof.library.shelf import shelf
from wireproof.model.errors import InternalError, UsageError
from wireproof.model.jsontext import JSON, deeper_than, dump, pointer_of

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

MAX_TARGET_SCHEMA: Final = 1_000_000
"""Bytes of a target's schema that we still judge."""
MAX_TARGET_DEPTH: Final = 100
"""Levels of nesting of a target's schema that we still judge."""

_MAX_PROBLEMS: Final = 20
_GIVEN_UP: Final = ("BacktrackLimitExceeded", "RegexEngineFailure")
_SHOWN: Final = 60
_DIALECTS: Final[Mapping[str, str]] = {
    "json-schema.org/draft/2020-12/schema": DIALECT,
    "json-schema.org/draft/2019-09/schema": "https://json-schema.org/draft/2019-09/schema",
    "json-schema.org/draft-07/schema": "http://json-schema.org/draft-07/schema#",
    "json-schema.org/draft-06/schema": "http://json-schema.org/draft-06/schema#",
    "json-schema.org/draft-04/schema": "http://json-schema.org/draft-04/schema#",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong at a JSON pointer of an instance."""

    pointer: str
    message: str
    hint: str = ""


def _refuse(uri: str) -> Any:
    raise LookupError(f"references are never fetched: {uri}")


@dataclass(slots=True)
class Schemas:
    """The definitions of one revision: schemas/<protocol>/<revision>.schema.json, compiled on first use and kept.

    UsageError when the file is missing or unreadable; InternalError for a definition that it lacks.
    """

    protocol: str
    revision: str
    document: Mapping[str, Any] = field(init=False, repr=False)
    _registry: Any = field(init=False, repr=False, default=None)
    _compiled: dict[str, Any] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.document = _load(shelf("schemas") / self.protocol / f"{self.revision}.schema.json")

    @property
    def methods(self) -> Mapping[str, Mapping[str, str]]:
        """Method name to {by, request | notification, result, within}."""
        table: Mapping[str, Mapping[str, str]] = self.document.get("x-methods", {})
        return table

    @property
    def envelopes(self) -> Mapping[str, str]:
        """request, notification, result, error to the definition of that message."""
        table: Mapping[str, str] = self.document.get("x-envelopes", {})
        return table

    def has(self, definition: str) -> bool:
        return definition in self.document["$defs"]

    def valid(self, definition: str, instance: JSON) -> bool:
        """Whether the instance conforms to the named definition."""
        compiled = self._compiled.get(definition)
        if compiled is None:
            compiled = self._compiled[definition] = self._compile(self._pointing_at(definition))
        return _verdict(compiled, instance)

    def explain(self, definition: str, instance: JSON) -> list[tuple[str, str]]:
        """(pointer, message) of what breaks the definition, deepest first; empty when nothing does."""
        found = _explain(self._pointing_at(definition), instance, self.document)
        return [(problem.pointer, problem.message) for problem in found]

    def inline(self, schema: JSON, instance: JSON) -> list[tuple[str, str]]:
        """The same for a JSON Schema of an exchange file; there `#/$defs/Name` means this revision's definition."""
        text = dump(schema)
        whole = schema
        if '"#/$defs/' in text and "$defs" not in schema:
            whole = {**schema, "$defs": self.document["$defs"]}
        compiled = self._compiled.get(text)
        if compiled is None:
            compiled = self._compiled[text] = self._compile(whole)
        if _verdict(compiled, instance):
            return []
        return [(problem.pointer, problem.message) for problem in _explain(whole, instance, self.document)]

    def target_schema_problems(self, schema: JSON) -> list[str]:
        """See `check_target_schema`."""
        return check_target_schema(schema)

    def target_problems(self, schema: JSON, instance: JSON) -> list[str]:
        """See the function of that name."""
        return target_problems(schema, instance)

    def _pointing_at(self, definition: str) -> dict[str, Any]:
        if not self.has(definition):
            near = difflib.get_close_matches(definition, self.document["$defs"], n=1)
            raise InternalError(
                f"{self.protocol} {self.revision} has no definition {definition!r}",
                hint=f"did you mean {near[0]}?" if near else "",
            )
        return {"$schema": DIALECT, "$ref": f"{self.document['$id']}#/$defs/{definition}"}

    def _compile(self, schema: JSON) -> Any:
        import jsonschema_rs

        if self._registry is None:
            resource = (self.document["$id"], {key: self.document[key] for key in ("$schema", "$id", "$defs")})
            self._registry = jsonschema_rs.Registry([resource], retriever=_refuse)
        try:
            return jsonschema_rs.validator_for(
                schema, registry=self._registry, retriever=_refuse, validate_formats=False
            )
        except ValueError as error:
            raise UsageError(f"a JSON Schema does not compile: {_first_line(error)}", hint=dump(schema)[:200]) from None


@cache
def schemas_of(protocol: str, revision: str) -> Schemas:
    """The shared `Schemas` of a revision."""
    return Schemas(protocol, revision)


def _load(path: Path) -> Mapping[str, Any]:
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise UsageError(f"schema file cannot be read: {error.strerror or error}", where=str(path)) from None
    except ValueError as error:
        raise UsageError(f"schema file is not JSON: {error}", where=str(path)) from None
    if not isinstance(document, dict):
        raise UsageError("schema file does not hold an object", where=str(path))
    return document


def _verdict(compiled: Any, instance: JSON) -> bool:
    try:
        return bool(compiled.is_valid(instance))
    except ValueError:  # half a surrogate pair cannot cross into Rust; it may never change a verdict about structure
        return bool(compiled.is_valid(_mended(instance)))


def _mended(value: JSON) -> JSON:
    """The value with lone surrogates replaced."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, list):
        return [_mended(item) for item in value]
    if isinstance(value, dict):
        return {_mended(key): _mended(item) for key, item in value.items()}
    return value


def _first_line(error: BaseException) -> str:
    return str(error).split("\n", 1)[0][:200]


# Our own files


@cache
def _own(name: str) -> tuple[Mapping[str, Any], Any]:
    import jsonschema_rs

    schema = _load(shelf("schemas") / "wireproof" / f"{name}.schema.json")
    return schema, jsonschema_rs.validator_for(dict(schema), retriever=_refuse, validate_formats=False)


def own_problem(name: str, value: JSON) -> Problem | None:
    """What first breaks schemas/wireproof/<name>.schema.json, or None."""
    schema, compiled = _own(name)
    if _verdict(compiled, value):
        return None
    found = _explain(schema, value, None)
    return found[0] if found else Problem(pointer="", message=f"does not conform to {name}.schema.json")


# Schemas that come from a target


def _admit(schema: JSON) -> tuple[JSON, str | None]:
    """The schema under the official name of its dialect, and why we cannot judge it (None when we can)."""
    text = dump(schema)
    if len(text.encode("utf-8", "surrogatepass")) > MAX_TARGET_SCHEMA:
        return schema, f"the schema is larger than {MAX_TARGET_SCHEMA} bytes"
    if deeper_than(text, MAX_TARGET_DEPTH):
        return schema, f"the schema nests deeper than {MAX_TARGET_DEPTH} levels"
    schema = _mended(schema)
    if isinstance(schema, dict) and isinstance(named := schema.get("$schema"), str):
        official = _DIALECTS.get(named.removesuffix("#").split("://", 1)[-1])
        if official is None:
            return schema, f"the dialect {_brief(named)} is not one that wireproof knows"
        schema = {**schema, "$schema": official}
    return schema, None


def unjudgeable(schema: JSON) -> str | None:
    """Why instances cannot be held against a target's schema (its size, dialect or references), or None."""
    admitted, why = _admit(schema)
    if why is None:
        _, why = _target_validator(dump(admitted))
    return why


def check_target_schema(schema: JSON) -> list[str]:
    """Why a target's schema is not a valid JSON Schema of its `$schema` (2020-12 when unnamed); empty when it is valid.

    Empty as well when we cannot judge it: over the caps, or in a dialect that we do not know. See `unjudgeable`.
    """
    import jsonschema_rs

    admitted, why = _admit(schema)
    if why is not None:
        return []
    try:
        jsonschema_rs.meta.validate(admitted)
    except jsonschema_rs.ValidationError as error:
        return [f"{pointer_of(error.instance_path) or 'the schema'}: {_first_line(error)}"]
    return []


@lru_cache(maxsize=512)
def _target_validator(text: str) -> tuple[Any, str | None]:
    import jsonschema_rs

    try:
        compiled = jsonschema_rs.validator_for(
            json.loads(text),
            retriever=_refuse,
            validate_formats=False,
            pattern_options=jsonschema_rs.FancyRegexOptions(backtrack_limit=100_000),
        )
    except (ValueError, jsonschema_rs.ReferencingError) as error:
        return None, f"the schema does not compile: {_first_line(error)}"
    return compiled, None


def target_problems(schema: JSON, instance: JSON) -> list[str]:
    """What in the instance breaks a target's own schema, as "pointer: message"; empty too where `unjudgeable`."""
    admitted, why = _admit(schema)
    if why is not None:
        return []
    compiled, why = _target_validator(dump(admitted))
    if why is not None:
        return []
    problems = []
    for error in compiled.iter_errors(_mended(instance)):
        if type(error.kind).__name__.rpartition(".")[2] in _GIVEN_UP:
            return []  # the pattern was given up, which says nothing about the instance
        problems.append(f"{pointer_of(error.instance_path) or 'the value'}: {_first_line(error)}")
        if len(problems) == _MAX_PROBLEMS:
            break
    return problems


def target_valid(schema: JSON, instance: JSON) -> bool:
    """Whether nothing in the instance is known to break the target's schema."""
    return not target_problems(schema, instance)


# Explaining


def _explain(schema: JSON, instance: JSON, document: Mapping[str, Any] | None) -> list[Problem]:
    from jsonschema import Draft202012Validator
    from referencing import Registry, Resource
    from referencing.jsonschema import DRAFT202012

    new: Any = Registry  # attrs hides the argument's name from type checkers
    registry = new(retrieve=_refuse)
    if document is not None:
        registry = registry.with_resource(document["$id"], Resource.from_contents(document, DRAFT202012))
    errors = Draft202012Validator(schema, registry=registry).iter_errors(instance)
    found = {(problem.pointer, problem.message): problem for error in errors for problem in _dig(error)}
    return sorted(found.values(), key=lambda problem: -problem.pointer.count("/"))[:_MAX_PROBLEMS]


def _dig(error: Any) -> Iterable[Problem]:
    """The problems that matter inside one error: of a union, those of the branch that was most likely meant."""
    if error.validator not in ("anyOf", "oneOf") or (not error.context and _one_member_of(error) is None):
        yield _problem(error)
        return
    if (choice := _one_member_of(error)) is not None:
        yield choice
        return
    branches: dict[int, list[Any]] = {}
    for child in error.context:
        branches.setdefault(child.relative_schema_path[0], []).append(child)
    scored = {index: _distance(children) for index, children in branches.items()}
    if all(foreign for foreign, _, _ in scored.values()):
        yield _none_fits(error, branches)
        return
    for child in branches[min(scored, key=lambda index: scored[index])]:
        yield from _dig(child)


def _one_member_of(error: Any) -> Problem | None:
    """The problem of a `oneOf` that does no more than ask for exactly one of some members; None for another."""
    wanted = [list(one.get("required", ())) for one in error.validator_value if list(one) == ["required"]]
    instance = error.instance
    if error.validator != "oneOf" or len(wanted) < len(error.validator_value) or not isinstance(instance, dict):
        return None
    names = [name for one in wanted for name in one]
    pointer, held = pointer_of(error.absolute_path), [name for name in names if name in instance]
    if len(held) > 1:
        message = f"holds {' and '.join(map(repr, held))} at once"
        return Problem(pointer=pointer, message=message, hint="exactly one of them may stand here")
    near = next(filter(None, (_nearest(key, names) for key in instance)), "")
    return Problem(
        pointer=pointer, message=f"holds none of {', '.join(names)}", hint=near or "exactly one of them must"
    )


def _distance(children: list[Any]) -> tuple[int, int, int]:
    """How far the instance is from one branch of a union: signs of another kind of thing, missing members, errors."""
    foreign = missing = 0
    for child in children:
        depth = len(child.relative_path)
        if depth == 0 and child.validator == "type":
            foreign += 2
        elif depth <= 1 and child.validator in ("const", "enum"):
            foreign += 1
        elif depth == 0 and child.validator == "required":
            missing += 1
    return foreign, missing, len(children)


def _none_fits(error: Any, branches: Mapping[int, list[Any]]) -> Problem:
    """No branch of a union was meant; say what would have been one."""
    children = [child for group in branches.values() for child in group]
    kinds = [child for child in children if child.validator in ("const", "enum") and len(child.relative_path) == 1]
    names = {child.relative_path[0] for child in kinds}
    if len(names) == 1:
        values = [value for child in kinds for value in _values(child)]
        shown = " or ".join(dict.fromkeys(_brief(value) for value in values))
        return Problem(
            pointer=pointer_of(kinds[0].absolute_path),
            message=f"should be {shown}, is {_brief(kinds[0].instance)}",
            hint=_nearest(kinds[0].instance, values),
        )
    types = [child.validator_value for child in children if child.validator == "type" and not child.relative_path]
    flat = [name for value in types for name in ([value] if isinstance(value, str) else value)]
    wanted = " or ".join(dict.fromkeys(flat)) or "another kind of value"
    return Problem(pointer=pointer_of(error.absolute_path), message=f"should be {wanted}, is {_what(error.instance)}")


def _values(error: Any) -> list[JSON]:
    return list(error.validator_value) if error.validator == "enum" else [error.validator_value]


def _problem(error: Any) -> Problem:
    pointer = pointer_of(error.absolute_path)
    wanted, instance = error.validator_value, error.instance
    match error.validator:
        case "required":
            absent = [name for name in wanted if name not in instance]
            named = ", ".join(repr(name) for name in absent)
            extra = [key for key in instance if key not in wanted]
            spelled = [_nearest(name, extra, "misspelt as") for name in absent]
            message = f"{'member' if len(absent) == 1 else 'members'} {named} missing"
            return Problem(pointer=pointer, message=message, hint=next(filter(None, spelled), ""))
        case "additionalProperties" | "unevaluatedProperties" if wanted is False:
            known = list(error.schema.get("properties", {}))
            strange = [key for key in instance if key not in known]
            if len(strange) == 1:
                pointer = pointer_of([*error.absolute_path, strange[0]])
            message = f"unknown member {', '.join(map(repr, strange))}"
            hint = _nearest(strange[0], known) or f"known members: {', '.join(sorted(known))}"
            return Problem(pointer=pointer, message=message, hint=hint if known else "")
        case "type":
            names = wanted if isinstance(wanted, str) else " or ".join(wanted)
            return Problem(pointer=pointer, message=f"should be {names}, is {_what(instance)}")
        case "const" | "enum":
            values = _values(error)
            message = f"should be {' or '.join(map(_brief, values))}, is {_brief(instance)}"
            return Problem(pointer=pointer, message=message, hint=_nearest(instance, values))
        case "pattern":
            return Problem(pointer=pointer, message=f"{_brief(instance)} does not match the pattern {wanted}")
        case "minimum" | "exclusiveMinimum" | "maximum" | "exclusiveMaximum":
            word = "at least" if "min" in error.validator.lower() else "at most"
            word = {"at least": "more than", "at most": "less than"}[word] if "exclusive" in error.validator else word
            return Problem(pointer=pointer, message=f"should be {word} {wanted}, is {_brief(instance)}")
        case "minProperties" | "minItems" | "minLength":
            return Problem(pointer=pointer, message=f"should have at least {wanted}, has {len(instance)}")
        case "maxProperties" | "maxItems" | "maxLength":
            return Problem(pointer=pointer, message=f"should have at most {wanted}, has {len(instance)}")
        case _:
            message = f"breaks {error.validator}: {_brief(wanted)}; it is {_brief(instance)}"
            return Problem(pointer=pointer, message=message)


def _nearest(value: JSON, known: Iterable[JSON], words: str = "did you mean") -> str:
    near = difflib.get_close_matches(str(value), [str(item) for item in known], n=1)
    return f"{words} {near[0]!r}?" if near else ""


def _what(value: JSON) -> str:
    name = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return "null" if value is None else f"{name.get(type(value), type(value).__name__)} {_brief(value)}"


def _brief(value: JSON) -> str:
    text = dump(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
