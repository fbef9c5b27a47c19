"""TLS: who is trusted, who we are."""

from __future__ import annotations

import shutil
import ssl
from pathlib import Path

import anyio
import pytest

from tests.transports.servers import Server, echo, self_signed
from wireproof.model.errors import UsageError
from wireproof.model.wire import Arrival, Frame, Kind
from wireproof.transports.channels import ExchangeLink
from wireproof.transports.http import HttpLink
from wireproof.transports.proxied import HttpxLink

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="makes its certificate with openssl"),
    pytest.mark.parametrize("make", [HttpLink, HttpxLink]),
]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A self-signed certificate for 127.0.0.1, and its key."""
    return self_signed(tmp_path_factory.mktemp("tls"))


def context(certificate: tuple[str, str]) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(*certificate)
    return made


async def ask(link: ExchangeLink) -> list[Arrival]:
    found: list[Arrival] = []
    async with link:
        for number in range(2):
            await link.send(Frame(data=b"hello", channel=f"c{number}"))
            with anyio.fail_after(10):
                while not found or found[-1].channel != f"c{number}" or found[-1].kind is not Kind.END:
                    found.append(await link.receive())
    return found


async def test_a_trusted_server(make: type[HttpLink | HttpxLink], certificate: tuple[str, str]) -> None:
    with Server(echo, context(certificate)) as server:
        got = await ask(make(server.url, ca_file=certificate[0]))
        assert [one.data for one in got if one.kind is Kind.MESSAGE] == [b"hello", b"hello"]


async def test_an_unknown_server(make: type[HttpLink | HttpxLink], certificate: tuple[str, str]) -> None:
    with Server(echo, context(certificate)) as server:
        got = await ask(make(server.url))
        assert got[0].kind is Kind.FAULT
        assert got[0].meta["why"].startswith("tls: self")
        got = await ask(make(server.url, insecure=True))
        assert [one.data for one in got if one.kind is Kind.MESSAGE] == [b"hello", b"hello"]


async def test_our_own_certificate(make: type[HttpLink | HttpxLink], certificate: tuple[str, str]) -> None:
    asking = context(certificate)
    asking.verify_mode = ssl.CERT_REQUIRED
    asking.load_verify_locations(certificate[0])
    with Server(echo, asking) as server:
        got = await ask(make(server.url, ca_file=certificate[0], cert=certificate))
        assert [one.data for one in got if one.kind is Kind.MESSAGE] == [b"hello", b"hello"]
        got = await ask(make(server.url, ca_file=certificate[0]))
        assert Kind.HEAD not in [one.kind for one in got]


async def test_no_tls_there(make: type[HttpLink | HttpxLink], certificate: tuple[str, str]) -> None:
    with Server(lambda conversation: conversation.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server:
        got = await ask(make(server.url.replace("http:", "https:"), insecure=True))
        assert got[0].meta["why"].startswith(("tls: ", "reset: "))


async def test_files_of_no_use(make: type[HttpLink | HttpxLink], certificate: tuple[str, str], tmp_path: Path) -> None:
    for options in (
        {"ca_file": str(tmp_path / "none")},
        {"ca_file": __file__},
        {"cert": (certificate[1], certificate[1])},
    ):
        with pytest.raises(UsageError):
            make("https://localhost/", **options)  # type: ignore[arg-type]
