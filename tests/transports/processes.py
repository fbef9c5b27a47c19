"""Is a process still there? Asked of the system alone."""

from __future__ import annotations

import os
import time
from pathlib import Path


def alive(pid: int) -> bool:
    """A zombie that waits for a foreign parent counts as gone."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return not Path("/proc/self").exists()
    return state not in "ZX"


def gone(pid: int, seconds: float = 2.0) -> bool:
    """Does it disappear within that time? (A kill takes effect a moment after it was sent.)"""
    limit = time.monotonic() + seconds
    while alive(pid):
        if time.monotonic() > limit:
            return False
        time.sleep(0.01)
    return True
