"""Filling exchanges with survey facts: one literal exchange per item of `for_each`, or one in all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from wireproof.model.exchange import Exchange, Http, Request, Send
from wireproof.protocols.filling import filled
from wireproof.protocols.mcp.survey import items, subject_of


def fill(exchange: Exchange, facts: Mapping[str, Any]) -> list[Exchange]:
    """The literal exchanges; empty when there is nothing to range over or a fact is missing."""
    if exchange.for_each is None:
        made = [filled(exchange, facts)]
    else:
        kind = exchange.for_each
        made = [
            filled(
                replace(exchange, subject=subject_of(kind, item), reads_only=exchange.reads_only or _reads(kind, item)),
                {**facts, kind: item},
            )
            for item in items(kind, facts)
        ]
    return [one for one in made if one is not None]


def called(exchanges: Iterable[Exchange], facts: Mapping[str, Any]) -> tuple[str, ...]:
    """The listed tools that the exchanges call, in listed order."""
    named = {name for exchange in exchanges for step in exchange.steps if (name := _tool(step)) is not None}
    return tuple(one["name"] for one in facts.get("tools", ()) if one["name"] in named)


def _tool(step: Any) -> str | None:
    """The tool that a step calls, by a request or by a literal message."""
    match step:
        case Request(method="tools/call", params={"name": str(name)}):
            return name
        case Send(message={"method": "tools/call", "params": {"name": str(name)}}):
            return name
        case Http(body={"method": "tools/call", "params": {"name": str(name)}}):
            return name
    return None


def _reads(kind: str, item: Mapping[str, Any]) -> bool:
    """Does the tool say of itself that calling it changes nothing?"""
    hints = item.get("annotations")
    return kind == "callable" and isinstance(hints, dict) and hints.get("readOnlyHint") is True
