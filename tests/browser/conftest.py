"""A headless Chromium for the browser tests, and a page that notes whatever it should not do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.install import found

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One a module, because its event loop runs until it is closed. Never skips: where no browser is, the browser tests fail."""
    from playwright.sync_api import sync_playwright

    path = found()
    assert path is not None, "no Chromium was found: run `make test-browser`, or name one in WIREPROOF_CHROMIUM"
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield made
        made.close()


@dataclass
class Opened:
    """A page with what happened in it: console messages and errors, dialogs, and requests other than for the file itself."""

    page: Page
    noises: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


Open = Callable[..., Opened]


@pytest.fixture
def open_page(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """open_page(html, hash="", width=1400, **context) loads it from a file. At the end nothing may have happened that should not."""
    every: list[Opened] = []

    def load(text: str, hash_: str = "", *, width: int = 1400, **options: Any) -> Opened:
        path = tmp_path / f"page-{len(every)}.html"
        path.write_text(text, encoding="utf-8")
        context = browser.new_context(viewport={"width": width, "height": 1000}, **options)
        opened = Opened(page=context.new_page())
        opened.page.set_default_timeout(10_000)
        opened.page.on("console", lambda one: opened.noises.append(f"{one.type}: {one.text}"))
        opened.page.on("pageerror", lambda one: opened.noises.append(f"error: {one}"))
        opened.page.on("dialog", lambda one: (opened.noises.append(f"dialog: {one.message}"), one.dismiss()))
        opened.page.on("popup", lambda one: opened.noises.append(f"popup: {one.url}"))
        opened.page.on("request", lambda one: opened.requests.append(one.url))
        opened.page.goto(path.as_uri() + hash_)
        opened.requests = [one for one in opened.requests if not one.startswith((path.as_uri(), "data:"))]
        every.append(opened)
        return opened

    yield load
    for one in every:
        own = one.page.url.partition("#")[0]
        asked = [name for name in one.requests if name.partition("#")[0] != own and not name.startswith("data:")]
        assert (one.noises, asked) == ([], [])
        one.page.context.close()
