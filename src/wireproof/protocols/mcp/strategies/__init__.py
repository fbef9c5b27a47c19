"""What search draws from at an MCP server: calls of its tools, protocol requests, broken envelopes, whole conversations.

Importing this package imports Hypothesis; the pack names it (`Pack.strategies`) and search resolves the name. Every draw is a literal
`Exchange`. What counts as broken is what its `expect` steps and the ambient checks decide, each on a row of the catalogue; where no rule
obliges a server (a call that takes long, an error where a result was hoped for) every answer is accepted.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from wireproof.judge.pack import Family, Lens
from wireproof.protocols.mcp.strategies.acts import kind_of, probes
from wireproof.protocols.mcp.strategies.calls import calls
from wireproof.protocols.mcp.strategies.conversations import conversations
from wireproof.protocols.mcp.strategies.headers import split, versions
from wireproof.protocols.mcp.strategies.requests import requests

__all__ = ["families", "kind_of", "probes"]


def families(
    facts: Mapping[str, Any], lens: Lens, kinds: Mapping[str, str], slow: AbstractSet[str]
) -> tuple[Family, ...]:
    """The families of one lane in a fixed order. `facts`: its survey; `kinds`: kind of answer by the subject of a probe, see `probes`;
    `slow`: subjects of those that took long."""
    walked, by_chance = conversations(facts, lens, kinds, slow)
    return (
        *walked,
        *calls(facts, lens, slow),
        *requests(facts, lens),
        *split(facts, lens, kinds),
        *versions(facts, lens),
        *by_chance,
    )
