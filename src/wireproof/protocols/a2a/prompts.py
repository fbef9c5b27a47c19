"""What is said to an agent to reach a goal: a few words that do no harm, or what the user says; prefixes where it honours them.

Cooperative agents know the text prefixes of ACTS and the messageId prefixes of the official kit, one and the same here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

HARMLESS: Final = "Hello. Please answer with one short sentence."
GOALS: Final[Mapping[str, str]] = {
    "completes": "tck-complete-task",
    "needs_input": "tck-input-required",
    "asks_once": "tck-multi-turn",
    "runs_long": "tck-long-running",
    "until_canceled": "tck-cancel",
    "fails": "tck-task-failure",
    "rejected": "tck-reject-task",
    "message": "tck-message-response",
    "artifact_text": "tck-artifact-text",
    "artifact_file": "tck-artifact-file",
    "artifact_url": "tck-artifact-file-url",
    "artifact_data": "tck-artifact-data",
    "streams": "tck-stream-basic",
    "chunks": "tck-stream-chunked",
    "wants_auth": "wp-auth-required",
    "breaks": "wp-internal-error",
}
"""What a prompt is to bring about, and the prefix by which a cooperative agent knows it."""
OWN: Final = ("wants_auth", "breaks")
"""Prefixes that only our reference agent knows."""


def prompts(policy: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Goal to its prompt: `text`, and `prefix` of the message's id. `any` is always there; the others as they are configured or where
    the agent is declared to be cooperative (profile fixture)."""
    given = policy.get("goals", {})
    made = {"any": {"text": given.get("completes", HARMLESS), "prefix": "wireproof"}}
    for goal, prefix in GOALS.items():
        if goal in given:
            made[goal] = {"text": given[goal], "prefix": "wireproof"}
        elif policy.get("profile") == "fixture":
            made[goal] = {"text": f"{prefix} please", "prefix": prefix}
    return made
