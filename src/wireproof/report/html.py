"""The HTML report: one file that needs nothing else, neither network nor server.

Text that comes from a target is data: every value that the templates print is made printable and escaped, whatever they forget, the page
holds no data inside its script, and its Content-Security-Policy lets run only what ships here, by hash.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from wireproof.report.matrix import Report

if TYPE_CHECKING:
    from jinja2 import Environment

_CLIP: Final = 4000
"""Characters of one value; what is longer is cut with a note."""


def render(report: Report, *, strict: bool = False) -> str:
    """The page, as text with a final newline."""
    from wireproof.report.page import page_of

    return environment().get_template("report.html").render(page=page_of(report, strict=strict)) + "\n"


@cache
def environment() -> Environment:
    """Where templates come from and what all of them know: `style`, `script`, `policy`, the looks of states, `icon`."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    from wireproof.report.jsontree import clipped
    from wireproof.report.states import LOOKS, State
    from wireproof.version import __version__

    def harmless(value: Any) -> Any:
        """Of whatever a template prints."""
        return clipped(value, _CLIP) if isinstance(value, str) and not isinstance(value, Markup) else value

    made = Environment(
        loader=PackageLoader("wireproof.report", "templates"),
        autoescape=True,
        finalize=harmless,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style, script = asset("wireproof.css"), asset("wireproof.js")
    made.globals |= {
        "style": Markup(style),  # noqa: S704 - a file of ours
        "script": Markup(script),  # noqa: S704 - a file of ours
        "policy": policy(style, script),
        "looks": LOOKS,
        "states": tuple(State),
        "version": __version__,
    }
    return made


def asset(name: str) -> str:
    """A file that stands in the page."""
    return files("wireproof.report").joinpath("assets", name).read_text(encoding="utf-8")


def policy(style: str, script: str) -> str:
    """Nothing is loaded from anywhere, nothing is sent anywhere, and only this style and this script take effect."""
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
