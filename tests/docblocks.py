"""The code blocks of a Markdown page: fenced ones and those that are indented, with the comment that stands before them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

DIRECTIVE = re.compile(r"\s*<!-- (skip|file): (\S.*?) -->\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """`kind` is the word after the fence, `sh` for an indented block. `skip` is the reason why it is not executed, `file` the name under
    which it is saved."""

    page: Path
    line: int
    kind: str
    text: str
    skip: str = ""
    file: str = ""

    @property
    def lines(self) -> list[str]:
        """Without comments, which begin with a `#` after a space."""
        found = (re.split(r"(?:^|\s)#(?:\s|$)", one)[0].strip() for one in self.text.splitlines())
        return [one for one in found if one]


def blocks(page: Path) -> list[Block]:
    """In the order of the page. `text` fences hold output, which nothing executes."""
    made: list[Block] = []
    said: dict[str, str] = {}
    for one in MarkdownIt().enable("table").parse(page.read_text(encoding="utf-8")):
        if one.type == "html_block":
            said = {found[1]: found[2] for found in DIRECTIVE.finditer(one.content)}
        elif one.type in ("fence", "code_block") and one.map is not None:
            kind = one.info.strip() if one.type == "fence" else "sh"
            if kind != "text":
                made.append(Block(page=page, line=one.map[0] + 1, kind=kind, text=one.content, **said))
            said = {}
        elif one.level == 0:
            said = {}
    return made
