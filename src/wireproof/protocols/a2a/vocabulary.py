"""The names of survey facts that exchanges may use in `needs`, so that a misspelt one is told instead of never coming true."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from wireproof.protocols.a2a.prompts import GOALS, OWN

_CAPABILITIES: Final = ("streaming", "pushNotifications", "extendedAgentCard", "security", "card")
_OF_THE_AGENT: Final = (
    "signatures",
    "signing-keys",
    "card-tag",
    "extensions",
    "extension-required",
    "several-bindings",
    "other-binding",
    "undeclared:jsonrpc",
    "undeclared:rest",
    "tenant",
    "https",
    "interface",
    "answers",
    "protected",
    "loopback",
    "given-card",
    "searched-card",
    "anonymous",
    "dialect:open",
    "dialect:core",
    "main-interface",
    "shared-url",
    "without:capability",
    "credentials",
    "modern-only",
    "prompt:any",
    "acts:prefixes",
)
_TOKENS: Final = ("token:foreign", "token:narrow", "token:second")


def needs(_tables: Mapping[str, Any]) -> frozenset[str]:
    """Every name that `needs` may hold."""
    lacking = {f"without:{name}" for name in _CAPABILITIES}
    goals = {f"prompt:{name}" for name in GOALS} | {f"knows:{name}" for name in OWN}
    return frozenset({*_CAPABILITIES, *lacking, *_OF_THE_AGENT, *_TOKENS, *goals})
