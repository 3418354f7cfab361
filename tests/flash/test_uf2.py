"""UF2 files are read strictly; boot drives are found and written."""

import errno
import os
import shutil
import struct
import threading
import time
from pathlib import Path

import psutil
import pytest
from boardcert_host.errors import Error
from boardcert_host.flash import uf2_drive
from boardcert_host.flash.board_kinds import load_board
from boardcert_host.flash.firmware import firmware_image
from boardcert_host.flash.sequence import require_port
from boardcert_host.flash.uf2 import read_uf2

_RP2040 = 0xE48BFF56
_RP2350 = 0xE48BFF59
_FLASH = (0x10000000, 0x10200000)
_TEXT = b"MicroPython v1.27.0"


def block(number, total, address, family=_RP2040, flags=0x2000, size=256, fill=_TEXT):
    """Return one UF2 block."""
    head = struct.pack("<8I", 0x0A324655, 0x9E5D5157, flags, address, size, number, total, family)
    return head + fill.ljust(476, b"\0") + struct.pack("<I", 0x0AB16F30)


def file_of(total, **fields):
    """Return a file of *total* blocks, one flash page after another."""
    return b"".join(block(n, total, 0x10000000 + 256 * n, **fields) for n in range(total))


def ignored_block(**fields):
    """Return the RP2350-E10 block as picotool writes it."""
    fill = b"\xef" * 256 + struct.pack("<I", 0x9957E304)
    values = {"family": 0xE48BFF57, "flags": 0xA000, "fill": fill} | fields
    return block(0, 2, 0x10FFFF00, **values)


@pytest.mark.parametrize("total", [1, 2, 300])
def test_a_good_file_is_read_page_by_page(total):
    """All pages of a valid file are read, with their addresses."""
    uf2 = read_uf2(file_of(total), _RP2040, *_FLASH)
    assert sorted(uf2.pages) == [0x10000000 + 256 * number for number in range(total)]
    assert uf2.content == _TEXT.ljust(256, b"\0") * total


def test_the_official_image_is_accepted_as_a_whole():
    """The official image is accepted: it begins with the second boot stage and has its version."""
    board = load_board("RPI_PICO_W")
    data = firmware_image(board)[0].read_bytes()
    uf2_drive.check_image(board, data)
    uf2 = read_uf2(data, _RP2040, *_FLASH)
    assert len(uf2.pages) == len(data) // 512
    assert min(uf2.pages) == 0x10000000
    assert b"MicroPython v1.27.0 on 2025-12-09" in uf2.content


def _with(data, at, value):
    changed = bytearray(data)
    changed[at : at + 4] = struct.pack("<I", value)
    return bytes(changed)


_GOOD = file_of(3)
_BAD = {
    "empty": (b"", "whole number of blocks"),
    "cut": (_GOOD[:-1], "whole number of blocks"),
    "a block less": (_GOOD[:-512], "of 3; the file has 2"),
    "a block more": (_GOOD + _GOOD[:512], "of 3; the file has 4"),
    "blocks exchanged": (_GOOD[512:1024] + _GOOD[:512] + _GOOD[1024:], "it says 1"),
    "first magic": (_with(_GOOD, 512, 0), "block 1: not a UF2 file"),
    "second magic": (_with(_GOOD, 516, 0), "block 1: not a UF2 file"),
    "last magic": (_with(_GOOD, 1020, 0), "block 1: not a UF2 file"),
    "not for the flash": (_with(_GOOD, 520, 0x2001), "block 1: it is not for the flash"),
    "no family": (_with(_GOOD, 520, 0), "block 1: it names no family"),
    "another family": (_with(_GOOD, 540, _RP2350), "0xe48bff59, this board is 0xe48bff56"),
    "short page": (_with(_GOOD, 528, 128), "block 1: 128 bytes"),
    "between pages": (_with(_GOOD, 524, 0x10000180), "are not one flash page"),
    "twice": (_with(_GOOD, 524, 0x10000000), "comes twice"),
    "before the flash": (_with(_GOOD, 524, 0x0FFFFF00), "outside the flash"),
    "behind the flash": (_with(_GOOD, 524, 0x10200000), "outside the flash"),
    "in RAM": (_with(_GOOD, 524, 0x20000000), "outside the flash"),
    "only to be ignored": (ignored_block(), "no block"),
}


@pytest.mark.parametrize("what", _BAD)
def test_a_file_with_a_single_wrong_block_is_refused(what):
    """The error says which block is wrong, and why."""
    data, reason = _BAD[what]
    with pytest.raises(ValueError, match=reason):
        read_uf2(data, _RP2040, *_FLASH)


def test_the_last_page_of_the_flash_can_be_written():
    """The last page of the flash is within the limit."""
    assert read_uf2(block(0, 1, 0x101FFF00), _RP2040, *_FLASH).pages


def test_the_block_that_an_rp2350_must_ignore_is_left_out():
    """The RP2350-E10 block is skipped in picotool's form only."""
    pages = file_of(2, family=_RP2350)
    assert len(read_uf2(ignored_block() + pages, _RP2350, *_FLASH).pages) == 2
    with pytest.raises(ValueError, match="block 0"):
        read_uf2(ignored_block(fill=b"\xef" * 476) + pages, _RP2350, *_FLASH)


def test_an_image_for_another_board_is_refused():
    """An image for another board is refused with exit code 3 before anything is copied."""
    with pytest.raises(Error, match="not for RPI_PICO2_W") as caught:
        uf2_drive.check_image(load_board("RPI_PICO2_W"), _GOOD)
    assert caught.value.code == 3
    with pytest.raises(Error, match="no MicroPython"):
        uf2_drive.check_image(load_board("RPI_PICO_W"), file_of(3, fill=b""))


def make_drive(
    path, board_id="RPI-RP2", info="UF2 Bootloader v3.0\r\nModel: x\r\nBoard-ID: {}\r\n"
):
    """Make a folder that looks like a boot drive."""
    path.mkdir()
    (path / "INFO_UF2.TXT").write_text(info.format(board_id))
    return path


@pytest.fixture
def drives(tmp_path, monkeypatch):
    """Return a function that lists the mounted drives instead of the computer's own."""

    def mounted(*paths):
        partitions = [type("Partition", (), {"mountpoint": str(path)}) for path in paths]
        monkeypatch.setattr(psutil, "disk_partitions", lambda: partitions)

    monkeypatch.delenv("BOARDCERT_BOOT_DRIVES", raising=False)
    mounted()
    return mounted


def test_a_boot_drive_is_known_by_its_file_and_not_by_its_name(tmp_path, drives, monkeypatch):
    """A boot drive is found by its file, not its name, among a USB stick and other boards."""
    (tmp_path / "RPI-RP2").mkdir()
    pico = make_drive(tmp_path / "NO NAME")
    drives(tmp_path / "RPI-RP2", make_drive(tmp_path / "b", "RP2350"), pico, tmp_path / "gone")
    assert uf2_drive.find_boot_drive(load_board("RPI_PICO_W")).path == pico
    assert uf2_drive.find_boot_drive(load_board("RPI_PICO2_W")).path == tmp_path / "b"
    drives()
    assert uf2_drive.find_boot_drive(load_board("RPI_PICO_W")) is None
    monkeypatch.setenv("BOARDCERT_BOOT_DRIVES", f"{tmp_path / 'gone'}{os.pathsep}{pico}")
    assert uf2_drive.find_boot_drive(load_board("RPI_PICO_W")).path == pico


def test_a_chosen_boot_drive_need_not_be_mounted(tmp_path, drives, monkeypatch):
    """The folder of --drive is used as it is, if it is the drive of such a board."""
    pico = make_drive(tmp_path / "pico")
    drives(make_drive(tmp_path / "another"))
    monkeypatch.chdir(tmp_path)
    kind = load_board("RPI_PICO_W")
    assert uf2_drive.find_boot_drive(kind, Path("pico")).path.resolve() == pico
    assert uf2_drive.find_boot_drive(load_board("RPI_PICO2_W"), pico) is None
    drives()
    require_port(kind, "/dev/none", pico)  # Which has no port, or another one, once it runs.
    with pytest.raises(Error, match="no such port"):
        require_port(kind, "/dev/none", None)


def test_of_several_boot_drives_none_is_chosen(tmp_path, drives):
    """If there are several boot drives, they are listed and none is used."""
    paths = [make_drive(tmp_path / name) for name in "ab"]
    drives(*paths)
    with pytest.raises(Error, match="several boards") as caught:
        uf2_drive.find_boot_drive(load_board("RPI_PICO_W"))
    assert all(str(path) in caught.value.message for path in paths)


def test_waiting_for_a_drive_says_how_to_get_one(tmp_path, drives):
    """While waiting, a message says how to get the drive, and which other boards are there."""
    drives(make_drive(tmp_path / "other", "RP2350"))
    with pytest.raises(Error, match="other is a RP2350") as caught:
        uf2_drive.wait_boot_drive(load_board("RPI_PICO_W"), timeout_s=0)
    assert "BOOTSEL" in caught.value.hint


def test_a_copied_image_is_whole_and_the_board_restarts(tmp_path):
    """The copy shows progress, and waits for the drive to disappear."""
    drive = uf2_drive.BootDrive(make_drive(tmp_path / "drive"), "RPI-RP2")
    data = file_of(1000)
    progresses, received = [], []

    def board():
        while not (drive.path / "firmware.uf2").exists() or progresses[-1:] != [
            (len(data), len(data))
        ]:
            time.sleep(0.01)
        received.append((drive.path / "firmware.uf2").read_bytes())
        shutil.rmtree(drive.path)

    thread = threading.Thread(target=board)
    thread.start()
    uf2_drive.copy_image(data, drive, lambda *progress: progresses.append(progress))
    thread.join()
    assert received == [data]
    assert progresses == sorted(progresses)


def test_a_board_that_does_not_take_the_image_is_an_error(tmp_path, monkeypatch):
    """If the drive stays after the copy, the board has not accepted the image: an error."""
    monkeypatch.setattr(uf2_drive, "_VANISH_TIMEOUT_S", 0)
    drive = uf2_drive.BootDrive(make_drive(tmp_path / "drive"), "RPI-RP2")
    with pytest.raises(Error, match="did not accept the image"):
        uf2_drive.copy_image(file_of(1), drive, lambda done, total: None)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_drive_that_fails_while_copying_is_an_error(number, tmp_path, monkeypatch):
    """A drive that is full, or removed while copying, is an error."""

    def fail(descriptor):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    drive = uf2_drive.BootDrive(make_drive(tmp_path / "drive"), "RPI-RP2")
    with pytest.raises(Error, match=os.strerror(number)) as caught:
        uf2_drive.copy_image(file_of(1000), drive, lambda done, total: None)
    assert caught.value.code == 3


def test_a_drive_that_goes_with_the_last_block_is_no_error(tmp_path, monkeypatch):
    """A drive that disappears with the last block is fine: the board restarts that early."""
    drive = uf2_drive.BootDrive(make_drive(tmp_path / "drive"), "RPI-RP2")
    progresses = []

    def fail(descriptor):
        shutil.rmtree(drive.path)
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    data = file_of(100)
    uf2_drive.copy_image(data, drive, lambda *progress: progresses.append(progress))
    assert progresses == [(len(data), len(data))]
