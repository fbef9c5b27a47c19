"""Our own schemas of the protocols: messages drawn from every definition of every revision."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.generate.drawing import draws
from wireproof.generate.admission import UnsatisfiableError, canonicalized, validator
from wireproof.generate.breaking import Breaker
from wireproof.generate.builder import Builder
from wireproof.generate.values import compiled, invalid

SCHEMAS = Path(__file__).parent.parent.parent / "schemas"
FILES = {
    path.name.removesuffix(".schema.json"): path
    for protocol in ("a2a", "mcp")
    for path in sorted((SCHEMAS / protocol).glob("*.schema.json"))
}
REVISIONS = list(FILES)
ANYTHING = frozenset(("JSONValue",))
"""Definitions to which every value conforms."""
FUEL = 18
ENVELOPE = re.compile(r"[A-Z]\w+(Request|SuccessResponse|Error)\Z")
"""Of A2A 0.3: what adds a few constants to a definition that is drawn by itself; drawn at length only."""


def document_of(revision: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(FILES[revision].read_bytes())
    return {"$schema": document["$schema"], "$defs": document["$defs"]}


def closure(name: str, known: dict[str, Any]) -> str:
    """A definition and all that it leads to, as text."""
    pending, used = [name], {}
    while pending:
        one = pending.pop()
        if one not in used:
            used[one] = text = json.dumps(known[one])
            pending += re.findall(r'"#/\$defs/(\w+)"', text)
    return json.dumps(used, sort_keys=True)


@pytest.mark.parametrize("revision", REVISIONS)
def test_every_definition(revision: str) -> None:
    """One builder for all of them, which is quicker than one each; what a later revision says in the same words is left to that."""
    document = document_of(revision)
    later = [document_of(one)["$defs"] for one in REVISIONS[REVISIONS.index(revision) + 1 :]]
    every = {
        name: {"$ref": f"#/$defs/{name}"}
        for name in document["$defs"]
        if not (revision == "0.3" and ENVELOPE.match(name))
        and not any(name in known and closure(name, known) == closure(name, document["$defs"]) for known in later)
    }
    assert every
    root = canonicalized({**document, "type": "object", "properties": every})
    builder = Builder(root)
    breaker = Breaker(builder)
    for name, reference in every.items():
        conforms = validator({**document, **reference}).is_valid
        node = builder.target(reference["$ref"], root)
        made = draws(builder.build(node, FUEL), 2)
        assert made, name
        assert [value for value in made if not conforms(value)] == [], name
        if name not in ANYTHING:
            wrong = breaker.strategy(node, FUEL)
            assert wrong is not None, name
            assert not all(conforms(value) for value in draws(wrong, 2)), name
    assert builder.fallbacks == {}


@pytest.mark.oracle
@pytest.mark.parametrize("revision", REVISIONS)
def test_every_definition_at_length(revision: str) -> None:
    """Through the front door, each compiled alone, valid and broken."""
    document = document_of(revision)
    for name in document["$defs"]:
        schema = {**document, "$ref": f"#/$defs/{name}"}
        found = compiled(schema)
        assert found.fallbacks == (), name
        assert [value for value in draws(found.bare, 20) if not found.conforms(value)] == [], name
        if name in ANYTHING:
            with pytest.raises(UnsatisfiableError):
                invalid(schema, formats=True)
            continue
        broken = draws(invalid(schema, formats=True), 20)
        assert broken, name
        assert [one for one in broken if found.conforms(one.value)] == [], name
