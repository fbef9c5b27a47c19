"""How wide text is in Verdana, the font that badges are set in: advance widths are facts of the font, in units of 2048 to the em."""

from __future__ import annotations

import unicodedata
from typing import Final

EM: Final = 2048
_WIDEST: Final = 2204
_ASCII: Final = (
    "720 806 940 1676 1302 2204 1488 550 930 930 1302 1676 745 930 745 930 1302 1302 1302 1302 1302 1302 1302 1302 1302 1302 930 930 1676 "
    "1676 1676 1117 2048 1400 1404 1430 1578 1295 1177 1588 1539 862 931 1419 1140 1726 1532 1612 1235 1612 1424 1400 1262 1499 1400 2025 "
    "1403 1260 1403 930 930 930 1676 1302 1302 1230 1276 1067 1276 1220 720 1276 1296 562 705 1212 562 1992 1296 1243 1276 1276 874 1067 "
    "807 1296 1212 1676 1212 1212 1076 1300 930 1300 1676"
)
"""From the space to the tilde."""
_WIDTHS: Final = {chr(32 + index): int(width) for index, width in enumerate(_ASCII.split())}


def width(text: str, size: float) -> float:
    """Pixels that text takes at a font size in pixels. A letter with accents is as wide as without; what the table does not have counts as
    the widest character, for too much room spoils nothing."""
    return sum(map(_advance, text)) * size / EM


def _advance(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return _WIDTHS.get(char) or _WIDTHS.get(unicodedata.normalize("NFD", char)[0], _WIDEST)
