"""The official Python client 1.x against any server: lists, calls, reads, prompts; prints one JSON line.

Usage: `mcp1_client.py stdio COMMAND...` or `mcp1_client.py http URL`; exit 0 when everything was answered, else 1.
"""

from __future__ import annotations

import sys
from contextlib import AsyncExitStack
from datetime import timedelta
from importlib.metadata import version
from typing import Any

import anyio
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from sightings import DEADLINE_S, Target, parse, pick_call, prompt_arguments, report


def wire(model: Any) -> Any:
    """The value as it looks on the wire."""
    return model.model_dump(by_alias=True, mode="json", exclude_none=True)


async def look(session: ClientSession) -> dict[str, Any]:
    """Use one of everything that the server declares."""
    start = wire(await session.initialize())
    offers = start["capabilities"]
    tools = wire(await session.list_tools())["tools"] if "tools" in offers else []
    resources = wire(await session.list_resources())["resources"] if "resources" in offers else []
    prompts = wire(await session.list_prompts())["prompts"] if "prompts" in offers else []
    seen: dict[str, Any] = {
        "revision": start["protocolVersion"],
        "server": start["serverInfo"],
        "tools": [each["name"] for each in tools],
        "called": None,
        "resource": None,
        "prompt": None,
    }
    if call := pick_call(tools):
        seen["called"] = {"name": call[0], **wire(await session.call_tool(*call))}
    if resources:
        seen["resource"] = wire(await session.read_resource(resources[0]["uri"]))
    if prompts:
        seen["prompt"] = wire(await session.get_prompt(prompts[0]["name"], prompt_arguments(prompts[0])))
    return seen


async def talk(target: Target) -> dict[str, Any]:
    """Connect, look, disconnect."""
    with anyio.fail_after(DEADLINE_S):
        async with AsyncExitStack() as stack:
            if target.url is None:
                parameters = StdioServerParameters(command=target.command[0], args=list(target.command[1:]))
                read, write = await stack.enter_async_context(stdio_client(parameters))
            else:
                read, write, _ = await stack.enter_async_context(streamable_http_client(target.url))
            session = ClientSession(read, write, read_timeout_seconds=timedelta(seconds=DEADLINE_S / 2))
            return await look(await stack.enter_async_context(session))


if __name__ == "__main__":
    chosen = parse(sys.argv[1:])
    sys.exit(report(f"mcp {version('mcp')}", lambda: anyio.run(talk, chosen)))
