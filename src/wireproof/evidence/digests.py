"""Digests of files, whole and in blocks, so that what was altered can be found and not only noticed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_BLOCK: Final = 1024
_MOST: Final = 4096
"""Blocks of a file; those of a long one are larger."""
_SHORT: Final = 16
"""Hex digits of a block's digest: enough to find a place in what the whole digest has shown to be altered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Bytes `first` to `last` of a file, inclusive, and the line on which they begin (from 1)."""

    first: int
    last: int
    line: int

    def __str__(self) -> str:
        return f"bytes {self.first} to {self.last} (line {self.line})"


def sha256(data: bytes) -> str:
    """64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def digest_value(data: bytes) -> dict[str, Any]:
    """As an entry of digests.schema.json."""
    size = _BLOCK
    while size * _MOST < len(data):
        size *= 2
    parts = (data[at : at + size] for at in range(0, len(data), size))
    return {
        "size": len(data),
        "sha256": sha256(data),
        "block": size,
        "blocks": [sha256(part)[:_SHORT] for part in parts],
    }


def first_difference(data: bytes, known: Mapping[str, Any]) -> Place | None:
    """Where a file that was altered first differs from an entry of digests.json; None where no block differs."""
    size = known["block"]
    for index, ours in enumerate(known["blocks"]):
        first = index * size
        if sha256(data[first : first + size])[:_SHORT] != ours:
            last = max(first, min(first + size, max(len(data), known["size"])) - 1)
            return Place(first=first, last=last, line=data[:first].count(b"\n") + 1)
    if len(data) > known["size"]:
        return Place(first=known["size"], last=len(data) - 1, line=data[: known["size"]].count(b"\n") + 1)
    return None
