"""The site over many targets, as a reader meets it."""

from __future__ import annotations

import copy
import json
import time
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
from tests.report.pages import ATTACKS
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


Values = tuple[dict[str, Any], dict[str, Any]]


@pytest.fixture(scope="module")
def values() -> Values:
    """Played before there is a browser, whose event loop runs until it is closed."""
    return report("ping-answered-with-content"), report("cursor-drifts")


@pytest.fixture(scope="module")
def site(values: Values, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two servers, one of them under a hostile name with two runs."""
    folder = tmp_path_factory.mktemp("site")
    first, second = copy.deepcopy(values)
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


def test_fifty_megabytes_of_hostile_text_do_nothing(values: Values, tmp_path: Path, open_page: Open) -> None:
    """A JSON report that somebody made up: every text in it is an attack, and most of them are long."""
    other, value = copy.deepcopy(values)
    value["target"] = {**value["target"], "name": "".join(ATTACKS).replace("\ud800", "")}
    rows = [one for one in value["runs"][0]["requirements"] if one["verdict"] in ("failed", "passed")][:10]
    length = 50_000_000 // len(rows) // len(ATTACKS)
    for row in rows:
        finding = row["findings"][0]
        row["verdict"] = "failed"
        row["findings"] = [
            {**finding, **dict.fromkeys(("why", "subject", "exchange"), attack), "verdict": "failed"}
            for attack in ATTACKS
        ] + [
            {**finding, "why": attack * (length // len(json.dumps(attack))), "verdict": "failed"} for attack in ATTACKS
        ]
    value["runs"][0]["survey"]["server"] = {"name": ATTACKS[0] * 9, "version": ATTACKS[4]}
    text = json.dumps(value)
    assert 40 < len(text) / 1e6 < 60
    (tmp_path / "hostile.json").write_text(text, encoding="utf-8")
    (tmp_path / "other.json").write_text(json.dumps(other), encoding="utf-8")
    begun = time.monotonic()
    write_site(many([tmp_path / "hostile.json", tmp_path / "other.json"], mixed=False), tmp_path / "pages")
    assert time.monotonic() - begun < 30
    pages = sorted((tmp_path / "pages").rglob("*.html"))
    assert len(pages) > 4
    for path in pages[:3] + pages[-2:]:
        assert path.stat().st_size < 2_000_000
        page = open_page(path.read_text(encoding="utf-8")).page
        page.mouse.move(300, 300)
        page.locator("bdi").first.click(no_wait_after=True, modifiers=["Alt"])
        assert page.evaluate("window.pwned") is None
        assert page.locator("script").count() == 1
        assert page.locator("img, iframe, object, embed, base, [style], [onload], [onerror], [onclick]").count() == 0
        assert page.locator("a[href^='javascript:'], svg [onbegin], meta[http-equiv=refresh]").count() == 0


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
