"""Tools as they are listed and what calls of them bring (server/tools; basic/index, JSON Schema Usage)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from wireproof.judge.matching import brief
from wireproof.judge.pack import Note, broken, check, ok
from wireproof.model.jsontext import JSON, same
from wireproof.protocols.jsonrpc import Call
from wireproof.protocols.mcp.checks.lists import entries, listings
from wireproof.protocols.mcp.conversation import Talk

_NAME: Final = re.compile(r"[A-Za-z0-9_.-]*")
_2020: Final = "json-schema.org/draft/2020-12/schema"
_INTERNAL: Final = -32603
_COMPLAINT: Final = re.compile(r"(?i)error|invalid|valid|expect|requir|must|fail|missing|unknown|cannot|not ")
"""Words of a text that may well be a refusal, though isError does not say so."""


def listed(talk: Talk) -> Iterator[tuple[Call, str, dict[str, Any]]]:
    """(request, pointer, tool) of every tool that was listed."""
    for call, result in talk.results("tools/list"):
        if call.lawful and isinstance(result.get("tools"), list):
            for index, tool in enumerate(result["tools"]):
                if isinstance(tool, dict):
                    yield call, f"/result/tools/{index}", tool


def _title(tool: dict[str, Any]) -> str:
    return str(tool.get("name", ""))[:80]


@check("mcp.tools.name-length", "mcp.tools.name-chars", "mcp.tools.name-no-specials")
def tool_names(talk: Talk) -> Iterator[Note]:
    """A tool name has 1 to 128 characters: ASCII letters, digits, underscore, hyphen and dot."""
    for call, pointer, tool in listed(talk):
        name = tool.get("name")
        if not isinstance(name, str):
            continue
        seqs, at = talk.answer_seqs(call), f"{pointer}/name"
        if 1 <= len(name) <= 128:
            yield ok(*seqs, requirement="mcp.tools.name-length")
        else:
            why = f"a tool name of {len(name)} characters"
            yield broken(*seqs, why=why, pointer=at, subject=_title(tool), requirement="mcp.tools.name-length")
        for row in ("mcp.tools.name-chars", "mcp.tools.name-no-specials"):
            if _NAME.fullmatch(name):
                yield ok(*seqs, requirement=row)
            else:
                odd = "".join(dict.fromkeys(char for char in name if not _NAME.fullmatch(char)))
                why = f"the tool name {brief(name)} contains {brief(odd)}"
                yield broken(*seqs, why=why, pointer=at, subject=_title(tool), requirement=row)


@check("mcp.tools.name-unique")
def tool_names_unique(talk: Talk) -> Iterator[Note]:
    """No two tools have the same name. Pages may overlap while the list changes, so the very same tool may be on two of them."""
    for listing in listings(talk):
        if listing.method != "tools/list" or not listing.names:
            continue
        seen: dict[str, tuple[int, JSON]] = {}
        double = ""
        for page, call in enumerate(listing.calls):
            for tool in entries(call.result, "tools"):
                name = tool.get("name")
                if not isinstance(name, str):
                    continue
                before = seen.setdefault(name, (page, tool))
                if before[1] is not tool and (before[0] == page or not same(before[1], tool)):
                    double = double or name
        if double:
            yield broken(*listing.seqs, why=f"two tools are called {brief(double)}", subject=double[:80])
        else:
            yield ok(*listing.seqs)


@check("mcp.tools.input-schema-object", "mcp.tools.no-params-schema")
def input_schemas(talk: Talk) -> Iterator[Note]:
    """inputSchema is an object; that of a tool without parameters is of type object."""
    for call, pointer, tool in listed(talk):
        seqs, schema, at = talk.answer_seqs(call), tool.get("inputSchema"), f"{pointer}/inputSchema"
        if not isinstance(schema, dict):
            why = f"inputSchema of {brief(_title(tool))} is {brief(schema)}"
            yield broken(*seqs, why=why, pointer=at, subject=_title(tool), requirement="mcp.tools.input-schema-object")
            continue
        yield ok(*seqs, requirement="mcp.tools.input-schema-object")
        if any(schema.get(key) for key in ("properties", "patternProperties", "$ref", "allOf", "anyOf", "oneOf")):
            continue
        if schema.get("type") == "object":
            yield ok(*seqs, requirement="mcp.tools.no-params-schema")
        else:
            why = f"{brief(_title(tool))} takes no parameters, and its inputSchema is {brief(schema)}"
            yield broken(*seqs, why=why, pointer=at, subject=_title(tool), requirement="mcp.tools.no-params-schema")


@check("mcp.jsonschema.valid-schema")
def published_schemas(talk: Talk) -> Iterator[Note]:
    """Every published schema is valid in its own dialect."""
    for call, pointer, tool in listed(talk):
        for member, schema in _schemas(tool):
            seqs, problems = talk.answer_seqs(call), talk.schemas.target_schema_problems(schema)
            if problems:
                why = f"{member} of {brief(_title(tool))} is no valid schema: {problems[0]}"
                yield broken(*seqs, why=why, pointer=f"{pointer}/{member}", subject=_title(tool))
            else:
                yield ok(*seqs)


def _schemas(tool: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for member in ("inputSchema", "outputSchema"):
        schema = tool.get(member)
        if isinstance(schema, dict):
            yield member, schema


@check("mcp.jsonschema.recommend-2020-12")
def dialect_recommended(talk: Talk) -> Iterator[Note]:
    """The schemas of tools are written in 2020-12. Which library wrote them is one choice for all of them, so it is one finding."""
    for call in talk.requests:
        if call.method != "tools/list" or not isinstance(call.result, dict):
            continue
        dialects = [
            (f"{member} of {brief(_title(tool))}", schema.get("$schema", _2020))
            for tool in entries(call.result, "tools")
            for member, schema in _schemas(tool)
        ]
        other = [(what, said) for what, said in dialects if not _recommended(said)]
        if other:
            what, said = other[0]
            why = f"{len(other)} of {len(dialects)} schemas are not of 2020-12: {what} is written in {brief(said)}"
            yield broken(*talk.answer_seqs(call), why=why, pointer="/result/tools")
        elif dialects:
            yield ok(*talk.answer_seqs(call))


def _recommended(dialect: JSON) -> bool:
    return isinstance(dialect, str) and dialect.rstrip("#").endswith(_2020)


def calls_of_tools(talk: Talk) -> Iterator[tuple[Call, dict[str, Any], JSON]]:
    """(request, tool, arguments) of every call of a tool that was listed."""
    tools = {one["name"]: one for one in talk.facts.get("tools", ())}
    for call in talk.requests:
        params = call.params if isinstance(call.params, dict) else {}
        name = params.get("name")
        if call.method == "tools/call" and isinstance(name, str) and name in tools and call.answer is not None:
            yield call, tools[name], params.get("arguments", {})


@check("mcp.tools.validate-inputs", "mcp.tools.input-validation-in-result")
def arguments_validated(talk: Talk) -> Iterator[Note]:
    """Arguments that the tool's own schema refuses are refused. A text that may be a refusal without isError decides nothing."""
    for call, tool, arguments in calls_of_tools(talk):
        if not isinstance(arguments, dict) or not talk.schemas.target_problems(tool.get("inputSchema"), arguments):
            continue  # what is no object breaks the request itself, which is another row's concern
        seqs, subject = talk.answer_seqs(call), _title(tool)
        if isinstance(call.error, dict):
            late = talk.revision.traits.get("argument_errors_in_result", False)
            remark = "bad arguments are a JSON-RPC error, not a result with isError" if late else ""
            yield ok(*seqs, requirement="mcp.tools.validate-inputs")
            if late and call.error.get("code") == _INTERNAL:
                why = f"bad arguments of {brief(subject)} are reported as an internal error"
                row = "mcp.tools.input-validation-in-result"
                yield broken(*seqs, why=why, pointer="/error/code", subject=subject, requirement=row)
            else:
                yield ok(*seqs, remark=remark, requirement="mcp.tools.input-validation-in-result")
        elif isinstance(call.result, dict) and call.result.get("isError") is True:
            yield ok(*seqs, requirement="mcp.tools.validate-inputs")
            yield ok(*seqs, requirement="mcp.tools.input-validation-in-result")
        elif isinstance(call.result, dict) and "content" in call.result and not complains(call.result):
            why = f"{brief(subject)} takes {brief(arguments)}, which its inputSchema refuses"
            for row in ("mcp.tools.validate-inputs", "mcp.tools.input-validation-in-result"):
                yield broken(*seqs, why=why, subject=subject, requirement=row)


def complains(result: dict[str, Any]) -> bool:
    """Does a text of the result read like a refusal, though isError does not say so?"""
    return any(_COMPLAINT.search(str(one.get("text", ""))) for one in entries(result, "content"))


@check("mcp.tools.output-conforms", "mcp.tools.structured-text", "mcp.tools.structured-content-object")
def structured_results(talk: Talk) -> Iterator[Note]:
    """With an outputSchema a result that is no error has structured content that conforms to it, repeated as JSON in a text block."""
    plain = not talk.modern
    for call, tool, _ in calls_of_tools(talk):
        result = call.result
        if not isinstance(result, dict) or result.get("isError") is True or not isinstance(result.get("content"), list):
            continue
        seqs, subject = talk.answer_seqs(call), _title(tool)
        structured = result.get("structuredContent")
        schema = tool.get("outputSchema")
        if isinstance(schema, dict):
            row = "mcp.tools.output-conforms"
            problems = (
                talk.schemas.target_problems(schema, structured)
                if "structuredContent" in result
                else ["structuredContent is missing"]
            )
            if problems:
                why = f"the result of {brief(subject)} breaks its outputSchema: {problems[0]}"
                yield broken(*seqs, why=why, pointer="/result/structuredContent", subject=subject, requirement=row)
            else:
                yield ok(*seqs, requirement=row)
        if "structuredContent" not in result:
            continue
        if plain and not isinstance(structured, dict):
            why = f"structuredContent of {brief(subject)} is {brief(structured)}"
            row = "mcp.tools.structured-content-object"
            yield broken(*seqs, why=why, pointer="/result/structuredContent", subject=subject, requirement=row)
        elif plain:
            yield ok(*seqs, requirement="mcp.tools.structured-content-object")
        texts = [one.get("text") for one in entries(result, "content") if one.get("type") == "text"]
        inner = _unwrapped(structured)
        if any(_says(one, structured) for one in texts):
            yield ok(*seqs, requirement="mcp.tools.structured-text")
        elif inner is not structured and (any(_says(one, inner) for one in texts) or _item_by_item(texts, inner)):
            remark = "a text repeats what the one member of structuredContent holds, not the whole of it"
            yield ok(*seqs, remark=remark, requirement="mcp.tools.structured-text")
        elif _item_by_item(texts, structured):
            yield ok(*seqs, requirement="mcp.tools.structured-text")
        else:
            why = f"no text of {brief(subject)} repeats its structured content as JSON"
            yield broken(
                *seqs, why=why, pointer="/result/content", subject=subject, requirement="mcp.tools.structured-text"
            )


def _says(text: JSON, value: JSON) -> bool:
    """Is the text that value as JSON, or that very string?"""
    if not isinstance(text, str):
        return False
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        said = text
    return same(said, value) or same(text, value)


def _item_by_item(texts: list[JSON], value: JSON) -> bool:
    """A list whose items each have a text of their own."""
    if not isinstance(value, list) or len(value) != len(texts):
        return False
    return all(_says(text, item) for text, item in zip(texts, value, strict=True))


def _unwrapped(structured: JSON) -> JSON:
    """What a mere wrapper holds, which libraries put around a value because structuredContent had to be an object."""
    return next(iter(structured.values())) if isinstance(structured, dict) and len(structured) == 1 else structured


@check("mcp.tools.embedded-capability")
def embedded_resources(talk: Talk) -> Iterator[Note]:
    """A server whose tools embed resources declares resources."""
    for call, result in talk.results("tools/call"):
        if any(one.get("type") == "resource" for one in entries(result, "content")):
            if talk.has("resources"):
                yield ok(*talk.answer_seqs(call))
            else:
                why = "a tool embeds a resource, and the server declares no resources"
                yield broken(*talk.answer_seqs(call), why=why, pointer="/result/content")


CHECKS = (
    tool_names,
    tool_names_unique,
    input_schemas,
    published_schemas,
    dialect_recommended,
    arguments_validated,
    structured_results,
    embedded_resources,
)
