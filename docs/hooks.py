"""What mkdocs builds besides the pages that lie here: a page for each requirement, the contract of the data, the changelog, the published schemas."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any, Final

from mkdocs.structure.files import File, Files
from requirement_pages import pages

ROOT: Final = Path(__file__).resolve().parent.parent
TAKEN: Final = {"conformance/README.md": "exchange-format.md", "CHANGELOG.md": "changelog.md"}
"""Pages of the repository that lie elsewhere, and what they are called here."""
_LINK: Final = re.compile(r"(\]\()([^)#:\s]+)")
_CODE: Final = re.compile(r"<!-- (?:skip|file): .*? -->\n\n?")


def on_files(files: Files, *, config: Any) -> Files:
    """Adds what is made."""
    for name, text in pages():
        files.append(File.generated(config, name, content=text))
    for source, name in TAKEN.items():
        files.append(File.generated(config, name, content=(ROOT / source).read_text(encoding="utf-8")))
    for schema in sorted((ROOT / "schemas" / "wireproof").glob("*.json")):
        files.append(File.generated(config, f"schemas/{schema.name}", abs_src_path=str(schema)))
    return files


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Leads links to what lies elsewhere in the repository to where it is here, and takes out what is written for the tests."""
    taken = {name: source for source, name in TAKEN.items()}
    folder = posixpath.dirname(taken.get(page.file.src_uri, f"docs/{page.file.src_uri}"))

    def led(found: re.Match[str]) -> str:
        place = posixpath.normpath(posixpath.join(folder, found[2]))
        if place in TAKEN:
            return found[1] + TAKEN[place]
        return found[1] + place.removeprefix("docs/") if page.file.src_uri in taken else found[0]

    if page.file.src_uri.startswith("requirements/"):
        return markdown
    return _CODE.sub("", _LINK.sub(led, markdown))
