"""Two boards in one network: by name, with the same name, and with each other's certificates."""

import http.client
import shutil
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import mdns_client
import pytest
from boardcert_host.certificates.certificate import public_key_pin
from boardcert_host.virtual import VirtualBoard, VirtualNetwork
from certificates import Identity, make, make_ca
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from network_programs import PASSWORD, SSID, Program, join
from prepared import AT_ONCE

_IDENTIFY = """
import boardcert
me = boardcert.identity(hostname="{}")
print(me.certificate.hex())
"""


@pytest.fixture(scope="module")
def boards(
    server: socket.socket,
    firmware: Path,
    package_flash: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, VirtualBoard]]:
    """Yield the boards larder and pantry, which have the package and are in the network."""
    outward = {"ca.example:443": server.getsockname()[1]}
    network = VirtualNetwork(SSID, password=PASSWORD, outward=outward)
    settings = {"firmware": firmware, "network": network, "pace": "idle"} | AT_ONCE
    started = {}
    for name in ("larder", "pantry"):
        directory = tmp_path_factory.mktemp(name)
        shutil.copy(package_flash, directory / "flash.bin")
        started[name] = VirtualBoard(directory, **settings)
    with started["larder"], started["pantry"]:
        for name, board in started.items():
            board.wait_ready()
            assert join(board, name) == network.address_of(board.unique_id)
        yield started


@pytest.fixture(scope="module")
def certificates(boards: dict[str, VirtualBoard]) -> dict[str, x509.Certificate]:
    """Return the certificate that each of them has generated."""
    made = {name: board.exec(_IDENTIFY.format(name)) for name, board in boards.items()}
    return {name: x509.load_der_x509_certificate(bytes.fromhex(der)) for name, der in made.items()}


def test_they_reach_each_other_by_name(boards: dict[str, VirtualBoard]) -> None:
    code = """
import socket
connection = socket.socket()
connection.connect(socket.getaddrinfo("larder.local", 8)[0][-1])
connection.send(b"from the pantry")
print(connection.recv(20))
connection.close()
"""
    serve = "connection = accept(8)\nprint(connection.recv(20))\n"
    serve += "connection.sendall(b'welcome')\nconnection.close()"
    with Program(boards["larder"], serve, 8) as program:
        assert boards["pantry"].exec(code) == "b'welcome'\n"
    assert program.output == "b'from the pantry'\n"


# Serve clients whose keys are pinned, and redirect plain HTTP to HTTPS.
_SERVE = """
import asyncio, hashlib
async def handle(reader, writer):
    await reader.read(1)
    writer.write(hashlib.sha256(writer.get_extra_info("peercert")).digest())
async def serve():
    serving = boardcert.serve(handle, client_pins=["{pin}"], redirect_port=80)
    serving = asyncio.create_task(serving)
    over = asyncio.Event()
    async def end(reader, writer):
        writer.write(b"!")
        await writer.drain()
        over.set()
    ending = await asyncio.start_server(end, "0.0.0.0", 8)
    await over.wait()
    ending.close()
    serving.cancel()
    await asyncio.sleep_ms(100)
asyncio.run(serve())
"""
# Connect with the own certificate, without one, and with another server's pin.
_ASK = """
import socket, tls
bare = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
bare.verify_mode = tls.CERT_NONE
for context in (me.client_context(pins=["{right}"]), bare, me.client_context(pins=["{wrong}"])):
    raw = socket.socket()
    raw.connect(socket.getaddrinfo("larder.local", 443)[0][-1])
    try:
        secure = context.wrap_socket(raw, server_hostname="larder.local")
        secure.write(b"?")
        print(secure.read(32).hex() or "nothing")
    except (OSError, ValueError):  # The latter: mbedTLS does not believe the certificate.
        print("refused")
    raw.close()
"""


def test_each_knows_the_other_by_its_certificate(
    boards: dict[str, VirtualBoard], certificates: dict[str, x509.Certificate]
) -> None:
    """Mutual TLS works; a client without a certificate, or a server with another pin, fails."""
    pins = {name: public_key_pin(one) for name, one in certificates.items()}
    larder, pantry = boards["larder"], boards["pantry"]
    ask = _ASK.format(right=pins["larder"], wrong=pins["pantry"])
    with Program(larder, _SERVE.format(pin=pins["pantry"]), 443):
        known, unknown, distrusted = pantry.exec(ask, timeout_s=120).split()
        location = _redirected(larder, "larder.local", "/state?of=shelf")
        with socket.create_connection(larder.network.address(8), 60) as ending:
            assert ending.recv(1) == b"!"
    assert known == certificates["pantry"].fingerprint(hashes.SHA256()).hex()
    assert unknown in ("nothing", "refused")
    assert distrusted == "refused"
    assert location == "https://larder.local/state?of=shelf"


def _redirected(board: VirtualBoard, host: str, path: str) -> str | None:
    """Return the location to which the board's port 80 redirects."""
    connection = http.client.HTTPConnection(*board.network.address(80), timeout=60)
    try:
        connection.request("GET", path, headers={"Host": host})
        with connection.getresponse() as answer:
            assert answer.status == 307
            return answer.headers["Location"]
    finally:
        connection.close()


_CALL = """
import ntptime, socket
ntptime.settime()
for context in (me.client_context(ca=bytes.fromhex("{ca}")), me.client_context(pins=["{pin}"])):
    raw = socket.socket()
    raw.connect(socket.getaddrinfo("ca.example", 443)[0][-1])
    try:
        secure = context.wrap_socket(raw, server_hostname="kitchen.local")
        secure.write(b"hello")
        print(secure.read(20))
    except (OSError, ValueError):  # The latter: mbedTLS does not believe the certificate.
        print("refused")
    raw.close()
"""


def test_a_server_outside_knows_the_board_by_its_certificate(
    boards: dict[str, VirtualBoard],
    certificates: dict[str, x509.Certificate],
    server: socket.socket,
    tmp_path: Path,
) -> None:
    """As a client, the board trusts a CA or a pin, and presents its certificate when asked."""
    ca = make_ca()
    identity = make(issuer=ca)
    context = _server_context(identity, certificates["pantry"], tmp_path)
    for trusted, pinned, expected in (
        (ca, identity, ["known", "known"]),
        (make_ca(), make(), ["refused", "refused"]),
    ):
        code = _CALL.format(ca=trusted.der.hex(), pin=public_key_pin(pinned.key))
        with Program(boards["pantry"], code) as program:
            shown = [_welcome(server, context) for _ in expected]
        assert [word.strip("b'") for word in program.output.split()] == expected
        board = certificates["pantry"].public_bytes(Encoding.DER)
        assert shown == [board if word == "known" else None for word in expected]


def _server_context(
    identity: Identity, client: x509.Certificate, directory: Path
) -> ssl.SSLContext:
    """Return the context of a server that requires the certificate *client*."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    file = directory / "server.pem"
    file.write_bytes(identity.key_pem() + ssl.DER_cert_to_PEM_cert(identity.der).encode())
    context.load_cert_chain(file)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=client.public_bytes(Encoding.PEM).decode())
    return context


def _welcome(server: socket.socket, context: ssl.SSLContext) -> bytes | None:
    """Answer the next client; return its certificate, or None if it disconnected."""
    raw, _ = server.accept()
    raw.settimeout(60)
    try:
        with context.wrap_socket(raw, server_side=True) as secure:
            assert secure.recv(5) == b"hello"
            secure.sendall(b"known")
            return secure.getpeercert(binary_form=True)
    except (ssl.SSLError, ConnectionError):
        raw.close()
        return None


def test_of_two_boards_with_one_name_the_first_keeps_it(boards: dict[str, VirtualBoard]) -> None:
    """The image probes for a name before use (RFC 6762, section 8.1): the second is silent."""
    larder, pantry = boards["larder"], boards["pantry"]
    assert mdns_client.ask(pantry, "pantry.local")
    pantry.reset()
    join(pantry, "larder")
    assert mdns_client.ask(pantry, "larder.local", tries=4) is None
    answer = mdns_client.ask(larder, "larder.local")
    assert answer and socket.inet_aton(larder.network.wait_address()) in answer
