"""Filling exchanges with survey facts, and which messages they send to the agent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from wireproof.model.exchange import Exchange, Repeat, Request
from wireproof.protocols.a2a import rpc
from wireproof.protocols.a2a.card import places
from wireproof.protocols.a2a.operations import SENDS
from wireproof.protocols.filling import filled


def fill(exchange: Exchange, facts: Mapping[str, Any]) -> list[Exchange]:
    """The literal exchange; none when a fact is missing, or when it cannot be said over gRPC.

    `${places.N}` are where the card may lie, the likeliest first.
    """
    target = facts.get("target", {})
    made = filled(exchange, {**facts, "places": places(str(target.get("url", "")))})
    if made is None or (facts.get("binding") == "grpc" and not rpc.writable(made, str(facts.get("revision")))):
        return []
    return [made]


def called(exchanges: Iterable[Exchange], _facts: Mapping[str, Any]) -> tuple[str, ...]:
    """What the agent will be told, each text once with how often: messages may set it to work."""
    counts: dict[str, int] = {}
    for exchange in exchanges:
        for step in exchange.steps:
            request = step.request if isinstance(step, Repeat) else step
            text = _text(request) if isinstance(request, Request) else None
            if text is not None:
                counts[text] = counts.get(text, 0) + (step.times if isinstance(step, Repeat) else 1)
    return tuple(f"{text} (x{count})" if count > 1 else text for text, count in counts.items())


def _text(request: Request) -> str | None:
    if request.method not in SENDS or not isinstance(request.params, dict):
        return None
    message = request.params.get("message")
    parts = message.get("parts") if isinstance(message, dict) else None
    first = parts[0] if isinstance(parts, list) and parts and isinstance(parts[0], dict) else {}
    return str(first.get("text", "a message without text"))
