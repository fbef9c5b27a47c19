"""What axe finds on a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page


def grave(page: Page) -> list[tuple[str, str, list[str]]]:
    """(rule, impact, first elements) of what hinders somebody more than a little."""
    from axe_playwright_python.sync_playwright import Axe

    return [
        (one["id"], one["impact"], [node["html"][:120] for node in one["nodes"][:3]])
        for one in Axe().run(page).response["violations"]
        if one["impact"] in ("serious", "critical", "moderate")
    ]
