"""Where the sentence that a requirement rests on can be read: addresses of pages on the web, for reports that can hold links."""

from __future__ import annotations

import re
from typing import Final

from wireproof.library.catalogue import load_catalogue
from wireproof.model.catalogue import Requirement

_SITES: Final = {"mcp": "https://modelcontextprotocol.io/", "a2a": "https://a2a-protocol.org/"}
_DOCUMENTS: Final = {
    "JSON-RPC 2.0": "https://www.jsonrpc.org/specification",
    "Fetch standard": "https://fetch.spec.whatwg.org/",
}


def source_url(row: Requirement) -> str:
    """The page of `row.source` in the newest revision that has the row, with its heading as anchor; empty where none is known."""
    name, _, heading = row.source.partition("#")
    if name in _DOCUMENTS:
        return _DOCUMENTS[name]
    if rfc := re.fullmatch(r"RFC (\d+)", name):
        section = re.match(r"(\d+(?:\.\d+)*) ", heading)
        return f"https://www.rfc-editor.org/rfc/rfc{rfc[1]}" + (f"#section-{section[1]}" if section else "")
    site = _SITES.get(row.protocol)
    if site is None or not re.fullmatch(r"[a-z0-9/_-]+", name):
        return ""
    revision = next((one for one in load_catalogue(row.protocol).revisions if one.id == row.until), None)
    if revision is None:
        return ""
    page = f"{revision.page}/{name}".removesuffix("/index")
    return f"{site}{page}" + (f"#{_anchor(heading)}" if heading else "")


def _anchor(heading: str) -> str:
    """As the site makes it of a heading: small letters, hyphens for spaces, no punctuation."""
    return re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", heading.lower())).strip("-")
