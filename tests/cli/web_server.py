"""An HTTP server for tests that answers late, with a child of its own: web_server.py PORT SECONDS PIDFILE. Standard library only.

It knows ping and a revision, nothing else; with a fourth word it writes that to stderr and ends at once.
"""

import json
import os
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PORT, SECONDS, PIDS, *LAST = sys.argv[1:]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        message = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if "id" not in message:
            self.reply(202, b"")
            return
        result = {}
        if message["method"] == "initialize":
            version = message["params"]["protocolVersion"]
            server = {"name": "Web Thing!", "version": os.environ.get("THING", "1")}
            result = {"protocolVersion": version, "capabilities": {}, "serverInfo": server}
        elif message["method"] != "ping":
            error = {"code": -32601, "message": "no such method"}
            self.reply(200, json.dumps({"jsonrpc": "2.0", "id": message["id"], "error": error}).encode())
            return
        self.reply(200, json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}).encode())

    def do_GET(self) -> None:
        self.reply(405, b"")

    def do_DELETE(self) -> None:
        self.reply(405, b"")

    def do_OPTIONS(self) -> None:
        self.reply(405, b"")

    def reply(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


if LAST:
    sys.exit(LAST[0])
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
Path(PIDS).write_text(f"{os.getpid()} {child.pid}", encoding="ascii")
time.sleep(float(SECONDS))
ThreadingHTTPServer(("127.0.0.1", int(PORT)), Handler).serve_forever()
