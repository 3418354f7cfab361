"""Flash and power: flash operations are counted, and a power cut leaves the last one incomplete."""

import pytest
from boardcert_host.errors import Error

_SECTOR, _PAGE = 4096, 256
_LAST_SECTOR = 2 * 1024 * 1024 - _SECTOR
# The block device counts from the start of the file system; its last block ends the flash.
_WRITE_LAST_BLOCK = (
    "import rp2\nf = rp2.Flash()\nlast = f.ioctl(4, 0) - 1\nf.ioctl(6, last)\n"
    "f.writeblocks(last, b'\\xa5' * 4096, 0)\n"
)


def _last_sector(board) -> bytes:
    return (board.directory / "flash.bin").read_bytes()[_LAST_SECTOR:]


def test_operations_are_sector_erases_and_page_programs(new_board):
    board = new_board()
    before = board.status()["flash"]
    board.exec(_WRITE_LAST_BLOCK)
    after = board.status()["flash"]
    grown = {name: after[name] - before[name] for name in after}
    assert grown == {
        "operations": 17,
        "erases": 1,
        "programs": 16,
        "erased_bytes": _SECTOR,
        "programmed_bytes": _SECTOR,
    }
    assert _last_sector(board) == b"\xa5" * _SECTOR


@pytest.mark.parametrize("torn", [0.0, 0.5, 1.0])
def test_a_cut_in_a_program_leaves_a_part_of_that_page(new_board, torn):
    board = new_board()
    board.cut_power(after_operations=4, torn=torn)
    with pytest.raises(Error):
        board.exec(_WRITE_LAST_BLOCK)
    assert "flash operation" in board.wait_off()
    assert not board.status()["powered"]
    written = 2 * _PAGE + int(torn * _PAGE)
    assert _last_sector(board) == (b"\xa5" * written).ljust(_SECTOR, b"\xff")


def test_a_cut_in_an_erase_leaves_a_part_of_the_old_sector(new_board):
    board = new_board()
    board.exec(_WRITE_LAST_BLOCK)
    board.cut_power(after_operations=1, torn=0.25)
    with pytest.raises(Error):
        board.exec(_WRITE_LAST_BLOCK)
    board.wait_off()
    assert _last_sector(board) == b"\xff" * (_SECTOR // 4) + b"\xa5" * (_SECTOR * 3 // 4)


def test_programming_only_clears_bits(new_board):
    board = new_board()
    board.exec(_WRITE_LAST_BLOCK + "f.writeblocks(last, b'\\x0f' * 256, 0)")
    assert _last_sector(board)[:_PAGE] == b"\x05" * _PAGE


def test_a_board_that_is_off_says_so_and_can_be_switched_on(new_board):
    board = new_board()
    board.power_off()
    with pytest.raises(Error, match="is off"):
        board.exec("print(1)")
    board.power_on()
    assert board.exec("print(1)") == "1\n"


def test_a_cut_that_is_called_off_does_not_come(new_board):
    board = new_board()
    board.cut_power(after_operations=1)
    board.keep_power()
    board.exec(_WRITE_LAST_BLOCK)
    assert board.status()["powered"]


@pytest.mark.parametrize("operations", [1, 2, 3, 4])
def test_the_file_system_survives_a_cut_anywhere_in_a_write(new_board, operations):
    board = new_board()
    write = "f = open('file', 'w'); f.write({!r} * 500); f.close()"
    board.exec(write.format("old"))
    board.cut_power(after_operations=operations)
    with pytest.raises(Error):
        board.exec(write.format("new"))
    board.wait_off()
    board.power_on()
    assert board.exec("print(open('file').read())").strip() in ("old" * 500, "new" * 500)
    board.exec(write.format("again"))
    assert board.exec("print(open('file').read())").strip() == "again" * 500
