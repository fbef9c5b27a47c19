"""DSSE, the envelope of signed statements: https://github.com/secure-systems-lab/dsse (protocol.md, envelope.md)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from wireproof.evidence.keys import PublicKey, SigningKey

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A payload with its type, and signatures as (keyid, bytes); a keyid is a hint and nothing more."""

    payload_type: str
    payload: bytes
    signatures: tuple[tuple[str, bytes], ...]

    def signed_by(self, key: PublicKey) -> bool:
        """Does one of the signatures hold for this key, whatever keyid stands beside it?"""
        signed = pae(self.payload_type, self.payload)
        return any(key.verifies(signature, signed) for _, signature in self.signatures)


def pae(payload_type: str, body: bytes) -> bytes:
    """The pre-authentication encoding: what is really signed."""
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(body), body)


def seal(payload: bytes, keys: Iterable[SigningKey]) -> dict[str, Any]:
    """The envelope of an in-toto statement as a JSON value, with a signature of each key."""
    signed = pae(PAYLOAD_TYPE, payload)
    return {
        "payload": base64.b64encode(payload).decode("ascii"),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [
            {"keyid": one.public.keyid, "sig": base64.b64encode(one.sign(signed)).decode("ascii")} for one in keys
        ],
    }


def unseal(value: Mapping[str, Any]) -> Envelope:
    """The envelope of a JSON value that envelope.schema.json accepts. ValueError for what is no base64."""
    return Envelope(
        payload_type=value["payloadType"],
        payload=_decoded(value["payload"]),
        signatures=tuple((one.get("keyid", ""), _decoded(one["sig"])) for one in value["signatures"]),
    )


def _decoded(text: str) -> bytes:
    """Standard or URL-safe base64: a reader of envelopes takes either."""
    try:
        return base64.b64decode(text.translate(str.maketrans("-_", "+/")), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"no base64: {error}") from None
