"""The Agent2Agent protocol, agent role: the pack that the engine drives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from wireproof.judge.pack import Pack
from wireproof.model.catalogue import Revision
from wireproof.model.jsontext import JSON
from wireproof.model.target import Target
from wireproof.model.wire import Record, Transcript
from wireproof.protocols.a2a import rpc
from wireproof.protocols.a2a import view as views
from wireproof.protocols.a2a.binding import A2aBinding
from wireproof.protocols.a2a.card import is_card, places
from wireproof.protocols.a2a.checks import CHECKS
from wireproof.protocols.a2a.conversation import converse
from wireproof.protocols.a2a.planning import called, fill
from wireproof.protocols.a2a.prompts import GOALS
from wireproof.protocols.a2a.survey import applies, survey
from wireproof.protocols.a2a.tracker import Tracker
from wireproof.protocols.a2a.vocabulary import needs


def opening(_revision: Revision) -> str | None:
    """Every request stands for itself: nothing opens a conversation."""
    return None


def opened(_transcript: Transcript) -> bool | None:
    return None


def listening(_revision: Revision, _transport: str) -> str | None:
    return None


def connecting(_transport: str) -> str | None:
    return None


def transports(_target: Target) -> tuple[tuple[str, ...], ...]:
    """Every binding that the card may name, side by side."""
    return (("jsonrpc", "rest", "grpc"),)


def recognised(document: JSON) -> str:
    """What shows an agent at a URL: its card."""
    return "an Agent Card" if is_card(document) else ""


def view(
    records: Sequence[Record], out: Record | None, decisive: Record | None, revision: Revision, transport: str
) -> JSON:
    """The pack's `view`: the form of 1.0, whichever binding and version it came by."""
    modern = bool(revision.traits.get("version_header"))
    return views.view(records, out, decisive, transport=transport, modern=modern)


HINTS: Final = {
    "slow": "is an A2A agent behind that port? If it only starts slowly, say --startup-wait SECONDS",
    "html": "this looks like a web page; give the URL of the Agent Card itself where it lies elsewhere",
    "missing": "no Agent Card is there: give the agent's own URL, below which /.well-known/agent-card.json lies, or the card's",
    "never": "but never with an Agent Card",
}

PACK = Pack(
    name="a2a",
    goals=tuple(GOALS),
    binding=A2aBinding(),
    tracker=Tracker,
    conversation=converse,
    checks=CHECKS,
    survey=survey,
    connecting=connecting,
    opening=opening,
    listening=listening,
    opened=opened,
    applies=applies,
    fill=fill,
    called=called,
    strategies="wireproof.protocols.a2a.strategies",
    needs=needs,
    transports=transports,
    view=view,
    read=rpc.read,
    beacons=lambda url: places(url)[:3],
    recognised=recognised,
    hints=HINTS,
    roams=True,
    tables={"schema-rows": "schema-rows.yaml", "revisions": "revisions.yaml"},
)
