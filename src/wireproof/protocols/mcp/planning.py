"""Filling exchanges with survey facts: one literal exchange per item of `for_each`, or one in all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from wireproof.model.exchange import Exchange
from wireproof.protocols.mcp.survey import fill_value, items, subject_of


def fill(exchange: Exchange, facts: Mapping[str, Any]) -> list[Exchange]:
    """The literal exchanges; empty when there is nothing to range over or a fact is missing."""
    if exchange.for_each is None:
        made = [_filled(exchange, facts)]
    else:
        kind = exchange.for_each
        made = [
            _filled(
                replace(exchange, subject=subject_of(kind, item), reads_only=exchange.reads_only or _reads(kind, item)),
                {**facts, kind: item},
            )
            for item in items(kind, facts)
        ]
    return [one for one in made if one is not None]


def _reads(kind: str, item: Mapping[str, Any]) -> bool:
    """Does the tool say of itself that calling it changes nothing?"""
    hints = item.get("annotations")
    return kind == "callable" and isinstance(hints, dict) and hints.get("readOnlyHint") is True


def _filled(exchange: Exchange, scope: Mapping[str, Any]) -> Exchange | None:
    try:
        return replace(exchange, steps=tuple(_step(one, scope) for one in exchange.steps))
    except (KeyError, IndexError, TypeError, ValueError):
        return None


def _step(value: Any, scope: Mapping[str, Any]) -> Any:
    changes: dict[str, Any] = {}
    for field in fields(value):
        old = getattr(value, field.name)
        if is_dataclass(old):
            changes[field.name] = _step(old, scope)
        elif isinstance(old, tuple) and old and is_dataclass(old[0]):
            changes[field.name] = tuple(_step(one, scope) for one in old)
        elif isinstance(old, str | Mapping | list):
            changes[field.name] = fill_value(old, scope)
        elif isinstance(old, bytes) and b"${" in old:  # text alone can hold a placeholder; other bytes stay as they are
            text = old.decode("utf-8", "surrogateescape")
            changes[field.name] = str(fill_value(text, scope)).encode("utf-8", "surrogateescape")
    return replace(value, **changes)
