"""Installed certificates as clients see them: each key type, the whole chain, at once."""

import re
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import micropython_server
import pytest
from certificates import Identity, key_usage, make, make_ca
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from tls_clients import connect

# Answers one line at a time: "install" reads the files chain and key in argv[3], "remove" removes.
_SERVE = """
import asyncio, sys
import boardcert
from boardcert.serving.server import Server

me = boardcert.identity(directory=sys.argv[1], names=["localhost"])

def read(name):
    with open(sys.argv[3] + "/" + name, "rb") as file:
        return file.read()

async def handle(reader, writer):
    while line := (await reader.readline()).strip():
        try:
            if line == b"install":
                me.install(read("chain"), read("key"))
            elif line == b"remove":
                me.remove()
            answer = me.source
        except boardcert.RefusedError as error:
            answer = error.field + ": " + str(error)
        writer.write(answer.encode() + b"\\n")
        await writer.drain()

# A chain with RSA of 4,096 bits is judged within the limit of a request's head.
limits = {"handshake_timeout_ms": 600_000, "head_timeout_ms": 600_000}
asyncio.run(Server(me, **limits).run(handle, int(sys.argv[2]), "127.0.0.1"))
"""

# The size of an mbedTLS record on boards, without its own seven bytes.
_LONGEST_CHAIN = 4089


@pytest.fixture(scope="module")
def root() -> Identity:
    """Return a CA that clients trust."""
    return make_ca()


@pytest.fixture(scope="module")
def intermediate(root: Identity) -> Identity:
    """Return a CA below it, which servers send."""

    def change(extensions: dict) -> None:
        extensions["basic_constraints"] = (x509.BasicConstraints(True, 0), True)
        extensions["key_usage"] = (key_usage(key_cert_sign=True), True)
        del extensions["extended_key_usage"], extensions["subject_alt_name"]

    return make(issuer=root, change=change, common_name="Intermediate")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, root: Identity) -> Path:
    """Return the files to install next, and the CA's certificate."""
    directory = tmp_path_factory.mktemp("files")
    (directory / "root.pem").write_text(ssl.DER_cert_to_PEM_cert(root.der))
    return directory


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory, files: Path) -> Iterator[int]:
    """Yield a server that installs the files on request."""
    directory = tmp_path_factory.mktemp("board") / "identity"
    with micropython_server.serving(directory, str(files), code=_SERVE) as port:
        yield port


class _Connection:
    """A client without a trusted CA that exchanges lines."""

    def __init__(self, port: int) -> None:
        self._socket = connect(port, 300)
        self.certificate = self._socket.getpeercert(binary_form=True)

    def ask(self, line: str) -> str:
        self._socket.sendall(line.encode() + b"\n")
        return self._socket.recv(1000).decode().strip()

    def __enter__(self) -> "_Connection":
        return self

    def __exit__(self, *_details: object) -> None:
        self._socket.close()


def _install(port: int, files: Path, *chain: Identity) -> str:
    pem = "".join(ssl.DER_cert_to_PEM_cert(one.der) for one in chain)
    (files / "chain").write_text(pem)
    (files / "key").write_bytes(chain[0].key_pem())
    with _Connection(port) as connection:
        return connection.ask("install")


_KEYS = {
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "p521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "rsa2048": lambda: rsa.generate_private_key(65537, 2048),
    "rsa3072": lambda: rsa.generate_private_key(65537, 3072),
    "rsa4096": lambda: rsa.generate_private_key(65537, 4096),
}


@pytest.mark.needs("openssl")
@pytest.mark.parametrize("key_type", _KEYS)
def test_openssl_verifies_the_chain_that_is_sent(
    port: int, files: Path, intermediate: Identity, key_type: str
) -> None:
    """With the root alone, openssl verifies the chain: the board sends the rest in order."""
    leaf = make(issuer=intermediate, key=_KEYS[key_type]())
    assert _install(port, files, leaf, intermediate) == "installed"
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-showcerts"]
    command += ["-CAfile", files / "root.pem", "-verify_return_error", "-verify_ip", "127.0.0.1"]
    done = subprocess.run(command, input="\n", capture_output=True, text=True, timeout=300)
    assert "Verify return code: 0 (ok)" in done.stdout, done.stdout + done.stderr
    blocks = re.findall("-----BEGIN.*?-----END CERTIFICATE-----", done.stdout, re.DOTALL)
    sent = [ssl.PEM_cert_to_DER_cert(block) for block in blocks]
    # openssl prints the leaf once more, as the server's certificate.
    assert sent[:2] == [leaf.der, intermediate.der] and set(sent) == set(sent[:2])


def test_open_connections_go_on_and_new_ones_get_the_new_certificate(
    port: int, files: Path, intermediate: Identity
) -> None:
    """New connections get a changed certificate without a restart; open ones continue."""
    with _Connection(port) as before:
        assert before.ask("remove") == "generated"
    with _Connection(port) as old:
        leaf = make(issuer=intermediate)
        assert _install(port, files, leaf, intermediate) == "installed"
        with _Connection(port) as new:
            assert new.certificate == leaf.der != old.certificate
            assert old.ask("remove") == "generated" and new.ask("") == ""
        with _Connection(port) as again:
            assert again.certificate == old.certificate


def test_the_longest_chain_that_is_taken_can_be_sent(
    port: int, files: Path, root: Identity
) -> None:
    """The longest accepted chain can be sent; with one byte more, no client could connect."""
    key = ec.generate_private_key(ec.SECP384R1())
    assert _install(port, files, _padded(root, key, _LONGEST_CHAIN), root) == "installed"
    with _Connection(port) as connection:
        assert connection.ask("source") == "installed"
    refusal = _install(port, files, _padded(root, key, _LONGEST_CHAIN + 1), root)
    assert refusal.startswith("chain: the chain is too long to be sent: 4090 bytes")


def _padded(issuer: Identity, key: object, size: int) -> Identity:
    """Return a certificate that makes a chain of *size* bytes with *issuer*'s, 3 more for each."""
    padding = 2000
    while True:
        value = b"\x04\x82" + padding.to_bytes(2, "big") + bytes(padding)
        extension = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.55738.1"), value)
        leaf = make(
            issuer=issuer,
            key=key,
            change=lambda extensions, new=extension: extensions.update(padding=(new, False)),
        )
        missing = size - len(leaf.der) - len(issuer.der) - 6
        if not missing:
            return leaf
        padding += missing
