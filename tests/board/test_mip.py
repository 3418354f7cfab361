"""`mpremote mip install` by firmware/package.json, from a web server onto a board."""

import pytest
from boardcert_host.directories import data_directory


@pytest.mark.timeout(600)  # mpremote writes 256 bytes at a time, and sleeps between
def test_what_mip_installs_is_the_package(new_board, firmware_url):
    """As sources, without the kernels; the board imports what it got."""
    board = new_board(pace="idle")
    board.mpremote("mip", "install", "--no-mpy", f"{firmware_url}/package.json", timeout_s=500)
    package = data_directory("firmware") / "boardcert"
    for folder in (package, *(path.parent for path in package.glob("*/__init__.py"))):
        place = "/lib/boardcert" if folder == package else f"/lib/boardcert/{folder.name}"
        listed = board.exec(f"import os; print(*os.listdir({place!r}))").split()
        names = {path.name for path in folder.iterdir() if path.name != "__pycache__"}
        assert set(listed) == names
    code = "import boardcert; from boardcert.credentials.lifecycle import Identity\n"
    assert board.exec(code + "print(boardcert.__version__)").strip() == "0.1.0"
