"""Signing by sigstore. Its library and its services are played by a stand-in that says and refuses what they do."""

from __future__ import annotations

import base64
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.cli.calling import wireproof
from wireproof.cli import bundle as bundle_verb
from wireproof.evidence import keyless
from wireproof.evidence.files import SIGSTORE, archive_of, read_files
from wireproof.evidence.keyless import Identity
from wireproof.evidence.verify import Verified, verify
from wireproof.model.errors import UsageError
from wireproof.report.soundness import Rules

WHO = Identity(name="somebody@example.com", issuer="https://issuer.example")


class Error(Exception):
    """What the library raises, whatever went wrong."""


class _Bundle:
    def __init__(self, text: bytes) -> None:
        self.text = text

    @classmethod
    def from_json(cls, text: bytes) -> _Bundle:
        if not text.startswith(b"{"):
            raise Error("failed to load bundle: 1 validation error\nfor its developers")
        return cls(text)

    def to_json(self) -> str:
        return self.text.decode()


class _Signer:
    def __init__(self, who: str) -> None:
        self.who = who

    def sign_dsse(self, statement: bytes) -> _Bundle:
        parts = {"who": self.who, "payload": base64.b64encode(statement).decode()}
        return _Bundle(json.dumps(parts).encode())


class _Context:
    @classmethod
    def from_trust_config(cls, config: str) -> _Context:
        assert config == "production"
        return cls()

    @contextmanager
    def signer(self, identity: str) -> Iterator[_Signer]:
        if identity == "refused":
            raise ConnectionError("no way to the services")
        yield _Signer(identity)


class _Config:
    @staticmethod
    def production() -> str:
        return "production"


class _Verifier:
    @classmethod
    def production(cls, *, offline: bool) -> _Verifier:
        assert offline
        return cls()

    def verify_dsse(self, bundle: _Bundle, policy: tuple[str, str]) -> tuple[str, bytes]:
        parts = json.loads(bundle.text)
        if (parts["who"], WHO.issuer) != policy:
            raise Error(f"Certificate's SANs do not match {policy[0]}")
        return parts.get("type", "application/vnd.in-toto+json"), base64.b64decode(parts["payload"])


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-in, in the place of the library."""
    names: dict[str, dict[str, Any]] = {
        "sigstore": {},
        "sigstore.dsse": {"Statement": bytes},
        "sigstore.errors": {"Error": Error},
        "sigstore.models": {"Bundle": _Bundle, "ClientTrustConfig": _Config},
        "sigstore.oidc": {"IdentityToken": str, "detect_credential": lambda: os.environ.get("JOB_IDENTITY")},
        "sigstore.sign": {"SigningContext": _Context},
        "sigstore.verify": {
            "Verifier": _Verifier,
            "policy": type("policy", (), {"Identity": lambda *, identity, issuer: (identity, issuer)}),
        },
    }
    for name, members in names.items():
        module = ModuleType(name)
        vars(module).update(members)
        monkeypatch.setitem(sys.modules, name, module)
    for name in ("SIGSTORE_ID_TOKEN", "JOB_IDENTITY"):
        monkeypatch.delenv(name, raising=False)


def _checked(files: dict[str, bytes], rules: Rules, who: Identity | None) -> Verified:
    return verify(files, lambda _: rules, [], now=datetime.now(UTC), identity=who)


def _faults(files: dict[str, bytes], rules: Rules, who: Identity | None) -> str:
    found = _checked(files, rules, who)
    assert not found.holds
    assert found.checks[-1].name == "sigstore"
    return "; ".join(found.checks[-1].faults)


def _signed(files: dict[str, bytes], who: str = WHO.name, **parts: str) -> dict[str, bytes]:
    payload = json.loads(files["statement.dsse.json"])["payload"]
    return {**files, SIGSTORE: json.dumps({"who": who, "payload": payload, **parts}).encode()}


@pytest.mark.usefixtures("library")
def test_a_bundle_is_signed_by_the_job_that_runs_it(
    whole_journal: Path, keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOB_IDENTITY", WHO.name)
    path = tmp_path / "run.zip"
    arguments = [str(whole_journal), "-o", str(path), "--key", str(keys), "--sigstore"]
    bundle_verb.command.main(arguments, standalone_mode=False)
    files = read_files(path)
    assert keyless.verified(files[SIGSTORE], WHO) == base64.b64decode(
        json.loads(files["statement.dsse.json"])["payload"]
    )


@pytest.mark.usefixtures("library")
def test_who_signed_is_asked_for(files: dict[str, bytes], rules: Rules, tmp_path: Path) -> None:
    found = _checked(_signed(files), rules, WHO)
    assert found.holds
    assert {one.name: one.notes for one in found.checks}["sigstore"] == (f"{WHO.name}, says {WHO.issuer}",)
    (tmp_path / "run.zip").write_bytes(archive_of(_signed(files)))
    assert read_files(tmp_path / "run.zip") == _signed(files)


@pytest.mark.usefixtures("library")
def test_another_signature_or_statement_does_not_hold(files: dict[str, bytes], rules: Rules) -> None:
    assert "SANs do not match" in _faults(_signed(files, "else@example.com"), rules, WHO)
    assert "is missing" in _faults(files, rules, WHO)
    assert "another statement" in _faults(_signed(files, payload="e30="), rules, WHO)
    assert "another type, text/plain" in _faults(_signed(files, type="text/plain"), rules, WHO)
    said = _faults({**files, SIGSTORE: b"nonsense"}, rules, WHO)
    assert said.endswith("failed to load bundle: 1 validation error")  # one line of it


def test_whose_it_is_need_not_be_asked(files: dict[str, bytes], rules: Rules) -> None:
    """Then the library is not wanted either, and the line says so."""
    found = _checked(_signed(files), rules, None)
    assert found.holds
    assert "not looked at" in {one.name: one.notes for one in found.checks}["sigstore"][0]


@pytest.mark.usefixtures("library")
def test_who_cannot_sign_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="no identity"):
        keyless.sign(b"{}", None)
    with pytest.raises(UsageError, match="no way to the services"):
        keyless.sign(b"{}", "refused")


def test_without_the_library(keys: Path, whole_journal: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sigstore", None)
    for call in (lambda: keyless.sign(b"{}", None), lambda: keyless.verified(b"{}", WHO)):
        with pytest.raises(UsageError, match="needs the library sigstore"):
            call()
    arguments = [str(whole_journal), "-o", str(tmp_path / "run.zip"), "--key", str(keys), "--sigstore"]
    with pytest.raises(UsageError, match="needs the library sigstore"):
        bundle_verb.command.main(arguments, standalone_mode=False)
    assert list(tmp_path.iterdir()) == []


def test_an_identity_has_an_issuer() -> None:
    called = wireproof("verify", "run.zip", "--identity", WHO.name)
    assert called.code == 2
    assert "belong together" in called.err
