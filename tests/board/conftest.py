"""Virtual boards for tests: one shared by a whole worker, and new ones on request."""

import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import files_on_board
import network_programs
import over_wifi
import pytest
import uart_client
from boardcert_host.board import kept_files
from boardcert_host.flash.board_kinds import load_board
from boardcert_host.flash.firmware import firmware_image
from boardcert_host.virtual import VirtualBoard, VirtualNetwork, keep_processes
from prepared import AT_ONCE, prepared_flash


@pytest.fixture(scope="session", autouse=True)
def _kept_processes() -> Iterator[None]:
    """Keep emulator processes for reuse: boards start in a tenth of the time."""
    with keep_processes():
        yield


@pytest.fixture(scope="session")
def firmware() -> Path:
    """Return the official image of the virtual board."""
    return firmware_image(load_board("VIRTUAL_PICO_W"))[0]


@pytest.fixture(scope="session")
def board(firmware: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[VirtualBoard]:
    """Yield a running board that this worker's tests share: leave it as you found it."""
    directory = tmp_path_factory.mktemp("board")
    with VirtualBoard(directory, firmware=firmware, pace="idle", **AT_ONCE) as shared:
        shared.wait_ready()
        yield shared


@pytest.fixture
def new_board(firmware: Path, tmp_path: Path) -> Iterator[Callable[..., VirtualBoard]]:
    """Make and start a board: new_board(name, **settings); the same name has the same flash."""
    with ExitStack() as stack:

        def start(name: str = "board", **settings: str) -> VirtualBoard:
            started = VirtualBoard(tmp_path / name, firmware=firmware, **AT_ONCE | settings)
            stack.enter_context(started)
            started.wait_ready()
            return started

        yield start


@pytest.fixture(scope="session")
def package_flash(firmware: Path) -> Path:
    """Return the flash of a board with the package and Microdot, without an identity."""
    return prepared_flash(firmware)


@pytest.fixture(scope="module")
def package_board(
    firmware: Path, package_flash: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[VirtualBoard]:
    """Yield a running board with the package; the tests of a module share it."""
    directory = tmp_path_factory.mktemp("package_board")
    shutil.copy(package_flash, directory / "flash.bin")
    with VirtualBoard(directory, firmware=firmware, pace="idle", **AT_ONCE) as board:
        board.wait_ready()
        yield board


@pytest.fixture
def installed(
    new_board: Callable[..., VirtualBoard], package_flash: Path, tmp_path: Path
) -> Callable[..., VirtualBoard]:
    """Make boards as new_board does, with the package installed."""

    def start(name: str = "board", **settings: str) -> VirtualBoard:
        flash = tmp_path / name / "flash.bin"
        if not flash.exists():
            flash.parent.mkdir()
            shutil.copy(package_flash, flash)
        return new_board(name, **settings)

    return start


@pytest.fixture
def kitchen(installed: Callable[..., VirtualBoard]) -> VirtualBoard:
    """Yield a board that serves its page on its serial line with a certificate of its own.

    It serves already: Ctrl-C during the flash writes of its first boot may leave littlefs confused.
    """
    board = installed("kitchen")
    files_on_board.put(board, files_on_board.KITCHEN)
    kept_files.write_example_main(board.usb_port, "VIRTUAL_PICO_W")
    board.reset()
    uart_client.connect(board, 120).close()
    return board


@pytest.fixture(scope="module")
def in_wifi(
    firmware: Path, package_flash: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[VirtualBoard]:
    """Yield a board called kitchen that serves its page over Wi-Fi, shared by a module's tests."""
    directory = tmp_path_factory.mktemp("in_wifi")
    with over_wifi.board_in_wifi(package_flash, firmware, directory) as board:
        yield board


@pytest.fixture(scope="session")
def server() -> Iterator[socket.socket]:
    """Yield a server on this computer that boards in the network may connect to."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(60)
        yield listening


@pytest.fixture(scope="session")
def wifi(server: socket.socket) -> VirtualNetwork:
    """Return the network of the boards in network tests."""
    return VirtualNetwork(
        network_programs.SSID,
        password=network_programs.PASSWORD,
        names={"printer.local": "192.168.77.9", "time.example": None, "six.example": "fd00::7"},
        outward={"ca.example:443": server.getsockname()[1]},
        epoch_s=1_900_000_000,
    )


@pytest.fixture(scope="session")
def joined(
    wifi: VirtualNetwork, firmware: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[VirtualBoard]:
    """Yield a board in that network; the tests of this worker share it."""
    directory = tmp_path_factory.mktemp("joined")
    with VirtualBoard(directory, firmware=firmware, network=wifi, pace="idle", **AT_ONCE) as board:
        board.wait_ready()
        network_programs.join(board, "kitchen")
        yield board


@pytest.fixture
def patient(joined: VirtualBoard) -> Iterator[VirtualBoard]:
    """Yield the same board, with waiting sped up, for retransmissions and leases."""
    joined.set_pace("quick")
    yield joined
    joined.set_pace("idle")
