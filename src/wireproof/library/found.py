"""Exchanges that search found, as files that `wireproof replay` and `--exchanges` read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from wireproof.library.exchanges import literal
from wireproof.model.exchange import Exchange
from wireproof.model.jsontext import JSON

_MOST_SAID = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """How an exchange was found; it stands at the head of its file, for people."""

    target: str
    revision: str
    transport: str
    seed: int
    strategy: str
    requirement: str
    why: str


def save(folder: Path, exchange: Exchange, origin: Origin) -> Path:
    """Writes `<folder>/<fingerprint>.yaml`, over an older one of that name; gives the path. The last part of the id is the fingerprint.

    OSError when it cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{exchange.id.rpartition('.')[2]}.yaml"
    path.write_text(text_of(exchange, origin), encoding="utf-8")
    return path


def text_of(exchange: Exchange, origin: Origin) -> str:
    """The file: strict YAML, each step a line of literal JSON."""
    raw = literal(exchange)
    steps = raw.pop("steps")
    said = [
        f"{origin.requirement}: {origin.why}",
        f"found in {origin.target}, {origin.revision} over {origin.transport}",
        f"strategy {origin.strategy}, seed {origin.seed}",
    ]
    lines = [f"# {_plain(one)}" for one in said]
    lines += [f"topic: {exchange.topic}", f"protocol: {exchange.protocol}", "exchanges:"]
    lines += [f"{'- ' if not index else '  '}{key}: {_flow(value)}" for index, (key, value) in enumerate(raw.items())]
    lines += ["  steps:", *(f"  - {_flow(one)}" for one in steps)]
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    """One line of a comment that no terminal minds."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)[:_MOST_SAID]


def _flow(value: JSON) -> str:
    return "".join(_spelt(char) for char in json.dumps(value, ensure_ascii=False))


def _spelt(char: str) -> str:
    """What is not printable is spelt out as YAML reads it, which knows no surrogate pairs."""
    if char.isprintable() and char not in "\u2028\u2029\ufeff":
        return char
    code = ord(char)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
