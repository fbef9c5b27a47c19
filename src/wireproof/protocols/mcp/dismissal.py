"""When a server ended a session over HTTP, as it may at any time: whoever goes on gets 404 (basic/transports, Session Management).

Targets built around one transport do so whenever another client comes. What they say to the first one then shows nothing of the
rows that its requests are about.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from wireproof.model.wire import Kind, Record, Way, header

KNOWN: Final = ("ping", "tools/list", "resources/list", "prompts/list")
"""Requests that find nothing but an ended session to answer 404 for, before 2026-07-28."""


def dismissed_since(records: Sequence[Record]) -> Record | None:
    """The head of the first 404 after which nothing was served any more, in a session that was opened, if a well-formed message, or our
    farewell, got 404 too; None where the session lived on, where there was none, and where we ended it."""
    asked = {one.channel: one for one in records if one.way is Way.OUT and one.meta.get("method") is not None}
    heads = [one for one in records if one.kind is Kind.HEAD and one.channel in asked]
    served = [index for index, one in enumerate(heads) if 200 <= int(one.meta.get("status") or 0) < 300]
    if not served or any(asked[heads[index].channel].meta["method"] == "DELETE" for index in served):
        return None
    tail = [one for one in heads[served[-1] + 1 :] if one.meta.get("status") == 404]
    return tail[0] if any(_fine(asked[one.channel]) for one in tail) else None


def _fine(out: Record) -> bool:
    """Is it, as the session asks for it, a message or our farewell?"""
    named = header(out.meta.get("headers"), "mcp-session-id") is not None
    message = isinstance(out.message, dict) and not out.meta.get("deliberate")
    return named and (message or out.meta.get("name") == "farewell")
