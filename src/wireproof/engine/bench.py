"""Where peers of ours show what they do, and how each is set up as a target: by protocol, because each protocol has its own servers.

The peers live under fixtures/ and run in this process: on the memory link, or over loopback HTTP.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from wireproof.engine.suite import Suite
from wireproof.library.messages import available
from wireproof.library.shelf import load_fixtures, shelf
from wireproof.library.source import read_yaml
from wireproof.model.catalogue import Requirement, Revision
from wireproof.model.target import CallPolicy, Target

CALLS: Final = CallPolicy(
    read_only=True,
    named=dict.fromkeys(
        (
            "add",
            "archive_sample",
            "test_simple_text",
            "test_embedded_resource",
            "test_tool_with_logging",
            "test_sampling",
        ),
        (),
    ),
)
"""Tools of the reference MCP peer that are called; by name where the oldest revision has no hints to go by."""
DEADLINE: Final = 1.0
"""Seconds that an answer may take from a peer in this process."""

_SERVED: Final = {
    "any": ("jsonrpc", "rest", "grpc"),
    "http": ("jsonrpc", "rest"),
    "jsonrpc": ("jsonrpc",),
    "rest": ("rest",),
    "grpc": ("grpc",),
}
_BINDINGS: Final = {"JSONRPC": "jsonrpc", "HTTP+JSON": "rest", "GRPC": "grpc"}

Place = tuple[str, str]
"""(revision, transport)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What the self-test needs to know of one protocol. `reference` and `shapes` are (module of the fixtures, name in it); `everywhere`:
    on which transports of a revision the reference peer is played; `shown`: on which a variant shows what it is about, the first one
    first; `serve`: the running peer as a target; `bindings`: over which coverage is counted apart (empty: over all together)."""

    reference: tuple[str, str]
    shapes: tuple[str, str]
    everywhere: Callable[[Revision], tuple[str, ...]]
    shown: Callable[[Any, Revision, Requirement | None], list[str]]
    serve: Callable[[Any, str], AbstractContextManager[Target]]
    bindings: tuple[str, ...] = ("",)


def _of_lines_and_http(revision: Revision) -> tuple[str, ...]:
    return ("memory", *revision.traits.get("http_transports", ("http",)))


def _mcp_shown(variant: Any, revision: Revision, row: Requirement | None) -> list[str]:
    offered = revision.traits.get("http_transports", ("http",))
    known = [
        name
        for name in variant.transports
        if (name in ("memory", "stdio") or name in offered)
        and (row is None or row.transport != "http" or name in ("http", "sse"))
    ]
    if "memory" in known:
        known = [name for name in known if name != "stdio"]
    here = ["memory" if name == "stdio" else name for name in known]
    return [name for name in here if (revision.id, name) not in variant.hidden_in]


def _agent_shown(variant: Any, _revision: Revision, row: Requirement | None) -> list[str]:
    bound = _SERVED.get(row.transport, ()) if row is not None else _SERVED["any"]
    known = bound if available() else [name for name in bound if name != "grpc"]
    return [name for name in (_BINDINGS[one] for one in variant.bindings) if name in known]


@contextmanager
def _mcp_target(variant: Any, transport: str) -> Iterator[Target]:
    peers = importlib.import_module("wireproof_fixtures.mcp")
    if transport == "memory":
        serve = partial(peers.serve_lines, variant)
        yield Target(name=variant.name, serve=serve, timeout=DEADLINE, startup_wait=DEADLINE, calls=CALLS)
        return
    peer = peers.serve_http(variant, port=0)
    try:
        yield Target(
            name=variant.name,
            url=peer.sse_url if transport == "sse" else peer.url,
            headers=tuple(variant.credentials.items()),
            tokens=variant.tokens,
            timeout=DEADLINE,
            startup_wait=DEADLINE,
            calls=CALLS,
        )
    finally:
        peer.close()


@contextmanager
def _agent_target(variant: Any, _transport: str) -> Iterator[Target]:
    known = importlib.import_module("wireproof_fixtures.a2a.shapes")
    serve_agent = importlib.import_module("wireproof_fixtures.a2a").serve_agent
    agent = serve_agent(variant, **{"pace": known.PACE, **variant.settings})
    try:
        yield Target(
            name=variant.name,
            url=agent.url,
            headers=tuple(variant.credentials.items()),
            tokens=known.OTHERS,
            timeout=DEADLINE,
            startup_wait=DEADLINE,
            calls=CallPolicy(profile="fixture"),
        )
    finally:
        agent.close()


BENCHES: Final[Mapping[str, Bench]] = {
    "mcp": Bench(
        reference=("variant", "REFERENCE"),
        shapes=("shapes", "SHAPES"),
        everywhere=_of_lines_and_http,
        shown=_mcp_shown,
        serve=_mcp_target,
    ),
    "a2a": Bench(
        reference=("a2a", "REFERENCE_AGENT"),
        shapes=("a2a.shapes", "SHAPES"),
        everywhere=lambda _revision: _SERVED["any" if available() else "http"],
        shown=_agent_shown,
        serve=_agent_target,
        bindings=_SERVED["any"],
    ),
}


def _fixture(module: str, name: str) -> Any:
    load_fixtures()
    return getattr(importlib.import_module(f"wireproof_fixtures.{module}"), name)


def fixtures(protocol: str = "mcp") -> tuple[Any, Sequence[Any], Sequence[Any]]:
    """(the reference variant, sins, habits) of a protocol."""
    reference = _fixture(*BENCHES[protocol].reference)
    return reference, _fixture(f"faulty.{protocol}", "SINS"), _fixture(f"lawful.{protocol}", "HABITS")


def shapes(protocol: str = "mcp") -> Sequence[Any]:
    """The shapes of the reference peer, each with its variant and what it shows."""
    found: Sequence[Any] = _fixture(*BENCHES[protocol].shapes)
    return found


def excused() -> dict[str, str]:
    """Sins that may survive, with the reason (fixtures/survivors.yaml)."""
    rows, _ = read_yaml(shelf("fixtures") / "survivors.yaml")
    return {row["sin"]: row["why"] for row in rows}


def reference_places(suite: Suite) -> list[Place]:
    """Where the reference peer is played."""
    everywhere = BENCHES[suite.pack.name].everywhere
    return [(one.id, transport) for one in suite.catalogue.revisions for transport in everywhere(one)]


def places(suite: Suite, variant: Any) -> list[Place]:
    """Where a variant shows what it is about: newest revision first."""
    orders = suite.orders
    row = suite.catalogue.requirements.get(variant.about)
    first = max(orders.get(variant.since, 0), orders[row.since] if row else 0)
    last = min(orders.get(variant.until, 99), orders[row.until] if row else 99)
    shown = BENCHES[suite.pack.name].shown
    return [
        (one.id, transport)
        for one in reversed(suite.catalogue.revisions)
        if first <= one.order <= last
        for transport in shown(variant, one, row)
    ]


def variant_of(protocol: str, kind: str, name: str) -> Any:
    """The variant of a name; `kind` is sin, habit or reference (the reference peer and its shapes). Raises StopIteration for no such."""
    reference, sins, habits = fixtures(protocol)
    every = {"reference": (reference, *(one.variant for one in shapes(protocol))), "sin": sins, "habit": habits}
    return next(one for one in every[kind] if one.name == name)
