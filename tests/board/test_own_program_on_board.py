"""The maker's own program on a board: compared by digests, replaced as a whole."""

from pathlib import Path

import pytest
from boardcert_host.board import file_writer, own_program
from boardcert_host.board.own_program import Program
from boardcert_host.errors import Error
from boardcert_host.virtual import VirtualBoard

_LIST = "import os; print(sorted(os.listdir('/')), sorted(os.listdir('/app')))"
_ROOM = "import os; s = os.statvfs('/'); print(s[0] * s[3])"
# Leaves 32 KB free.
_FILL = """
import os
blocks = os.statvfs("/")[3] - 8
with open("/app/filler.bin", "wb") as file:
    for _ in range(blocks):
        file.write(bytes(4096))
"""


def read(board: VirtualBoard, path: str) -> bytes:
    """Return the contents of a file on the board."""
    code = f"file = open({path!r}, 'rb')\nwhile piece := file.read(512): print(piece.hex())"
    return bytes.fromhex(board.exec(code))


def test_only_what_differs_is_written(board: VirtualBoard) -> None:
    """Only files that differ are written; main.py is last, so that it finds its imports."""
    port = board.usb_port
    large = bytes(range(256)) * 120  # More than one script holds.
    files = {"/main.py": b"pass\n", "/app/large.bin": large, "/app/empty.txt": b""}
    done = own_program.copy(port, Program(files))
    assert done.written == ["/app/empty.txt", "/app/large.bin", "/main.py"]
    assert {path: read(board, path) for path in files} == files
    assert own_program.copy(port, Program(files)) == own_program.Copied([], 3)
    files["/app/large.bin"] = large[:-1]
    assert own_program.copy(port, Program(files)) == own_program.Copied(["/app/large.bin"], 2)
    assert {path: read(board, path) for path in files} == files
    assert ".new" not in board.exec(_LIST)
    _clean(board)


def test_a_program_that_does_not_fit_changes_nothing(board: VirtualBoard) -> None:
    """If the flash becomes full, the old files stay and the space is freed."""
    port = board.usb_port
    before = Program({"/main.py": b"pass\n", "/app/part.py": b"old = 1\n"})
    own_program.copy(port, before)
    board.exec(_FILL)
    room = board.exec(_ROOM)
    after = Program({"/app/part.py": b"new = 1\n", "/app/x.bin": bytes(int(room) + 4096)})
    with pytest.raises(Error) as caught:
        own_program.copy(port, after)
    assert "full" in (caught.value.hint or "")
    assert {path: read(board, path) for path in before.files} == before.files
    assert ".new" not in board.exec(_LIST)
    assert board.exec(_ROOM) == room
    _clean(board)


def test_a_board_that_is_lost_in_the_middle_has_its_old_program(
    board: VirtualBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files are written beside the old ones; after a lost connection, the next run finishes."""
    port = board.usb_port
    files = {"/main.py": b"pass\n", "/app/part.py": b"old = 1\n"}
    own_program.copy(port, Program(files))
    after = dict.fromkeys(files, b"new = 1\n")

    def lose(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(file_writer, "rename_new", lose)
    with pytest.raises(KeyboardInterrupt):
        own_program.copy(port, Program(after))
    assert {path: read(board, path) for path in files} == files
    monkeypatch.undo()
    assert len(own_program.copy(port, Program(after)).written) == 2
    assert {path: read(board, path) for path in after} == after
    assert ".new" not in board.exec(_LIST)
    _clean(board)


def _clean(board: VirtualBoard) -> None:
    """Restore the board's state."""
    board.exec(
        "import os\nfor n in os.listdir('/app'): os.remove('/app/' + n)\n"
        "os.rmdir('/app')\nos.remove('/main.py')"
    )


def test_a_folder_becomes_the_board_s_program(board: VirtualBoard, tmp_path: Path) -> None:
    """The copied program runs on the board and reads the copied files."""
    folder = tmp_path / "folder"
    (folder / "app").mkdir(parents=True)
    (folder / "app" / "sums.py").write_text("def add(a, b):\n    return a + b\n")
    start = tmp_path / "start.py"
    start.write_text("from app.sums import add\nprint('sum', add(40, 2))\n")
    program = own_program.read_program(start, folder)
    assert program is not None
    own_program.copy(board.usb_port, program)
    assert board.exec("exec(open('/main.py').read())").strip() == "sum 42"
    _clean(board)
