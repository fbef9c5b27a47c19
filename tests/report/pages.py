"""Reports for the HTML page: as large as a full run, hostile, and flooded."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from tests.report.reports import REVISIONS, failing, lane, record, report, row
from wireproof.library.catalogue import load_catalogue
from wireproof.model.events import Told
from wireproof.model.verdict import Finding, Verdict
from wireproof.model.wire import Kind, Way
from wireproof.report.matrix import LaneReport, Report, Row

ATTACKS = (
    "<script>window.pwned=1</script>",
    "</script><script>window.pwned=1</script>",
    "</title></style></textarea><img src=x onerror=window.pwned=1>",
    "<svg onload=window.pwned=1><animate onbegin=window.pwned=1 attributeName=x dur=1s></svg>",
    '" onmouseover="window.pwned=1" autofocus onfocus="window.pwned=1',
    "' onclick='window.pwned=1' x='",
    "javascript:window.pwned=1//",
    "[a](javascript:window.pwned=1) ![b](https://evil.example/x.png) `c`",
    "{{ 7*7 }}{% raw %}${window.pwned=1}<!--",
    "]]><iframe srcdoc='<script>parent.pwned=1</script>'></iframe>",
    "\x1b[31mred\x1b]0;owned\x07\x00\r\n\u202eevil\u2066\u200b\ufeff\ud800",
    "&lt;script&gt;window.pwned=1&lt;/script&gt;<base href=https://evil.example/><meta http-equiv=refresh content=0;url=https://evil.example/>",
)


def hostile(attack: str) -> Report:
    """A report in which everything that a target can say is `attack`."""
    value = {attack: attack, "list": [attack, {attack: [attack] * 3}], "long": attack * 40}
    message = json.dumps({"jsonrpc": "2.0", "id": 1, "result": value})
    pointer = "/result/" + attack.replace("~", "~0").replace("/", "~1")
    parts: dict[str, Any] = {
        "why": f"a tool is called {attack}",
        "subject": attack,
        "pointer": pointer,
        "evidence": (1, 2, 3, 4),
        "remark": attack,
    }
    broken = failing(**parts)
    made = report(
        lane(
            REVISIONS[0],
            broken,
            row("mcp.ping.respond", Verdict.UNOBSERVED, why=attack),
            row("mcp.tools.shape", Verdict.PASSED, remark=attack),
            row("mcp.logging.level", Verdict.BLOCKED, why=attack, blocked_by=attack),
            server=attack,
        ),
        name=attack,
        told=(Told(text=attack, level="stopped"),),
    )
    assert made.started is not None
    made.started = replace(made.started, target={"name": attack, "command": ["serve", attack]})
    head = replace(
        record(1, Way.IN, "", kind=Kind.HEAD),
        meta={"status": 200, "headers": [["Content-Type", attack], [attack, attack]]},
    )
    made.records["t1"] = [
        record(0, Way.OUT, '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'),
        head,
        record(2, Way.IN, message),
        replace(record(3, Way.IN, "x"), raw=(attack * 20).encode("utf-8", "surrogatepass"), kind=Kind.BYTES),
        replace(record(4, Way.NOTE, "x"), raw=attack.encode("utf-8", "surrogatepass"), kind=Kind.STDERR),
    ]
    made.records["t1"].insert(0, made.records["t1"].pop(0))
    return made


def large() -> Report:
    """Five lanes with all rows of the catalogue that servers owe, most of them passed: as large as a full run of the reference peer."""
    lanes: list[LaneReport] = []
    for revision in REVISIONS:
        rows = []
        for index, one in enumerate(load_catalogue().requirements.values()):
            if one.role in ("server", "both") and one.since <= revision <= one.until:
                verdict = Verdict.UNOBSERVED if index % 3 == 0 else Verdict.PASSED
                if index in (7, 70, 170):
                    rows.append(replace(failing(one.id), requirement=one))
                    continue
                finding = Finding(
                    requirement=one.id, verdict=verdict, why="no occasion arose" if index % 3 == 0 else ""
                )
                rows.append(Row(requirement=one, verdict=verdict, findings=(finding,)))
        made = lane(revision, *rows)
        lanes.append(replace(made, judged=frozenset(sorted(made.judged)[::2])))
    return report(*lanes)


def flooded() -> Report:
    """300 broken rows whose evidence is 50 MB of text."""
    rows = [
        failing(
            f"mcp.flood.row-{at}", why=f"way {at}: " + "<b>" * 3000, subject="s" * 5000, evidence=(at,), transcript="t9"
        )
        for at in range(300)
    ]
    made = report(lane(REVISIONS[0], *rows, server="n" * 100_000), name="t" * 100_000)
    texts = [
        json.dumps({"jsonrpc": "2.0", "id": 1, "result": {"a": ["<i>" * 10_000] * 5, f"{at}": "x"}})
        for at in range(300)
    ]
    made.records["t9"] = [replace(record(at, Way.IN, text), span=f"span-{at}") for at, text in enumerate(texts)]
    assert sum(map(len, texts)) > 40_000_000
    return made
