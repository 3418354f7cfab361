"""`boardcert verify` with pins, CAs, the cable, and faulty servers."""

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from boardcert_host import clock
from boardcert_host.board import mpremote, usb_report
from boardcert_host.certificates import certificate
from boardcert_host.certificates.fingerprint import key_fingerprint
from boardcert_host.cli import main
from certificates import NAME, Identity, make, make_ca
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from processes import started
from run_command import run
from servers import refusing_port, reserved_port, serving, tls_server


def verify(capsys: object, *arguments: object) -> tuple[int, dict]:
    """Run `boardcert verify ... --json`, and return its exit code and its object."""
    return run(capsys, "verify", *arguments)[:2]


def outcome(answer: dict, id: str) -> tuple[str, str]:
    """Return status and detail of one check of the only host."""
    (host,) = answer["hosts"]
    (found,) = [check for check in host["checks"] if check["id"] == id]
    return found["status"], found["detail"]


def pins(identity: Identity) -> tuple[str, str]:
    """Return fingerprint and public-key pin."""
    parsed = certificate.parse(identity.der)
    return certificate.fingerprint(identity.der), certificate.public_key_pin(parsed)


@pytest.mark.parametrize(
    "written",
    [
        lambda fingerprint, pin: fingerprint,
        lambda fingerprint, pin: fingerprint.replace(":", "").lower(),
        lambda fingerprint, pin: key_fingerprint(pin),
        lambda fingerprint, pin: pin,
        lambda fingerprint, pin: pin.removeprefix("sha256//"),
        lambda fingerprint, pin: f"sha256 Fingerprint={fingerprint}",
        lambda fingerprint, pin: f"SHA256:{fingerprint}",
    ],
    ids=["colons", "hex", "key", "sha256//", "base64", "openssl", "SHA256:"],
)
def test_a_pin_may_be_written_in_seven_ways(written, tmp_path, capsys):
    """A fingerprint may have colons or not, and a key's pin its prefix or not."""
    identity = make()
    with tls_server(identity, tmp_path) as port:
        right, wrong = (written(*pins(one)) for one in (identity, make()))
        target = ("--name", NAME, f"127.0.0.1:{port}")
        code, answer = verify(capsys, *target, "--pin", right)
        assert (code, outcome(answer, "pin")[0]) == (0, "pass")
        code, answer = verify(capsys, *target, "--pin", wrong)
        assert (code, outcome(answer, "pin")[0]) == (1, "fail")


def test_the_key_pin_survives_a_new_certificate(tmp_path, capsys):
    """After a renewal with the same key, the fingerprint differs and the key's pin does not."""
    old = make()
    fingerprint, pin = pins(old)
    with tls_server(make(key=old.key), tmp_path) as port:
        target = ("--name", NAME, f"127.0.0.1:{port}")
        assert verify(capsys, *target, "--pin", pin)[0] == 0
        code, answer = verify(capsys, *target, "--pin", fingerprint)
    assert code == 1
    assert fingerprint in outcome(answer, "pin")[1]


@pytest.mark.parametrize("change", ["", "certificate", "key"])
def test_the_cable_decides_the_first_trust(change, tmp_path, capsys, monkeypatch):
    """The USB report is compared with TLS, and the board's program is restarted."""
    served = make()
    on_cable = {"": served, "certificate": make(key=served.key), "key": make()}[change]
    fingerprint, pin = pins(on_cable)
    report = {"fingerprint": fingerprint, "public_key_pin": pin}
    restarted = []
    monkeypatch.setattr(usb_report, "read_report", lambda port: report)
    monkeypatch.setattr(mpremote, "reset", restarted.append)
    with tls_server(served, tmp_path) as port:
        code, answer = verify(capsys, f"127.0.0.1:{port}", "--name", NAME, "--usb", "/dev/null")
    status, detail = outcome(answer, "usb")
    assert (code, status) == ((1, "fail") if change else (0, "pass"))
    assert f"another {change}" in detail or not change
    assert restarted == ["/dev/null"]


def test_a_certificate_of_a_company_ca_is_checked_against_it(tmp_path, capsys):
    """The chain, with its intermediate, needs the right CA file."""
    root = make_ca()
    path = tmp_path / "ca.pem"
    path.write_bytes(x509.load_der_x509_certificate(root.der).public_bytes(Encoding.PEM))
    with tls_server(make(issuer=root), tmp_path) as port:
        target = (f"127.0.0.1:{port}", "--name", NAME, "--ca", path)
        code, answer = verify(capsys, *target)
        assert (code, outcome(answer, "chain")[0]) == (0, "pass")
        assert outcome(answer, "self_signature")[0] == "skip"
        other = x509.load_der_x509_certificate(make_ca().der)
        path.write_bytes(other.public_bytes(Encoding.PEM))
        code, answer = verify(capsys, *target)
    assert (code, outcome(answer, "chain")[0]) == (1, "fail")


def test_name_constraints_of_a_ca_are_kept(tmp_path, capsys):
    """A CA limited to example.com is refused for another name."""
    constraints = x509.NameConstraints([x509.DNSName("example.com")], None)
    root = make_ca(more={"name_constraints": (constraints, True)})
    path = tmp_path / "ca.pem"
    path.write_bytes(x509.load_der_x509_certificate(root.der).public_bytes(Encoding.PEM))
    with tls_server(make(issuer=root), tmp_path) as port:
        code, answer = verify(capsys, f"127.0.0.1:{port}", "--name", NAME, "--ca", path)
    assert code == 1
    assert outcome(answer, "chain") == ("fail", "permitted subtree violation")


def test_a_boards_own_certificate_can_be_its_ca(tmp_path, capsys):
    """A saved self-signed certificate is a trust anchor for its board."""
    identity = make()
    path = tmp_path / "board.pem"
    path.write_bytes(x509.load_der_x509_certificate(identity.der).public_bytes(Encoding.PEM))
    with tls_server(identity, tmp_path) as port:
        code, answer = verify(capsys, f"127.0.0.1:{port}", "--name", NAME, "--ca", path)
    assert (code, outcome(answer, "chain")[0]) == (0, "pass")


def test_a_ca_file_that_cannot_be_read_is_a_usage_error(tmp_path, capsys):
    """A CA file that is missing or not PEM is named before any connection."""
    (tmp_path / "garbage.pem").write_text("no certificate")
    reached = []
    with serving(reached.append) as port:
        for name in ("missing.pem", "garbage.pem"):
            code, answer = verify(capsys, f"127.0.0.1:{port}", "--ca", tmp_path / name)
            assert code == 2
            assert name in answer["error"]["message"]
    assert reached == []


def test_ctrl_c_does_not_wait_for_a_silent_host():
    """Ctrl-C ends the program at once, whatever --timeout is."""
    called = threading.Event()

    def hold(connection: socket.socket) -> None:
        called.set()
        connection.recv(65536)
        connection.recv(1)

    command = [sys.executable, "-m", "boardcert_host", "verify", "--timeout", "60"]
    with (
        serving(hold) as port,
        started([*command, f"127.0.0.1:{port}"], stderr=subprocess.PIPE) as process,
    ):
        assert called.wait(60)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == -signal.SIGINT  # A shell makes 130 of it.
        assert process.stderr.read() == "boardcert: interrupted\n"


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_a_reader_who_has_left_does_not_change_the_verdict(more, tmp_path):
    """A closed pipe, as of `verify HOST | head -1`, does not change the exit code."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    command = [sys.executable, "-m", "boardcert_host", "verify", "--name", NAME, *more]
    try:
        with tls_server(make(), tmp_path) as port:
            done = subprocess.run(
                [*command, f"127.0.0.1:{port}"], stdout=write_end, stderr=subprocess.PIPE
            )
    finally:
        os.close(write_end)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
@pytest.mark.parametrize("more", [[], ["--json"]])
def test_a_full_disk_is_a_message(more):
    """A full disk is an error with code 3, without a traceback."""
    command = [sys.executable, "-m", "boardcert_host", "pin", "forget", "kitchen.local", "--json"]
    with open("/dev/full", "wb") as full:
        for words in (command, [*command[:3], "firmware", *more]):
            done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE)
            assert done.returncode == 3
            assert done.stderr.startswith(b"boardcert: ")
            assert b"Traceback" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
def test_messages_that_cannot_be_written_change_neither_code_nor_json():
    """If standard error cannot be written, exit code and JSON are still right."""
    command = [sys.executable, "-m", "boardcert_host", "pin", "forget", "kitchen.local", "--json"]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=full)
    assert done.returncode == 3
    assert json.loads(done.stdout)["error"]["message"] == "kitchen.local is not pinned"


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


def test_several_hosts_are_judged_each(tmp_path, capsys):
    """A bad certificate outweighs an unreachable host; each result is shown."""
    (tmp_path / "bad").mkdir()
    dead = f"127.0.0.1:{refusing_port()}"
    with (
        tls_server(make(), tmp_path) as good,
        tls_server(make(days=(-3, -2)), tmp_path / "bad") as bad,
    ):
        code, answer = verify(capsys, f"127.0.0.1:{good}", dead, f"127.0.0.1:{bad}")
        assert [host["ok"] for host in answer["hosts"]] == [True, False, False]
        assert (code, answer["ok"]) == (1, False)
        assert verify(capsys, f"127.0.0.1:{good}", dead)[0] == 3


def test_the_json_object_keeps_its_shape(tmp_path, capsys):
    """The JSON object has the fields that scripts rely on."""
    identity = make()
    with tls_server(identity, tmp_path) as port:
        _, answer = verify(capsys, f"127.0.0.1:{port}")
    assert list(answer) == ["boardcert", "ok", "hosts"]
    (host,) = answer["hosts"]
    fields = ["host", "port", "name", "ok", "error", "checks", "certificate", "authority"]
    assert list(host) == [*fields, "reasons"]
    assert [check["id"] for check in host["checks"]] == [
        *("reachable", "tls_version", "cipher_suite", "key_proven", "certificate_parses"),
        *(
            "version",
            "serial_number",
            "key_type",
            "key_strength",
            "signature_algorithm",
            "self_signature",
        ),
        *("basic_constraints", "key_usage", "extended_key_usage", "subject_alt_name"),
        *("subject_key_identifier", "authority_key_identifier", "validity_now", "lifetime"),
        *("chain", "pin", "known", "usb"),
    ]
    assert all(list(check) == ["id", "title", "status", "detail"] for check in host["checks"])
    fingerprint, pin = pins(identity)
    described = host["certificate"]
    assert (described["fingerprint"], described["public_key_pin"]) == (fingerprint, pin)
    assert described["key_type"] == "p384"
    assert described["names"] == [NAME, "*.boards.example", "127.0.0.1", "fd00::7"]
    lifetime = [clock.from_text(described[end]) for end in ("not_before", "not_after")]
    assert (lifetime[1] - lifetime[0]).days == 3650


def test_a_person_reads_one_line_a_check(tmp_path):
    """A separate program prints no colour into a pipe: verdict first, the pin to use last."""
    identity = make()
    with tls_server(identity, tmp_path) as port:
        command = [sys.executable, "-m", "boardcert_host", "verify", f"127.0.0.1:{port}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == f"127.0.0.1:{port}: valid"
    assert "pass  self-signature          valid by the certificate's own key" in lines
    assert lines[-1].endswith(pins(identity)[1])
    assert "\x1b" not in done.stdout
