"""What the user says of a target, for the survey: what may be called and with what, how it is reached."""

from __future__ import annotations

from typing import Any

from wireproof.model.target import Target


def wishes(target: Target) -> dict[str, Any]:
    """`policy` (calls, the user's arguments, variables and goals), `url`, and `headers`: the names, in small letters, of the user's own."""
    calls = target.calls
    policy = {
        "profile": calls.profile,
        "read_only": calls.read_only,
        "everything": calls.everything,
        "named": dict(calls.named),
        "prompts": dict(target.prompt_arguments),
        "goals": dict(target.goals),
        "templates": dict(target.template_variables),
    }
    return {"policy": policy, "url": target.url, "headers": [name.lower() for name, _ in target.headers]}
