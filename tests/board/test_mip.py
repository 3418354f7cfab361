"""`mpremote mip install` from a web server: the sources, and what `make dist` makes."""

import runpy
from pathlib import Path

import pytest
from boardcert_host.board import installation, usb_report
from boardcert_host.directories import data_directory

_MAKE_DIST = Path(__file__).resolve().parents[2] / "host_tools" / "make_dist.py"


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


@pytest.mark.timeout(600)
def test_what_make_dist_makes_is_installed_with_its_kernels(new_board, serve, tmp_path):
    """The files that `boardcert flash` installs, no other; with them the board makes its key."""
    runpy.run_path(str(_MAKE_DIST))["make_mip_folder"]("armv6m", tmp_path / "armv6m")
    board = new_board(pace="idle")
    board.mpremote("mip", "install", f"{serve(tmp_path)}/armv6m/package.json", timeout_s=500)
    found = installation.survey(board.usb_port).files
    assert "p384_kernel.mpy" in found
    assert installation.install(board.usb_port) == installation.Installed([], [], len(found))
    assert usb_report.read_report(board.usb_port)["generated"]
