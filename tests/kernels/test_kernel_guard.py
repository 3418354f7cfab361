"""RV32's kernels on a firmware that refuses them, or computes something else: big integers work."""

import sys
import warnings
from types import ModuleType

import micropython
import pytest
from boardcert_host.build.kernels import KERNELS as ARCHITECTURES
from boardcert_host.build.kernels import kernel_sources
from emulated_kernels import (
    KERNELS,
    SHA512,
    InverseKernel,
    P384Kernel,
    Sha512Kernel,
    import_kernel,
    load_kernel,
)
from mpy_machine_code import build, load

_ARCH = "rv32imc"
_FIRMWARE = 6 | 3 << 8 | 11 << 10


@pytest.fixture(scope="module")
def right(tmp_path_factory):
    """The functions of kernel_code, emulated."""
    code = load_kernel(_ARCH, tmp_path_factory.mktemp("mpy"))
    inverse = InverseKernel(code, arch=_ARCH)
    return inverse.functions | {"run": P384Kernel(code, arch=_ARCH).run}


@pytest.fixture(scope="module")
def compress(tmp_path_factory):
    """The compression function, as sha384.py calls it."""
    code = load(build(KERNELS / SHA512[_ARCH], tmp_path_factory.mktemp("mpy"), _ARCH))
    kernel = Sha512Kernel(code, arch=_ARCH)

    def compress(state, blocks, _work, _count):
        state[:] = kernel.compress(state, blocks)

    return compress


def _run_sha512(function, firmware, monkeypatch):
    """Import kernel_sha512, *function* in the place of its code; return the module."""
    monkeypatch.setattr(micropython, "asm_rv32", lambda f: f, raising=False)
    monkeypatch.setattr(micropython, "viper", lambda f: function)
    monkeypatch.setattr(sys.implementation, "_mpy", firmware, raising=False)
    module = ModuleType("kernel_sha512")
    with warnings.catch_warnings():
        # Of assembler such as lw(a0, 4(a3)), which looks like a call.
        warnings.simplefilter("ignore", SyntaxWarning)
        exec(kernel_sources(ARCHITECTURES[_ARCH])["kernel_sha512"], module.__dict__)  # noqa: S102
    return module


def test_what_computes_rightly_is_used(right, compress, monkeypatch, capsys):
    """Without a word."""
    assert import_kernel(right, _ARCH).run == right["run"]
    assert _run_sha512(compress, _FIRMWARE, monkeypatch).compress is compress
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("place", range(96, 288, 16))
def test_a_wrong_result_of_any_operation_is_noticed(right, place, capsys):
    """Then there is no kernel; the reason is printed."""

    def wrong(program, work):
        right["run"](program, work)
        work[place] ^= 1

    with pytest.raises(ImportError):
        import_kernel(right | {"run": wrong}, _ARCH)
    assert "does not work on this firmware" in capsys.readouterr().out


def test_a_wrong_inverse_is_noticed(right, capsys):
    """One division step's bit is enough."""

    def wrong(rows):
        right["divide_steps"](rows)
        rows[24 + 12] ^= 1

    with pytest.raises(ImportError):
        import_kernel(right | {"divide_steps": wrong}, _ARCH)
    assert "does not work on this firmware" in capsys.readouterr().out


@pytest.mark.parametrize("byte", [0, 33, 63])
def test_a_wrong_hash_is_noticed(compress, byte, monkeypatch, capsys):
    """Whichever of its words is wrong."""

    def wrong(state, *others):
        compress(state, *others)
        state[byte] ^= 0x80

    with pytest.raises(ImportError):
        _run_sha512(wrong, _FIRMWARE, monkeypatch)
    assert "does not work on this firmware" in capsys.readouterr().out


@pytest.mark.parametrize("firmware", [0, _FIRMWARE + 1, _FIRMWARE ^ 1 << 8, 6 | 3 << 8 | 10 << 10])
def test_code_is_not_run_by_a_firmware_that_reads_other_files(firmware, monkeypatch, capsys):
    """Of another version of .mpy files, or for another processor."""

    def not_called(*_arguments):
        raise AssertionError("it was called")

    functions = dict.fromkeys(("run", "divide_steps", "spread", "gather"), not_called)
    with pytest.raises(ImportError):
        import_kernel(functions, _ARCH, firmware)
    assert "does not load our assembler" in capsys.readouterr().out
    with pytest.raises(ImportError):
        _run_sha512(not_called, firmware, monkeypatch)


@pytest.mark.parametrize("error", [ValueError("incompatible .mpy file"), MemoryError()])
def test_a_refused_file_is_told(right, error, monkeypatch, capsys):
    """MicroPython raises ValueError for it, or MemoryError where its memory is not there."""

    class Refused(ModuleType):
        def __getattr__(self, name):
            raise error

    monkeypatch.setitem(sys.modules, "boardcert.crypto.kernel_code", Refused("kernel_code"))
    with pytest.raises(ImportError):
        import_kernel(None, _ARCH)
    assert "does not load our assembler" in capsys.readouterr().out
