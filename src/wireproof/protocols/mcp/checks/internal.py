"""Failures inside the server: an error that calls itself internal has the code for it.

Nothing that a client may send makes every server fail inside, and the wire does not show where an error came from. What can be
judged is what the error says of itself, whenever one comes by.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from wireproof.judge.matching import brief
from wireproof.judge.pack import Note, broken, check, ok
from wireproof.protocols.mcp.checks.errors import code_of
from wireproof.protocols.mcp.conversation import Talk

_INTERNAL: Final = -32603
_SERVER_ERRORS: Final = range(-32099, -31999)
"""Codes that JSON-RPC leaves to implementations for errors of the server."""
_SAYS_INTERNAL: Final = re.compile(r"\s*(an? )?internal (server )?error\b", re.IGNORECASE)
_SAYS_CONFIGURATION: Final = re.compile(r"\s*(an? |the )?(invalid |log(ging)? )?configuration\b", re.IGNORECASE)
_OWN: Final = {
    "prompts": "mcp.prompts.internal-32603",
    "resources": "mcp.resources.internal-32603",
    "completion": "mcp.completion.internal-32603",
    "logging": "mcp.logging.set-level-config-32603",
}
"""First part of a method to the row about its own internal errors."""


@check(
    "jsonrpc.error.internal-error",
    *_OWN.values(),
    "mcp.resources.internal-32603.legacy",
)
def internal_errors(talk: Talk) -> Iterator[Note]:
    """An error whose message begins by calling itself an internal error has the code -32603; for logging/setLevel one that calls
    itself an error of configuration too. JSON-RPC leaves -32000 to -32099 to the server for such errors; the pages of MCP do not."""
    for call, error in talk.errors():
        code, message = code_of(error), error.get("message")
        if code is None or not isinstance(message, str):
            continue
        seqs, topic = talk.answer_seqs(call), call.method.partition("/")[0]
        says = bool(_SAYS_INTERNAL.match(message))
        why = f"{call.method} failed with {brief(message)} and the code {code}"
        if says and (code == _INTERNAL or code in _SERVER_ERRORS):
            remark = "" if code == _INTERNAL else "an internal error has a code of the server's own"
            yield ok(*seqs, remark=remark, requirement="jsonrpc.error.internal-error")
        elif says:
            yield broken(*seqs, why=why, pointer="/error/code", requirement="jsonrpc.error.internal-error")
        row = _OWN.get(topic)
        if row is None or not (says or (topic == "logging" and _SAYS_CONFIGURATION.match(message))):
            continue
        row += ".legacy" if topic == "resources" and not talk.modern else ""
        if code == _INTERNAL:
            yield ok(*seqs, requirement=row)
        else:
            yield broken(*seqs, why=why, pointer="/error/code", requirement=row)


CHECKS = (internal_errors,)
