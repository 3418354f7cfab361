"""The device package, compiled by mpy-cross."""

import ast
import runpy

import pytest
from boardcert import modules
from boardcert_host.build import package as build
from boardcert_host.build.kernels import KERNELS
from boardcert_host.build.load_plan import load_plan
from boardcert_host.build.rooms import module_paths
from boardcert_host.directories import data_directory
from boardcert_host.errors import Error
from mpy_machine_code import build as mpy_build
from mpy_machine_code import load

# py/persistentcode.h: "M", version 6, then the architecture in bits 2 to 5 of the third byte.
_NUMBERS = {"armv6m": 4, "armv7emsp": 7, "xtensa": 9, "xtensawin": 10, "rv32imc": 11}
_ESP32S = ("rv32imc", "xtensawin")
_WITHOUT = "xtensa"  # The ESP8266, which has no kernel.
# A board with a kernel never imports these.
_REPLACED = {"sha512_block", "p384_bigint", "p384_reduce", "p384_comb", "noise_generators"}
_REPLACED |= {"rsa_bigint", "esp32_reserve", "in_phases", "found_quickly"}
_SOURCES = set(module_paths(data_directory("firmware") / "boardcert"))
_OTHER_KERNELS = KERNELS["armv6m"].modules.keys() - {"kernel"}
_PLAN = load_plan()
_PARTS = {part for parts in _PLAN.bundles.values() for part in parts} - set(_PLAN.bundles)


@pytest.mark.parametrize("architecture", _NUMBERS)
def test_every_module_is_compiled_for_its_processor(architecture, tmp_path):
    """Each bundle or module is one .mpy of format 6, with native code for that processor."""
    built = build.build_package(architecture, tmp_path)
    if architecture.startswith("armv"):
        expected = (_SOURCES | _OTHER_KERNELS) - _PARTS - _REPLACED
        if architecture != "armv6m":
            expected |= {"noise_generators", "esp32_reserve"}
    else:
        joined = {"rsa_kernel", "p384_kernel", "p384_comb", "bigint_engine"}
        if architecture in _ESP32S:
            joined = joined - {"p384_kernel"} | {"found_quickly"}
        expected = _SOURCES - _PARTS - joined | {"keys", "fields", "issue"}
        if architecture in _ESP32S:
            expected |= {"kernel_code", "kernel_sha512", "sha384"}
    assert {path.stem for path in built} == expected | {"rare_texts"}
    assert set(tmp_path.iterdir()) == set(built)
    texts = [path.name for path in built if path.suffix != ".mpy"]
    assert texts == ["page_template.py", "rare_texts.py"]
    headers = {path.stem: path.read_bytes()[:4] for path in built if path.suffix == ".mpy"}
    assert all(header[:2] == b"M\x06" for header in headers.values())
    native = "p384_kernel" if architecture.startswith("armv") else "sha512_block"
    assert headers[native][2] >> 2 & 0xF == _NUMBERS[architecture]
    assert headers["sources"][2] >> 2 == 0  # bytecode runs everywhere


def test_newer_thumb_processors_take_the_kernel(tmp_path):
    """The RP2350 (armv7emsp) has its own P-384 kernel, and a module that reads its TRNG."""
    built = build.build_package("armv7emsp", tmp_path / "a")
    own = build.build_package("armv6m", tmp_path / "b")
    extra = {path.name for path in built} - {path.name for path in own}
    assert extra == {"noise_generators.mpy", "esp32_reserve.mpy"}
    by_name = {path.name: path.read_bytes() for path in built}
    assert by_name["p384_kernel.mpy"][2] >> 2 & 0xF == _NUMBERS["armv7emsp"]
    plain = build.build_package("armv7m", tmp_path / "c")
    changed = {path.name for path in plain if path.read_bytes() != by_name[path.name]}
    assert changed == {"ecdsa.mpy", "p384_kernel.mpy", "noise.mpy", "rsa.mpy"}  # Native ones.
    same = {path.name: path.read_bytes() for path in plain}
    assert all(path.read_bytes() == same[path.name] for path in own)


@pytest.mark.parametrize("architecture", _ESP32S)
def test_a_kernel_that_may_be_refused_is_beside_what_takes_its_place(architecture, tmp_path):
    """On ESP32s, kernel and portable module are separate files, so that only one is loaded."""
    sources = build.package_sources(architecture)
    for user, kernel, other in (
        ("ecdsa", "p384_kernel", "p384_bigint"),
        ("sha384", "kernel_sha512", "sha512_block"),
    ):
        attempts = [
            node for node in ast.walk(ast.parse(sources[user])) if isinstance(node, ast.Try)
        ]
        text = "".join(map(ast.unparse, attempts))
        assert kernel in text and other in text
    making = sources["in_phases"]
    assert 0 < making.index("import kernel_code") < making.index("import sha384")
    assert "import kernel" not in build.package_sources(_WITHOUT)["in_phases"]
    assert not {"rsa_kernel", "kernel_rsa"} & sources.keys()
    built = build.build_package(architecture, tmp_path)
    paths = [path for path in built if path.suffix == ".mpy" and path.read_bytes()[2] >> 2]
    native = {path.stem: load(path) for path in paths}
    assert native.keys() <= set(modules._NATIVE.split())
    kinds = {function.kind for functions in native.values() for function in functions.values()}
    assert kinds == {"viper"}
    assert len(native["kernel_code"]) == 8  # Four functions, and a caller of each.


@pytest.mark.parametrize("name", ["kernel_sha512", "kernel_inverse", "kernel_rsa"])
def test_the_other_kernels_are_the_same_code_everywhere(name, tmp_path):
    """The other Thumb kernels equal the RP2040's, which are tested."""
    source = data_directory("firmware") / "kernels" / f"{name}.py"
    codes = []
    for architecture in ("armv6m", "armv7emsp"):
        (tmp_path / architecture).mkdir()
        functions = load(mpy_build(source, tmp_path / architecture, architecture))
        codes.append({name: functions[name].code for name in functions})
    assert codes[0] == codes[1]


def test_for_tests_every_module_stands_apart(tmp_path):
    """The build for tests has separate modules, with the kernel and the module it replaces."""
    built = build.build_package("armv6m", tmp_path, build.Form.APART)
    assert {path.stem for path in built} == _SOURCES | {"kernel"} | _OTHER_KERNELS


def test_portable_modules_may_be_had_for_a_processor_with_a_kernel(tmp_path):
    """The portable build for a processor with a kernel equals that of one without."""
    portable = build.build_package("armv6m", tmp_path / "a", build.Form.PORTABLE)
    other = build.build_package(_WITHOUT, tmp_path / "b")
    assert [path.name for path in portable] == [path.name for path in other]


def test_every_part_of_a_bundle_is_there():
    """firmware/bundles.py has each source once, in a file named after one of its parts."""
    parts = [part for parts in _PLAN.bundles.values() for part in parts]
    assert len(parts) == len(set(parts))
    assert {*parts, _PLAN.template} == _SOURCES | {"kernel"} | _OTHER_KERNELS
    assert all(entry in parts for entry, parts in _PLAN.bundles.items())
    moments = runpy.run_path(str(data_directory("firmware") / "bundles.py"))["MOMENTS"]
    assert sum(map(len, moments.values())) == len(_PLAN.bundles)


def test_every_name_in_the_plan_is_of_a_module():
    """Each name in firmware/bundles.py is that of a module."""
    lists = (_PLAN.fallbacks, _PLAN.kernel_users, _PLAN.other_chips, _PLAN.faces, _PLAN.tested)
    for names in (*lists, *_PLAN.portable.values(), *_PLAN.native.values()):
        assert set(names) <= _SOURCES


def test_without_a_kernel_no_module_is_in_two_files():
    """Modules in portable files are removed from the other files, none of which becomes empty."""
    bundles = _PLAN.without_kernel({"sha384", "sha512_block", "p384_reduce"})
    parts = [part for parts in bundles.values() for part in parts]
    assert len(parts) == len(set(parts)) and all(bundles.values())
    assert "p384_comb" not in bundles and bundles["p384_reduce"] == ("p384_reduce",)
    assert bundles["p384_bigint"] == _PLAN.portable["p384_bigint"]
    assert bundles["found_quickly"] == ("found_quickly",)
    assert "sha384" in bundles["ecdsa"] and bundles["sha512_block"] == ("sha512_block",)


def test_on_esp32_native_code_is_by_itself():
    """Whichever takes its kernel's place, too: an ESP32 never frees it."""
    native = {"sha384", "sha512_block", "p384_reduce", "kernel_sha512"}
    bundles = _PLAN.without_kernel(native)
    parts = [part for parts in bundles.values() for part in parts]
    assert len(parts) == len(set(parts)) and all(bundles.values())
    assert bundles["in_phases"] == _PLAN.either["in_phases"] and "found_quickly" not in bundles
    assert bundles["ecdsa"] == ("drbg", "ec", "ecdsa", "seeding")
    assert bundles["sha384"] == ("sha384",)
    assert native.isdisjoint(part for parts in bundles.values() if len(parts) > 1 for part in parts)


def test_native_modules_stay_out_of_bundles_where_they_cannot_be_freed():
    """modules.borrowed identifies modules by name, so native modules stay out of bundles there."""
    files = build.package_sources("rv32imc")
    native = {name for name in files if "@micropython." in files[name]}
    assert native and native <= set(modules._NATIVE.split())
    bundles = _PLAN.without_kernel(native | {"kernel_sha512"})
    joined = {name for name, parts in bundles.items() if len(parts) > 1}
    assert native & joined <= set(_PLAN.native)


def test_every_kernel_is_in_the_package():
    """Each firmware/kernels/kernel_*.py is in a module of some processor, whole."""
    packages = [build.package_sources(name, build.Form.APART) for name in KERNELS]
    kernels = [text for sources in packages for name, text in sources.items() if "kernel" in name]
    paths = list((data_directory("firmware") / "kernels").glob("kernel_*.py"))
    assert paths
    assert all(any(path.read_text() in kernel for kernel in kernels) for path in paths)
    assert not any(name.startswith("kernel") for name in build.package_sources(_WITHOUT))


def test_the_same_sources_give_the_same_bytes(tmp_path):
    """Builds are reproducible and contain no path of this computer."""
    first = build.build_package("armv6m", tmp_path / "a")
    second = build.build_package("armv6m", tmp_path / "b")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    here = str(data_directory("firmware")).encode()
    assert not any(here in path.read_bytes() for path in first)


def test_modules_of_an_earlier_build_are_removed(tmp_path):
    """Modules of an earlier build that no longer exist are removed; other files stay."""
    (tmp_path / "gone.mpy").write_bytes(b"old")
    (tmp_path / "notes.txt").write_text("kept")
    build.build_package("xtensawin", tmp_path)
    assert not (tmp_path / "gone.mpy").exists()
    assert (tmp_path / "notes.txt").read_text() == "kept"


def test_a_module_that_does_not_compile_is_an_error(tmp_path, monkeypatch):
    """A compile error names the module and the compiler's reason."""
    monkeypatch.setattr(build, "package_sources", lambda *arguments: {"broken": "def ("})
    with pytest.raises(Error, match=r"broken\.py for armv6m: SyntaxError"):
        build.build_package("armv6m", tmp_path / "out")


def test_an_unknown_processor_is_an_error(tmp_path):
    """An unknown processor is an error with mpy-cross's message."""
    with pytest.raises(Error, match="cannot compile"):
        build.build_package("z80", tmp_path)


@pytest.mark.parametrize("architecture", ["armv6m", "xtensawin"])
def test_no_module_chains_exceptions(architecture):
    """No module chains exceptions: stock firmware prints a warning each time, without the cause."""
    for source in build.package_sources(architecture).values():
        raised = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Raise)]
        assert not any(node.cause for node in raised)
