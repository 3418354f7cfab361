"""A new virtual board: its boot drive accepts an image, and appears again on request."""

import os
import shutil
import signal
import socket
import sys
import time

import pytest
from boardcert_host.board import file_writer, mpremote
from boardcert_host.cli import main
from boardcert_host.errors import Error
from boardcert_host.flash import uf2_drive
from boardcert_host.flash.board_kinds import load_board
from boardcert_host.virtual.boot_drive import BootDrive
from prepared import AT_ONCE


@pytest.fixture
def empty(tmp_path, monkeypatch):
    """Yield a board in its boot loader; only its drive is searched for."""
    monkeypatch.setenv("BOARDCERT_BOOT_DRIVES", str(tmp_path / "drive"))
    with BootDrive(tmp_path / "board", tmp_path / "drive", **AT_ONCE) as board:
        yield board


def started(empty):
    """Return the VirtualBoard once the image has booted."""
    deadline = time.monotonic() + 60
    while empty.board is None and time.monotonic() < deadline:
        time.sleep(0.05)
    empty.board.wait_ready(60)
    return empty.board


def test_an_image_on_the_drive_is_flashed_and_booted(empty, firmware):
    """The drive disappears, MicroPython answers, and on request the board returns to its loader."""
    kind = load_board("RPI_PICO_W")
    drive = uf2_drive.find_boot_drive(kind)
    uf2_drive.copy_image(firmware.read_bytes(), drive, lambda done, total: None)
    board = started(empty)
    assert uf2_drive.boot_drives() == []
    assert "MicroPython v1.27.0" in board.exec("import sys; print(sys.version)")
    file_writer.put_file(empty.usb_port, b"kept", "/kept.txt")

    mpremote.run(empty.usb_port, "bootloader")
    drive = uf2_drive.wait_boot_drive(kind)
    uf2_drive.copy_image(firmware.read_bytes(), drive, lambda done, total: None)
    assert started(empty).exec("print(open('/kept.txt').read())").strip() == "kept"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other rules")
def test_no_other_program_gets_its_ports(empty, firmware):
    """Its ports are its own from the beginning, and the board listens on them."""
    ports = empty.usb_port_number, empty.uart_port_number
    for port in ports:
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", port))
    shutil.copy(firmware, empty.drive / "firmware.uf2")
    started(empty)
    for port in ports:
        socket.create_connection(("127.0.0.1", port)).close()


def test_half_an_image_is_not_booted(empty, firmware, tmp_path):
    """The board waits for the rest of an incomplete image, as its ROM does."""
    part = tmp_path / "part"
    part.write_bytes(firmware.read_bytes()[: 512 * 1000])
    shutil.copy(part, tmp_path / "drive" / "firmware.uf2")
    time.sleep(0.5)
    assert empty.board is None
    assert uf2_drive.find_boot_drive(load_board("RPI_PICO_W"))


def test_a_folder_that_holds_something_is_refused_and_left_as_it_is(tmp_path, capsys):
    """A folder with a file is refused: a UF2 file in it would be flashed and deleted."""
    own = tmp_path / "own.uf2"
    own.write_bytes(b"x")
    assert main(["virtual", "--boot-drive", str(tmp_path)]) == 2
    assert "is not empty: own.uf2" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["own.uf2"]


def test_an_emulator_that_dies_ends_the_board(empty, firmware):
    """If the emulator dies, the command ends with exit code 3 and one message."""
    shutil.copy(firmware, empty.drive / "firmware.uf2")
    os.kill(started(empty).process_id, signal.SIGKILL)
    with pytest.raises(Error) as caught:
        empty.wait()
    assert caught.value.code == 3
