"""Parts of messages against definitions of the revision's schema, each problem laid at the row that it belongs to.

Which row is about which part is data: the `schema-rows.yaml` of a protocol.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from wireproof.judge.pack import Note, Schemas, broken, ok
from wireproof.model.jsontext import JSON, resolve_pointer


def parts(value: JSON, at: str) -> list[tuple[str, JSON]]:
    """(pointer, part) of each place in `value` that the pointer pattern `at` names; `*` is any index or key."""
    found: list[tuple[str, JSON]] = [("", value)]
    for key, escaped in _tokens(at):
        further: list[tuple[str, JSON]] = []
        for where, part in found:
            if key == "*" and isinstance(part, list):
                further += [(f"{where}/{index}", item) for index, item in enumerate(part)]
            elif key == "*" and isinstance(part, dict):
                further += [(f"{where}/{_escaped(name)}", item) for name, item in part.items()]
            elif isinstance(part, dict) and key in part:
                further.append((f"{where}/{escaped}", part[key]))
        if not further:
            return []
        found = further
    return found


@lru_cache(maxsize=1024)
def _tokens(at: str) -> tuple[tuple[str, str], ...]:
    """(key, the same escaped) of each step of a pointer pattern."""
    return tuple((one.replace("~1", "/").replace("~0", "~"), one) for one in at.split("/")[1:])


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One part of a message that a row is about."""

    row: Mapping[str, Any]
    pointer: str
    part: JSON


def held(
    schemas: Schemas,
    rows: Sequence[Mapping[str, Any]],
    message: JSON,
    seqs: tuple[int, ...],
    *,
    applies: Callable[[Mapping[str, Any], JSON], bool],
    base: str = "",
    remark: str = "",
) -> Iterator[Note]:
    """Notes for all places of one message, or of the part of one that lies at `base`.

    Rows that stand first at a pointer lend the members that they answer for to those after them.
    """
    places = [
        Place(row=row, pointer=pointer, part=part)
        for row in rows
        for pointer, part in parts(message, row["at"])
        if applies(row, part)
    ]
    lent: dict[str, dict[str, JSON]] = {}
    for place in places:
        name, definition, part = place.row["row"], place.row["definition"], place.part
        if isinstance(part, dict):
            seen = {key: value for key, value in part.items() if key not in place.row.get("ignores", ())}
            part = {**seen, **lent.get(place.pointer, {})}
        lent.setdefault(place.pointer, {}).update(place.row.get("lends", {}))
        if schemas.valid(definition, part):
            yield ok(*seqs, requirement=name, remark=remark)
            continue
        below = place.pointer + "/"
        whole = place.row.get("whole", False)
        deeper = [] if whole else [other.pointer for other in places if other.pointer.startswith(below)]
        own = [
            (where, why)
            for where, why in schemas.explain(definition, part)
            if not any((place.pointer + where + "/").startswith(other + "/") for other in deeper)
            or (where == place.row.get("keeps") and not isinstance(resolve_pointer(part, where), dict))
        ]
        if own:
            where, why = own[0]
            yield broken(*seqs, why=why, pointer=base + place.pointer + where, requirement=name)
