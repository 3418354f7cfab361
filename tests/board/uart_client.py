"""Programs on the board that communicate over UART0.

A client that calls before the program starts waits: DTR is high unless a program is running.
"""

import socket
import ssl
import time

import program
from boardcert_host.verify.tls_probe import unverified_context
from boardcert_host.virtual import VirtualBoard

_OPEN = """
import machine, time
from machine import Pin
dcd, dtr = Pin(2, Pin.IN), Pin(3, Pin.OUT, value=1)
uart = machine.UART(0, baudrate={baudrate}, tx=Pin(0), rx=Pin(1), rxbuf=4096, txbuf=4096,
                    timeout=20000)
dtr(0)
def wait_for_client():
    while dcd():
        pass
def hang_up():
    uart.flush()
    dtr(1)
"""


def call(board: VirtualBoard, timeout_s: float = 60) -> ssl.SSLSocket:
    """Call the board once."""
    with socket.create_connection(board.uart_address, timeout=timeout_s) as raw:
        return unverified_context().wrap_socket(raw)


def connect(board: VirtualBoard, timeout_s: float = 60) -> ssl.SSLSocket:
    """Call the board; retry while it boots or hangs up on the previous call."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            return call(board, timeout_s)
        except (ssl.SSLError, ConnectionError):
            if time.monotonic() > deadline:
                raise
        time.sleep(0.2)


class Program(program.Program):
    """A program.Program with `uart` and `wait_for_client`; it hangs up when it ends."""

    def __init__(self, board: VirtualBoard, code: str, baudrate: int = 1_000_000) -> None:
        super().__init__(board, _OPEN.format(baudrate=baudrate) + code + "\nhang_up()\n")
