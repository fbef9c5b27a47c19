"""What of a target's words is secret: values of headers and variables by their names, and the parts of such a value."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from typing import Final

_SECRET_NAME: Final = re.compile(r"auth|cookie|token|secret|key|passw|credential|session", re.IGNORECASE)
_SCHEMES: Final = ("bearer ", "basic ", "token ")


def secrets_of(named: Iterable[tuple[str, str]], env: Mapping[str, str], certain: Iterable[str]) -> tuple[str, ...]:
    """What must enter no journal: of header fields and variables those whose names say so, and `certain` values; with their parts."""
    values = [value for name, value in named if _SECRET_NAME.search(name)]
    values += certain
    values += [value for name, value in env.items() if _SECRET_NAME.search(name)]
    return tuple(dict.fromkeys(part for value in values for part in _parts(value)))


def _parts(secret: str) -> list[str]:
    """A secret and what is secret in it by itself: the token after its scheme, the user and password inside of Basic."""
    parts = [secret]
    if secret.lower().startswith(_SCHEMES):
        scheme, token = secret.split(" ", 1)
        parts.append(token.strip())
        if scheme.lower() == "basic":
            try:
                plain = base64.b64decode(token.strip(), validate=True).decode("utf-8")
            except (binascii.Error, UnicodeDecodeError):
                return parts
            parts += [plain, plain.partition(":")[2]]
    return parts
