"""What `action.yml` calls on a GitHub runner: `python -m wireproof.cli.action run`, then `judge`.

Inputs come from the environment (`WIREPROOF_*`), never through a shell, so that no text in them is run as one. `run` plays the target, writes
the reports, the job summary and the outputs, and always exits 0: what comes after it, such as the upload of the report, must happen too.
`judge` exits as `run` found.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from wireproof.model.errors import UsageError

REPORT: Final = "wireproof-report.json"
SUMMARY: Final = "wireproof-summary.md"
VERDICTS: Final[Mapping[int, str]] = {0: "passed", 1: "failed", 2: "cannot-run", 3: "nothing-graded"}
"""By exit code; every other one is `error`."""
_TRUE: Final = ("true", "1", "yes", "on")
_LINE: Final = re.compile(r"[\r\n]+")


def main(arguments: list[str]) -> int:
    """`arguments`: `run` or `judge`. Exit code 2 for another word and for inputs that make no sense."""
    try:
        match arguments:
            case ["run"]:
                return _run(os.environ)
            case ["judge"]:
                return _judge(os.environ)
    except UsageError as error:
        print(f"::error title=wireproof::{_escaped(str(error))}")
        return 2
    print("usage: python -m wireproof.cli.action run|judge", file=sys.stderr)
    return 2


def options(inputs: Mapping[str, str]) -> list[str]:
    """The arguments of `wireproof run` for these inputs. UsageError for a target that is named twice, or a command that is no command line."""
    target, command = _given(inputs, "TARGET"), _given(inputs, "COMMAND")
    if target and command:
        raise UsageError(
            "both `target` and `command` are given",
            hint="a URL or a configured name is a target, what starts a server is a command",
        )
    made = ["--format=github", f"--output=json:{REPORT}", f"--output=markdown:{SUMMARY}"]
    made += [f"--revision={one}" for one in _words(inputs, "REVISIONS")]
    made += [f"--output={one}" for one in _lines(inputs, "REPORTS")]
    if baseline := _given(inputs, "BASELINE"):
        made.append(f"--baseline={baseline}")
    if _is(inputs, "STRICT"):
        made.append("--strict")
    try:
        started = shlex.split(command)
    except ValueError as error:
        raise UsageError(f"`command` is no command line: {error}") from None
    if started:
        return [*made, "--", *started]
    if target.startswith("-"):
        raise UsageError(
            f"`target` {target!r} begins like an option", hint="give a URL or the name of a configured target"
        )
    return [*made, target] if target else made


def _run(environment: Mapping[str, str]) -> int:
    for stale in (REPORT, SUMMARY):
        Path(stale).unlink(missing_ok=True)
    code = _wireproof("run", *options(environment))
    report = _read(Path(REPORT)) if code in (0, 1, 3) else {}
    base = _given(environment, "BASE_REPORT")
    if base and Path(base).is_dir():  # what was downloaded of the artifact of an earlier run
        base = str(Path(base) / REPORT)
    said = Path(SUMMARY).read_text(encoding="utf-8") if Path(SUMMARY).exists() else f"wireproof: {_verdict(code)}\n"
    if base and report:
        compare = ["compare", *(["--strict"] if _is(environment, "STRICT") else []), "--", base, REPORT]
        done = subprocess.run(
            [sys.executable, "-m", "wireproof", *compare], capture_output=True, text=True, check=False
        )
        print(done.stdout + done.stderr, end="", flush=True)
        code = done.returncode
        said += f"\n### Compared with the base report\n\n{_quoted(done.stdout + done.stderr)}\n"
    _append(environment, "GITHUB_STEP_SUMMARY", said)
    told = {
        "verdict": _verdict(code),
        "class": _classes(report),
        "counts": json.dumps(_counts(report), separators=(",", ":")),
        "report": REPORT if report else "",
        "exit-code": str(code),
    }
    _append(environment, "GITHUB_OUTPUT", "".join(f"{name}={_LINE.sub(' ', value)}\n" for name, value in told.items()))
    return 0


def _judge(environment: Mapping[str, str]) -> int:
    code = _given(environment, "EXIT_CODE")
    if not code.isdigit():
        raise UsageError("the run told no exit code", hint="see the step before")
    if int(code):
        print(f"::error title=wireproof::{_verdict(int(code))}")
    return int(code)


def _wireproof(*arguments: str) -> int:
    return subprocess.run([sys.executable, "-m", "wireproof", *arguments], check=False).returncode


def _verdict(code: int) -> str:
    return VERDICTS.get(code, "error")


def _classes(report: Mapping[str, Any]) -> str:
    """One entry a revision and transport, such as `mcp 2025-11-25 stdio: II Protocol`."""
    runs = [one for one in report.get("runs", ()) if one.get("class")]
    return "; ".join(f"{one['protocol']} {one['revision']} {one['transport']}: {one['class']['name']}" for one in runs)


def _counts(report: Mapping[str, Any]) -> dict[str, int]:
    """How many rows of the whole report have each verdict."""
    counts: Counter[str] = Counter()
    for run in report.get("runs", ()):
        for verdicts in run["counts"].values():
            counts.update(verdicts)
    return dict(sorted(counts.items()))


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return read


def _append(environment: Mapping[str, str], variable: str, text: str) -> None:
    """To the file that the runner named; on stdout where there is none, as on one's own machine."""
    name = environment.get(variable)
    if not name:
        print(text, end="")
        return
    with Path(name).open("a", encoding="utf-8") as file:
        file.write(text)


def _quoted(text: str) -> str:
    """As a block of code that nothing in it can end."""
    fence = "`" * (max((len(one) for one in re.findall(r"`+", text)), default=2) + 1)
    fence = fence if len(fence) > 2 else "```"
    return f"{fence}text\n{text.rstrip()}\n{fence}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _given(inputs: Mapping[str, str], name: str) -> str:
    return inputs.get(f"WIREPROOF_{name}", "").strip()


def _is(inputs: Mapping[str, str], name: str) -> bool:
    return _given(inputs, name).lower() in _TRUE


def _lines(inputs: Mapping[str, str], name: str) -> list[str]:
    return [one.strip() for one in _given(inputs, name).splitlines() if one.strip()]


def _words(inputs: Mapping[str, str], name: str) -> list[str]:
    return [one for one in re.split(r"[\s,]+", _given(inputs, name)) if one]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
