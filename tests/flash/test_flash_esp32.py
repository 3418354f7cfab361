"""Flashing ESP32 boards: the real esptool and a mock boot loader whose flash is read afterwards."""

import contextlib
import fcntl
import os
import pty
import socket
import termios
from pathlib import Path

import pytest
from boardcert_host.errors import Error
from boardcert_host.flash import esptool
from boardcert_host.flash.board_kinds import ESP32, board_names, load_board
from boardcert_host.flash.esp_image import read_image
from boardcert_host.flash.firmware import firmware_image
from esp32_mock import mock_boot_loader
from servers import refusing_port

_MIB = 1024 * 1024
_BOARDS = [name for name in board_names() if isinstance(load_board(name).flashing, ESP32)]
_NVS = slice(0x9000, 0xF000)
_FILES = slice(2 * _MIB, 4 * _MIB)


def image_of(name):
    """Return the board, its official image, and the image's parts."""
    board = load_board(name)
    data = firmware_image(board)[0].read_bytes()
    return board, data, read_image(data, board.esp32.offset)


def ignore(done, total):
    """Ignore progress."""


@pytest.fixture(scope="module")
def esp32():
    """Return the plain ESP32 and its image."""
    return image_of("ESP32_GENERIC")


@pytest.mark.parametrize("name", _BOARDS)
def test_an_empty_board_has_the_image_in_its_place_byte_for_byte(name, tmp_path):
    """Each chip is detected, checked, written and verified, and nothing else is written."""
    board, data, _ = image_of(name)
    progresses = []
    flash = tmp_path / "flash.bin"
    with mock_boot_loader(board.esp32.chip, flash) as port:
        chip = esptool.detect(board, port)
        image = esptool.check_image(board, data)
        esptool.write(board, port, image, lambda *progress: progresses.append(progress))
    assert chip.name == board.chip
    assert chip.mac.startswith("24:0a:c4:")
    assert chip.flash_bytes == image.flash_bytes == 4 * _MIB
    expected = b"\xff" * board.esp32.offset + data
    assert flash.read_bytes() == expected.ljust(4 * _MIB, b"\xff")
    assert progresses[-1][0] == progresses[-1][1] == sum(len(piece.data) for piece in image.pieces)


def test_what_a_board_keeps_survives_a_new_image(esp32, tmp_path):
    """NVS and files survive a new image; the rest is the image."""
    board, data, image = esp32
    flash = tmp_path / "flash.bin"
    before = os.urandom(4 * _MIB)
    flash.write_bytes(before)
    with mock_boot_loader("esp32", flash) as port:
        esptool.write(board, port, image, ignore)
    after = flash.read_bytes()
    for kept in (_NVS, _FILES):
        assert after[kept] == before[kept]
    assert after[0x1000:0x9000] == data[:0x8000]
    assert after[0x10000 : 0x1000 + len(data)] == data[0xF000:]


def test_erasing_leaves_nothing(esp32, tmp_path):
    """Erasing removes firmware, files and NVS."""
    flash = tmp_path / "flash.bin"
    flash.write_bytes(os.urandom(4 * _MIB))
    with mock_boot_loader("esp32", flash) as port:
        esptool.erase(esp32[0], port)
    assert flash.read_bytes() == b"\xff" * (4 * _MIB)


@pytest.mark.parametrize(
    ("asked", "found"), [("ESP32_GENERIC_S3", "esp32"), ("ESP32_GENERIC", "esp32c3")]
)
def test_another_chip_stops_it_before_anything_is_written(asked, found, tmp_path):
    """The error names both chips; esptool would refuse to write, too."""
    board, _, image = image_of(asked)
    flash = tmp_path / "flash.bin"
    with mock_boot_loader(found, flash) as port:
        with pytest.raises(Error, match="nothing was written") as caught:
            esptool.detect(board, port)
        with pytest.raises(Error, match="esptool: This chip is"):
            esptool.write(board, port, image, ignore)
    assert board.chip in caught.value.message
    assert load_board(_named(found)).chip in caught.value.message
    assert caught.value.code == 3
    assert flash.read_bytes() == b"\xff" * (4 * _MIB)


def _named(chip):
    return (
        "ESP32_GENERIC"
        if chip == "esp32"
        else f"ESP32_GENERIC_{chip.removeprefix('esp32').upper()}"
    )


@pytest.mark.parametrize("after_bytes", [500, 60_000, 600_000])
def test_a_line_that_breaks_is_an_error_and_the_next_run_repairs_it(after_bytes, esp32, tmp_path):
    """A lost connection at any time is an error, and the next run repairs it."""
    board, data, image = esp32
    flash = tmp_path / "flash.bin"
    with (
        mock_boot_loader("esp32", flash, cut_after=after_bytes) as port,
        pytest.raises(Error, match=r"^esptool: ") as caught,
    ):
        esptool.write(board, port, image, ignore)
    assert caught.value.code == 3
    assert caught.value.hint
    with mock_boot_loader("esp32", flash) as port:
        esptool.write(board, port, image, ignore)
    assert flash.read_bytes()[0x1000:][: len(data)] == data


def test_a_flash_that_forgets_is_noticed(esp32, tmp_path):
    """A byte that reads back differently is detected."""
    board, _, image = esp32
    with (
        mock_boot_loader("esp32", tmp_path / "flash.bin", corrupt=0x20000) as port,
        pytest.raises(Error, match=r"(?i)MD5|hash|verif"),
    ):
        esptool.write(board, port, image, ignore)


def test_a_port_that_is_not_there_is_named(esp32):
    """A missing device file, and an address where nothing listens, are named."""
    for port in ("/dev/ttyNOSUCH0", f"socket://127.0.0.1:{refusing_port()}"):
        with pytest.raises(Error, match="Could not open") as caught:
            esptool.detect(esp32[0], port)
        assert port in caught.value.message
        assert "boardcert devices" in caught.value.hint


def test_a_port_that_another_program_holds_is_an_error(esp32):
    """A port held by another program, such as a serial monitor, is an error."""
    master, slave = pty.openpty()
    try:
        fcntl.ioctl(slave, termios.TIOCEXCL)  # does not stop root
        fcntl.flock(slave, fcntl.LOCK_EX)
        with pytest.raises(Error, match="esptool: ") as caught:
            esptool.detect(esp32[0], os.ttyname(slave))
    finally:
        os.close(master)
        os.close(slave)
    assert caught.value.code == 3


def test_a_board_that_is_not_in_its_boot_loader_says_which_button(esp32):
    """If a board is silent, the error says which button to press."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = f"socket://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(Error, match="esptool: ") as caught:
            esptool.detect(esp32[0], port)
    assert "BOOT" in caught.value.hint


def test_an_image_for_another_chip_is_refused(esp32):
    """Images for a C3 (another offset) and an S2 (the same offset) are refused."""
    _, c3, _ = image_of("ESP32_GENERIC_C3")
    _, s2, _ = image_of("ESP32_GENERIC_S2")
    with pytest.raises(Error, match="not for ESP32_GENERIC"):
        esptool.check_image(esp32[0], c3)
    with pytest.raises(Error, match="is for ESP32-S2, not for ESP32"):
        esptool.check_image(esp32[0], s2)


@pytest.mark.parametrize("address", [0x2000, 0x40000])
def test_a_single_wrong_bit_is_found_by_the_images_own_hash(address, esp32):
    """The image's own hash detects a wrong bit in the boot loader and in the application."""
    board, data, _ = esp32
    damaged = bytearray(data)
    damaged[address - board.esp32.offset] ^= 1
    with pytest.raises(Error, match="damaged"):
        esptool.check_image(board, bytes(damaged))


@pytest.mark.parametrize("length", [0, 100, 0x8000, 0xF000, 0x20000])
def test_a_part_of_an_image_is_refused(length, esp32):
    """A part of an image, as of an interrupted download, is refused."""
    with pytest.raises(Error):
        esptool.check_image(esp32[0], esp32[1][:length])


def test_an_image_without_micropython_is_refused(esp32):
    """An image without MicroPython is refused."""
    board, data, _ = esp32
    with pytest.raises(Error, match="no MicroPython"):
        esptool.check_image(board, data.replace(b"MicroPython v", b"CircuitPython"))


def test_an_image_that_would_overwrite_the_storage_is_refused(esp32):
    """An image with data in the board's storage area is refused."""
    board, data, _ = esp32
    filled = bytearray(data)
    filled[0x9000 - board.esp32.offset] = 0
    with pytest.raises(Error, match="non-volatile storage"):
        esptool.check_image(board, bytes(filled))


def test_a_full_disk_is_an_error(esp32, monkeypatch):
    """esptool reads files, which need space: /dev/full is a disk without any."""
    board, _, image = esp32
    monkeypatch.setattr(Path, "write_bytes", lambda path, data: _write_to_full_disk(data))
    with pytest.raises(Error, match="No space left") as caught:
        esptool.write(board, "socket://127.0.0.1:9", image, ignore)
    assert caught.value.code == 3
    assert "TMPDIR" in caught.value.hint


def _write_to_full_disk(data):
    with open("/dev/full", "wb") as file:
        file.write(data)
