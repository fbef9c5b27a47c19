"""What was refused leaves nothing behind: it does not come back in the answer to something else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from wireproof.judge.matching import brief
from wireproof.judge.pack import Note, broken, check, ok
from wireproof.model.jsontext import ABSENT, JSON, dump
from wireproof.protocols.jsonrpc import Call
from wireproof.protocols.mcp.conversation import Talk

_DISTINCTIVE: Final = 16
"""Characters from which on a text is taken for one that nobody else says by chance."""


@check("robust.message.no-leak")
def nothing_comes_back(talk: Talk) -> Iterator[Note]:
    """Arguments of a refused request do not stand in the result of the next one. A text that either side says elsewhere shows nothing (the
    server may well list what it was asked about), and neither does what a server may have stored because it did not refuse."""
    calls = sorted(talk.requests, key=lambda one: one.seq)
    for place, call in enumerate(calls):
        answer = call.answer
        if answer is None or not _refused(call):
            continue
        after = next((one for one in calls[place + 1 :] if one.seq > answer.seq and one.result is not ABSENT), None)
        texts = [dump(text)[1:-1] for text in _texts(_arguments(call))] if after is not None else []
        if after is None or not texts:
            continue
        came = dump(after.result)
        back = next((text for text in texts if text in came and not _elsewhere(talk, text, call, after)), None)
        seqs = (*talk.answer_seqs(call), *talk.answer_seqs(after))
        if back is None:
            yield ok(*seqs)
        else:
            why = f"{brief(back)} stood in a request that was refused, and comes back in the answer to {after.method}"
            yield broken(*seqs, why=why)


def _elsewhere(talk: Talk, text: str, refused: Call, after: Call) -> bool:
    """Does it stand in another request, in what came before the refused one, or in what the survey saw?"""
    if text in repr(talk.lens.facts):
        return True
    asked = (one.message for one in talk.calls if one is not refused and one.seq <= after.seq)
    heard = (one.message for one in talk.messages_in if one.seq < refused.seq)
    return any(text in dump(one) for one in (*asked, *heard) if one is not ABSENT)


def _arguments(call: Call) -> JSON:
    return call.params.get("arguments", ABSENT) if isinstance(call.params, dict) else ABSENT


def _refused(call: Call) -> bool:
    result = call.result
    return call.error is not ABSENT or (isinstance(result, dict) and result.get("isError") is True)


def _texts(value: JSON) -> Iterator[str]:
    if isinstance(value, str) and len(value) >= _DISTINCTIVE:
        yield value
    elif isinstance(value, dict):
        for name, one in value.items():
            if name != "_meta":
                yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


CHECKS = (nothing_comes_back,)
