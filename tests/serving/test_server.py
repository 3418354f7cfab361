"""The device's HTTPS server on the unix binary, with well-behaved and faulty clients."""

import hashlib
import json
import random
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from http.client import HTTPSConnection
from pathlib import Path

import micropython_server
import pytest
from tls_clients import read_all, wait_closed


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of one identity."""
    return tmp_path_factory.mktemp("server") / "identity"


@pytest.fixture
def port(directory: Path) -> Iterator[int]:
    """Yield a server with this identity."""
    with micropython_server.serving(directory) as port:
        yield port


def _trusting(port: int) -> ssl.SSLContext:
    """Return a strict context that trusts only the server's certificate."""
    pem = ssl.get_server_certificate(("127.0.0.1", port), timeout=60)
    context = ssl.create_default_context(cadata=pem)
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_STRICT
    return context


def _get(port: int, path: str, method: str = "GET", body: str | None = None) -> tuple[int, bytes]:
    connection = HTTPSConnection("localhost", port, context=_trusting(port), timeout=60)
    try:
        connection.request(method, path, body)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def test_python_trusts_the_certificate_and_reads_the_identity(port: int) -> None:
    """Python checks the name, and the report matches the served certificate."""
    context = _trusting(port)
    with (
        socket.create_connection(("127.0.0.1", port), timeout=60) as raw,
        context.wrap_socket(raw, server_hostname="localhost") as secure,
    ):
        certificate = secure.getpeercert(binary_form=True)
        assert secure.version() == "TLSv1.2"
    status, body = _get(port, "/api/identity")
    report = json.loads(body)
    assert status == 200 and certificate
    fingerprint = report["fingerprint"].replace(":", "").lower()
    assert fingerprint == hashlib.sha256(certificate).hexdigest()


def test_the_same_certificate_is_served_after_a_restart(directory: Path) -> None:
    """After a restart, the same certificate is served."""
    reports = []
    for _ in range(2):
        with micropython_server.serving(directory) as port:
            reports.append(json.loads(_get(port, "/api/identity")[1]))
    assert reports[0]["fingerprint"] == reports[1]["fingerprint"]
    assert not reports[1]["generated"] and reports[1]["notices"] == []


def _s_client(port: int, *arguments: str) -> str:
    completed = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", *arguments],
        input="",
        capture_output=True,
        text=True,
        timeout=60,
    )
    return completed.stdout + completed.stderr


@pytest.mark.needs("openssl")
def test_openssl_connects(port: int, tmp_path: Path) -> None:
    """openssl verifies certificate and name, in strict mode too."""
    pem = tmp_path / "server.pem"
    pem.write_text(ssl.get_server_certificate(("127.0.0.1", port), timeout=60))
    output = _s_client(
        *(port, "-CAfile", str(pem), "-x509_strict", "-verify_hostname", "localhost"),
        *("-verify_return_error",),
    )
    assert "Verify return code: 0 (ok)" in output
    assert "ECDHE-ECDSA-AES256-GCM-SHA384" in output


@pytest.mark.needs("openssl")
@pytest.mark.parametrize(
    "suite",
    ["AES256-SHA", "AES256-GCM-SHA384", "ECDHE-ECDSA-AES256-SHA384", "ECDHE-ECDSA-AES128-SHA"],
)
def test_suites_without_forward_secrecy_or_aead_are_refused(port: int, suite: str) -> None:
    """Suites without forward secrecy or AEAD are refused, although the firmware has them."""
    assert "alert handshake failure" in _s_client(port, "-tls1_2", "-cipher", suite)


@pytest.mark.needs("openssl")
def test_old_tls_is_refused(port: int) -> None:
    """TLS 1.1 is refused."""
    output = _s_client(port, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")
    assert "Cipher is (NONE)" in output


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00",
        b"\x16\x03\x01\xff\xff" + bytes(2000),
        bytes(5),
        random.Random(3000).randbytes(3000),
    ],
)
def test_garbage_ends_one_connection_only(port: int, sent: bytes) -> None:
    """Plain HTTP, broken TLS and random bytes end one connection; the next client is served."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        client.sendall(sent)
        wait_closed(client)
    assert _get(port, "/api/identity")[0] == 200


def test_stalled_clients_are_closed_and_others_are_served_meanwhile(port: int) -> None:
    """Silent clients end at the handshake's limit; one too many waits until then."""
    stalled = []
    try:
        for _ in range(2):
            stalled.append(socket.create_connection(("127.0.0.1", port), timeout=60))
        assert _get(port, "/api/identity")[0] == 200
        for _ in range(2):
            time.sleep(0.2)  # The server needs a moment to see that the last one has gone.
            stalled.append(socket.create_connection(("127.0.0.1", port), timeout=60))
        _expect_limits(port, stalled)
        assert _get(port, "/api/identity")[0] == 200
    finally:
        for client in stalled:
            client.close()


def _expect_limits(port: int, stalled: list[socket.socket]) -> None:
    """Check that one more client is served, and the stalled ones end within their time."""
    began = time.monotonic()
    assert _get(port, "/api/identity")[0] == 200
    for client in stalled:
        wait_closed(client)
    assert time.monotonic() - began < 60


def _secure(port: int) -> ssl.SSLSocket:
    raw = socket.create_connection(("127.0.0.1", port), timeout=60)
    return _trusting(port).wrap_socket(raw, server_hostname="localhost")


def test_an_idle_connection_is_closed(port: int) -> None:
    """An idle connection is closed after the idle limit, and not before."""
    with _secure(port) as client:
        began = time.monotonic()
        client.sendall(b"GET /api/identity HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(16) == b"HTTP/1.1 200 OK\r"
        read_all(client)
    assert 2.9 < time.monotonic() - began < 25  # Without this limit, 30 s.


def test_a_request_head_has_a_limit(port: int) -> None:
    """A head longer than 4 KB gets 431, an incomplete one 400."""
    with _secure(port) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 5000)
        assert client.recv(65536).startswith(b"HTTP/1.1 431 ")
    with _secure(port) as client:
        client.sendall(b"nonsense\r\n\r\n")
        assert client.recv(65536).startswith(b"HTTP/1.1 400 ")


def test_two_requests_in_one_piece_are_both_answered(port: int) -> None:
    """Two pipelined requests are answered; the second one closes."""
    with _secure(port) as client:
        client.sendall(b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(65536).startswith(b"HTTP/1.1 404 ")
    with _secure(port) as client:
        head = b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n"
        client.sendall(head + head.replace(b"Host: x", b"Host: x\r\nConnection: close"))
        assert read_all(client).count(b"HTTP/1.1 200 OK") == 2


def test_an_exception_in_the_application_ends_one_connection_only(directory: Path) -> None:
    """An exception in the application, even a MemoryError, ends one connection only."""
    with micropython_server.serving(directory, "raises") as port:
        for _ in range(6):
            with _secure(port) as client:
                client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                assert client.recv(100) == b""


def test_a_hundred_connections_do_not_wear_it_out(port: int) -> None:
    """A hundred connections in turn, each with a full handshake, are served."""
    context = _trusting(port)
    for _ in range(100):
        with (
            socket.create_connection(("127.0.0.1", port), timeout=60) as raw,
            context.wrap_socket(raw, server_hostname="localhost") as secure,
        ):
            secure.sendall(b"HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert secure.recv(100).startswith(b"HTTP/1.1 200")
