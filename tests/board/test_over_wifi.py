"""The board as its users meet it: a main.py of two lines, a Wi-Fi, and clients of all kinds."""

import concurrent.futures
import contextlib
import json
import os
import socket
import ssl
import subprocess
import time
from pathlib import Path

import over_wifi
import pytest
from boardcert_host.board import tokens
from boardcert_host.cli import main
from boardcert_host.scan.servers import has_boards_form
from boardcert_host.trust import pins
from boardcert_host.virtual import VirtualBoard
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from est_server import PASSWORD, USER, est_server
from tls_clients import client_hello

_CLIENT = Path(__file__).resolve().parents[1] / "shared" / "TrustingClient.java"
_CLIENTS = (1, 2, 3, 5, 8)
_ROUNDS = int(os.environ.get("BOARDCERT_CLIENT_ROUNDS", "1"))
"""Of all these; 20 is what was asked for."""
_REQUESTS = int(os.environ.get("BOARDCERT_WIFI_REQUESTS", "15"))
"""In sequence; 1,000 is what was asked for, and takes half an hour and more."""


@pytest.fixture(scope="module")
def trusted(in_wifi: VirtualBoard, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return that board's certificate as a file, which clients use as their CA."""
    return over_wifi.save_certificate(in_wifi, tmp_path_factory.mktemp("ca") / "kitchen.pem")


def _run(*command: str | Path | int) -> str:
    done = subprocess.run(
        [str(word) for word in command], input="", capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _report(board: VirtualBoard) -> dict:
    status, content = over_wifi.get(board, "/api/identity")
    assert status == 200
    return json.loads(content)


def test_the_first_certificate_has_the_address_and_the_date(in_wifi: VirtualBoard) -> None:
    """The network and the clock come before the identity."""
    report = _report(in_wifi)
    assert report["names"] == ["kitchen.local", in_wifi.network.wait_address()]
    assert report["generated"] and report["notices"] == []
    assert report["not_before"] >= "2026-11-2"


def test_scan_recognises_it(in_wifi: VirtualBoard, capsys: pytest.CaptureFixture[str]) -> None:
    """`scan` recognises the board by its page, or by the form of the certificate that it signed."""
    host, port = in_wifi.network.address(over_wifi.PAGE)
    assert main(["scan", host, "--port", str(port), "--json"]) == 0
    (board,) = json.loads(capsys.readouterr().out)["boards"]
    assert (board["state"], board["recognised_by"]) == ("new", "its page")
    assert board["unique_id"] == in_wifi.unique_id and board["names"][0] == "kitchen.local"
    served = ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate((host, port)))
    assert has_boards_form(x509.load_der_x509_certificate(served))


@pytest.mark.needs("curl")
def test_curl(in_wifi: VirtualBoard, trusted: Path) -> None:
    """curl connects by the board's name with the board's certificate as its only CA."""
    port = in_wifi.network.address(over_wifi.PAGE)[1]
    where = ("--resolve", f"kitchen.local:{port}:127.0.0.1", "--cacert", trusted)
    page = _run("curl", "--silent", "--show-error", *where, f"https://kitchen.local:{port}/")
    assert "<h1>kitchen.local</h1>" in page or "<h1>kitchen</h1>" in page


@pytest.mark.needs("openssl")
def test_openssl(in_wifi: VirtualBoard, trusted: Path) -> None:
    """openssl accepts the board in its strict mode."""
    host, port = in_wifi.network.address(over_wifi.PAGE)
    where = ("-connect", f"{host}:{port}", "-CAfile", trusted, "-verify_hostname", "kitchen.local")
    output = _run("openssl", "s_client", "-x509_strict", "-verify_return_error", *where)
    assert "Verify return code: 0 (ok)" in output


@pytest.mark.needs("gnutls-cli")
def test_gnutls(in_wifi: VirtualBoard, trusted: Path) -> None:
    """GnuTLS names the board in SNI and accepts it."""
    host, port = in_wifi.network.address(over_wifi.PAGE)
    where = ("--x509cafile", trusted, "--verify-hostname", "kitchen.local", "-p", port, host)
    assert "Handshake was completed" in _run("gnutls-cli", *where)


def test_python(in_wifi: VirtualBoard, trusted: Path) -> None:
    """Python's standard library accepts the board, in strict mode where that exists."""
    context = ssl.create_default_context(cafile=trusted)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    host, port = in_wifi.network.address(over_wifi.PAGE)
    with (
        socket.create_connection((host, port), timeout=over_wifi.TIMEOUT_S) as raw,
        context.wrap_socket(raw, server_hostname="kitchen.local") as secure,
    ):
        assert secure.version() == "TLSv1.2"
        assert ("DNS", "kitchen.local") in secure.getpeercert()["subjectAltName"]


@pytest.mark.needs("java")
def test_java(in_wifi: VirtualBoard, trusted: Path, tmp_path: Path) -> None:
    """Java connects by the board's name, which it looks up in a hosts file."""
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 kitchen.local\n")
    port = in_wifi.network.address(over_wifi.PAGE)[1]
    page = _run(
        "java", f"-Djdk.net.hosts.file={hosts}", _CLIENT, f"https://kitchen.local:{port}/", trusted
    )
    assert "<h1>kitchen" in page


@pytest.mark.timeout(300 * _ROUNDS)
def test_one_to_eight_clients_at_once(in_wifi: VirtualBoard) -> None:
    """Each accepted client is answered; any other waits or is refused, without an error."""
    answered = {}
    for count in _CLIENTS * _ROUNDS:
        with concurrent.futures.ThreadPoolExecutor(count) as pool:
            outcomes = [one.result() for one in [pool.submit(_ask, in_wifi) for _ in range(count)]]
        assert set(outcomes) <= {"200", "refused", "503"}, (count, outcomes)
        answered[count] = outcomes.count("200")
    assert answered[1] == 1 and min(answered.values()) >= 1, answered
    assert over_wifi.get(in_wifi)[0] == 200


def _ask(board: VirtualBoard) -> str:
    """Return the status of one request, or that it was refused before any answer.

    On a busy computer, the board may close this client as silent, to make room for another.
    """
    connection = over_wifi.connect(board)
    try:
        try:
            connection.request("GET", "/", headers={"Host": "kitchen.local"})
            answer = connection.getresponse()
        except OSError:
            return "refused"
        with answer:
            content = answer.read()
        assert answer.status != 200 or content.rstrip().endswith(b"</html>")
        return str(answer.status)
    finally:
        connection.close()


def test_a_client_that_leaves_or_stalls_in_each_phase_harms_nobody(in_wifi: VirtualBoard) -> None:
    """A client may leave or stall before, in and after the handshake, in head or body."""
    address = in_wifi.network.address(over_wifi.PAGE)
    hello = client_hello()
    post = b"POST / HTTP/1.1\r\nHost: kitchen\r\nContent-Length: 100\r\n\r\nhalf"
    with contextlib.ExitStack() as stalled:
        for sent in (b"", hello[:3], hello[: len(hello) // 2], b"garbage that is no TLS at all"):
            raw = socket.create_connection(address, timeout=over_wifi.TIMEOUT_S)
            stalled.enter_context(raw).sendall(sent)
        assert over_wifi.get(in_wifi)[0] == 200
        for sent in (b"GET / HT", post):
            connection = stalled.enter_context(contextlib.closing(over_wifi.connect(in_wifi)))
            connection.connect()
            connection.sock.sendall(sent)
        assert over_wifi.get(in_wifi)[0] == 200
    for sent in (b"", b"GET / HT", post):
        with contextlib.closing(over_wifi.connect(in_wifi)) as connection:
            connection.connect()
            connection.sock.sendall(sent)
    assert over_wifi.get(in_wifi)[0] == 200


def test_the_link_is_lost_in_the_middle_of_an_upload(in_wifi: VirtualBoard) -> None:
    """The board rejoins by itself after the link is lost, and serves."""
    connection = over_wifi.connect(in_wifi)
    connection.connect()
    head = (
        b"POST /api/session HTTP/1.1\r\nHost: kitchen.local\r\nContent-Type: application/json\r\n"
    )
    connection.sock.sendall(head + b'Content-Length: 40\r\n\r\n{"token"')
    in_wifi.leave_range()
    try:
        while in_wifi.network.status()["link"]:
            time.sleep(0.2)
        in_wifi.return_to_range()
        assert over_wifi.get(in_wifi)[0] == 200
    finally:
        connection.close()


def test_another_address_is_signed_for_with_the_same_key(in_wifi: VirtualBoard) -> None:
    """The next client gets a certificate with the new address; the pin still matches."""
    before = _report(in_wifi)
    old = in_wifi.network.wait_address()
    new = f"{old.rpartition('.')[0]}.{int(old.rpartition('.')[2]) + 30}"
    in_wifi.network.change_lease(address=new)
    in_wifi.deauthenticate()
    deadline = time.monotonic() + over_wifi.TIMEOUT_S
    while in_wifi.network.wait_address(over_wifi.TIMEOUT_S) != new:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    while new not in (after := _report(in_wifi))["names"]:
        assert time.monotonic() < deadline
    assert after["public_key_pin"] == before["public_key_pin"]
    assert after["fingerprint"] != before["fingerprint"]


@pytest.mark.timeout(300 + 10 * _REQUESTS)
def test_est_enrols_it(
    in_wifi: VirtualBoard,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """EST enrols the board's own key, and renews; then the board's own certificate is back."""
    monkeypatch.setenv("BOARDCERT_EST_PASSWORD", PASSWORD)
    token = in_wifi.exec("print(open('/boardcert-data/token').read().split()[0])").strip()
    in_wifi.reset()
    in_wifi.network.wait_listening(over_wifi.PAGE, over_wifi.TIMEOUT_S)
    address, port = in_wifi.network.address(over_wifi.PAGE)
    before = _report(in_wifi)
    pins.add_pin(address, before)
    tokens.keep_token(address, before["public_key_pin"], token)
    own = before["public_key_pin"]
    at = f"{address}:{port}"
    with est_server(tmp_path) as server:
        words = ["est", at, "--name", "kitchen.local", "--server", server.url, "--user", USER]
        words += ["--server-ca", str(server.ca_file), "--json"]
        for operation in ("simpleenroll", "simplereenroll"):
            assert main(words) == 0, capsys.readouterr().err
            told = json.loads(capsys.readouterr().out)
            assert told["certificate"]["names"] == before["names"]
            assert told["certificate"]["public_key_pin"] == own
            assert server.seen[-1][1].endswith(f"/{operation}")
        after = _report(in_wifi)
        leaf = server.issued[-1].fingerprint(hashes.SHA256()).hex(":").upper()
        assert (after["source"], after["fingerprint"]) == ("installed", leaf)
        trusting = ssl.create_default_context(cafile=str(server.ca_file))
        with (
            socket.create_connection((address, port), over_wifi.TIMEOUT_S) as raw,
            trusting.wrap_socket(raw, server_hostname="kitchen.local") as secure,
        ):
            assert secure.getpeercert(True) == server.issued[-1].public_bytes(Encoding.DER)
    assert main(["remove", at, "--name", "kitchen.local", "--json"]) == 0
    assert _report(in_wifi)["public_key_pin"] == own


def test_many_requests_leave_the_memory_flat(in_wifi: VirtualBoard) -> None:
    """Many requests in turn, each with a handshake of its own, do not use up memory."""
    free = []
    for number in range(_REQUESTS):
        memory = _report(in_wifi)["memory"]
        if number >= _REQUESTS // 3:
            free.append(memory["free_bytes"])
    print(f"{_REQUESTS} requests: {min(free)} to {max(free)} bytes free, {free[0]} and {free[-1]}")
    assert max(free) - min(free) < 6_000, free
