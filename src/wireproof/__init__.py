"""wireproof: conformance and interoperability test harness for agent protocols.

The public face: `run`, `Target`, `CallPolicy`, `Options`, `Selection`, `Report`, the errors and `__version__`. Names are resolved
when first used, so that importing the package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from wireproof.version import __version__

if TYPE_CHECKING:
    from wireproof.api import run as run
    from wireproof.engine.plan import Selection as Selection
    from wireproof.engine.run import Options as Options
    from wireproof.model.errors import TargetUnreachable as TargetUnreachable
    from wireproof.model.errors import UsageError as UsageError
    from wireproof.model.errors import WireproofError as WireproofError
    from wireproof.model.target import CallPolicy as CallPolicy
    from wireproof.model.target import Target as Target
    from wireproof.report.matrix import Report as Report

_HOMES = {
    "run": "wireproof.api",
    "Options": "wireproof.engine.run",
    "Selection": "wireproof.engine.plan",
    "Report": "wireproof.report.matrix",
    "CallPolicy": "wireproof.model.target",
    "Target": "wireproof.model.target",
    "TargetUnreachable": "wireproof.model.errors",
    "UsageError": "wireproof.model.errors",
    "WireproofError": "wireproof.model.errors",
}

__all__ = [
    "CallPolicy",
    "Options",
    "Report",
    "Selection",
    "Target",
    "TargetUnreachable",
    "UsageError",
    "WireproofError",
    "__version__",
    "run",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'wireproof' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
