"""`boardcert verify` with faulty servers, and those of other versions and suites."""

import socket
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from boardcert_host.cli import main
from certificates import NAME, make
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from processes import started
from servers import refusing_port, reserved_port, serving, tls_server
from verified import outcome, verify

_MISMATCHED_SERVER = """
import socket, sys, tls
context = tls.SSLContext(tls.PROTOCOL_TLS_SERVER)
context.load_cert_chain(open(sys.argv[1], "rb").read(), open(sys.argv[2], "rb").read())
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(socket.getaddrinfo("127.0.0.1", int(sys.argv[3]))[0][-1])
listener.listen(1)
print("ready")
connection = listener.accept()[0]
try:
    context.wrap_socket(connection, server_side=True)
except OSError:
    pass
"""


def test_a_server_without_the_certificates_key_is_found_out(tmp_path, capsys):
    """A server with another key than its certificate's, as MicroPython permits, is detected."""
    key = make().key.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    (tmp_path / "certificate").write_bytes(make().der)
    (tmp_path / "key").write_bytes(key)
    (tmp_path / "server.py").write_text(_MISMATCHED_SERVER)
    port = reserved_port()
    files = ("server.py", "certificate", "key")
    micropython = Path(sys.executable).with_name("micropython")
    command = [micropython, *(str(tmp_path / name) for name in files), str(port)]
    with started(command, stdout=subprocess.PIPE) as server:
        assert server.stdout.readline() == "ready\n"
        code, answer = verify(capsys, f"127.0.0.1:{port}")
        server.wait(60)
    assert (code, outcome(answer, "key_proven")[0]) == (1, "fail")
    assert outcome(answer, "self_signature")[0] == "skip"
    assert answer["hosts"][0]["certificate"] is None


def test_old_tls_versions_fail_by_name(tmp_path, capsys):
    """A server with TLS 1.1 is reachable, and fails for its version."""
    with tls_server(make(), tmp_path, version=ssl.TLSVersion.TLSv1_1) as port:
        code, answer = verify(capsys, f"127.0.0.1:{port}")
    assert (code, outcome(answer, "tls_version")[0]) == (1, "fail")
    assert outcome(answer, "reachable")[0] == "pass"


@pytest.mark.parametrize(
    ("suite", "status"),
    [
        ("ECDHE-ECDSA-AES256-GCM-SHA384", "pass"),
        ("ECDHE-ECDSA-CHACHA20-POLY1305", "pass"),
        ("ECDHE-ECDSA-AES256-SHA384", "fail"),
    ],
)
def test_suites_need_authenticated_encryption(suite, status, tmp_path, capsys):
    """A CBC suite fails the suite's check, and no other."""
    with tls_server(make(), tmp_path, ciphers=suite) as port:
        _, answer = verify(capsys, f"127.0.0.1:{port}", "--name", NAME)
    assert outcome(answer, "cipher_suite")[0] == status
    assert suite in outcome(answer, "cipher_suite")[1]
    assert outcome(answer, "key_proven")[0] == "pass"


def test_tls_1_3_and_ipv6_are_served_too(tmp_path, capsys):
    """TLS 1.3 and an IPv6 address in brackets work."""
    version = ssl.TLSVersion.TLSv1_3
    with tls_server(make(), tmp_path, version=version, host="::1") as port:
        code, answer = verify(capsys, f"[::1]:{port}", "--name", NAME)
    assert (code, outcome(answer, "tls_version")) == (0, ("pass", "TLSv1.3"))


def silent(connection: socket.socket) -> None:
    """Wait until the client closes."""
    connection.recv(65536)
    connection.recv(1)


def half(connection: socket.socket) -> None:
    """Close once the ClientHello has arrived."""
    connection.recv(65536)


def garbage(connection: socket.socket) -> None:
    connection.sendall(bytes(range(256)))
    connection.recv(65536)


def plain_http(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


@pytest.mark.parametrize(
    ("handle", "timeout_s", "message"),
    [
        (silent, "0.5", "did not answer within 0.5 s"),
        (half, "600", "closed the connection during the handshake"),
        (garbage, "600", "does not speak TLS"),
        (plain_http, "600", "does not speak TLS"),
    ],
)
def test_a_server_without_tls_is_an_error(handle, timeout_s, message, capsys):
    """A server without TLS is exit code 3, one line and a hint."""
    with serving(handle) as port:
        assert main(["verify", f"127.0.0.1:{port}", "--timeout", timeout_s]) == 3
    captured = capsys.readouterr()
    assert captured.out == ""
    first, second = captured.err.splitlines()
    assert first == f"boardcert: 127.0.0.1:{port} {message}"
    assert second.startswith("boardcert: hint: ")


def test_a_server_that_offers_nothing_in_common_is_an_error_with_a_hint(tmp_path, capsys):
    """A server without a common suite is an error with a hint; anonymous suites are not offered."""
    with tls_server(make(), tmp_path, ciphers="AECDH-AES128-SHA:@SECLEVEL=0") as port:
        assert main(["verify", f"127.0.0.1:{port}"]) == 3
    first, second = capsys.readouterr().err.splitlines()
    assert "the handshake with 127.0.0.1" in first
    assert "no common TLS version or cipher suite" in second


def test_a_reserved_port_and_an_unknown_host_are_errors(capsys):
    """A closed port and an unknown name are errors."""
    assert main(["verify", f"127.0.0.1:{refusing_port()}"]) == 3
    assert "refused the connection" in capsys.readouterr().err
    assert main(["verify", "board.invalid"]) == 3
    assert "cannot find board.invalid" in capsys.readouterr().err
