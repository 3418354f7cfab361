"""`mpremote mip install` from a web server: the sources, and the output of `make dist`."""

import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from boardcert_host.board import installation, usb_report
from boardcert_host.build.load_plan import load_plan
from boardcert_host.directories import data_directory

_MAKE_DIST = Path(__file__).resolve().parents[2] / "host_tools" / "make_dist.py"


# This is mpremote, which writes 256 bytes at a time and sleeps after each: here, it writes 2 KB.
_MPREMOTE = """
import sys
from mpremote import main, transport
write = transport.Transport.fs_writefile
transport.Transport.fs_writefile = lambda self, *arguments, **options: write(
    self, *arguments, **{"chunk_size": 2048, **options}
)
sys.exit(main.main())
"""

_IDENTITY = """
import boardcert
me = boardcert.identity(hostname="kitchen")
print(boardcert.__version__, me.fingerprint, me.admin_token())
"""


def _install(board, *arguments):
    """Run `mpremote mip install` with *arguments* against *board*."""
    command = [sys.executable, "-c", _MPREMOTE, "connect", board.usb_port, "resume"]
    done = subprocess.run(
        [*command, "mip", "install", *arguments], capture_output=True, text=True, timeout=500
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.timeout(600)
def test_what_mip_installs_is_the_package(new_board, firmware_url):
    """The sources without kernels are installed, and leave room for an identity that stays."""
    board = new_board(pace="idle")
    _install(board, "--no-mpy", f"{firmware_url}/package.json")
    package = data_directory("firmware") / "boardcert"
    for folder in (package, *(path.parent for path in package.glob("*/__init__.py"))):
        place = "/lib/boardcert" if folder == package else f"/lib/boardcert/{folder.name}"
        listed = board.exec(f"import os; print(*os.listdir({place!r}))").split()
        names = {path.name for path in folder.iterdir() if path.name != "__pycache__"}
        names -= {f"{user}.py" for user in load_plan().compiled_only}
        assert set(listed) == names
    made = board.exec(_IDENTITY, timeout_s=300)
    assert made.startswith("0.1.0 ")
    board.exec("with open('/main.py', 'w') as file: file.write('import boardcert')")
    board.reset()
    assert board.exec(_IDENTITY) == made


@pytest.mark.timeout(600)
def test_what_make_dist_makes_is_installed_with_its_kernels(new_board, serve, tmp_path):
    """The files are those of `boardcert flash`, and the board generates its key with them."""
    runpy.run_path(str(_MAKE_DIST))["make_mip_folder"]("armv6m", tmp_path / "armv6m")
    board = new_board(pace="idle")
    _install(board, f"{serve(tmp_path)}/armv6m/package.json")
    found = installation.survey(board.usb_port).files
    assert "p384_kernel.mpy" in found
    assert installation.install(board.usb_port) == installation.Installed([], [], len(found))
    assert usb_report.read_report(board.usb_port)["generated"]
