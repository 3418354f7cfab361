"""Faults that would hang a real board: the virtual board names them and stops."""

import os
from pathlib import Path

import pytest
from boardcert_host.errors import Error
from boardcert_host.virtual import VirtualBoard
from boardcert_host.virtual.process import give_back, take_process

# The boot ROM's look-up function is at 0x18, its function table at 0x14; 0x4790 is BLX r2.
_ASK_ROM = """
@micropython.asm_thumb
def ask(r0):
    mov(r1, r0)
    mov(r2, 0x14)
    ldrh(r0, [r2, 0])
    ldrh(r2, [r2, 4])
    data(2, 0x4790)
address = ask(0x{code:04x})
"""
_ASSEMBLE = """
@micropython.asm_thumb
def go(r0):
    {instruction}
go({argument})
"""


def _code(name: str) -> int:
    return ord(name[0]) | ord(name[1]) << 8


def _stops(board, program: str) -> str:
    with pytest.raises(Error):
        board.exec(program)
    return board.wait_off()


@pytest.mark.parametrize("name", ["P3", "MC", "RE", "UB"])
def test_the_boot_rom_has_what_the_image_asks_for(board, name):
    assert 0 < int(board.exec(_ASK_ROM.format(code=_code(name)) + "print(address)")) < 0x4000


def test_an_unknown_boot_rom_function_stops_the_board_with_its_name(new_board):
    assert '"ZZ"' in _stops(new_board(), _ASK_ROM.format(code=_code("ZZ")))


@pytest.mark.parametrize(
    ("instruction", "argument", "message"),
    [
        ("ldr(r0, [r0, 0])", "0x20000001", "access to 0x20000001, which is not aligned"),
        ("str(r0, [r0, 0])", "0x10000000", "store to 0x10000000, which is read-only"),
        ("bx(r0)", "0x20000000", "branch to 0x20000000, which is not Thumb code"),
        ("data(2, 0xde00)", "0", "undefined instruction 0xde00"),
        ("data(2, 0xbe07)", "0", "breakpoint 7"),
    ],
)
def test_a_hard_fault_stops_the_board_and_says_why(new_board, instruction, argument, message):
    program = _ASSEMBLE.format(instruction=instruction, argument=argument)
    assert message in _stops(new_board(), program)


def test_the_usb_boot_loader_is_named(new_board):
    assert "BOOTSEL" in _stops(new_board(), "import machine; machine.bootloader()")


def test_a_board_stopped_by_a_fault_starts_again_with_its_files(new_board):
    board = new_board()
    board.exec("f = open('kept', 'w'); f.write('here'); f.close()")
    _stops(board, "import machine; machine.bootloader()")
    board.power_on()
    assert board.exec("print(open('kept').read())") == "here\n"


def test_a_board_that_cannot_be_made_leaves_no_file_open(firmware, tmp_path):
    """A board that cannot start leaves no file open, and its process is used for the next board."""
    board = VirtualBoard(tmp_path, firmware=firmware, ring_oscillator="broken")
    process = take_process()
    try:
        with pytest.raises(Error, match='not "broken"'):
            process.start(board._settings)
        open_files = [os.readlink(file) for file in Path(f"/proc/{process.pid}/fd").iterdir()]
        assert open_files and str(tmp_path / "flash.bin") not in open_files
    finally:
        give_back(process)
