"""The dialect in which a tool's own schema is read (basic/index, JSON Schema Usage).

No message of a client carries a schema, so a server meets no schemas but its own; how it reads those shows in the arguments that
it takes and refuses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from wireproof.judge.matching import brief
from wireproof.judge.pack import Note, broken, check, ok
from wireproof.model.jsontext import JSON, dump
from wireproof.protocols.jsonrpc import Call
from wireproof.protocols.mcp.checks.tools import calls_of_tools
from wireproof.protocols.mcp.conversation import Talk

_2020: Final = "json-schema.org/draft/2020-12/schema"
_NEWER: Final = frozenset(
    {
        *("if", "then", "else", "const", "contains", "minContains", "maxContains", "propertyNames", "prefixItems"),
        *("dependentRequired", "dependentSchemas", "unevaluatedItems", "unevaluatedProperties", "$dynamicRef"),
    }
)
"""Keywords that draft-04, the oldest dialect still in use, does not know and so passes over."""
_NAMED: Final = ("properties", "patternProperties", "$defs", "definitions")
"""Keywords that hold schemas by name."""
_VALUES: Final = ("enum", "default", "examples")
"""Keywords that hold values, whatever they look like."""
_DISOWNS: Final = re.compile(
    r"(?i)(unsupported|unknown|unrecognized|not support\w*)[^.]{0,60}(dialect|meta-?schema|\$schema|2020-12|keyword)"
    r"|(dialect|meta-?schema|\$schema|2020-12|keyword)[^.]{0,60}(unsupported|unknown|unrecognized|not support)"
)


def older(schema: JSON) -> JSON:
    """The schema without the keywords that a reader of draft-04 would pass over."""
    if isinstance(schema, list):
        return [older(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    kept: dict[str, Any] = {}
    for key, value in schema.items():
        if key in _VALUES:
            kept[key] = value
        elif key in _NAMED and isinstance(value, dict):
            kept[key] = {name: older(one) for name, one in value.items()}
        elif key in _NEWER or (key == "items" and "prefixItems" in schema) or _numeric_bound(key, value):
            continue
        else:
            kept[key] = older(value)
    return kept


def _numeric_bound(key: str, value: JSON) -> bool:
    """In draft-04 these are flags of minimum and maximum, later bounds of their own."""
    return key in ("exclusiveMinimum", "exclusiveMaximum") and not isinstance(value, bool)


@check("mcp.jsonschema.support-2020-12")
def read_in_their_dialect(talk: Talk) -> Iterator[Note]:
    """Who refuses arguments that only keywords younger than draft-04 refuse knows 2020-12, the dialect where none is named.

    Who takes them may just not validate its arguments, which is for another row; that a server lacks 2020-12 is held against it only
    when it says so itself.
    """
    for call, tool, given in calls_of_tools(talk):
        schema = tool.get("inputSchema")
        if not isinstance(given, dict) or not isinstance(schema, dict) or not _in_2020(schema):
            continue
        seqs, subject = talk.answer_seqs(call), str(tool["name"])[:80]
        if not talk.schemas.target_problems(schema, given):
            said = brief(call.error) if isinstance(call.error, dict) else dump(call.result) if _no(call) else ""
            if _DISOWNS.search(said):
                why = f"{brief(subject)} has a schema of 2020-12, and a call that it allows is refused: {said[:200]}"
                yield broken(*seqs, why=why, subject=subject)
        elif not talk.schemas.target_problems(older(schema), given) and _no(call):
            yield ok(*seqs)


def _in_2020(schema: dict[str, Any]) -> bool:
    named = schema.get("$schema", _2020)
    return isinstance(named, str) and named.rstrip("#").endswith(_2020)


def _no(call: Call) -> bool:
    """Was the call refused?"""
    return isinstance(call.error, dict) or (isinstance(call.result, dict) and call.result.get("isError") is True)


CHECKS = (read_in_their_dialect,)
