"""Regular expressions of JSON Schema (ECMA 262, unanchored, Unicode aware) as terms.

Look-ahead is intersection with what follows. Look-behind, back references and flags are not regular or not worth it:
`UnsupportedPattern`. Nothing here runs a pattern, so no pattern of a target can make us slow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from wireproof.generate.charsets import ALL, DIGIT, LINE_END, SPACE, WORD, Ranges, category, invert, ranges
from wireproof.generate.terms import Term, Terms

_DEEPEST: Final = 60
_WIDEST: Final = 4_000
_CONTROLS: Final = {"t": 9, "n": 10, "v": 11, "f": 12, "r": 13, "0": 0}
_CLASSES: Final = {
    "d": DIGIT,
    "D": invert(DIGIT),
    "w": WORD,
    "W": invert(WORD),
    "s": SPACE,
    "S": invert(SPACE),
}

Node = tuple[object, ...]
"""('chars', ranges) | ('seq', nodes) | ('alt', nodes) | ('repeat', node, least, most) | ('ahead', node, wanted) | (an edge's name,)"""


class UnsupportedPattern(ValueError):
    """The pattern is beyond regular languages, beyond our caps, or not well formed."""


def language(pattern: str, terms: Terms) -> Term:
    """All strings in which the pattern finds a match. UnsupportedPattern where we cannot say."""
    if len(pattern) > _WIDEST:
        raise UnsupportedPattern("pattern is too long")
    return terms.cat(terms.anything, _term(parsed(pattern), terms.anything, terms))


def parsed(pattern: str, *, loose: bool = False) -> Node:
    """The pattern's tree. `loose`: look-behind and back references are in it too, as ('behind',) and ('back', name)."""
    return _Parser(pattern, loose=loose).parse()


def _term(node: Node, then: Term, terms: Terms) -> Term:
    """The node, followed by `then`."""
    match node:
        case ("chars", tuple() as one):
            return terms.cat(terms.chars(one), then)
        case ("seq", list() as parts):
            for part in reversed(parts):
                then = _term(part, then, terms)
            return then
        case ("alt", list() as parts):
            return terms.either(_term(part, then, terms) for part in parts)
        case ("ahead", tuple() as inner, bool() as wanted):
            seen = _term(inner, terms.anything, terms)
            return terms.both((seen if wanted else terms.without(seen), then))
        case ("repeat", tuple() as inner, int() as least, (int() | None) as most):
            if not _looks_ahead(inner):
                return terms.cat(terms.repeat(_term(inner, terms.empty, terms), least, most), then)
            if most is None or most > 3:
                raise UnsupportedPattern("look-ahead inside a repetition")
            choices = [then]
            for _ in range(most):
                choices.append(_term(inner, choices[-1], terms))
            return terms.either(choices[least:])
        case _:
            return terms.cat(terms.make(str(node[0])), then)


def _looks_ahead(node: Node) -> bool:
    if node[0] == "ahead":
        return True
    return any(
        _looks_ahead(part)
        for arg in node[1:]
        for part in (arg if isinstance(arg, list) else [arg])
        if isinstance(part, tuple) and part and isinstance(part[0], str)
    )


@dataclass(slots=True)
class _Parser:
    text: str
    loose: bool = False
    groups: int = 0
    at: int = 0
    depth: int = 0

    def parse(self) -> Node:
        node = self._alternatives()
        if self.at < len(self.text):
            raise UnsupportedPattern("unbalanced )")
        return node

    def _next(self) -> str:
        return self.text[self.at] if self.at < len(self.text) else ""

    def _eat(self, expected: str) -> bool:
        if self.text.startswith(expected, self.at):
            self.at += len(expected)
            return True
        return False

    def _take(self) -> str:
        if self.at >= len(self.text):
            raise UnsupportedPattern("the pattern ends too early")
        self.at += 1
        return self.text[self.at - 1]

    def _alternatives(self) -> Node:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise UnsupportedPattern("groups nest too deep")
        parts = [self._sequence()]
        while self._eat("|"):
            parts.append(self._sequence())
        self.depth -= 1
        return parts[0] if len(parts) == 1 else ("alt", parts)

    def _sequence(self) -> Node:
        parts: list[Node] = []
        while self._next() not in ("", "|", ")"):
            parts.append(self._repeated(self._atom()))
        return ("seq", parts)

    def _repeated(self, atom: Node) -> Node:
        match self._next():
            case "*":
                least, most = 0, None
            case "+":
                least, most = 1, None
            case "?":
                least, most = 0, 1
            case "{":
                return self._counted(atom)
            case _:
                return atom
        self.at += 1
        return self._quantified(atom, least, most)

    def _counted(self, atom: Node) -> Node:
        end = self.text.find("}", self.at)
        first, comma, second = self.text[self.at + 1 : end].partition(",") if end > 0 else ("", "", "")
        if not (first.isdecimal() and first.isascii() and (not second or (second.isdecimal() and second.isascii()))):
            raise UnsupportedPattern("a brace that counts nothing")
        if len(first) > 5 or len(second) > 5:
            raise UnsupportedPattern("counts too far")
        self.at = end + 1
        return self._quantified(atom, int(first), int(second) if second else None if comma else int(first))

    def _quantified(self, atom: Node, least: int, most: int | None) -> Node:
        self._eat("?")  # lazy or greedy: the language is the same
        if self._next() in ("+", "*"):
            raise UnsupportedPattern("possessive or doubled quantifier")
        if most is not None and most < least:
            raise UnsupportedPattern("an empty range of counts")
        return ("repeat", atom, least, most)

    def _atom(self) -> Node:
        char = self._take()
        match char:
            case "^":
                return ("start",)
            case "$":
                return ("end",)
            case ".":
                return ("chars", invert(LINE_END))
            case "(":
                return self._group()
            case "[":
                return ("chars", self._class())
            case "\\":
                return self._escape()
            case "*" | "+" | "?" | "{":
                raise UnsupportedPattern("nothing to repeat")
            case _:
                return ("chars", ranges([(ord(char), ord(char))]))

    def _group(self) -> Node:
        wanted = None
        name = ""
        if self.loose and (self._eat("?<=") or self._eat("?<!")):
            self._alternatives()
            self._close()
            return ("behind",)
        if self._eat("?="):
            wanted = True
        elif self._eat("?!"):
            wanted = False
        elif self.text.startswith(("?<=", "?<!"), self.at):
            raise UnsupportedPattern("look-behind")
        elif self._eat("?<"):
            while (char := self._take()) != ">":
                name += char
            self.groups += 1
        elif not self._eat("?:"):
            if self._next() == "?":
                raise UnsupportedPattern("flags inside a pattern")
            self.groups += 1
            name = str(self.groups)
        inner = self._alternatives()
        self._close()
        if wanted is not None:
            return ("ahead", inner, wanted)
        return ("group", inner, name) if self.loose and name else inner

    def _close(self) -> None:
        if not self._eat(")"):
            raise UnsupportedPattern("a group without end")

    def _escape(self) -> Node:
        char = self._next()
        if char == "b":
            self.at += 1
            return ("boundary",)
        if char == "B":
            self.at += 1
            return ("inside",)
        if self.loose and char in "123456789" and char:
            self.at += 1
            return ("back", char)
        if self.loose and self._eat("k<"):
            end = self.text.find(">", self.at)
            name, self.at = self.text[self.at : max(end, self.at)], max(end, self.at) + 1
            return ("back", name)
        return ("chars", self._escaped())

    def _escaped(self) -> Ranges:
        char = self._take()
        if char in _CLASSES:
            return _CLASSES[char]
        if char in ("p", "P"):
            return self._property(char == "P")
        if char == "0" and self._next().isdigit():
            raise UnsupportedPattern("octal escape")
        if char in _CONTROLS:
            return ((_CONTROLS[char], _CONTROLS[char]),)
        if char == "c":
            control = ord(self._take()) % 32
            return ((control, control),)
        if char in ("x", "u"):
            point = self._code(char)
            return ranges([(point, point)])
        if char.isalnum():
            raise UnsupportedPattern(f"escape \\{char}")
        return ((ord(char), ord(char)),)

    def _property(self, inverted: bool) -> Ranges:
        if self._eat("{"):
            end = self.text.find("}", self.at)
            if end < 0:
                raise UnsupportedPattern("a property without end")
            name, self.at = self.text[self.at : end], end + 1
        else:
            name = self._take()
        found = category(name)
        if found is None:
            raise UnsupportedPattern(f"property {name}")
        return invert(found) if inverted else found

    def _code(self, kind: str) -> int:
        if kind == "u" and self._eat("{"):
            end = self.text.find("}", self.at)
            digits, self.at = self.text[self.at : max(end, 0)], end + 1
        else:
            count = 2 if kind == "x" else 4
            digits = self.text[self.at : self.at + count]
            self.at += count
            if len(digits) != count:
                raise UnsupportedPattern("a short escape")
        try:
            point = int(digits, 16)
        except ValueError:
            raise UnsupportedPattern("an escape without digits") from None
        if 0xD800 <= point < 0xE000 or point > ALL[-1][1]:
            raise UnsupportedPattern("a surrogate")
        return point

    def _class(self) -> Ranges:
        inverted = self._eat("^")
        parts: list[tuple[int, int]] = []
        while not self._eat("]"):
            low = self._member()
            if (
                len(low) == 1
                and low[0][0] == low[0][1]
                and self._next() == "-"
                and self.text[self.at + 1 : self.at + 2] != "]"
            ):
                self.at += 1
                high = self._member()
                if len(high) != 1 or high[0][0] != high[0][1] or high[0][0] < low[0][0]:
                    raise UnsupportedPattern("a range between no two characters")
                parts.append((low[0][0], high[0][0]))
            else:
                parts.extend(low)
        made = ranges(parts)
        return invert(made) if inverted else made

    def _member(self) -> Ranges:
        char = self._take()
        if char == "[" and self._next() == ":":
            raise UnsupportedPattern("a named class")
        if char != "\\":
            return ((ord(char), ord(char)),)
        if self._eat("b"):
            return ((8, 8),)
        if self._eat("-"):
            return ((45, 45),)
        return self._escaped()
