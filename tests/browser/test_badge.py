"""Badges in a browser: in a page, as an image, as a document of their own."""

from __future__ import annotations

import base64

import pytest

from tests.browser.conftest import Open
from tests.report.pages import ATTACKS
from wireproof.report.badge import Badge, State, clean, snippet, svg

pytestmark = pytest.mark.browser

SAYS = {
    State.REACHED: "II Protocol 167/167",
    State.PARTIAL: "III Wire 45/45 (II: 160/163), baseline",
    State.FAILING: "failing 164/167",
    State.STALE: "stale: II Protocol 90/90",
    State.UNKNOWN: "unknown",
}


def badge(state: State, title: str = "") -> Badge:
    label = "MCP 2026-07-28"
    return Badge(
        label=label,
        message=SAYS[state],
        state=state,
        title=title or f"{label}: {SAYS[state]}; 3 not observed",
        facts=(),
    )


def test_text_stands_in_its_half_whatever_font_there_is(open_page: Open) -> None:
    page = open_page("".join(f"<p>{svg(badge(state))}</p>" for state in State)).page
    boxes = page.eval_on_selector_all(
        "svg",
        """all => all.map(one => ({
            width: one.getBoundingClientRect().width,
            left: one.getBoundingClientRect().left,
            halves: [...one.querySelectorAll('path')].map(half => half.getBoundingClientRect().toJSON()),
            texts: [...one.querySelectorAll('text')].map(text => text.getBoundingClientRect().toJSON()),
        }))""",
    )
    assert len(boxes) == len(State)
    for one in boxes:
        for half, text in zip(one["halves"], one["texts"], strict=True):
            assert half["left"] + 5 <= text["left"]
            assert text["right"] <= half["right"] - 5
        assert one["halves"][1]["right"] == pytest.approx(one["left"] + one["width"], abs=0.1)
    for state in State:
        assert page.get_by_role("img", name=f"MCP 2026-07-28: {SAYS[state]}; 3 not observed", exact=True).count() == 1


def test_names_of_targets_do_nothing_wherever_a_badge_stands(open_page: Open) -> None:
    """Opened as a document, scripts of an SVG would run; `open_page` fails on messages and requests."""
    made = [svg(badge(State.REACHED, f"conformance report of {clean(attack)}")) for attack in ATTACKS]
    coded = [base64.b64encode(one.encode()).decode() for one in made]
    page = open_page(
        "<meta charset=utf-8>"
        + "".join(made)
        + "".join(f'<img src="data:image/svg+xml;base64,{one}">' for one in coded)
        + "".join(f'<iframe src="data:image/svg+xml;base64,{one}"></iframe>' for one in coded)
    ).page
    assert page.locator("body > svg").count() == len(ATTACKS)
    assert page.eval_on_selector_all("img", "all => all.every(one => one.complete && one.naturalWidth > 100)")
    assert page.locator("script, a, foreignObject, style").count() == 0
    assert len(page.frames) == 1 + len(ATTACKS)
    for frame in page.frames:
        assert frame.evaluate("typeof window.pwned") == "undefined"
    assert page.frames[1].evaluate("document.documentElement.getAttribute('role')") == "img"


def test_a_snippet_is_one_link_around_one_image(open_page: Open) -> None:
    for attack in ATTACKS:
        hostile = Badge(label="MCP", message=clean(attack), state=State.REACHED, title="t", facts=())
        text = snippet("html", hostile, image="#badge", link="report.html")
        page = open_page(f"<meta charset=utf-8>{text}").page
        assert page.eval_on_selector_all("body *", "all => all.map(one => one.tagName)") == ["A", "IMG"]
        assert page.locator("img").get_attribute("alt") == f"MCP: {clean(attack)}"
