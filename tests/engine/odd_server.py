"""MCP servers that are unusual, not wrong: odd_server.py HABIT stdio|http [PIDFILE]. The reference peer with other settings, in a process of its own.

no-tools: declares neither tools nor prompts. many-tools: 5000 tools on ten pages. changing: each reading of the tools shows others.
older: serves one older revision only. dies: ends at the first text that is not JSON.
"""

from __future__ import annotations

import importlib
import itertools
import os
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

from wireproof.library.shelf import load_fixtures

load_fixtures()
variant = importlib.import_module("wireproof_fixtures.variant")
hooks = importlib.import_module("wireproof_fixtures.hooks")
mcp = importlib.import_module("wireproof_fixtures.mcp")
tooling = importlib.import_module("wireproof_fixtures.mcp.tooling")
downfall = importlib.import_module("wireproof_fixtures.downfall")

MANY = 5000
PAGES = importlib.import_module("wireproof_fixtures.mcp.settings").Settings().page_size
CODE = 70
_readings = itertools.count(1)


def _tool(number: int) -> Any:
    body = lambda call, arguments: {"content": [{"type": "text", "text": "done"}]}  # noqa: E731
    return tooling.Tool(name=f"tool_{number:04}", description="One of many", body=body)


def _others_each_time(result: dict[str, Any]) -> dict[str, Any]:
    """The first tool of a page has another name whenever it is read."""
    tools = result["tools"]
    return {**result, "tools": [{**tools[0], "name": f"passing_{next(_readings)}"}, *tools[1:]]} if tools else result


def _nonsense(text: bytes) -> bool:
    return bool(text.strip()) and downfall.value_of(text) is None


def _ends(request: Any, http: Any) -> None:
    if request.method == "POST" and _nonsense(request.body):
        os._exit(CODE)


BASE = variant.REFERENCE
HABITS: dict[str, Any] = {
    "no-tools": replace(BASE, settings={"without": frozenset({"tools", "prompts", "completions", "tasks"})}),
    "many-tools": replace(
        BASE,
        settings={"extra_tools": tuple(map(_tool, range(MANY))), "page_size": {**PAGES, "tools": MANY // 10}},
    ),
    "changing": replace(BASE, methods=hooks.handlers(_others_each_time, "tools/list")),
    "older": replace(BASE, settings={"revisions": ("2025-03-26",)}),
    "dies": replace(BASE, line_in=downfall.on_a_line(_nonsense), http_in=_ends),
}


def main(habit: str, transport: str, *pids: str) -> None:
    for path in pids:
        with Path(path).open("a", encoding="ascii") as file:
            file.write(f"{os.getpid()}\n")
    if transport == "http":
        print(mcp.serve_http(HABITS[habit]).url, flush=True)
        threading.Event().wait()
    source, sink = sys.stdin.buffer, sys.stdout.buffer

    def write(line: bytes) -> None:
        sink.write(line)
        sink.flush()

    mcp.serve_lines(HABITS[habit], lambda: source.readline() or None, write, transport="stdio")
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
