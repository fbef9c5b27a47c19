"""Pages of ListTasks: what each must hold, wherever one comes (specification 3.1.4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

from wireproof.judge.pack import Check, Note, broken, check, ok
from wireproof.protocols.a2a.asked import asked
from wireproof.protocols.a2a.conversation import Seen, Talk
from wireproof.protocols.a2a.told import tasks_of

_USUAL: Final = 50


def _pages(talk: Talk) -> Iterator[tuple[Seen, Mapping[str, Any], list[Mapping[str, Any]]]]:
    """(answer, what was asked, tasks that are objects) of each page of 1.0."""
    if not talk.current:
        return
    for seen in talk.results("ListTasks"):
        if isinstance(seen.result, dict):
            held = seen.result.get("tasks")
            yield (
                seen,
                asked(seen.call),
                [one for one in held if isinstance(one, dict)] if isinstance(held, list) else [],
            )


@check("a2a.list.next-page-token-present", "a2a.list.last-page-token-empty")
def page_token(talk: Talk) -> Iterator[Note]:
    """Every page has nextPageToken, a string, which is empty on the last one."""
    for seen, _, _ in _pages(talk):
        if "nextPageToken" not in seen.result:
            yield broken(*seen.seqs, why="a page of tasks has no nextPageToken", pointer="/result")
        elif not isinstance(seen.result["nextPageToken"], str):
            why = f"nextPageToken is {type(seen.result['nextPageToken']).__name__}, and no string"
            yield broken(
                *seen.seqs, why=why, pointer="/result/nextPageToken", requirement="a2a.list.last-page-token-empty"
            )
        else:
            yield ok(*seen.seqs)
            if not seen.result["nextPageToken"]:
                yield ok(*seen.seqs, requirement="a2a.list.last-page-token-empty")


@check("a2a.context.one-conversation")
def context_together(talk: Talk) -> Iterator[Note]:
    """Who asks for the tasks of a context gets all of them: an agent that tells one that we opened there tells the others too."""
    for seen, wanted, tasks in _pages(talk):
        context = wanted.get("contextId")
        if not context or set(wanted) - {"contextId", "tenant"} or seen.result.get("nextPageToken"):
            continue
        opened = {
            str(task.get("id")): one
            for one in talk.results("SendMessage")
            for task in tasks_of(one)
            if one.call.seq < seen.call.seq and task.get("contextId") == context
        }
        told = {str(one.get("id")) for one in tasks}
        missed = next((one for name, one in opened.items() if name not in told), None)
        if len(opened) < 2 or not told & set(opened):
            continue
        if missed is None:
            yield ok(*seen.seqs)
        else:
            yield broken(
                *missed.seqs, *seen.seqs, why="a task is not told among those of its context", pointer="/result/tasks"
            )


@check("a2a.list.artifacts-left-out")
def artifacts_left_out(talk: Talk) -> Iterator[Note]:
    """Tasks are listed without artifacts unless they were asked for."""
    for seen, wanted, tasks in _pages(talk):
        if wanted.get("includeArtifacts"):
            continue
        found = next((place for place, task in enumerate(tasks) if "artifacts" in task), None)
        if found is not None:
            why = "a task is listed with artifacts that nobody asked for"
            yield broken(*seen.seqs, why=why, pointer=f"/result/tasks/{found}/artifacts")
        elif tasks:
            yield ok(*seen.seqs)


def _moment(text: Any) -> datetime | None:
    """Of an ISO 8601 text with a zone; None for anything else."""
    if not isinstance(text, str):
        return None
    head, dot, rest = text.partition(".")
    digits = len(rest) - len(rest.lstrip("0123456789"))
    try:
        made = datetime.fromisoformat(f"{head}.{rest[:digits][:6].ljust(6, '0')}{rest[digits:]}" if dot else text)
    except ValueError:
        return None
    return made if made.tzinfo is not None else None


def _status(task: Mapping[str, Any]) -> Mapping[str, Any]:
    held = task.get("status")
    return held if isinstance(held, dict) else {}


@check("a2a.list.newest-first", "a2a.list.sorted-by-status-time")
def newest_first(talk: Talk) -> Iterator[Note]:
    """On a page no task has a later status than the one before it; equal times may come in any order."""
    for seen, _, tasks in _pages(talk):
        times = [_moment(_status(task).get("timestamp")) for task in tasks]
        known = [one for one in times if one is not None]
        if len(known) < 2 or len(known) < len(times):
            continue
        late = next((place for place, (one, two) in enumerate(pairwise(known), start=1) if two > one), None)
        for row in ("a2a.list.newest-first", "a2a.list.sorted-by-status-time"):
            if late is None:
                yield ok(*seen.seqs, requirement=row)
            else:
                why = f"task {late} of the page has a later status than the one before it"
                yield broken(*seen.seqs, why=why, pointer=f"/result/tasks/{late}/status/timestamp", requirement=row)


@check("a2a.list.page-size")
def page_size(talk: Talk) -> Iterator[Note]:
    """A page has no more tasks than were asked for, and at most 50 when nobody said."""
    for seen, wanted, tasks in _pages(talk):
        size = wanted.get("pageSize", _USUAL)
        if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= 100:
            continue
        if len(tasks) > size:
            yield broken(
                *seen.seqs, why=f"a page has {len(tasks)} tasks where {size} are the most", pointer="/result/tasks"
            )
        else:
            yield ok(*seen.seqs)


@check("a2a.list.filters")
def filters(talk: Talk) -> Iterator[Note]:
    """What is listed fits the contextId, status and statusTimestampAfter that were asked for."""
    for seen, wanted, tasks in _pages(talk):
        bound = _moment(wanted.get("statusTimestampAfter"))
        if not any(wanted.get(name) for name in ("contextId", "status", "statusTimestampAfter")):
            continue
        for place, task in enumerate(tasks):
            told = _misfit(task, wanted, bound)
            if told:
                yield broken(
                    *seen.seqs, why=f"a task is listed that does not fit {told}", pointer=f"/result/tasks/{place}"
                )
                break
        else:
            yield ok(*seen.seqs)


def _misfit(task: Mapping[str, Any], wanted: Mapping[str, Any], bound: datetime | None) -> str:
    """The filter that a task does not fit; empty where it fits all, or cannot be compared."""
    if wanted.get("contextId") and task.get("contextId", wanted["contextId"]) != wanted["contextId"]:
        return "contextId"
    state = _status(task).get("state")
    if wanted.get("status") and isinstance(state, str) and state != wanted["status"]:
        return "status"
    moment = _moment(_status(task).get("timestamp"))
    return "statusTimestampAfter" if bound is not None and moment is not None and moment < bound else ""


@check("a2a.list.by-cursor")
def by_cursor(talk: Talk) -> Iterator[Note]:
    """Behind the token that a page gives come other tasks than were on it; compared within one context, where nobody else makes any."""
    given: dict[tuple[Any, Any], list[Mapping[str, Any]]] = {}
    for seen, wanted, tasks in _pages(talk):
        context, token = wanted.get("contextId"), wanted.get("pageToken")
        before = given.get((context, token)) if token and context else None
        known = {one.get("id") for one in before or ()}
        if before and tasks:
            again = next((place for place, one in enumerate(tasks) if one.get("id") in known), None)
            if again is None:
                yield ok(*seen.seqs)
            else:
                why = "the page behind a token has a task that was on the page before"
                yield broken(*seen.seqs, why=why, pointer=f"/result/tasks/{again}/id")
        if context and seen.result.get("nextPageToken"):
            given[context, seen.result["nextPageToken"]] = tasks


@check("a2a.list.artifacts-included")
def artifacts_included(talk: Talk) -> Iterator[Note]:
    """A task that is known to have artifacts is listed with them where they are asked for."""
    having = {task.get("id") for seen in talk.results() for task in tasks_of(seen) if task.get("artifacts")}
    for seen, wanted, tasks in _pages(talk):
        mine = [place for place, one in enumerate(tasks) if one.get("id") in having]
        if not wanted.get("includeArtifacts") or not mine:
            continue
        lacking = next((place for place in mine if "artifacts" not in tasks[place]), None)
        if lacking is None:
            yield ok(*seen.seqs)
        else:
            why = "a task with artifacts is listed without them, although they were asked for"
            yield broken(*seen.seqs, why=why, pointer=f"/result/tasks/{lacking}")


CHECKS: tuple[Check, ...] = (
    context_together,
    page_token,
    artifacts_left_out,
    newest_first,
    page_size,
    filters,
    by_cursor,
    artifacts_included,
)
