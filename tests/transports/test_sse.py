"""The event stream parser against the rules of the WHATWG HTML standard."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wireproof.transports.sse import RAW_KEPT, EventTooLong, SseEvent, SseParser


def parse(*chunks: bytes) -> list[SseEvent]:
    parser = SseParser()
    return [replace(event, raw=b"") for chunk in chunks for event in parser.feed(chunk)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"data: x\n\n", SseEvent(data=b"x")),
        (b"data: x\r\n\r\n", SseEvent(data=b"x")),
        (b"data: x\r\r", SseEvent(data=b"x")),
        (b"data:x\r\n\n", SseEvent(data=b"x")),
        (b"data:  x\n\n", SseEvent(data=b" x")),
        (b"data: a\ndata: b\n\n", SseEvent(data=b"a\nb")),
        (b"data\n\n", SseEvent(data=b"")),
        (b"data:\n\n", SseEvent(data=b"")),
        (b"data: \xff\xfe\n\n", SseEvent(data=b"\xff\xfe")),
        (b"\xef\xbb\xbfdata: x\n\n", SseEvent(data=b"x")),
        (b"id: 7\n\n", SseEvent(id="7")),
        (b"id\n\n", SseEvent(id="")),
        (b"id: a\0b\ndata: x\n\n", SseEvent(data=b"x")),
        (b"retry: 1500\n\n", SseEvent(retry=1500)),
        (b"retry: 15s\ndata: x\n\n", SseEvent(data=b"x")),
        (b"retry: -1\n\n", SseEvent()),
        ("retry: \u0661\n\n".encode(), SseEvent()),
        (b"event: endpoint\ndata: /messages\n\n", SseEvent(event="endpoint", data=b"/messages")),
        (b"event: a\nevent: b\ndata: x\n\n", SseEvent(event="b", data=b"x")),
        (b"unknown: 1\nnocolon\ndata: x\n\n", SseEvent(data=b"x")),
        (b" data: y\ndata: x\n\n", SseEvent(data=b"x")),
        (b": ping\n", SseEvent(comment="ping")),
        (b":\n\n", SseEvent(comment="")),
        (b"data: x\n: aside\ndata: y\n\n", SseEvent(data=b"x\ny", comment="aside")),
    ],
)
def test_one_event(text: bytes, expected: SseEvent) -> None:
    assert parse(text) == [expected]
    assert parse(*(text[i : i + 1] for i in range(len(text)))) == [expected]


@pytest.mark.parametrize("text", [b"", b"\n", b"\n\r\n\r\r", b"\xef\xbb\xbf\n", b"data: not ended\n", b"id: 1"])
def test_no_event(text: bytes) -> None:
    assert parse(text) == []


def test_the_event_name_does_not_outlive_its_event() -> None:
    assert parse(b"event: a\ndata: 1\n\ndata: 2\n\n") == [SseEvent(event="a", data=b"1"), SseEvent(data=b"2")]


def test_an_event_is_given_with_its_blank_line_and_not_later() -> None:
    parser = SseParser()
    assert parser.feed(b"data: x\r\n\r") == [SseEvent(data=b"x", raw=b"data: x\r\n\r")]
    assert parser.feed(b"\ndata: y\n\n") == [SseEvent(data=b"y", raw=b"data: y\n\n")]


def test_raw_is_the_exact_text_and_capped() -> None:
    text = b"event:e\r\ndata: 1\ndata:2\r\n\r\n"
    assert SseParser().feed(text)[0].raw == text
    long = SseParser().feed(b"data: " + b"x" * 10_000 + b"\n\n")[0]
    assert len(long.raw) == RAW_KEPT
    assert long.data == b"x" * 10_000


def test_pending_shows_what_was_cut_off() -> None:
    parser = SseParser()
    parser.feed(b"data: done\n\ndata: {\nda")
    assert parser.pending == b"data: {\nda"


@pytest.mark.parametrize("chunk", [b"x" * 50, b"data: xxx\n" * 5])
def test_too_long(chunk: bytes) -> None:
    parser = SseParser(limit=100)
    parser.feed(b"data: fine\n\n" * 100)
    parser.feed(chunk)
    with pytest.raises(EventTooLong) as caught:
        parser.feed(chunk * 2)
    assert caught.value.kept.startswith(chunk[:20])


def test_endless_comments_are_not_too_long() -> None:
    parser = SseParser(limit=100)
    assert sum(len(parser.feed(b": ping\n")) for _ in range(1000)) == 1000


PIECES = st.sampled_from(
    [b"data: ", b"data", b":", b"id: 1", b"event: e", b"\r", b"\n", b"\r\n", b"x", b"\xe2\x82\xac", b"\xef\xbb\xbf"]
)


@given(st.lists(PIECES, max_size=30).map(b"".join), st.data())
def test_where_reads_are_cut_makes_no_difference(text: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=10)))
    chunks = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert parse(*chunks) == parse(text)
