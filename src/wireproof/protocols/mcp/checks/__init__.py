"""Ambient checks of MCP servers, a module a topic. The tuple here is the registration; nothing registers by being imported."""

from wireproof.judge.pack import Check
from wireproof.protocols.mcp.checks import (
    base,
    capabilities,
    content,
    http,
    lists,
    schema,
    sse,
    subscriptions,
    tools,
    xmcp,
)

CHECKS: tuple[Check, ...] = (
    *base.CHECKS,
    *schema.CHECKS,
    *http.CHECKS,
    *sse.CHECKS,
    *xmcp.CHECKS,
    *capabilities.CHECKS,
    *content.CHECKS,
    *lists.CHECKS,
    *subscriptions.CHECKS,
    *tools.CHECKS,
)
