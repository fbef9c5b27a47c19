"""Builds the wheel, installs it in a clean environment, and runs it outside the checkout: it carries its data and works.

Run by `make wheel-check`. Exit code 1 with a sentence when the installed tool differs from the checkout.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DIGEST = "from wireproof.library.shelf import digest; print(digest())"
WHERE = "import wireproof; print(wireproof.__file__)"


def out(*command: str, cwd: Path) -> str:
    """Standard output of a command that must succeed."""
    done = subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        away = Path(folder)
        out(sys.executable, "-m", "build", "--wheel", "--outdir", str(away), str(ROOT), cwd=ROOT)
        wheel = next(away.glob("*.whl"))
        venv.create(away / "env", with_pip=True)
        python = str(away / "env" / "bin" / "python")
        out(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(wheel), cwd=away)
        place = out(python, "-c", WHERE, cwd=away)
        if not place.startswith(str(away)):
            print(f"the clean environment imports wireproof from {place}")
            return 1
        ours, theirs = out(sys.executable, "-c", DIGEST, cwd=ROOT), out(python, "-c", DIGEST, cwd=away)
        if ours != theirs:
            print(f"the wheel carries other data than the checkout: {theirs} instead of {ours}")
            return 1
        fixtures = str(Path(place).parent / "_data" / "fixtures")
        report, page = away / "report.json", away / "report.html"
        command = [
            str(away / "env" / "bin" / "wireproof"),
            "run",
            "-o",
            f"json:{report}",
            "-o",
            f"html:{page}",
            "--",
            python,
            fixtures,
            "mcp",
            "stdio",
        ]
        done = subprocess.run(command, cwd=away, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            print(done.stdout, done.stderr, sep="\n")
            print(f"the installed tool ended with {done.returncode} on the reference peer")
            return 1
        if "All requirements" not in page.read_text(encoding="utf-8"):
            print("the installed tool wrote an HTML report without requirements")
            return 1
        print(f"wheel {wheel.name}: works outside the checkout, data digest {ours[:12]}")
        return 0


if __name__ == "__main__":
    sys.exit(main())
