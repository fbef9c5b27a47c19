"""How MCP operations become frames, on stdio and both HTTP transports, in both eras. State in, state out.

Pages: basic/transports (2024-11-05 to 2025-11-25), basic/transports/stdio and streamable-http (2026-07-28), basic/lifecycle.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from wireproof.judge.pack import Outgoing
from wireproof.model.catalogue import Revision
from wireproof.model.exchange import Exchange, Fields, Http, Notify, Request, Respond, Send, SendBytes
from wireproof.model.jsontext import ABSENT, JSON, dump
from wireproof.model.wire import Frame, Kind, Record, Way, header
from wireproof.protocols.mcp.dismissal import KNOWN
from wireproof.protocols.mcp.mirror import Mirrored, header_text, marks_of, param_headers
from wireproof.protocols.mcp.responder import canned_answer

META: Final = "io.modelcontextprotocol/"
BOTH_TYPES: Final = "application/json, text/event-stream"
NAMED: Final = {
    "tools/call": "name",
    "prompts/get": "name",
    "resources/read": "uri",
    "tasks/get": "taskId",
    "tasks/update": "taskId",
    "tasks/cancel": "taskId",
}
"""Methods whose Mcp-Name header mirrors a parameter (2026-07-28; those of tasks by the extension io.modelcontextprotocol/tasks)."""


_LATEST: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What a client remembers of one connection."""

    revision: Revision
    transport: str
    capabilities: JSON
    client: Mapping[str, str]
    next_id: int = 1
    next_channel: int = 1
    url: str = ""
    post_url: str = ""
    session: str | None = None
    negotiated: str | None = None
    named_versions: bool = False
    opening_channels: tuple[str, ...] = ()
    opening_ids: tuple[JSON, ...] = ()
    left: bool = False
    """We asked the server to end the session, in whatever way."""
    parted: bool = False
    """We did so as one should, without headers that have it refused."""
    """The session is over: we ended it, or the server did, which it may at any time."""
    certain: tuple[str, ...] = ()
    """Channels of the latest requests in this session that cannot get 404 for another reason than its end."""
    headers: tuple[tuple[str, str], ...] = ()
    liveness: str = "ping"
    """The method of a request that this server answers, whatever else it does."""
    marks: Mapping[str, tuple[Mirrored, ...]] = field(default_factory=dict)
    """The parameters of each listed tool that go into headers too (2026-07-28 over HTTP)."""

    @property
    def modern(self) -> bool:
        return self.revision.era == "modern"

    @property
    def http(self) -> bool:
        return self.transport in ("http", "sse")


class McpBinding:
    """The pack's binding: pure functions on State."""

    def start(self, revision: Revision, transport: str, options: Mapping[str, Any]) -> State:
        """`options`: url, capabilities (of the exchange's client), headers (the user's), version (ours), tools (as they were listed
        to another connection of the same run), liveness (the request that every server answers, where it is not the revision's)."""
        capabilities = options.get("capabilities")
        if capabilities is None or capabilities is ABSENT:
            capabilities = revision.traits.get("client_capabilities", {})
        return State(
            revision=revision,
            transport=transport,
            capabilities=capabilities,
            client={"name": "wireproof", "version": str(options.get("version", "0"))},
            url=str(options.get("url", "")),
            headers=tuple(options.get("headers", ())),
            marks=marks_of(options.get("tools")) if revision.era == "modern" and transport == "http" else {},
            liveness=str(options.get("liveness") or revision.traits.get("liveness", "ping")),
        )

    def dress(self, state: State, step: Outgoing) -> tuple[State, Frame, JSON]:
        """The frame of a step and the message inside it (ABSENT for raw bytes)."""
        match step:
            case Request():
                identity = state.next_id if step.id is ABSENT else step.id
                state = replace(state, next_id=state.next_id + (step.id is ABSENT))
                message = {"jsonrpc": "2.0", "id": identity, "method": step.method}
                params = self._params(state, step.params, step.meta)
                if params is not ABSENT:
                    message["params"] = params
                if step.method == "initialize":
                    state = replace(state, opening_ids=(*state.opening_ids, identity))
                return self._frame(state, message, step.headers)
            case Notify():
                message = {"jsonrpc": "2.0", "method": step.method}
                params = self._params(state, step.params, step.meta, notification=True)
                if params is not ABSENT:
                    message["params"] = params
                return self._frame(state, message, step.headers)
            case Respond():
                body = {"error": step.error} if step.error is not ABSENT else {"result": step.result}
                return self._frame(state, {"jsonrpc": "2.0", "id": json.loads(step.to), **body}, {})
            case Send():
                return self._frame(state, step.message, step.headers)
            case SendBytes():
                state, frame, _ = self._frame(state, ABSENT, step.headers, data=step.data)
                if step.end is not None and not state.http:
                    frame = replace(frame, meta={**frame.meta, "end": step.end})
                if step.pieces:
                    frame = replace(frame, meta={**frame.meta, "pieces": step.pieces})
                return state, frame, ABSENT
            case Http():
                return self._literal_http(state, step)

    def _params(self, state: State, params: JSON, meta: Mapping[str, Any], *, notification: bool = False) -> JSON:
        """Adds `_meta`. In `meta` a None takes a key away, and the key "_meta" itself takes all of it away."""
        if params is not ABSENT and not isinstance(params, dict):
            return params
        given = dict(params) if isinstance(params, dict) else {}
        own = given.pop("_meta", {})
        if not isinstance(own, dict):
            return {"_meta": own, **given}
        if "_meta" in meta:
            return given if given or params is not ABSENT else ABSENT
        base: dict[str, Any] = {}
        if state.modern and not notification:
            base = {
                META + "protocolVersion": state.revision.id,
                META + "clientCapabilities": state.capabilities,
                META + "clientInfo": dict(state.client),
            }
        merged = {key: value for key, value in {**base, **own, **meta}.items() if value is not None}
        if merged or (isinstance(params, dict) and "_meta" in params):
            return {"_meta": merged, **given}
        return given if params is not ABSENT else ABSENT

    def _frame(
        self, state: State, message: JSON, overrides: Fields, *, data: bytes | None = None
    ) -> tuple[State, Frame, JSON]:
        body = dump(message).encode("utf-8", "surrogatepass") if data is None else data
        if not state.http:
            return state, Frame(data=body), message
        channel = f"http-{state.next_channel}"
        state = replace(state, next_channel=state.next_channel + 1)
        if isinstance(message, dict) and message.get("method") == "initialize":
            state = replace(state, opening_channels=(*state.opening_channels, channel))
        headers = [
            ("Content-Type", "application/json"),
            ("Accept", BOTH_TYPES),
            *self._protocol_headers(state, message),
        ]
        meta = self._request_meta(state, "POST", state.post_url or state.url, headers, overrides)
        known = isinstance(message, dict) and message.get("method") in KNOWN
        if known and state.session is not None and header(tuple(meta["headers"]), "mcp-session-id") == state.session:
            state = replace(state, certain=(*state.certain[-_LATEST:], channel))
        return state, Frame(data=body, channel=channel, meta=meta), message

    def _protocol_headers(self, state: State, message: JSON) -> list[tuple[str, str]]:
        made: list[tuple[str, str]] = []
        if state.transport == "sse":
            return made
        if state.modern:
            made.append(("MCP-Protocol-Version", state.revision.id))
            if isinstance(message, dict) and isinstance(message.get("method"), str):
                made.append(("Mcp-Method", header_text(message["method"])))
                member = NAMED.get(message["method"])
                params = message.get("params")
                if member and isinstance(params, dict) and isinstance(params.get(member), str):
                    made.append(("Mcp-Name", header_text(params[member])))
                if message["method"] == "tools/call" and isinstance(params, dict):
                    marks = state.marks.get(str(params.get("name")), ())
                    made += param_headers(marks, params.get("arguments"))
            return made
        if state.session is not None:
            made.append(("Mcp-Session-Id", state.session))
        opening = isinstance(message, dict) and message.get("method") == "initialize"
        if state.negotiated and not opening and state.revision.traits.get("version_header"):
            made.append(("MCP-Protocol-Version", state.negotiated))
        return made

    def _request_meta(
        self,
        state: State,
        method: str,
        url: str,
        headers: list[tuple[str, str]],
        overrides: Fields,
    ) -> dict[str, Any]:
        user = [(key, value) for key, value in state.headers]
        named = {key.lower() for key, _ in user}
        made = [(key, value) for key, value in headers if key.lower() not in named] + user
        for key, value in overrides.items():
            made = [(name, old) for name, old in made if name.lower() != key.lower()]
            if value is not None:
                made += [(key, one) for one in ([value] if isinstance(value, str) else value)]
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        meta: dict[str, Any] = {"method": method, "target": target, "headers": [list(pair) for pair in made]}
        without = [key.lower() for key, value in overrides.items() if value is None]
        if without:
            meta["without"] = without
        return meta

    def _literal_http(self, state: State, step: Http) -> tuple[State, Frame, JSON]:
        channel = f"http-{state.next_channel}"
        state = replace(state, next_channel=state.next_channel + 1)
        headers: list[tuple[str, str]] = []
        body = step.data or b""
        if step.body is not ABSENT:
            body = dump(step.body).encode("utf-8", "surrogatepass")
        if step.session:
            headers.append(("Accept", "text/event-stream" if step.method == "GET" else BOTH_TYPES))
            if body:
                headers.append(("Content-Type", "application/json"))
            headers += self._protocol_headers(state, step.body if step.body is not ABSENT else ABSENT)
        url = urljoin(state.url, step.path) if step.path else state.url
        meta = self._request_meta(state, step.method, url, headers, step.headers)
        session = header(tuple(meta["headers"]), "mcp-session-id")
        if step.method == "DELETE" and session is not None and session == state.session:
            state = replace(state, left=True, parted=state.parted or not step.headers)
        return state, Frame(data=body, channel=channel, meta=meta), step.body

    def observe(self, state: State, record: Record) -> State:
        """Learns what a conforming client must remember: the session id, the negotiated revision, the POST endpoint of 2024-11-05,
        the marks of listed tools."""
        if record.kind is Kind.HEAD and record.channel in state.opening_channels:
            session = header(tuple((key, value) for key, value in record.meta.get("headers", ())), "mcp-session-id")
            if session is not None:
                return replace(state, session=session)
        if record.way is not Way.IN:
            return state
        if record.kind is Kind.HEAD and record.channel in state.certain and record.meta.get("status") == 404:
            return replace(
                state, left=True, parted=True
            )  # the client has to open another (basic/transports, Session Management)
        if (
            record.kind in (Kind.EVENT, Kind.MESSAGE)
            and record.meta.get("event") == "endpoint"
            and state.transport == "sse"
        ):
            text = record.raw.decode("utf-8", "replace").strip()
            return replace(state, post_url=urljoin(state.url, text)) if text and not state.post_url else state
        message = record.message
        if state.opening_ids and isinstance(message, dict) and isinstance(message.get("result"), dict):
            version = message["result"].get("protocolVersion")  # whatever its id became: that is for a check to blame
            if isinstance(version, str):
                return replace(state, negotiated=version)
        if state.modern and state.http and isinstance(message, dict) and isinstance(message.get("result"), dict):
            listed = marks_of(message["result"].get("tools"))
            return replace(state, marks={**state.marks, **listed}) if listed else state
        return state

    def respond(self, state: State, record: Record, exchange: Exchange | None) -> Respond | None:
        """The full client's answer to a server request that no step claims."""
        if state.modern or not isinstance(record.message, dict):
            return None
        return canned_answer(record.message, exchange.canned if exchange else {})

    def fences(self, state: State) -> tuple[Request, ...]:
        """Requests that every server of the revision answers, the second one with an error."""
        return (
            Request(method=state.liveness, name="fence"),
            Request(method="wireproof/fence", name="fence", deliberate=True),
        )

    def farewell(self, state: State) -> Http | None:
        """A client that is done ends its session (basic/transports, Session Management); None without a session."""
        return Http(method="DELETE", name="farewell") if state.session is not None and not state.parted else None

    def ended(self, state: State) -> bool:
        """Is the session over, because we asked for that or because the server does not know it any more?"""
        return state.left
