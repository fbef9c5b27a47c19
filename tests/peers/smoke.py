"""Start every installed peer once, open a conversation, list its tools, stop it, and see that nothing stays behind.

Called by `install.py --smoke`. This is not a judgement of a peer, only the proof that it runs here and offers the
revisions that `peers.toml` says. Stdlib only, so that it works before anything of the project does.
"""

from __future__ import annotations

import http.client
import json
import os
import queue
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, Any, Protocol
from urllib.parse import urljoin, urlsplit

from peerlist import Launch, Peer, PeerList, free_port

DEFAULT_REVISION = "2025-11-25"
SSE_REVISION = "2024-11-05"
"""The only revision that knows the HTTP+SSE transport."""

STATELESS = frozenset({"2026-07-28"})
"""Revisions without initialize: the conversation opens with server/discover instead."""

ANSWER_DEADLINE_S = 20.0
EXIT_DEADLINE_S = 5.0
AT_ONCE = 2

Message = dict[str, Any]


class SmokeError(Exception):
    """A peer did not start, did not answer, or answered something else than was asked for."""


class Talk(Protocol):
    """One open conversation: `ask` waits for the answer to a request, `tell` sends a notification."""

    def ask(self, message: Message) -> Message:
        """Send a request and give its answer back."""

    def tell(self, message: Message) -> None:
        """Send a notification."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one start showed. `ready_ms`: from the spawn to the first answer; `fault` is empty when all went well."""

    peer: str
    transport: str
    revision: str
    server: str
    tools: int
    ready_ms: int
    ended: str
    fault: str


def _group_lives(pid: int) -> bool:
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return False
    return True


def stop(process: subprocess.Popen[bytes], *, stdio: bool) -> str:
    """End the process group the polite way first; says how it went (`exit 0`, `SIGTERM`, `SIGKILL`)."""
    if process.stdin:
        with suppress(BrokenPipeError):
            process.stdin.close()
    how = ""
    if stdio:
        with suppress(subprocess.TimeoutExpired):
            how = f"exit {process.wait(EXIT_DEADLINE_S)}"
    for name in (signal.SIGTERM, signal.SIGKILL):
        if not _group_lives(process.pid):
            break
        with suppress(ProcessLookupError):
            os.killpg(process.pid, name)
            how = f"{how}, {name.name}" if how else name.name
        until = time.monotonic() + EXIT_DEADLINE_S
        while time.monotonic() < until and _group_lives(process.pid):
            process.poll()  # reap the leader, or its zombie keeps the group alive
            time.sleep(0.02)
    process.wait(EXIT_DEADLINE_S)
    return how


class Lines:
    """The lines of a stream, read by a thread, so that waiting for one has a deadline."""

    def __init__(self, read: Callable[[], bytes]) -> None:
        """`read` gives the next line, or an empty one at the end."""
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(target=self._pump, args=(read,), daemon=True).start()

    def _pump(self, read: Callable[[], bytes]) -> None:
        with suppress(OSError, ValueError, http.client.HTTPException, AttributeError):  # closed under the reader
            while line := read():
                self._lines.put(line)
        self._lines.put(b"")

    def next(self, until: float) -> bytes:
        """The next line; raises SmokeError at the end of the stream or when `until` (monotonic seconds) has passed."""
        try:
            line = self._lines.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            raise SmokeError("no answer in time") from None
        if not line:
            raise SmokeError("the stream ended before the answer")
        return line


def _events(lines: Lines, until: float) -> Iterator[tuple[str, str]]:
    """The (event, data) pairs of an SSE stream."""
    event, data = "message", []
    while True:
        line = lines.next(until).decode().rstrip("\r\n")
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            event = value
        elif name == "data":
            data.append(value)
        elif not line:
            if any(data):
                yield event, "\n".join(data)
            event, data = "message", []


def _is_answer(found: object, asked: Message) -> bool:
    return isinstance(found, dict) and found.get("id") == asked["id"] and "method" not in found


class StdioTalk:
    """One JSON message a line, both ways."""

    def __init__(self, process: subprocess.Popen[bytes], deadline_s: float) -> None:
        """`deadline_s`: seconds for each answer."""
        assert process.stdin
        assert process.stdout
        self._stdin, self._lines, self._deadline_s = process.stdin, Lines(process.stdout.readline), deadline_s

    def ask(self, message: Message) -> Message:
        """Send a request and give its answer back."""
        self.tell(message)
        until = time.monotonic() + self._deadline_s
        while True:
            line = self._lines.next(until)
            try:
                found: Any = json.loads(line)
            except ValueError:
                raise SmokeError(f"not JSON on stdout: {line[:80]!r}") from None
            if _is_answer(found, message):
                answer: Message = found
                return answer

    def tell(self, message: Message) -> None:
        """Send a notification."""
        try:
            self._stdin.write(json.dumps(message).encode() + b"\n")
            self._stdin.flush()
        except BrokenPipeError:
            raise SmokeError("the process closed its stdin") from None


@contextmanager
def _connection(port: int | None) -> Iterator[http.client.HTTPConnection]:
    """A loopback connection; its end also wakes a thread that still reads from it, or closing would wait for that."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_DEADLINE_S)
    connection.connect()
    wire = connection.sock
    try:
        yield connection
    finally:
        with suppress(OSError):
            wire.shutdown(socket.SHUT_RDWR)
        connection.close()


class HttpTalk:
    """Streamable HTTP, a connection for each message."""

    def __init__(self, url: str, revision: str) -> None:
        """`url` is the MCP endpoint."""
        self._url, self._revision, self._session = urlsplit(url), revision, ""

    def _headers(self, message: Message) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
        if self._session:
            headers["Mcp-Session-Id"] = self._session
        if message["method"] != "initialize":
            headers["MCP-Protocol-Version"] = self._revision
        if self._revision in STATELESS:
            headers["Mcp-Method"] = message["method"]
        return headers

    @contextmanager
    def _post(self, message: Message) -> Iterator[http.client.HTTPResponse]:
        with _connection(self._url.port) as connection:
            connection.request("POST", self._url.path, json.dumps(message), self._headers(message))
            yield connection.getresponse()

    def ask(self, message: Message) -> Message:
        """Send a request and give its answer back, from a JSON body or an event stream."""
        with self._post(message) as response:
            kind = response.headers.get("Content-Type", "")
            self._session = response.headers.get("Mcp-Session-Id", self._session)
            if response.status != 200:
                raise SmokeError(f"HTTP {response.status}: {response.read(200)!r}")
            if not kind.startswith("text/event-stream"):
                found: Message = json.loads(response.read())
                return found
            for _, data in _events(Lines(response.readline), time.monotonic() + ANSWER_DEADLINE_S):
                if _is_answer(found := json.loads(data), message):
                    return found
        raise SmokeError("unreachable: the event stream ends with an error")

    def tell(self, message: Message) -> None:
        """Send a notification."""
        with self._post(message) as response:
            if response.status != 202:
                raise SmokeError(f"HTTP {response.status} for a notification")


class SseTalk:
    """HTTP+SSE of the first revision: one GET stream that carries the answers, POST for every message."""

    def __init__(self, url: str, connection: http.client.HTTPConnection) -> None:
        """`url` is the address of the stream; `connection` is closed by the caller."""
        connection.request("GET", urlsplit(url).path, headers={"Accept": "text/event-stream"})
        stream = connection.getresponse()
        self._events = _events(Lines(stream.readline), time.monotonic() + ANSWER_DEADLINE_S)
        event, data = next(self._events)
        if event != "endpoint":
            raise SmokeError(f"the first event is {event!r}, not the endpoint")
        self._endpoint = urlsplit(urljoin(url, data))

    def ask(self, message: Message) -> Message:
        """Send a request and give its answer back."""
        self.tell(message)
        for _, data in self._events:
            if _is_answer(found := json.loads(data), message):
                answer: Message = found
                return answer
        raise SmokeError("unreachable: the event stream ends with an error")

    def tell(self, message: Message) -> None:
        """Send a message and take its receipt."""
        with _connection(self._endpoint.port) as connection:
            target = f"{self._endpoint.path}?{self._endpoint.query}"
            connection.request("POST", target, json.dumps(message), {"Content-Type": "application/json"})
            if (status := connection.getresponse().status) not in (200, 202):
                raise SmokeError(f"HTTP {status} for a message")


def _wait_for_port(process: subprocess.Popen[bytes], url: str, deadline_s: float) -> None:
    until = time.monotonic() + deadline_s
    while time.monotonic() < until:
        if process.poll() is not None:
            raise SmokeError(f"exit {process.returncode} before it listened")
        try:
            with socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), timeout=1.0):
                return
        except OSError:
            time.sleep(0.05)
    raise SmokeError(f"does not listen after {deadline_s:.0f} s")


@contextmanager
def open_talk(
    process: subprocess.Popen[bytes], launch: Launch, transport: str, revision: str, wait_s: float
) -> Iterator[Talk]:
    """A conversation with a started peer, closed at the end; the process is the caller's to stop."""
    if launch.url is None:
        yield StdioTalk(process, wait_s)
        return
    _wait_for_port(process, launch.url, wait_s)
    if transport == "http":
        yield HttpTalk(launch.url, revision)
        return
    with _connection(urlsplit(launch.url).port) as connection:
        yield SseTalk(launch.url, connection)


def _result(answer: Message) -> Message:
    if "result" not in answer:
        raise SmokeError(f"error {json.dumps(answer.get('error'))[:160]}")
    result: Message = answer["result"]
    return result


def _request(number: int, method: str, params: Message) -> Message:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def greet(talk: Talk, revision: str) -> Message:
    """Open the conversation in this revision; gives the server's name and version. Raises SmokeError otherwise."""
    who = {"name": "smoke", "version": "1"}
    if revision not in STATELESS:
        params: Message = {"protocolVersion": revision, "capabilities": {}, "clientInfo": who}
        opened = _result(talk.ask(_request(1, "initialize", params)))
        if (given := opened["protocolVersion"]) != revision:
            raise SmokeError(f"offers {given} instead")
        talk.tell({"jsonrpc": "2.0", "method": "notifications/initialized"})
        info: Message = opened["serverInfo"]
        return info
    opened = _result(talk.ask(_request(1, "server/discover", {"_meta": meta_of(revision)})))
    if revision not in opened["supportedVersions"]:
        raise SmokeError(f"supports {opened['supportedVersions']}")
    found: Message = opened.get("_meta", {}).get("io.modelcontextprotocol/serverInfo", {})
    return found


def meta_of(revision: str) -> Message:
    """What every request of a stateless revision carries in `_meta`."""
    prefix = "io.modelcontextprotocol/"
    return {
        f"{prefix}protocolVersion": revision,
        f"{prefix}clientCapabilities": {},
        f"{prefix}clientInfo": {"name": "smoke", "version": "1"},
    }


def _tail(stderr: IO[bytes]) -> str:
    stderr.seek(0)
    lines = stderr.read().decode(errors="replace").strip().splitlines()
    return f" | {lines[-1][:160]}" if lines else ""


def try_one(peer: Peer, transport: str, revision: str) -> Outcome:
    """Start one peer on one transport, greet it in one revision, list its tools, stop it. OSError: cannot start."""
    launch = peer.launches[transport].fill(port=free_port())
    stdio = launch.url is None
    server, tools, ready_ms, fault = "", 0, 0, ""
    with tempfile.TemporaryFile() as stderr:
        started = time.monotonic()
        process = subprocess.Popen(
            launch.command,
            stdin=subprocess.PIPE if stdio else subprocess.DEVNULL,
            stdout=subprocess.PIPE if stdio else stderr,
            stderr=stderr,
            env=launch.environ(),
            start_new_session=True,
        )
        try:
            with open_talk(process, launch, transport, revision, peer.startup_s) as talk:
                info = greet(talk, revision)
                ready_ms = round((time.monotonic() - started) * 1000)
                server = f"{info.get('name', '?')} {info.get('version', '?')}"
                params = {"_meta": meta_of(revision)} if revision in STATELESS else {}
                tools = len(_result(talk.ask(_request(2, "tools/list", params)))["tools"])
        except (SmokeError, OSError, http.client.HTTPException, ValueError, KeyError) as error:
            fault = f"{type(error).__name__}: {error}{_tail(stderr)}"
        finally:
            ended = stop(process, stdio=stdio)
            if process.stdout:
                process.stdout.close()
        if _group_lives(process.pid):
            fault = f"{fault} left processes behind".strip()
    return Outcome(
        peer=peer.name,
        transport=transport,
        revision=revision,
        server=server,
        tools=tools,
        ready_ms=ready_ms,
        ended=ended,
        fault=fault,
    )


def choose(peer: Peer, transport: str, wanted: Sequence[str]) -> tuple[str, ...]:
    """The revisions to try a peer in: those wanted that it is known to offer there (none wanted: the default)."""
    if transport == "sse":
        return (SSE_REVISION,)
    known = peer.revisions if "all" in wanted else tuple(wanted) or (DEFAULT_REVISION,)
    return tuple(each for each in known if each in peer.revisions)


def _row(peer: Peer, transport: str, revision: str) -> Outcome:
    try:
        return try_one(peer, transport, revision)
    except OSError as error:
        return Outcome(
            peer=peer.name,
            transport=transport,
            revision=revision,
            server="",
            tools=0,
            ready_ms=0,
            ended="",
            fault=f"not started: {error}",
        )


def run(peers: PeerList, wanted: Sequence[str] = ()) -> int:
    """Try every peer on each of its transports and print a table; 0 when all went well, else 1."""
    jobs = [(peer, way, each) for peer in peers.peers for way in peer.launches for each in choose(peer, way, wanted)]
    started, failed = time.monotonic(), 0
    row = "{:20} {:6} {:11} {:>8} {:>6}  {:14} {:34} {}"
    print(row.format("peer", "on", "revision", "ready ms", "tools", "end", "says it is", "verdict"), flush=True)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for got in pool.map(lambda job: _row(*job), jobs):
            failed += bool(got.fault)
            verdict = f"FAILED {got.fault}" if got.fault else "ok"
            cells = (got.peer, got.transport, got.revision, got.ready_ms, got.tools, got.ended, got.server, verdict)
            print(row.format(*cells), flush=True)
    print(f"{len(jobs)} started, {failed} failed, {time.monotonic() - started:.1f} s")
    return 1 if failed or not jobs else 0
