"""The program of two lines in the README, which `boardcert flash` installs on a board."""

import concurrent.futures
import datetime
import json
import socket
import time
from collections.abc import Callable

import over_wifi
import pytest
from boardcert_host.board import file_writer, kept_files
from boardcert_host.verify.tls_probe import unverified_context
from boardcert_host.virtual import VirtualBoard, VirtualNetwork

_PASSWORD = "a good password"  # noqa: S105 (of a virtual network)
# One way; a look-up that has started before the board reappears takes as long again.
_SLOW_MS, _QUICK_MS = 800, 0.5
_KEPT = "[bytearray(1008) for _ in range(84)]"
_APP = """
import boardcert
import time

async def handler(reader, writer):
    line = await reader.readline()
    writer.write(b"hi")
    await writer.drain()
    if line == b"work\\r\\n":
        writer.close()
        time.sleep(3)

boardcert.run(handler)
"""


def _console(board: VirtualBoard, wanted: bytes, keys: bytes = b"") -> str:
    """Send *keys*, and return the board's output up to *wanted*."""
    host, _, port = board.usb_port.removeprefix("socket://").rpartition(":")
    with socket.create_connection((host, int(port)), 120) as console:
        console.settimeout(60)
        console.sendall(keys)
        printed = b""
        deadline = time.monotonic() + 120
        while wanted not in printed and time.monotonic() < deadline:
            printed += console.recv(4096)
    return printed.decode()


def test_the_example_runs_until_it_is_interrupted(
    installed: Callable[..., VirtualBoard],
) -> None:
    """It prints what it serves, and that there is no network; Ctrl-C leads to the prompt."""
    board = installed(pace="idle")
    kept_files.write_settings(board.usb_port, {"hostname": "kitchen"})
    kept_files.write_example_main(board.usb_port, "RPI_PICO_W")
    _console(board, b">>> ", b"\r\x03\x03\x02")
    printed = _console(board, b"page  ", b"\x04")
    assert "boardcert: no network:" in printed
    printed = _console(board, b">>> ", b"\x03")
    assert "Traceback" not in printed
    assert board.exec("print(boardcert.identity().names)").strip() == "['kitchen.local']"


def _get(address: tuple[str, int], request: bytes) -> bytes:
    """Return the whole answer to *request* over TLS."""
    context = unverified_context()
    with (
        socket.create_connection(address, 60) as raw,
        context.wrap_socket(raw, suppress_ragged_eofs=True) as secure,
    ):
        secure.sendall(request)
        return b"".join(iter(lambda: secure.recv(4096), b""))


@pytest.fixture
def in_wifi(installed: Callable[..., VirtualBoard]) -> Callable[[str | None], VirtualBoard]:
    """Start a new board in range of its stored network, with a main.py: None for the example."""

    def start(main: str | None) -> VirtualBoard:
        network = VirtualNetwork("HomeNet", password=_PASSWORD)
        board = installed(pace="idle", network=network)
        kept_files.write_settings(board.usb_port, {"hostname": "kitchen"})
        kept_files.write_wifi(board.usb_port, "HomeNet", _PASSWORD)
        if main is None:
            kept_files.write_example_main(board.usb_port, "RPI_PICO_W")
        else:
            file_writer.put_file(board.usb_port, main.encode(), "/main.py")
        board.reset()
        return board

    return start


def test_the_first_certificate_has_address_and_date(in_wifi: Callable) -> None:
    """The program joins the network and sets the clock before the certificate is made."""
    today = datetime.datetime.now(datetime.timezone.utc)
    board = in_wifi(None)
    board.network.wait_listening(20034, 120)
    request = b"GET /api/identity HTTP/1.1\r\nHost: kitchen.local\r\nConnection: close\r\n\r\n"
    head, _, body = _get(board.network.address(20034), request).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    report = json.loads(body)
    assert report["names"] == ["kitchen.local", board.network.wait_address()]
    # It is dated by the clock, not by the release of the package, and signed only once.
    assert report["not_before"] >= (today - datetime.timedelta(days=2)).isoformat()
    assert report["notices"] == []


def test_the_link_is_lost_during_first_boot(in_wifi: Callable) -> None:
    """Without its link the board boots with one whole identity, and rejoins once it is back.

    The link is lost while the board looks up the time server, whose answer is slow.
    """
    board = in_wifi(None)
    board.network.disturb(delay_ms=_SLOW_MS)
    board.network.wait_address(120)
    board.leave_range()
    operations = board.flash_operations
    _wait(lambda: board.radio_status()["joined"] is None)
    _wait(lambda: board.flash_operations > operations)
    board.network.disturb(delay_ms=_QUICK_MS)
    board.return_to_range()
    board.network.wait_listening(over_wifi.PAGE, 120)
    names = ["kitchen.local", board.network.wait_address()]
    deadline = time.monotonic() + 120
    pins = set()
    report = {"names": []}
    while report["names"] != names:
        assert time.monotonic() < deadline
        report = over_wifi.report_at(board.network.address(over_wifi.PAGE), deadline)
        pins.add(report["public_key_pin"])
    assert len(pins) == 1
    assert report["source"] == "generated"


def test_the_application_is_served_and_the_network_joined_again(in_wifi: Callable) -> None:
    """After being out of range, the board serves all clients that arrived while it was busy."""
    board = in_wifi(_APP)
    board.network.wait_listening(443, 120)
    address = board.network.address(443)
    assert _get(address, b"work\r\n") == b"hi"
    with concurrent.futures.ThreadPoolExecutor(5) as pool:  # This is all that lwIP has.
        assert list(pool.map(_get, [address] * 5, [b"?\r\n"] * 5)) == [b"hi"] * 5
    board.leave_range()
    _wait(lambda: board.radio_status()["joined"] is None)
    board.return_to_range()
    _wait(lambda: board.radio_status()["joined"] == "HomeNet")
    board.network.wait_address()
    assert _get(board.network.address(443), b"?\r\n") == b"hi"


def test_a_large_program_is_served_from_its_first_boot_on(in_wifi: Callable) -> None:
    """Key generation fragments the heap: TLS has memory of its own, if needed after a restart."""
    board = in_wifi(_APP.replace("import time\n", f"import time\nkept = {_KEPT}\n"))
    board.network.wait_listening(443, 120)
    deadline = time.monotonic() + 120
    answer = b""
    while not answer and time.monotonic() < deadline:
        try:
            answer = _get(board.network.address(443), b"?\r\n")
        except OSError:
            time.sleep(0.5)
    assert answer == b"hi"


def _wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)
