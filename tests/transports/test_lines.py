"""Lines out of bytes, and requests into bytes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wireproof.model.wire import Arrival, Frame, Kind
from wireproof.transports.lines import KEPT_OF_LONG, LineSplitter, StderrSplitter, cut, outgoing


def seen(arrivals: list[Arrival]) -> list[tuple[Kind, bytes, str | None]]:
    return [(one.kind, one.data, one.meta.get("newline")) for one in arrivals]


def test_lines_keep_what_ended_them() -> None:
    lines = LineSplitter()
    got = seen([*lines.feed(b"a\nb\r\n\n\r\nc\rd\ne"), *lines.finish()])
    message = Kind.MESSAGE
    assert got == [
        (message, b"a", "\n"),
        (message, b"b", "\r\n"),
        (message, b"", "\n"),
        (message, b"", "\r\n"),
        (message, b"c\rd", "\n"),
        (message, b"e", ""),
    ]


@given(st.binary(max_size=60), st.data())
def test_where_reads_are_cut_makes_no_difference(text: bytes, data: st.DataObject) -> None:
    whole, parts = LineSplitter(limit=8), LineSplitter(limit=8)
    expected = seen([*whole.feed(text), *whole.finish()])
    got = [one for piece in cut(text, data.draw(st.lists(st.integers(0, 60)))) for one in parts.feed(piece)]
    assert [one[::2] for one in seen([*got, *parts.finish()])] == [one[::2] for one in expected]
    assert [one[1] for one in seen(got) if one[0] is Kind.MESSAGE] == [
        one[1] for one in expected if one[0] is Kind.MESSAGE and one[2] != ""
    ]


def test_a_line_over_the_cap_is_one_fault_and_the_rest_of_it_is_dropped() -> None:
    lines = LineSplitter(limit=10_000)
    got = [one for _ in range(50) for one in lines.feed(b"x" * 1000)]
    got += lines.feed(b"end\nnext\n")
    assert [one.kind for one in got] == [Kind.FAULT, Kind.MESSAGE]
    assert got[0].meta["why"].startswith("frame-too-long: ")
    assert got[0].data == b"x" * KEPT_OF_LONG
    assert got[1].data == b"next"


def test_a_line_of_exactly_the_cap_passes_with_either_newline() -> None:
    for end in (b"\n", b"\r\n"):
        lines = LineSplitter(limit=10)
        got = [one for byte in b"x" * 10 + end for one in lines.feed(bytes([byte]))]
        assert [one.data for one in got] == [b"x" * 10]
    assert LineSplitter(limit=10).feed(b"x" * 11 + b"\n")[0].kind is Kind.FAULT


def test_stderr_is_capped_once() -> None:
    notes = StderrSplitter(limit=20)
    got = [*notes.feed(b"one\ntwo\r\n"), *notes.feed(b"z" * 30), *notes.feed(b"more\n"), *notes.finish()]
    assert [one.data for one in got] == [b"one", b"two", b"z" * 11, b""]
    assert [bool(one.meta.get("truncated")) for one in got] == [False, False, False, True]


def test_outgoing_frames() -> None:
    assert outgoing(Frame(data=b"abc")) == [b"abc\n"]
    assert outgoing(Frame(data=b"abc", meta={"end": b""})) == [b"abc"]
    assert outgoing(Frame(data=b"abc", meta={"end": b"\r\n", "pieces": [4, 1, 1, -3, 99]})) == [b"a", b"bc\r", b"\n"]
    assert outgoing(Frame(data=b"", meta={"end": b""})) == [b""]
