"""The tasks extension of 2026-07-28 in conversations made by hand: who may get a task, what keys and ends mean, what stays open."""

from __future__ import annotations

from functools import cache
from typing import Any

from wireproof.engine.run import load_suite
from wireproof.judge.pack import Lens
from wireproof.model.catalogue import Revision
from wireproof.model.wire import Kind, Record, Transcript, Way
from wireproof.protocols.mcp.checks import jobs
from wireproof.protocols.mcp.conversation import Talk

EXTENSION = "io.modelcontextprotocol/tasks"
TASK = {
    "taskId": "t-1",
    "status": "working",
    "createdAt": "2026-07-28T10:00:00Z",
    "lastUpdatedAt": "2026-07-28T10:00:00.25+02:00",
    "ttlMs": None,
}
ASK = {"method": "elicitation/create", "params": {"message": "Name?"}}
OTHER = {"method": "elicitation/create", "params": {"message": "Age?"}}


@cache
def _revision() -> Revision:
    return next(one for one in load_suite().catalogue.revisions if one.id == "2026-07-28")


def _judged(*turns: tuple[dict[str, Any], dict[str, Any]], tags: tuple[str, ...] = (f"extension:{EXTENSION}",)) -> Any:
    """Short row names to what the checks say of them, of requests and their results."""
    messages: list[tuple[Way, dict[str, Any]]] = []
    for identity, (request, result) in enumerate(turns):
        messages.append((Way.OUT, {"jsonrpc": "2.0", "id": identity, **request}))
        messages.append((Way.IN, {"jsonrpc": "2.0", "id": identity, "result": result}))
    records = tuple(
        Record(seq=seq, at_ns=seq * 1_000_000, way=way, kind=Kind.MESSAGE, message=message)
        for seq, (way, message) in enumerate(messages)
    )
    facts = {"tags": list(tags), "tools": []}
    lens = Lens(revision=_revision(), transport="stdio", schemas=None, facts=facts)  # type: ignore[arg-type]
    transcript = Transcript(id="t", protocol="mcp", revision="2026-07-28", transport="stdio", records=records)
    found: dict[str, set[bool]] = {}
    for check in jobs.CHECKS:
        for note in check.body(Talk(transcript, lens, {})):
            found.setdefault((note.requirement or check.rows[0]).removeprefix("mcp.ext.tasks."), set()).add(note.ok)
    return found


def _request(method: str, *, declares: bool = True, **params: Any) -> dict[str, Any]:
    capabilities: dict[str, Any] = {"extensions": {EXTENSION: {}}} if declares else {}
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": capabilities,
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    }
    return {"method": method, "params": {"_meta": meta, **params}}


def _call(**more: Any) -> dict[str, Any]:
    return _request("tools/call", name="slow_compute", arguments={}, **more)


def _get(**result: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    return _request("tasks/get", taskId="t-1"), {"resultType": "complete", **TASK, **result}


def _created(**result: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    return _call(), {"resultType": "task", **TASK, **result}


def test_a_task_is_for_who_declares_the_extension() -> None:
    assert _judged(_created()) == {"create.result-type": {True}, "shape": {True}}
    task = {"resultType": "task", **TASK}
    assert _judged((_call(declares=False), task)) == {"create.declared-only": {False}}
    plain: dict[str, Any] = {"resultType": "complete", "content": []}
    assert _judged((_call(declares=False), plain)) == {"create.declared-only": {True}}


def test_a_server_without_the_extension_is_not_judged_by_it() -> None:
    assert _judged(_created(), _get(status="completed"), tags=()) == {}


def test_what_belongs_to_a_status_comes_with_it() -> None:
    assert _judged(_get(status="completed", result={}))["get.payload"] == {True}
    assert _judged(_get(status="completed"))["get.payload"] == {False}
    assert _judged(_get(status="input_required", inputRequests=[]))["get.payload"] == {False}
    assert "get.payload" not in _judged(_get())


def test_times_and_durations_may_be_written_in_many_ways() -> None:
    for fine in ("2026-07-28T10:00Z", "2026-07-28T10:00:00,5+0200", "2026-07-28T10:00:00.123456789Z"):
        assert _judged(_get(createdAt=fine))["shape"] == {True}, fine
    for odd in (1785196800, "yesterday", "2026-07-28", None):
        assert _judged(_get(createdAt=odd))["shape"] == {False}, odd
    assert _judged(_get(ttlMs=60000.0))["shape"] == {True}
    assert _judged(_get(ttlMs=0.5))["shape"] == {False}
    assert _judged(_get(pollIntervalMs=True))["shape"] == {False}


def test_a_key_may_bring_its_request_again_and_no_other() -> None:
    asking = {"status": "input_required"}
    again = (_get(**asking, inputRequests={"k": ASK}), _get(**asking, inputRequests={"k": ASK}))
    assert _judged(*again)["input.key-once"] == {True}
    # The text of a request that is still open may be put in other words; one that was answered is over.
    reworded = (_get(**asking, inputRequests={"k": ASK}), _get(**asking, inputRequests={"k": OTHER}))
    assert _judged(*reworded)["input.key-once"] == {True}
    answer = (_request("tasks/update", taskId="t-1", inputResponses={"k": {}}), {"resultType": "complete"})
    assert _judged(reworded[0], answer, reworded[1])["input.key-once"] == {True, False}


def test_an_end_is_final_for_requests_that_were_sent_after_it() -> None:
    done = _get(status="cancelled")
    assert _judged(done, _get(status="cancelled"))["status.terminal"] == {True}
    assert _judged(done, _get(status="working"))["status.terminal"] == {False}
    assert "status.terminal" not in _judged(_get(), _get(status="input_required", inputRequests={}))


def test_an_acknowledgement_has_no_task_in_it() -> None:
    request = _request("tasks/cancel", taskId="t-1")
    assert _judged((request, {"resultType": "complete", "_meta": {"a": 1}, "x-own": True}))["ack-empty"] == {True}
    assert _judged((request, {"resultType": "complete", **TASK}))["ack-empty"] == {False}
