"""A command that is no decent MCP server: bad_server.py HABIT [PIDFILE]. Standard library only, so that it starts at once."""

import json
import os
import signal
import sys
import time
from pathlib import Path

HABIT = sys.argv[1]
OUT, IN = sys.stdout.buffer, sys.stdin.buffer


def say(data: bytes) -> None:
    OUT.write(data)
    OUT.flush()


def answer(message: dict, **parts: object) -> None:
    say(json.dumps({"jsonrpc": "2.0", "id": message["id"], **parts}).encode() + b"\n")


def requests():
    for line in IN:
        message = json.loads(line)
        if isinstance(message, dict) and "id" in message and "method" in message:
            yield message


def opened(message: dict, **more: object) -> None:
    server = {"name": more.pop("name", "bad"), "version": "1"}
    version = message["params"]["protocolVersion"]
    answer(message, result={"protocolVersion": version, "capabilities": {}, "serverInfo": server, **more})


def serve(*, dies_on: str = "", floods_on: str = "", name: str = "bad", instead: str = "") -> None:
    for message in requests():
        method = message["method"]
        if method == dies_on:
            sys.stderr.write("out of memory\n")
            sys.stderr.flush()
            os._exit(7)
        if method == floods_on:
            note = b'{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"x"}}\n'
            while True:
                say(note * 100)
        if method == "initialize":
            opened(message, **({"protocolVersion": instead} if instead else {}), name=name)
        elif method == "ping":
            answer(message, result={})
        else:
            answer(message, error={"code": -32601, "message": f"no {method}"})


if len(sys.argv) > 2:
    with Path(sys.argv[2]).open("a", encoding="ascii") as pids:
        pids.write(f"{os.getpid()}\n")

try:
    match HABIT:
        case "exits":
            sys.stderr.write("fatal: no \x1b[31mdatabase\x07\n")
            sys.exit(3)
        case "noise":
            say(b"Starting up ...\nListening \x1b]0;owned\x07 on stdio\n")
            for _ in IN:
                say(b"got a line\n")
        case "silent":
            for _ in IN:
                pass
        case "deaf":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            while True:
                time.sleep(1)
        case "garbage":
            for _ in IN:
                say(b"\xff\xfe\x00{]\n")
        case "json":
            for _ in IN:
                say(b'{"hello":"world"}\n')
        case "floods":
            while True:
                say(b'{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"x"}}\n' * 100)
        case "one-line":
            while True:
                say(b"A" * 65536)
        case "stderr":
            while True:
                sys.stderr.write("\n" * 1000)
        case "refuses":
            for message in requests():
                answer(message, error={"code": -32000, "message": "not \x1b[31mtoday"})
        case "other-revision":
            serve(instead="2024-11-05")
        case "unknown-revision":
            serve(instead="1999-01-01")
        case "dies":
            serve(dies_on="ping")
        case "floods-later":
            serve(floods_on="ping")
        case "hostile":
            serve(name="\x1b]0;owned\x07[bold red]evil[/]\n\u202eall passed | `x` <script>")
        case "decent":
            serve()
except BrokenPipeError:
    os._exit(0)
