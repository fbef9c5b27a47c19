"""The single requests that conversations are made of, and what kind of answer each gets when it comes alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from wireproof.judge.pack import Lens
from wireproof.model.exchange import Exchange, Pattern, Request
from wireproof.model.jsontext import ABSENT, JSON
from wireproof.protocols.mcp.strategies.building import any_answer, generated, liveness_of
from wireproof.protocols.mcp.strategies.calls import permitted

_MOST: Final = 3
"""Resources, and prompts, that conversations use."""
_MOST_TOOLS: Final = 8
_OWN_GROUPS: Final = 4
RESULT, ERROR = "result", "error"
"""Kinds of answer: a result, a JSON-RPC error."""
LISTS: Final = {"tools": "tools/list", "resources": "resources/list", "prompts": "prompts/list"}
TEMPLATES: Final = "resources/templates/list"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One request. `group`: what it has in common with others that do much the same. `before`: requests that must have been answered first.
    `changes`: it may leave the server another than it was; `stays`: what it opens stays open until it is cancelled."""

    key: str
    group: str
    method: str
    params: JSON = ABSENT
    before: tuple[Request, ...] = ()
    changes: bool = False
    stays: bool = False
    deliberate: bool = False


def acts(facts: Mapping[str, Any], lens: Lens) -> tuple[Act, ...]:
    """In a fixed order, the simplest first: shrinking goes that way."""
    return tuple(_acts(facts, lens))


def _acts(facts: Mapping[str, Any], lens: Lens) -> Iterator[Act]:
    tags = facts.get("tags", ())
    alive = liveness_of(facts, lens)
    if alive not in (*LISTS.values(), TEMPLATES):
        yield Act(key="live", group="live", method=alive)
    for kind, method in LISTS.items():
        if kind in tags:
            yield Act(key=method, group=method, method=method)
    if "resources" in tags:
        yield Act(key=TEMPLATES, group=TEMPLATES, method=TEMPLATES)
    for index, one in enumerate(facts.get("readable", ())[:_MOST]):
        yield Act(key=f"read-{index}", group="read", method="resources/read", params={"uri": one["uri"]})
    for index, one in enumerate([one for one in facts.get("prompts", ()) if "given" in one][:_MOST]):
        params = {"name": one["name"], "arguments": one["given"]}
        yield Act(key=f"prompt-{index}", group="prompt", method="prompts/get", params=params)
    yield from _completions(facts)
    yield from _calls(facts)
    if lens.revision.era == "modern":
        wanted = {f"{kind}ListChanged": True for kind in LISTS}
        yield Act(
            key="listen", group="listen", method="subscriptions/listen", params={"notifications": wanted}, stays=True
        )
    if "logging" in tags and lens.revision.era == "legacy":
        for level in ("debug", "error"):
            yield Act(key=f"level-{level}", group="level", method="logging/setLevel", params={"level": level})
    if "resources.subscribe" in tags and lens.revision.era == "legacy":
        for index, one in enumerate(facts.get("readable", ())[:2]):
            params = {"uri": one["uri"]}
            yield Act(key=f"subscribe-{index}", group="subscribe", method="resources/subscribe", params=params)
        for index, one in enumerate(facts.get("readable", ())[:2]):
            params = {"uri": one["uri"]}
            first = Request(method="resources/subscribe", params=params, name="first")
            key = f"unsubscribe-{index}"
            yield Act(key=key, group="unsubscribe", method="resources/unsubscribe", params=params, before=(first,))
    yield Act(key="unknown", group="unknown", method="wireproof/unknown", deliberate=True)
    if "tools" in tags:
        params = {"name": "wireproof_no_such_tool", "arguments": {}}
        yield Act(key="no-tool", group="refused", method="tools/call", params=params)


def _completions(facts: Mapping[str, Any]) -> Iterator[Act]:
    """One for the first argument of the first prompt that has any."""
    named = [
        (prompt["name"], argument["name"])
        for prompt in facts.get("prompts", ())
        for argument in prompt.get("arguments") or ()
        if isinstance(argument, dict) and isinstance(argument.get("name"), str)
    ]
    if "completions" in facts.get("tags", ()) and named:
        reference = {"type": "ref/prompt", "name": named[0][0]}
        params = {"ref": reference, "argument": {"name": named[0][1], "value": ""}}
        yield Act(key="complete", group="complete", method="completion/complete", params=params)


def groups(every: Iterable[Act]) -> tuple[tuple[Act, ...], ...]:
    """Acts by their group, in the order in which groups begin."""
    made: dict[str, list[Act]] = {}
    for one in every:
        made.setdefault(one.group, []).append(one)
    return tuple(tuple(one) for one in made.values())


def _calls(facts: Mapping[str, Any]) -> Iterator[Act]:
    ours = {one["name"]: one for one in facts.get("callable", ()) if one.get("invented")}
    for place, tool in enumerate(permitted(facts)[:_MOST_TOOLS]):
        one = ours[tool["name"]]
        hints = tool.get("annotations")
        reads = isinstance(hints, dict) and hints.get("readOnlyHint") is True
        params = {"name": tool["name"], "arguments": one["arguments"]}
        group = f"call-{place % _OWN_GROUPS}"
        yield Act(key=f"call-{tool['name']}", group=group, method="tools/call", params=params, changes=not reads)
        if isinstance(one.get("spoiled"), dict):
            params = {"name": tool["name"], "arguments": one["spoiled"]}
            key = f"bad-{tool['name']}"
            yield Act(key=key, group="refused", method="tools/call", params=params, changes=not reads)


def request_of(act: Act, name: str, **more: Any) -> Request:
    """The act as a step."""
    return Request(method=act.method, params=act.params, name=name, deliberate=act.deliberate, **more)


def probes(facts: Mapping[str, Any], lens: Lens) -> tuple[Exchange, ...]:
    """Each act alone in a session: what answer it gets then is what it must get in company. `Exchange.subject` is the act's key;
    the answer that counts is that to the step `probe`. What may change the server is not tried."""
    made = []
    for act in acts(facts, lens):
        if not act.changes and not act.stays:
            first = [step for one in act.before for step in (one, any_answer(one.name))]
            made.append(generated("probe", (*first, request_of(act, "probe"), any_answer("probe")), act.key))
    return tuple(made)


def kind_of(message: JSON) -> str | None:
    """The kind of an answer; None for what is none. Whether a tool succeeds is its own affair: it may well do what it does only once."""
    if not isinstance(message, dict):
        return None
    if isinstance(message.get("error"), dict):
        return ERROR
    result = message.get("result")
    complete = isinstance(result, dict) and result.get("resultType", "complete") == "complete"
    return RESULT if complete else None


def pattern_of(kind: str, method: str) -> Pattern:
    """What an answer of that kind matches. A tool may refuse a call in its own words as well as by an error."""
    schema: JSON = {"type": "object", "required": ["error" if kind == ERROR else "result"]}
    if kind == ERROR and method == "tools/call":
        refused = {"type": "object", "properties": {"isError": {"const": True}}, "required": ["isError"]}
        own: JSON = {"type": "object", "properties": {"result": refused}, "required": ["result"]}
        schema = {"anyOf": [schema, own]}
    return Pattern(schema=schema)
