"""What the user gave of his own: refusing it breaks no rule, but he will want to know.

Arguments that wireproof invented are another matter: who refuses those has done nothing worth a word.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from wireproof.judge.matching import brief
from wireproof.judge.pack import Note, check, ok
from wireproof.protocols.mcp.conversation import Talk

_USES: Final = {
    "tools/call": ("callable", "name", "arguments", "arguments"),
    "prompts/get": ("prompts", "name", "given", "arguments"),
    "resources/read": ("resourceTemplates", "uri", "expanded", "uri"),
}
"""Of each method: the list of the survey, the parameter that names, the fact that holds what is used, its parameter."""


def _own(talk: Talk, method: str, params: Any) -> bool:
    """Is it just what the user gave for this tool, prompt or template?"""
    if method not in _USES or not isinstance(params, dict):
        return False
    place, name, fact, used = _USES[method]
    return any(
        one.get("invented") is False
        and fact in one
        and params.get(used, {}) == one[fact]
        and (name == used or params.get(name) == one.get(name))
        and (fact != "given" or bool(one["given"]))
        for one in talk.lens.facts.get(place, ())
    )


@check("mcp.schema.server.tools-call-result", "jsonrpc.error.object")
def own_arguments_refused(talk: Talk) -> Iterator[Note]:
    """Notes, without blame, that the target answered the user's own arguments or variables with an error."""
    for call in talk.calls:
        if call.answer is None or not isinstance(call.answer.message, dict) or not _own(talk, call.method, call.params):
            continue
        answer = call.answer.message
        result = answer.get("result")
        if isinstance(answer.get("error"), dict):
            told = brief(answer["error"].get("message"))
            remark = f"{call.method} with your own values gave an error: {told}"
            yield ok(*talk.answer_seqs(call), requirement="jsonrpc.error.object", remark=remark)
        elif isinstance(result, dict) and result.get("isError") is True:
            remark = (
                f"your own arguments for {brief(call.params.get('name'))} gave an error: {brief(result.get('content'))}"
            )
            yield ok(*talk.answer_seqs(call), remark=remark)


CHECKS = (own_arguments_refused,)
