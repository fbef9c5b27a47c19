"""Benchmarks: what wireproof itself costs, as ratios within one run, because machines differ and drift.

`make bench` prints a table: figure, median, the bare loop beside it, and the ratio. Nothing here is asserted; bars stand in README.md
of this folder. The last figures (whole runs) need the bundled peer, and a third-party server when .peers/ is there.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio

from wireproof.api import run
from wireproof.engine.lane import LaneRunner
from wireproof.engine.plan import Selection
from wireproof.engine.player import Player
from wireproof.engine.run import load_suite
from wireproof.engine.session import Session
from wireproof.engine.suite import Suite
from wireproof.model.events import Event
from wireproof.model.exchange import Exchange
from wireproof.model.target import Target
from wireproof.model.wire import Frame, Kind
from wireproof.transports.dial import dial

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 3
ECHO = (
    "import sys, json\n"
    "for line in sys.stdin.buffer:\n"
    "    m = json.loads(line)\n"
    "    if 'id' in m:\n"
    "        r = {'protocolVersion': m.get('params', {}).get('protocolVersion'), 'capabilities': {},\n"
    "             'serverInfo': {'name': 'echo', 'version': '1'}} if m['method'] == 'initialize' else {}\n"
    "        sys.stdout.buffer.write(json.dumps({'jsonrpc': '2.0', 'id': m['id'], 'result': r}).encode() + b'\\n')\n"
    "        sys.stdout.buffer.flush()\n"
)


class CannedPeer:
    """Answers everything on the memory link and counts its own CPU, so that it can be taken off the bill."""

    def __init__(self) -> None:
        self.cpu = 0.0

    def __call__(
        self, read_line: Callable[[], bytes | None], write_line: Callable[[bytes], None], _: Callable[[bytes], None]
    ) -> None:
        begun = time.thread_time()
        while (line := read_line()) is not None:
            message = json.loads(line)
            if "id" in message:
                result = {
                    "protocolVersion": "2025-11-25",
                    "capabilities": {},
                    "serverInfo": {"name": "c", "version": "1"},
                }
                write_line(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}).encode() + b"\n")
        self.cpu = time.thread_time() - begun


def ignore(_: Event) -> None:
    return None


async def with_session(
    suite: Suite, target: Target, transport: str, body: Callable[[Session], Awaitable[float]]
) -> float:
    """Opens one session as a lane would and hands it to `body`."""
    revision = suite.catalogue.revision("2025-11-25")
    async with anyio.create_task_group() as tasks:
        lane = LaneRunner(
            target=target,
            suite=suite,
            revision=revision,
            transport=transport,
            selection=Selection(),
            emit=ignore,
            tasks=tasks,
            names=lambda: "t",
        )
        session = await lane.session("main")
        figure = await body(session)
        await session.close()
    return figure


async def never(_: Exchange, __: bool) -> Session | None:
    return None


def own_cpu_per_exchange(suite: Suite, count: int = 2000) -> float:
    """Milliseconds of our own CPU for one exchange of two requests on the memory link."""
    peer = CannedPeer()
    exchange = suite.named("mcp.ping.answered")

    async def body(session: Session) -> float:
        begun = time.process_time()
        player = Player(session, never)
        for _ in range(count):
            await player.play(exchange)
        return time.process_time() - begun

    total = anyio.run(with_session, suite, Target(serve=peer), "memory", body)
    return max(0.0, total - peer.cpu) / count * 1000


async def link_rate(target: Target, frames: int) -> float:
    """Round trips a second on the bare link, one in flight."""
    message = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'
    async with await dial(target) as link:
        begun = time.perf_counter()
        for number in range(frames):
            meta = (
                {"method": "POST", "target": "/", "headers": [["Content-Type", "application/json"]]}
                if target.url
                else {}
            )
            await link.send(Frame(data=message, channel=f"c{number}" if target.url else "main", meta=meta))
            last = Kind.END if target.url else Kind.MESSAGE
            while (await link.receive()).kind is not last:
                pass
        return frames / (time.perf_counter() - begun)


def bare_stdio(frames: int) -> float:
    """The same round trips with blocking pipes and nothing else."""
    with subprocess.Popen([sys.executable, "-c", ECHO], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        message = b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n'
        child.stdin.write(message)
        child.stdin.flush()
        child.stdout.readline()
        begun = time.perf_counter()
        for _ in range(frames):
            child.stdin.write(message)
            child.stdin.flush()
            child.stdout.readline()
        rate = frames / (time.perf_counter() - begun)
        child.stdin.close()
    return rate


class HttpEcho:
    """A trivial keep-alive HTTP server in a thread: one fixed answer per request."""

    def __init__(self) -> None:
        import socket

        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        body = b'{"jsonrpc":"2.0","id":1,"result":{}}'
        answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
            len(body),
            body,
        )
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection:
                while connection.recv(65536):
                    connection.sendall(answer)

    def close(self) -> None:
        self.socket.close()


def bare_http(port: int, frames: int) -> float:
    """The same requests on a blocking socket."""
    import socket

    with socket.create_connection(("127.0.0.1", port)) as connection:
        body = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'
        request = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
            len(body),
            body,
        )
        begun = time.perf_counter()
        for _ in range(frames):
            connection.sendall(request)
            connection.recv(65536)
        return frames / (time.perf_counter() - begun)


def seconds_of(*command: str) -> float:
    begun = time.perf_counter()
    subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    return time.perf_counter() - begun


def median(measure: Callable[[], float]) -> float:
    return statistics.median(measure() for _ in range(ROUNDS))


def whole_run(suite: Suite, target: Target) -> float:
    begun = time.perf_counter()
    run(target, suite=suite)
    return time.perf_counter() - begun


def main() -> None:
    suite = load_suite()
    rows: list[tuple[str, float, float | None, str]] = []
    rows.append(("own CPU per exchange, memory link (ms)", median(lambda: own_cpu_per_exchange(suite)), None, "< 2"))
    echo = Target(command=(sys.executable, "-c", ECHO))
    rows.append(
        (
            "round trips/s, stdio",
            median(lambda: anyio.run(link_rate, echo, 3000)),
            median(lambda: bare_stdio(3000)),
            "",
        )
    )
    server = HttpEcho()
    url = f"http://127.0.0.1:{server.port}/"
    rows.append(
        (
            "round trips/s, HTTP",
            median(lambda: anyio.run(link_rate, Target(url=url), 1500)),
            median(lambda: bare_http(server.port, 1500)),
            "",
        )
    )
    server.close()
    python = sys.executable
    rows.append(
        (
            "wireproof --help (s)",
            median(lambda: seconds_of(python, "-m", "wireproof", "--help")),
            median(lambda: seconds_of(python, "-c", "pass")),
            "< 0.35",
        )
    )
    reference = Target(command=(python, str(ROOT / "fixtures"), "mcp", "stdio"))
    rows.append(("default run, reference peer, stdio (s)", median(lambda: whole_run(suite, reference)), None, ""))
    everything = ROOT / ".peers/npm-reference/node_modules/@modelcontextprotocol/server-everything/dist/index.js"
    if everything.exists():
        third = Target(command=("node", str(everything), "stdio"))
        rows.append(
            ("default run, server-everything, stdio (s)", median(lambda: whole_run(suite, third)), None, "< 15")
        )
    print(f"{os.cpu_count()} cores, median of {ROUNDS}")
    print(f"{'figure':48} {'wireproof':>10} {'bare':>10} {'ratio':>7}  bar")
    for name, figure, bare, bar in rows:
        ratio = f"{figure / bare:.2f}" if bare else ""
        print(
            f"{name:48} {figure:10.2f} {bare if bare is not None else float('nan'):10.2f} {ratio:>7}  {bar}".replace(
                "nan", "  -"
            )
        )


if __name__ == "__main__":
    main()
