"""Flash images that contain the package: a board that starts from a copy installs nothing.

They are in build/prepared, named by a hash of their contents, so that a changed module, firmware or
Microdot makes a new one.
"""

import hashlib
import shutil
import tempfile
from pathlib import Path

import filelock
from boardcert_host.board import installation
from boardcert_host.build.package import Form, package_sources
from boardcert_host.virtual import VirtualBoard

_ARCHITECTURE = "armv6m"
# Tests do not wait at the pace of a chip's flash and cache, except those that measure it.
AT_ONCE = {"flash_timing": False, "flash_cache": False}
_PREPARED = Path(__file__).resolve().parents[2] / "build" / "prepared"


def prepared_flash(firmware: Path, form: Form = Form.SHIPPED) -> Path:
    """Return a flash image with *firmware*, the package in this *form*, and Microdot.

    The board on which it was made has not run the package, so there is no identity yet.
    """
    target = _PREPARED / f"{form.name.lower()}-{_digest(firmware, form)}.bin"
    target.parent.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(f"{target}.lock"):
        if not target.exists():
            _prepare(target, firmware, form)
    return target


def _digest(firmware: Path, form: Form) -> str:
    sources = repr(sorted(package_sources(_ARCHITECTURE, form).items())).encode()
    return hashlib.sha256(firmware.read_bytes() + sources).hexdigest()[:16]


def _prepare(target: Path, firmware: Path, form: Form) -> None:
    with tempfile.TemporaryDirectory(prefix="boardcert-") as directory:
        with VirtualBoard(directory, firmware=firmware, pace="idle", **AT_ONCE) as board:
            board.wait_ready()
            installation.install(board.usb_port, form)
            installation.install_microdot(board.usb_port)
        # The file is renamed into place, so a worker that is killed leaves no partial one.
        shutil.copy(Path(directory) / "flash.bin", f"{target}.new")
    Path(f"{target}.new").rename(target)
