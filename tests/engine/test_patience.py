"""A tool that takes long: who does other things meanwhile is soon left alone with it, who does one thing at a time is waited for.

What is never answered is waited for a few times, and other rows are judged by something else that is."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Final

import pytest

import wireproof
from wireproof.engine.plan import Selection
from wireproof.engine.run import Options
from wireproof.model.events import Event, Recorded
from wireproof.model.target import CallPolicy, Target
from wireproof.model.wire import Kind

SECONDS: Final = 1.0
TIMEOUT: Final = 1.5
HINTS: Final = {"readOnlyHint": True, "openWorldHint": False}
ANSWERS: Final[dict[str, Any]] = {
    "initialize": {
        "protocolVersion": "2025-11-25",
        "capabilities": {"tools": {}},
        "serverInfo": {"name": "slow", "version": "1"},
    },
    "ping": {},
    "tools/list": {"tools": [{"name": "slow", "inputSchema": {"type": "object"}, "annotations": HINTS}]},
    "tools/call": {"content": []},
}


def serve(
    read_line: Callable[[], bytes | None],
    write_line: Callable[[bytes], None],
    _: Callable[[bytes], None],
    *,
    at_once: bool,
) -> None:
    def answer(asked: dict[str, Any]) -> None:
        if asked["method"] == "tools/call":
            time.sleep(SECONDS)
        known = asked["method"] in ANSWERS
        said = (
            {"result": ANSWERS[asked["method"]]} if known else {"error": {"code": -32601, "message": "no such method"}}
        )
        with suppress(BrokenPipeError):  # whoever asked may be gone by then
            write_line(json.dumps({"jsonrpc": "2.0", "id": asked["id"], **said}).encode() + b"\n")

    while (line := read_line()) is not None:
        asked = json.loads(line)
        if "id" in asked:
            if at_once:
                threading.Thread(target=answer, args=(asked,), daemon=True).start()
            else:
                answer(asked)


@pytest.mark.parametrize(
    ("at_once", "named", "waited_for"), [(True, False, False), (True, True, True), (False, False, True)]
)
def test_a_slow_tool(*, at_once: bool, named: bool, waited_for: bool) -> None:
    awaited: list[str] = []

    def listen(event: Event) -> None:
        if (
            isinstance(event, Recorded)
            and event.record.kind is Kind.AWAIT
            and event.record.span == "mcp.tools.called[slow]"
        ):
            awaited.append(event.record.meta["outcome"])

    target = Target(
        serve=partial(serve, at_once=at_once),
        timeout=TIMEOUT,
        startup_wait=TIMEOUT,
        calls=CallPolicy(named={"slow": ({},)} if named else {}),
    )
    selection = Selection(revisions=("2025-11-25",), exchanges=("mcp.tools.called",))
    wireproof.run(target, options=Options(selection=selection), listen=listen)
    assert awaited == ["answered" if waited_for else "timeout"]


def mute_for_ping(
    read_line: Callable[[], bytes | None], write_line: Callable[[bytes], None], _: Callable[[bytes], None]
) -> None:
    while (line := read_line()) is not None:
        with suppress(ValueError):
            asked = json.loads(line)
            if isinstance(asked, dict) and "id" in asked and asked.get("method") not in (None, "ping"):
                known = ANSWERS.get(asked["method"])
                said = {"result": known} if known else {"error": {"code": -32601, "message": "no such method"}}
                write_line(json.dumps({"jsonrpc": "2.0", "id": asked["id"], **said}).encode() + b"\n")


def test_a_server_that_answers_no_ping() -> None:
    """Other rows are told by what it does answer, and not each of them waits a whole deadline for that."""
    missed: list[str | None] = []

    def listen(event: Event) -> None:
        if isinstance(event, Recorded) and event.record.kind is Kind.AWAIT:
            missed.extend([event.record.span] if event.record.meta["outcome"] == "timeout" else [])

    rows = ("robust.json.truncated", "robust.json.scalar", "robust.text.nul", "robust.size.long-string")
    selection = Selection(
        revisions=("2025-11-25",), select=("mcp.ping.respond", *rows), deciding=("mcp.ping.respond", *rows)
    )
    target = Target(serve=mute_for_ping, timeout=TIMEOUT, startup_wait=TIMEOUT)
    report = wireproof.run(target, options=Options(selection=selection), listen=listen)
    verdicts = {row.requirement.id: row.verdict.value for lane in report.lanes for row in lane.rows}
    assert verdicts == {"mcp.ping.respond": "failed", **dict.fromkeys(rows, "passed")}
    assert set(missed) <= {"mcp.survey.list-alive", "mcp.ping.answered"}
