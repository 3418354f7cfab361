"""After an installation, littlefs on a board reads little to find files and free blocks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from boardcert_host.board import compaction
from boardcert_host.build.package import package_sources
from flash_in_memory import CODE

_MICROPYTHON = Path(sys.executable).with_name("micropython")
# The file system is made as boards make it; what is read from the flash is counted.
_BEGIN = """
file_system, platform, device, *names = sys.argv[1:]
make = getattr(vfs, file_system)
make.mkfs(flash)
vfs.umount("/")
vfs.mount(make(flash), "/")
os.mkdir("/lib")
os.mkdir("/lib/boardcert")
directory = "/lib/boardcert/"
class flashbdev:
    bdev = flash if device == "its own" else Flash(512)
if flashbdev.bdev is not flash:
    make.mkfs(flashbdev.bdev)
sys.modules["flashbdev"] = flashbdev
class System:
    pass
System.platform = platform
sys.modules["sys"] = System
for name in names:
    with open(directory + name + ".new", "wb") as file:
        file.write(name)
    os.rename(directory + name + ".new", directory + name)
def mount():
    vfs.umount("/")
    vfs.mount(make(flash), "/")
def read_by(action):
    data = bytes(flash.data)
    mount()
    before = flash.read
    action()
    read = flash.read - before
    flash.data[:] = data
    mount()
    return read
def import_all():
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
def report():
    print(read_by(import_all), read_by(lambda: os.mkdir("/boardcert-data")))
    assert sorted(os.listdir(directory[:-1])) == sorted(names)
    assert sorted(os.listdir("/")) == ["lib"]
report()
"""


def _read(
    file_system: str = "VfsLfs2", platform: str = "esp32", device: str = "its own"
) -> list[list[int]]:
    """Return how much all imports and a first write read, before and after."""
    names = [f"{name}.mpy" for name in package_sources("xtensawin")]
    assert len(names) > 60
    code = f"{CODE}{_BEGIN}exec({compaction.script('/lib/boardcert')!r}, {{}})\nreport()"
    done = subprocess.run(
        [_MICROPYTHON, "-X", "heapsize=16m", "-c", code, file_system, platform, device, *names],
        env={**os.environ, "MICROPYPATH": ".frozen"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return [list(map(int, line.split())) for line in done.stdout.splitlines()]


def test_imports_and_the_first_write_read_less() -> None:
    """Compaction reduces it by a sixth and by two thirds, and keeps exactly the same files."""
    (import_before, write_before), (import_after, write_after) = _read()
    assert import_after < import_before * 5 / 6
    assert write_after < write_before / 3


@pytest.mark.parametrize(
    "board",
    [
        ("VfsFat", "esp32"),
        ("VfsLfs2", "rp2"),
        ("VfsLfs2", "esp32", "another"),
    ],
)
def test_a_board_that_would_not_gain_is_left_alone(board: tuple[str, ...]) -> None:
    """FAT has no such logs, an RP2040 reads them fast, and only the board's own flash is known."""
    before, after = _read(*board)
    assert before == after
