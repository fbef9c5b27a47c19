"""Web servers that no MCP client would like, on loopback, each a thread a connection."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from urllib.parse import quote

Serve = Callable[[socket.socket, bytes], None]
"""(connection, head and first bytes of the request)"""


def reply(status: str, *fields: str, body: bytes = b"") -> bytes:
    head = "\r\n".join([f"HTTP/1.1 {status}", *fields, f"Content-Length: {len(body)}", "Connection: close", "", ""])
    return head.encode() + body


def fixed(data: bytes) -> Serve:
    def serve(connection: socket.socket, _: bytes) -> None:
        connection.sendall(data)

    return serve


def stream(piece: bytes, pause: float) -> Serve:
    """An event stream that never ends, and whose reader decides how long it lasts."""

    def serve(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        gone = threading.Event()
        while not gone.wait(pause):
            connection.sendall(piece)

    return serve


def hangs(connection: socket.socket, _: bytes) -> None:
    while connection.recv(4096):
        pass


def echoes(connection: socket.socket, request: bytes) -> None:
    """A server that says back what it was sent in the Authorization field, in every usual spelling."""
    fields = [line.partition(b": ") for line in request.split(b"\r\n")]
    secret = next((value.decode() for name, _, value in fields if name.lower() == b"authorization"), "").removeprefix(
        "Bearer "
    )
    said = [
        secret,
        base64.b64encode(secret.encode()).decode(),
        base64.urlsafe_b64encode(f"user:{secret}".encode()).decode(),
        quote(secret, safe=""),
        json.dumps(secret)[1:-1],
        secret.replace("/", "\\/"),
        "".join(f"\\u{ord(char):04x}" for char in secret),
    ]
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "error": {"code": -32000, "message": " ".join(said)}}).encode()
    connection.sendall(reply("200 OK", "Content-Type: application/json", f"X-Echo: {secret}", body=body))


@contextlib.contextmanager
def web(serve: Serve) -> Iterator[str]:
    """The URL of such a server; it is gone afterwards, with every connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    connections: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def one(connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            head = b""
            while b"\r\n\r\n" not in head:
                piece = connection.recv(65536)
                if not piece:
                    return
                head += piece
            serve(connection, head)

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connections.append(connection)
            threads.append(threading.Thread(target=one, args=(connection,), daemon=True))
            threads[-1].start()

    acceptor = threading.Thread(target=accept, daemon=True)
    acceptor.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in (acceptor, *threads):
            thread.join(5)
