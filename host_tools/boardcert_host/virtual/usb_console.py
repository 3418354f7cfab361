"""Work with a virtual board over its USB serial port, a TCP port on loopback."""

import socket
import subprocess
import sys
import time

from ..errors import Error

_SOFT_RESET_TIMEOUT_S = 120
_CTRL_C, _CTRL_D = b"\x03", b"\x04"


def soft_reset(port: int) -> None:
    """Do what Ctrl-C, Ctrl-D at the prompt does: run boot.py and main.py again."""
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.settimeout(_SOFT_RESET_TIMEOUT_S)
        connection.sendall(b"\r" + _CTRL_C * 2 + b"\x02")
        _read_until(connection, b">>> ")
        connection.sendall(_CTRL_D)
        _read_until(connection, b"soft reboot")


def run_mpremote(usb_port: str, arguments: tuple[str, ...], timeout_s: float) -> str:
    """Run mpremote with *arguments* against *usb_port* and return its standard output."""
    command = [sys.executable, "-m", "mpremote", "connect", usb_port, "resume", *arguments]
    try:
        result = subprocess.run(command, capture_output=True, timeout=timeout_s)
    except subprocess.TimeoutExpired as error:
        raise Error(f"the virtual board has not answered after {timeout_s:g} s") from error
    output = result.stdout.decode("utf-8", "replace").replace("\r\n", "\n")
    if result.returncode:
        detail = result.stderr.decode("utf-8", "replace").strip()
        raise Error(_explain(detail or output.strip()))
    return output


def _explain(detail: str) -> str:
    """Return the board's traceback, or if mpremote itself failed, its last line."""
    if "SerialException" in detail or "/mpremote/" in detail:
        return f"the virtual board was lost: {detail.splitlines()[-1]}"
    return f"the virtual board: {detail}"


def _read_until(connection: socket.socket, wanted: bytes) -> None:
    received = b""
    deadline = time.monotonic() + _SOFT_RESET_TIMEOUT_S
    while wanted not in received:
        data = connection.recv(4096) if time.monotonic() < deadline else b""
        if not data:
            raise Error(f"the virtual board did not print {wanted.decode()!r}")
        received += data
