"""Secrets are replaced before anything is recorded, also where a server echoes them in another spelling."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

MARK: Final = b"[redacted]"
_SHORTEST: Final = 4
_CERTAIN: Final = 12
"""Secrets shorter than this are only replaced where no letter or digit touches them: they may be a part of any word."""

Redact = Callable[[bytes], bytes]


def redactor(secrets: Iterable[str]) -> Redact | None:
    """Replaces every secret in bytes: plain, percent-encoded, JSON- or HTML-escaped (also mixed), base64 at any offset.

    None when there is nothing to hide. Secrets of fewer than four characters are left alone. Digits are replaced by nines, so that
    a JSON number stays one.
    """
    forms = {form for one in secrets if len(one) >= _SHORTEST for form in (one, *_misread(one))}
    wanted = sorted(forms, key=lambda one: (-len(one), one))
    if not wanted:
        return None
    rules = [rule for secret in wanted for rule in _rules(secret)]

    def redact(data: bytes) -> bytes:
        for pattern, mark in rules:
            data = pattern.sub(mark, data)
        return data

    return redact


def _misread(secret: str) -> tuple[str, ...]:
    """What becomes of it when header fields, which are bytes, are read as Latin-1 although they were written as UTF-8."""
    if secret.isascii():
        return ()
    return (secret.encode("utf-8", "surrogatepass").decode("latin-1"),)


def _rules(secret: str) -> list[tuple[re.Pattern[bytes], bytes]]:
    mark = b"9" * len(secret) if secret.isascii() and secret.isdigit() else MARK
    spelt = b"".join(_spellings(char) for char in secret)
    if len(secret) < _CERTAIN:
        spelt = rb"(?<![A-Za-z0-9])" + spelt + rb"(?![A-Za-z0-9])"
    rules = [(re.compile(spelt), mark)]
    coded = _longest_first(_base64(secret))
    if coded:
        rules.append((re.compile(b"|".join(map(re.escape, coded))), MARK))
    return rules


def _spellings(char: str) -> bytes:
    """One character, in every way in which it is usually written; backslashes are many where JSON stands inside JSON."""
    raw = char.encode("utf-8", "surrogatepass")
    ways: set[bytes] = {re.escape(raw), b"".join(rb"(?i:%%%02x)" % byte for byte in raw)}
    units = char.encode("utf-16-be", "surrogatepass")
    ways.add(b"".join(rb"\\+u(?i:%s)" % units[at : at + 2].hex().encode() for at in range(0, len(units), 2)))
    if char in '"\\/':
        ways.add(rb"\\+" + re.escape(raw) if char != "\\" else rb"\\+")
    if char == " ":
        ways.add(rb"\+")
    escaped = html.escape(char).encode()
    if escaped != raw:
        ways.add(re.escape(escaped))
    return b"(?:" + b"|".join(_longest_first(ways)) + b")"


def _longest_first(texts: Iterable[bytes]) -> list[bytes]:
    return sorted(set(texts), key=lambda one: (-len(one), one))


def _base64(secret: str) -> Iterator[bytes]:
    """What of a base64 text is sure to be there wherever in it the secret begins: without the characters that neighbours share."""
    raw = secret.encode("utf-8", "surrogatepass")
    for before in range(3):
        text = base64.b64encode(b"\0" * before + raw).rstrip(b"=")
        whole = text[(8 * before + 5) // 6 :]
        if (before + len(raw)) % 3 and before:
            whole = whole[:-1]
        for one in {whole, whole[:-1] if (before + len(raw)) % 3 else whole}:
            if len(one) >= 2 * _SHORTEST:
                yield one
                yield one.translate(bytes.maketrans(b"+/", b"-_"))
