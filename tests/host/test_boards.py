"""The data of the boards, and where it is found."""

import re

import pytest
from boardcert_host import boards
from boardcert_host.errors import Error


@pytest.mark.parametrize("name", ["RPI_PICO_W", "VIRTUAL_PICO_W"])
def test_a_board_is_complete(name):
    """A folder of data with a page about it, and an image that is pinned by its hash."""
    board = boards.load_board(name)
    assert board.name == name
    assert re.fullmatch("[0-9a-f]{64}", board.firmware.sha256)
    assert (boards.data_directory("boards") / name / "board.md").read_text().startswith("# ")


def test_the_virtual_board_runs_the_official_image():
    """Not a copy of the data: the same entry."""
    official = boards.load_board("RPI_PICO_W").firmware
    assert boards.load_board("VIRTUAL_PICO_W").firmware == official
    assert official.file in official.url


def test_an_unknown_board_is_a_usage_error_that_lists_the_known():
    """The hint has every name."""
    with pytest.raises(Error) as caught:
        boards.load_board("../RPI_PICO_W")
    assert caught.value.code == 2
    assert "RPI_PICO_W, VIRTUAL_PICO_W" in caught.value.hint


def test_an_installed_wheel_brings_its_own_data(tmp_path, monkeypatch):
    """What lies in the package comes before a checkout around it."""
    package = tmp_path / "boardcert_host"
    (package / "_data" / "boards").mkdir(parents=True)
    monkeypatch.setattr(boards, "__file__", str(package / "boards.py"))
    assert boards.data_directory("boards") == package / "_data" / "boards"
    with pytest.raises(Error, match="no directory firmware"):
        boards.data_directory("firmware")
