"""Imports in the built package search the firmware first if that saves a board time."""

import ast
from collections.abc import Sequence

import pytest
from boardcert_host.build import package as build
from boardcert_host.build.firmware_first import firmware_first, with_parts_in_context
from boardcert_host.build.load_plan import load_plan

_TOP = "from .modules import FirmwareFirst\n"


def _built(source: str) -> str:
    return firmware_first({"one": source}, ("quick", "machine"))["one"]


@pytest.mark.parametrize(
    ("body", "built"),
    [
        ("from .quick import a", "with FirmwareFirst():\n        from .quick import a"),
        ("from . import quick", "with FirmwareFirst():\n        from . import quick"),
        ("import machine", "with FirmwareFirst():\n        import machine"),
        ("from machine import reset", "with FirmwareFirst():\n        from machine import reset"),
        (
            "import machine\n    from .quick import a\n    a()",
            "with FirmwareFirst():\n        import machine\n        from .quick import a\n    a()",
        ),
        (
            "try:\n        import machine\n    except ImportError:\n        import machine",
            "try:\n        with FirmwareFirst():\n            import machine\n"
            "    except ImportError:\n        with FirmwareFirst():\n            import machine",
        ),
    ],
)
def test_an_import_in_a_function_is_put_into_the_context(body: str, built: str) -> None:
    """Consecutive imports in a function share one context, which is imported, too."""
    assert _built(f"def f():\n    {body}\n") == f"{_TOP}\ndef f():\n    {built}"


@pytest.mark.parametrize(
    "source",
    [
        "import machine",
        "from .quick import a",
        "def f():\n    from .slow import a",
        "def f():\n    import boardcert_builtin",
        "class A:\n    import machine",
    ],
)
def test_no_other_import_is_changed(source: str) -> None:
    """Imports at the top and of other modules stay: an application's file must be found."""
    assert _built(source) == source


def test_the_context_comes_with_what_else_is_imported_from_its_module() -> None:
    """The context joins an existing import from its module, after the docstring."""
    built = _built('"""Doc."""\nfrom .modules import borrowed\ndef f():\n    import machine\n')
    assert built.splitlines()[1] == "from .modules import borrowed, FirmwareFirst"
    built = _built('"""Doc."""\ndef f():\n    import machine\n')
    assert built.splitlines()[:2] == ['"""Doc."""', _TOP.strip()]


def test_a_function_inside_of_another_is_changed_once() -> None:
    """A nested function with a loop is transformed once."""
    source = (
        "def f():\n    def g():\n        while True:\n            import machine\n    return g\n"
    )
    assert _built(source).count("with FirmwareFirst():") == 1


def test_what_the_packages_own_file_imports_is_put_into_one_context() -> None:
    """The context follows its definition in the package's own file; otherwise nothing changes."""
    parts = ["import a", "class FirmwareFirst: pass", "import b\nx = 1", "from c import d"]
    bodies = [ast.parse(part).body for part in parts]
    joined = [node for body in with_parts_in_context(bodies) for node in body]
    assert [ast.unparse(node) for node in joined] == [
        "import a",
        "class FirmwareFirst:\n    pass",
        "with FirmwareFirst():\n    import b\n    from c import d",
        "x = 1",
    ]
    bodies = [ast.parse(part).body for part in parts if "class" not in part]
    assert with_parts_in_context(bodies) == bodies


def test_what_is_named_for_it_is_imported_by_the_package() -> None:
    """Each listed module is imported somewhere in the package."""
    sources = build.package_sources("armv6m", build.Form.APART)
    sources |= build.package_sources("xtensawin", build.Form.APART)
    for name in load_plan().quick:
        naming = {module: source for module, source in sources.items() if name in source}
        assert firmware_first(naming, (name,)) != naming, name


# The files of the package that an ESP32 loads in a first boot; and modules of the firmware for
# which MicroPython looks for files first.
_FIRST_BOOT = ("esp32_reserve", "store", "in_phases", "sources", "fields", "noise_generators")
_FIRST_BOOT += ("sha384", "keys", "ecdsa", "p384_kernel", "generate", "noise", "issue")
_FIRST_BOOT += ("certificate", "store_write")
_IN_FILES_FIRST = {"array", "binascii", "errno", "hashlib", "io", "json", "os", "struct", "time"}


def test_a_first_boot_does_not_look_in_files_for_several_modules_of_the_firmware() -> None:
    """A file that imports several of them is imported in the context: six look-ups for each."""
    sources = {name: ast.parse(text) for name, text in build.package_sources("xtensawin").items()}
    several = [name for name in _FIRST_BOOT if len(_from_firmware(sources[name])) > 1]
    assert {"esp32_reserve", "store", "noise_generators"} <= set(several)
    for tree in sources.values():
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                assert not _found_outside_of_the_context(function, several), ast.unparse(function)


def _from_firmware(tree: ast.Module) -> set[str]:
    """Return which of these modules the file imports as it is loaded."""
    return _imported(tree.body) & _IN_FILES_FIRST


def _found_outside_of_the_context(function: ast.AST, wanted: list[str]) -> set[str]:
    """Return which of the *wanted* files are imported in *function*, but never in the context."""
    nodes = list(ast.walk(function))
    contexts = [node for node in nodes if isinstance(node, ast.With)]
    quick = [node for node in contexts if "FirmwareFirst" in ast.unparse(node.items[0])]
    inside = _imported([node for context in quick for node in context.body])
    return _imported(nodes) & {f".{name}" for name in wanted} - inside


def _imported(nodes: Sequence[ast.AST]) -> set[str]:
    """Return the modules that these *nodes* import; those of the package begin with a dot."""
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            inner = [node.module] if node.module else [alias.name for alias in node.names]
            names.update("." * node.level + name for name in inner)
    return names
