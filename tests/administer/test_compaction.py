"""After an installation, littlefs on a board reads little to find the package's files."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from boardcert_host.board import compaction
from boardcert_host.build.package import package_sources
from flash_in_memory import CODE

_MICROPYTHON = Path(sys.executable).with_name("micropython")
# The file system is made as boards make it; its clock counts what is read from the flash.
_FLASH = """
make = getattr(vfs, sys.argv[1])
make.mkfs(flash)
vfs.mount(make(flash), "/flash")
os.mkdir("/flash/lib")
os.mkdir("/flash/lib/boardcert")
class time:
    ticks_us = staticmethod(lambda: flash.read)
    ticks_diff = staticmethod(lambda end, start: end - start)
sys.modules["time"] = time
directory = "/flash/lib/boardcert/"
platform, *names = sys.argv[2:]
class System:
    pass
System.platform = platform
sys.modules["sys"] = System
for name in names:
    with open(directory + name + ".new", "wb") as file:
        file.write(name)
    os.rename(directory + name + ".new", directory + name)
def read_by_imports():
    before = flash.read
    for name in names:
        module = name.rsplit(".", 1)[0]
        for missing in (module, module + ".py"):
            try:
                os.stat(directory + missing)
            except OSError:
                pass
        os.stat(directory + name)
        with open(directory + name, "rb") as file:
            assert file.read().decode() == name
    return flash.read - before
def report():
    print(read_by_imports(), sorted(os.listdir(directory[:-1])) == sorted(names))
report()
"""


def _read(file_system: str, platform: str = "esp32") -> list[list[str]]:
    """Return how much all imports read, and whether the files are the same before and after."""
    names = [f"{name}.mpy" for name in package_sources("xtensawin")]
    assert len(names) > 60
    code = f"{CODE}{_FLASH}exec({compaction.script('/flash/lib/boardcert')!r}, {{}})\nreport()"
    done = subprocess.run(
        [_MICROPYTHON, "-X", "heapsize=16m", "-c", code, file_system, platform, *names],
        env={**os.environ, "MICROPYPATH": ".frozen"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return [line.split() for line in done.stdout.splitlines()]


def test_what_an_import_reads_gets_less_by_a_fifth() -> None:
    """Compaction reduces what imports read by a fifth, and keeps exactly the same files."""
    (before, before_all), (after, after_all) = _read("VfsLfs2")
    assert before_all == after_all == "True"
    assert int(after) < 0.8 * int(before)


@pytest.mark.parametrize("board", [("VfsFat", "esp32"), ("VfsLfs2", "rp2")])
def test_a_board_that_would_not_gain_is_left_alone(board: tuple[str, str]) -> None:
    """FAT has no such logs, and an RP2040 reads them fast: there, flash stays as it was."""
    before, after = _read(*board)
    assert before == after
