"""Ed25519 keys in PEM files. The library `cryptography` does the work; it is an extra, so it is imported where it is used."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from wireproof.model.errors import UsageError

_MOST: Final = 1 << 16
"""Bytes; a PEM file of a key is far shorter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """`pem` is how it is written down; `keyid` the SHA-256 (64 hex digits) of its SubjectPublicKeyInfo in DER."""

    key: Any
    pem: bytes
    keyid: str

    def verifies(self, signature: bytes, signed: bytes) -> bool:
        from cryptography.exceptions import InvalidSignature

        try:
            self.key.verify(signature, signed)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A private key, and the public one that belongs to it."""

    key: Any
    public: PublicKey

    def sign(self, message: bytes) -> bytes:
        signature: bytes = self.key.sign(message)
        return signature


def write_keys(path: Path) -> PublicKey:
    """Makes a pair: the private key in `path` (PKCS #8, no passphrase, for its owner only), the public one beside it (`public_path`).
    UsageError where one of the files exists or cannot be written."""
    need_library()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    private = Ed25519PrivateKey.generate()
    public = _public(private.public_key())
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for file in (path, public_path(path)):
        if file.exists():
            raise _taken(file)
    for file, text, mode in ((path, pem, 0o600), (public_path(path), public.pem, 0o644)):
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as out:
                out.write(text)
        except FileExistsError:
            raise _taken(file) from None
        except OSError as error:
            raise UsageError(f"cannot be written: {error.strerror or error}", where=str(file)) from None
    return public


def _taken(file: Path) -> UsageError:
    return UsageError("exists already, and keys are never overwritten", where=str(file), hint="name another file")


def public_path(path: Path) -> Path:
    """Where the public key lies that belongs to a private one: key.pem, key.pub.pem."""
    return path.with_name(f"{path.stem}.pub{path.suffix or '.pem'}")


def load_signing_key(path: Path) -> SigningKey:
    """UsageError for a file that holds no private Ed25519 key without a passphrase."""
    need_library()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    text = _read(path)
    if b"PUBLIC KEY" in text:
        raise UsageError("is a public key; what signs is the private one", where=str(path))
    try:
        key = load_pem_private_key(text, password=None)
    except TypeError:
        raise UsageError("is protected by a passphrase, which wireproof does not ask for", where=str(path)) from None
    except Exception:  # the library raises ValueError, UnsupportedAlgorithm and others for what is no key
        raise UsageError("is no private key in PEM", where=str(path), hint="wireproof keygen makes one") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError(
            "is a key of another kind; Ed25519 is wanted", where=str(path), hint="wireproof keygen makes one"
        )
    return SigningKey(key=key, public=_public(key.public_key()))


def load_public_key(path: Path) -> PublicKey:
    """UsageError for a file that holds no public Ed25519 key."""
    text = _read(path)
    if b"PRIVATE KEY" in text:
        raise UsageError("is a private key; give the public one", where=str(path), hint=f"such as {public_path(path)}")
    return public_key_of(text, str(path))


def public_key_of(pem: bytes, where: str) -> PublicKey:
    """The same from the text of such a file."""
    need_library()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(pem)
    except Exception:  # see above
        raise UsageError("is no public key in PEM", where=where) from None
    if not isinstance(key, Ed25519PublicKey):
        raise UsageError("is a key of another kind; Ed25519 is wanted", where=where)
    return _public(key)


def _public(key: Any) -> PublicKey:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return PublicKey(key=key, pem=pem, keyid=hashlib.sha256(der).hexdigest())


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MOST)
    except OSError as error:
        raise UsageError(f"the key cannot be read: {error.strerror or error}", where=str(path)) from None


def need_library() -> None:
    """UsageError, with what to install, where the library for keys is not there."""
    try:
        import cryptography  # noqa: F401 - is it there?
    except ImportError:
        raise UsageError(
            "keys and signatures need the library cryptography", hint="pip install 'wireproof[sign]'"
        ) from None
