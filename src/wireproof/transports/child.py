"""A child process with a process group of its own: start it, learn of its exit, signal all of it, leave nothing."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from wireproof.model.errors import TargetUnreachable, UsageError

_WINDOWS = sys.platform == "win32"
_NEW_GROUP = 0x00000200  # CREATE_NEW_PROCESS_GROUP


class Child:
    """A started command. `code` and `signal` are known once `on_exit` was called, in the event loop that started it.

    Where the platform can tell of an exit without reaping (waitid), the child stays unreaped until `reap`: so its group id
    cannot pass to a stranger before the last signal was sent to it.
    """

    def __init__(self, command: tuple[str, ...], env: Mapping[str, str], cwd: str | None) -> None:
        """Raises TargetUnreachable when the command cannot be started, UsageError when it is not a command."""
        self._process = _start(command, env, cwd)
        self.pid = self._process.pid
        self.code: int | None = None
        self.signal: str | None = None
        self._reaped = False

    @property
    def pipes(self) -> tuple[int, int, int]:
        """The descriptors of our ends of stdin, stdout and stderr; the caller takes them over and closes them."""
        ends: list[int] = []
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is None:
                raise AssertionError("started without pipes")
            ends.append(os.dup(stream.fileno()))
            stream.close()
        return ends[0], ends[1], ends[2]

    def watch(self, on_exit: Callable[[], None]) -> None:
        """Calls `on_exit` in the running event loop when the process has ended."""
        loop = asyncio.get_running_loop()
        # A daemon thread, because the only portable notice of an exit is a wait that blocks; it ends with the child.
        threading.Thread(target=self._wait, args=(loop, on_exit), name=f"exit of {self.pid}", daemon=True).start()

    def _wait(self, loop: asyncio.AbstractEventLoop, on_exit: Callable[[], None]) -> None:
        code = self._wait_unreaped() if hasattr(os, "waitid") else self._process.wait()
        if code is not None and code < 0:
            with contextlib.suppress(ValueError):
                self.signal = signal.Signals(-code).name
        self.code = code
        with contextlib.suppress(RuntimeError):  # the loop is over, so nobody wants to know
            loop.call_soon_threadsafe(on_exit)

    def _wait_unreaped(self) -> int | None:
        try:
            seen = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        except ChildProcessError:  # somebody ignores SIGCHLD, so the system reaped it
            return self._process.poll()
        if seen is None:
            return None
        return seen.si_status if seen.si_code == os.CLD_EXITED else -seen.si_status

    def ask(self) -> None:
        """Asks the whole group to end (SIGTERM)."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """Ends the whole group, also when its leader is already gone."""
        self._signal(signal.SIGTERM if _WINDOWS else signal.SIGKILL)

    def _signal(self, what: signal.Signals) -> None:
        if self._reaped:
            return
        if _WINDOWS:
            _end_tree(self._process)
            return
        # No such group: all are gone. Not permitted: what is left of it runs as somebody else, or is only a zombie (macOS).
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, what)

    def reap(self) -> None:
        """After the exit: gives the process id back. Never blocks for long."""
        if self._reaped:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=1.0)
            self._reaped = True


def _end_tree(process: subprocess.Popen[bytes]) -> None:
    killer = shutil.which("taskkill")
    if killer is not None:
        subprocess.run([killer, "/F", "/T", "/PID", str(process.pid)], capture_output=True, check=False)
    with contextlib.suppress(OSError):
        process.kill()


def _start(command: tuple[str, ...], env: Mapping[str, str], cwd: str | None) -> subprocess.Popen[bytes]:
    if not command or not command[0]:
        raise UsageError("the target's command is empty", hint="give the command that starts the server")
    program = (shutil.which(command[0]) or command[0]) if _WINDOWS else command[0]  # finds npx.cmd
    try:
        return subprocess.Popen(
            [program, *command[1:]],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env={**os.environ, **env},
            start_new_session=not _WINDOWS,
            creationflags=_NEW_GROUP if _WINDOWS else 0,
        )
    except ValueError as error:
        raise UsageError(f"the target's command or environment cannot be passed on: {error}") from error
    except OSError as error:
        raise _unstartable(command[0], cwd, error) from error


_ADDRESS: Final = re.compile(r"(localhost|[\w-]+(\.[\w-]+)*:\d+|\d+(\.\d+){3})(:\d+)?(/|$)")
"""A host with a port, or one that is no name of a program."""


def _unstartable(program: str, cwd: str | None, error: OSError) -> TargetUnreachable:
    if cwd is not None and not Path(cwd).is_dir():
        return TargetUnreachable(
            f"cannot start {program} in {cwd}: no such directory", hint="check the working directory"
        )
    if isinstance(error, FileNotFoundError):
        hint = "check the spelling and PATH; a script's first line must name an interpreter that exists"
        if _ADDRESS.match(program):
            hint = f"if it is the address of a server, say so: http://{program}"
        return TargetUnreachable(f"cannot start {program}: no such command", hint=hint)
    if isinstance(error, PermissionError):
        hint = "make the file executable, or start it by its interpreter"
        return TargetUnreachable(f"cannot start {program}: not executable", hint=hint)
    hint = "is it a program for this system? A script needs a first line like #!/usr/bin/env python3"
    return TargetUnreachable(f"cannot start {program}: {error.strerror or error}", hint=hint)
