"""Digests of files, whole and in blocks, so that what was altered can be found and not only noticed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

_BLOCK: Final = 1024
_MOST: Final = 65536
"""Blocks of a file; those of a long one are larger."""
_SHORT: Final = 16
"""Hex digits of a block's digest: enough to find a place in what the whole digest has shown to be altered."""
_PRIME: Final = 2**127 - 1
_REACH: Final = 15
"""Bytes that a remainder by the prime brings back: 256 ** 15 is less than it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a file first differs from what was signed: bytes `first` to `last`, inclusive, and the line on which they begin (from 1).

    `known` says that what stood there is known: `was` was signed, `now` stands there, and they differ in their first byte, `first`.
    `alone`: nothing else in the file was altered.
    """

    first: int
    last: int
    line: int
    known: bool = False
    was: bytes = b""
    now: bytes = b""
    alone: bool = False

    def __str__(self) -> str:
        if not self.known:
            return f"in bytes {self.first} to {self.last} (line {self.line})"
        else_ = ", and nowhere else" if self.alone else ""
        return (
            f"first at byte {self.first} (line {self.line}), where {_shown(self.was)} became {_shown(self.now)}{else_}"
        )


def _shown(data: bytes) -> str:
    """Bytes on one line, cut where they are many."""
    if not data:
        return "nothing"
    return f"{data[:_REACH]!r}"[1:] + (f"... ({len(data)} bytes)" if len(data) > _REACH else "")


def sha256(data: bytes) -> str:
    """64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def digest_value(data: bytes) -> dict[str, Any]:
    """As an entry of digests.schema.json."""
    size = _BLOCK
    while size * _MOST < len(data):
        size *= 2
    parts = [data[at : at + size] for at in range(0, len(data), size)]
    return {
        "size": len(data),
        "sha256": sha256(data),
        "block": size,
        "blocks": [sha256(part)[:_SHORT] for part in parts],
        "remainders": [f"{int.from_bytes(part) % _PRIME:032x}" for part in parts],
    }


def difference(data: bytes, signed: bytes) -> Place | None:
    """Where a file differs from the one that was signed, which is here; None where they are equal."""
    if data == signed:
        return None
    short = min(len(data), len(signed))
    first = next((at for at in range(short) if data[at] != signed[at]), short)
    same = 0
    while same < short - first and data[-1 - same] == signed[-1 - same]:
        same += 1
    was, now = signed[first : len(signed) - same], data[first : len(data) - same]
    last = max(first, first + len(now) - 1)
    line = data[:first].count(b"\n") + 1
    return Place(first=first, last=last, line=line, known=True, was=was, now=now, alone=True)


def first_difference(data: bytes, known: Mapping[str, Any]) -> Place | None:
    """Where a file that was altered first differs from an entry of digests.json; None where no block differs.

    To the byte where one stretch was altered of which at most 15 bytes (in this block) were signed, because those can be reckoned: what is
    said to have stood there has been held against the digests. Else the block is named.
    """
    size = known["block"]
    for index, ours in enumerate(known["blocks"]):
        first = index * size
        if sha256(data[first : first + size])[:_SHORT] != ours:
            found = _restored(data, first, known, index)
            if found is not None:
                return found
            last = max(first, min(first + size, max(len(data), known["size"])) - 1)
            return Place(first=first, last=last, line=data[:first].count(b"\n") + 1)
    if len(data) > known["size"]:
        place = difference(data, data[: known["size"]])
        return (
            place if place is None or sha256(data[: known["size"]]) == known["sha256"] else replace(place, alone=False)
        )
    return None


def _restored(data: bytes, first: int, known: Mapping[str, Any], index: int) -> Place | None:
    """The block as it was signed, if it is ours but for one stretch, and where ours differs from it.

    Such a block is head + lost + tail. Head begins ours; tail ends where the block would end in a file that is as much longer or shorter
    as ours is; lost is at most _REACH bytes, which follow from the remainder of the block. Each cut between them is tried.
    """
    length = min(known["block"], known["size"] - first)
    end = first + length + len(data) - known["size"]
    remainder, digest = int(known["remainders"][index], 16), known["blocks"][index]
    heads = [0]
    for byte in data[first : first + length]:
        heads.append((heads[-1] * 256 + byte) % _PRIME)
    tails, powers, unpowers = [0], [1], [1]
    for count in range(length):
        at = end - 1 - count
        tails.append((data[at] * powers[-1] + tails[-1]) % _PRIME if 0 <= at < len(data) else -1)
        powers.append(powers[-1] * 256 % _PRIME)
        unpowers.append(unpowers[-1] * _UNSHIFT % _PRIME)
    for lost in range(min(_REACH, length) + 1):
        for head in range(min(length - lost, len(heads) - 1) + 1):
            tail = length - head - lost
            if tail and (end - tail < first + head or tails[tail] < 0):
                continue
            between = (remainder - heads[head] * powers[length - head] - tails[tail]) * unpowers[tail] % _PRIME
            if between >> 8 * lost:
                continue
            block = data[first : first + head] + between.to_bytes(lost) + (data[end - tail : end] if tail else b"")
            if sha256(block)[:_SHORT] == digest:
                return _told(data, first, end, block, known)
    return None


_UNSHIFT: Final = pow(256, -1, _PRIME)


def _told(data: bytes, first: int, end: int, block: bytes, known: Mapping[str, Any]) -> Place | None:
    """The whole file, if this block was all that was altered; else what can be said of the block."""
    if end >= first and sha256(whole := data[:first] + block + data[end:]) == known["sha256"]:
        return difference(data, whole)
    here = difference(data[first : first + len(block)], block)
    if here is None:
        return None
    at = first + here.first
    return replace(here, first=at, last=first + here.last, line=data[:at].count(b"\n") + 1, alone=False)
