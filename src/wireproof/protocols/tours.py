"""Tours: orders in which things follow each other so that nothing is left out, whatever the protocol calls them."""

from __future__ import annotations


def tour(many: int) -> list[int]:
    """Numbers below `many`; each ordered triple of them stands in it once, counting round its end (a de Bruijn sequence, made of Lyndon words)."""
    made: list[int] = []
    word = [0] * 4

    def grow(length: int, period: int) -> None:
        if length > 3:
            made.extend(word[1 : period + 1] if 3 % period == 0 else ())
            return
        word[length] = word[length - period]
        grow(length + 1, period)
        for one in range(word[length - period] + 1, many):
            word[length] = one
            grow(length + 1, length)

    if many:
        grow(1, 1)
    return made


def stages(many: int, length: int) -> list[list[int]]:
    """A tour cut into stages of at most that many numbers, which overlap by two so that no triple is lost."""
    whole = tour(many)
    whole = (whole * 3)[: len(whole) + 2] if whole else []
    return [whole[start : start + length] for start in range(0, max(0, len(whole) - 2), length - 2)]
