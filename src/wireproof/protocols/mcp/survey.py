"""What an MCP server showed of itself: read from survey exchanges, used for `needs`, `for_each` and `${...}`.

Malformed parts are left out here (they are findings elsewhere); what could be read is used.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from wireproof.judge.pack import Lens
from wireproof.model.catalogue import Requirement
from wireproof.model.jsontext import ABSENT, JSON, dump
from wireproof.model.wire import Transcript
from wireproof.protocols.mcp import mirror
from wireproof.protocols.mcp.climbing import climbs
from wireproof.protocols.mcp.conversation import Talk
from wireproof.protocols.mcp.given import callable_tools, may_call, prompt_given, template_given

_LISTS: Final = {
    "tools/list": ("tools", "name"),
    "resources/list": ("resources", "uri"),
    "resources/templates/list": ("resourceTemplates", "uriTemplate"),
    "prompts/list": ("prompts", "name"),
}
_CAPABILITIES: Final = ("tools", "resources", "prompts", "completions", "logging", "tasks")
_FLAGS: Final = ("tools.listChanged", "prompts.listChanged", "resources.listChanged", "resources.subscribe")
"""Members of capabilities that are booleans."""
_PARTS: Final = ("tasks.list", "tasks.cancel", "tasks.requests.tools.call")
"""Members of capabilities that are objects."""


def survey(transcripts: Iterable[Transcript], lens: Lens) -> dict[str, Any]:
    """Facts: capabilities, server (name, version), supported_versions, the four lists, callable tools, tags (what `needs` name)."""
    facts: dict[str, Any] = {"capabilities": {}, "server": {}, "supported_versions": [], "session": False, "unread": []}
    facts["transport"] = lens.transport
    for found in _LISTS.values():
        facts[found[0]] = []
    policy = lens.facts.get("policy", {})
    for transcript in transcripts:
        talk = Talk(transcript, lens, {})
        for call, result in talk.results():
            _opening(facts, call.method, result)
            if call.method == "initialize" and any(key.lower() == "mcp-session-id" for key, _ in call.headers):
                facts["session"] = True
            if call.method in _LISTS:
                name, key = _LISTS[call.method]
                _gather(facts[name], result.get(name), key)
                more = isinstance(result.get("nextCursor"), str)
                facts["unread"] = [one for one in facts["unread"] if one != call.method] + [call.method] * more
                if more:
                    facts.setdefault("paged", []).append(call.method)
            if call.method == "completion/complete" and not lens.revision.traits.get("completions_capability"):
                facts["completes"] = True
        facts["protected"] = facts.get("protected", False) or any(call.status == 401 for call in talk.calls)
        facts["alive_by"] = _alive_by(talk, facts.get("alive_by"))
    facts["fixtures"] = _fixtures(facts, policy, lens.tables.get("profiles", ()))
    allowed = [one for one in facts["tools"] if may_call(one, policy)]
    chosen = _chosen(allowed, policy)
    names = {one["name"] for one in facts["tools"]}
    facts["callable"] = [made for one in chosen for made in callable_tools(one, policy, names, lens)]
    facts["mirrored"] = mirror.trials(facts["callable"], lens) if lens.revision.era == "modern" else {}
    facts["coded"] = mirror.coded(
        tool=_first(facts["callable"], "name"),
        resource=_first(facts["resources"], "uri"),
        prompt=_first(facts["prompts"], "name"),
    )
    facts["as_task"] = {
        support: [one for one in facts["callable"] if task_support(one) == support]
        for support in ("forbidden", "optional", "required")
    }
    facts["jobs"] = [*facts["as_task"]["optional"], *facts["as_task"]["required"]][:MOST_JOBS]
    facts["readable"] = facts["resources"][:MOST]
    facts["called"] = list(dict.fromkeys(one["name"] for one in (*facts["callable"][:MOST], *facts["jobs"])))
    facts["remainder"] = _remainder(facts, len(allowed) - len(facts["called"]))
    facts["prompts"] = [prompt_given(one, policy) for one in facts["prompts"]]
    facts["resourceTemplates"] = [template_given(one, policy) for one in facts["resourceTemplates"]]
    facts["climbs"] = climbs(facts["resources"], facts["resourceTemplates"])
    facts["bare_prompts"] = [one for one in facts["prompts"] if "bare" in one]
    facts["completable"] = [one["completing"] for one in facts["prompts"] if "completing" in one]
    facts["tags"] = sorted(_tags(facts))
    return facts


def _alive_by(talk: Talk, known: str | None) -> str | None:
    """A list that is read instead of the request that every server must answer, at a server that does not; None: no need for that."""
    usual = talk.lens.revision.traits.get("liveness")
    asked = [one for one in talk.requests if one.method == usual and one.lawful]
    if not asked or any(one.result is not ABSENT for one in asked):
        return known
    return next((call.method for call, _ in talk.results() if call.method in _LISTS), known)


def _first(items: list[dict[str, Any]], key: str) -> str | None:
    return str(items[0][key]) if items else None


def _opening(facts: dict[str, Any], method: str, result: Mapping[str, Any]) -> None:
    if method not in ("initialize", "server/discover"):
        return
    if isinstance(result.get("capabilities"), dict):
        facts["capabilities"] = result["capabilities"]
    meta = result.get("_meta")
    server = result.get("serverInfo") or (
        meta.get("io.modelcontextprotocol/serverInfo") if isinstance(meta, dict) else {}
    )
    facts["names_itself"] = bool(server) or "serverInfo" in result
    if isinstance(server, dict):
        facts["server"] = {key: server[key] for key in ("name", "version") if isinstance(server.get(key), str)}
    versions = result.get("supportedVersions")
    if isinstance(versions, list):
        facts["supported_versions"] = [one for one in versions if isinstance(one, str)]
    if isinstance(result.get("protocolVersion"), str):
        facts["negotiated"] = result["protocolVersion"]


def _gather(known: list[dict[str, Any]], items: JSON, key: str) -> None:
    names = {one[key] for one in known}
    for item in items if isinstance(items, list) else []:
        if (
            isinstance(item, dict)
            and isinstance(item.get(key), str)
            and item[key] not in names
            and len(known) < MOST_LISTED
        ):
            known.append(item)
            names.add(item[key])


def _chosen(tools: list[dict[str, Any]], policy: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The tools that may be called, in listed order; where not all can be, those that the user names come first."""
    named = policy.get("named", {})
    return tools if len(tools) <= MOST else sorted(tools, key=lambda one: one["name"] not in named)[:MOST_KNOWN]


def _remainder(facts: Mapping[str, Any], uncalled: int) -> dict[str, int]:
    """How many of what was listed are left alone, because what is played for each is played for MOST at most; only what there is."""
    kinds = {"resources": "resources", "resource templates": "resourceTemplates", "prompts": "prompts"}
    left = {"tools": uncalled} | {name: len(facts[kind]) - MOST for name, kind in kinds.items()}
    return {name: count for name, count in left.items() if count > 0}


def _fixtures(facts: Mapping[str, Any], policy: Mapping[str, Any], profiles: Iterable[Mapping[str, Any]]) -> list[str]:
    """What the target offers of the profile that it shows, or that the user names: tools, prompts and resources by name."""
    wanted = policy.get("profile", "auto")
    listed = {name: {one[_KEY[name[:-1]]] for one in facts[name]} for name in ("tools", "prompts", "resources")}
    for profile in profiles:
        shown = len(listed["tools"].intersection(profile["tools"])) >= profile["enough"]
        if wanted == profile["profile"] or (wanted == "auto" and shown):
            return [one for kind in listed for one in profile[kind] if one in listed[kind]]
    return []


def task_support(tool: Mapping[str, Any]) -> str:
    """execution.taskSupport of a listed tool; forbidden when it is not said (basic/utilities/tasks, 2025-11-25)."""
    execution = tool.get("execution")
    return str(execution.get("taskSupport", "forbidden")) if isinstance(execution, dict) else "forbidden"


def _tags(facts: Mapping[str, Any]) -> set[str]:
    capabilities = facts["capabilities"]
    tags = {name for name in _CAPABILITIES if isinstance(capabilities.get(name), dict)}
    tags |= {name for name in _FLAGS if _declared(capabilities, name) is True}
    tags |= {name for name in _PARTS if isinstance(_declared(capabilities, name), dict)}
    tags |= {"completions"} if facts.get("completes") else set()
    tags |= {f"without:{name}" for name in (*_CAPABILITIES, *_FLAGS, *_PARTS) if name not in tags}
    tags |= {f"extension:{name}" for name in _objects(capabilities.get("extensions"))}
    tags |= {"server-info"} if facts.get("names_itself") else set()
    singular = {"tools": "tool", "resources": "resource", "resourceTemplates": "template", "prompts": "prompt"}
    tags |= {one for plural, one in singular.items() if facts[plural]}
    tags |= set() if facts["resourceTemplates"] else {"without:template"}
    tags |= {"legacy-sse"} if facts.get("transport") == "sse" else set()
    tags |= {"mirrored"} if any('"x-mcp-header"' in dump(one.get("inputSchema")) for one in facts["tools"]) else set()
    tags |= {f"fixture:{name}" for name in facts["fixtures"]}
    tags |= {f"paged:{method}" for method in facts.get("paged", ())}
    if facts["callable"]:
        tags.add("callable")
    if facts["climbs"]:
        tags.add("folder")
    if any(isinstance(one.get("arguments"), list) and one["arguments"] for one in facts["prompts"]):
        tags.add("prompt-with-arguments")
    if any(
        isinstance(one, dict) and one.get("required") is True
        for prompt in facts["prompts"]
        for one in (prompt.get("arguments") if isinstance(prompt.get("arguments"), list) else [])
    ):
        tags.add("prompt-with-required")
    return tags | {name for name in ("session", "protected") if facts.get(name)} | set(facts.get("eras", ()))


def _objects(value: JSON) -> set[str]:
    """The members of an object that are objects themselves."""
    return {name for name, one in value.items() if isinstance(one, dict)} if isinstance(value, dict) else set()


def _declared(capabilities: JSON, name: str) -> JSON:
    """The member of the declared capabilities that a dotted name leads to; None when it is not there."""
    for part in name.split("."):
        capabilities = capabilities.get(part) if isinstance(capabilities, dict) else None
    return capabilities


def applies(requirement: Requirement, facts: Mapping[str, Any]) -> str | None:
    """None when the row applies, else the declared reason why not."""
    tags = facts.get("tags", ())
    for need in requirement.needs:
        if need not in tags:
            return _REASONS.get(need, f"the server does not declare {need}")
    return None


_REASONS: Final = {
    "modern-only": "the server serves older revisions too",
    "dual-era": "the server serves one era only",
    "protected": "no 401 was seen: the server is not protected",
    "session": "the server issues no session id",
    "server-info": "the server does not name itself",
    "without:completions": "the server declares completions",
    "without:resources.subscribe": "the server declares resources.subscribe",
    "without:tasks": "the server declares tasks",
    "mirrored": "no tool mirrors a parameter into a header",
    "extension:io.modelcontextprotocol/tasks": "the server does not declare the tasks extension",
    "legacy-sse": "the legacy HTTP+SSE transport is not offered",
}

_EACH: Final = {
    "tool": "tools",
    "callable": "callable",
    "job": "jobs",
    "resource": "readable",
    "template": "resourceTemplates",
    "prompt": "prompts",
}
_KEY: Final = {
    "tool": "name",
    "callable": "name",
    "job": "name",
    "resource": "uri",
    "template": "uriTemplate",
    "prompt": "name",
}
MOST: Final = 20
MOST_LISTED: Final = 20_000
"""Items of one list that are remembered."""
MOST_KNOWN: Final = 200
"""Tools that may be called for which arguments are made, so that there are jobs among them."""
MOST_JOBS: Final = 6
"""Tools that are run as tasks: each may take the time that its work takes."""


def items(kind: str, facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What `for_each: kind` ranges over: at most MOST, in listed order."""
    return list(facts.get(_EACH[kind], ()))[:MOST]


def subject_of(kind: str, item: Mapping[str, Any]) -> str:
    return str(item.get("subject") or item[_KEY[kind]])
