"""The board as a client that presents its certificate, against openssl."""

import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import micropython_server
import pytest
from boardcert_host.certificates.certificate import public_key_pin
from certificates import Identity, make, make_ca
from cryptography import x509
from openssl_peers import client_auth, options
from servers import reserved_port

pytestmark = pytest.mark.needs("openssl")

# Connect to port argv[2] as a client that trusts the CA in the file argv[3] and the pins argv[4:].
_CLIENT = """
import socket, sys
import boardcert

me = boardcert.identity(directory=sys.argv[1], names=["localhost"])
with open(sys.argv[3], "rb") as file:
    ca = file.read() or None
context = me.client_context(ca, sys.argv[4:])
raw = socket.socket()
raw.connect(socket.getaddrinfo("127.0.0.1", int(sys.argv[2]))[0][-1])
try:
    secure = context.wrap_socket(raw, server_hostname="kitchen.local")
    secure.write(b"hello\\n")
    print(secure.readline())
except (OSError, ValueError) as error:
    print("refused", error)
"""

_CERTIFICATE = """
import sys
import boardcert
print(boardcert.identity(directory=sys.argv[1], names=["localhost"]).certificate.hex())
"""


def _other_name(extensions: dict) -> None:
    names = x509.SubjectAlternativeName([x509.DNSName("other.local")])
    extensions["subject_alt_name"] = (names, False)


@pytest.fixture(scope="module")
def ca() -> Identity:
    """Return the CA that issues certificates."""
    return make_ca()


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of the board's identity."""
    return tmp_path_factory.mktemp("client") / "identity"


@contextmanager
def _s_server(server: Identity, board: bytes, directory: Path) -> Iterator[int]:
    """Run openssl's server for clients with the certificate *board*; it reverses lines."""
    port = reserved_port()
    (directory / "board.pem").write_text(ssl.DER_cert_to_PEM_cert(board))
    command = ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-rev", "-quiet"]
    command += ["-Verify", "2", "-verify_return_error", "-x509_strict"]
    command += ["-CAfile", str(directory / "board.pem"), *options(server, directory)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert micropython_server.wait_for(port, lambda: process.poll() is None)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=60)


@pytest.fixture(scope="module")
def board(directory: Path) -> bytes:
    """Return the board's certificate."""
    return bytes.fromhex(micropython_server.run(_CERTIFICATE, str(directory)))


def _connect(
    directory: Path, tmp_path: Path, port: int, ca: Identity | None, *trusted: Identity
) -> str:
    file = tmp_path / "ca.der"
    file.write_bytes(ca.der if ca else b"")
    pins = [public_key_pin(identity.key) for identity in trusted]
    return micropython_server.run(_CLIENT, str(directory), str(port), str(file), *pins)


def test_the_board_shows_its_certificate_to_a_server_that_asks(
    directory: Path, board: bytes, ca: Identity, tmp_path: Path
) -> None:
    """openssl accepts the certificate for a client, strictly; one with another CA refuses it."""
    server = make(issuer=ca)
    with _s_server(server, board, tmp_path) as port:
        assert _connect(directory, tmp_path, port, ca) == "b'olleh\\n'\n"
    with _s_server(server, make_ca().der, tmp_path) as port:
        assert _connect(directory, tmp_path, port, ca) != "b'olleh\\n'\n"


@pytest.mark.parametrize(
    ("kind", "by_ca", "by_pin"),
    [
        ("issued", True, True),
        ("issued by another", False, True),
        ("expired", False, True),
        ("a client", False, True),
        ("of another name", False, True),
    ],
)
def test_the_board_trusts_servers_by_ca_by_pin_or_both(
    directory: Path,
    board: bytes,
    ca: Identity,
    tmp_path: Path,
    kind: str,
    by_ca: bool,
    by_pin: bool,
) -> None:
    """A pin alone checks only the key; a wrong pin is refused whatever the CA says."""
    server = {
        "issued": lambda: make(issuer=ca),
        "issued by another": lambda: make(issuer=make_ca()),
        "expired": lambda: make(issuer=ca, days=(-9, -1)),
        "a client": lambda: make(issuer=ca, change=client_auth),
        "of another name": lambda: make(issuer=ca, change=_other_name),
    }[kind]()
    with _s_server(server, board, tmp_path) as port:
        for authority, pins, expected in (
            (ca, [], by_ca),
            (None, [server], by_pin),
            (ca, [server], by_ca and by_pin),
            (None, [make(), server], by_pin),
            (None, [make()], False),
            (ca, [make()], False),
        ):
            answer = _connect(directory, tmp_path, port, authority, *pins)
            assert answer.startswith("b'olleh" if expected else "refused"), answer
