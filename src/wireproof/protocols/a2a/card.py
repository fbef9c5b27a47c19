"""The Agent Card as a client reads it: where it may lie, which interfaces it names, what it declares (specification 8; 0.3: 5).

One card may carry the shapes of both versions. What is malformed is left out here; its form is judged elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from wireproof.model.jsontext import JSON
from wireproof.protocols.a2a import rpc

WELL_KNOWN: Final = "/.well-known/agent-card.json"
EARLIER: Final = "/.well-known/agent.json"
"""Where the card lay before 0.3."""
BINDINGS: Final[Mapping[str, str]] = {"JSONRPC": "jsonrpc", "HTTP+JSON": "rest", "GRPC": "grpc"}
"""What cards call the three core bindings, and what we do."""
_SIGNS: Final = ("supportedInterfaces", "skills", "protocolVersion", "capabilities", "defaultInputModes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """One address of the agent. `binding` jsonrpc, rest, grpc, or what the card calls another one; `version` Major.Minor."""

    url: str
    binding: str
    version: str
    tenant: str = ""


def places(url: str) -> list[str]:
    """Where the card of what is at this URL may lie, the likeliest first; the URL itself where it names a card."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    if path.endswith(".json"):
        return [url]
    below = dict.fromkeys((path, path.rpartition("/")[0], ""))
    made = [urlunsplit((parts.scheme, parts.netloc, one + WELL_KNOWN, "", "")) for one in below]
    return [*made, urlunsplit((parts.scheme, parts.netloc, EARLIER, "", ""))]


def is_card(value: JSON) -> bool:
    """Is that meant as an Agent Card? One that lacks its name has to show more of one."""
    if not isinstance(value, dict):
        return False
    return sum(one in value for one in _SIGNS) >= (2 if isinstance(value.get("name"), str) else 3)


def version_of(text: JSON) -> str:
    """Major.Minor of a version; empty for what is none."""
    numbers = str(text).split(".")
    return ".".join(numbers[:2]) if isinstance(text, str) and len(numbers) > 1 else ""


def interfaces(card: Mapping[str, Any]) -> Iterator[Interface]:
    """What the card names, in its order; those of 1.0 first."""
    listed = card.get("supportedInterfaces")
    for one in listed if isinstance(listed, list) else []:
        if isinstance(one, dict) and isinstance(one.get("url"), str):
            name = one.get("protocolBinding")
            tenant = one.get("tenant")
            yield Interface(
                url=one["url"],
                binding=BINDINGS.get(str(name), str(name)),
                version=version_of(one.get("protocolVersion")),
                tenant=tenant if isinstance(tenant, str) else "",
            )
    if not isinstance(card.get("url"), str):
        return
    version = version_of(card.get("protocolVersion")) or ("0.3" if not isinstance(listed, list) else "")
    if not version.startswith("0."):
        return
    main = card.get("preferredTransport", "JSONRPC")
    more = card.get("additionalInterfaces")
    named = [(card["url"], main)]
    named += [(one.get("url"), one.get("transport")) for one in more or () if isinstance(one, dict)] if more else []
    for url, name in dict.fromkeys((url, str(name)) for url, name in named if isinstance(url, str)):
        yield Interface(url=url, binding=BINDINGS.get(name, name), version=version)


def interface(card: JSON, version: str, binding: str) -> Interface | None:
    """The first interface of that version and binding whose URL can be read; over gRPC with the URL that `rpc.place` makes of it."""
    if not isinstance(card, dict):
        return None
    fitting = (one for one in interfaces(card) if (one.version, one.binding) == (version, binding))
    if binding == "grpc":
        placed = (replace(one, url=rpc.place(one.url)) for one in fitting)
        return next((one for one in placed if one.url), None)
    return next((one for one in fitting if _readable(one.url)), None)


def unreadable(card: JSON, version: str, binding: str) -> str:
    """The URL of an interface of that version and binding which is there, but leads nowhere; empty where there is none."""
    named = interfaces(card) if isinstance(card, dict) else ()
    return next((one.url for one in named if (one.version, one.binding) == (version, binding)), "")


def another(card: JSON, version: str, binding: str) -> Interface | None:
    """The first interface of that version over another binding: JSON-RPC, and beside that HTTP+JSON."""
    for other in ("jsonrpc", "rest"):
        if other != binding and (found := interface(card, version, other)) is not None:
            return found
    return None


def _readable(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.scheme and parts.netloc) and parts.port != 0
    except ValueError:  # of a port too
        return False


def declares(card: JSON, name: str) -> JSON:
    """A member of the card's capabilities; None where it is not declared."""
    held = card.get("capabilities") if isinstance(card, dict) else None
    return held.get(name) if isinstance(held, dict) else None


def required_extensions(card: JSON) -> tuple[str, ...]:
    """The URIs of the extensions without which the agent serves nobody."""
    held = declares(card, "extensions")
    listed = [one for one in held if isinstance(one, dict)] if isinstance(held, list) else []
    return tuple(one["uri"] for one in listed if one.get("required") is True and isinstance(one.get("uri"), str))


def extended(card: JSON) -> bool:
    """Is an extended card declared, in the manner of either version?"""
    older = card.get("supportsAuthenticatedExtendedCard") if isinstance(card, dict) else None
    return declares(card, "extendedAgentCard") is True or older is True


def schemes(card: JSON) -> list[str]:
    """The names of the security schemes that the card declares, each with its kind."""
    held = card.get("securitySchemes") if isinstance(card, dict) else None
    made = []
    for name, one in held.items() if isinstance(held, dict) else ():
        kind = (
            next((key.removesuffix("SecurityScheme") for key in one if key.endswith("SecurityScheme")), "")
            if (isinstance(one, dict))
            else ""
        )
        kind = kind or (str(one.get("type", "")) if isinstance(one, dict) else "")
        made.append(f"{name} ({kind})" if kind and kind != name else str(name))
    return made
