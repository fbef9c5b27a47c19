"""What a server does against what it declares, and the kinds of results that it gives.

Pages: Capabilities of each feature; basic/index, ResultType.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from wireproof.judge.matching import brief
from wireproof.judge.pack import Note, broken, check, ok
from wireproof.model.jsontext import JSON
from wireproof.protocols.jsonrpc import Call
from wireproof.protocols.mcp.checks.lists import entries
from wireproof.protocols.mcp.conversation import Talk

_METHOD_NOT_FOUND: Final = -32601
_CORE: Final = ("complete", "input_required")


@check("mcp.tools.declare", "mcp.resources.declare", "mcp.prompts.declare")
def features_declared(talk: Talk) -> Iterator[Note]:
    """Whoever lists tools, resources or prompts has declared them."""
    for kind in ("tools", "resources", "prompts"):
        for call, result in talk.results(f"{kind}/list"):
            if not entries(result, kind):
                continue
            row = f"mcp.{kind}.declare"
            if talk.has(kind):
                yield ok(*talk.answer_seqs(call), requirement=row)
            else:
                why = f"{kind} are listed, but the {kind} capability is not declared"
                yield broken(*talk.answer_seqs(call), why=why, requirement=row)


@check("mcp.completion.declare", "mcp.completion.unsupported-32601")
def completion_declared(talk: Talk) -> Iterator[Note]:
    """Whoever completes has declared it; whoever has not refuses with -32601."""
    for call in talk.requests:
        if call.method != "completion/complete" or call.answer is None:
            continue
        seqs, declared = talk.answer_seqs(call), talk.has("completions")
        if isinstance(call.result, dict):
            completion = call.result.get("completion")
            values = completion.get("values") if isinstance(completion, dict) else None
            if declared:
                yield ok(*seqs, requirement="mcp.completion.declare")
            elif values:
                why = "completions are given, but the completions capability is not declared"
                yield broken(*seqs, why=why, requirement="mcp.completion.declare")
        if not declared and not _code(call.error, _METHOD_NOT_FOUND):
            answer = call.error if isinstance(call.error, dict) else call.result
            why = f"completion is not declared, and a request for it is answered with {brief(answer)}"
            yield broken(*seqs, why=why, requirement="mcp.completion.unsupported-32601")
        elif not declared:
            yield ok(*seqs, requirement="mcp.completion.unsupported-32601")


def _code(error: JSON, code: int) -> bool:
    return isinstance(error, dict) and error.get("code") == code


@check("mcp.logging.declare")
def logging_declared(talk: Talk) -> Iterator[Note]:
    """Whoever sends log messages has declared the logging capability."""
    for one in talk.notifications_in:
        if one.method == "notifications/message":
            if talk.has("logging"):
                yield ok(one.seq)
            else:
                yield broken(one.seq, why="a log message came, but the logging capability is not declared")


@check("mcp.tasks.declare")
def tasks_declared(talk: Talk) -> Iterator[Note]:
    """Whoever makes a task of a request, or answers questions about tasks, has declared the tasks capability."""
    for call in talk.requests:
        if call.answer is None:
            continue
        made = (
            isinstance(call.result, dict) and isinstance(call.result.get("task"), dict) and "content" not in call.result
        )
        asked = isinstance(call.params, dict) and "task" in call.params
        if call.method == "tools/call" and asked and made:
            if talk.has("tasks"):
                yield ok(*talk.answer_seqs(call))
            else:
                why = "the call was made a task, but the tasks capability is not declared"
                yield broken(*talk.answer_seqs(call), why=why, pointer="/result/task")
        elif call.method == "tasks/get" and talk.has("tasks") and not _code(call.error, _METHOD_NOT_FOUND):
            yield ok(*talk.answer_seqs(call))


@check("mcp.prompts.respect-capabilities")
def prompts_as_declared(talk: Talk) -> Iterator[Note]:
    """A server that declares prompts knows their methods, and announces changes only if it has declared that."""
    for call in talk.requests:
        if call.method not in ("prompts/list", "prompts/get") or call.answer is None or not talk.has("prompts"):
            continue
        if _code(call.error, _METHOD_NOT_FOUND):
            why = f"prompts are declared, but {call.method} is unknown"
            yield broken(*talk.answer_seqs(call), why=why, pointer="/error")
        else:
            yield ok(*talk.answer_seqs(call))
    for one in talk.notifications_in:
        if one.method == "notifications/prompts/list_changed" and not talk.has("prompts.listChanged"):
            yield broken(one.seq, why="a change of the prompts is announced, but prompts.listChanged is not declared")


@check("mcp.base.response.result-type-present", "mcp.base.response.result-type-closed-set")
def result_types(talk: Talk) -> Iterator[Note]:
    """Every result says its type: one of the core ones, or of an extension. To a client that declares no extension the server
    speaks the core protocol alone (basic/versioning, Extension Negotiation)."""
    for call, result in talk.results():
        if not talk.modern or not call.lawful:
            continue
        seqs = talk.answer_seqs(call)
        if "resultType" not in result:
            why = f"the result of {call.method} has no resultType"
            yield broken(*seqs, why=why, pointer="/result", requirement="mcp.base.response.result-type-present")
            continue
        yield ok(*seqs, requirement="mcp.base.response.result-type-present")
        kind = result["resultType"]
        if kind in _CORE or (isinstance(kind, str) and _extended(call)):
            yield ok(*seqs, requirement="mcp.base.response.result-type-closed-set")
        else:
            why = f"resultType is {brief(kind)}, and the request declares no extension"
            at = "/result/resultType"
            yield broken(*seqs, why=why, pointer=at, requirement="mcp.base.response.result-type-closed-set")


def _extended(call: Call) -> bool:
    """Does the request declare an extension?"""
    meta = call.params.get("_meta") if isinstance(call.params, dict) else None
    capabilities = meta.get("io.modelcontextprotocol/clientCapabilities") if isinstance(meta, dict) else None
    return isinstance(capabilities, dict) and bool(capabilities.get("extensions"))


CHECKS = (
    features_declared,
    completion_declared,
    logging_declared,
    tasks_declared,
    prompts_as_declared,
    result_types,
)
