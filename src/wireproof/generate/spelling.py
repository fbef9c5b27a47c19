"""Strings spelt along a pattern, look-around left out of account: for patterns beyond regular languages or beyond our caps."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from wireproof.generate.charsets import pool
from wireproof.generate.patterns import Node, UnsupportedPattern, parsed

_LONGEST: Final = 2_000
_MORE: Final = 4


@lru_cache(maxsize=128)
def _tree(pattern: str) -> Node | None:
    try:
        return parsed(pattern, loose=True)
    except UnsupportedPattern:
        return None


def readable(pattern: str) -> bool:
    """Whether the pattern can be spelt."""
    return _tree(pattern) is not None


def spelt(pattern: str, seed: bytes) -> str:
    """The string that the bytes choose; it matches unless look-around or a word boundary forbids."""
    tree = _tree(pattern)
    return "" if tree is None else _Speller(seed).spell(tree)[:_LONGEST]


class _Speller:
    __slots__ = ("at", "captured", "left", "seed")

    def __init__(self, seed: bytes) -> None:
        self.seed = seed
        self.at = 0
        self.left = _LONGEST
        self.captured: dict[str, str] = {}

    def _pick(self, count: int) -> int:
        byte = self.seed[self.at] if self.at < len(self.seed) else 0
        self.at += 1
        return byte % count

    def spell(self, node: Node) -> str:
        match node:
            case ("chars", tuple() as one):
                self.left -= 1
                chars = pool(one)
                return chars[self._pick(len(chars))] if chars else ""
            case ("seq", list() as parts):
                return "".join(self.spell(part) for part in parts)
            case ("alt", list() as parts):
                return self.spell(parts[self._pick(len(parts))])
            case ("group", tuple() as inner, str() as name):
                self.captured[name] = made = self.spell(inner)
                return made
            case ("back", str() as name):
                return self.captured.get(name, "")
            case ("repeat", tuple() as inner, int() as least, most):
                room = _MORE if not isinstance(most, int) else min(most - least, _MORE)
                count = least + (self._pick(room + 1) if room else 0)
                made = ""
                for _ in range(count):
                    if self.left <= 0:
                        break
                    made += self.spell(inner)
                return made
            case _:
                return ""
