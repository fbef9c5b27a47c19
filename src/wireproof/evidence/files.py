"""The files of a bundle, read from an archive or a folder that nobody need trust: known names only, in memory, each under a cap.

Nothing is ever unpacked to a disk. The archive's own checksums are not consulted: the signed digests say more.
"""

from __future__ import annotations

import gzip
import io
import stat
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from wireproof.model.errors import UsageError

STATEMENT: Final = "statement.dsse.json"
REPORT: Final = "report.json"
TRANSCRIPT: Final = "transcript.jsonl.gz"
JOURNAL: Final = "transcript.jsonl"
"""What TRANSCRIPT unpacks to: the journal."""
CONFIGURATION: Final = "configuration.json"
DIGESTS: Final = "digests.json"
KEY: Final = "key.pub.pem"
SIGSTORE: Final = "statement.sigstore.json"
"""The same statement, signed by sigstore too; few bundles have it."""

MEGABYTE: Final = 1 << 20
CAPS: Final[Mapping[str, int]] = {
    STATEMENT: 8 * MEGABYTE,
    REPORT: 64 * MEGABYTE,
    TRANSCRIPT: 64 * MEGABYTE,
    CONFIGURATION: MEGABYTE,
    DIGESTS: 4 * MEGABYTE,
    KEY: MEGABYTE >> 4,
    SIGSTORE: MEGABYTE * 12,
}
"""Every file that a bundle may have, and how long it may be."""
OPTIONAL: Final = frozenset({SIGSTORE})
"""Files that a bundle need not have."""
MAX_JOURNAL: Final = 512 * MEGABYTE
MAX_ARCHIVE: Final = 192 * MEGABYTE
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def size_text(count: int) -> str:
    """Bytes for people."""
    return f"{count / MEGABYTE:.1f} MB" if count >= MEGABYTE else f"{max(1, count >> 10)} kB"


class Damaged(Exception):
    """A file of a bundle cannot be what was packed; says which and why."""


def read_files(path: Path) -> dict[str, bytes]:
    """The files of a bundle by name: of an archive, or of a folder that holds them (further files there are left alone).

    UsageError for what is no bundle, for names that a bundle does not have, and for what is over its cap; Damaged for a member that
    cannot be unpacked.
    """
    if path.is_dir():
        return _of_folder(path)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_ARCHIVE + 1)
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror or error}", where=str(path)) from None
    if len(data) > MAX_ARCHIVE:
        raise UsageError(f"is larger than {MAX_ARCHIVE // MEGABYTE} MB, which no bundle is", where=str(path))
    return _of_archive(data, str(path))


def _of_folder(path: Path) -> dict[str, bytes]:
    found = {}
    for name, cap in CAPS.items():
        file = path / name
        if not file.exists() and not file.is_symlink():
            continue
        if file.is_symlink() or not file.is_file():
            raise UsageError("is no plain file", where=str(file))
        with file.open("rb") as content:
            found[name] = content.read(cap + 1)
        if len(found[name]) > cap:
            raise _too_large(name, cap, str(path))
    if not found:
        raise UsageError("holds none of the files of a bundle", where=str(path), hint="wireproof bundle makes one")
    return found


def _of_archive(data: bytes, where: str) -> dict[str, bytes]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OverflowError, UnicodeDecodeError, EOFError) as error:
        raise UsageError(f"is no bundle: {error}", where=where, hint="wireproof bundle makes one") from None
    with archive:
        found: dict[str, bytes] = {}
        for one in archive.infolist():
            if one.filename not in CAPS:
                raise UsageError(f"holds a file that no bundle has: {one.filename[:80]!r}", where=where)
            if one.filename in found:
                raise UsageError(f"holds {one.filename} twice", where=where)
            if one.flag_bits & 1 or one.compress_type not in _METHODS or stat.S_ISLNK(one.external_attr >> 16):
                raise UsageError(f"holds {one.filename} in a form that no bundle has", where=where)
            found[one.filename] = _member(archive, one, where)
    if not found:
        raise UsageError("is an empty archive", where=where)
    return found


def _member(archive: zipfile.ZipFile, one: zipfile.ZipInfo, where: str) -> bytes:
    cap = CAPS[one.filename]
    del one.CRC  # what was altered shall be compared with the signed digests, which know where
    try:
        with archive.open(one) as content:
            data = content.read(cap + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, OSError) as error:
        raise Damaged(f"{one.filename} cannot be unpacked from the archive: {error}") from None
    if len(data) > cap:
        raise _too_large(one.filename, cap, where)
    return data


def _too_large(name: str, cap: int, where: str) -> UsageError:
    return UsageError(f"holds a {name} of more than {max(1, cap // MEGABYTE)} MB, which no bundle does", where=where)


def archive_of(files: Mapping[str, bytes]) -> bytes:
    """The archive of these files; the same files give the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in CAPS:
            if name not in files:
                continue
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_STORED if name.endswith(".gz") else zipfile.ZIP_DEFLATED
            info.create_system, info.external_attr = 3, (stat.S_IFREG | 0o644) << 16
            archive.writestr(info, files[name])
    return out.getvalue()


def packed(journal: bytes) -> bytes:
    """gzip without a time or a name in it."""
    return gzip.compress(journal, 6, mtime=0)


def unpacked(data: bytes) -> bytes:
    """The journal of a gzip text: one member, nothing behind it, no longer than MAX_JOURNAL. Damaged when it is not."""
    reader = zlib.decompressobj(wbits=31)
    try:
        journal = reader.decompress(data, MAX_JOURNAL + 1)
    except zlib.error as error:
        raise Damaged(f"{TRANSCRIPT} cannot be unpacked: {error}") from None
    if len(journal) > MAX_JOURNAL:
        raise Damaged(f"{TRANSCRIPT} unpacks to more than {MAX_JOURNAL // MEGABYTE} MB, which no journal has")
    if not reader.eof:
        raise Damaged(f"{TRANSCRIPT} ends too early: {len(data)} bytes are not all of it")
    if reader.unused_data:
        raise Damaged(f"{TRANSCRIPT} goes on after its end, at byte {len(data) - len(reader.unused_data)}")
    return journal
