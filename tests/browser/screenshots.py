"""Makes the pictures of the README from a site (`make gallery`): python -m tests.browser.screenshots SITE docs/images

Each is made at one width in one theme; a picture of more than 200 KB is an error. Exit code 1 where no Chromium or no site is.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.browser.install import found

MOST_BYTES = 200_000


def main(site: Path, images: Path) -> int:
    from playwright.sync_api import sync_playwright

    browser_path = found()
    if browser_path is None or not (site / "index.html").is_file():
        print("a Chromium and a site are needed: make test-browser, make gallery", file=sys.stderr)
        return 1
    pictures = {
        "matrix.png": (site / "index.html", "light", 1000, 720, ""),
        "broken.png": (site / "index.html", "dark", 1000, 720, "#broken"),
    }
    images.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        for name, (path, theme, width, height, place) in pictures.items():
            page = browser.new_page(
                viewport={"width": width, "height": height}, color_scheme="dark" if theme == "dark" else "light"
            )
            page.goto(path.absolute().as_uri() + place)
            page.screenshot(path=images / name)
            size = (images / name).stat().st_size
            print(f"{name}: {size // 1000} KB")
            if size > MOST_BYTES:
                return 1
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
