"""What resources, prompts and completions bring: URIs, base64, MIME types, counts (server/resources, server/prompts, utilities/completion)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Any, Final

from wireproof.judge.matching import brief
from wireproof.judge.pack import Note, broken, check, ok
from wireproof.model.jsontext import ABSENT, JSON
from wireproof.protocols.jsonrpc import Call
from wireproof.protocols.mcp.checks.lists import entries
from wireproof.protocols.mcp.conversation import Talk

MOST_VALUES: Final = 100
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_STANDARD: Final = ("http", "https", "file", "git")
"""Schemes that the page names, which are not custom ones."""
_MIME: Final = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+*-]+(\s*;.*)?", re.DOTALL)


def not_base64(text: JSON) -> str | None:
    """Why a value is no base64 (RFC 4648 section 4: padded, without line ends); None when it is."""
    if not isinstance(text, str):
        return f"is {brief(text)}"
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        return f"is no base64: {str(error)[:80]}"
    return None


@check("mcp.resources.custom-scheme")
def resource_schemes(talk: Talk) -> Iterator[Note]:
    """The URI of a listed resource begins with a scheme as RFC 3986 writes it."""
    for call, result in talk.results("resources/list"):
        for index, one in enumerate(entries(result, "resources")):
            uri = one.get("uri")
            if not isinstance(uri, str) or not call.lawful:
                continue
            found = _SCHEME.match(uri)
            if found is None:
                why = f"{brief(uri)} does not begin with a scheme"
                at = f"/result/resources/{index}/uri"
                yield broken(*talk.answer_seqs(call), why=why, pointer=at, subject=uri[:80])
            elif found.group(1).lower() not in _STANDARD:
                yield ok(*talk.answer_seqs(call))


@check("mcp.resources.binary-encoded")
def blobs_encoded(talk: Talk) -> Iterator[Note]:
    """Binary contents of a resource are base64."""
    for call, result in talk.results("resources/read"):
        for index, one in enumerate(entries(result, "contents")):
            if one.get("blob") is not None:
                yield _encoded(
                    talk, call, one["blob"], f"/result/contents/{index}/blob", "mcp.resources.binary-encoded"
                )


def _encoded(talk: Talk, call: Call, data: JSON, at: str, row: str) -> Note:
    why = not_base64(data)
    if why is None:
        return ok(*talk.answer_seqs(call), requirement=row)
    return broken(*talk.answer_seqs(call), why=f"the data {why}", pointer=at, requirement=row)


@check("mcp.schema.server.content-image", "mcp.schema.server.content-audio", "mcp.schema.server.contents-blob")
def data_encoded(talk: Talk) -> Iterator[Note]:
    """Pictures, sounds and blobs are base64 wherever they stand, which a schema's format does not assert."""
    for call, result in talk.results("tools/call", "prompts/get", "resources/read"):
        for at, part in _contents(result):
            kind = part.get("type")
            if kind in ("image", "audio") and isinstance(part.get("data"), str):
                yield _encoded(talk, call, part["data"], f"{at}/data", f"mcp.schema.server.content-{kind}")
            held = part.get("resource") if kind == "resource" else part if "uri" in part else None
            if isinstance(held, dict) and isinstance(held.get("blob"), str):
                yield _encoded(talk, call, held["blob"], f"{at}/blob", "mcp.schema.server.contents-blob")


def _contents(result: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(pointer, block or contents) of everything that a result holds."""
    for member in ("content", "contents"):
        for index, part in enumerate(entries(result, member)):
            yield f"/result/{member}/{index}", part
    for index, message in enumerate(entries(result, "messages")):
        if isinstance(message.get("content"), dict):
            yield f"/result/messages/{index}/content", message["content"]


@check("mcp.prompts.image-base64", "mcp.prompts.audio-base64", "mcp.prompts.embedded")
def prompt_content(talk: Talk) -> Iterator[Note]:
    """Pictures and sounds in prompts are base64 with a MIME type; an embedded resource has URI, MIME type and text or blob.

    The page demands the MIME type of a resource, the schema says that it is there if it is known: who leaves it out may not know it.
    """
    for call, result in talk.results("prompts/get"):
        for index, message in enumerate(entries(result, "messages")):
            content = message.get("content")
            if not isinstance(content, dict):
                continue
            at = f"/result/messages/{index}/content"
            match content.get("type"):
                case "image" | "audio" as kind:
                    yield from _media(talk, call, content, at, f"mcp.prompts.{kind}-base64")
                case "resource":
                    yield _embedded(talk, call, content.get("resource"), f"{at}/resource")


def _media(talk: Talk, call: Call, content: dict[str, Any], at: str, row: str) -> Iterator[Note]:
    mime = content.get("mimeType")
    if not isinstance(mime, str) or not _MIME.fullmatch(mime):
        why = f"the MIME type is {brief(mime)}"
        yield broken(*talk.answer_seqs(call), why=why, pointer=f"{at}/mimeType", requirement=row)
    else:
        yield _encoded(talk, call, content.get("data"), f"{at}/data", row)


def _embedded(talk: Talk, call: Call, resource: JSON, at: str) -> Note:
    held = resource if isinstance(resource, dict) else {}
    uri, mime = held.get("uri"), held.get("mimeType", ABSENT)
    why = ""
    if not isinstance(uri, str) or not _SCHEME.match(uri):
        why = f"the URI of the embedded resource is {brief(uri)}"
    elif mime is not ABSENT and (not isinstance(mime, str) or not _MIME.fullmatch(mime)):
        why = f"the MIME type of the embedded resource is {brief(mime)}"
    elif not isinstance(held.get("text"), str) and (problem := not_base64(held.get("blob"))):
        why = f"the embedded resource has no text, and its blob {problem}"
    row = "mcp.prompts.embedded"
    seqs = talk.answer_seqs(call)
    if why:
        return broken(*seqs, why=why, pointer=at, requirement=row)
    remark = (
        "the embedded resource has no MIME type, which the schema allows and the page does not"
        if mime is ABSENT
        else ""
    )
    return ok(*seqs, remark=remark, requirement=row)


@check("mcp.completion.max-100")
def completion_values(talk: Talk) -> Iterator[Note]:
    """A completion has 100 values at most."""
    for call, result in talk.results("completion/complete"):
        completion = result.get("completion")
        values = completion.get("values") if isinstance(completion, dict) else None
        if not isinstance(values, list):
            continue
        if len(values) <= MOST_VALUES:
            yield ok(*talk.answer_seqs(call))
        else:
            why = f"{len(values)} values in one completion"
            yield broken(*talk.answer_seqs(call), why=why, pointer="/result/completion/values")


CHECKS = (resource_schemes, blobs_encoded, data_encoded, prompt_content, completion_values)
