"""What is installed over USB: the package, in whole files, and only what differs."""

import json

from boardcert_host import device


def test_installing_twice_copies_nothing_and_repairs_what_was_cut_short(new_board):
    """The second run does nothing; a damaged, a missing and a foreign file are put right."""
    board = new_board()
    first = device.install(board.usb_port)
    assert device.install(board.usb_port) == device.Installed([], [], len(first.copied))
    device.execute(
        board.usb_port,
        "import os\nos.remove('/lib/boardcert/generate.mpy')\n"
        "open('/lib/boardcert/manage.mpy', 'wb').write(b'torn')\n"
        "open('/lib/boardcert/old.py', 'w').write('x')",
    )
    again = device.install(board.usb_port)
    assert (again.copied, again.removed) == (["generate.mpy", "manage.mpy"], ["old.py"])
    assert device.survey(board.usb_port).architecture == "armv6m"


def test_a_file_is_written_once_and_whole(new_board):
    """Every byte value, sizes around one piece; written again only when it differs."""
    board = new_board()
    port = board.usb_port
    for size in (0, 1, 3072, 3073):
        data = bytes(index % 256 for index in range(size))
        assert device.put_file(port, data, "/deep/er/file") is True
        assert device.put_file(port, data, "/deep/er/file") is False
        found = device.execute(port, "print(list(open('/deep/er/file', 'rb').read()))")
        assert bytes(json.loads(found)) == data
    assert device.execute(port, "import os; print(os.listdir('/deep/er'))").strip() == "['file']"
