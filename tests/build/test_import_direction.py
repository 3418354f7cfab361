"""The device package's modules import only in the direction that the design shows."""

import ast
import functools
import graphlib

import pytest
from boardcert import modules
from boardcert_host.build.kernels import KERNELS, kernel_sources
from boardcert_host.build.rooms import module_paths, read_flat, room_names
from boardcert_host.directories import data_directory

_PACKAGE = data_directory("firmware") / "boardcert"
_ROOT = _PACKAGE.name
_ROOM_OF = {name: path.parent.name for name, path in module_paths(_PACKAGE).items()}

# Each room may import from those before it. The package's own file imports what it exports on
# request, so it may name any room, but none at its top.
_ROOMS = (_ROOT, "asn1", "crypto", "certificates", "entropy", "storage", "transport")
_ROOMS += ("credentials", "serving", "page", "startup")
# These take and return bytes. Of the interpreter's modules they import only those that compute: no
# files, clock, network, printing or entropy.
_PURE_ROOMS = ("asn1", "crypto", "certificates")
_PURE = [name for name, room in _ROOM_OF.items() if room in _PURE_ROOMS]
# The assembler kernels import nothing of the package; only these use them.
_KERNELS = {"sha384": "kernel_sha512", "p384_kernel": "kernel", "rsa_kernel": "kernel_rsa"}
_COMPUTING = {"array", "binascii", "hashlib", "micropython", "struct", "uctypes"}


@functools.cache
def _sources() -> dict[str, str]:
    """Return the modules' sources: this takes a second, which collecting tests should not cost."""
    return read_flat(_PACKAGE)


def _tree(name: str) -> ast.Module:
    return ast.parse(_sources()[name])


def _imports(tree: ast.Module) -> tuple[set[str], set[str]]:
    """Return the modules of the package, and the others, that *tree* imports anywhere."""
    own: set[str] = set()
    others: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            others.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            others.add((node.module or "").split(".")[0])
        elif isinstance(node, ast.ImportFrom) and node.module:
            own.add(node.module)
        elif isinstance(node, ast.ImportFrom):
            own.update(alias.name for alias in node.names)
    return own, others


def _edges(name: str) -> set[str]:
    """Return the modules of the package, except kernels, that *name* imports anywhere."""
    own, _ = _imports(_tree(name))
    return {one if one in _sources() else "__init__" for one in own} - {*_KERNELS.values()}


class _WithoutFunctions(ast.NodeTransformer):
    def visit_FunctionDef(self, _node: ast.AST) -> None:
        """Skip functions."""

    visit_AsyncFunctionDef = visit_FunctionDef


def _late(name: str) -> set[str]:
    """Return the modules that *name* imports in functions only."""
    return _imports(_tree(name))[0] - _imports(_WithoutFunctions().visit(_tree(name)))[0]


def test_each_folder_has_its_place_in_the_order() -> None:
    """Each folder has a place in the order of rooms."""
    assert sorted(_ROOMS[1:]) == room_names(_PACKAGE)


@pytest.mark.parametrize("room", _ROOMS)
def test_rooms_import_in_one_direction(room: str) -> None:
    """Rooms import from earlier rooms and from themselves only."""
    names = [name for name, home in _ROOM_OF.items() if home == room and name != "__init__"]
    allowed = _ROOMS[: _ROOMS.index(room) + 1]
    wrong = {
        (name, other) for name in names for other in _edges(name) if _ROOM_OF[other] not in allowed
    }
    assert names and not wrong


def test_the_packages_own_file_imports_nothing_before_it_is_asked() -> None:
    """`import boardcert` loads nothing else, so it is quick, and every room may import it."""
    own, _ = _imports(_tree("__init__"))
    assert own and _late("__init__") == own


def test_modules_import_in_no_circle() -> None:
    """There are no import cycles, in functions neither; the package's own file is left out."""
    graph = {name: _edges(name) - {name} for name in _sources()} | {"__init__": set()}
    assert set(graphlib.TopologicalSorter(graph).static_order()) == set(_sources())


@pytest.mark.parametrize("name", _PURE)
def test_pure_module_imports_what_computes_only(name: str) -> None:
    """Pure modules import only pure modules; and what borrows them, and the package's own file."""
    _, others = _imports(_tree(name))
    assert others <= _COMPUTING
    inner = _edges(name) - {"__init__", "modules"}
    assert {_ROOM_OF[other] for other in inner} <= set(_PURE_ROOMS)


def test_only_those_who_know_kernels_import_them() -> None:
    """Each kernel is imported by its one user, from which other modules take the arithmetic."""
    users = {
        (name, kernel)
        for name in _sources()
        for kernel in _imports(_tree(name))[0] & {*_KERNELS.values()}
    }
    assert users == set(_KERNELS.items())


@pytest.mark.parametrize("module", ["kernel", "kernel_code", "kernel_sha512"])
@pytest.mark.parametrize("architecture", ["armv6m", "armv7emsp", "rv32imc", "xtensawin"])
def test_kernel_imports_nothing_of_the_package(architecture: str, module: str) -> None:
    """Kernels import only their own code; their parts are joined, so each name is unique."""
    sources = kernel_sources(KERNELS[architecture])
    tree = ast.parse(sources.get(module, ""))
    own, others = _imports(tree)
    assert own <= {"kernel_code"} & sources.keys()
    assert others <= _COMPUTING | {"sys"}
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    names += [
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    ]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", _PURE)
def test_pure_module_neither_prints_nor_opens_files(name: str) -> None:
    """Pure modules neither print nor open files: arguments in, return values out."""
    calls = {
        node.func.id
        for node in ast.walk(_tree(name))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert calls.isdisjoint({"print", "open", "input"})


def test_modules_of_the_package_are_imported_relatively() -> None:
    """Relative imports let the package work under any directory of the board."""
    for name, source in _sources().items():
        _, others = _imports(ast.parse(source))
        assert "boardcert" not in others, name


def test_modules_with_native_code_are_kept_on_esp32() -> None:
    """Native modules stay loaded; in place of kernel users, ec and rsa, which try kernels once."""
    sources = _sources() | kernel_sources(KERNELS["rv32imc"])
    native = {name for name, source in sources.items() if "\n@micropython." in source}
    assert native - {"p384_kernel", "rsa_kernel"} | {"ec", "rsa"} == set(modules._NATIVE.split())
