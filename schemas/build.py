"""Compiles schemas/<protocol>/source/*.yaml into schemas/<protocol>/<revision>.schema.json; the notation is in mcp/source/README.md.

    python schemas/build.py           write the files
    python schemas/build.py --check   write nothing; exit 1 when a committed file differs from what would be compiled

A slip in the sources raises SourceError, whose text names the definition.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import yaml

HERE: Final = Path(__file__).resolve().parent
SOURCES: Final = {name: HERE / name / "source" for name in ("mcp", "a2a")}
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
MIXINS: Final = "+"
ONE_OF: Final = "one of"
RANGE_OF_FILE: Final = "@"
PATTERNS: Final[dict[str, dict[str, str]]] = {
    "timestamp": {
        "format": "date-time",
        "pattern": r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?Z$",
    },
    "base64": {"contentEncoding": "base64", "pattern": r"^[A-Za-z0-9+/_-]*={0,2}$"},
}
"""Kinds of text that assert something of their form. timestamp: RFC 3339 in UTC; base64: of either alphabet, with padding or without."""

_WORDS: Final = ("string", "integer", "number", "boolean", "null")
_RANGE: Final = r"(?:\w+)?(?:\.\.)?(?:\w+)?"
_HEAD: Final = re.compile(rf"(?P<name>@?[^\s?@]+)(?P<optional>\?(?P<until>{_RANGE}))?(?: @(?P<range>{_RANGE}))?\Z")
_TOKEN: Final = re.compile(
    rf"\s*(?:(?P<call>(?:const|enum|string|integer|number)\([^()]*\))|(?P<array>\[(?:\.\.\d+)?\])"
    rf"|(?P<range>@{_RANGE})|(?P<word>[A-Za-z]\w*)|(?P<sign>[|()<>]))"
)
_INTEGER: Final = re.compile(r"-?\d+\Z")

Schema = dict[str, Any]
Node = str | dict[str, Any]


class SourceError(Exception):
    """The sources do not say something that can be compiled."""


class _Loader(yaml.BaseLoader):
    """Every scalar is a string, and a key that stands twice is refused."""


def _mapping(loader: yaml.BaseLoader, node: yaml.MappingNode) -> dict[str, Any]:
    pairs = [(loader.construct_object(key), loader.construct_object(value, deep=True)) for key, value in node.value]
    if len(dict(pairs)) != len(pairs):
        raise SourceError(f"a key stands twice in the mapping at {node.start_mark}")
    return dict(pairs)


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A key of the sources: a name, when it exists, and when it need not be there (None: it must always)."""

    name: str
    exists: str | None
    optional: str | None


def head_of(key: str) -> Head:
    """Read `name?..25c @25b..`."""
    found = _HEAD.match(key)
    if found is None:
        raise SourceError(f"cannot read the key {key!r}")
    return Head(name=found["name"], exists=found["range"], optional=found["until"] if found["optional"] else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """All files of the folder, read: definitions and mixins in the order of the files, and the tables of methods.yaml."""

    revisions: dict[str, str]
    definitions: list[tuple[Head, Node]]
    tables: dict[str, Any]

    def within(self, span: str | None, short: str) -> bool:
        """Whether the revision of that short name lies in a range such as `25a..25c`; no range holds them all."""
        if not span:
            return True
        since, dots, until = span.partition("..")
        names = list(self.revisions)
        if strange := [one for one in (since, until) if one and one not in names]:
            raise SourceError(f"range {span!r} names {strange[0]!r}, which is no revision")
        first = names.index(since) if since else 0
        last = names.index(until) if until else (len(names) - 1 if dots else first)
        return first <= names.index(short) <= last


def read_source(folder: Path) -> Source:
    """Read the folder; SourceError or yaml.YAMLError when it cannot be read."""
    tables: dict[str, Any] = {}
    definitions: list[tuple[Head, Node]] = []
    for path in sorted(folder.glob("*.yaml")):
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
        if path.stem == "methods":
            tables = document
        else:
            span = document.pop(RANGE_OF_FILE, None)
            for key, body in document.items():
                head = head_of(key)
                definitions.append((replace(head, exists=head.exists or span), body))
    return Source(revisions=tables.pop("revisions"), definitions=definitions, tables=tables)


@dataclass(slots=True)
class Revision:
    """The compiler of one revision."""

    source: Source
    short: str
    protocol: str = "mcp"
    named: dict[str, Node] = field(init=False)
    inline: dict[str, Node] = field(init=False)

    def __post_init__(self) -> None:
        """Sort what has a name in this revision from what is written out where it is referred to."""
        self.named, self.inline = {}, {}
        order = list(self.source.revisions)
        for head, body in self.source.definitions:
            if head.name[0].islower():
                table = self.inline
            elif self.source.within(head.exists, self.short):
                table = self.named
            else:
                since = (head.exists or "").partition("..")[0]
                if not since or order.index(since) < order.index(self.short):
                    continue  # it ended before this revision: nothing may refer to it
                table = self.inline
            if head.name in table and table is self.named:
                raise SourceError(f"{head.name} is defined twice in {self.short}")
            table.setdefault(head.name, body)

    def document(self) -> Schema:
        """The schema file."""
        definitions = {}
        for name in sorted(self.named):
            try:
                schema = self.compile(self.named[name])
            except SourceError as error:
                raise SourceError(f"{name} in {self.short}: {error}") from None
            if schema is None:
                raise SourceError(f"{name} in {self.short} has no branch")
            definitions[name] = schema
        return {
            "$schema": DIALECT,
            "$id": f"urn:wireproof:{self.protocol}:{self.source.revisions[self.short]}",
            "$defs": definitions,
            "x-methods": dict(self._methods()),
            "x-envelopes": dict(self._envelopes()),
        }

    def compile(self, node: Node) -> Schema | None:
        """JSON Schema of a node; None for a union of which no branch exists in this revision."""
        return self._object(node) if isinstance(node, dict) else _Expression(self, node).compile()

    def referred(self, name: str) -> Schema | None:
        """A reference, or the thing itself where this revision has no name for it."""
        if name in self.named:
            return {"$ref": f"#/$defs/{name}"}
        return self.compile(self._lookup(name))

    def _lookup(self, name: str) -> Node:
        node = self.named.get(name, self.inline.get(name))
        if node is None:
            raise SourceError(f"{name} does not exist there")
        return node

    def _object(self, node: dict[str, Any]) -> Schema:
        members = self._members(node)
        schema: Schema = {"type": "object"}
        if members:
            schema["properties"] = {name: member for name, (member, _) in sorted(members.items())}
        if required := sorted(name for name, (_, needed) in members.items() if needed):
            schema["required"] = required
        if ONE_OF in node:
            choice = [name for name in node[ONE_OF].replace(" ", "").split(",") if name in members]
            schema["oneOf"] = [{"required": [name]} for name in choice]
        return schema

    def _members(self, node: dict[str, Any]) -> dict[str, tuple[Schema, bool]]:
        """Name to schema and whether it must be there; own members go before those of mixins."""
        members: dict[str, tuple[Schema, bool]] = {}
        for name in filter(None, node.get(MIXINS, "").replace(" ", "").split(",")):
            mixin = self._lookup(name)
            if not isinstance(mixin, dict):
                raise SourceError(f"{name} is no object and has no members to share")
            members |= self._members(mixin)
        own: set[str] = set()
        for key, value in node.items():
            if key in (MIXINS, ONE_OF):
                continue
            head = head_of(key)
            if not self.source.within(head.exists, self.short):
                continue
            schema = self.compile(value)
            if schema is None:
                continue
            if head.name in own:
                raise SourceError(f"member {head.name} is there twice")
            own.add(head.name)
            optional = head.optional is not None and self.source.within(head.optional, self.short)
            members[head.name] = (schema, not optional)
        return members

    def _table(self, name: str) -> Iterator[tuple[str, str]]:
        for key, value in self.source.tables.get(name, {}).items():
            head = head_of(key)
            if self.source.within(head.exists, self.short):
                yield head.name, value

    def _methods(self) -> Iterator[tuple[str, dict[str, str]]]:
        for method, text in self._table("requests"):
            words, _, within = text.partition(" within ")
            by, stem, *result = words.split()
            row = {"by": by, "request": f"{stem}Request", "result": result[0] if result else f"{stem}Result"}
            yield method, self._checked(row | ({"within": within} if within else {}))
        for method, text in self._table("notifications"):
            by, stem = text.split()
            yield method, self._checked({"by": by, "notification": f"{stem}Notification"})
        for method, text in self._table("operations"):
            roles = dict(zip(("params", "result", "event"), text.split(), strict=False))
            yield method, self._checked({"by": "client"} | roles)

    def _envelopes(self) -> Iterator[tuple[str, str]]:
        yield from self._checked(dict(self._table("envelopes"))).items()

    def _checked(self, row: dict[str, str]) -> dict[str, str]:
        for role, name in row.items():
            if role not in ("by", "within") and name not in self.named:
                raise SourceError(f"the tables name {name}, which {self.short} does not define")
        return row


class _Expression:
    """Recursive descent over a type such as `(TextContent | AudioContent @25a..)[] | null`."""

    def __init__(self, revision: Revision, text: str) -> None:
        self.revision, self.text = revision, text
        self.tokens: list[tuple[str, str]] = []
        at = 0
        while at < len(text.rstrip()):
            found = _TOKEN.match(text, at)
            if found is None or found.lastgroup is None:
                raise SourceError(f"cannot read {text[at:]!r}")
            self.tokens.append((found.lastgroup, found[found.lastgroup]))
            at = found.end()
        self.at = 0

    def compile(self) -> Schema | None:
        schema = self._union()
        if self.at != len(self.tokens):
            raise SourceError(f"cannot read the end of {self.text!r}")
        return schema

    def _peek(self) -> tuple[str, str]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("end", "")

    def _take(self) -> tuple[str, str]:
        token = self._peek()
        self.at += 1
        return token

    def _expect(self, sign: str) -> None:
        if self._take()[1] != sign:
            raise SourceError(f"{sign!r} is missing in {self.text!r}")

    def _union(self) -> Schema | None:
        branches = [self._branch()]
        while self._peek()[1] == "|":
            self._take()
            branches.append(self._branch())
        there = [branch for branch in branches if branch is not None]
        if len(there) < 2:
            return there[0] if there else None
        if all(list(branch) == ["type"] for branch in there):
            return {"type": [branch["type"] for branch in there]}
        return {"anyOf": there}

    def _branch(self) -> Schema | None:
        """A branch that does not exist here is not compiled: what it names may not exist either."""
        start = self.at
        self._skip()
        kind, text = self._peek()
        if kind == "range":
            after = self.at + 1
            if not self.revision.source.within(text[1:], self.revision.short):
                self.at = after
                return None
            self.at = start
            schema = self._suffixed()
            self.at = after
            return schema
        self.at = start
        return self._suffixed()

    def _skip(self) -> None:
        """To the range, the bar or the bracket that ends this branch."""
        depth = 0
        while self.at < len(self.tokens):
            kind, text = self.tokens[self.at]
            if depth == 0 and (kind == "range" or text in ("|", ")", ">")):
                return
            depth += {"(": 1, "<": 1, ")": -1, ">": -1}.get(text, 0)
            self.at += 1

    def _suffixed(self) -> Schema | None:
        schema = self._atom()
        while self._peek()[0] == "array" and schema is not None:
            most = self._take()[1][3:-1]
            schema = {"type": "array", "items": schema} | ({"maxItems": int(most)} if most else {})
        return schema

    def _atom(self) -> Schema | None:
        kind, text = self._take()
        if kind == "call":
            return _call(*text[:-1].split("(", 1))
        if text == "(":
            schema = self._union()
            self._expect(")")
            return schema
        if kind != "word":
            raise SourceError(f"a type is missing in {self.text!r}")
        if text in _WORDS:
            return {"type": text}
        if text == "any":
            return {}
        if text == "map":
            return self._map()
        return self.revision.referred(text)

    def _map(self) -> Schema:
        if self._peek()[1] != "<":
            return {"type": "object"}
        self._take()
        values = self._union()
        self._expect(">")
        return {"type": "object", "additionalProperties": values if values is not None else {}}


def _call(word: str, text: str) -> Schema:
    """`const(x)`, `enum(a, b)`, `string(uri)`, `number(0..1)`."""
    if word == "const":
        value = int(text) if _INTEGER.match(text) else text
        return {"type": "integer" if isinstance(value, int) else "string", "const": value}
    if word == "enum":
        return {"type": "string", "enum": sorted(one.strip() for one in text.split(","))}
    if word == "string":
        return {"type": "string", **PATTERNS.get(text, {"format": text})}
    low, dots, high = text.partition("..")
    if not dots:
        raise SourceError(f"{word}({text}) has no bounds")
    return {"type": word} | ({"minimum": int(low)} if low else {}) | ({"maximum": int(high)} if high else {})


def written(document: Schema) -> str:
    """The file's text: one definition, one method a line, so that a difference can be read."""
    lines = ["{"]
    for key, value in document.items():
        comma = "" if key == list(document)[-1] else ","
        if isinstance(value, str):
            lines.append(f"{json.dumps(key)}: {json.dumps(value)}{comma}")
            continue
        inner = [f"  {json.dumps(name)}: {json.dumps(one)}" for name, one in value.items()]
        lines += [f"{json.dumps(key)}: {{", ",\n".join(inner), f"}}{comma}"]
    return "\n".join([*lines, "}"]) + "\n"


def built(folder: Path, protocol: str = "mcp") -> dict[str, str]:
    """Name of each file to its text."""
    source = read_source(folder)
    return {
        f"{revision}.schema.json": written(Revision(source, short, protocol).document())
        for short, revision in source.revisions.items()
    }


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 done or up to date, 1 out of date, 2 the sources cannot be compiled."""
    parser = argparse.ArgumentParser(description="Compile the schemas of the protocols from their sources.")
    parser.add_argument("--check", action="store_true", help="only say whether the committed files are up to date")
    check = parser.parse_args(arguments).check
    files: dict[str, str] = {}
    for protocol, folder in SOURCES.items():
        try:
            files |= {f"{protocol}/{name}": text for name, text in built(folder, protocol).items()}
        except (SourceError, yaml.YAMLError) as error:
            print(f"schemas/{protocol}/source: {error}", file=sys.stderr)
            return 2
    stale = []
    for name, text in files.items():
        path = HERE / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if not check:
                path.write_text(text, encoding="utf-8")
    if check and stale:
        print(f"out of date: {', '.join(stale)}; run python schemas/build.py", file=sys.stderr)
        return 1
    print(f"{len(files)} schema files are up to date" if check or not stale else f"written: {', '.join(stale)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
