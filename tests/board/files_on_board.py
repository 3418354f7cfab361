"""Files that a test writes to a board before it starts, by code that the board runs.

The result is that of `boardcert flash`, without starting programs that are not under test.
"""

import json

from boardcert_host.board.kept_files import CONFIG_FILE, WIFI_FILE
from boardcert_host.virtual import VirtualBoard

_PUT = """
import os
path, mode, data = {!r}
folder = path.rpartition("/")[0]
if folder and folder[1:] not in os.listdir("/"):
    os.mkdir(folder)
with open(path, mode) as file:
    file.write(data)
"""
# Bytes of a file that are sent at a time: the board has to compile them.
_PIECE_BYTES = 2048

MAIN = "/main.py"
KITCHEN = {CONFIG_FILE: json.dumps({"hostname": "kitchen"}).encode()}
"""The settings of a board called kitchen."""


def put(board: VirtualBoard, files: dict[str, bytes]) -> None:
    """Write *files* (path of at most one folder: contents). This interrupts the board's program."""
    for path, data in files.items():
        for start in range(0, max(len(data), 1), _PIECE_BYTES):
            piece = (path, "ab" if start else "wb", data[start : start + _PIECE_BYTES])
            board.exec(_PUT.format(piece))


def wifi(ssid: str, password: str) -> dict[str, bytes]:
    """Return the file with the network that the board joins."""
    return {WIFI_FILE: json.dumps({"ssid": ssid, "password": password}).encode()}
