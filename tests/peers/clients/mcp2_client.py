"""The official Python client 2.x against any server: lists, calls, reads, prompts; prints one JSON line.

Usage: `mcp2_client.py [--mode auto|legacy|REVISION] stdio COMMAND...` or `... http URL`; exit 0 when everything was
answered, else 1. `auto` asks server/discover first and falls back to initialize; a REVISION must then come of it.
"""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Any

import anyio
from mcp import Client, StdioServerParameters
from sightings import DEADLINE_S, Target, parse, pick_call, prompt_arguments, report


def wire(model: Any) -> Any:
    """The value as it looks on the wire."""
    return model.model_dump(by_alias=True, mode="json", exclude_none=True)


async def look(client: Client) -> dict[str, Any]:
    """Use one of everything that the server declares."""
    offers = wire(client.server_capabilities)
    tools = wire(await client.list_tools())["tools"] if "tools" in offers else []
    resources = wire(await client.list_resources())["resources"] if "resources" in offers else []
    prompts = wire(await client.list_prompts())["prompts"] if "prompts" in offers else []
    seen: dict[str, Any] = {
        "revision": client.protocol_version,
        "server": wire(client.server_info) if client.server_info else None,
        "tools": [each["name"] for each in tools],
        "called": None,
        "resource": None,
        "prompt": None,
    }
    if call := pick_call(tools):
        seen["called"] = {"name": call[0], **wire(await client.call_tool(*call))}
    if resources:
        seen["resource"] = wire(await client.read_resource(resources[0]["uri"]))
    if prompts:
        seen["prompt"] = wire(await client.get_prompt(prompts[0]["name"], prompt_arguments(prompts[0])))
    return seen


async def talk(target: Target) -> dict[str, Any]:
    """Connect, look, disconnect."""
    if target.url is None:
        server: Any = StdioServerParameters(command=target.command[0], args=list(target.command[1:]))
    else:
        server = target.url
    with anyio.fail_after(DEADLINE_S):
        # Not the SDK's own pinning: that asks the server nothing, so it would hold for one that lacks the revision.
        mode = "legacy" if target.mode == "legacy" else "auto"
        async with Client(server, mode=mode, read_timeout_seconds=DEADLINE_S / 2) as client:
            if target.mode not in ("auto", "legacy", client.protocol_version):
                raise RuntimeError(f"asked for {target.mode}, agreed on {client.protocol_version}")
            return await look(client)


if __name__ == "__main__":
    chosen = parse(sys.argv[1:])
    sys.exit(report(f"mcp {version('mcp')}", lambda: anyio.run(talk, chosen)))
