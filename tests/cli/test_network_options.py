"""`--ca-file`, `--insecure`, `--proxy` and `--max-rps`, from the command line to the bytes."""

from __future__ import annotations

import importlib
import json
import re
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.cli.calling import Called, wireproof
from wireproof.library.shelf import load_fixtures

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="makes its certificate with openssl")
FEW = ("--revision", "2025-11-25", "--select", "mcp.ping", "--select", "mcp.lifecycle")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A self-signed certificate for 127.0.0.1, and its key."""
    folder: Path = tmp_path_factory.mktemp("tls")
    words = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=wireproof "
        "-addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out cert.pem"
    )
    subprocess.run(words.split(), cwd=folder, check=True, capture_output=True)
    return str(folder / "cert.pem"), str(folder / "key.pem")


@pytest.fixture(scope="module")
def peer() -> Iterator[str]:
    """The reference peer over HTTP; its URL."""
    load_fixtures()
    served = importlib.import_module("wireproof_fixtures.mcp").serve_http(port=0)
    yield served.url
    served.close()


Greet = Callable[[socket.socket], socket.socket | None]


@contextmanager
def forwarder(greet: Greet, onward: int) -> Iterator[int]:
    """A port whose connections are greeted (None: refused) and then joined with one to port `onward`."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        threading.Thread(target=_accept, args=(listener, greet, onward), daemon=True).start()
        yield listener.getsockname()[1]


def _accept(listener: socket.socket, greet: Greet, onward: int) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_join, args=(connection, greet, onward), daemon=True).start()


def _join(connection: socket.socket, greet: Greet, onward: int) -> None:
    try:
        near = greet(connection)
        if near is None:
            return
        with near, socket.create_connection(("127.0.0.1", onward)) as far:
            back = threading.Thread(target=_pump, args=(far, near), daemon=True)
            back.start()
            _pump(near, far)
            back.join(5)
    except OSError:
        return
    finally:
        connection.close()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        return


@pytest.fixture
def secure(certificate: tuple[str, str], peer: str) -> Iterator[str]:
    """The reference peer behind TLS; its URL."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)

    def greet(connection: socket.socket) -> socket.socket:
        return context.wrap_socket(connection, server_side=True)

    with forwarder(greet, _port(peer)) as port:
        yield f"https://127.0.0.1:{port}/mcp"


def _port(url: str) -> int:
    return int(re.findall(r":(\d+)/", url)[0])


def run(tmp_path: Path, *words: str) -> Called:
    return wireproof("run", "--timeout", "5", "--journal", str(tmp_path / "journal.jsonl"), *FEW, *words)


def test_whom_to_trust(secure: str, certificate: tuple[str, str], tmp_path: Path) -> None:
    called = run(tmp_path, "--startup-wait", "2", secure)
    assert called.code == 2
    assert "certificate" in called.err
    assert run(tmp_path, "--insecure", secure).code == 0
    assert run(tmp_path, "--ca-file", certificate[0], secure).code == 0


def test_a_tunnel_through_a_proxy(secure: str, certificate: tuple[str, str], tmp_path: Path) -> None:
    asked: list[bytes] = []

    def greet(connection: socket.socket) -> socket.socket | None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(4096)
        asked.append(head.split(b"\r\n")[0])
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        return connection

    with forwarder(greet, _port(secure)) as proxy:
        words = ("--proxy", f"http://127.0.0.1:{proxy}", "--ca-file", certificate[0], secure)
        assert run(tmp_path, *words).code == 0
    assert set(asked) == {f"CONNECT 127.0.0.1:{_port(secure)} HTTP/1.1".encode()}


def test_a_proxy_that_refuses(tmp_path: Path) -> None:
    def greet(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

    with forwarder(greet, 1) as proxy:
        called = run(tmp_path, "--startup-wait", "2", "--proxy", f"http://127.0.0.1:{proxy}", "https://127.0.0.1:1/mcp")
    assert called.code == 2
    assert "proxy" in called.err.lower() or "403" in called.err


def test_requests_are_spaced(peer: str, tmp_path: Path) -> None:
    called = run(tmp_path, "--max-rps", "20", peer)
    assert called.code == 0
    lines = [json.loads(line) for line in (tmp_path / "journal.jsonl").read_text(encoding="utf-8").splitlines()]
    sent = sum(line.get("way") == "out" for line in lines)
    assert sent > 5
    assert next(line["duration_s"] for line in lines if "duration_s" in line) >= (sent - 2) / 20
