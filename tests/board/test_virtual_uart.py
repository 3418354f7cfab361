"""UART0 of the virtual board as a TCP port: no data is lost; modem lines show a connection."""

import datetime
import os
import socket
import subprocess
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization as encoding
from cryptography.hazmat.primitives.asymmetric import ec
from uart_client import Program

_ECHO = """
buffer, view = bytearray(512), None
left = {count}
while left:
    taken = uart.readinto(buffer, min(512, max(1, min(left, uart.any()))))
    if not taken:
        break
    uart.write(memoryview(buffer)[:taken])
    left -= taken
uart.flush()
print(left)
"""
_SAY_BYE = """
wait_for_client()
uart.write(b"bye" * 100)
"""
_TLS_SERVER = """
import tls
context = tls.SSLContext(tls.PROTOCOL_TLS_SERVER)
context.load_cert_chain({certificate!r}, {key!r})
wait_for_client()
stream = context.wrap_socket(uart, server_side=True)
request = stream.readline()
stream.write(b"answer to " + request)
print(stream.cipher()[0])
"""


def _receive(connection: socket.socket, count: int) -> bytes:
    received = b""
    while len(received) < count and (data := connection.recv(65536)):
        received += data
    return received


def _receive_all(connection: socket.socket) -> bytes:
    return _receive(connection, 2**31)


@pytest.mark.parametrize("baudrate", [115_200, 3_000_000])
def test_100_kb_come_back_unchanged(board, baudrate):
    count = 100_000 if baudrate > 1_000_000 else 5_000
    sent = os.urandom(count)
    with (
        Program(board, _ECHO.format(count=count), baudrate) as program,
        socket.create_connection(board.uart_address, 60) as connection,
    ):
        sender = threading.Thread(target=connection.sendall, args=(sent,))
        sender.start()
        received = _receive(connection, count)
        sender.join()
    assert received == sent
    assert program.output == "0\n"


def test_the_line_takes_the_time_of_its_baud_rate(board):
    code = """
t = time.ticks_us()
uart.write(bytes(960))
uart.flush()
print(time.ticks_diff(time.ticks_us(), t))
"""
    with Program(board, code, 96_000) as program:
        pass
    assert 99_000 < int(program.output) < 103_000


def test_dcd_is_low_while_a_client_is_connected_and_the_board_is_ready(board):
    read = "from machine import Pin; Pin(3, Pin.OUT, value={}); print(Pin(2, Pin.IN).value())"
    ready, busy = read.format(0), read.format(1)
    assert board.exec(ready) == "1\n"
    with socket.create_connection(board.uart_address, 120):
        assert board.exec(ready) == "0\n"
    assert board.exec(ready) == "1\n"
    board.exec(busy)
    with socket.create_connection(board.uart_address, 120):
        assert board.exec(busy) == "1\n"
        assert board.exec(ready) == "0\n"
        assert board.exec(busy) == "1\n"


def test_the_next_call_comes_after_the_board_has_hung_up(board):
    read = "from machine import Pin; Pin(3, Pin.OUT, value={}); print(Pin(2, Pin.IN).value())"
    ready, busy = read.format(0), read.format(1)
    board.exec(ready)
    with socket.create_connection(board.uart_address, 120):
        assert board.exec(ready) == "0\n"
    with socket.create_connection(board.uart_address, 120):
        assert board.exec(ready) == "1\n"
        board.exec(busy)
        assert board.exec(ready) == "0\n"
    board.exec(busy)


def test_raising_dtr_hangs_up_after_what_was_sent(board):
    with (
        Program(board, _SAY_BYE),
        socket.create_connection(board.uart_address, 120) as connection,
    ):
        assert _receive_all(connection) == b"bye" * 100


def test_a_second_client_waits_for_the_first_to_go(board):
    first = socket.create_connection(board.uart_address, 120)
    second = socket.create_connection(board.uart_address, 120)
    with Program(board, _SAY_BYE), first:
        assert _receive_all(first) == b"bye" * 100
    with Program(board, _SAY_BYE), second:
        assert _receive_all(second) == b"bye" * 100


def test_what_a_client_sent_before_it_left_still_arrives(board):
    with socket.create_connection(board.uart_address, 120) as connection:
        connection.sendall(b"farewell")
    with Program(board, "time.sleep_ms(50)\nprint(uart.read(8), dcd())") as program:
        pass
    assert program.output == "b'farewell' 1\n"


def test_the_other_uart_sends_into_the_open(board):
    code = """
from machine import UART, Pin
other = UART(1, baudrate=115200, tx=Pin(4), rx=Pin(5))
other.write(bytes(100))
other.flush()
print(other.any())
"""
    assert board.exec(code) == "0\n"


@pytest.mark.needs("openssl")
def test_openssl_completes_a_handshake_with_a_p384_certificate(board, tmp_path):
    certificate, key = _self_signed()
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(certificate.public_bytes(encoding.Encoding.PEM))
    server = _TLS_SERVER.format(
        certificate=certificate.public_bytes(encoding.Encoding.DER),
        key=key.private_bytes(
            encoding.Encoding.DER,
            encoding.PrivateFormat.TraditionalOpenSSL,
            encoding.NoEncryption(),
        ),
    )
    with Program(board, server) as program:
        result = _s_client(board.uart_address, trusted, b"question\n")
    assert b"Verify return code: 0 (ok)" in result.stdout
    assert b"answer to question" in result.stdout
    assert "ECDHE-ECDSA" in program.output


def _self_signed() -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP384R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "virtual board")])
    start = datetime.datetime.now(datetime.timezone.utc)
    builder = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=1))
    )
    return builder.sign(key, hashes.SHA384()), key


def _s_client(
    address: tuple[str, int], trusted: Path, request: bytes
) -> subprocess.CompletedProcess[bytes]:
    connect = ["openssl", "s_client", "-connect", f"{address[0]}:{address[1]}"]
    command = [*connect, "-CAfile", str(trusted), "-tls1_2", "-ign_eof"]
    return subprocess.run(command, input=request, capture_output=True, timeout=60)
