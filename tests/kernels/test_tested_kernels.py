"""A changed kernel is tested completely, an unchanged one by a sample."""

import shutil
from pathlib import Path

import pytest
from tested_kernels import CODE, sample_size

_FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"


@pytest.fixture
def changed(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Return a copy of the sources with one comment more in the file *request.param*."""
    for folder in ("kernels", "boardcert/crypto"):
        shutil.copytree(_FIRMWARE / folder, tmp_path / folder)
    with (tmp_path / request.param).open("a") as source:
        source.write("# Changed.\n")
    return tmp_path


@pytest.mark.parametrize("architecture", CODE)
@pytest.mark.parametrize(
    "changed",
    [
        "boardcert/crypto/p384_kernel.py",
        *(f"kernels/{name}.py" for name in ("kernel_programs", "kernel_invert", "make_comb")),
    ],
    indirect=True,
)
def test_a_change_that_all_share(architecture: str, changed: Path) -> None:
    """After a change in a shared file, each kernel is tested completely."""
    assert sample_size(architecture, 100, changed) == 100


@pytest.mark.parametrize("architecture", CODE)
def test_another_compiler(architecture: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a change of compiler, which makes the machine code, too."""
    monkeypatch.setattr("tested_kernels.version", lambda name: f"{name} 1.30")
    assert sample_size(architecture, 100) == 100


@pytest.mark.parametrize("changed", ["kernels/kernel_p384_rv32.py"], indirect=True)
def test_a_change_of_one(changed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a change of one kernel, the others are sampled, unless all tests are requested."""
    monkeypatch.delenv("BOARDCERT_EVERY_DEVICE_TEST", raising=False)
    tried = {architecture: sample_size(architecture, 100, changed) for architecture in CODE}
    assert tried == dict.fromkeys(CODE, 25) | {"rv32imc": 100}
    monkeypatch.setenv("BOARDCERT_EVERY_DEVICE_TEST", "1")
    assert sample_size("armv6m", 100, changed) == 100
