"""Our own schemas of the protocol: messages drawn from every definition of every revision."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.generate.drawing import draws
from wireproof.generate.admission import UnsatisfiableError
from wireproof.generate.values import compiled, invalid

FILES = sorted((Path(__file__).parent.parent.parent / "schemas" / "mcp").glob("*.schema.json"))
ANYTHING = frozenset(("JSONValue",))
"""Definitions to which every value conforms."""


def definitions() -> list[tuple[str, str, dict[str, Any]]]:
    """(revision, name, schema), each text once: many definitions did not change between revisions."""
    seen: dict[str, tuple[str, str, dict[str, Any]]] = {}
    for path in reversed(FILES):
        document = json.loads(path.read_bytes())
        for name in document["$defs"]:
            used = _used(name, document["$defs"])
            schema = {"$schema": document["$schema"], "$ref": f"#/$defs/{name}", "$defs": used}
            seen.setdefault(json.dumps(schema, sort_keys=True), (path.name.removesuffix(".schema.json"), name, schema))
    return list(seen.values())


def _used(name: str, known: dict[str, Any]) -> dict[str, Any]:
    pending, used = [name], {}
    while pending:
        one = pending.pop()
        if one not in used:
            used[one] = known[one]
            text = json.dumps(known[one])
            pending += [other for other in known if f'"#/$defs/{other}"' in text]
    return used


@pytest.mark.parametrize("revision", [path.name.removesuffix(".schema.json") for path in FILES])
def test_every_definition(revision: str) -> None:
    count = 0
    for own, name, schema in definitions():
        if own != revision:
            continue
        count += 1
        found = compiled(schema)
        assert found.fallbacks == (), name
        assert [value for value in draws(found.bare, 4) if not found.conforms(value)] == [], name
        if name in ANYTHING:
            with pytest.raises(UnsatisfiableError):
                invalid(schema, formats=True)
            continue
        broken = draws(invalid(schema, formats=True), 4)
        assert broken, name
        assert [one for one in broken if found.conforms(one.value)] == [], name
    assert count
