"""Requests whose HTTP headers say another thing than their body: a server that reads both must refuse (streamable-http, Server Validation,
2026-07-28). Which other status and code it should have is for scripts; here it counts that the work is not done. And headers that name
a version of which nobody ever heard."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from wireproof.generate.envelopes import Fault, Rule, headers
from wireproof.judge.pack import Family, Lens
from wireproof.model.exchange import Exchange, Expect, Pattern, Request
from wireproof.protocols.mcp.strategies.acts import RESULT, Act, acts, request_of
from wireproof.protocols.mcp.strategies.building import calling, generated, liveness_of, still_alive

_ROW: Final = "mcp.http.validate.mismatch-rejected"
_VERSION: Final = "mcp.http.version-header.invalid-400"
_NAMED: Final = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
_REFUSED: Final = (
    Pattern(schema={"type": "object", "required": ["error"]}),
    Pattern(status=tuple(one for one in range(400, 600))),
)


def split(facts: Mapping[str, Any], lens: Lens, kinds: Mapping[str, str]) -> Iterator[Family]:
    """One family, where requests bear such headers. `kinds`: of requests that get a result alone nobody can say that they were refused anyway."""
    if lens.transport != "http" or lens.revision.era != "modern":
        return
    known = [one for one in acts(facts, lens) if kinds.get(one.key) == RESULT and not one.before]
    alive = liveness_of(facts, lens)
    draws: list[SearchStrategy[Exchange]] = [_of(one, alive) for one in known]
    tools = tuple(dict.fromkeys(str(_name(one)) for one in known if one.method == "tools/call"))
    if draws:
        yield Family(name="header", draws=st.one_of(draws), calls=tools, calling=calling, weight=0.3)


def versions(facts: Mapping[str, Any], lens: Lens) -> Iterator[Family]:
    """One family, where the handshake is over and each request names the version in a header: a version that nobody can support is
    refused with 400 (transports, Protocol Version Header, since 2025-06-18)."""
    if lens.transport != "http" or lens.revision.era != "legacy" or not lens.revision.traits.get("version_header"):
        return
    alive = liveness_of(facts, lens)
    days = st.builds("{:04}-{:02}-{:02}".format, st.integers(1000, 2023), st.integers(1, 12), st.integers(1, 28))
    never = st.builds("{}-{:02}-{:02}".format, st.just(lens.revision.id[:4]), st.integers(13, 99), st.integers(0, 99))
    longer = st.builds(
        "{}{}{}".format, st.just(lens.revision.id), st.sampled_from("-._~x"), st.from_regex(r"\A[a-z0-9]{1,12}\Z")
    )
    words = st.from_regex(r"\A[a-z][a-z0-9.-]{0,40}[a-z]\Z")
    yield Family(
        name="version",
        draws=st.one_of(days, never, longer, words).map(lambda said: _unsupported(said, alive)),
        weight=0.2,
    )


def _unsupported(said: str, alive: str) -> Exchange:
    usual = Request(method=alive, name="usual")
    asked = Request(method=alive, name="call", headers={"MCP-Protocol-Version": said})
    served = Expect(of="usual", any_of=(Pattern(schema={"type": "object", "required": ["result"]}),))
    refused = Expect(of="call", any_of=(Pattern(status=(400,)),), about=(_VERSION,), why="no such version is supported")
    return generated("version", (usual, served, asked, refused, *still_alive(alive)))


def _name(act: Act) -> str | None:
    """What the request is about, as Mcp-Name says it; None where there is no such header."""
    part = act.params.get(_NAMED.get(act.method, "")) if isinstance(act.params, dict) else None
    return part if isinstance(part, str) and part.isascii() and part.isprintable() else None


def _of(act: Act, alive: str) -> SearchStrategy[Exchange]:
    name = _name(act)
    given = {"Mcp-Method": act.method, **({"Mcp-Name": name} if name is not None else {})}
    return headers(given).filter(_plainly(given)).map(lambda fault: _exchange(act, given, fault, alive))


def _plainly(given: Mapping[str, str]) -> Any:
    """Is it plain that the two disagree? Case is another rule's affair, and a value that stands twice says the same twice."""

    def plain(fault: Fault) -> bool:
        said, meant = dict(fault.headers).get(fault.pointer), given[fault.pointer]
        return fault.rule is Rule.HEADER_PRESENT or (
            said is not None and said.lower() != meant.lower() and said != f"{meant}, {meant}"
        )

    return plain


def _exchange(act: Act, given: Mapping[str, str], fault: Fault, alive: str) -> Exchange:
    said = dict(fault.headers)
    changed = {name: said.get(name) for name in given if said.get(name) != given[name]}
    request = request_of(act, "call", headers=changed)
    refused = Expect(of="call", any_of=_REFUSED, about=(_ROW,), why=f"header and body disagree: {fault.step}")
    return generated("header", (request, refused, *still_alive(alive)), fault.pointer)
