"""The Model Context Protocol, server role: the pack that the engine drives."""

from __future__ import annotations

from wireproof.judge.pack import Pack
from wireproof.model.catalogue import Revision
from wireproof.model.wire import Transcript, Way
from wireproof.protocols.jsonrpc import Tracker
from wireproof.protocols.mcp.binding import McpBinding
from wireproof.protocols.mcp.checks import CHECKS
from wireproof.protocols.mcp.conversation import converse
from wireproof.protocols.mcp.dismissal import dismissed_since
from wireproof.protocols.mcp.planning import called, fill
from wireproof.protocols.mcp.survey import applies, survey
from wireproof.protocols.mcp.vocabulary import needs


def opening(revision: Revision) -> str | None:
    """The exchange that opens a session: none is needed in the modern era."""
    return None if revision.era == "modern" else "mcp.survey.open"


def opened(transcript: Transcript) -> bool | None:
    """Did the server answer `initialize`, sent as usual, with a result? None where the session was not opened so."""
    mine = transcript.span("mcp.survey.open")
    if not mine:
        return None
    return any(one.way is Way.IN and isinstance(one.message, dict) and "result" in one.message for one in mine)


def listening(revision: Revision, transport: str) -> str | None:
    """The exchange that an opened session goes on with: clients listen where the server may speak on its own."""
    return "mcp.survey.listen" if transport == "http" and revision.traits.get("resumption") else None


def connecting(transport: str) -> str | None:
    """The exchange that every connection begins with, opened or not: on HTTP+SSE there is no saying anything without the stream."""
    return "mcp.survey.connect-sse" if transport == "sse" else None


PACK = Pack(
    name="mcp",
    binding=McpBinding(),
    tracker=Tracker,
    conversation=converse,
    checks=CHECKS,
    survey=survey,
    connecting=connecting,
    opening=opening,
    listening=listening,
    opened=opened,
    dismissed=dismissed_since,
    applies=applies,
    fill=fill,
    called=called,
    needs=needs,
    tables={"schema-rows": "schema-rows.yaml", "revisions": "revisions.yaml", "profiles": "profiles.yaml"},
    strategies="wireproof.protocols.mcp.strategies",
)
