"""Secrets are found in every usual spelling, and nothing else is touched."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from wireproof.engine.redaction import MARK, redactor

SECRETS = st.text(
    st.characters(codec="utf-8", exclude_characters="\r\n\0", exclude_categories=["Cc"]), min_size=14, max_size=40
)
EDGES = st.binary(max_size=4)


@settings(max_examples=100, deadline=None)
@given(secret=SECRETS, before=EDGES, after=EDGES)
def test_every_spelling_is_found(secret: str, before: bytes, after: bytes) -> None:
    assume(not secret.isdigit())
    redact = redactor([secret])
    assert redact is not None
    raw = secret.encode()
    nested = json.dumps(json.dumps(secret))
    spellings = [
        raw,
        json.dumps(secret).encode(),
        json.dumps(secret, ensure_ascii=False).encode(),
        json.dumps(secret).replace("/", "\\/").encode(),
        nested.encode(),
        quote(secret, safe="").encode(),
        quote_plus(secret).encode(),
        html.escape(secret).encode(),
        base64.b64encode(before + raw + after),
        base64.urlsafe_b64encode(before + raw + after),
    ]
    for one in spellings:
        assert MARK in redact(b"<" + one + b">"), one


@pytest.mark.parametrize("secret", ["test", "bearer"])
def test_a_short_secret_is_not_torn_out_of_words(secret: str) -> None:
    redact = redactor([secret])
    assert redact is not None
    word = f'{{"method":"{secret}ing"}}'.encode()
    assert redact(word) == word
    assert redact(f'{{"method":"{secret}"}}'.encode()) == b'{"method":"[redacted]"}'


def test_a_number_stays_a_number() -> None:
    redact = redactor(["20251125"])
    assert redact is not None
    assert json.loads(redact(b'{"id":20251125,"more":"20251125"}')) == {"id": 99999999, "more": "99999999"}


def test_nothing_to_hide() -> None:
    assert redactor([]) is None
    assert redactor(["abc"]) is None
