"""Clients that must present a certificate, against openssl."""

import hashlib
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import micropython_server
import pytest
from boardcert_host.certificates.certificate import public_key_pin
from certificates import Identity, make, make_ca
from cryptography.hazmat.primitives.asymmetric import rsa
from openssl_peers import client_auth, options

pytestmark = pytest.mark.needs("openssl")

# Greet clients with a certificate of the CA in the file argv[3] and with one of the pins argv[5:].
_SERVER = """
import asyncio, hashlib, sys
import boardcert

me = boardcert.identity(directory=sys.argv[1], names=["localhost"])
with open(sys.argv[3], "rb") as file:
    ca = file.read() or None

async def handle(reader, writer):
    if sys.argv[4] != "early":
        await reader.read(1)
    writer.write(hashlib.sha256(writer.get_extra_info("peercert") or b"").digest())
    await writer.drain()

pins = sys.argv[5:] or None
asyncio.run(boardcert.serve(handle, int(sys.argv[2]), "127.0.0.1", client_ca=ca, client_pins=pins))
"""


@pytest.fixture(scope="module")
def ca() -> Identity:
    """Return the CA that issues certificates."""
    return make_ca()


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of the board's identity."""
    return tmp_path_factory.mktemp("mutual") / "identity"


@pytest.fixture(scope="module")
def clients(ca: Identity) -> dict[str, Identity]:
    """Return clients by description."""
    key = rsa.generate_private_key(65537, 2048)
    return {
        "issued": make(issuer=ca, change=client_auth),
        "issued, with RSA": make(issuer=ca, change=client_auth, key=key),
        "issued by another": make(issuer=make_ca(), change=client_auth),
        "expired": make(issuer=ca, change=client_auth, days=(-9, -1)),
        "not yet valid": make(issuer=ca, change=client_auth, days=(1, 9)),
        "a server": make(issuer=ca),
        "self-signed": make(change=client_auth),
        "self-signed, expired": make(days=(-9, -1)),
    }


@pytest.fixture
def ask(tmp_path: Path) -> Callable[[int, Identity | None], bytes]:
    """Return what this client of openssl is answered after the handshake."""

    def ask(port: int, client: Identity | None) -> bytes:
        completed = subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-quiet", "-ign_eof"]
            + (options(client, tmp_path) if client else []),
            input=b"?",
            capture_output=True,
            timeout=60,
        )
        return completed.stdout

    return ask


@contextmanager
def _server(
    directory: Path, ca: Identity | None, pins: list[str], when: str = "late"
) -> Iterator[int]:
    file = directory.parent / "ca.der"
    file.write_bytes(ca.der if ca else b"")
    with micropython_server.serving(directory, str(file), when, *pins, code=_SERVER) as port:
        yield port


def _expect(
    port: int,
    ask: Callable[[int, Identity | None], bytes],
    clients: dict[str, Identity],
    served: set[str],
) -> None:
    """Check that the clients *served* are known by their certificates, and all others refused."""
    assert ask(port, None) == b""
    for name, client in clients.items():
        expected = hashlib.sha256(client.der).digest() if name in served else b""
        assert ask(port, client) == expected, name


def test_a_ca_lets_in_whom_it_issued_certificates_as_clients(
    directory: Path, ca: Identity, clients: dict[str, Identity], ask: Callable
) -> None:
    """A CA admits the clients that it has issued valid certificates for."""
    with _server(directory, ca, []) as port:
        _expect(port, ask, clients, {"issued", "issued, with RSA"})


def test_a_pin_lets_in_whoever_has_the_key(
    directory: Path, clients: dict[str, Identity], ask: Callable
) -> None:
    """A pin admits any certificate with its key; each pin is one key."""
    names = {"issued, with RSA", "self-signed", "self-signed, expired"}
    pins = [public_key_pin(clients[name].key) for name in names]
    with _server(directory, None, pins) as port:
        _expect(port, ask, clients, names)


def test_with_a_ca_and_a_pin_both_must_hold(
    directory: Path, ca: Identity, clients: dict[str, Identity], ask: Callable
) -> None:
    """With CA and pin, a client needs both."""
    pins = [public_key_pin(clients[name].key) for name in ("issued", "expired", "self-signed")]
    with _server(directory, ca, pins) as port:
        _expect(port, ask, clients, {"issued"})


def test_a_client_is_told_nothing_before_it_is_known(
    directory: Path, clients: dict[str, Identity], ask: Callable
) -> None:
    """Nothing is sent to a client before it is known, even if the handler writes first."""
    pin = public_key_pin(clients["self-signed"].key)
    with _server(directory, None, [pin], "early") as port:
        assert ask(port, None) == b""
        assert ask(port, clients["self-signed, expired"]) == b""


def test_whom_to_trust_must_be_said() -> None:
    """An empty list of pins, or a pin of another form than in reports, is refused."""
    for arguments in (
        "None, []",
        "[], None",
        "None, None",
        "None, ['x']",
        "None, ['sha256//YQ==']",
    ):
        assert (
            micropython_server.run(
                "from boardcert.transport.mutual_tls import PeerCheck\n"
                f"try:\n    PeerCheck({arguments})\nexcept ValueError:\n    print('refused')"
            )
            == "refused\n"
        )
