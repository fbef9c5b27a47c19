"""Parts of messages against definitions of the revision's schema, each problem laid at the row that it belongs to.

Which row is about which part is data: the `schema-rows.yaml` of a protocol.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wireproof.judge.pack import Note, Schemas, broken, ok
from wireproof.model.jsontext import JSON, resolve_pointer


def parts(value: JSON, at: str) -> Iterator[tuple[str, JSON]]:
    """(pointer, part) of each place in `value` that the pointer pattern `at` names; `*` is any index or key."""
    if at == "":
        yield "", value
        return
    head, _, rest = at[1:].partition("/")
    rest = f"/{rest}" if rest else ""
    if head == "*":
        if isinstance(value, list):
            keys: list[str] = [str(index) for index in range(len(value))]
        else:
            keys = list(value) if isinstance(value, dict) else []
    else:
        keys = [head.replace("~1", "/").replace("~0", "~")] if isinstance(value, dict) else []
    for key in keys:
        escaped = "/" + key.replace("~", "~0").replace("/", "~1")
        part = resolve_pointer(value, escaped)
        if isinstance(value, dict) and key not in value:
            continue
        for pointer, found in parts(part, rest):
            yield escaped + pointer, found


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
