"""Small raw HTTP servers in threads; what they answer is bytes that the test gives."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

Talk = Callable[["Conversation"], None]


class Conversation:
    """One accepted connection."""

    def __init__(self, raw: socket.socket, number: int) -> None:
        self.socket = raw
        self.number = number  # counts the server's connections from 1
        self.buffer = b""

    def read_request(self) -> tuple[bytes, bytes] | None:
        """Head and body (by Content-Length) of the next request; None when the client is gone."""
        while b"\r\n\r\n" not in self.buffer:
            if not self._more():
                return None
        head, _, rest = self.buffer.partition(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        self.buffer = rest
        while len(self.buffer) < length:
            if not self._more():
                return None
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return head, body

    def _more(self) -> bool:
        chunk = self.socket.recv(65536)
        self.buffer += chunk
        return bool(chunk)

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def answer(self, body: bytes, *fields: str, status: str = "200 OK") -> None:
        head = "\r\n".join([f"HTTP/1.1 {status}", *fields, f"Content-Length: {len(body)}", "", ""])
        self.send(head.encode() + body)

    def reset(self) -> None:
        """Closes with RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def wait_gone(self, seconds: float = 10.0) -> bool:
        """Did the client close its side in time?"""
        self.socket.settimeout(seconds)
        try:
            while self.socket.recv(65536):
                pass
        except TimeoutError:
            return False
        except OSError:
            return True
        return True


class Server:
    """Plays `talk` on each connection, a thread each; leaves nothing behind after the block."""

    def __init__(self, talk: Talk, context: ssl.SSLContext | None = None) -> None:
        self._talk = talk
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"{'https' if context else 'http'}://127.0.0.1:{self.port}/mcp"
        self.connections = 0
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def _accept(self) -> None:
        while True:
            try:
                raw, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._sockets.append(raw)
            thread = threading.Thread(target=self._serve, args=(raw, self.connections))
            self._threads.append(thread)
            thread.start()

    def _serve(self, raw: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError), raw:
            stream = raw
            if self._context is not None:
                stream = self._context.wrap_socket(raw, server_side=True)
                self._sockets.append(stream)
            with stream:
                self._talk(Conversation(stream, number))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in self._sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()


def echo(talk: Conversation) -> None:
    """Answers every request with its own body."""
    while (request := talk.read_request()) is not None:
        talk.answer(request[1], "Content-Type: application/octet-stream")


def self_signed(folder: Path) -> tuple[str, str]:
    """Paths of a certificate for 127.0.0.1 that signs itself, and of its key; made with openssl."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        (
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=wireproof "
            f"-addext subjectAltName=IP:127.0.0.1 -keyout {key.name} -out {cert.name}"
        ).split(),
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return str(cert), str(key)
