"""The HTML report in a browser, as those use it who read it: `make test-browser`."""

from __future__ import annotations

import time
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.accessibility import grave
from tests.browser.conftest import Open
from tests.report.pages import ATTACKS, hostile, large
from tests.report.reports import REVISIONS, usual
from wireproof.report.html import render

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

WIDTHS = (360, 800, 1400)
FIRST_PAINT_MS = 1000


@cache
def full() -> str:
    return render(large())


def until(page: Page, condition: str) -> None:
    """Waits until an expression holds. Playwright's own way would evaluate a string inside the page, which the page's policy forbids."""
    deadline = time.monotonic() + 10
    while not page.evaluate(condition):
        assert time.monotonic() < deadline, condition
        page.wait_for_timeout(20)


def shown(page: Page, selector: str) -> list[str]:
    return page.eval_on_selector_all(selector, "all => all.filter(one => !one.hidden).map(one => one.id)")


def hash_of(page: Page) -> str:
    return page.evaluate("location.hash")


def test_filters_show_what_they_say_and_stand_in_the_address(open_page: Open) -> None:
    page = open_page(render(usual())).page
    assert len(shown(page, ".entry")) == 5
    page.get_by_role("checkbox", name="failed").check()
    until(page, "location.hash.includes('verdict=failed')")
    assert shown(page, ".entry") == ["r-mcp.base.id-echo", "r-mcp.tools.names"]
    page.get_by_role("checkbox", name="MUST", exact=True).check()
    until(page, "location.hash.includes('level=MUST')")
    assert shown(page, ".entry") == ["r-mcp.base.id-echo"]
    assert shown(page, ".failure") == ["f-mcp.base.id-echo"]
    assert page.locator("#failures-count").text_content() == "1 of 2"
    page.get_by_role("button", name="Clear").click()
    until(page, "!location.hash.includes('verdict')")
    assert len(shown(page, ".entry")) == 5
    page.get_by_role("combobox", name="Topic").select_option("tools")
    page.get_by_role("combobox", name="Revision").select_option(f"{REVISIONS[1]}.stdio")
    until(page, "location.hash.includes('lane')")
    assert shown(page, ".entry") == ["r-mcp.tools.shape", "r-mcp.tools.names"]
    page.get_by_role("combobox", name="Revision").select_option(f"{REVISIONS[0]}.stdio")
    until(page, f"location.hash.includes('{REVISIONS[0]}')")
    assert shown(page, ".entry") == ["r-mcp.tools.shape"]  # the other row is none of that revision
    assert page.locator("#failures-none").is_visible()
    page.get_by_role("button", name="Clear").click()
    page.get_by_role("searchbox", name="Text").fill("TWO TOOLS")
    until(page, "location.hash.includes('q=')")
    assert shown(page, ".entry") == ["r-mcp.tools.names"]
    assert shown(page, ".failure") == ["f-mcp.tools.names"]
    assert "1 of 2" in (page.locator("#live").text_content() or "")
    page.get_by_role("searchbox", name="Text").fill("nothing is called so")
    until(page, "!document.getElementById('requirements-none').hidden")


def test_deep_links_restore_everything(open_page: Open) -> None:
    wanted = f"#requirements?verdict=failed,blocked&level=MUST&lane={REVISIONS[2]}.stdio&q=mcp."
    page = open_page(render(usual()), wanted).page
    assert shown(page, ".entry") == ["r-mcp.base.id-echo", "r-mcp.logging.level"]
    assert page.get_by_role("checkbox", name="blocked").is_checked()
    assert page.get_by_role("combobox", name="Revision").input_value() == f"{REVISIONS[2]}.stdio"
    assert page.get_by_role("searchbox", name="Text").input_value() == "mcp."
    page = open_page(render(usual()), "#r-mcp.ping.respond").page
    assert page.locator("[id='r-mcp.ping.respond']").get_attribute("open") is not None
    until(page, "document.activeElement.parentElement?.id === 'r-mcp.ping.respond'")
    assert page.get_by_text("no occasion arose").first.is_visible()
    page = open_page(render(usual()), "#r-mcp.ping.respond?verdict=failed").page  # the row that is named wins
    assert page.locator("[id='r-mcp.ping.respond']").is_visible()
    page = open_page(render(usual()), "#%E0%A4%A?verdict=nonsense&topic=none&lane=x").page
    assert shown(page, ".entry") == []  # no topic of that name
    open_page(render(usual()), "#%E0%A4%A")


def test_back_leads_to_the_filter_before(open_page: Open) -> None:
    page = open_page(render(usual())).page
    page.get_by_role("link", name=f"base, {REVISIONS[0]} over stdio: 1 failed").click()
    assert hash_of(page) == f"#requirements?topic=base&lane={REVISIONS[0]}.stdio"
    assert shown(page, ".entry") == ["r-mcp.base.id-echo"]
    page.get_by_role("link", name="Broken").click()
    assert hash_of(page).startswith("#failures?topic=base")
    page.go_back()
    page.go_back()
    until(page, "location.hash === ''")
    assert len(shown(page, ".entry")) == 5


def test_an_opened_row_is_in_the_address(open_page: Open) -> None:
    page = open_page(render(usual()), "#?verdict=unobserved").page
    page.locator("[id='r-mcp.ping.respond'] > summary").click()
    until(page, "location.hash === '#r-mcp.ping.respond?verdict=unobserved'")


def test_everything_is_done_with_the_keyboard(open_page: Open) -> None:
    page = open_page(render(usual())).page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.locator("input[name=verdict]").first.focus()
    page.keyboard.press("Space")
    until(page, "location.hash.includes('verdict=failed')")
    page.locator("[id='f-mcp.tools.names'] .evidence > summary").focus()
    before = page.locator("[id='f-mcp.tools.names'] .evidence").get_attribute("open")
    page.keyboard.press("Enter")
    assert page.locator("[id='f-mcp.tools.names'] .evidence").get_attribute("open") != before
    page.locator("input[name=theme]").first.focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    reached = set()
    page.evaluate("document.body.focus()")
    for _ in range(150):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                "document.activeElement.closest('nav, form, table, article, .entry, .cards')?.className ?? ''"
            )
        )
    assert {"filters", "cards", "entry"} <= reached


def test_copying(open_page: Open) -> None:
    page = open_page(render(usual()), permissions=["clipboard-read", "clipboard-write"]).page
    card = page.locator("[id='f-mcp.base.id-echo']")
    card.locator(".evidence").first.evaluate("one => { one.open = true; }")
    button = card.get_by_role("button", name="Copy the replay command of mcp.base.id-echo").first
    button.click()
    until(page, "document.getElementById('live').textContent === 'Copied'")
    assert page.evaluate("navigator.clipboard.readText()").startswith(
        "wireproof run --exchange mcp.base.ids --revision"
    )


def test_the_evidence_shows_the_marked_place(open_page: Open) -> None:
    page = open_page(render(usual())).page
    card = page.locator("[id='f-mcp.base.id-echo']")
    card.locator(".evidence").first.evaluate("one => { one.open = true; }")
    assert card.locator(".rung.marked .hit").first.is_visible()
    assert "◀ here" in (card.locator(".rung.marked .hit").first.text_content() or "")


@pytest.mark.parametrize("attack", ATTACKS)
def test_text_of_a_target_does_nothing(open_page: Open, attack: str) -> None:
    opened = open_page(render(hostile(attack)))
    page = opened.page
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    page.get_by_role("searchbox", name="Text").fill(attack)
    page.mouse.move(300, 300)
    page.locator("bdi").first.click()
    page.wait_for_timeout(50)
    assert page.evaluate("window.pwned") is None
    assert page.locator("script").count() == 1
    assert page.locator("img, iframe, object, embed, base, [style], [onload], [onerror]").count() == 0
    assert page.evaluate("location.protocol") == "file:"


def test_even_a_script_in_the_page_would_not_run(open_page: Open) -> None:
    opened = open_page(
        render(usual()).replace(
            "</main>", "<script>window.pwned=1</script><p onclick='window.pwned=2' id=p>x</p></main>"
        )
    )
    opened.page.locator("#p").click()
    assert opened.page.evaluate("window.pwned") is None
    assert all("Content Security Policy" in one for one in opened.noises)
    assert opened.noises
    opened.noises.clear()


@pytest.mark.parametrize(
    ("made", "theme"),
    [("usual", "light"), ("usual", "dark"), ("hostile", "light"), ("hostile", "dark"), ("full", "dark")],
)
def test_no_serious_fault_of_accessibility(open_page: Open, made: str, theme: Any) -> None:
    text = {"usual": lambda: render(usual()), "hostile": lambda: render(hostile(ATTACKS[0])), "full": full}[made]()
    page = open_page(text, color_scheme=theme).page
    page.evaluate("document.querySelectorAll('.failure details').forEach(one => { one.open = true; })")
    assert grave(page) == []


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_window(open_page: Open, width: int) -> None:
    for text in (full(), render(hostile("W" * 400)), render(usual())):
        page = open_page(text, width=width).page
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_full_run_is_painted_within_a_second(open_page: Open) -> None:
    times = []
    for _ in range(3):  # the machine may be busy with something else
        page = open_page(full()).page
        until(page, "performance.getEntriesByName('first-contentful-paint').length > 0")
        times.append(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"))
    assert min(times) < FIRST_PAINT_MS, times


def test_the_theme_can_be_switched(open_page: Open) -> None:
    page = open_page(render(usual()), color_scheme="light").page
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_role("radio", name="Dark").check()
    dark = page.evaluate(ground)
    assert light != dark
    page.get_by_role("radio", name="Auto").check()
    assert page.evaluate(ground) == light


def test_print_shows_the_evidence_and_no_controls(open_page: Open) -> None:
    page = open_page(render(usual()), color_scheme="dark").page
    page.emulate_media(media="print")
    assert page.locator("#filters").is_hidden()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator(".evidence").count() == page.locator(".evidence[open]").count() > 0
    assert len(page.pdf()) > 10_000
    page.evaluate("dispatchEvent(new Event('afterprint'))")


def test_without_script_everything_is_still_readable(open_page: Open) -> None:
    page = open_page(render(usual()), java_script_enabled=False).page
    assert page.get_by_role("heading", name="Broken requirements").is_visible()
    assert page.locator("#filters").is_hidden()
    assert page.locator(".entry").count() == 5
