"""If firmware refuses an ESP32's kernels, or they compute wrongly, big integers are used."""

import sys
import warnings
from types import ModuleType

import micropython
import pytest
from boardcert_host.build.kernels import KERNELS as ARCHITECTURES
from boardcert_host.build.kernels import kernel_sources
from emulated_kernels import (
    ESP32S,
    KERNELS,
    SHA512,
    InverseKernel,
    P384Kernel,
    Sha512Kernel,
    import_kernel,
    load_kernel,
)
from mpy_machine_code import build, load


@pytest.fixture(scope="module", params=ESP32S)
def arch(request):
    """Return an architecture whose kernels may be refused."""
    return request.param


@pytest.fixture(scope="module")
def right(arch, tmp_path_factory):
    """Return the functions of kernel_code, emulated."""
    code = load_kernel(arch, tmp_path_factory.mktemp("mpy"))
    inverse = InverseKernel(code, arch=arch)
    return inverse.functions | {"run": P384Kernel(code, arch=arch).run}


@pytest.fixture(scope="module")
def compress(arch, tmp_path_factory):
    """Return the compression function, as sha384.py calls it."""
    code = load(build(KERNELS / SHA512[arch], tmp_path_factory.mktemp("mpy"), arch))
    kernel = Sha512Kernel(code, arch=arch)

    def compress(state, blocks, _work, _count):
        state[:] = kernel.compress(state, blocks)

    return compress


def _run_sha512(arch, function, monkeypatch, firmware=None):
    """Import kernel_sha512 with *function* in place of its code; return the module."""
    firmware = ESP32S[arch] if firmware is None else firmware
    for name in ("asm_rv32", "asm_xtensa"):
        monkeypatch.setattr(micropython, name, lambda f: f, raising=False)
    monkeypatch.setattr(micropython, "viper", lambda f: function)
    monkeypatch.setattr(sys.implementation, "_mpy", firmware, raising=False)
    module = ModuleType("kernel_sha512")
    with warnings.catch_warnings():
        # For assembler such as lw(a0, 4(a3)), which looks like a call.
        warnings.simplefilter("ignore", SyntaxWarning)
        exec(kernel_sources(ARCHITECTURES[arch])["kernel_sha512"], module.__dict__)  # noqa: S102
    return module


def test_what_computes_rightly_is_used(arch, right, compress, monkeypatch, capsys):
    """A kernel with right results is used without a message."""
    assert import_kernel(right, arch).run == right["run"]
    assert _run_sha512(arch, compress, monkeypatch).compress is compress
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("place", range(96, 288, 16))
def test_a_wrong_result_of_any_operation_is_noticed(arch, right, place, capsys):
    """A wrong result of any operation is detected: no kernel is used, and the reason printed."""

    def wrong(program, work):
        right["run"](program, work)
        work[place] ^= 1

    with pytest.raises(ImportError):
        import_kernel(right | {"run": wrong}, arch)
    assert "does not work on this firmware" in capsys.readouterr().out


def test_a_wrong_inverse_is_noticed(arch, right, capsys):
    """One wrong bit of a division step is detected."""

    def wrong(rows):
        right["divide_steps"](rows)
        rows[24 + 12] ^= 1

    with pytest.raises(ImportError):
        import_kernel(right | {"divide_steps": wrong}, arch)
    assert "does not work on this firmware" in capsys.readouterr().out


@pytest.mark.parametrize("byte", [0, 33, 63])
def test_a_wrong_hash_is_noticed(arch, compress, byte, monkeypatch, capsys):
    """A hash with any wrong word is detected."""

    def wrong(state, *others):
        compress(state, *others)
        state[byte] ^= 0x80

    with pytest.raises(ImportError):
        _run_sha512(arch, wrong, monkeypatch)
    assert "does not work on this firmware" in capsys.readouterr().out


@pytest.mark.parametrize("change", [0x3FFF, 1, 1 << 8, 2 << 10, 8 << 10])
def test_code_is_not_run_by_a_firmware_that_reads_other_files(arch, change, monkeypatch, capsys):
    """The code is not run by firmware for another .mpy version or processor."""

    def not_called(*_arguments):
        raise AssertionError("it was called")

    firmware = ESP32S[arch] ^ change
    functions = dict.fromkeys(("run", "divide_steps", "spread", "gather"), not_called)
    with pytest.raises(ImportError):
        import_kernel(functions, arch, firmware)
    assert "does not load our assembler" in capsys.readouterr().out
    with pytest.raises(ImportError):
        _run_sha512(arch, not_called, monkeypatch, firmware)


@pytest.mark.parametrize("error", [ValueError("incompatible .mpy file"), MemoryError()])
def test_a_refused_file_is_told(arch, right, error, monkeypatch, capsys):
    """A ValueError for a refused file, or a MemoryError, is reported."""

    class Refused(ModuleType):
        def __getattr__(self, name):
            raise error

    monkeypatch.setitem(sys.modules, "boardcert.crypto.kernel_code", Refused("kernel_code"))
    with pytest.raises(ImportError):
        import_kernel(None, arch)
    assert "does not load our assembler" in capsys.readouterr().out
