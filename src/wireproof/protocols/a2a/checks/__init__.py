"""Ambient checks of A2A agents, a module a topic. The tuple here is the registration; nothing registers by being imported."""

from wireproof.judge.pack import Check
from wireproof.protocols.a2a.checks import (
    card,
    declared,
    envelope,
    equivalence,
    errors,
    grpc,
    lists,
    push,
    serialization,
    several,
    shapes,
    signing,
    streams,
    survival,
    tasks,
    turns,
    versions,
)

CHECKS: tuple[Check, ...] = (
    *card.CHECKS,
    *declared.CHECKS,
    *envelope.CHECKS,
    *equivalence.CHECKS,
    *errors.CHECKS,
    *grpc.CHECKS,
    *lists.CHECKS,
    *push.CHECKS,
    *serialization.CHECKS,
    *several.CHECKS,
    *shapes.CHECKS,
    *signing.CHECKS,
    *streams.CHECKS,
    *survival.CHECKS,
    *tasks.CHECKS,
    *turns.CHECKS,
    *versions.CHECKS,
)
