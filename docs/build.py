"""The pages of the documentation that are made: one for each requirement, and an index by topic.

`python docs/build.py FOLDER` writes Markdown: `FOLDER/requirements/<id>.md`, whose name and whose anchors (#why, #fix, #judged-by,
#proven-by) stay as they are for as long as the id does, that is, for ever; and `FOLDER/index.md`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from wireproof.engine.explained import explanation, standing
from wireproof.engine.run import load_suite
from wireproof.engine.suite import Suite
from wireproof.model.catalogue import Requirement

_SECTIONS = {
    "Why it matters": ("why",),
    "How it is mended": ("fix",),
    "Judged by": ("exchange", "check", "judged by", "not judged"),
    "Proven by": ("faulty peer", "lawful peer"),
}
_ANCHORS = {"Why it matters": "why", "How it is mended": "fix"}


def page(row: Requirement, suite: Suite) -> str:
    """Markdown of one requirement."""
    said = list(explanation(row, suite))
    lines = [f"# {row.id}", "", f"**{standing(row)}.** {_text(row.title)}", ""]
    for label in ("source", "in force", "applies", "testable", "erratum"):
        lines += [f"- {label}: {_text(text)}" for name, text in said if name == label]
    for title, labels in _SECTIONS.items():
        found = [(name, text) for name, text in said if name in labels]
        if found:
            anchor = _ANCHORS.get(title, title.lower().replace(" ", "-"))
            lines += ["", f'<a id="{anchor}"></a>', f"## {title}", ""]
            several = len(labels) > 1
            lines += [f"- {name}: {_text(text)}" if several else _text(text) for name, text in found]
    return "\n".join([*lines, ""])


def index(rows: Iterable[Requirement]) -> str:
    """Markdown of the list of all requirements, by topic."""
    lines = ["# Requirements", ""]
    for topic, group in groupby(sorted(rows, key=lambda one: (one.topic, one.id)), key=lambda one: one.topic):
        lines += [f"## {topic}", "", "| id | level | what is asked |", "|---|---|---|"]
        lines += [f"| [{one.id}](requirements/{one.id}.md) | {one.level.value} | {_text(one.title)} |" for one in group]
        lines.append("")
    return "\n".join(lines)


def _text(text: str) -> str:
    """As Markdown that shows it literally."""
    return re.sub(r"([\\`*_{}\[\]<>|])", r"\\\1", text)


def main(folder: Path) -> None:
    suite = load_suite()
    pages = folder / "requirements"
    pages.mkdir(parents=True, exist_ok=True)
    for row in suite.catalogue.requirements.values():
        (pages / f"{row.id}.md").write_text(page(row, suite), encoding="utf-8")
    (folder / "index.md").write_text(index(suite.catalogue.requirements.values()), encoding="utf-8")
    print(f"{len(suite.catalogue.requirements)} requirements in {folder}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "build/docs"))
