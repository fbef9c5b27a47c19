"""Strings: plain text with the values that break programs, and words of patterns and formats."""

from __future__ import annotations

from functools import partial
from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from jsonschema_rs.canonical import StringView

from wireproof.generate.formats import ENCODED_JSON, FORMATS, JSON_TEXTS
from wireproof.generate.spelling import readable, spelt
from wireproof.generate.words import Words, words

TEXT_EDGES: Final = (
    *(
        "",
        " ",
        "a",
        "0",
        "-1",
        "null",
        "true",
        "\t",
        "\n",
        "\x00",
        "\x7f",
        "\\",
        '"',
        "'",
        "/",
        "..",
        "{}",
        "[]",
        "%00",
    ),
    *(
        "é",
        "e\u0301",
        "ß",
        "中文",
        "\u0905",
        "\U0001f600",
        "\U0001f468\u200d\U0001f469",
        "\u202eabc",
        "\ufeff",
        "\ufffe",
    ),
    *(
        "\u2028",
        "\U0010ffff",
        "__proto__",
        "constructor",
        "${x}",
        "%s%n",
        "<b>",
        "a" * 255,
        "é" * 256,
        "a b",
        "A",
        " a ",
    ),
)
"""Texts that programs get wrong: empty, blank, control characters, each Unicode plane, directions, names with a meaning elsewhere."""
KEY_EDGES: Final = (
    "__proto__",
    "constructor",
    "",
    "$ref",
    "_meta",
    "a",
    "é",
    "a/b~c",
    "a b",
    "toString",
    "0",
    "\U0001f600",
)
"""Member names that programs get wrong."""
_LONGEST_EDGE: Final = 4_096
_SPREAD: Final = 64


def strings(view: StringView) -> SearchStrategy[str]:
    """Strings of the view. UnsupportedPattern where a pattern cannot be read; `nothing()` where there is no such string."""
    least, most = view.min_length or 0, view.max_length
    known = tuple(name for name in view.formats if name in FORMATS)
    literals = media_texts(view)
    excluded = tuple(view.excluded)
    if not (known or literals or view.patterns or view.excluded_patterns or view.excluded_formats):
        return plain_text(least, most, excluded)
    found = words(
        patterns=tuple(view.patterns),
        excluded_patterns=tuple(view.excluded_patterns),
        formats=known,
        excluded_formats=tuple(view.excluded_formats),
        excluded=excluded,
        literals=literals,
        least=least,
        most=most,
    )
    return of_words(found, edges(view, found, known))


def media_texts(view: StringView) -> tuple[str, ...]:
    """The texts that content keywords leave over; empty where they say nothing that we assert."""
    encoded = "base64" in view.content_encodings
    if "application/json" in view.content_media_types:
        return ENCODED_JSON if encoded else JSON_TEXTS
    return ENCODED_JSON if encoded else ()


def edges(view: StringView, found: Words, known: tuple[str, ...]) -> list[str]:
    """Edge values of the formats that stand every other facet."""
    if not known or view.excluded_formats:
        return []
    others = words(
        patterns=tuple(view.patterns),
        excluded_patterns=tuple(view.excluded_patterns),
        excluded=tuple(view.excluded),
        literals=media_texts(view),
    )
    return [
        edge
        for edge in FORMATS[known[0]].edges
        if others.holds(edge)
        and len(edge) >= (view.min_length or 0)
        and (view.max_length is None or len(edge) <= view.max_length)
        and (len(known) == 1 or found.holds(edge))
    ]


def of_words(found: Words, edge_values: list[str] | None = None) -> SearchStrategy[str]:
    """Words of a language: one draw each."""
    if not found.lengths:
        return st.sampled_from(edge_values) if edge_values else st.nothing()
    shortest, longest = found.lengths[0], found.lengths[-1]
    drawn = st.binary(min_size=shortest, max_size=min(longest, shortest + _SPREAD)).map(found.word)
    if edge_values:
        return st.one_of(drawn, st.sampled_from(edge_values))
    return drawn


def plain_text(least: int, most: int | None, excluded: tuple[str, ...] = ()) -> SearchStrategy[str]:
    """Any text of a length, but for some."""
    kept = [text for text in TEXT_EDGES if len(text) >= least and (most is None or len(text) <= most)]
    for end in dict.fromkeys((least, most)):
        if end is not None and 0 < end <= _LONGEST_EDGE:
            kept += ["a" * end, "\U0001f600" * end]
    kept = [text for text in kept if text not in excluded]
    text = st.text(min_size=least, max_size=least + _SPREAD if most is None else min(most, least + _SPREAD))
    if excluded:
        spare = kept[0] if kept else ""
        banned = frozenset(excluded)
        if not kept or (most is not None and most <= 1):
            found = words(excluded=excluded, least=least, most=most)
            return of_words(found)
        text = text.map(lambda one: spare if one in banned else one)
    return st.one_of(text, st.sampled_from(kept)) if kept else text


def approximate(view: StringView) -> SearchStrategy[str]:
    """Strings that are likely to be of the view, where its patterns are beyond what is drawn exactly."""
    plain = plain_text(view.min_length or 0, view.max_length)
    seeds = st.binary(min_size=8, max_size=64)
    parts = [seeds.map(partial(spelt, pattern)) for pattern in view.patterns if readable(pattern)]
    return st.one_of(*parts, plain) if parts else plain
