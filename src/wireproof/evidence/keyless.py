"""A second signature by sigstore, which says who signed and when without a key that anybody keeps (https://docs.sigstore.dev).

The library `sigstore` does the work; it is an extra, so it is imported where it is used. What is signed is the same statement. Signing asks
the public services of sigstore; verifying asks nobody.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from wireproof.evidence.dsse import PAYLOAD_TYPE
from wireproof.model.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Whose signature is wanted: an e-mail address or the URL of a workflow, as the certificate names it, and who vouched for that
    (the URL of an OpenID Connect issuer)."""

    name: str
    issuer: str


def sign(payload: bytes, token: str | None) -> bytes:
    """The sigstore bundle (JSON) of an in-toto statement. `token`: an OpenID Connect token; None: the one of the CI job that this runs in.
    UsageError without the library, without an identity, and where the services cannot be reached or refuse."""
    need_library()
    from sigstore.dsse import Statement
    from sigstore.errors import Error
    from sigstore.models import ClientTrustConfig
    from sigstore.oidc import IdentityToken, detect_credential
    from sigstore.sign import SigningContext

    try:
        found = token or detect_credential()
        if not found:
            raise UsageError(
                "there is no identity to sign with sigstore",
                hint="in GitHub Actions give the job `id-token: write`; elsewhere put an OpenID Connect token into SIGSTORE_ID_TOKEN",
            )
        identity = IdentityToken(found)
        context = SigningContext.from_trust_config(ClientTrustConfig.production())
        with context.signer(identity) as signer:
            bundle: str = signer.sign_dsse(Statement(payload)).to_json()
    except (Error, OSError) as error:  # OSError: the network
        raise UsageError(f"sigstore did not sign: {_words(error)}") from None
    return bundle.encode("utf-8")


def verified(bundle: bytes, identity: Identity) -> bytes:
    """The payload that a sigstore bundle holds, if this identity signed it. ValueError, in words for a reader, where it did not, and for
    what is no such bundle; UsageError without the library."""
    need_library()
    from sigstore.errors import Error
    from sigstore.models import Bundle
    from sigstore.verify import Verifier, policy

    try:
        # Offline: the roots of trust that were fetched last on this machine, or came with the library.
        verifier = Verifier.production(offline=True)
        wanted = policy.Identity(identity=identity.name, issuer=identity.issuer)
        kind, payload = verifier.verify_dsse(Bundle.from_json(bundle), wanted)
    except (Error, OSError, ValueError) as error:
        raise ValueError(_words(error)) from None
    if kind != PAYLOAD_TYPE:
        raise ValueError(f"it is about a payload of another type, {kind}")
    return bytes(payload)


def need_library() -> None:
    """UsageError, with what to install, where the library is not there."""
    logging.getLogger("sigstore").addHandler(logging.NullHandler())  # what it would warn of stands in what we say
    try:
        import sigstore  # noqa: F401 - is it there?
    except ImportError:
        raise UsageError("this needs the library sigstore", hint="pip install 'wireproof[sigstore]'") from None


def _words(error: Any) -> str:
    """The first line of what the library says; the rest is for its developers."""
    return str(error).strip().split("\n")[0][:300] or type(error).__name__
