"""Sampling: which parts a client must have declared, and messages in which tool uses and tool results belong together (client/sampling)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from wireproof.judge.matching import brief
from wireproof.judge.pack import Note, broken, check, ok
from wireproof.model.jsontext import JSON
from wireproof.model.wire import Kind, Way
from wireproof.protocols.jsonrpc import Shape, shape
from wireproof.protocols.mcp.checks.asking import Asked, asked
from wireproof.protocols.mcp.conversation import Talk

_CONTEXTS: Final = ("thisServer", "allServers")


@check("mcp.sampling.tools-gated")
def tools_declared(talk: Talk) -> Iterator[Note]:
    """Tools are sent along only to clients that declared sampling.tools."""
    for one in asked(talk, "sampling/createMessage"):
        used = [name for name in ("tools", "toolChoice") if one.params.get(name) is not None]
        if not used:
            continue
        if _declares(one, "tools"):
            yield ok(*one.seqs)
        else:
            why = f"a sampling request has {used[0]}, and the client does not declare sampling.tools"
            yield broken(*one.seqs, why=why, pointer=f"{one.pointer}/{used[0]}")


@check("mcp.sampling.context-avoid", "mcp.sampling.context-gated", "mcp.sampling.context-none")
def context_left_out(talk: Talk) -> Iterator[Note]:
    """includeContext is none or absent; the other values are deprecated, and those without sampling.context never get them."""
    rows = ("mcp.sampling.context-avoid", "mcp.sampling.context-gated", "mcp.sampling.context-none")
    for one in asked(talk, "sampling/createMessage"):
        value = one.params.get("includeContext")
        for row in rows if not _declares(one, "context") else rows[:1]:
            if value in _CONTEXTS:
                why = f"includeContext is {brief(value)}"
                if row != rows[0]:
                    why += ", and the client does not declare sampling.context"
                yield broken(*one.seqs, why=why, pointer=one.pointer + "/includeContext", requirement=row)
            else:
                yield ok(*one.seqs, requirement=row)


def _declares(one: Asked, part: str) -> bool:
    sampling = one.capabilities.get("sampling")
    return isinstance(sampling, dict) and isinstance(sampling.get(part), dict)


def _messages(one: Asked) -> list[tuple[str, Mapping[str, JSON]]]:
    """(pointer, message) of each message of the request; what is no object counts as an empty one."""
    given = one.params.get("messages")
    items = given if isinstance(given, list) else []
    return [
        (f"{one.pointer}/messages/{place}", item if isinstance(item, dict) else {}) for place, item in enumerate(items)
    ]


def _blocks(message: Mapping[str, JSON], kind: str | None = None) -> list[Mapping[str, JSON]]:
    """The content of a message, one block or a list of them; those of one kind if one is named."""
    content = message.get("content")
    items = content if isinstance(content, list) else [content]
    blocks = [one for one in items if isinstance(one, dict)]
    return [one for one in blocks if kind is None or one.get("type") == kind]


@check("mcp.sampling.message-role")
def roles(talk: Talk) -> Iterator[Note]:
    """A message is by the user or the assistant and has content."""
    for one in asked(talk, "sampling/createMessage"):
        for pointer, message in _messages(one):
            if message.get("role") not in ("user", "assistant"):
                why = f"the role of a sampling message is {brief(message['role']) if 'role' in message else 'absent'}"
                yield broken(*one.seqs, why=why, pointer=pointer + "/role")
            elif message.get("content") is None:
                yield broken(*one.seqs, why="a sampling message has no content", pointer=pointer)
            else:
                yield ok(*one.seqs)


@check(
    "mcp.sampling.result-only",
    "mcp.sampling.use-result-balance",
    "mcp.sampling.tool-use-answered",
    "mcp.sampling.result-id",
    "mcp.sampling.result-schema",
)
def tools_in_messages(talk: Talk) -> Iterator[Note]:
    """Each tool use of an assistant's message has its result in the user's next message, which holds nothing but results."""
    given = _uses_given(talk)
    for one in asked(talk, "sampling/createMessage"):
        messages = _messages(one)
        for place, (pointer, message) in enumerate(messages):
            yield from _results_alone(one, pointer, message)
            uses = [block.get("id") for block in _blocks(message, "tool_use")]
            if message.get("role") == "assistant" and uses:
                following = messages[place + 1][1] if place + 1 < len(messages) else {}
                yield from _answered(one, pointer, uses, following, given)
            earlier = [block for _, before in messages[:place] for block in _blocks(before, "tool_use")]
            for block in _blocks(message, "tool_result"):
                yield from _fits_use(talk, one, pointer, block, earlier)


def _results_alone(one: Asked, pointer: str, message: Mapping[str, JSON]) -> Iterator[Note]:
    results = _blocks(message, "tool_result")
    if message.get("role") != "user" or not results:
        return
    if len(results) == len(_blocks(message)):
        yield ok(*one.seqs, requirement="mcp.sampling.result-only")
    else:
        why = "a message with tool results has other content too"
        yield broken(*one.seqs, why=why, pointer=pointer + "/content", requirement="mcp.sampling.result-only")


def _answered(
    one: Asked, pointer: str, uses: list[JSON], following: Mapping[str, JSON], given: list[JSON]
) -> Iterator[Note]:
    """Is the message after these tool uses one of the user with exactly their results? `given` are uses that our client asked for."""
    results = [block.get("toolUseId") for block in _blocks(following, "tool_result")]
    others = len(_blocks(following)) - len(results)
    missing = [use for use in uses if use not in results]
    rows = ["mcp.sampling.use-result-balance"]
    if any(use in given for use in uses):
        rows.append("mcp.sampling.tool-use-answered")
    for row in rows:
        if following.get("role") == "user" and not missing and not others:
            yield ok(*one.seqs, requirement=row)
        else:
            lack = f"the tool use {brief(missing[0])} has no result" if missing else "other content came"
            why = f"in the message after an assistant's tool use {lack}"
            yield broken(*one.seqs, why=why, pointer=pointer, requirement=row)


def _fits_use(
    talk: Talk, one: Asked, pointer: str, block: Mapping[str, JSON], earlier: list[Mapping[str, JSON]]
) -> Iterator[Note]:
    """A tool result belongs to a tool use before it, and what is structured in it fits that tool."""
    use = next((before for before in earlier if before.get("id") == block.get("toolUseId")), None)
    if use is None:
        why = f"toolUseId {brief(block.get('toolUseId'))} is the id of no earlier tool use"
        yield broken(*one.seqs, why=why, pointer=pointer + "/content", requirement="mcp.sampling.result-id")
        return
    yield ok(*one.seqs, requirement="mcp.sampling.result-id")
    offered = one.params.get("tools")
    tools = [tool for tool in (offered if isinstance(offered, list) else []) if isinstance(tool, dict)]
    schema = next((tool.get("outputSchema") for tool in tools if tool.get("name") == use.get("name")), None)
    if not isinstance(schema, dict) or "structuredContent" not in block or block.get("isError") is True:
        return
    if talk.schemas.target_schema_problems(schema):
        return
    problems = talk.schemas.target_problems(schema, block["structuredContent"])
    if problems:
        why = f"the structured result of {brief(use.get('name'))} does not fit its outputSchema: {problems[0]}"
        yield broken(*one.seqs, why=why, pointer=pointer + "/content", requirement="mcp.sampling.result-schema")
    else:
        yield ok(*one.seqs, requirement="mcp.sampling.result-schema")


def _uses_given(talk: Talk) -> list[JSON]:
    """Ids of the tool uses that our client's own sampling answers asked for, having stopped for that."""
    answers: list[JSON] = []
    for record in talk.records:
        message = record.message
        if record.way is not Way.OUT or record.kind is not Kind.MESSAGE or not isinstance(message, dict):
            continue
        if shape(message) is Shape.RESPONSE:
            answers.append(message.get("result"))
        elif isinstance(message.get("params"), dict):
            inputs = message["params"].get("inputResponses")
            answers += list(inputs.values()) if isinstance(inputs, dict) else []
    return [
        block.get("id")
        for answer in answers
        if isinstance(answer, dict) and answer.get("stopReason") == "toolUse"
        for block in _blocks(answer, "tool_use")
    ]


CHECKS = (tools_declared, context_left_out, roles, tools_in_messages)
