"""What the two Python clients share: the command line, the arguments of a call, the line that is printed.

Stdlib only: it is imported from environments that know nothing of this project.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

DEADLINE_S = 60.0
"""Seconds for the whole conversation."""

_PLAIN: Mapping[str, object] = {"integer": 1, "number": 1, "boolean": True, "array": [], "object": {}, "null": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The server to talk to: either `command` (started over stdio) or `url` (Streamable HTTP)."""

    command: tuple[str, ...]
    url: str | None
    mode: str


def parse(words: Sequence[str]) -> Target:
    """Read `[--mode MODE] stdio COMMAND...` or `[--mode MODE] http URL`; leaves the process on anything else."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--mode", default="auto", help="auto, legacy, or a revision (clients of the 2.x SDKs)")
    parser.add_argument("transport", choices=("stdio", "http"))
    parser.add_argument("rest", nargs=argparse.REMAINDER)
    chosen = parser.parse_args(words)
    if not chosen.rest or (chosen.transport == "http" and len(chosen.rest) != 1):
        parser.error("stdio wants a command, http wants one address")
    stdio = chosen.transport == "stdio"
    return Target(command=tuple(chosen.rest) if stdio else (), url=None if stdio else chosen.rest[0], mode=chosen.mode)


def pick_call(tools: Sequence[Mapping[str, Any]]) -> tuple[str, dict[str, object]] | None:
    """The tool to call and its arguments: `add` where there is one, else the first, required properties filled in."""
    for tool in tools:
        if tool["name"] == "add":
            return "add", {"a": 1, "b": 2}
    if not tools:
        return None
    schema = tools[0].get("inputSchema", {})
    properties = schema.get("properties", {})
    wanted = schema.get("required", [])
    return tools[0]["name"], {name: _PLAIN.get(properties.get(name, {}).get("type"), "example") for name in wanted}


def prompt_arguments(prompt: Mapping[str, Any]) -> dict[str, str]:
    """A text for every required argument of a listed prompt."""
    return {each["name"]: "example" for each in prompt.get("arguments") or () if each.get("required")}


def _leaf(error: BaseException) -> BaseException:
    """The first real cause inside nested exception groups (task groups wrap whatever went wrong)."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def report(client: str, talk: Callable[[], Mapping[str, Any]]) -> int:
    """Run `talk` to its end and print one JSON line; 0 when it saw everything, 1 when something went wrong."""
    try:
        seen = talk()
        if not (seen["tools"] or seen["resource"] or seen["prompt"]):
            raise RuntimeError("the server shows neither tools nor resources nor prompts")
    except Exception as error:  # whatever the SDK raises is the result of this program
        leaf = _leaf(error)
        print(json.dumps({"client": client, "error": f"{type(leaf).__name__}: {leaf}"}))
        return 1
    print(json.dumps({"client": client, **seen}))
    return 0
