"""The suite, as far as reports are held against it."""

from __future__ import annotations

from functools import cache

from wireproof.engine.run import load_suite
from wireproof.engine.suite import Suite
from wireproof.report.soundness import Rules


def rules_of(suite: Suite) -> Rules:
    """What decides here whether a report can be so."""
    catalogue = suite.catalogue
    return Rules(
        catalogue=catalogue,
        judged=lambda revision, transport: suite.judged(catalogue.revision(revision), transport),
        exchanges=frozenset(one.id for one in suite.exchanges),
    )


@cache
def rules_for(protocol: str) -> Rules:
    """The same of a protocol by its name. UsageError where nothing that is installed knows it."""
    return rules_of(load_suite(protocol))
