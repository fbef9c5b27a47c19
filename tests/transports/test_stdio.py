"""Child processes that behave badly."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import anyio
import pytest

from tests.transports.processes import alive, gone
from wireproof.model.errors import TargetUnreachable, UsageError
from wireproof.model.wire import Arrival, Frame, Kind
from wireproof.transports import pipes
from wireproof.transports.inbox import MAX_ARRIVALS
from wireproof.transports.link import MAX_FRAME, LinkClosed
from wireproof.transports.stdio import StdioLink

pytestmark = pytest.mark.anyio


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


async def rest(link: StdioLink, seconds: float = 10.0) -> list[Arrival]:
    found: list[Arrival] = []
    with anyio.fail_after(seconds):
        while True:
            try:
                found.append(await link.receive())
            except LinkClosed:
                return found


async def message(link: StdioLink) -> bytes:
    with anyio.fail_after(10):
        while (arrival := await link.receive()).kind is not Kind.MESSAGE:
            pass
    return arrival.data


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (("wireproof-no-such-command",), "no such command"),
        (("/dev/null",), "not executable"),
        ((str(Path(__file__)),), "not executable"),
    ],
)
async def test_a_command_that_cannot_start(command: tuple[str, ...], says: str) -> None:
    with pytest.raises(TargetUnreachable, match=says) as caught:
        await StdioLink.open(command)
    assert caught.value.hint


async def test_a_file_that_is_no_program(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("what is this?")
    program.chmod(0o755)
    with pytest.raises(TargetUnreachable, match="format"):
        await StdioLink.open((str(program),))


async def test_misuse_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        await StdioLink.open(())
    with pytest.raises(UsageError):
        await StdioLink.open(("nul\0byte",))
    with pytest.raises(TargetUnreachable, match="no such directory"):
        await StdioLink.open(python(""), cwd=str(tmp_path / "nowhere"))


async def test_environment_and_directory(tmp_path: Path) -> None:
    code = "import os; print(os.environ['WIREPROOF_TEST'], 'PATH' in os.environ, os.getcwd())"
    async with await StdioLink.open(python(code), env={"WIREPROOF_TEST": "here"}, cwd=str(tmp_path)) as link:
        assert await message(link) == f"here True {tmp_path}".encode()


async def test_exits_at_once() -> None:
    async with await StdioLink.open(python("import sys; sys.stderr.write('sorry'); sys.exit(3)")) as link:
        got = await rest(link)
        assert {one.kind for one in got[:-1]} == {Kind.STDERR, Kind.EOF}  # two pipes, in either order
        assert b"".join(one.data for one in got if one.kind is Kind.STDERR) == b"sorry"
        assert got[-1].kind is Kind.EXIT
        assert got[-1].meta == {"code": 3, "signal": None, "asked": ""}
        with pytest.raises(LinkClosed):
            await link.send(Frame(data=b"anybody there?"))
    assert gone(link.pid, 0)


async def test_dies_of_a_signal() -> None:
    async with await StdioLink.open(python("import os; os.kill(os.getpid(), 9)")) as link:
        assert (await rest(link))[-1].meta == {"code": -9, "signal": "SIGKILL", "asked": ""}


async def test_the_last_line_without_a_newline_and_the_order_of_the_end() -> None:
    code = "import sys; sys.stdout.write('a\\r\\nb'); sys.stdout.flush(); sys.stdin.read()"
    async with await StdioLink.open(python(code)) as link:
        assert await message(link) == b"a"
        await link.finish()
        got = await rest(link)
        assert [(one.kind, one.data) for one in got] == [(Kind.MESSAGE, b"b"), (Kind.EOF, b""), (Kind.EXIT, b"")]
        assert got[-1].meta["asked"] == "stdin"


async def test_closes_stdout_but_lives_on() -> None:
    code = "import os, sys; os.close(1); sys.stdin.read()"
    async with await StdioLink.open(python(code)) as link:
        with anyio.fail_after(10):
            assert (await link.receive()).kind is Kind.EOF
        with anyio.move_on_after(0.1) as scope:
            await link.receive()
        assert scope.cancelled_caught
        await link.finish()
        assert [one.kind for one in await rest(link)] == [Kind.EXIT]


async def test_ignores_everything_but_kill() -> None:
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True)\nwhile True: time.sleep(60)"
    link = await StdioLink.open(python(code), grace=0.2)
    async with link:
        await message(link)
        begun = time.monotonic()
    assert time.monotonic() - begun < 20  # not for ever
    assert gone(link.pid, 0)
    assert (await rest(link))[-1].meta == {"code": -9, "signal": "SIGKILL", "asked": "kill"}


async def test_ends_on_term() -> None:
    code = "import time; print('up', flush=True)\nwhile True: time.sleep(60)"
    async with await StdioLink.open(python(code), grace=0.2) as link:
        await message(link)
    assert gone(link.pid, 0)
    assert (await rest(link))[-1].meta == {"code": -signal.SIGTERM, "signal": "SIGTERM", "asked": "term"}


GRANDCHILD = """
import signal, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"],
                         stdin=subprocess.DEVNULL)
time.sleep(0.5)
print(child.pid, flush=True)
{after}
"""


@pytest.mark.parametrize("after", ["sys.stdin.read()", "sys.exit(0)", "time.sleep(60)"])
async def test_a_grandchild_does_not_survive(after: str) -> None:
    async with await StdioLink.open(python(GRANDCHILD.format(after=after)), grace=0.3) as link:
        assert await message(link) == b"up"
        grandchild = int(await message(link))
        assert alive(grandchild)
        if after == "sys.exit(0)":
            got = await rest(link, 3.0)
            assert [one.kind for one in got] == [Kind.EOF, Kind.EXIT]
            assert got[0].meta == {"held": True}
    assert gone(link.pid, 0)
    assert gone(grandchild)


async def test_a_descendant_out_of_reach_cannot_hold_up_the_end() -> None:
    code = GRANDCHILD.format(after="sys.exit(0)").replace("stdin=subprocess.DEVNULL", "start_new_session=True")
    async with await StdioLink.open(python(code), grace=0.3) as link:
        assert await message(link) == b"up"
        grandchild = int(await message(link))
        begun = time.monotonic()
    assert time.monotonic() - begun < 20  # not for ever
    os.kill(grandchild, signal.SIGKILL)


async def test_floods_and_is_held_back() -> None:
    code = "import sys\nfor n in range(200000): sys.stdout.write('line %d\\n' % n)"
    async with await StdioLink.open(python(code)) as link:
        await anyio.sleep(0.7)
        assert len(link._inbox._items) <= MAX_ARRIVALS + pipes.CHUNK
        got = await rest(link, 30)
    lines = [one.data for one in got if one.kind is Kind.MESSAGE]
    assert lines == [b"line %d" % number for number in range(200000)]


async def test_floods_for_ever_and_is_closed_all_the_same() -> None:
    async with await StdioLink.open(python("import os\nwhile True: os.write(1, b'x\\n' * 9999)"), grace=0.3) as link:
        await message(link)
        await anyio.sleep(0.2)
        begun = time.monotonic()
    assert time.monotonic() - begun < 20  # not for ever
    assert gone(link.pid, 0)
    got = await rest(link)
    assert [one.kind for one in got[-2:]] == [Kind.EOF, Kind.EXIT]
    assert got[-2].meta["dropped"] > 0


async def test_one_line_without_end_is_cut_off() -> None:
    code = f"import sys\nfor _ in range({MAX_FRAME // 1000000 + 4}): sys.stdout.write('x' * 1000000)\nprint(); print('next')"
    async with await StdioLink.open(python(code)) as link:
        got = await rest(link, 30)
    assert [one.kind for one in got] == [Kind.FAULT, Kind.MESSAGE, Kind.EOF, Kind.EXIT]
    assert got[0].meta["why"].startswith("frame-too-long")
    assert got[1].data == b"next"


async def test_much_stderr_does_not_block_the_target() -> None:
    code = "import sys\nfor _ in range(3000): sys.stderr.write('e' * 999 + '\\n')\nprint('done')"
    async with await StdioLink.open(python(code)) as link:
        got = await rest(link)
    assert b"done" in [one.data for one in got if one.kind is Kind.MESSAGE]
    noise = [one for one in got if one.kind is Kind.STDERR]
    assert len(noise) == 1024 * 1024 // 1000 + 2
    assert [one.meta.get("truncated", False) for one in noise[-2:]] == [False, True]


async def test_never_reads_its_stdin() -> None:
    async with await StdioLink.open(python("import time; time.sleep(60)"), grace=0.1, send_deadline=0.3) as link:
        begun = time.monotonic()
        with pytest.raises(LinkClosed):
            await link.send(Frame(data=b"x" * 1_000_000))
        assert time.monotonic() - begun < 20  # not for ever
        assert (await link.receive()).meta["why"].startswith("timeout: ")
        with pytest.raises(LinkClosed):
            await link.send(Frame(data=b"after half a line nothing may follow"))


async def test_a_cancelled_send_leaves_no_half_line_to_be_continued() -> None:
    async with await StdioLink.open(python("import time; time.sleep(60)"), grace=0.1) as link:
        with anyio.move_on_after(0.1):
            await link.send(Frame(data=b"x" * 1_000_000))
        with pytest.raises(LinkClosed):
            await link.send(Frame(data=b"y"))


async def test_finish_wakes_a_send_that_waits() -> None:
    async with (
        await StdioLink.open(python("import time; time.sleep(60)"), grace=0.1) as link,
        anyio.create_task_group() as tasks,
    ):

        async def blocked() -> None:
            with pytest.raises(LinkClosed):
                await link.send(Frame(data=b"x" * 1_000_000))

        tasks.start_soon(blocked)
        await anyio.sleep(0.1)
        await link.finish()


async def test_other_ends_of_lines() -> None:
    async with await StdioLink.open(("cat",)) as link:
        await link.send(Frame(data=b"a", meta={"end": b""}))
        await link.send(Frame(data=b"b", meta={"end": b"\r\n"}))
        assert await message(link) == b"ab"


async def test_reader_threads_do_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipes, "POLLS", False)
    code = (
        "import sys\nfor n in range(30000): sys.stdout.write('line %d\\n' % n)\nsys.stdout.write(sys.stdin.readline())"
    )
    async with await StdioLink.open(python(code)) as link:
        await link.send(Frame(data=b"hello"))
        await anyio.sleep(0.3)
        got = await rest(link)
    assert [one.data for one in got if one.kind is Kind.MESSAGE][-2:] == [b"line 29999", b"hello"]
    assert [one.kind for one in got[-2:]] == [Kind.EOF, Kind.EXIT]
    assert len(got) == 30003
