"""Signatures of a card: what their headers say, and over which bytes they verify (specification 8.4).

Verifying is the work of joserfc and rfc8785, which are extras, so they are imported where they are used.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from wireproof.model.jsontext import JSON

ALGORITHMS: Final = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA", "Ed25519"),
)
"""Those with a public key: a secret one is never published."""
OPTIONAL: Final[Mapping[str, Mapping[str, JSON]]] = {
    "AgentCard": {"documentationUrl": "", "iconUrl": ""},
    "AgentCapabilities": {"streaming": False, "pushNotifications": False, "extendedAgentCard": False},
}
"""Members that the proto marks as optional, with their default value: set or not set is a difference."""
_DEFAULTS: Final[tuple[JSON, ...]] = ("", False, 0, [])

CANONICAL: Final = "a2a.signing.canonical"
PRESENCE: Final = "a2a.signing.presence-respected"
UNSET: Final = "a2a.signing.unset-left-out"
SET: Final = "a2a.signing.set-kept"
REQUIRED: Final = "a2a.signing.required-kept"
LEFT_OUT: Final = "a2a.signing.defaults-left-out"
RFC_8785: Final = "a2a.signing.rfc-8785"
EXCLUDED: Final = "a2a.signing.signatures-excluded"


def decoded(text: JSON) -> Mapping[str, Any] | None:
    """The object inside a base64url text; None where there is none."""
    if not isinstance(text, str):
        return None
    try:
        value = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError):
        return None
    return value if isinstance(value, dict) else None


def signatures(card: JSON) -> Iterator[tuple[int, Mapping[str, Any], Mapping[str, Any] | None]]:
    """(index, entry, protected header) of each signature on a card; None for a header that cannot be read."""
    held = card.get("signatures") if isinstance(card, dict) else None
    for index, entry in enumerate(held if isinstance(held, list) else ()):
        if isinstance(entry, dict):
            yield index, entry, decoded(entry.get("protected"))


def keys_at(card: JSON, origin: str) -> str:
    """The first address of keys that a signature names and that lies at the origin of the card; empty where there is none."""
    for _, _, header in signatures(card):
        place = header.get("jku") if header else None
        if isinstance(place, str) and _origin(place) == origin:
            return place
    return ""


def _origin(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}"


class Form:
    """The card as it may have been signed. `definitions` are those of the version's schema file."""

    def __init__(self, card: Mapping[str, Any], definitions: Mapping[str, Any]) -> None:
        self.card = {name: one for name, one in card.items() if name != "signatures"}
        self.definitions = definitions

    def presented(self, *, required: bool = True, optional: bool = True, known: bool = False) -> Any:
        """Without members at their default value. `required`, `optional`: those are kept all the same, as they should be; `known`:
        without members that the proto does not have, which a reader of the proto never sees."""
        return self._object(self.card, "AgentCard", required, optional, known)

    def with_unset(self) -> Any:
        """With optional members of the card that nobody set."""
        told = self.presented()
        held = told.get("capabilities")
        inner = {**OPTIONAL["AgentCapabilities"], **held} if isinstance(held, dict) else held
        return {**OPTIONAL["AgentCard"], **told, "capabilities": inner}

    def _object(self, value: Mapping[str, Any], name: str, required: bool, optional: bool, known: bool) -> Any:
        definition = self.definitions.get(name, {})
        members = definition.get("properties", {})
        made = {}
        for member, held in value.items():
            if known and member not in members:
                continue
            kept = (required and member in definition.get("required", ())) or (
                optional and member in OPTIONAL.get(name, ())
            )
            schema = members.get(member, {})
            if not kept and member in members and (held in _DEFAULTS or (held == {} and "$ref" not in schema)):
                continue
            made[member] = self._value(held, schema, required, optional, known)
        return made

    def _value(self, value: Any, schema: Mapping[str, Any], required: bool, optional: bool, known: bool) -> Any:
        reference = str(schema.get("$ref", "")).rpartition("/")[2]
        if reference and isinstance(value, dict):
            return self._object(value, reference, required, optional, known)
        if isinstance(value, list) and "items" in schema:
            return [self._value(one, schema["items"], required, optional, known) for one in value]
        if isinstance(value, dict) and isinstance(inner := schema.get("additionalProperties"), dict):
            return {key: self._value(one, inner, required, optional, known) for key, one in value.items()}
        return value


def lawful(form: Form) -> Iterator[bytes]:
    """The canonical forms; there are two where the card has members that the proto does not know."""
    from rfc8785 import dumps

    yield dumps(form.presented())
    yield dumps(form.presented(known=True))


def mistaken(form: Form) -> Iterator[tuple[tuple[str, ...], str, bytes]]:
    """(rows that this breaks, what was done, the bytes) of slips in signing, the smallest first."""
    from rfc8785 import dumps

    told = form.presented()
    yield (EXCLUDED,), "with a member signatures", dumps({**told, "signatures": []})
    yield (UNSET, PRESENCE), "with optional members that were never set", dumps(form.with_unset())
    for unset in ("iconUrl", "documentationUrl"):
        yield (UNSET, PRESENCE), f"with {unset}, which was never set", dumps({unset: "", **told})
    yield (SET, PRESENCE), "without optional members that were set", dumps(form.presented(optional=False))
    yield (REQUIRED, PRESENCE), "without required members that are empty", dumps(form.presented(required=False))
    both = form.presented(required=False, optional=False)
    yield (REQUIRED, SET, PRESENCE), "without anything that is empty", dumps(both)
    yield (LEFT_OUT, PRESENCE), "with members at their default value", dumps(form.card)
    for value, rows in ((told, (RFC_8785,)), (form.card, (RFC_8785, LEFT_OUT))):
        yield rows, "as JSON with blanks", json.dumps(value, sort_keys=True).encode()
        compact = json.dumps(value, sort_keys=True, separators=(",", ":"))
        yield rows, "as JSON with escaped characters", compact.encode()
        yield (CANONICAL, *rows), "in the order in which it is served", json.dumps(value).encode()
        short = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
        yield (CANONICAL, *rows), "in the order in which it is served", short.encode()


def verifies(entry: Mapping[str, Any], payload: bytes, key: Mapping[str, Any]) -> bool:
    """Whether the signature is that of this payload by this key. ImportError where the extra is not installed."""
    from joserfc import jws
    from joserfc.errors import JoseError
    from joserfc.jwk import JWKRegistry

    body = base64.urlsafe_b64encode(payload).decode().rstrip("=")
    token = f"{entry.get('protected')}.{body}.{entry.get('signature')}"
    try:
        made = JWKRegistry.import_key({**key})
        return bool(jws.deserialize_compact(token, made, algorithms=list(ALGORITHMS)))
    except (JoseError, ValueError, TypeError, KeyError):
        return False


def varied(form: Form) -> dict[str, bool]:
    """Which rules make a difference on this card; of the others nothing can be said."""
    from rfc8785 import dumps

    told = dumps(form.presented())
    return {
        CANONICAL: True,
        RFC_8785: True,
        EXCLUDED: True,
        UNSET: dumps(form.with_unset()) != told,
        SET: dumps(form.presented(optional=False)) != told,
        REQUIRED: dumps(form.presented(required=False)) != told,
        LEFT_OUT: dumps(form.card) != told,
        PRESENCE: dumps(form.card) != told or dumps(form.presented(required=False, optional=False)) != told,
    }
