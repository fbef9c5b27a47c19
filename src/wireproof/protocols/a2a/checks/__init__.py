"""Ambient checks of A2A agents, a module a topic. The tuple here is the registration; nothing registers by being imported."""

from wireproof.judge.pack import Check
from wireproof.protocols.a2a.checks import (
    card,
    envelope,
    errors,
    lists,
    serialization,
    shapes,
    signing,
    tasks,
    versions,
)

CHECKS: tuple[Check, ...] = (
    *card.CHECKS,
    *envelope.CHECKS,
    *errors.CHECKS,
    *lists.CHECKS,
    *serialization.CHECKS,
    *shapes.CHECKS,
    *signing.CHECKS,
    *tasks.CHECKS,
    *versions.CHECKS,
)
