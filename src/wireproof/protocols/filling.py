"""Filling exchanges with survey facts: every `${...}` of their steps. What it ranges over is the business of each protocol."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, Final

from wireproof.model.exchange import Exchange
from wireproof.model.jsontext import JSON

_FACT: Final = re.compile(r"\$\{([A-Za-z0-9_.-]+)\}")


def fact(name: str, scope: Mapping[str, Any]) -> JSON:
    """The value of `${a.b.c}`; KeyError when the survey knows no such fact."""
    value: Any = scope
    for part in name.split("."):
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value


def fill_value(value: JSON, scope: Mapping[str, Any]) -> JSON:
    """Fills every `${...}`, in the names of members too; one that is the whole string keeps its JSON type."""
    if isinstance(value, str):
        whole = _FACT.fullmatch(value)
        if whole:
            return fact(whole.group(1), scope)
        return _FACT.sub(lambda found: str(fact(found.group(1), scope)), value)
    if isinstance(value, Mapping):
        return {
            _FACT.sub(lambda found: str(fact(found.group(1), scope)), key): fill_value(one, scope)
            for key, one in value.items()
        }
    if isinstance(value, list | tuple):
        return [fill_value(one, scope) for one in value]
    return value


def filled(exchange: Exchange, scope: Mapping[str, Any]) -> Exchange | None:
    """The exchange with its facts in place; None when one is missing."""
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
