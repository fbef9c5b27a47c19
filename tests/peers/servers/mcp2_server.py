"""An ordinary MCP server on the Python SDK 2.x: three tools, one resource, one prompt.

Usage: `mcp2_server.py stdio` or `mcp2_server.py http PORT` (loopback, path /mcp).
"""

from __future__ import annotations

import sys

from mcp.server.mcpserver import MCPServer
from mcp.types import ToolAnnotations

server = MCPServer("peer-mcp2", version="1.0.0", instructions="A small calculator.", log_level="WARNING")

LOCAL_READ = ToolAnnotations(read_only_hint=True, open_world_hint=False)


@server.tool(description="Add two whole numbers.", annotations=LOCAL_READ)
def add(a: int, b: int) -> int:
    return a + b


@server.tool(description="Give a text back.", annotations=LOCAL_READ)
def echo(text: str) -> str:
    return text


@server.tool(description="Always goes wrong, with the given reason.")
def fail(reason: str = "asked to") -> str:
    raise ValueError(reason)


@server.resource("peer://greeting", name="greeting", description="A fixed text.", mime_type="text/plain")
def greeting() -> str:
    return "hello"


@server.prompt(description="Ask for a summary of a topic.")
def summarise(topic: str) -> str:
    return f"Summarise {topic} in one sentence."


def main(words: list[str]) -> int:
    """Serve until stdin ends (stdio) or the process is told to stop (http)."""
    match words:
        case ["stdio"]:
            server.run("stdio")
        case ["http", port]:
            server.run("streamable-http", host="127.0.0.1", port=int(port))
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
