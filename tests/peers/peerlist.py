"""The peers of `peers.toml` as values: what to install and how to start it. Stdlib only, reads one file.

`load().peer("mcp2").launches["http"].fill(port=free_port())` is a command, an address and an environment.
"""

from __future__ import annotations

import os
import socket
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PEERS = ROOT / ".peers"
SCRATCH = PEERS / "scratch"

TRANSPORTS = ("stdio", "http", "sse")
"""The tables that a peer may have, in the order in which they are tried."""


class PeerListError(Exception):
    """`peers.toml` says something that cannot be, or a name was asked for that it does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """One folder under `.peers`, filled from one lock: a venv (`pypi`) or a node_modules tree (`npm`)."""

    name: str
    kind: str
    lock: Path
    sources: tuple[Path, ...]

    @property
    def folder(self) -> Path:
        """Where it is installed."""
        return PEERS / self.name

    @property
    def pins(self) -> tuple[Path, ...]:
        """The files that decide what is installed."""
        return (self.lock,) if self.kind == "pypi" else (self.lock / "package.json", self.lock / "package-lock.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """How a peer is started on one transport. `url` is None for stdio; `{port}` may stand in any value."""

    command: tuple[str, ...]
    url: str | None
    env: Mapping[str, str]

    def fill(self, *, port: int = 0) -> Launch:
        """The same launch with `{port}` replaced."""

        def put(text: str) -> str:
            return text.replace("{port}", str(port))

        return Launch(
            command=tuple(put(word) for word in self.command),
            url=None if self.url is None else put(self.url),
            env=MappingProxyType({name: put(value) for name, value in self.env.items()}),
        )

    def environ(self) -> dict[str, str]:
        """The whole environment for the child process: ours, then what the peer asks for."""
        return {**os.environ, **self.env}


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A third-party server. `launches` maps a transport name (see `TRANSPORTS`) to the way it is started there."""

    name: str
    environment: str
    package: str
    version: str
    revisions: tuple[str, ...]
    startup_s: float
    notes: str
    launches: Mapping[str, Launch]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerClient:
    """A third-party client: `command` wants `stdio COMMAND...` or `http URL` after it, prints one JSON line."""

    name: str
    environment: str
    package: str
    version: str
    revisions: tuple[str, ...]
    command: tuple[str, ...]
    notes: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerList:
    """Everything in `peers.toml`, in the order of the file."""

    environments: tuple[Environment, ...]
    peers: tuple[Peer, ...]
    clients: tuple[PeerClient, ...]

    def peer(self, name: str) -> Peer:
        """The server of that name; raises PeerListError when there is none."""
        for each in self.peers:
            if each.name == name:
                return each
        raise PeerListError(f"no peer is called {name!r}")

    def only(self, names: Iterable[str]) -> PeerList:
        """The part that concerns these names (of servers, clients or environments); everything when none is given."""
        wanted = frozenset(names)
        if not wanted:
            return self
        every: tuple[Environment | Peer | PeerClient, ...] = (*self.environments, *self.peers, *self.clients)
        if unknown := wanted - {each.name for each in every}:
            known = ", ".join(sorted({each.name for each in every}))
            raise PeerListError(f"unknown name {', '.join(sorted(unknown))}; known: {known}")
        peers = tuple(each for each in self.peers if wanted & {each.name, each.environment})
        clients = tuple(each for each in self.clients if wanted & {each.name, each.environment})
        used = wanted | {each.environment for each in peers} | {each.environment for each in clients}
        environments = tuple(each for each in self.environments if each.name in used)
        return PeerList(environments=environments, peers=peers, clients=clients)


def free_port() -> int:
    """A loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _place(text: str) -> str:
    for name, folder in (("{peers}", PEERS), ("{root}", ROOT), ("{scratch}", SCRATCH)):
        text = text.replace(name, str(folder))
    return text


def _launch(table: Mapping[str, Any]) -> Launch:
    return Launch(
        command=tuple(_place(word) for word in table["command"]),
        url=table.get("url"),
        env=MappingProxyType({name: _place(value) for name, value in table.get("env", {}).items()}),
    )


def _environment(table: Mapping[str, Any]) -> Environment:
    sources = tuple(HERE / each for each in table.get("sources", ()))
    return Environment(name=table["name"], kind=table["kind"], lock=HERE / table["lock"], sources=sources)


def _peer(table: Mapping[str, Any]) -> Peer:
    return Peer(
        name=table["name"],
        environment=table["environment"],
        package=table["package"],
        version=table["version"],
        revisions=tuple(table["revisions"]),
        startup_s=float(table["startup_s"]),
        notes=table["notes"],
        launches=MappingProxyType({each: _launch(table[each]) for each in TRANSPORTS if each in table}),
    )


def _client(table: Mapping[str, Any]) -> PeerClient:
    return PeerClient(
        name=table["name"],
        environment=table["environment"],
        package=table["package"],
        version=table["version"],
        revisions=tuple(table["revisions"]),
        command=tuple(_place(word) for word in table["command"]),
        notes=table["notes"],
    )


def load(path: Path = HERE / "peers.toml") -> PeerList:
    """Read the list; raises PeerListError where a name is used twice or an environment is not defined."""
    with path.open("rb") as file:
        table = tomllib.load(file)
    try:
        found = PeerList(
            environments=tuple(_environment(each) for each in table["environment"]),
            peers=tuple(_peer(each) for each in table["peer"]),
            clients=tuple(_client(each) for each in table["client"]),
        )
    except KeyError as missing:
        raise PeerListError(f"{path.name}: {missing} is missing") from None
    tenants: tuple[Peer | PeerClient, ...] = (*found.peers, *found.clients)
    names = [each.name for each in found.environments] + [each.name for each in tenants]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise PeerListError(f"{path.name}: used twice: {', '.join(twice)}")
    known = {each.name for each in found.environments}
    for each in tenants:
        if each.environment not in known:
            raise PeerListError(f"{path.name}: {each.name} lives in {each.environment!r}, which is not defined")
    return found
