"""Bytes as a page can show them: without what differs from run to run, and not longer than a reader reads."""

from __future__ import annotations

import re
from typing import Any

from relay import Part, Passed

SHOWN = 400
"""Characters of a body that are shown."""

_HEADERS = ("host", "origin", "mcp-", "content-type", "last-event-id")
_USUAL_TYPE = "content-type: application/json"
_ID = re.compile(r'("id": ?)\d+')
_CHANGING = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<uuid>"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)"), "<time>"),
    (re.compile(r"(?i)(mcp-session-id: )\S+"), r"\1<session>"),
    (re.compile(r"(127\.0\.0\.1|localhost|\[::1\]):\d{4,5}"), r"\1:<port>"),
    (re.compile(r"(?m)^(id: )\S+$"), r"\1<event>"),
    (re.compile(r'("requestState": ?")[^"]+'), r"\1<state>"),
    (re.compile(r"[A-Za-z0-9+/_-]{60,}={0,2}"), "<base64>"),
)


def exchange_text(one: Passed) -> dict[str, str]:
    """A request and its response as text."""
    return {
        "request": part_text(one.request, first=True),
        "response": part_text(one.response, first=False) if one.response else "(none)",
    }


def part_text(part: Part, *, first: bool) -> str:
    """First line (a response's status only), the headers that can matter, the body."""
    line, *headers = part.head.decode("latin-1").split("\r\n")
    start = line.rsplit(" ", 1)[0] if first else " ".join(line.split()[:2])
    told = [each for each in headers if _matters(each, request=first)]
    body = part.body.decode("utf-8", "backslashreplace").strip()
    return tidy("\n".join([start, *told, *([body] if body else [])]))


def record_text(record: Any) -> str:
    """A record of a journal likewise; ids too, as what is played side by side is numbered as it comes."""
    body = _ID.sub(r"\1<id>", record.raw.decode("utf-8", "backslashreplace"))
    if record.way.value == "out" and "target" in record.meta:
        headers = [f"{name}: {value}" for name, value in record.meta["headers"]]
        told = [each for each in headers if _matters(each, request=True)]
        return tidy("\n".join([f"{record.meta['method']} {record.meta['target']}", *told, body]).rstrip())
    if record.kind.value == "head":
        return f"HTTP {record.meta.get('status')}"
    return tidy(body or record.kind.value)


def _matters(header: str, *, request: bool) -> bool:
    name = header.lower()
    if name.startswith("host") and ("127.0.0.1" in name or "localhost" in name):
        return False
    return name.startswith(_HEADERS) and not (request and name.startswith(_USUAL_TYPE))


def tidy(text: str) -> str:
    """The text without what changes, unprintable characters escaped, cut to a length."""
    for pattern, word in _CHANGING:
        text = pattern.sub(word, text)
    text = "".join(
        char if char.isprintable() or char == "\n" else f"\\x{ord(char):02x}" for char in text.replace("\r", "")
    )
    return text if len(text) <= SHOWN else text[:SHOWN] + " ..."
