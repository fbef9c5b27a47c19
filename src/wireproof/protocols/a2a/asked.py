"""The parameters of a call of ours in the form of 1.0, read back from what was sent: whichever binding and version it went by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from wireproof.protocols.a2a.tracker import Call


def asked(call: Call) -> Mapping[str, Any]:
    """Empty where nothing can be read. Of the query of a GET, numbers and truth values are read as such; ids in the path are left out."""
    sent = call.record.message
    if isinstance(sent, dict) and "jsonrpc" in sent:
        held = sent.get("params")
        return held if isinstance(held, dict) else {}
    if isinstance(sent, dict):
        return sent
    query = parse_qs(urlsplit(str(call.record.meta.get("target", ""))).query)
    return {name: _read(values[-1]) for name, values in query.items()}


def _read(value: str) -> Any:
    if value in ("true", "false"):
        return value == "true"
    return int(value) if value.lstrip("-").isdigit() and len(value) < 10 else value
