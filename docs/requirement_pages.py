"""The pages of the documentation that are made of the catalogues: one for each requirement, and an index for each protocol.

The name of a page, `requirements/<id>.md`, and its anchors (#why, #fix, #judged-by, #proven-by) stay as they are for as long as the id does,
that is, for ever. A requirement that several protocols share has one page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import groupby

from wireproof.engine.explained import explanation, standing
from wireproof.engine.run import load_suite
from wireproof.engine.suite import Suite
from wireproof.library.catalogue import protocols
from wireproof.report.sources import source_url

_SECTIONS = {
    "Why it matters": ("why",),
    "How it is mended": ("fix",),
    "Judged by": ("exchange", "check", "judged by", "not judged"),
    "Proven by": ("faulty peer", "lawful peer"),
}
_ANCHORS = {"Why it matters": "why", "How it is mended": "fix"}
_HEAD = ("source", "in force", "applies", "testable", "erratum")


def pages() -> Iterator[tuple[str, str]]:
    """(name, Markdown) of every page, the indexes `requirements/<protocol>.md` first."""
    suites = {name: load_suite(name) for name in protocols()}
    for name, suite in suites.items():
        yield f"requirements/{name}.md", index(name, suite)
    every = dict.fromkeys(one for suite in suites.values() for one in suite.catalogue.requirements)
    for one in every:
        sharing = {name: suite for name, suite in suites.items() if one in suite.catalogue.requirements}
        yield f"requirements/{one}.md", page(one, sharing)


def page(name: str, suites: Mapping[str, Suite]) -> str:
    """Markdown of one requirement, as the suites that have it say it."""
    rows = {protocol: suite.catalogue.requirements[name] for protocol, suite in suites.items()}
    said = {protocol: list(explanation(row, suites[protocol])) for protocol, row in rows.items()}
    row = next(iter(rows.values()))
    lines = [
        "---",
        "search:",
        "  exclude: true",
        "---",
        f"# {row.id}",
        "",
        f"**{standing(row)}.** {_text(row.title)}",
        "",
    ]
    for label in _HEAD:
        if label == "source" and (url := source_url(row)):
            lines.append(f"- source: [{_text(row.source)}]({url})")
            continue
        found = [_text(text) for told in said.values() for name, text in told if name == label]
        lines += [f"- {label}: {text}" for text in dict.fromkeys(found)]
    for title, labels in _SECTIONS.items():
        several = len(labels) > 1
        found = [
            f"- {name}: {_text(text)}" if several else _text(text)
            for told in said.values()
            for name, text in told
            if name in labels
        ]
        if found:
            anchor = _ANCHORS.get(title, title.lower().replace(" ", "-"))
            lines += ["", f"## {title} {{ #{anchor} }}", "", *dict.fromkeys(found)]
    return "\n".join([*lines, ""])


def index(name: str, suite: Suite) -> str:
    """Markdown of the list of all requirements of a protocol, by topic."""
    rows = suite.catalogue.requirements.values()
    lines = [f"# Requirements of {name.upper()}", "", f"{len(rows)} rows, by chapters of the specification.", ""]
    for topic, group in groupby(sorted(rows, key=lambda one: (one.topic, one.id)), key=lambda one: one.topic):
        lines += [f"## {topic}", "", "| requirement | level | what is asked |", "|---|---|---|"]
        lines += [f"| [{one.id}]({one.id}.md) | {one.level.value} | {_text(one.title)} |" for one in group]
        lines.append("")
    return "\n".join(lines)


def _text(text: str) -> str:
    """As Markdown that shows it literally."""
    return re.sub(r"([\\`*_{}\[\]<>|])", r"\\\1", text)
