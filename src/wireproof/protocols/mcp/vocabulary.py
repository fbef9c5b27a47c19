"""The names of survey facts that exchanges may use in `needs` and `${...}`, so that a misspelt one is told instead of never coming true."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_LISTED: Final = (
    "tool",
    "resource",
    "template",
    "folder",
    "prompt",
    "callable",
    "prompt-with-arguments",
    "prompt-with-required",
)
_OF_THE_SERVER: Final = (
    "server-info",
    "session",
    "protected",
    "legacy-sse",
    "mirrored",
    "modern-only",
    "dual-era",
    "loopback",
)
_CAPABILITIES: Final = ("tools", "resources", "prompts", "completions", "logging", "tasks")
_PARTS: Final = (
    "tools.listChanged",
    "prompts.listChanged",
    "resources.listChanged",
    "resources.subscribe",
    "tasks.list",
    "tasks.cancel",
    "tasks.requests.tools.call",
)
_TOKENS: Final = ("token:foreign", "token:narrow", "token:second")
_PAGED: Final = ("tools/list", "resources/list", "resources/templates/list", "prompts/list")
OPEN: Final = ("extension:",)
"""Beginnings after which anything may stand."""


def needs(tables: Mapping[str, Any]) -> frozenset[str]:
    """Every name that `needs` may hold; `tables` are the data tables of the pack."""
    declared = {*_CAPABILITIES, *_PARTS}
    lacking = {f"without:{name}" for name in (*declared, "template")}
    fixtures = {
        f"fixture:{name}"
        for profile in tables.get("profiles", ())
        for kind in ("tools", "prompts", "resources")
        for name in profile.get(kind, ())
    }
    pages = {f"paged:{method}" for method in _PAGED}
    return frozenset({*_LISTED, *_OF_THE_SERVER, *declared, *lacking, *fixtures, *pages, *_TOKENS, *OPEN})
