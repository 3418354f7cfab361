"""Which kernels there are for which processor, and of which parts their modules consist."""

import runpy
from dataclasses import dataclass, field

from ..directories import data_directory

# The table that comes with the module `kernel` is half as large as that of p384_comb: it costs a
# quarter more time.
_TEETH, _BLOCKS = 6, 1
_COMB = "comb"


@dataclass(frozen=True)
class Kernels:
    """The kernels of an architecture, as mpy-cross names it.

    *modules*: the parts of each module, files in firmware/kernels, or _COMB for the table.
    *compiled_for*: another architecture for which all is compiled. *are_certain*: every firmware
    for the processor runs them, so that what they replace is left out.
    """

    modules: dict[str, tuple[str, ...]] = field(default_factory=dict)
    compiled_for: str = ""
    are_certain: bool = False

    def useless(self, users: tuple[str, ...]) -> list[str]:
        """Return those of *users*, p384_kernel and so on, that have no kernel here."""
        needs = {"p384_kernel": "kernel", "rsa_kernel": "kernel_rsa"}
        return [name for name in users if needs[name] not in self.modules]


def _thumb(p384: str, compiled_for: str = "") -> Kernels:
    modules = {
        "kernel": ("kernel_inverse", "kernel_invert", p384, _COMB),
        "kernel_rsa": ("kernel_rsa",),
        "kernel_sha512": ("kernel_sha512",),
    }
    return Kernels(modules, compiled_for, are_certain=True)


# Written for the ARMv6-M of the RP2040. With the DSP extension there is a P-384 kernel of its own:
# the RP2350 says armv7emsp.
_ARMV6M = _thumb("kernel_p384", "armv6m")
_WITH_DSP = _thumb("kernel_p384_dsp")


def _esp32(name: str) -> Kernels:
    """Return what an ESP32 gets. Native code is apart, since its memory is never freed there."""
    around = ("kernel_guard_esp32", "kernel_invert", "kernel_programs", _COMB, "kernel_check_esp32")
    modules = {"kernel": around, "kernel_code": (f"kernel_inverse_{name}", f"kernel_p384_{name}")}
    return Kernels(modules | {"kernel_sha512": (f"kernel_sha512_{name}",)})


NO_KERNELS = Kernels()
KERNELS = {
    "armv6m": _ARMV6M,
    "armv7m": _ARMV6M,
    "armv7em": _WITH_DSP,
    "armv7emsp": _WITH_DSP,
    "armv7emdp": _WITH_DSP,
    "rv32imc": _esp32("rv32"),
    "xtensawin": _esp32("xtensa"),
}


def kernel_sources(kernels: Kernels) -> dict[str, str]:
    """Return the source of each module of *kernels*."""
    return {name: "\n".join(map(_part, parts)) for name, parts in kernels.modules.items()}


def _part(name: str) -> str:
    directory = data_directory("firmware") / "kernels"
    if name == _COMB:
        return runpy.run_path(str(directory / "make_comb.py"))["make_module"](_TEETH, _BLOCKS)
    return (directory / f"{name}.py").read_text("utf-8")
