"""The HTML report without a browser: valid, escaped, bounded, with nothing in it that runs but our own script."""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import html5lib
import pytest

from tests.cli.calling import wireproof
from tests.conftest import RunPeer
from tests.report.pages import ATTACKS, flooded, hostile, large
from tests.report.reports import REVISIONS, failing, lane, report, row, usual
from wireproof.model.baseline import Entry, Stale, Standing, Weighed
from wireproof.model.catalogue import Level
from wireproof.model.events import RunFinished, Told
from wireproof.model.verdict import Verdict
from wireproof.model.wire import Kind, Record, Way
from wireproof.report.html import render
from wireproof.report.jsontree import tree
from wireproof.report.matrix import Report
from wireproof.report.page import page_of
from wireproof.report.reproducer import reproducer
from wireproof.report.sources import source_url
from wireproof.report.states import State

TWO_MB = 2_000_000


def parsed(text: str) -> Element:
    """The page's tree. Fails on the first fault that the HTML standard knows."""
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    return parser.parse(text)


def elements(text: str) -> Iterator[Element]:
    return (one for one in parsed(text).iter() if isinstance(one.tag, str))


@pytest.mark.parametrize(
    "made",
    [
        usual(),
        Report(),
        report(),
        report(lane(REVISIONS[0])),
        report(interrupted=True),
        report(lane(REVISIONS[0], row("mcp.a.b", Verdict.ERRORED), row("mcp.a.c", Verdict.NOT_APPLICABLE))),
        report(told=(Told(text="'x' exited\nits stderr ends with:\n    boom", level="unreachable"),)),
    ],
)
def test_every_report_is_valid_html(made: Report) -> None:
    ids = [one.attrib["id"] for one in elements(render(made)) if "id" in one.attrib]
    assert len(ids) == len(set(ids))


def test_what_the_page_tells() -> None:
    made = usual()
    page = page_of(made)
    text = render(made)
    assert [one.key for one in page.lanes] == [f"{one}.stdio" for one in REVISIONS]
    assert page.headline == "1 MUST and 1 SHOULD requirements broken"
    assert page.total[State.FAILED] == 6
    assert page.total[State.UNOBSERVED] == 5
    assert [card.requirement.id for card in page.cards] == ["mcp.base.id-echo", "mcp.tools.names"]
    for told in ("0" * 64, "peer 1.0", "python server.py", "lawful but odd", "no occasion arose", "0123456789ab"):
        assert told in text
    assert "wireproof run --exchange mcp.base.ids --revision" in text
    assert text.count('<article class="failure') == 2


def test_what_nobody_judges_is_not_what_had_no_occasion() -> None:
    made = lane(REVISIONS[0], row("mcp.a.seen", Verdict.UNOBSERVED), row("mcp.a.never", Verdict.UNOBSERVED))
    page = page_of(report(replace(made, judged=frozenset({"mcp.a.seen"}))))
    assert {one.requirement.id: one.states for one in page.entries} == {
        "mcp.a.seen": (State.UNOBSERVED,),
        "mcp.a.never": (State.NOT_JUDGED,),
    }
    assert page.headline == "Nothing could be judged"


def test_a_part_and_a_torn_run_say_so() -> None:
    made = report(replace(lane(REVISIONS[0], row("mcp.a.b", Verdict.PASSED)), partial=True))
    made.finished = None
    text = render(made)
    assert "no class: only a part was played" in text
    assert "Only a selection was played" in text
    assert "no end in its journal" in text


def test_rows_that_do_not_fail_the_run_say_so() -> None:
    made = report(lane(REVISIONS[0], failing(level=Level.SHOULD), row("mcp.a.b", Verdict.PASSED)))
    assert "does not fail the run" in render(made)
    assert page_of(made).headline == "No MUST broken; 1 SHOULD requirement not kept"
    assert page_of(made).verdict is State.PASSED


@pytest.mark.parametrize("attack", ATTACKS)
def test_text_of_a_target_is_only_text(attack: str) -> None:
    text = render(hostile(attack))
    found = list(elements(text))
    ours = list(elements(render(hostile("harmless"))))
    assert {one.tag for one in found} - {"br"} == {one.tag for one in ours}  # lines of a notice are ours
    assert [one.tag for one in found].count("script") == 1
    for one in found:
        assert not [name for name in one.attrib if name.startswith("on") or name in ("style", "srcdoc", "src")]
        if one.tag != "svg" and "href" in one.attrib:
            assert re.match(r"https://|#|data:,\Z", one.attrib["href"]), one.attrib["href"]
    assert not {char for char in text if not char.isprintable()} - {"\n"}


def test_the_policy_lets_nothing_run_but_ours() -> None:
    text = render(hostile(ATTACKS[0]))
    policy = next(one.attrib["content"] for one in elements(text) if one.attrib.get("http-equiv"))
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for tag, name in (("script", "script-src"), ("style", "style-src")):
        inside = re.search(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert inside is not None
        digest = base64.b64encode(hashlib.sha256(inside[1].encode()).digest()).decode()
        assert f"{name} 'sha256-{digest}'" in policy


def test_a_full_run_and_a_flood_stay_small() -> None:
    text = render(large())
    assert len(text.encode()) < TWO_MB
    assert text.count('<details class="entry"') > 400
    begun = time.perf_counter()
    text = render(flooded())
    assert time.perf_counter() - begun < 30
    assert len(text.encode()) < TWO_MB
    assert "left out to keep the page small" in text
    assert "more characters)" in text


def test_the_pointer_is_marked_and_open() -> None:
    value = {"result": {"tools": [{"name": "a"}, {"name": "b", "inputSchema": {"type": "array"}}], "x": "y" * 90}}
    text = tree(value, "/result/tools/1/inputSchema/type")
    assert re.search(r'<div class="hit"><span class="k">&#34;type&#34;</span>.*?◀ here', text)
    assert text.count("<details open>") == 5  # all that leads there
    assert "◀ no nextCursor" in tree(value, "/result/nextCursor")
    assert "◀" not in tree(value)
    assert "◀ here" in tree({"a/b": {"~": 1}}, "/a~1b/~0")


def test_large_messages_are_cut_with_a_note() -> None:
    deep: Any = 1
    for _ in range(190):
        deep = {"d": deep}
    assert len(tree(deep)) < 20_000
    many = tree({"items": [{"name": f"n{at}", "text": "x" * 100} for at in range(5000)]}, "/items/4321/name")
    assert len(many) < 100_000
    assert "more</div>" in many
    assert "◀ here" in many
    assert "more characters" in tree("z" * 5000)
    assert "the journal has it" in tree([[["x" * 90] * 39] * 39] * 39)


def sent(*raws: bytes, target: str = "", **meta: Any) -> list[Record]:
    headers = [["Content-Type", "application/json"], ["Mcp-Session-Id", "0123456789"], ["X-Odd", "it's"]]
    made = []
    for seq, raw in enumerate(raws):
        more = {"method": "POST", "target": target, "headers": headers[: 3 if seq else 1]} if target else {}
        made.append(
            Record(
                seq=2 * seq,
                at_ns=0,
                way=Way.OUT,
                kind=Kind.MESSAGE,
                channel=f"c{seq}",
                span=f"s{seq}",
                raw=raw,
                meta={**more, **meta},
            )
        )
        kind = Kind.HEAD if target else Kind.MESSAGE
        answer = (
            {"headers": [["content-type", "application/json"], ["mcp-session-id", "0123456789"]]} if seq == 0 else {}
        )
        made.append(
            Record(
                seq=2 * seq + 1,
                at_ns=0,
                way=Way.IN,
                kind=kind,
                channel=f"c{seq}",
                span=f"s{seq}",
                raw=b"{}",
                meta=answer,
            )
        )
    return made


ODD = [b'{"a":"it\'s $(touch x) `id` \\\\ \\n"}', '{"b":"ä\u202e\x07"}'.encode(), b'{"c":"!%s"}']


def test_a_reproducer_for_stdio_sends_the_same_bytes() -> None:
    reader = "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read())"
    lines = reproducer({"command": [sys.executable, "-c", reader]}, sent(*ODD), (5,))
    script = "sleep() { :; }\n" + "\n".join(lines)
    done = subprocess.run(["bash", "-c", script], capture_output=True, check=True)
    assert done.stdout.splitlines() == [ODD[0], ODD[2]]  # the opening, then the exchange of the evidence
    done = subprocess.run(
        ["bash", "-c", "sleep() { :; }\n" + "\n".join(reproducer({"command": ["cat"]}, sent(*ODD), (3,)))],
        capture_output=True,
        check=True,
    )
    assert done.stdout == ODD[0] + b"\n" + ODD[1] + b"\n"


def test_a_reproducer_for_http_takes_the_session_from_the_answer() -> None:
    lines = reproducer({"url": "http://127.0.0.1:1/mcp?a=1&b=2"}, sent(*ODD, target="/mcp?a=1&b=2"), (5,))
    assert len(lines) == 2
    curl = 'curl() { printf "%s\\0" "$@" >&3; printf "HTTP/1.1 200 OK\\r\\nMcp-Session-Id: fresh-one\\r\\n\\r\\n"; }\n'
    done = subprocess.run(
        ["bash", "-c", "exec 3>&1 1>/dev/null\n" + curl + "\n".join(lines)], capture_output=True, check=True
    )
    words = done.stdout.split(b"\0")
    assert words.count(b"http://127.0.0.1:1/mcp?a=1&b=2") == 2
    assert b"Mcp-Session-Id: fresh-one" in words
    assert b"X-Odd: it's" in words
    assert words.count(b"Content-Type: application/json") == 2  # the answer says the same, but it was ours
    assert ODD[0] in words
    assert ODD[2] in words


@pytest.mark.parametrize(
    ("target", "records"),
    [
        ({}, sent(*ODD)),
        ({"command": ["x"]}, sent(b"x" * 10_000)),
        ({"command": ["x"]}, sent(b"{}", end="")),
        ({"url": "http://h/"}, sent(b"{}", target="/", verbatim=True)),
        ({"url": "http://h/"}, sent(b"{}")),
        ({"command": ["x"]}, []),
    ],
)
def test_no_reproducer_where_it_cannot_be_said_shortly(target: dict[str, Any], records: list[Record]) -> None:
    assert reproducer(target, records, (len(records) - 1,) if records else ()) == ()


@pytest.mark.parametrize(
    ("protocol", "source", "url"),
    [
        (
            "mcp",
            "server/tools#Tool Names",
            "https://modelcontextprotocol.io/specification/2026-07-28/server/tools#tool-names",
        ),
        ("mcp", "basic/index#_meta", "https://modelcontextprotocol.io/specification/2026-07-28/basic#_meta"),
        ("common", "RFC 9110#15.5.6 Method Not Allowed", "https://www.rfc-editor.org/rfc/rfc9110#section-15.5.6"),
        ("jsonrpc", "JSON-RPC 2.0#5 Response object", "https://www.jsonrpc.org/specification"),
        ("common", "hearsay#1", ""),
        ("mcp", "javascript:alert(1)", ""),
    ],
)
def test_where_a_sentence_is_read(protocol: str, source: str, url: str) -> None:
    assert source_url(replace(failing().requirement, protocol=protocol, source=source)) == url


def test_from_a_journal_to_a_file(run_peer: RunPeer, tmp_path: Path) -> None:
    run_peer(revisions=(REVISIONS[1],), select=("mcp.ping",))
    out = tmp_path / "deep" / "report.html"
    done = wireproof("report", str(tmp_path / "journal.jsonl"), "-o", f"html:{out}")
    assert (done.code, done.err) == (0, "")
    text = out.read_text(encoding="utf-8")
    parsed(text)
    assert "mcp.ping.respond" in text


def test_an_early_end_is_shown() -> None:
    made = report(lane(REVISIONS[0], row("mcp.a.b", Verdict.PASSED)))
    made.finished = RunFinished(duration_s=1.0, interrupted=True)
    assert "Interrupted: this is what was seen so far" in render(made)


def test_a_baseline_is_told_on_the_card() -> None:
    made = report(
        lane(
            REVISIONS[0],
            failing(),
            failing("mcp.tools.names", fingerprint="f" * 12, why="other"),
            row("mcp.a.b", Verdict.PASSED),
        )
    )
    entry = Entry(
        fingerprint="0123456789ab",
        requirement="mcp.base.id-echo",
        revision=REVISIONS[0],
        transport="stdio",
        reason="<b>vendor bug 7</b>",
        since=date(2026, 1, 2),
        line=4,
        end=9,
    )
    key = (entry.fingerprint, entry.requirement)
    made.weighed = Weighed(
        path="known.yaml",
        standings={key: Standing.KNOWN, ("f" * 12, "mcp.tools.names"): Standing.NEW},
        entries={key: entry},
        stale=(Stale(entry=replace(entry, requirement="mcp.gone.row"), level="MUST"),),
    )
    page, text = page_of(made), render(made)
    assert page.headline == "1 MUST requirement broken; 1 known failure; 1 stale in the baseline"
    assert [one.excused for one in page.cards] == [True, False]
    assert "known since 2026-01-02: &lt;b&gt;vendor bug 7&lt;/b&gt;" in text
    assert "mcp.gone.row (lines 4 to 9)" in text
    made.weighed = replace(made.weighed, standings={key: Standing.KNOWN, ("f" * 12, "mcp.tools.names"): Standing.KNOWN})
    assert page_of(made).verdict is State.FAILED  # because of the stale entry alone
    made.weighed = replace(made.weighed, stale=())
    assert page_of(made).verdict is State.PASSED
    assert page_of(made).headline == "Nothing that was judged is newly broken; 2 known failures"


def test_a_run_of_the_future_is_marked() -> None:
    made = report(lane(REVISIONS[0], row("mcp.a.b", Verdict.PASSED)))
    said = "began in the future"
    assert not any(said in one for one in page_of(made).notices)
    assert any(said in one for one in page_of(made, now=datetime(2025, 1, 1, tzinfo=UTC)).notices)
    assert made.started is not None
    made.started = replace(made.started, started_at="yesterday")
    assert page_of(made).facts
