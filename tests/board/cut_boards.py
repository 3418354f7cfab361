"""Boards whose power is cut in each flash operation of a task."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from boardcert_host.errors import Error
from boardcert_host.virtual import VirtualBoard
from prepared import AT_ONCE

UNIQUE_ID = "e661640843515b2f"

# This many operations are cut one by one: more than any task has before it overwrites free flash.
_FIRST = 14


def cut_everywhere(
    new_board: Callable[..., VirtualBoard], flash: Path, code: str
) -> Iterator[tuple[VirtualBoard, bool]]:
    """Run *code* on *flash* with the power cut halfway through its 1st, 2nd, ... operation.

    Yields the board after power is back, and False; finally one on which *code* has finished, and
    True.
    """
    number = 0
    is_complete = False
    while not is_complete:
        number += 1 if number < _FIRST else 3 * number
        (directory := flash.parent / f"{flash.stem}-{number}").mkdir()
        shutil.copy(flash, directory / "flash.bin")
        settings = {"ring_oscillator": "seed:2", "unique_id": UNIQUE_ID, "pace": "free"} | AT_ONCE
        board = new_board(str(directory), **settings)
        board.cut_power(after_operations=number)
        try:
            board.exec(code)
            is_complete = True
            board.reset()
        except Error:
            assert "flash operation" in board.wait_off()
            board.power_on()
        yield board, is_complete
        board.stop()
        shutil.rmtree(directory)
    assert number > 1
