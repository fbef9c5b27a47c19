"""Sees to it that a Chromium is there for the browser tests. Run by `make test-browser`.

Taken is, in this order: what $WIREPROOF_CHROMIUM names, one on the PATH, the one that Playwright brings, the package of the system. Prints
which; exit code 1 with a sentence when none can be had.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_PATIENCE_S = 600


def found() -> str | None:
    """The path of a browser, or None."""
    named = os.environ.get("WIREPROOF_CHROMIUM")
    if named:
        return shutil.which(named)
    return next((path for name in NAMES if (path := shutil.which(name))), None) or _own()


def _own() -> str | None:
    """The browser that Playwright installed for itself."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = Path(playwright.chromium.executable_path)
    return str(path) if path.is_file() else None


def _tried(*command: str) -> bool:
    if shutil.which(command[0]) is None:
        return False
    try:
        return subprocess.run(command, check=False, timeout=_PATIENCE_S, stdin=subprocess.DEVNULL).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def main() -> int:
    path = found()
    if path is None:
        _tried(sys.executable, "-m", "playwright", "install", "--with-deps", "chromium")
        path = found()
    if path is None and os.name == "posix" and os.geteuid() == 0 and _tried("apt-get", "update", "-qq"):
        _tried("apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium", "fonts-dejavu-core")
        path = found()
    if path is None:
        print("no Chromium can be had; install one and name it in WIREPROOF_CHROMIUM")
        return 1
    print(f"browser: {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
