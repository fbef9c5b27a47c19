"""What every link must do, as checks that anybody can run against a link of their own.

A check is an async function that takes a Subject and raises AssertionError. The subject's peer echoes: each frame comes back
as one MESSAGE with the same bytes (a line link's peer: the same line, and it ends when its input ends).

    @pytest.mark.anyio
    @pytest.mark.parametrize("check", CHECKS)
    async def test_contract(check): await check(Subject(open=..., frame=...))
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import anyio

from wireproof.model.wire import Arrival, Frame, Kind
from wireproof.transports.link import Link, LinkClosed, now_ns

PATIENCE: Final = 10.0
_AFTERMATH = frozenset({Kind.EOF, Kind.EXIT, Kind.END, Kind.STDERR, Kind.BYTES, Kind.HEAD, Kind.MESSAGE})
_SAMPLES = (
    b'{"a": 1}',
    b"not json",
    b" spaces kept ",
    b"\xff\xfe not utf-8 \x00",
    "snowman \u2603".encode(),
    b"carriage\rreturn",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A way to open links to an echoing peer, and to make the n-th frame for one (on HTTP each has its own channel)."""

    open: Callable[[], Awaitable[Link]]
    frame: Callable[[int, bytes], Frame]
    lines: bool
    """A line link: one channel, answers in order, EOF and EXIT at the end."""


def _must(holds: bool, what: str) -> None:
    if not holds:
        raise AssertionError(what)


async def _next_message(link: Link) -> Arrival:
    with anyio.fail_after(PATIENCE):
        while True:
            arrival = await link.receive()
            if arrival.kind is Kind.MESSAGE:
                return arrival
            _must(arrival.kind in (Kind.HEAD, Kind.END), f"unexpected arrival before the answer: {arrival}")


async def _rest(link: Link) -> list[Arrival]:
    found: list[Arrival] = []
    with anyio.fail_after(PATIENCE):
        while True:
            try:
                found.append(await link.receive())
            except LinkClosed:
                return found


async def _refuses(link: Link, frame: Frame) -> bool:
    try:
        await link.send(frame)
    except LinkClosed:
        return True
    return False


async def check_echo(subject: Subject) -> None:
    """Bytes are not interpreted, changed or decoded; an answer comes on the channel of its frame."""
    async with await subject.open() as link:
        for number, data in enumerate(_SAMPLES):
            frame = subject.frame(number, data)
            await link.send(frame)
            arrival = await _next_message(link)
            _must(arrival.data == data, f"{data!r} came back as {arrival.data!r}")
            _must(arrival.channel == frame.channel, f"answer on channel {arrival.channel}, not {frame.channel}")


async def check_many(subject: Subject) -> None:
    """Many frames before the first `receive`: none is lost, none comes twice, a line link keeps their order."""
    sent = [b"frame %d" % number for number in range(100)]
    got: list[bytes] = []
    async with await subject.open() as link:
        for number, data in enumerate(sent):
            await link.send(subject.frame(number, data))
        for _ in sent:
            got.append((await _next_message(link)).data)
    _must(got == sent if subject.lines else sorted(got) == sorted(sent), "frames were lost, doubled or out of order")


async def check_big(subject: Subject) -> None:
    """Two megabytes in one frame."""
    data = b"0123456789abcdef" * 131072
    async with await subject.open() as link:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(link.send, subject.frame(0, data))
            arrival = await _next_message(link)
        _must(arrival.data == data, f"{len(data)} bytes came back as {len(arrival.data)}")


async def check_pieces(subject: Subject) -> None:
    """A frame written in pieces arrives whole."""
    frame = subject.frame(0, b"written in pieces")
    frame = Frame(data=frame.data, channel=frame.channel, meta={**frame.meta, "pieces": [1, 2, 9, 10_000]})
    async with await subject.open() as link:
        await link.send(frame)
        _must((await _next_message(link)).data == b"written in pieces", "pieces were lost or swapped")


async def check_clock(subject: Subject) -> None:
    """`at_ns` is the one clock's time of arrival."""
    before = now_ns()
    async with await subject.open() as link:
        await link.send(subject.frame(0, b"now"))
        first = await _next_message(link)
        await link.send(subject.frame(1, b"later"))
        second = await _next_message(link)
    _must(before <= first.at_ns <= second.at_ns <= now_ns(), "times are not those of the arrivals")


async def check_cancelled_receive(subject: Subject) -> None:
    """A `receive` that is given up loses nothing; with no time left at all it still gives what is already there."""
    async with await subject.open() as link:
        with anyio.move_on_after(0.02) as scope:
            await link.receive()
        _must(scope.cancelled_caught, "something arrived that nobody caused")
        for number in range(5):
            await link.send(subject.frame(number, b"one"))
            while True:
                got: Arrival | None = None
                with anyio.move_on_after(0.001):
                    got = await link.receive()
                if got is not None and got.kind is Kind.MESSAGE:
                    break
        await link.send(subject.frame(9, b"two"))
        await anyio.sleep(0.3)
        there: Arrival | None = None
        while there is None or there.kind is not Kind.MESSAGE or there.data != b"two":
            there = None
            with anyio.move_on_after(0):
                there = await link.receive()
            _must(there is not None, "what had arrived was not given without waiting")


async def check_finish(subject: Subject) -> None:
    """After `finish` nothing can be sent, what is under way still arrives, and then the link is over, every time one asks."""
    async with await subject.open() as link:
        await link.send(subject.frame(0, b"last words"))
        await link.finish()
        await link.finish()
        _must(await _refuses(link, subject.frame(1, b"too late")), "a finished link took another frame")
        rest = await _rest(link)
        _must(b"last words" in [one.data for one in rest if one.kind is Kind.MESSAGE], "the last answer was lost")
        kinds = [one.kind for one in rest]
        _must(kinds[-2:] == [Kind.EOF, Kind.EXIT] if subject.lines else kinds[-1] is Kind.END, f"ended with {kinds}")
        _must(await _rest(link) == [], "arrivals after the end")


async def check_aclose(subject: Subject) -> None:
    """Closing is bounded, can be done twice and at once, ends a `receive` that waits, and leaves what had arrived."""
    link = await subject.open()
    ended = anyio.Event()

    async def listen() -> None:
        _must({one.kind for one in await _rest(link)} <= _AFTERMATH, "strange arrivals while closing")
        ended.set()

    async with link:
        await link.send(subject.frame(0, b"hello"))
        await _next_message(link)
        with anyio.fail_after(PATIENCE):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(listen)
                tasks.start_soon(link.aclose)
                tasks.start_soon(link.aclose)
                await ended.wait()
        await link.aclose()
        _must(await _refuses(link, subject.frame(1, b"too late")), "a closed link took a frame")
        _must(await _rest(link) == [], "arrivals after the end")


async def check_aclose_when_cancelled(subject: Subject) -> None:
    """Cancellation does not keep a link from closing."""
    link = await subject.open()
    with anyio.CancelScope() as scope:
        async with link:
            await link.send(subject.frame(0, b"hello"))
            await _next_message(link)
            scope.cancel()
            await anyio.sleep(PATIENCE)
    _must(scope.cancelled_caught, "the cancellation was swallowed")
    _must(await _refuses(link, subject.frame(1, b"too late")), "a closed link took a frame")
    await _rest(link)


async def check_error_passes(subject: Subject) -> None:
    """An error in the block leaves it as it is, not wrapped."""
    caught: BaseException | None = None
    try:
        async with await subject.open():
            raise KeyError("ours")
    except BaseException as error:
        caught = error
    _must(isinstance(caught, KeyError), f"the block's error came out as {caught!r}")


async def check_two_links(subject: Subject) -> None:
    """Links are strangers to one another."""
    async with await subject.open() as one, await subject.open() as other:
        await one.send(subject.frame(0, b"to one"))
        await other.send(subject.frame(0, b"to other"))
        _must((await _next_message(other)).data == b"to other", "links mix their arrivals")
        _must((await _next_message(one)).data == b"to one", "links mix their arrivals")
        await one.aclose()
        await other.send(subject.frame(1, b"still here"))
        _must((await _next_message(other)).data == b"still here", "closing one link hurt the other")


async def check_close_channel(subject: Subject) -> None:
    """Closing what is over, or never was, does no harm; on a line link it says that no more follows."""
    async with await subject.open() as link:
        frame = subject.frame(0, b"hello")
        await link.send(frame)
        await _next_message(link)
        await link.close_channel(frame.channel)
        await link.close_channel("never there" if not subject.lines else frame.channel)
        if subject.lines:
            _must(await _refuses(link, subject.frame(1, b"too late")), "a finished link took another frame")
        else:
            await link.send(subject.frame(1, b"again"))
            _must((await _next_message(link)).data == b"again", "closing a channel closed the link")


CHECKS: Final[tuple[Callable[[Subject], Awaitable[None]], ...]] = (
    check_echo,
    check_many,
    check_big,
    check_pieces,
    check_clock,
    check_cancelled_receive,
    check_finish,
    check_aclose,
    check_aclose_when_cancelled,
    check_error_passes,
    check_two_links,
    check_close_channel,
)


async def check_link(subject: Subject) -> None:
    """All of the contract, one check after the other. Raises AssertionError that names what does not hold."""
    for check in CHECKS:
        await check(subject)
