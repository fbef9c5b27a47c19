"""Tasks of 2025-11-25 in conversations made by hand: what order proves, and what it does not."""

from __future__ import annotations

from functools import cache
from typing import Any

from wireproof.engine.run import load_suite
from wireproof.judge.pack import Lens
from wireproof.model.catalogue import Revision
from wireproof.model.wire import Kind, Record, Transcript, Way
from wireproof.protocols.mcp.checks import taskmessages, tasks
from wireproof.protocols.mcp.conversation import Talk

MARK = "io.modelcontextprotocol/related-task"
TAGS = [
    "tasks",
    "tasks.cancel",
    "tasks.list",
    "tasks.requests.tools.call",
    "fixture:confirm_delete",
    "fixture:slow_compute",
]
TOOLS = [{"name": name, "execution": {"taskSupport": "optional"}} for name in ("confirm_delete", "slow_compute")]


@cache
def _revision() -> Revision:
    return next(one for one in load_suite().catalogue.revisions if one.id == "2025-11-25")


def _judged(*steps: dict[str, Any]) -> dict[str, set[bool]]:
    """Row to what the checks say of it. A step is a message; `from` says whose it is, `at` when it crosses (milliseconds)."""
    records = tuple(
        Record(
            seq=seq,
            at_ns=int(step.pop("at", seq)) * 1_000_000,
            way=Way.OUT if step.pop("from") == "us" else Way.IN,
            kind=Kind.MESSAGE,
            message=step,
        )
        for seq, step in enumerate(steps)
    )
    facts = {"tags": TAGS, "tools": TOOLS}
    lens = Lens(revision=_revision(), transport="stdio", schemas=None, facts=facts)  # type: ignore[arg-type]
    transcript = Transcript(id="t", protocol="mcp", revision="2025-11-25", transport="stdio", records=records)
    found: dict[str, set[bool]] = {}
    for check in (*tasks.CHECKS, *taskmessages.CHECKS):
        for note in check.body(Talk(transcript, lens, {})):
            found.setdefault(note.requirement or check.rows[0], set()).add(note.ok)
    return found


def _us(identity: Any, method: str, **more: Any) -> dict[str, Any]:
    at = {"at": more.pop("at")} if "at" in more else {}
    return {"from": "us", **at, "jsonrpc": "2.0", "id": identity, "method": method, "params": more}


def _create(identity: Any, name: str = "slow_compute", **more: Any) -> dict[str, Any]:
    return _us(identity, "tools/call", name=name, arguments={}, task={"ttl": 60000}, **more)


def _them(identity: Any, result: Any, **more: Any) -> dict[str, Any]:
    return {"from": "them", **more, "jsonrpc": "2.0", "id": identity, "result": result}


def _state(status: str, identity: str = "t1", **more: Any) -> dict[str, Any]:
    times = {"createdAt": "2025-11-25T10:30:00Z", "lastUpdatedAt": "2025-11-25T10:30:00Z"}
    return {"taskId": identity, "status": status, "ttl": 60000, **times, **more}


def _told(status: str) -> dict[str, Any]:
    return {"from": "them", "jsonrpc": "2.0", "method": "notifications/tasks/status", "params": _state(status)}


def _asks(mark: str | None) -> dict[str, Any]:
    meta = {"_meta": {MARK: {"taskId": mark}}} if mark is not None else {}
    params = {"message": "Sure?", "requestedSchema": {}, **meta}
    return {"from": "them", "jsonrpc": "2.0", "id": "s1", "method": "elicitation/create", "params": params}


def _answers() -> dict[str, Any]:
    return {"from": "us", "jsonrpc": "2.0", "id": "s1", "result": {"action": "decline"}}


def test_a_state_that_was_asked_for_earlier_proves_no_way_back() -> None:
    late = _judged(
        _create(1),
        _them(1, {"task": _state("working")}),
        _us(2, "tasks/get", taskId="t1"),
        _told("completed"),
        _them(2, _state("working")),
    )
    assert late["mcp.tasks.status.transitions"] == {True}
    assert False not in late.get("mcp.tasks.status.terminal", set())


def test_a_state_that_was_asked_for_afterwards_does() -> None:
    back = _judged(
        _create(1),
        _them(1, {"task": _state("working")}),
        _told("completed"),
        _us(2, "tasks/get", taskId="t1"),
        _them(2, _state("working")),
    )
    assert back["mcp.tasks.status.terminal"] == {False}


def test_two_ends_are_one_too_many_in_any_order() -> None:
    assert (
        False
        in _judged(
            _create(1),
            _them(1, {"task": _state("working")}),
            _us(2, "tasks/cancel", taskId="t1"),
            _told("completed"),
            _them(2, _state("cancelled")),
        )["mcp.tasks.status.terminal"]
    )


def test_what_a_task_asks_before_its_creation_is_answered_is_its_own() -> None:
    rows = ("mcp.tasks.input.related", "mcp.tasks.related.elicitation")
    good = _judged(_create(1, "confirm_delete"), _asks("t1"), _them(1, {"task": _state("input_required")}), _answers())
    assert [good[row] for row in rows] == [{True}, {True}]
    bad = _judged(
        _create(1, "confirm_delete"), _told("input_required"), _asks(None), _them(1, {"task": _state("working")})
    )
    assert [bad[row] for row in rows] == [{False}, {False}]


def test_what_a_plain_call_asks_beside_a_waiting_task_is_not_the_tasks() -> None:
    found = _judged(
        _create(1, "confirm_delete"),
        _them(1, {"task": _state("input_required")}),
        _us(2, "tools/call", name="test_elicitation", arguments={}),
        _asks(None),
    )
    assert "mcp.tasks.input.related" not in found


def test_an_expired_task_owes_nothing() -> None:
    gone = {
        "from": "them",
        "jsonrpc": "2.0",
        "id": 2,
        "error": {"code": -32602, "message": "Task has expired"},
        "at": 70000,
    }
    found = _judged(
        _create(1),
        _them(1, {"task": _state("completed")}),
        _us(2, "tasks/result", taskId="t1", at=69000),
        gone,
    )
    assert "mcp.tasks.result.terminal" not in found


def test_a_result_that_comes_while_the_task_is_shown_as_working_came_too_early() -> None:
    def played(*between: dict[str, Any]) -> set[bool]:
        result = {"content": [], "_meta": {MARK: {"taskId": "t1"}}}
        begun = (_create(1), _them(1, {"task": _state("working")}), _us(2, "tasks/result", taskId="t1"))
        return _judged(*begun, *between, _them(2, result), _us(4, "tasks/get", taskId="t1"), *after)[
            "mcp.tasks.result.blocks"
        ]

    waiting = (_us(3, "tasks/get", taskId="t1"), _them(3, _state("working")))
    after: tuple[dict[str, Any], ...] = (_them(4, _state("completed")),)
    assert played(*waiting) == {True}
    after = (_them(4, _state("working")),)
    assert played() == {False}


def test_pages_that_may_have_shifted_prove_no_gap() -> None:
    def listed(after: dict[str, Any]) -> dict[str, set[bool]]:
        return _judged(
            _create(1),
            _them(1, {"task": _state("working")}),
            _us(2, "tasks/list"),
            _them(2, {"tasks": [_state("working", "t0")], "nextCursor": "n"}),
            _us(3, "tasks/list", cursor="n"),
            _them(3, {"tasks": []}),
            _us(4, "tasks/get", taskId="t1"),
            _them(4, after),
        )

    assert listed(_state("working"))["mcp.tasks.list.complete"] == {False}
    assert "mcp.tasks.list.complete" not in listed(_state("working", lastUpdatedAt="2025-11-25T10:30:01Z"))


def test_equal_requests_may_share_a_task_others_may_not() -> None:
    one = (_create(1), _them(1, {"task": _state("working")}))
    assert False not in _judged(*one, _create(2), _them(2, {"task": _state("working")})).get(
        "mcp.tasks.id.unique", set()
    )
    one = (_create(1), _them(1, {"task": _state("working")}))
    other = (_create(2, "confirm_delete"), _them(2, {"task": _state("working")}))
    assert _judged(*one, *other)["mcp.tasks.id.unique"] == {False}


def test_nothing_that_a_server_says_of_tasks_breaks_the_reading() -> None:
    odd: list[Any] = [
        None,
        [],
        {},
        5,
        "x",
        {"tasks": [None, {"taskId": []}], "nextCursor": {}},
        {"task": [], "taskId": {}},
    ]
    for value in odd:
        for method in ("tasks/get", "tasks/list", "tasks/cancel", "tasks/result"):
            _judged(
                _create(1),
                _them(1, {"task": _state("working")}),
                _us(2, method, taskId="t1"),
                _them(2, value),
                {"from": "them", "jsonrpc": "2.0", "method": "notifications/tasks/status", "params": value},
                {"from": "them", "jsonrpc": "2.0", "method": "notifications/progress", "params": value},
                {"from": "them", "jsonrpc": "2.0", "method": "notifications/cancelled", "params": value},
            )
    for state in ({"taskId": [], "status": {}, "ttl": "x"}, {"taskId": "t1", "status": None, "createdAt": 5}):
        _judged(_create(1), _them(1, {"task": state}), _us(2, "tasks/get", taskId="t1"), _them(2, state))
