"""When nothing that speaks the protocol answered: what was tried, what was seen, what to try next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from wireproof.engine.lane import LaneRunner
from wireproof.model.errors import TargetUnreachable
from wireproof.model.target import Target
from wireproof.model.wire import Kind, Record, Way, header

_MOST: Final = 6
_WIDTH: Final = 160
_FAULT_HINTS: Final = {
    "refused": "is the server running, and is the port right?",
    "dns": "is the host name spelt right?",
    "tls": "trust its certificate with --ca-file FILE, or do without with --insecure; a plain server wants http://",
    "timeout": "is a firewall or a proxy between? --proxy URL goes through one",
    "reset": "is it a web server at all? A TLS server wants https://",
    "cut": "is it a web server at all?",
    "http": "what answers there is no web server; check the port",
    "unreachable": "check the address",
}
_NO_ENDPOINT: Final = "no MCP endpoint is there: try the path /mcp, or /sse for the transport of 2024-11-05; of an agent, give the URL of its card"


def diagnose(target: Target, lanes: Sequence[LaneRunner]) -> TargetUnreachable:
    """The error to raise: one sentence, then what was seen and a hint. Text from the target is escaped."""
    for lane in lanes:
        if lane.fault is not None:
            return lane.fault
    sessions = [list(session.records) for lane in lanes for session, *_ in lane.sessions]
    picked = any(lane.selection.revisions for lane in lanes)
    other = _other_revision(target, lanes) or _refusal(target, sessions, picked=picked)
    if other is not None:
        return other
    hints = lanes[0].suite.pack.hints if lanes else {}
    told = next((lane.why_not for lane in lanes if lane.explained), "")
    return _http(target, sessions, hints, told) if target.url else _process(target, sessions)


def _other_revision(target: Target, lanes: Sequence[LaneRunner]) -> TargetUnreachable | None:
    """It speaks the protocol, but none of the revisions that were asked for."""
    offered = dict.fromkeys(name for lane in lanes for name in lane.counteroffers)
    if not offered:
        return None
    asked = ", ".join(dict.fromkeys(lane.revision.id for lane in lanes))
    known = [one.id for lane in lanes[:1] for one in lane.suite.catalogue.revisions if one.id in offered]
    return TargetUnreachable(
        f"{target.label!r} does not offer {asked}; it answered with {_shown(', '.join(offered))}",
        hint=f"leave --revision out, or say --revision {known[-1]}"
        if known
        else "that is no revision of this protocol",
    )


def _refusal(target: Target, sessions: Sequence[Sequence[Record]], *, picked: bool) -> TargetUnreachable | None:
    """Errors are all that it answers; where revisions were `picked`, perhaps only because it speaks others."""
    said = [_error(one) for records in sessions for one in records if one.way is Way.IN and _error(one)]
    if not said or any(one.meta.get("status") in (401, 403) for records in sessions for one in records):
        return None
    return TargetUnreachable(
        f"{target.label!r} answers, but refuses every opening with an error",
        hint="it said:\n"
        + _lines(dict.fromkeys(said))
        + ("\nit may speak another revision: leave --revision out" if picked else ""),
    )


def _error(record: Record) -> str:
    error: Any = record.message.get("error") if isinstance(record.message, dict) else None
    return f"{error.get('code')} {_shown(str(error.get('message')))}" if isinstance(error, dict) else ""


def _process(target: Target, sessions: Sequence[Sequence[Record]]) -> TargetUnreachable:
    exited = _session_with(sessions, lambda one: one.kind is Kind.EXIT and not one.meta.get("asked"))
    noisy = _session_with(
        sessions, lambda one: one.way is Way.IN and one.kind is Kind.MESSAGE and one.fault is not None
    )
    flooded = _session_with(sessions, _is_flood)
    spoke = _session_with(sessions, lambda one: one.way is Way.IN and one.kind is Kind.MESSAGE)
    if exited:
        end = next(one for one in exited if one.kind is Kind.EXIT)
        how = f"killed by {end.meta['signal']}" if end.meta.get("signal") else f"code {end.meta.get('code')}"
        said = _both_streams(exited)
        hint = said or "it wrote nothing to stdout or stderr; run it by hand to see why"
        return TargetUnreachable(f"{target.label!r} exited ({how}) before it answered", hint=hint)
    if flooded:
        hint = f"it should wait to be spoken to; it wrote:\n{_lines(_heard(flooded))}"
        return TargetUnreachable(f"{target.label!r} floods its stdout and answers nothing", hint=hint)
    if noisy:
        hint = f"stdout must carry messages only (logs belong on stderr); it wrote:\n{_lines(_heard(noisy))}"
        return TargetUnreachable(f"{target.label!r} writes to stdout what is no JSON-RPC message", hint=hint)
    if spoke:
        message = f"{target.label!r} writes JSON, but nothing that answers a request"
        return TargetUnreachable(message, hint=f"is it an MCP server? It wrote:\n{_lines(_heard(spoke))}")
    said = _both_streams(max(sessions, key=len, default=[]))
    message = f"{target.label!r} did not answer within {target.startup_wait:g} s"
    hint = "is it an MCP server on stdio? If it only starts slowly, say --startup-wait SECONDS"
    return TargetUnreachable(message, hint="\n".join(filter(None, (hint, said))))


def _http(
    target: Target, sessions: Sequence[Sequence[Record]], hints: Mapping[str, str], told: str
) -> TargetUnreachable:
    """`hints` of the pack: `slow`, `html`, `missing`, `never` replace the usual words; `told` is why the target offers nothing."""
    records = [one for session in sessions for one in session]
    heads = _heads(records)
    faults = [one.fault for one in records if one.kind is Kind.FAULT and one.fault]
    flood = next((one for one in records if _is_flood(one)), None)
    if flood is not None:
        return TargetUnreachable(
            f"{target.url} floods its answer with events and answers nothing", hint=_quoted(records, "it sent")
        )
    if not heads and faults:
        hint = _FAULT_HINTS.get(faults[0].partition(":")[0], "check the address")
        return TargetUnreachable(f"{target.url}: {_shown(faults[0])}", hint=hint)
    if not heads:
        return TargetUnreachable(
            f"{target.url} took the connection but did not answer within {target.startup_wait:g} s",
            hint=hints.get(
                "slow", "is an MCP server behind that port? If it only starts slowly, say --startup-wait SECONDS"
            ),
        )
    tried = ", ".join(
        dict.fromkeys(f"{one.meta.get('method')} {one.meta.get('target')}" for one in records if "target" in one.meta)
    )
    statuses = list(dict.fromkeys(int(one.meta.get("status", 0)) for one in heads))
    said = f"{target.url} answered {', '.join(map(str, statuses))} (tried {tried})"
    what, hint = _by_status(heads, statuses, records, hints)
    if told and 200 in statuses:
        what = told
    return TargetUnreachable(f"{said}: {what}", hint=hint)


def _by_status(
    heads: Sequence[Record], statuses: Sequence[int], records: Sequence[Record], hints: Mapping[str, str]
) -> tuple[str, str]:
    """(what it means, what to do)."""
    if 401 in statuses or 403 in statuses:
        asked = _field([one for one in heads if one.meta.get("status") in (401, 403)], "www-authenticate")
        return (
            f"it wants authorization{f' (WWW-Authenticate: {asked})' if asked else ''}",
            "give credentials with --header-env Authorization=VARIABLE (its value: Bearer ...)",
        )
    if 429 in statuses:
        after = _field(heads, "retry-after")
        return "too many requests", f"slow down with --max-rps 2{f'; it asks to wait {after} s' if after else ''}"
    if any(300 <= one < 400 for one in statuses):
        place = _field(heads, "location")
        return f"it redirects to {place or 'nowhere'}", "give the final address; redirects are not followed"
    html = "html" in _field(heads, "content-type").lower() or any(
        one.raw.lstrip()[:1] == b"<" for one in records if one.way is Way.IN
    )
    if html:
        hint = hints.get("html", "this looks like a web page; MCP endpoints are often at /mcp or /sse")
        return "with HTML, no message", hint
    if 404 in statuses or 405 in statuses:
        what, _, hint = hints.get("missing", _NO_ENDPOINT).partition(": ")
        return what, hint
    ended = {one.channel for one in records if one.kind is Kind.END and one.meta.get("complete")}
    if not any(one.channel in ended for one in heads):
        return "it began to answer and never ended", _quoted(records, "until the deadline it sent")
    return hints.get("never", "but never as an MCP server would"), _quoted(records, "it said")


def _heads(records: Sequence[Record]) -> list[Record]:
    """Responses to POST, which every transport of ours begins with; others only where there are none."""
    heads = [one for one in records if one.kind is Kind.HEAD]
    posts = {one.channel for one in records if one.way is Way.OUT and one.meta.get("method") == "POST"}
    return [one for one in heads if one.channel in posts] or heads


def _field(heads: Sequence[Record], name: str) -> str:
    found = (header(one.meta.get("headers"), name) for one in heads)
    return _shown(next((one for one in found if one), ""))


def _is_flood(record: Record) -> bool:
    return record.kind is Kind.FAULT and (record.fault or "").startswith("flood")


def _session_with(sessions: Sequence[Sequence[Record]], wanted: Any) -> Sequence[Record]:
    return next((records for records in sessions if any(wanted(one) for one in records)), ())


def _heard(records: Sequence[Record]) -> dict[str, None]:
    """What came, each text once."""
    said = (one for one in records if one.way is Way.IN and one.kind in (Kind.MESSAGE, Kind.BYTES) and one.raw.strip())
    return dict.fromkeys(_shown(one.raw) for one in said)


def _quoted(records: Sequence[Record], verb: str) -> str:
    seen = _heard(records)
    return f"{verb}:\n{_lines(seen)}" if seen else f"{verb} nothing that could be read"


def _both_streams(records: Sequence[Record]) -> str:
    """The last lines of stderr, and of stdout what was no message."""
    stderr = [_shown(one.raw) for one in records if one.kind is Kind.STDERR and one.raw.strip()]
    parts = [f"its stderr ends with:\n{_lines(stderr[-_MOST:])}"] if stderr else []
    heard = _heard(records)
    parts += [f"its stdout began with:\n{_lines(heard)}"] if heard else []
    return "\n".join(parts)


def _lines(texts: Iterable[str]) -> str:
    return "\n".join(f"    {text}" for text in list(texts)[:_MOST])


def _shown(text: str | bytes) -> str:
    """Short, on one line and harmless in a terminal."""
    if isinstance(text, bytes):
        text = text[: 4 * _WIDTH].decode("utf-8", "backslashreplace")
    text = "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text.rstrip()
    )
    return text if len(text) <= _WIDTH else text[: _WIDTH - 3] + "..."
