"""An HTTP/1.1 request as bytes. Nothing is corrected on the way: the spelling, order and doubling of header fields are the frame's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlsplit

from wireproof.model.errors import UsageError
from wireproof.model.wire import Frame

_PORTS: Final = {"http": 80, "https": 443}
_NEEDS_LENGTH: Final = ("POST", "PUT", "PATCH")
_FRAMING: Final = frozenset({"content-length", "transfer-encoding", "connection", "upgrade", "expect"})

Fields = list[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a link connects, and the path (with query) that a frame without a target asks for."""

    scheme: str
    host: str
    port: int
    path: str

    @classmethod
    def of(cls, url: str) -> Self:
        """Raises UsageError when this is no http or https URL, or holds credentials."""
        try:
            parts = urlsplit(url)
            scheme, host, port = parts.scheme.lower(), parts.hostname or "", parts.port
        except ValueError as error:
            raise UsageError(f"not a URL: {url} ({error})") from error
        if scheme not in _PORTS or not host:
            raise UsageError(f"not an http or https URL: {url}")
        if parts.username is not None:
            raise UsageError("the URL holds a user name", hint="send credentials as an Authorization header instead")
        return cls(scheme=scheme, host=host, port=port or _PORTS[scheme], path=_path(parts.path, parts.query))

    @property
    def tls(self) -> bool:
        return self.scheme == "https"

    @property
    def authority(self) -> str:
        """What the Host field says: the port only when it is not the scheme's own, IPv6 in brackets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def target(self, wanted: str | None) -> str | None:
        """The request target of a frame; an absolute URL must lie on this origin, else None."""
        if wanted is None:
            return self.path
        if not wanted.lower().startswith(("http://", "https://")):
            return wanted
        try:
            other = Origin.of(wanted)
        except UsageError:
            return None
        same = (other.scheme, other.host, other.port) == (self.scheme, self.host, self.port)
        return other.path if same else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Bytes to write, the method that decides how the response is framed, and whether the connection stays usable after it."""

    data: bytes
    method: str
    reusable: bool


def fields(frame: Frame, target: Origin, defaults: Iterable[tuple[str, str]]) -> Fields:
    """Host, the frame's header fields as they are, the defaults it does not name, Content-Length; without what meta.without names."""
    given: Fields = [(str(name), str(value)) for name, value in frame.meta.get("headers", ())]
    named = {name.lower() for name, _ in given} | {str(name).lower() for name in frame.meta.get("without", ())}
    made: Fields = [] if "host" in named else [("Host", target.authority)]
    made += given
    made += [(name, value) for name, value in defaults if name.lower() not in named]
    counted = bool(frame.data) or method_of(frame).upper() in _NEEDS_LENGTH
    if counted and not named.intersection(("content-length", "transfer-encoding")):
        made.append(("Content-Length", str(len(frame.data))))
    return made


def compose(frame: Frame, origin: Origin, target: str, defaults: Iterable[tuple[str, str]]) -> Request:
    """The whole request. A frame that frames itself, or is verbatim, leaves its connection in an unknown state: not reusable."""
    if frame.meta.get("verbatim"):
        method = frame.data.split(b" ", 1)[0].decode("latin-1")
        return Request(data=frame.data, method=method, reusable=False)
    own = {str(name).lower() for name, _ in frame.meta.get("headers", ())}
    own |= {str(name).lower() for name in frame.meta.get("without", ())}
    lines = [f"{method_of(frame)} {target} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in fields(frame, origin, defaults)]
    head = "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape")
    return Request(data=head + frame.data, method=method_of(frame), reusable=not own & _FRAMING)


def method_of(frame: Frame) -> str:
    """The frame's method; POST when it does not say."""
    return str(frame.meta.get("method", "POST"))


def _path(path: str, query: str) -> str:
    return (path or "/") + (f"?{query}" if query else "")
