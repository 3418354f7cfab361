"""`make dist`: all that boardcert is installed from, in one directory.

A wheel and an sdist, for pipx; and mip/ARCHITECTURE: the package as `boardcert flash` installs it,
compiled for one kind of processor, with its package.json, for `mpremote mip install` from a web
server.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from boardcert_host.board.installation import PACKAGE_DIRECTORY
from boardcert_host.build.package import build_package
from boardcert_host.directories import data_directory
from boardcert_host.flash.board_kinds import board_names, load_board

_ROOT = Path(__file__).resolve().parents[1]
_PACKAGE = Path(PACKAGE_DIRECTORY).name


def architectures() -> list[str]:
    """Return what the processors of all boards are called by mpy-cross, sorted."""
    return sorted({load_board(name).mpy_architecture for name in board_names()})


def make_mip_folder(architecture: str, directory: Path) -> None:
    """Compile the package for *architecture*, and describe it for mip, in *directory*."""
    names = sorted(path.name for path in build_package(architecture, directory / _PACKAGE))
    described = json.loads((data_directory("firmware") / "package.json").read_text("utf-8"))
    described["urls"] = [[f"{_PACKAGE}/{name}", f"{_PACKAGE}/{name}"] for name in names]
    text = json.dumps(described, indent=2)
    (directory / "package.json").write_text(text + "\n", "utf-8")


def make_archives(directory: Path) -> None:
    """Make the wheel and the sdist in *directory*: the same bytes from the same sources."""
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(directory)]
    subprocess.run(command, cwd=_ROOT, check=True)


def main(directory: Path) -> None:
    """Make everything in *directory*, which then holds nothing else."""
    shutil.rmtree(directory, ignore_errors=True)
    make_archives(directory.resolve())
    for architecture in architectures():
        make_mip_folder(architecture, directory / "mip" / architecture)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
