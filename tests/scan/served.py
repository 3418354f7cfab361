"""Boards for scans: TLS servers on loopback addresses, and a scan of them."""

import contextlib
import json
import socket
import ssl
from pathlib import Path
from typing import Any

from board_answers import answer, report_of
from boardcert_host.cli import main
from certificates import Identity, make, name
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from servers import serving

NOT_FOUND = answer(404, b"")


def context_of(identity: Identity, folder: Path) -> ssl.SSLContext:
    """Return the context of a server with this identity."""
    path = folder / "identity.pem"
    certificate = x509.load_der_x509_certificate(identity.der)
    path.write_bytes(identity.key_pem() + certificate.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def server(
    identity: Identity, folder: Path, host: str, said: bytes = NOT_FOUND, busy: int = 0
) -> contextlib.AbstractContextManager[int]:
    """Answer each request at *host* with *said*; close the first *busy* connections."""
    context = context_of(identity, folder)
    refusing = iter(range(busy))

    def handle(connection: socket.socket) -> None:
        if next(refusing, None) is not None:
            return
        with context.wrap_socket(connection, server_side=True) as secure:
            request = secure.recv(65536)
            assert b"GET /api/identity " in request and b"uthorization" not in request
            secure.sendall(said)
            secure.unwrap()

    return serving(handle, host)


def page(identity: Identity, **more: Any) -> bytes:
    """Return the page's report of the board with this identity."""
    return answer(200, report_of(identity) | {"version": "0.1.0"} | more)


def own_form(chip: str = "e6614c311b2c4d2f") -> Identity:
    """Make a certificate as the board kitchen signs it itself."""
    identity = make()
    plain = x509.load_der_x509_certificate(identity.der)
    subject = x509.Name([*name("kitchen"), x509.NameAttribute(NameOID.SERIAL_NUMBER, chip)])
    builder = x509.CertificateBuilder(
        subject,
        subject,
        plain.public_key(),
        plain.serial_number,
        plain.not_valid_before_utc,
        plain.not_valid_after_utc,
    )
    for extension in plain.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    certificate = builder.sign(identity.key, plain.signature_hash_algorithm)
    return Identity(identity.key, certificate.public_bytes(Encoding.DER))


def scan(capsys: Any, *words: str, code: int = 0) -> dict[str, Any]:
    """Run a scan; return its object."""
    capsys.readouterr()
    assert main(["scan", "--rate", "1000", *words, "--json"]) == code, capsys.readouterr()
    return json.loads(capsys.readouterr().out)


def states(told: dict[str, Any]) -> dict[str, str]:
    """Return the state of each board, by its name."""
    return {one["title"]: one["state"] for one in told["boards"]}
