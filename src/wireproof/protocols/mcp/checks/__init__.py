"""Ambient checks of MCP servers, a module a topic. The tuple here is the registration; nothing registers by being imported."""

from wireproof.judge.pack import Check
from wireproof.protocols.mcp.checks import (
    authorization,
    base,
    batch,
    capabilities,
    content,
    errors,
    given,
    http,
    initiative,
    lifecycle,
    lists,
    meta,
    schema,
    sse,
    stdio,
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
    *authorization.CHECKS,
    *capabilities.CHECKS,
    *content.CHECKS,
    *lists.CHECKS,
    *subscriptions.CHECKS,
    *tools.CHECKS,
    *batch.CHECKS,
    *errors.CHECKS,
    *given.CHECKS,
    *initiative.CHECKS,
    *lifecycle.CHECKS,
    *meta.CHECKS,
    *stdio.CHECKS,
)
