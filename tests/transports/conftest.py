from __future__ import annotations

import pytest

from tests.transports.exchanges import Make
from wireproof.transports.http import HttpLink
from wireproof.transports.proxied import HttpxLink


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=[HttpLink, HttpxLink], ids=["http", "httpx"])
def make(request: pytest.FixtureRequest) -> Make:
    """Either HTTP link, for what both must do."""
    return request.param
