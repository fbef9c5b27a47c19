"""What earlier searches found, as Hypothesis keeps it: it is tried first, so what is still broken is found at once.

A convenience of one machine. It is off under CI and where a seed is given, for then the seed alone fixes what is drawn; the durable form of
what was found is the exchange file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def earlier(folder: Path, *names: str) -> Any:
    """A Hypothesis database in `folder` for what goes by these names (target, revision, transport, family); None where nothing can be written."""
    from hypothesis.database import DirectoryBasedExampleDatabase, ExampleDatabase

    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".gitignore").write_text("*\n", encoding="utf-8")
    except OSError:
        return None
    prefix = "\0".join(names).encode("utf-8", "surrogatepass")
    kept = DirectoryBasedExampleDatabase(folder)

    def of(key: bytes) -> bytes:
        """Hypothesis takes one key for one test, and ours is the same for all families."""
        return hashlib.sha256(prefix + b"\0" + key).digest()

    class Earlier(ExampleDatabase):
        def save(self, key: bytes, value: bytes) -> None:
            kept.save(of(key), value)

        def fetch(self, key: bytes) -> Iterable[bytes]:
            return kept.fetch(of(key))

        def delete(self, key: bytes, value: bytes) -> None:
            kept.delete(of(key), value)

    return Earlier()
