"""`_meta`: names of keys, who the server is, trace context; and identifiers of extensions (basic/index, _meta; basic/versioning)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from wireproof.judge.matching import brief
from wireproof.judge.pack import Note, broken, check, ok
from wireproof.model.jsontext import JSON, pointer_of
from wireproof.model.wire import Record
from wireproof.protocols.jsonrpc import Call
from wireproof.protocols.mcp.binding import META
from wireproof.protocols.mcp.checks.errors import modern_meta
from wireproof.protocols.mcp.conversation import Talk

_ITEMS: Final = ("tools", "resources", "resourceTemplates", "prompts", "contents", "content", "messages", "roots")
_LABEL: Final = re.compile(r"[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?")
_NAME: Final = re.compile(r"[A-Za-z0-9](?:.*[A-Za-z0-9])?", re.DOTALL)
_TOP_LEVEL: Final = frozenset({"com", "org", "net", "io", "dev", "app", "ai", "edu", "gov", "co"})
_TRACEPARENT: Final = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")
_TRACESTATE: Final = re.compile(r"[ \t]*([a-z0-9][a-z0-9_*/@-]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,256})?[ \t]*")
_BAGGAGE: Final = re.compile(
    r"[ \t]*[!#$%&'*+.^_`|~0-9A-Za-z-]+[ \t]*=[ \t]*[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*.*"
)


def metas(message: JSON) -> Iterator[tuple[str, dict[str, Any]]]:
    """(pointer, `_meta`) of each place where the protocol puts one: parameters, results, their items, and content inside those.

    Objects of other people's making (arguments, structured content, schemas) may have a member of that name too and are left alone.
    """
    if not isinstance(message, dict):
        return
    for part in ("params", "result"):
        body = message.get(part)
        if not isinstance(body, dict):
            continue
        yield from _meta_of(body, (part,))
        for member in _ITEMS:
            items = body.get(member)
            for index, item in enumerate(items if isinstance(items, list) else [items]):
                yield from _deep(item, (part, member, index) if isinstance(items, list) else (part, member))


def _deep(item: JSON, path: tuple[str | int, ...]) -> Iterator[tuple[str, dict[str, Any]]]:
    """An item, the content of a prompt message, the resource inside of content."""
    if not isinstance(item, dict):
        return
    yield from _meta_of(item, path)
    for member in ("content", "resource"):
        if isinstance(item.get(member), dict):
            yield from _deep(item[member], (*path, member))


def _meta_of(value: dict[str, Any], path: tuple[str | int, ...]) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value.get("_meta"), dict):
        yield pointer_of((*path, "_meta")), value["_meta"]


def splits(key: str) -> list[tuple[str | None, str]]:
    """(prefix without its slash, name) in each way that the key can be read when it has more slashes than one."""
    if "/" not in key:
        return [(None, key)]
    first, last = key.partition("/"), key.rpartition("/")
    return list(dict.fromkeys([(first[0], first[2]), (last[0], last[2])]))


def labels_fit(prefix: str, name: str) -> bool:
    """Dot-separated, none of them empty; neither labels nor names hold a slash."""
    return all(prefix.split(".")) and "/" not in prefix and "/" not in name


def characters_fit(prefix: str) -> bool:
    return all(_LABEL.fullmatch(label) for label in prefix.replace("/", ".").split(".") if label)


def name_fits(name: str) -> bool:
    return name == "" or _NAME.fullmatch(name) is not None


_KEY_ROWS: Final = ("mcp.meta.prefix-labels", "mcp.meta.label-chars", "mcp.meta.reverse-dns", "mcp.meta.name-ends")


@check(*_KEY_ROWS)
def key_names(talk: Talk) -> Iterator[Note]:
    """Keys of `_meta` that the server sends: prefix of labels, their characters, their order, both ends of the name."""
    for record in talk.messages_in:
        for pointer, meta in metas(record.message):
            for key in meta:
                yield from _key(record, pointer, key)


def _key(record: Record, pointer: str, key: str) -> Iterator[Note]:
    ways = splits(key)
    at = pointer + pointer_of((key,))
    if any(name_fits(name) for _, name in ways):
        yield ok(record.seq, requirement="mcp.meta.name-ends")
    else:
        why = f"the name in {brief(key)} does not begin and end with a letter or digit"
        yield broken(record.seq, why=why, pointer=at, requirement="mcp.meta.name-ends")
    prefixes = [prefix for prefix, _ in ways if prefix is not None]
    if not prefixes:
        return
    if any(prefix is not None and labels_fit(prefix, name) for prefix, name in ways):
        yield ok(record.seq, requirement="mcp.meta.prefix-labels")
    else:
        why = f"the prefix of {brief(key)} is no row of labels and one slash"
        yield broken(record.seq, why=why, pointer=at, requirement="mcp.meta.prefix-labels")
    if any(characters_fit(prefix) for prefix in prefixes):
        yield ok(record.seq, requirement="mcp.meta.label-chars")
    else:
        why = f"a label in the prefix of {brief(key)} has characters or ends that labels may not have"
        yield broken(record.seq, why=why, pointer=at, requirement="mcp.meta.label-chars")
    labels = prefixes[0].lower().split(".")
    if len(labels) > 1 and labels[-1] in _TOP_LEVEL and labels[0] not in _TOP_LEVEL:
        why = f"the prefix of {brief(key)} stands as domains do, not reversed"
        yield broken(record.seq, why=why, pointer=at, requirement="mcp.meta.reverse-dns")
    elif len(labels) > 1:
        yield ok(record.seq, requirement="mcp.meta.reverse-dns")


@check("mcp.meta.server-info")
def names_itself(talk: Talk) -> Iterator[Note]:
    """Results say in `_meta` who the server is: all of them, or (it may be configured so) none."""
    if not talk.modern:
        return
    with_info: list[Call] = []
    without: list[Call] = []
    for call, result in talk.results():
        meta = result.get("_meta")
        if not modern_meta(call):
            continue
        info = meta.get(f"{META}serverInfo") if isinstance(meta, dict) else None
        (with_info if isinstance(info, dict) else without).append(call)
    for call in with_info:
        yield ok(*talk.answer_seqs(call))
    if with_info:
        for call in without:
            why = f"this result of {call.method} does not name the server, others do"
            yield broken(*talk.answer_seqs(call), why=why, pointer="/result/_meta", subject=call.method)


@check("mcp.meta.trace-format")
def trace_context(talk: Talk) -> Iterator[Note]:
    """traceparent and tracestate as W3C Trace Context has them, baggage as W3C Baggage has it."""
    for record in talk.messages_in:
        for pointer, meta in metas(record.message):
            for key in ("traceparent", "tracestate", "baggage"):
                if key not in meta:
                    continue
                if _trace_fits(key, meta[key]):
                    yield ok(record.seq)
                else:
                    yield broken(record.seq, why=f"{key} is {brief(meta[key])}", pointer=f"{pointer}/{key}")


def _trace_fits(key: str, value: JSON) -> bool:
    if not isinstance(value, str):
        return False
    if key == "traceparent":
        whole = _TRACEPARENT.fullmatch(value)
        return whole is not None and (not value.startswith("00-") or whole.group(1) is None)
    form = _TRACESTATE if key == "tracestate" else _BAGGAGE
    return all(form.fullmatch(part) for part in value.split(","))


_SUBSCRIBED: Final = (
    "notifications/tools/list_changed",
    "notifications/prompts/list_changed",
    "notifications/resources/list_changed",
    "notifications/resources/updated",
    "notifications/subscriptions/acknowledged",
)
"""Notifications that travel on listen streams alone."""


@check("mcp.meta.subscription-id")
def subscription_named(talk: Talk) -> Iterator[Note]:
    """What a listen stream delivers says in `_meta` which subscription it belongs to."""
    for inbound in talk.notifications_in if talk.modern else ():
        if inbound.method not in _SUBSCRIBED:
            continue
        meta = inbound.params.get("_meta") if isinstance(inbound.params, dict) else None
        if isinstance(meta, dict) and f"{META}subscriptionId" in meta:
            yield ok(inbound.seq)
        else:
            yield broken(inbound.seq, why=f"{inbound.method} does not name its subscription", pointer="/params/_meta")


@check("mcp.extensions.id-naming")
def extension_names(talk: Talk) -> Iterator[Note]:
    """Identifiers in `capabilities.extensions` are named like `_meta` keys, and always with a prefix."""
    for call, result in talk.results("server/discover"):
        capabilities = result.get("capabilities")
        extensions = capabilities.get("extensions") if isinstance(capabilities, dict) else None
        for key in extensions if isinstance(extensions, dict) else ():
            fits = any(
                prefix is not None and labels_fit(prefix, name) and characters_fit(prefix) and name_fits(name)
                for prefix, name in splits(key)
            )
            if fits:
                yield ok(*talk.answer_seqs(call))
            else:
                why = f"{brief(key)} is no extension identifier: a prefix of labels, a slash, a name"
                yield broken(*talk.answer_seqs(call), why=why, pointer="/result/capabilities/extensions", subject=key)


CHECKS = (key_names, names_itself, trace_context, subscription_named, extension_names)
