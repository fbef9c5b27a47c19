"""What search draws from at an A2A agent: odd requests, broken envelopes, and conversations about tasks of their own.

Importing this package imports Hypothesis; the pack names it (`Pack.strategies`) and search resolves the name. Every draw is a literal
`Exchange`. Messages may set an agent to work and cost its owner money, so they are drawn for agents alone that are declared to be
cooperative; of others is only asked what changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from wireproof.judge.pack import Family, Lens
from wireproof.protocols.a2a.strategies.acts import kind_of, probes
from wireproof.protocols.a2a.strategies.conversations import conversations
from wireproof.protocols.a2a.strategies.requests import requests

__all__ = ["families", "kind_of", "probes"]


def families(
    facts: Mapping[str, Any], lens: Lens, kinds: Mapping[str, str], slow: AbstractSet[str]
) -> tuple[Family, ...]:
    """The families of one lane in a fixed order. `facts`: its survey; `kinds`: kind of answer by the subject of a probe, see `probes`;
    `slow`: subjects of those that took long, which no conversation waits for."""
    return (*requests(facts, lens), *conversations(facts, lens, kinds, slow))
