"""How A2A operations become HTTP requests, over JSON-RPC and HTTP+JSON, or gRPC calls, in 1.0 and 0.3. State in, state out.

Exchanges name operations and parameters as 1.0 does; what goes out is in the version and binding of the lane. Pages: specification 9
(JSON-RPC), 10 (gRPC) and 11 (HTTP+JSON), 3.6 (versioning); 0.3: 3.2 and 3.5.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urljoin, urlsplit
from uuid import NAMESPACE_URL, uuid5

from wireproof.judge.pack import Outgoing
from wireproof.model.catalogue import Revision
from wireproof.model.exchange import Exchange, Fields, Http, Notify, Request, Respond, Send, SendBytes
from wireproof.model.jsontext import ABSENT, JSON, dump
from wireproof.model.wire import Frame, Kind, Record, Way
from wireproof.protocols.a2a import older, rpc
from wireproof.protocols.a2a.card import Interface, another, interface, is_card, required_extensions
from wireproof.protocols.a2a.operations import OPERATIONS, SENDS, route

JSON_TYPE: Final = "application/json"
STREAM_TYPE: Final = "text/event-stream"
SEND_PATH: Final = "/v1/message:send"
NOT_READ: Final = (400, 415, 422, 500)
"""What an agent of 0.3 answers over HTTP+JSON to a message whose form it does not know."""


def unknown(nonce: str, name: str) -> str:
    """A UUID that nobody knows: ids of another form may be refused for their form (specification 3.3.2)."""
    return str(uuid5(NAMESPACE_URL, f"wireproof:{nonce}:{name}"))


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What a client remembers of one conversation. `place` is the agent's URL as the user gave it."""

    revision: Revision
    transport: str
    place: str
    nonce: str
    headers: tuple[tuple[str, str], ...] = ()
    interface: Interface | None = None
    other: Interface | None = None
    """That of the same version over another binding, for what is asked over both."""
    extensions: tuple[str, ...] = ()
    """Those that the card requires: who does not offer them is served nothing."""
    proto: bool = False
    """HTTP+JSON of 0.3: messages are written in the ProtoJSON of its proto."""
    tried: tuple[tuple[str, str], ...] = ()
    """HTTP+JSON of 0.3: channels of messages that were sent, each with its form (core, proto), until one was read."""
    next_id: int = 1
    next_channel: int = 1
    modern: bool = True
    """What the engine asks for: there are no sessions that could be resumed."""

    @property
    def current(self) -> bool:
        """Is it 1.0 or later, which have a version header?"""
        return bool(self.revision.traits.get("version_header"))

    @property
    def url(self) -> str:
        """Where operations are asked for."""
        return self.interface.url if self.interface is not None else self.place

    @property
    def web(self) -> str:
        """Where literal HTTP requests are joined to: there too, but where operations are gRPC calls."""
        return self.place if self.transport == "grpc" else self.url


class A2aBinding:
    """The pack's binding: pure functions on State."""

    def start(self, revision: Revision, transport: str, options: Mapping[str, Any]) -> State:
        """`options`: url, headers (the user's), nonce (different in every connection), facts (of the survey, once there are)."""
        facts = options.get("facts", {})
        return State(
            revision=revision,
            transport=transport,
            place=str(options.get("url", "")),
            nonce=str(options.get("nonce", "")),
            headers=tuple(options.get("headers", ())),
            interface=interface(facts.get("document"), revision.id, transport),
            other=another(facts.get("document"), revision.id, transport),
            extensions=required_extensions(facts.get("document")),
            proto=facts.get("dialect") == "proto",
        )

    def dress(self, state: State, step: Outgoing) -> tuple[State, Frame, JSON]:
        """The frame of a step and the message inside it (ABSENT where it has no JSON body)."""
        match step:
            case Request():
                return self._request(state, step)
            case Send():
                return self._post(
                    state, dump(step.message).encode("utf-8", "surrogatepass"), step.message, step.headers
                )
            case SendBytes():
                state, frame, _ = self._post(state, step.data, ABSENT, step.headers)
                if step.pieces:
                    frame = replace(frame, meta={**frame.meta, "pieces": step.pieces})
                return state, frame, ABSENT
            case Http():
                return self._literal(state, step)
            case Notify() | Respond():
                raise TypeError(f"A2A has no {type(step).__name__.lower()}")

    def _request(self, state: State, step: Request) -> tuple[State, Frame, JSON]:
        """`over: other` in `meta` asks over the other binding, which the frame then names."""
        if step.meta.get("over") != "other" or state.other is None:
            return self._asked(state, step)
        there = replace(state, transport=state.other.binding, interface=state.other)
        there, frame, message = self._asked(there, step)
        back = replace(there, transport=state.transport, interface=state.interface)
        return back, replace(frame, meta={**frame.meta, "binding": state.other.binding}), message

    def _asked(self, state: State, step: Request) -> tuple[State, Frame, JSON]:
        number, state = state.next_id, replace(state, next_id=state.next_id + 1)
        params = self._params(state, step, number)
        if state.transport == "grpc":
            return self._call(state, step, params)
        operation = OPERATIONS.get(step.method)
        streams = operation is not None and operation.streams
        if not state.current:
            rest = state.transport == "rest"
            params = older.params(step.method, params, proto=rest and state.proto, paths=rest)
        if state.transport == "rest" and operation is not None:
            verb, path, body = route(
                operation, params, modern=state.current, tenant=state.interface.tenant if state.interface else ""
            )
            data = b"" if body is None else dump(body).encode("utf-8", "surrogatepass")
            url, message = state.url.rstrip("/") + path, ABSENT if body is None else body
        else:
            method = operation.older if operation is not None and not state.current else step.method
            message = {
                "jsonrpc": "2.0",
                "id": number if step.id is ABSENT else step.id,
                "method": method or step.method,
            }
            if params is not ABSENT:
                message["params"] = params
            verb, url, data = "POST", state.url, dump(message).encode("utf-8", "surrogatepass")
        headers = self._usual(state, streams=streams, body=bool(data))
        state, frame = self._frame(state, verb, url, headers, step.headers, data)
        return state, replace(frame, meta={**frame.meta, "operation": step.method}), message

    def _call(self, state: State, step: Request, params: JSON) -> tuple[State, Frame, JSON]:
        """Over gRPC: service parameters travel as metadata, whose names are in lower case (specification 10.2)."""
        data, message = rpc.request(state.revision.id, step.method, params)
        path = rpc.path_of(state.revision.id, step.method)
        state, frame = self._frame(state, "POST", state.url + path, self._service(state), step.headers, data)
        headers = [[name.lower(), value] for name, value in frame.meta["headers"]]
        return (
            state,
            replace(frame, meta={**frame.meta, "headers": headers, "operation": step.method, "rpc": path}),
            message,
        )

    def _params(self, state: State, step: Request, number: int) -> JSON:
        """In 1.0 form; a message gets what it lacks: an id that nobody used and the role of a user. A null in `meta` keeps that away."""
        if not isinstance(step.params, dict):
            return {} if step.params is ABSENT and step.method not in ("GetExtendedAgentCard",) else step.params
        given = dict(step.params)
        tenant = state.interface.tenant if state.interface is not None else ""
        if tenant and state.current and "tenant" not in given and state.transport != "rest":
            given["tenant"] = tenant
        message = given.get("message")
        if step.method in SENDS and isinstance(message, dict):
            prefix = step.meta.get("prefix", "wireproof")
            usual = {"messageId": f"{prefix}-{state.nonce}-{number}", "role": "ROLE_USER"}
            given["message"] = {
                **{key: one for key, one in usual.items() if step.meta.get(key, "") is not None},
                **message,
            }
        return given

    def _usual(self, state: State, *, streams: bool, body: bool) -> list[tuple[str, str]]:
        accept = f"{JSON_TYPE}, {STREAM_TYPE}" if streams else JSON_TYPE
        if state.transport == "rest" and state.current:
            accept = f"application/a2a+json, {accept}"
        made = [("Content-Type", JSON_TYPE)] if body else []
        made.append(("Accept", accept))
        return made + self._service(state)

    def _service(self, state: State) -> list[tuple[str, str]]:
        """The service parameters: version and extensions."""
        made = []
        if state.current:
            made.append(("A2A-Version", state.revision.id))
        if state.extensions:
            made.append((str(state.revision.traits["extensions_header"]), ", ".join(state.extensions)))
        return made

    def _post(self, state: State, data: bytes, message: JSON, overrides: Fields) -> tuple[State, Frame, JSON]:
        headers = self._usual(state, streams=True, body=True)
        state, frame = self._frame(state, "POST", state.url, headers, overrides, data)
        return state, frame, message

    def _literal(self, state: State, step: Http) -> tuple[State, Frame, JSON]:
        body = step.data or b""
        if step.body is not ABSENT:
            body = dump(step.body).encode("utf-8", "surrogatepass")
        headers = self._usual(state, streams=True, body=bool(body)) if step.session else []
        url = urljoin(state.web, step.path) if step.path else state.web
        state, frame = self._frame(state, step.method, url, headers, step.headers, body)
        return state, frame, step.body

    def _frame(
        self, state: State, method: str, url: str, headers: list[tuple[str, str]], overrides: Fields, data: bytes
    ) -> tuple[State, Frame]:
        user = list(state.headers) if trusted(state.place, url) else []
        named = {key.lower() for key, _ in user}
        made = [(key, value) for key, value in headers if key.lower() not in named] + user
        for key, value in overrides.items():
            made = [(name, old) for name, old in made if name.lower() != key.lower()]
            if value is not None:
                made += [(key, one) for one in ([value] if isinstance(value, str) else value)]
        parts, home = urlsplit(url), urlsplit(state.place)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if (parts.scheme, parts.netloc) != (home.scheme, home.netloc):
            target = f"{parts.scheme}://{parts.netloc}{target}"
        meta: dict[str, Any] = {"method": method, "target": target, "headers": [list(pair) for pair in made]}
        without = [key.lower() for key, value in overrides.items() if value is None]
        if without:
            meta["without"] = without
        channel = f"http-{state.next_channel}"
        state = replace(state, next_channel=state.next_channel + 1, tried=_tried(state, channel, target, data))
        return state, Frame(data=data, channel=channel, meta=meta)

    def observe(self, state: State, record: Record) -> State:
        """Learns from the first card that comes where the operations of this version and binding are, and from how a message is
        refused in which form it is read (the survey's `dialect`)."""
        if state.interface is None and record.way is Way.IN and record.kind is Kind.MESSAGE and is_card(record.message):
            found = interface(record.message, state.revision.id, state.transport)
            other = another(record.message, state.revision.id, state.transport)
            return replace(state, interface=found, other=other, extensions=required_extensions(record.message))
        if record.kind is Kind.HEAD and (record.channel, "proto") in state.tried:
            return replace(state, proto=record.meta.get("status") not in NOT_READ, tried=())
        if record.kind is Kind.HEAD and (record.channel, "core") in state.tried:
            return state if record.meta.get("status") in NOT_READ else replace(state, tried=((record.channel, "read"),))
        return state

    def respond(self, _state: State, _record: Record, _exchange: Exchange | None) -> Respond | None:
        """Agents ask nothing of their clients."""
        return None

    def fences(self, state: State) -> tuple[Request, ...]:
        """A request that every agent answers, with an error, and that changes nothing."""
        if state.interface is None or (state.transport == "grpc" and not rpc.available()):
            return ()
        task = unknown(state.nonce, f"fence {state.next_id}")
        return (Request(method="GetTask", params={"id": task}, name="fence"),)

    def farewell(self, _state: State) -> Http | None:
        """Nothing is to be ended."""
        return None

    def ended(self, _state: State) -> bool:
        return False


def _tried(state: State, channel: str, target: str, data: bytes) -> tuple[tuple[str, str], ...]:
    """`State.tried` once more is sent; nothing is kept where forms do not matter or are known."""
    settled = (
        state.current or state.transport != "rest" or state.proto or any(form == "read" for _, form in state.tried)
    )
    if settled or not target.endswith(SEND_PATH) or len(state.tried) > 1:
        return state.tried
    return (*state.tried, (channel, "proto" if b'"content"' in data else "core"))


def trusted(place: str, url: str) -> bool:
    """May what the user gave for one URL, such as credentials, be sent to another one that the card names? Only to the same host."""
    here, there = urlsplit(place).hostname or "", urlsplit(url).hostname or ""
    return here == there or (loopback(here) and loopback(there))


def loopback(host: str) -> bool:
    """Is that a name of this machine?"""
    return host in ("localhost", "::1") or host.startswith("127.")
