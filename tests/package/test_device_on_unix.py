"""Run each file of tests/device under the MicroPython unix binary as well."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]
_MICROPYTHON = Path(sys.executable).parent / "micropython"
_MODULES = sorted(path.stem for path in (_ROOT / "tests" / "device").glob("test_*.py"))


@pytest.mark.parametrize("module", _MODULES)
def test_device_module_passes_on_micropython(module: str) -> None:
    """All its tests pass, and there are some."""
    search_path = os.pathsep.join(["firmware", "tests/device", ".frozen"])
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
