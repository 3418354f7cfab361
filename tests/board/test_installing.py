"""Installing the package over USB: whole files, and only those that differ."""

import json

from boardcert_host.board import compaction, file_writer, installation, mpremote

# Fails as one does for which the flash has no room, with a file that is left behind.
_FAILING = "open('/lib/boardcert/x.mpy~', 'w').close()\nraise OSError(28)"


def test_installing_twice_copies_nothing_and_repairs_what_was_cut_short(new_board, monkeypatch):
    """A second run does nothing; damaged, missing and foreign files are corrected.

    So they are if the log of the directory cannot be shortened.
    """
    board = new_board()
    steps = []
    first = installation.install(board.usb_port, progress=lambda *step: steps.append(step))
    assert len(steps) >= 2 * len(first.copied)  # Each file is written, then renamed into place.
    assert steps == sorted(steps) and steps[-1][0] == steps[-1][1]
    assert installation.install(board.usb_port) == installation.Installed([], [], len(first.copied))
    mpremote.execute(
        board.usb_port,
        "import os\nos.remove('/lib/boardcert/generate.mpy')\n"
        "open('/lib/boardcert/sources.mpy', 'wb').write(b'torn')\n"
        "open('/lib/boardcert/old.py', 'w').write('x')",
    )
    monkeypatch.setattr(compaction, "script", lambda directory: _FAILING)
    again = installation.install(board.usb_port)
    assert "28" in again.slow.message and first.slow is None
    assert (again.copied, again.removed) == (["generate.mpy", "sources.mpy"], ["old.py"])
    assert installation.survey(board.usb_port).architecture == "armv6m"


def test_the_folders_of_the_sources_are_removed(installed):
    """mip's source folders are removed, since a folder hides a compiled module of the same name."""
    port = installed().usb_port
    room = "/lib/boardcert/serving"
    paths = [room, f"{room}/deeper"]
    mpremote.execute(port, f"import os\nfor path in {paths}: os.mkdir(path)")
    mpremote.execute(port, f"open('{room}/__init__.py', 'w').close()")
    files = installation.survey(port).files
    assert files.pop("serving", "") is None
    assert installation.install(port) == installation.Installed([], ["serving"], len(files))
    assert (
        mpremote.execute(port, "from boardcert import serve; print(serve.__name__)") == "serve\r\n"
    )


def test_a_file_is_written_once_and_whole(new_board):
    """Files of every byte value and of sizes around one piece arrive whole, if they differ."""
    board = new_board()
    port = board.usb_port
    for size in (0, 1, 3072, 3073):
        data = bytes(index % 256 for index in range(size))
        assert file_writer.put_file(port, data, "/deep/er/file") is True
        assert file_writer.put_file(port, data, "/deep/er/file") is False
        found = mpremote.execute(port, "print(list(open('/deep/er/file', 'rb').read()))")
        assert bytes(json.loads(found)) == data
    assert mpremote.execute(port, "import os; print(os.listdir('/deep/er'))").strip() == "['file']"
