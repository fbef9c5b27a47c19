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
    "any_mode": "wp-any-mode",
    "breaks": "wp-internal-error",
}
"""What a prompt is to bring about, and the prefix by which a cooperative agent knows it."""
OWN: Final = ("wants_auth", "any_mode", "breaks")
"""Goals whose prefixes are known to no kit, but to our reference agent and to agents that name them on their card."""


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


def known(document: Any, policy: Mapping[str, Any]) -> frozenset[str]:
    """Those of our own goals that a cooperative agent says to know: their prefix is a tag of a skill on its card."""
    if policy.get("profile") != "fixture" or not isinstance(document, dict):
        return frozenset()
    skills = document.get("skills")
    listed = [one.get("tags") for one in skills if isinstance(one, dict)] if isinstance(skills, list) else []
    tags = {tag for one in listed if isinstance(one, list) for tag in one if isinstance(tag, str)}
    return frozenset(goal for goal in OWN if GOALS[goal] in tags and goal not in policy.get("goals", {}))
