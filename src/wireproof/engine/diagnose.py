"""When nothing that speaks the protocol answered: what was tried, what was seen, what to try next."""

from __future__ import annotations

from collections.abc import Sequence

from wireproof.engine.lane import LaneRunner
from wireproof.model.errors import TargetUnreachable
from wireproof.model.target import Target
from wireproof.model.wire import Kind, Record, Way

_MOST = 6


def diagnose(target: Target, lanes: Sequence[LaneRunner]) -> TargetUnreachable:
    """The error to raise: one sentence, then what was seen and a hint."""
    for lane in lanes:
        if lane.fault is not None:
            return lane.fault
    records = [record for lane in lanes for session, *_ in lane.sessions for record in session.records]
    if target.url:
        return _http(target, records)
    return _process(target, records)


def _process(target: Target, records: Sequence[Record]) -> TargetUnreachable:
    codes = {one.meta.get("code") for one in records if one.kind is Kind.EXIT}
    noise = [one for one in records if one.way is Way.IN and one.fault and one.kind is Kind.MESSAGE]
    stderr = _tail([one for one in records if one.kind is Kind.STDERR])
    if codes:
        code = next(iter(codes))
        message = f"{target.label!r} exited (code {code}) before it answered"
        hint = f"its stderr ends with:\n{stderr}" if stderr else "it wrote nothing to stderr; run it by hand to see why"
    elif noise:
        shown = "\n".join("  " + one.raw[:160].decode("utf-8", "replace") for one in noise[:_MOST])
        message = f"{target.label!r} writes to stdout what is no JSON-RPC message"
        hint = f"stdout must carry messages only (logs belong on stderr); it wrote:\n{shown}"
    elif any(one.way is Way.IN and one.kind is Kind.MESSAGE for one in records):
        message = f"{target.label!r} answers, but not as any known revision asks"
        hint = _quoted(records)
    else:
        message = f"{target.label!r} never answered"
        hint = "is it an MCP server on stdio? give it longer with --startup-wait SECONDS" + (
            f"\nits stderr ends with:\n{stderr}" if stderr else ""
        )
    return TargetUnreachable(message, hint=hint)


def _http(target: Target, records: Sequence[Record]) -> TargetUnreachable:
    faults = [one.fault or "" for one in records if one.kind is Kind.FAULT]
    heads = [one for one in records if one.kind is Kind.HEAD]
    statuses = sorted({int(one.meta.get("status", 0)) for one in heads})
    if not heads and faults:
        hint = "is the server running, and is the port right?" if faults[0].startswith("refused") else ""
        return TargetUnreachable(f"{target.url}: {faults[0]}", hint=hint)
    tried = ", ".join(
        sorted({f"{one.meta.get('method')} {one.meta.get('target')}" for one in records if "target" in one.meta})
    )
    said = f"{target.url} answered {', '.join(map(str, statuses))} (tried {tried})"
    if 401 in statuses or 403 in statuses:
        return TargetUnreachable(
            f"{said}: it wants authorization", hint="give credentials with --header-env Authorization=VARIABLE"
        )
    if 429 in statuses:
        return TargetUnreachable(f"{said}: too many requests", hint="slow down with --max-rps 2")
    if any(300 <= one < 400 for one in statuses):
        place = _location(heads)
        return TargetUnreachable(
            f"{said}: it redirects{place}", hint="give the final address; redirects are not followed"
        )
    html = any(
        "html" in str(dict(map(tuple, one.meta.get("headers", ()))).get("content-type", "")).lower() for one in heads
    ) or any(one.raw.lstrip()[:1] == b"<" for one in records if one.way is Way.IN)
    if html:
        return TargetUnreachable(
            f"{said}, with HTML", hint="this looks like a web page; MCP endpoints are often at /mcp or /sse"
        )
    if 404 in statuses or 405 in statuses:
        return TargetUnreachable(
            f"{said}: no MCP endpoint there", hint="try the path /mcp, or /sse for the 2024-11-05 transport"
        )
    if not heads:
        return TargetUnreachable(
            f"{target.url} accepted the connection but never answered", hint="try --timeout with more seconds"
        )
    return TargetUnreachable(f"{said}, but never as an MCP server would", hint=_quoted(records))


def _location(heads: Sequence[Record]) -> str:
    for one in heads:
        for name, value in one.meta.get("headers", ()):
            if str(name).lower() == "location":
                return f" to {str(value)[:200]}"
    return ""


def _quoted(records: Sequence[Record]) -> str:
    seen = [
        one.raw[:160].decode("utf-8", "replace") for one in records if one.way is Way.IN and one.kind is Kind.MESSAGE
    ]
    return (
        "it said:\n" + "\n".join("  " + one for one in seen[:_MOST]) if seen else "it sent nothing that could be read"
    )


def _tail(stderr: Sequence[Record]) -> str:
    lines = [one.raw.decode("utf-8", "replace").rstrip() for one in stderr]
    return "\n".join("  " + line for line in lines[-_MOST:])
