"""The site over many targets, as a reader meets it."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import wireproof as package
from tests.browser.accessibility import grave
from tests.browser.conftest import Open
from tests.cli.test_history import RUN
from wireproof.cli.matrix import many
from wireproof.engine.plan import Selection
from wireproof.engine.run import Options
from wireproof.engine.selftest import fixtures
from wireproof.model.target import Target
from wireproof.report.json import report_value
from wireproof.report.site import write_site
from wireproof.report.trend import page as history_page
from wireproof.report.trend import trends

pytestmark = pytest.mark.browser

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"


def report(sin: str) -> dict[str, Any]:
    """Of a server with one sin, some rows of one revision."""
    _, sins, _ = fixtures()
    from wireproof_fixtures.mcp import serve_lines

    variant = next(one for one in sins if one.name == sin)
    target = Target(name=sin, serve=partial(serve_lines, variant), timeout=1.0, startup_wait=1.0)
    selection = Selection(revisions=("2025-11-25",), select=("mcp.ping", "mcp.pagination"))
    return report_value(package.run(target, options=Options(selection=selection)))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two servers, one of them under a hostile name with two runs."""
    folder = tmp_path_factory.mktemp("site")
    first, second = report("ping-answered-with-content"), report("cursor-drifts")
    second["target"] = {**second["target"], "name": HOSTILE}
    later = copy.deepcopy(second) | {"started_at": "2026-01-01T00:00:00+00:00"}
    written: Sequence[Any] = (first, second, later)
    for number, value in enumerate(written):
        (folder / f"{number}.json").write_text(json.dumps(value), encoding="utf-8")
    write_site(many(sorted(folder.glob("*.json")), mixed=False), folder / "pages")
    return folder / "pages"


@pytest.mark.parametrize("width", [360, 800, 1400])
def test_every_page_is_quiet_and_fits(site: Path, open_page: Open, width: int) -> None:
    for path in sorted(site.rglob("*.html")):
        opened = open_page(
            path.read_text(encoding="utf-8"), width=width, color_scheme="dark" if width == 800 else "light"
        )
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
        assert opened.requests == []


def test_filters_and_order(site: Path, open_page: Open) -> None:
    page = open_page((site / "index.html").read_text(encoding="utf-8")).page
    rows = page.locator("#broken-table tbody tr:visible")
    every = rows.count()
    page.locator('label:has(input[value="SHOULD"])').click()
    assert 0 < rows.count() < every
    assert "level=SHOULD" in page.url
    page.locator('button[type="reset"]').click()
    page.locator('input[type="search"]').fill("mcp.ping")
    assert rows.count() == 1
    page.locator('input[type="search"]').fill("")
    page.locator('select[name="sort"]').select_option("topic")
    topics = rows.evaluate_all("rows => rows.map((one) => one.dataset.topic)")
    assert topics == sorted(topics)
    assert len(topics) == every


@pytest.fixture(scope="module")
def history() -> str:
    """The page of two targets, one with a hostile name and a run in the future."""
    runs = [RUN, replace(RUN, target=HOSTILE), replace(RUN, target=HOSTILE, started_at="2999-01-01T00:00:00+00:00")]
    return history_page(trends(runs, datetime.now(UTC)))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_serious_fault_of_accessibility(site: Path, history: str, open_page: Open, theme: Any) -> None:
    texts = [path.read_text(encoding="utf-8") for path in sorted(site.rglob("*.html"))]
    assert len(texts) > 4
    for text in (*texts, history):
        assert grave(open_page(text, color_scheme=theme).page) == []


@pytest.mark.parametrize("width", [360, 800, 1400])
def test_the_page_of_the_history_fits(history: str, open_page: Open, width: int) -> None:
    page = open_page(history, width=width).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert HOSTILE in str(page.locator("h2").all_text_contents())
