"""Signed cards: over which bytes a signature is good, and what is said of those that are not."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from rfc8785 import dumps

from wireproof.library.schemas import schemas_of
from wireproof.protocols.a2a.signatures import Form, decoded, keys_at, lawful, mistaken, signatures, varied, verifies

CARD: dict[str, Any] = {
    "name": "Agent",
    "description": "",
    "version": "1.0.0",
    "supportedInterfaces": [{"url": "https://a.example/rpc", "protocolBinding": "JSONRPC", "protocolVersion": "1.0", "tenant": ""}],
    "capabilities": {"streaming": False, "extensions": []},
    "defaultInputModes": ["text/plain"],
    "defaultOutputModes": ["text/plain"],
    "skills": [{"id": "s", "name": "S", "description": "d", "tags": [], "examples": []}],
    "securitySchemes": {"k": {"apiKeySecurityScheme": {"location": "header", "name": "X", "description": ""}}},
    "documentationUrl": "",
    "future": {"member": ""},
}  # fmt: skip


def form(card: dict[str, Any] = CARD) -> Form:
    return Form(card, schemas_of("a2a", "1.0").document["$defs"])


def signed(payload: bytes, key: Any, algorithm: str) -> dict[str, str]:
    token = jws.serialize_compact({"alg": algorithm, "kid": "k"}, payload, key, algorithms=[algorithm])
    protected, _, signature = token.split(".")
    return {"protected": protected, "signature": signature}


def test_what_is_signed_of_a_card() -> None:
    told = form().presented()
    assert told["description"] == ""  # required
    assert told["documentationUrl"] == ""  # optional and set
    assert told["capabilities"] == {"streaming": False}
    assert told["supportedInterfaces"][0].get("tenant") is None
    assert told["skills"][0] == {"id": "s", "name": "S", "description": "d", "tags": []}
    assert told["securitySchemes"]["k"]["apiKeySecurityScheme"] == {"location": "header", "name": "X"}
    assert told["future"] == {"member": ""}  # nobody knows what its default would be
    assert "future" not in form().presented(known=True)
    assert "signatures" not in form({**CARD, "signatures": []}).presented()
    assert all(varied(form()).values())


@pytest.mark.parametrize(
    ("algorithm", "make"),
    [
        ("ES256", lambda: ECKey.generate_key("P-256")),
        ("EdDSA", lambda: OKPKey.generate_key("Ed25519")),
        ("PS256", lambda: RSAKey.generate_key(2048)),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_a_good_signature_verifies_over_either_form(algorithm: str, make: Any) -> None:
    key = make()
    public = key.as_dict(private=False)
    for payload in lawful(form()):
        assert verifies(signed(payload, key, algorithm), payload, public)
        assert not verifies(signed(payload + b" ", key, algorithm), payload, public)
        others = [other for _, _, other in mistaken(form()) if other != payload]
        assert not any(verifies(signed(payload, key, algorithm), other, public) for other in others)


def test_a_secret_key_is_no_key_of_a_card() -> None:
    key = OctKey.import_key("0123456789abcdef0123456789abcdef")
    payload = dumps(form().presented())
    assert not verifies(signed(payload, key, "HS256"), payload, key.as_dict())


@pytest.mark.parametrize("key", [{}, {"kty": "RSA"}, {"kty": "EC", "crv": "P-256", "x": 1, "y": None}, {"kty": "what"}])
def test_keys_that_are_none(key: dict[str, Any]) -> None:
    assert not verifies({"protected": "e30", "signature": "AA"}, b"{}", key)
    assert not verifies({"protected": None, "signature": 7}, b"{}", key)


def test_headers_that_cannot_be_read() -> None:
    for text in (
        None,
        7,
        "",
        "*",
        "e3",
        base64.urlsafe_b64encode(b"[]").decode(),
        base64.urlsafe_b64encode(b"\xff").decode(),
    ):
        assert decoded(text) is None
    card = {"signatures": [7, {"protected": "e30"}, {"protected": 1}]}
    assert [(index, header) for index, _, header in signatures(card)] == [(1, {}), (2, None)]
    assert list(signatures([])) == list(signatures({"signatures": {}})) == []


def test_keys_are_looked_for_at_the_card_only() -> None:
    def card(place: Any) -> dict[str, Any]:
        header = base64.urlsafe_b64encode(json.dumps({"jku": place}).encode()).decode()
        return {"signatures": [{"protected": header, "signature": ""}]}

    assert keys_at(card("https://a.example/keys"), "https://a.example") == "https://a.example/keys"
    for strange in (
        "https://b.example/keys",
        "http://a.example/keys",
        "file:///etc/passwd",
        "/keys",
        7,
        None,
        "https://[x",
    ):
        assert keys_at(card(strange), "https://a.example") == ""
