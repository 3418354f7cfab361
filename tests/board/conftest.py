"""Virtual boards for tests: one that a whole worker shares, and fresh ones on request."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from boardcert_host import board_files, device
from boardcert_host.boards import load_board
from boardcert_host.firmware import firmware_image
from boardcert_host.virtual import VirtualBoard


@pytest.fixture(scope="session")
def firmware() -> Path:
    """The official image of the virtual board."""
    return firmware_image(load_board("VIRTUAL_PICO_W"))[0]


@pytest.fixture(scope="session")
def board(firmware: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[VirtualBoard]:
    """A running board that the tests of this worker share: leave it as you found it."""
    directory = tmp_path_factory.mktemp("board")
    with VirtualBoard(directory, firmware=firmware, pace="idle") as shared:
        shared.wait_ready()
        yield shared


@pytest.fixture
def new_board(firmware: Path, tmp_path: Path) -> Iterator[Callable[..., VirtualBoard]]:
    """Make and start a board: new_board(name, **settings); the same name has the same flash."""
    with ExitStack() as stack:

        def start(name: str = "board", **settings: str) -> VirtualBoard:
            started = VirtualBoard(tmp_path / name, firmware=firmware, **settings)
            stack.enter_context(started)
            started.wait_ready()
            return started

        yield start


@pytest.fixture
def kitchen(new_board: Callable[..., VirtualBoard]) -> VirtualBoard:
    """A board that serves its page, on its serial line, with a certificate of its own."""
    board = new_board("kitchen")
    device.install(board.usb_port)
    device.install_microdot(board.usb_port)
    device.write_settings(board.usb_port, {"hostname": "kitchen"})
    board_files.write_example_main(board.usb_port, "VIRTUAL_PICO_W")
    board.reset()
    return board
