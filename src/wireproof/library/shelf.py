"""Where the data lies. No other module knows a path of ours.

An installed wheel carries conformance/, schemas/ and fixtures/ under `wireproof/_data`; in a checkout they stand
beside `src`.
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Final

from wireproof.model.errors import InternalError, UsageError

KINDS: Final = ("conformance", "schemas", "fixtures")

_FIXTURES: Final = "wireproof_fixtures"
_DIGESTED: Final = ("conformance", "schemas")  # what a verdict rests upon; fixtures judge nobody
_UNDIGESTED: Final = (
    "schemas/wireproof/"  # the shapes of our own files: reports, bundles and the like; no verdict rests upon them
)
_DATA_SUFFIXES: Final = (".yaml", ".json")


@cache
def shelf(kind: str) -> Path:
    """The folder of one kind of data: conformance, schemas or fixtures. UsageError when the installation lacks it."""
    if kind not in KINDS:
        raise InternalError(f"no shelf is called {kind!r}", hint=f"shelves: {', '.join(KINDS)}")
    package = Path(__file__).resolve().parent.parent
    for place in (package / "_data" / kind, package.parent.parent / kind):
        if place.is_dir():
            return place
    raise UsageError(
        f"the data folder {kind}/ is missing from this installation",
        hint="install wireproof from its wheel, or run it from a complete checkout",
    )


@cache
def digest() -> str:
    """SHA-256 (64 hex digits) of what verdicts rest upon: relative paths and contents of conformance/ and schemas/<protocol>/.

    Line ends are normalised, so a checkout on any system agrees with the wheel.
    """
    total = hashlib.sha256()
    for kind in _DIGESTED:
        root = shelf(kind)
        files = {
            f"{kind}/{path.relative_to(root).as_posix()}": path
            for path in root.rglob("*")
            if path.suffix in _DATA_SUFFIXES and path.is_file()
        }
        for name in sorted(name for name in files if not name.startswith(_UNDIGESTED)):
            content = files[name].read_bytes().replace(b"\r\n", b"\n")
            total.update(f"{name}\0{len(content)}\0".encode())
            total.update(content)
    return total.hexdigest()


def short_digest() -> str:
    """The first twelve hex digits of `digest`: what reports show."""
    return digest()[:12]


def load_fixtures() -> ModuleType:
    """The reference, faulty and lawful peers as the package `wireproof_fixtures`; the same module on every call."""
    if _FIXTURES in sys.modules:
        return sys.modules[_FIXTURES]
    folder = shelf("fixtures")
    spec = importlib.util.spec_from_file_location(
        _FIXTURES, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise UsageError("the folder fixtures/ is not a Python package", where=str(folder))
    module = importlib.util.module_from_spec(spec)
    sys.modules[_FIXTURES] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[_FIXTURES]  # a half-made package must not look like a whole one on the next call
        raise
    return module
