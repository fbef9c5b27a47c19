"""The tasks that answers tell of, whichever operation was asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wireproof.protocols.a2a.conversation import Seen


def task_of(result: Any) -> Any:
    """The task inside the result of a send, or in an event of a stream; None where it is something else."""
    return result.get("task") if isinstance(result, dict) else None


def tasks_of(seen: Seen) -> list[Mapping[str, Any]]:
    """Every task in one answer of 1.0 form that is an object."""
    result = seen.result
    if not isinstance(result, dict):
        return []
    listed = result.get("tasks") if seen.call.operation == "ListTasks" else None
    held = listed if isinstance(listed, list) else [result if "status" in result else result.get("task")]
    return [one for one in held if isinstance(one, dict)]
