"""The pytest plugin from the built wheel, in clean environments: each pytest and each Python that is here, with and without xdist.

`make plugin-matrix` runs it; `--newest` takes the newest pytest under the running Python, with xdist only, which is what CI does. In each environment
four scratch projects test a server of FastMCP, one of the `mcp` SDK, an agent of `a2a-sdk`, and the reference agent of A2A that the wheel
carries. Prints a table with seconds; exit code 1 when a cell fails.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
PYTESTS: Final = ("pytest>=8,<9", "pytest>=9,<10")
LEAST: Final = (3, 11)
VERSION: Final = "import sys; print(*sys.version_info[:3], sep='.')"
FASTMCP: Final = """
from fastmcp import FastMCP

server = FastMCP("scratch")


@server.tool
def add(a: int, b: int) -> int:
    return a + b


server.run(show_banner=False)
"""
SDK: Final = """
try:
    from mcp.server.mcpserver import MCPServer as Server
except ImportError:  # mcp 1
    from mcp.server.fastmcp import FastMCP as Server

server = Server("scratch")


@server.tool()
def add(a: int, b: int) -> int:
    return a + b


server.run("stdio")
"""
MCP: Final = 'revisions = ["2025-11-25"]\nselect = ["mcp.ping", "mcp.base"]\n'
"""Of which both SDKs keep all; what they break elsewhere is their affair."""
A2A_SDK: Final = ("a2a-sdk[grpc,http-server]>=1,<2", "uvicorn")
A2A_AGENT: Final = ROOT / "tests" / "peers" / "servers" / "a2a_sdk1_agent.py"
AGENT: Final = "import wireproof, pathlib; print(pathlib.Path(wireproof.__file__).parent / '_data' / 'fixtures')"
SUMMARY: Final = re.compile(r"(\d+) passed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One scratch project under one Python and one pytest. `trouble` is empty when all was well."""

    python: str
    tester: str
    spread: bool
    project: str
    seconds: float
    passed: int
    trouble: str


def pythons() -> Iterator[tuple[str, Path]]:
    """Version and path of each Python that is new enough, once: of the PATH, and of pyenv where it is installed."""
    places = [Path(one) for one in os.environ.get("PATH", "").split(os.pathsep) if one]
    found = [shutil.which(f"python3.{minor}", path=str(place)) for minor in range(11, 20) for place in places]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found += [str(one) for one in sorted(pyenv.glob("*/bin/python"))]
    known: set[str] = set()
    for one in dict.fromkeys(each for each in found if each):
        done = subprocess.run([one, "-c", VERSION], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            print(f"{one} does not run and is left out: {' '.join(done.stderr.split())[:100]}")
            continue
        minor = tuple(map(int, done.stdout.split(".")[:2]))
        name = ".".join(map(str, minor))
        if minor >= LEAST and name not in known:
            known.add(name)
            yield done.stdout.strip(), Path(one)


def environment(folder: Path, python: Path, tester: str, wheel: Path) -> Path:
    """A clean environment with the wheel, that pytest, xdist, and the SDKs; its Python."""
    subprocess.run([str(python), "-m", "venv", str(folder)], check=True)
    made = folder / "bin" / "python"
    install = [str(made), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, str(wheel), tester, "pytest-xdist", "fastmcp", "mcp", *A2A_SDK], check=True)
    return made


def _free_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


def _agent(port: str) -> str:
    """The rest of the target of an agent that is started for it."""
    return f'protocol = "a2a"\nurl = "http://127.0.0.1:{port}"\nselect = ["a2a.card", "a2a.get"]\n'


def projects(folder: Path, python: Path) -> Iterator[Path]:
    """A scratch project for each kind of target."""
    fixtures = subprocess.run([str(python), "-c", AGENT], check=True, capture_output=True, text=True).stdout.strip()
    one, other = _free_port(), _free_port()
    mine = {
        "fastmcp": ([str(python), "server.py"], FASTMCP, MCP),
        "mcp-sdk": ([str(python), "server.py"], SDK, MCP),
        "a2a": ([str(python), fixtures, "a2a", "http", "--port", one], "", _agent(one)),
        "a2a-sdk": ([str(python), "server.py", other, "http"], A2A_AGENT.read_text(encoding="utf-8"), _agent(other)),
    }
    for name, (command, code, more) in mine.items():
        place = folder / name
        place.mkdir(exist_ok=True)
        (place / "server.py").write_text(code, encoding="utf-8")
        (place / "wireproof.toml").write_text(
            f"[targets.scratch]\ncommand = {json.dumps(command)}\n{more}", encoding="utf-8"
        )
        yield place


def played(project: Path, python: Path, *, spread: bool, version: str, tester: str) -> Cell:
    """Runs the plugin there. What the targets pass is theirs to say; that something is judged, and nothing goes wrong, is ours."""
    words = ["-n", "2"] if spread else ["-p", "no:xdist"]
    begun = time.monotonic()
    done = subprocess.run(
        [str(python), "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", *words, "--wireproof"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    found = SUMMARY.search(done.stdout)
    fine = done.returncode == 0 and found is not None
    return Cell(
        python=version,
        tester=tester,
        spread=spread,
        project=project.name,
        seconds=time.monotonic() - begun,
        passed=int(found[1]) if found else 0,
        trouble="" if fine else f"exit code {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-2000:]}",
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--newest", action="store_true", help="only this Python, the newest pytest, with xdist")
    newest = parser.parse_args().newest
    cells: list[Cell] = []
    with tempfile.TemporaryDirectory() as folder:
        away = Path(folder)
        build = [sys.executable, "-m", "build", "--wheel", "--outdir", str(away), str(ROOT)]
        subprocess.run(build, check=True, stdout=subprocess.DEVNULL)
        wheel = next(away.glob("*.whl"))
        every = [(".".join(map(str, sys.version_info[:3])), Path(sys.executable))] if newest else list(pythons())
        for version, python in every:
            for tester in PYTESTS[-1:] if newest else PYTESTS:
                place = away / f"{version}-{len(cells)}"
                begun = time.monotonic()
                made = environment(place / "env", python, tester, wheel)
                print(f"Python {version}, {tester}: installed in {time.monotonic() - begun:.0f} s", flush=True)
                for project in projects(place, made):
                    for spread in (True,) if newest else (False, True):
                        cells.append(played(project, made, spread=spread, version=version, tester=tester))
                        one = cells[-1]
                        how = "xdist" if spread else "alone"
                        said = f"{one.passed} passed" if not one.trouble else f"FAILED: {one.trouble}"
                        print(f"  {one.project:8} {how:6} {one.seconds:6.1f} s  {said}", flush=True)
    failed = [one for one in cells if one.trouble]
    print(f"{len(cells)} runs of the plugin, {len(failed)} failed")
    return 1 if failed or not cells else 0


if __name__ == "__main__":
    sys.exit(main())
