"""What tools, prompts and templates are used with: what the user gave, else what can be invented without harm."""

from __future__ import annotations

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final

from uritemplate import URITemplate

from wireproof.generate.smallest import smallest, spoiled
from wireproof.judge.pack import Lens
from wireproof.model.jsontext import JSON

WORD: Final = "wireproof"
"""The invented value of a prompt's argument, of which nothing is known but that it is a string."""

_HASTE: Final = 0.4
"""The part of the deadline for which a call with invented arguments is waited for, where the server does other things meanwhile."""

_VARIABLE: Final = re.compile(r"[A-Za-z0-9_.%]+")


def may_call(tool: Mapping[str, Any], policy: Mapping[str, Any]) -> bool:
    """The calling rules: by default only what says readOnlyHint true and openWorldHint false."""
    hints = tool.get("annotations")
    hints = hints if isinstance(hints, dict) else {}
    if policy.get("everything") or tool["name"] in policy.get("named", {}):
        return True
    reads = hints.get("readOnlyHint") is True
    return reads and (bool(policy.get("read_only")) or hints.get("openWorldHint") is False)


def callable_tools(
    tool: Mapping[str, Any], policy: Mapping[str, Any], names: AbstractSet[str], lens: Lens
) -> list[dict[str, Any]]:
    """The tool, once for each of the user's argument objects or once with ours: `arguments`, whether they are `invented`, a `subject`
    where one name is not enough; `patience`, the part of the deadline that a server which is not busy with it is waited for; and,
    where there are such, `recased`, its name in other letters that no tool has, and `spoiled`,
    arguments that its schema refuses. `names` are those of all tools."""
    given = policy.get("named", {}).get(tool["name"], ())
    return [
        _with_arguments(tool, arguments, number, names, lens, invented=not given)
        for number, arguments in enumerate(given or (smallest(tool.get("inputSchema")),), start=1)
    ]


def _with_arguments(
    tool: Mapping[str, Any], arguments: JSON, number: int, names: AbstractSet[str], lens: Lens, *, invented: bool
) -> dict[str, Any]:
    made = {**tool, "arguments": arguments, "invented": invented, "patience": _HASTE if invented else 1.0}
    if number > 1:
        made["subject"] = f"{tool['name']}#{number}"
        return made
    recased = tool["name"].swapcase()
    if recased not in names:
        made["recased"] = recased
    bad = spoiled(tool.get("inputSchema"), arguments)
    if bad is not None and lens.schemas.target_problems(tool.get("inputSchema"), bad):
        made["spoiled"] = bad
    return made


def prompt_given(prompt: Mapping[str, Any], policy: Mapping[str, Any]) -> dict[str, Any]:
    """The prompt with `given`, the user's arguments or invented ones for what it requires; with `bare`, no arguments, where it can be
    asked for without any, or `needy` where it cannot; and where it has some `completing`, what to complete, and `mistyped`, numbers for
    all of them."""
    given = prompt.get("arguments")
    arguments = [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []
    names = [one["name"] for one in arguments if isinstance(one.get("name"), str)]
    made = dict(prompt)
    if any(one.get("required") is True for one in arguments):
        made["needy"] = {}
    else:
        made["bare"] = {}
    own = policy.get("prompts", {}).get(prompt["name"])
    needed = [one["name"] for one in arguments if one.get("required") is True and isinstance(one.get("name"), str)]
    made["given"] = dict(own) if own is not None else dict.fromkeys(needed, WORD)
    made["invented"] = own is None and bool(needed)
    if names:
        made["mistyped"] = dict.fromkeys(names, 5)
        made["completing"] = {"ref": {"type": "ref/prompt", "name": prompt["name"]}, "argument": names[0]}
    return made


def template_given(template: Mapping[str, Any], policy: Mapping[str, Any]) -> dict[str, Any]:
    """The template with `expanded`, a URI made of it with the user's variables or with invented ones (RFC 6570), and with
    `completing`, its first variable, where it has one."""
    made = dict(template)
    own = policy.get("templates", {}).get(template["uriTemplate"])
    parsed = URITemplate(template["uriTemplate"])
    names = [one for one in parsed.variable_names if _VARIABLE.fullmatch(one)]
    expanded = parsed.expand(dict.fromkeys(names, "1") if own is None else dict(own))
    if names and "{" not in expanded:
        made |= {"expanded": expanded, "invented": own is None}
    if names:
        ref = {"type": "ref/resource", "uri": template["uriTemplate"]}
        made["completing"] = {"ref": ref, "argument": names[0]}
    return made
