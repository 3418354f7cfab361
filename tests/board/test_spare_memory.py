"""The memory of a TLS connection on the official image: reserved, released, reserved again."""

import json
from typing import Any

import pytest
from boardcert_host.virtual import VirtualBoard

_BLOCK_BYTES = 16  # Of MicroPython's heap, on 32-bit processors.

_BEGIN = """
import gc, io, json, micropython
import boardcert
from boardcert import server as tls_reserve  # Where the module is on boards.

context = boardcert.identity().server_context()

class Line(io.IOBase):
    def ioctl(self, request, argument):
        return 0

def connect():
    return context.wrap_socket(Line(), server_side=True, do_handshake_on_connect=False)

def fill():
    # Small things that last, from the lowest place on, but for what the interpreter needs.
    kept = None
    gc.collect()
    for size, left in ((400, 8000), (100, 4000)):
        while gc.mem_free() > left:
            kept = (bytearray(size), kept)
    return kept
"""


@pytest.fixture(scope="module")
def board(package_board: VirtualBoard) -> VirtualBoard:
    """Yield a board with an identity."""
    package_board.exec("import boardcert; boardcert.identity()")
    return package_board


def _ask(board: VirtualBoard, code: str) -> Any:
    board.reset()
    return json.loads(board.exec(_BEGIN + code).splitlines()[-1])


def test_tls_takes_the_whole_of_the_larger_piece(board: VirtualBoard) -> None:
    """TLS uses the larger piece whole: small objects in a remainder would split it for good."""
    output = board.exec(_BEGIN + "secure = connect()\ngc.collect()\nmicropython.mem_info()")
    largest = int(output.partition("max blk sz: ")[2].partition(",")[0])
    assert largest * _BLOCK_BYTES == 16_736


def test_a_client_connects_where_all_other_memory_is_taken(board: VirtualBoard) -> None:
    """A client can connect repeatedly although the program fills all other memory."""
    code = """
tls_reserve.hold(0)
kept = fill()
refused = 0
for _ in range(10):
    try:
        connect()
    except (MemoryError, OSError):
        refused += 1
        gc.collect()  # As the server does then.
    tls_reserve.release()
    secure = connect()
    kept = (fill(), kept)
    secure.close()
    tls_reserve.hold(0)
print(json.dumps([refused, tls_reserve.size_bytes()]))
"""
    refused, held_bytes = _ask(board, code)
    assert refused == 10
    assert held_bytes >= 16_736
