"""Small reports made by hand, for the renderers: requirements of their own, so that no change of the catalogue changes a snapshot."""

from __future__ import annotations

from typing import Any

from wireproof.model.catalogue import Basis, Grade, Level, Requirement, Testable
from wireproof.model.events import RunFinished, RunStarted, Told
from wireproof.model.jsontext import parse
from wireproof.model.verdict import Finding, Verdict
from wireproof.model.wire import Kind, Record, Way
from wireproof.report.matrix import LaneReport, Report, Row

REVISIONS = ("2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
EVIL = "\x1b[31m[bold]evil[/bold]\x1b]0;owned\x07 | <img src=x> *b* @root www.evil.example\n✓ all passed\u202e"
LONG = (
    '{"jsonrpc":"2.0","id":"1","result":{"tools":[{"name":"a","inputSchema":{"type":"object","required":["b"]}},{"name":"b"}],'
    f'"note":"{"n" * 300}"}}}}'
)


def requirement(name: str, level: Level = Level.MUST) -> Requirement:
    return Requirement(
        id=name,
        protocol="mcp",
        topic=name.split(".")[1],
        level=level,
        basis=Basis.KEYWORD,
        title="A result carries the id of the request that it answers, in value and in type, whatever the revision",
        source="basic/index#Responses",
        role="server",
        transport="any",
        since=REVISIONS[-1],
        until=REVISIONS[0],
        testable=Testable.WIRE,
        grade=Grade.WIRE,
    )


def record(seq: int, way: Way, text: str, *, kind: Kind = Kind.MESSAGE) -> Record:
    raw = text.encode()
    message, fault = parse(raw)
    return Record(
        seq=seq,
        at_ns=seq * 1_250_000,
        way=way,
        kind=kind,
        span="mcp.ping.answered",
        raw=raw,
        message=message,
        fault=fault,
    )


def row(name: str, verdict: Verdict, *, level: Level = Level.MUST, **parts: Any) -> Row:
    finding = Finding(requirement=name, verdict=verdict, **parts)
    return Row(requirement=requirement(name, level), verdict=verdict, findings=(finding,))


def failing(
    name: str = "mcp.base.id-echo",
    *,
    level: Level = Level.MUST,
    why: str = 'request id 1 came back as "1"',
    **parts: Any,
) -> Row:
    usual = {
        "transcript": "t1",
        "evidence": (1, 2),
        "pointer": "/id",
        "fingerprint": "0123456789ab",
        "check": "expect:2",
    }
    return row(name, Verdict.FAILED, level=level, why=why, **{**usual, "exchange": "mcp.ping.answered", **parts})


def lane(revision: str, *rows: Row, transport: str = "stdio", server: str = "peer") -> LaneReport:
    return LaneReport(
        protocol="mcp",
        revision=revision,
        transport=transport,
        role="server",
        survey={"server": {"name": server, "version": "1.0"}, "capabilities": {"tools": {}}, "tools": [{}, {}]},
        rows=rows,
        judged=frozenset(one.requirement.id for one in rows),
    )


def report(
    *lanes: LaneReport, name: str = "python server.py", interrupted: bool = False, told: tuple[Told, ...] = ()
) -> Report:
    return Report(
        started=RunStarted(
            versions={"wireproof": "0", "python": "3"},
            suite={"version": "1", "digest": "0" * 64, "protocol": "mcp"},
            target={"name": name, "command": ["python", "server.py"]},
            seed=0,
            started_at="2026-01-01T00:00:00+00:00",
        ),
        lanes=list(lanes),
        told=list(told),
        records={
            "t1": [
                record(0, Way.NOTE, "a line on stderr", kind=Kind.STDERR),
                record(1, Way.OUT, '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'),
                record(2, Way.IN, LONG),
                record(
                    3, Way.OUT, '{"jsonrpc":"2.0","id":2,"method":"ping","params":{"_meta":{"a":"' + "b" * 100 + '"}}}'
                ),
            ]
        },
        finished=RunFinished(duration_s=1.5, interrupted=interrupted),
    )


def usual() -> Report:
    """A MUST broken in all five revisions, in two ways and by several exchanges; a broken SHOULD; a remark; a blocked row."""
    lanes = []
    for index, revision in enumerate(REVISIONS):
        rows = [
            failing(exchange="mcp.ping.answered" if index else "mcp.base.ids"),
            row("mcp.tools.shape", Verdict.PASSED, check="c", fingerprint="1" * 12, remark="lawful but odd"),
            row("mcp.ping.respond", Verdict.UNOBSERVED, why="no occasion arose"),
            row("mcp.logging.level", Verdict.BLOCKED, why="a prerequisite did not hold", blocked_by="record 4"),
        ]
        if index == 1:
            rows.append(
                failing("mcp.tools.names", level=Level.SHOULD, why="two tools are called 'a'", pointer="", subject="a")
            )
        if index == 2:
            rows[0] = failing(why="no answer came: not within 5 s", pointer="", exchange="mcp.base.ids")
        lanes.append(lane(revision, *rows))
    return report(*lanes)
