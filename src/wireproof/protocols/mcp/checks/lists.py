"""The four lists: answered where declared, paged in order, the same for everybody, with hints for caches.

Pages: server/tools, server/resources, server/prompts, server/utilities/pagination, server/utilities/caching.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from wireproof.judge.matching import brief
from wireproof.judge.pack import Note, broken, check, ok
from wireproof.model.jsontext import JSON
from wireproof.protocols.jsonrpc import Call
from wireproof.protocols.mcp.conversation import Talk

LISTS: Final = {
    "tools/list": ("tools", "name"),
    "resources/list": ("resources", "uri"),
    "resources/templates/list": ("resourceTemplates", "uriTemplate"),
    "prompts/list": ("prompts", "name"),
}
"""Method to the member that holds the list, and the member that names an item."""
CACHEABLE: Final = ("server/discover", *LISTS, "resources/read")
_REFUSED: Final = (401, 403, 407, 429, 502, 503, 504)
"""Statuses that speak of access or load, not of the method."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One reading of a list, page by page. `complete` when the last page named no further one."""

    method: str
    calls: tuple[Call, ...]
    complete: bool

    @property
    def seqs(self) -> tuple[int, ...]:
        last = self.calls[-1]
        return (self.calls[0].seq, last.answer.seq if last.answer else last.seq)

    @property
    def names(self) -> tuple[str, ...]:
        """What is listed, in order."""
        member, key = LISTS[self.method]
        return tuple(
            item[key] for call in self.calls for item in entries(call.result, member) if isinstance(item.get(key), str)
        )

    @property
    def scopes(self) -> list[JSON]:
        return [call.result.get("cacheScope") for call in self.calls if isinstance(call.result, dict)]


def entries(result: JSON, member: str) -> list[dict[str, Any]]:
    """The objects in that array of a result; empty for anything else."""
    items = result.get(member) if isinstance(result, dict) else None
    return [one for one in items if isinstance(one, dict)] if isinstance(items, list) else []


def listings(talk: Talk) -> Iterator[Listing]:
    """Every reading that began at the first page and of which each page came."""
    for method in LISTS:
        pages: list[Call] = []
        for call in talk.requests:
            if call.method != method or not call.lawful or not isinstance(call.result, dict):
                continue
            cursor = call.params.get("cursor") if isinstance(call.params, dict) else None
            if cursor is None:
                if pages:
                    yield Listing(method=method, calls=tuple(pages), complete=False)
                pages = [call]
            elif pages and cursor == pages[-1].result.get("nextCursor"):
                pages.append(call)
            else:
                continue
            if not isinstance(pages[-1].result.get("nextCursor"), str):
                yield Listing(method=method, calls=tuple(pages), complete=True)
                pages = []
        if pages:
            yield Listing(method=method, calls=tuple(pages), complete=False)


@check("mcp.tools.list", "mcp.resources.list", "mcp.prompts.list")
def lists_answered(talk: Talk) -> Iterator[Note]:
    """Whoever declares tools, resources or prompts answers the request for the list of them."""
    for method in ("tools/list", "resources/list", "prompts/list"):
        kind = method.partition("/")[0]
        for call in talk.requests:
            first = not isinstance(call.params, dict) or "cursor" not in call.params
            if call.method != method or not call.lawful or not first or call.answer is None or not talk.has(kind):
                continue
            if isinstance(call.result, dict):
                yield ok(*talk.answer_seqs(call), requirement=f"mcp.{kind}.list")
            elif isinstance(call.error, dict) and call.status not in _REFUSED:
                why = f"{kind} are declared, but {method} is answered with {brief(call.error)}"
                yield broken(*talk.answer_seqs(call), why=why, requirement=f"mcp.{kind}.list", pointer="/error")


@check(
    "mcp.tools.list-not-per-connection", "mcp.resources.list-not-per-connection", "mcp.prompts.list-not-per-connection"
)
def lists_agree(talk: Talk) -> Iterator[Note]:
    """A list is the same on every connection, and other requests do not change it. It may change with time, so a difference counts
    only if it shows again on repetition; nothing is judged once a tool was called that may change something."""
    if not talk.modern or any(_may_change(one) for one in talk.facts.get("callable", ())) or _made_to_change(talk):
        return
    for before, after in pairs(talk):
        row = f"mcp.{after.method.partition('/')[0]}.list-not-per-connection"
        if _disturbed(talk, before.seqs[0], after.seqs[1]):
            continue
        if sorted(before.names) == sorted(after.names):
            yield ok(*after.seqs, requirement=row)
        elif not _announced(talk, before, after):
            lost = sorted(set(before.names) - set(after.names))
            new = sorted(set(after.names) - set(before.names))
            why = f"{after.method} differs within one connection: gone {brief(lost)}, new {brief(new)}"
            yield broken(*before.seqs, *after.seqs, why=why, requirement=row)
    for listing in listings(talk):
        member, key = LISTS[listing.method]
        row = f"mcp.{listing.method.partition('/')[0]}.list-not-per-connection"
        known = sorted(one[key] for one in talk.facts.get(member, ()))
        unread = not known or listing.method in talk.facts.get("unread", ())  # the first reading was cut short
        if not listing.complete or not _elsewhere(listing) or unread:
            continue
        if sorted(set(listing.names)) == known:
            yield ok(*listing.seqs, requirement=row)
        else:
            lost, new = sorted(set(known) - set(listing.names)), sorted(set(listing.names) - set(known))
            why = f"{listing.method} differs between connections: missing {brief(lost)}, new {brief(new)}"
            yield broken(*listing.seqs, why=why, requirement=row)


def _made_to_change(talk: Talk) -> bool:
    """Behind a URL a harness's own server is one for all lanes, and another lane may just be asking it to change its lists."""
    return talk.http and any(name.startswith("test_trigger_") for name in talk.facts.get("fixtures", ()))


def _may_change(tool: dict[str, Any]) -> bool:
    hints = tool.get("annotations")
    return not (isinstance(hints, dict) and hints.get("readOnlyHint") is True)


def _disturbed(talk: Talk, since: int, until: int) -> bool:
    """Was a listed tool called in between that may change something, as far as it says?"""
    tools = {one.get("name"): one for one in talk.facts.get("tools", ())}
    called = (
        call.params.get("name")
        for call in talk.requests
        if call.method == "tools/call" and since < call.seq < until and isinstance(call.params, dict)
    )
    return any(isinstance(name, str) and name in tools and _may_change(tools[name]) for name in called)


def _elsewhere(listing: Listing) -> bool:
    """Was it read for comparison on a connection of its own?"""
    return str(listing.calls[0].span or "").startswith("mcp.lists.elsewhere")


def pairs(talk: Talk) -> Iterator[tuple[Listing, Listing]]:
    """Each complete reading of a list with the next one of the same list."""
    every = [one for one in listings(talk) if one.complete]
    for method in LISTS:
        yield from pairwise(one for one in every if one.method == method)


def _announced(talk: Talk, before: Listing, after: Listing) -> bool:
    """Did the server say in between that the list had changed?"""
    notice = f"notifications/{after.method.partition('/')[0]}/list_changed"
    return any(one.method == notice and one.seq > before.seqs[0] for one in talk.notifications_in)


@check("mcp.tools.deterministic-order")
def tools_in_order(talk: Talk) -> Iterator[Note]:
    """The same tools come in the same order, whenever they are listed."""
    for before, after in pairs(talk):
        if after.method == "tools/list" and sorted(before.names) == sorted(after.names):
            if before.names == after.names:
                yield ok(*after.seqs)
            else:
                place = next(
                    at for at, pair in enumerate(zip(before.names, after.names, strict=True)) if pair[0] != pair[1]
                )
                why = f"tool {place + 1} of the list was {brief(before.names[place])}, then {brief(after.names[place])}"
                yield broken(*before.seqs, *after.seqs, why=why)


def _moves(talk: Talk, method: str) -> bool:
    """Does the beginning of the list change by itself between readings?"""
    member, key = LISTS[method]
    begins = [
        [one.get(key) for one in entries(call.result, member)]
        for call, _ in talk.results(method)
        if call.lawful and "cursor" not in (call.params if isinstance(call.params, dict) else {})
    ]
    return any(one != begins[0] for one in begins)


def _lengthened(short: list[JSON], long: list[JSON]) -> bool:
    return bool(short) and long[: len(short)] == short


@check("mcp.pagination.server-stable")
def cursors_stable(talk: Talk) -> Iterator[Note]:
    """A cursor that is used twice leads to the same page, unless the list is another one whenever it is read.

    A last page that has grown or shrunk at its end begins where it did: the list has changed, the cursor has not.
    """
    seen: dict[tuple[str, str], Call] = {}
    for call in talk.requests:
        cursor = call.params.get("cursor") if isinstance(call.params, dict) else None
        if call.method not in LISTS or not call.lawful or not isinstance(cursor, str) or call.answer is None:
            continue
        first = seen.setdefault((call.method, cursor), call)
        if first is call or not isinstance(first.result, dict) or _disturbed(talk, first.seq, call.answer.seq):
            continue
        member, key = LISTS[call.method]
        names = [[one.get(key) for one in entries(each.result, member)] for each in (first, call)]
        if names[0] == names[1]:
            yield ok(first.seq, *talk.answer_seqs(call))
        elif not _moves(talk, call.method) and not _lengthened(*sorted(names, key=len)):
            why = f"the same cursor gave {brief(names[0])}, then {brief(names[1])}"
            yield broken(*talk.answer_seqs(first), *talk.answer_seqs(call), why=why)


@check("mcp.caching.hints-present", "mcp.caching.ttl-non-negative")
def caching_hints(talk: Talk) -> Iterator[Note]:
    """Complete results that may be cached say for how long and for whom; the time is an integer of 0 or more."""
    for call, result in talk.results(*CACHEABLE):
        if not talk.modern or not call.lawful or result.get("resultType", "complete") != "complete":
            continue
        seqs = talk.answer_seqs(call)
        lacking = [name for name in ("ttlMs", "cacheScope") if name not in result]
        if lacking:
            why = f"the result of {call.method} lacks {' and '.join(lacking)}"
            yield broken(*seqs, why=why, pointer="/result", requirement="mcp.caching.hints-present")
        else:
            yield ok(*seqs, requirement="mcp.caching.hints-present")
        if "ttlMs" not in result:
            continue
        time = result["ttlMs"]
        integral = isinstance(time, int | float) and not isinstance(time, bool) and float(time).is_integer()
        if integral and time >= 0:
            yield ok(*seqs, requirement="mcp.caching.ttl-non-negative")
        else:
            why = f"ttlMs is {brief(time)}"
            yield broken(*seqs, why=why, pointer="/result/ttlMs", requirement="mcp.caching.ttl-non-negative")


@check("mcp.caching.page-scope-same", "mcp.caching.page-scope-private")
def pages_share_scope(talk: Talk) -> Iterator[Note]:
    """All pages of a list have one cacheScope; where the first is private, so are the others."""
    for listing in listings(talk):
        scopes = listing.scopes
        if not talk.modern or len(scopes) < 2 or any(not isinstance(one, str) for one in scopes):
            continue
        other = next((one for one in scopes if one != scopes[0]), None)
        why = f"the first page of {listing.method} is {brief(scopes[0])}, a later one {brief(other)}"
        if other is None:
            yield ok(*listing.seqs, requirement="mcp.caching.page-scope-same")
        else:
            yield broken(
                *listing.seqs, why=why, pointer="/result/cacheScope", requirement="mcp.caching.page-scope-same"
            )
        if scopes[0] == "private" and other is not None:
            yield broken(
                *listing.seqs, why=why, pointer="/result/cacheScope", requirement="mcp.caching.page-scope-private"
            )
        else:
            yield ok(*listing.seqs, requirement="mcp.caching.page-scope-private")


CHECKS = (
    lists_answered,
    lists_agree,
    tools_in_order,
    cursors_stable,
    caching_hints,
    pages_share_scope,
)
